/*
Copyright (c) printnet.ports contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
*/
"use strict";
// Data is text: it only ever gets into the page by textContent, value or an attribute that holds no code.
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const { texts, columns, kinds, codes, flows, components, came } = data;
  const total = columns.kind.length;
  const NONE = -1;
  const AROUND = 12; // rows drawn above and below what is seen
  const TALLEST = 15e6; // pixels that every browser can scroll
  const count = (number) => number.toLocaleString("en");

  function make(tag, cls, text) {
    const made = document.createElement(tag);
    if (cls) made.className = cls;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // --- filters ---------------------------------------------------------------------------------------------------

  const inputs = Object.fromEntries(["search", "host", "code", "source", "destination", "came"].map((id) => [id, byId(id)]));
  const totals = kinds.map(() => 0);
  for (const kind of columns.kind) totals[kind] += 1;
  const findings = new Set([...kinds.keys()].filter((kind) => kinds[kind].name !== "ok" && kinds[kind].name !== "accepted"));
  const shownFirst = [...findings].some((kind) => totals[kind]) ? findings : new Set(kinds.keys());
  let shownKinds = new Set(shownFirst);
  let lowered = null;

  const kindButtons = kinds.map((kind, number) => {
    const button = make("button", kind.name, `${kind.symbol} ${kind.word} ${count(totals[number])}`);
    button.type = "button";
    button.addEventListener("click", () => {
      if (!shownKinds.delete(number)) shownKinds.add(number);
      filter();
    });
    return button;
  });
  byId("kinds").append(...kindButtons);

  function fill(select, all, names, title) {
    const option = (value, text) => {
      const made = make("option", "", text);
      made.value = value;
      return made;
    };
    select.append(option("*", all), ...names.map((name) => option(name, title(name))));
  }
  const distinct = (column) => [...new Set(column)].map((number) => texts[number]);
  const titled = (name) => (name ? (Object.hasOwn(components, name) && components[name]) || name : "(the host itself)");
  const byTitle = (one, other) => titled(one).localeCompare(titled(other));
  fill(inputs.code, "every code", [...new Set(columns.code)].sort((a, b) => a - b).map(String), (name) => codes[name]?.code ?? "?");
  fill(inputs.source, "everybody", distinct(columns.sourceComponent).sort(byTitle), titled);
  fill(inputs.destination, "everybody", distinct(columns.destinationComponent).sort(byTitle), titled);
  byId("came-label").hidden = !Object.keys(came).length;

  // Texts stand in the data once, so each is looked at once, however many rows have it.
  function hits(word) {
    lowered ??= texts.map((text) => text.toLowerCase());
    return Uint8Array.from(lowered, (text) => text.includes(word));
  }
  const flowTexts = flows.map((flow) => Object.values(flow).join(" ").toLowerCase());
  const titles = Object.entries(components).map(([name, title]) => [texts.indexOf(name), title.toLowerCase()]);

  function finder(word) {
    const found = hits(word);
    for (const [number, title] of titles) if (number >= 0 && title.includes(word)) found[number] = 1;
    const inFlow = flowTexts.map((text) => text.includes(word));
    const inCode = codes.map((code) => code.code.toLowerCase().includes(word));
    const plain = ["source", "sourceComponent", "sourceAddress", "destination", "destinationComponent", "destinationAddress", "port", "remedy", "id"];
    const some = plain.map((name) => columns[name]);
    return (row) => inCode[columns.code[row]] || inFlow[columns.flow[row]] || some.some((column) => found[column[row]])
      || columns.evidence[row].some((number) => found[number]);
  }

  function tests() {
    const wanted = [];
    const exact = (column, value) => wanted.push((row) => column[row] === value);
    if (inputs.code.value !== "*") exact(columns.code, Number(inputs.code.value));
    if (inputs.source.value !== "*") exact(columns.sourceComponent, texts.indexOf(inputs.source.value));
    if (inputs.destination.value !== "*") exact(columns.destinationComponent, texts.indexOf(inputs.destination.value));
    if (inputs.came.checked) wanted.push((row) => row in came);
    const host = inputs.host.value.trim().toLowerCase();
    if (host) {
      const found = hits(host);
      const ends = [columns.source, columns.sourceAddress, columns.destination, columns.destinationAddress];
      wanted.push((row) => ends.some((column) => found[column[row]]));
    }
    for (const word of inputs.search.value.toLowerCase().split(/\s+/)) if (word) wanted.push(finder(word));
    return wanted;
  }

  function filter() {
    const wanted = tests();
    kindButtons.forEach((button, number) => button.setAttribute("aria-pressed", String(shownKinds.has(number))));
    shown = order.filter((row) => shownKinds.has(columns.kind[row]) && wanted.every((test) => test(row)));
    byId("count").textContent = shown.length === total ? `All ${count(total)} checks` : `${count(shown.length)} of ${count(total)} checks`;
    grid.setAttribute("aria-rowcount", String(shown.length + 1));
    current = shown.length ? 0 : NONE;
    scroll.scrollTop = 0;
    draw();
  }

  // --- order -----------------------------------------------------------------------------------------------------

  const collator = new Intl.Collator("en", { numeric: true });
  function ranks(column, text) {
    const some = [...new Set(column)].sort((one, other) => collator.compare(text(one), text(other)));
    const rank = new Map(some.map((value, place) => [value, place]));
    return column.map((value) => rank.get(value));
  }
  const of = (number) => texts[number] ?? "";
  const heads = [
    ["Code", null],
    ["From", () => ranks(columns.source, of)],
    ["To", () => ranks(columns.destination, of)],
    ["Port", () => ranks(columns.port, of)],
    ["Application", () => ranks(columns.flow, (number) => flows[number]?.application ?? "")],
    ["What was seen", () => ranks(columns.evidence.map((some) => some[0] ?? NONE), of)],
  ];
  const worstFirst = Uint32Array.from({ length: total }, (_, row) => row);
  let order = worstFirst;
  let shown = order;
  let sorted = { column: 0, down: false };
  const headCells = heads.map(([title], column) => {
    const cell = make("div");
    cell.setAttribute("role", "columnheader");
    const button = make("button", "", title);
    button.type = "button";
    button.addEventListener("click", () => sort(column));
    cell.append(button);
    return cell;
  });
  byId("head").firstElementChild.append(...headCells);

  function sort(column) {
    sorted = { column, down: sorted.column === column && !sorted.down };
    const rank = heads[column][1]?.() ?? worstFirst;
    const sign = sorted.down ? -1 : 1;
    order = worstFirst.slice().sort((one, other) => sign * (rank[one] - rank[other]) || one - other);
    markSorted();
    filter();
  }
  function markSorted() {
    headCells.forEach((cell, column) => {
      const mine = column === sorted.column;
      cell.setAttribute("aria-sort", mine ? (sorted.down ? "descending" : "ascending") : "none");
      cell.firstChild.textContent = heads[column][0] + (mine ? (sorted.down ? " ↓" : " ↑") : "");
    });
  }

  // --- rows: only what is seen is drawn --------------------------------------------------------------------------

  const grid = byId("grid");
  const scroll = byId("scroll");
  const body = byId("rows");
  let current = NONE;
  let height = 36;

  function mark(row) {
    const made = make("span", `mark ${kinds[columns.kind[row]].name}`);
    const symbol = make("span", "", `${kinds[columns.kind[row]].symbol} `);
    symbol.setAttribute("aria-hidden", "true");
    made.append(symbol, codes[columns.code[row]]?.code ?? "?");
    return made;
  }

  function line(place) {
    const row = shown[place];
    const made = make("div", place === current ? "row current" : "row");
    made.id = `row-${place}`;
    made.setAttribute("role", "row");
    made.setAttribute("aria-rowindex", String(place + 2));
    made.setAttribute("aria-selected", String(place === current));
    const cells = [make("div"), make("div", "", of(columns.source[row])), make("div", "", of(columns.destination[row])),
      make("div", "port", of(columns.port[row])), make("div", "", flows[columns.flow[row]]?.application ?? ""),
      make("div", "said", of(columns.evidence[row][0]))];
    cells[0].append(mark(row));
    for (const cell of cells) cell.setAttribute("role", "gridcell");
    made.append(...cells);
    return made;
  }

  function draw() {
    height = parseInt(getComputedStyle(document.documentElement).getPropertyValue("--row"), 10);
    const full = Math.min(shown.length * height, TALLEST);
    body.style.height = `${full}px`;
    // With more rows than a browser can scroll through, a pixel stands for more than one.
    const view = scroll.clientHeight;
    const share = full > view ? Math.min(1, scroll.scrollTop / (full - view)) : 0;
    const top = share * Math.max(0, shown.length * height - view);
    const first = Math.max(0, Math.floor(top / height) - AROUND);
    const last = Math.min(shown.length, Math.ceil((top + view) / height) + AROUND);
    const lines = [];
    for (let place = first; place < last; place += 1) {
      const made = line(place);
      made.style.top = `${place * height - top + scroll.scrollTop}px`;
      lines.push(made);
    }
    body.replaceChildren(...lines);
    if (current >= first && current < last) grid.setAttribute("aria-activedescendant", `row-${current}`);
    else grid.removeAttribute("aria-activedescendant");
  }
  let waiting = false;
  scroll.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  }, { passive: true });
  window.addEventListener("resize", draw);

  function go(place) {
    if (!shown.length) return;
    current = Math.max(0, Math.min(shown.length - 1, place));
    const real = Math.min(shown.length * height, TALLEST);
    const top = (current * height * real) / (shown.length * height);
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + height > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top + height - scroll.clientHeight;
    draw();
    if (!details.hidden) show(shown[current]);
  }

  // --- details ---------------------------------------------------------------------------------------------------

  const details = byId("details");

  function fact(list, name, ...lines) {
    const told = lines.filter((text) => text !== undefined && text !== "");
    if (!told.length) return null;
    const one = make("div");
    const said = make("dd");
    said.append(...told.map((text) => make("p", "", text)));
    one.append(make("dt", "", name), said);
    list.append(one);
    return said;
  }
  function end(way, row) {
    const [label, address, component] = [columns[way], columns[`${way}Address`], columns[`${way}Component`]].map((column) => of(column[row]));
    return [label, label.includes(address) ? "" : address, titled(component)].filter(Boolean).join(" · ");
  }

  function show(row) {
    const code = codes[columns.code[row]];
    const flow = flows[columns.flow[row]];
    const accepted = data.accepted[columns.accepted[row]];
    const close = make("button", "quiet close", "✕");
    close.type = "button";
    close.setAttribute("aria-label", "Close the details");
    close.addEventListener("click", hide);
    const title = make("h3");
    title.append(mark(row));
    const list = make("dl");
    fact(list, "What it means", code?.meaning);
    if (of(columns.source[row])) fact(list, "From", end("source", row));
    fact(list, "To", end("destination", row));
    fact(list, "Port", of(columns.port[row]))?.classList.add("port");
    fact(list, "What was seen", ...columns.evidence[row].map(of));
    fact(list, "What to do", of(columns.remedy[row]))?.classList.add("do");
    fact(list, "Holds too", columns.also[row].map((number) => codes[number].code).join(", "));
    if (accepted) fact(list, "Accepted", `${accepted.code}: ${accepted.reason}`, `by ${accepted.approver}, until ${accepted.until || "no end"}`);
    if (row in came) fact(list, "Before", came[row] ? `${came[row]} in the baseline` : "not in the baseline");
    if (flow) {
      fact(list, "What the flow is for", [flow.application, flow.purpose].filter(Boolean).join(": "));
      fact(list, "Who says so", flow.documents || "no document: a flow of your own", flow.reading && `read as: ${flow.reading}`);
      fact(list, "Flow", flow.id);
    }
    fact(list, "Id", of(columns.id[row]));
    details.replaceChildren(close, title, list);
    details.scrollTop = 0;
    details.hidden = false;
    byId("split").classList.add("open");
  }
  function hide() {
    details.hidden = true;
    byId("split").classList.remove("open");
    grid.focus({ preventScroll: true });
  }

  // --- mouse and keyboard ----------------------------------------------------------------------------------------

  body.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row) return;
    current = Number(row.id.slice(4));
    grid.focus({ preventScroll: true });
    draw();
    show(shown[current]);
  });
  grid.addEventListener("keydown", (event) => {
    if (event.target.closest("button")) return;
    const page = Math.max(1, Math.floor(scroll.clientHeight / height) - 1);
    const moves = { ArrowDown: current + 1, ArrowUp: current - 1, PageDown: current + page, PageUp: current - page, Home: 0, End: shown.length - 1 };
    if (event.key in moves) go(moves[event.key]);
    else if ((event.key === "Enter" || event.key === " ") && current !== NONE) {
      show(shown[current]);
      details.focus({ preventScroll: true });
    } else if (event.key === "Escape" && !details.hidden) hide();
    else return;
    event.preventDefault();
  });
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  const form = byId("filters");
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    shownKinds = new Set(shownFirst);
    setTimeout(filter);
  });

  // --- matrix, picture, copy -------------------------------------------------------------------------------------

  byId("matrix").addEventListener("click", (event) => {
    const cell = event.target.closest("button");
    if (!cell) return;
    form.reset();
    inputs.source.value = cell.dataset.source;
    inputs.destination.value = cell.dataset.destination;
    setTimeout(() => {
      if (cell.className === "ok" || cell.className === "accepted") shownKinds = new Set(kinds.keys());
      filter();
      byId("findings").scrollIntoView();
      grid.focus({ preventScroll: true });
    });
  });
  const picture = document.querySelector(".picture");
  for (const box of picture?.querySelectorAll(".box") ?? []) {
    const name = box.dataset.node;
    const near = () => {
      const names = new Set([name]);
      for (const line of picture.querySelectorAll("[data-source]")) {
        const mine = line.dataset.source === name || line.dataset.destination === name;
        line.classList.toggle("near", mine);
        if (mine) names.add(line.dataset.source).add(line.dataset.destination);
      }
      for (const other of picture.querySelectorAll(".box")) other.classList.toggle("near", names.has(other.dataset.node));
      picture.classList.add("chosen");
    };
    box.addEventListener("mouseenter", near);
    box.addEventListener("mouseleave", () => picture.classList.remove("chosen"));
  }
  byId("copy")?.addEventListener("click", async (event) => {
    const button = event.target;
    const lines = byId("known-open");
    try {
      await navigator.clipboard.writeText(lines.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(lines);
      button.textContent = "Selected: press Ctrl+C";
    }
  });

  markSorted();
  filter();
})();
