# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the parts of a report's page that need no program: what is printed, too. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils._report import _pairs, _view
from ansible_collections.printnet.ports.plugins.plugin_utils._report._markup import Child, Markup, element, joined
from ansible_collections.printnet.ports.plugins.plugin_utils._report._pairs import SYMBOLS, WORDS
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import Verdict, View

MOST_PRINTED = 3000
"""Findings that the page has without its program, faults first; the CSV has all."""
_MOST_LISTED = 500


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[Child]], cls: str = "") -> Markup:
    """A table with a caption for who can't see it; one without a class of its own is scrolled where it is long."""
    head = element("tr", (element("th", heading, scope="col") for heading in headings))
    body = (element("tr", (element("td", cell) for cell in row)) for row in rows)
    made = element(
        "table", element("caption", caption), element("thead", head), element("tbody", body), cls=cls or None
    )
    if cls:
        return element("div", made, cls="wide")
    return element("div", made, cls="wide tall", tabindex="0", role="region", aria_label=caption)


def mark(kind: str, word: str = "") -> Markup:
    """A kind by symbol, word and colour."""
    return element(
        "span", element("span", SYMBOLS[kind], aria_hidden="true"), f" {word or WORDS[kind]}", cls=f"mark {kind}"
    )


def banner(view: View) -> Markup:
    """Compliant or not, in words; which run."""
    kind = "ok" if view.raw["compliant"] else "fault"
    run = view.run
    facts = [("Run", run["id"]), ("By", run["by"]), ("When", view.when()), ("Took", f"{run['seconds']:,.0f} s")]
    if run["title"]:
        facts.insert(0, ("Title", run["title"]))
    if run["merged"]:
        facts.append(("Merged from", _view.number(len(run["merged"]), "run")))
    if run["check_mode"]:
        facts.append(("Mode", "check mode"))
    verdict, _colon, rest = view.headline().partition(": ")
    return joined(
        [
            element("p", "Print flows: compliance report", cls="eyebrow"),
            element("h1", element("span", SYMBOLS[kind], aria_hidden="true", cls="seal"), f"{verdict}", cls=kind),
            element("p", f"{rest[:1].upper()}{rest[1:]}", cls="lead"),
            _definitions(facts, "facts"),
        ]
    )


def _definitions(facts: Iterable[tuple[str, Child]], cls: str) -> Markup:
    return element("dl", (element("div", element("dt", name), element("dd", value)) for name, value in facts), cls=cls)


def summary(view: View) -> Markup:
    """The counts by kind, what was not looked at, and the counts by code."""
    tiles = (
        element(
            "li",
            element("span", SYMBOLS[kind], aria_hidden="true", cls="symbol"),
            element("strong", f"{count:,}"),
            element("span", WORDS[kind] + ("s" if count != 1 and kind in ("fault", "warning") else "")),
            cls=f"tile {kind}{'' if count else ' none'}",
        )
        for kind, count in view.kinds.items()
    )
    seen = len(view.hosts) - len(view.unseen)
    told = [element("p", f"{seen:,} of {_view.number(len(view.hosts), 'host')} were looked at. ", gaps(view))]
    drift = view.raw["drift"]
    if drift:
        text = (
            f"Since {drift['baseline']['id']}: {_view.number(len(drift['came']), 'finding')} came, "
            f"{len(drift['went']):,} went."
        )
        told.append(element("p", element("a", text, href="#drift")))
    counts = view.raw["counts"]
    # As grave as the worst that has the code: what is open may be a fault or not.
    severities = {one["code"]: str(one["severity"]) for one in reversed(view.verdicts)} | {"OK": "ok"}
    codes = sorted(counts, key=lambda code: (_view.KINDS.index(_kind(code, severities)), -counts[code]))
    rows = [(mark(_kind(code, severities), code), f"{counts[code]:,}", view.meaning(code)) for code in codes]
    return joined(
        [
            element("ul", tiles, cls="tiles"),
            element("div", told, cls="told"),
            table("How many checks have which code", ("Code", "Checks", "Meaning"), rows, "codes"),
        ]
    )


def _kind(code: str, severities: Mapping[str, str]) -> str:
    return "accepted" if code == "ACCEPTED" else severities.get(code, "information")


def gaps(view: View) -> Markup:
    """What nobody looked at, with where to read more."""
    by_state: dict[str, list[str]] = {}
    for host in view.unseen:
        by_state.setdefault(_view.in_words(host["state"]), []).append(host["host"])
    if not by_state:
        return Markup()
    told = "; ".join(f"{_view.listed(names, 4)}: {state}" for state, names in by_state.items())
    return element("a", f"Not, or not wholly: {told}.", href="#coverage", cls="gap")


def matrix(view: View) -> Markup:
    """Components against components; a cell has the worst of its checks, and how many."""
    found = _pairs.pairs(view)
    sources, destinations = _pairs.in_order(found)

    def cell(source: str, destination: str) -> Markup:
        pair = found.get((source, destination))
        if pair is None:
            return element("td")
        from_ = f"{view.component(source)} to " if source else ""
        told = f"{from_}{view.component(destination)}: {pair.told()}"
        about = {"data_source": source, "data_destination": destination}
        return element(
            "td",
            element("button", pair.mark(), type="button", cls=pair.worst, title=told, aria_label=told, **about),
        )

    head = element(
        "tr",
        element("td", element("span", "from \u2193 to \u2192", cls="corner")),
        (element("th", element("span", view.component(name) or "\u2013"), scope="col") for name in destinations),
    )
    rows = (
        element(
            "tr",
            element("th", view.component(source) or "on the host itself", scope="row"),
            (cell(source, destination) for destination in destinations),
        )
        for source in sources
    )
    caption = element("caption", "Checks by source and destination; each cell shows the worst and how many")
    return element("div", element("table", caption, element("thead", head), element("tbody", rows)), cls="matrix wide")


def printed(view: View) -> Markup:
    """Every finding with all that is known of it, faults and warnings first."""
    some = [verdict for verdict in view.findings if _view.kind(verdict) in ("fault", "warning")]
    some += [verdict for verdict in view.findings if _view.kind(verdict) not in ("fault", "warning")]
    rest = len(some) - MOST_PRINTED
    note = f"{_view.number(rest, 'more finding')} are in the CSV and the JSON beside this page." if rest > 0 else None
    if not some:
        return element("p", "Nothing was found.")
    places = {name: view.places(flow) for name, flow in view.raw["flows"].items()}
    rows = (_printed(view, verdict, places) for verdict in some[:MOST_PRINTED])
    return joined(
        [
            table(
                "All findings, faults and warnings first",
                ("Code", "From, to, port", "What was seen, what to do", "What the flow is for, and who says so"),
                rows,
                "printed",
            ),
            element("p", note) if note else None,
        ]
    )


def _printed(view: View, verdict: Verdict, places: Mapping[str, str]) -> Sequence[Child]:
    flow = view.flow(verdict)
    remedy = element("p", element("strong", "To do: "), verdict["remedy"]) if verdict["remedy"] else None
    about = [_ends(verdict), _view.port(verdict), " ".join(filter(None, _addresses(verdict)))]
    why = [f"{flow.get('application', '')}: {flow.get('purpose', '')}", places.get(verdict["flow"], "")] if flow else []
    also = f"Also: {', '.join(verdict['also'])}" if verdict["also"] else ""
    return (
        mark(_view.kind(verdict), verdict["code"]),
        [element("p", line) for line in about if line],
        [*(element("p", line) for line in (*verdict["evidence"], also) if line), remedy],
        [element("p", line) for line in (*why, verdict["flow"]) if line],
    )


def _ends(verdict: Verdict) -> str:
    return _view.ends(verdict, "\u2192")


def _addresses(verdict: Verdict) -> Iterator[str]:
    for name in ("source", "destination"):
        end = verdict[name]
        if end["host"] and end["address"] and end["address"] != end["host"]:
            yield f"{end['host']} is {end['address']}."


def drift(view: View) -> Markup:
    """What came and what went since the baseline."""
    raw = view.raw["drift"]
    if not raw:
        return Markup()
    came = [(view.by_id[one["id"]], one["before"]) for one in raw["came"] if one["id"] in view.by_id]
    came.sort(key=lambda pair: _view.KINDS.index(_view.kind(pair[0])))
    came_rows = [
        (mark(_view.kind(verdict), verdict["code"]), before or "not there", _ends(verdict), _view.port(verdict))
        for verdict, before in came
    ]
    went_rows = [(one["code"], one["now"] or "not there any more", _ends(one), _view.port(one)) for one in raw["went"]]
    base = raw["baseline"]
    return joined(
        [
            element("p", f"Compared with the run {base['id']}, which ended {base['ended']}."),
            element("h3", f"Came: {len(came_rows):,}"),
            _bounded("Findings that came", ("Now", "Before", "From, to", "Port"), came_rows),
            element("h3", f"Went: {len(went_rows):,}"),
            _bounded("Findings that went", ("Before", "Now", "From, to", "Port"), went_rows),
        ]
    )


def _bounded(caption: str, headings: Sequence[str], rows: Sequence[Sequence[Child]]) -> Markup:
    if not rows:
        return element("p", "None.")
    rest = len(rows) - _MOST_LISTED
    note = element("p", f"{rest:,} more are in the JSON beside this page.") if rest > 0 else None
    return joined([table(caption, headings, rows[:_MOST_LISTED]), note])


def accepted(view: View) -> Markup:
    """What somebody accepted, and until when."""
    rows = [
        (
            _ends(verdict), _view.port(verdict), one["code"], one["reason"], one["approver"],
            one["until"] or "no end",
        )
        for verdict in view.verdicts
        if (one := verdict["accepted"])
    ]  # fmt: skip
    found = [
        _bounded(
            "Findings that somebody accepted", ("From, to", "Port", "Finding", "Reason", "Approved by", "Until"), rows
        )
    ]
    if view.idle:
        found += [
            element("h3", f"Accepted, but not needed: {len(view.idle):,}"),
            element(
                "p",
                "The day is over, or this run found nothing of the kind. See whether they can leave printnet_accepted.",
            ),
            _bounded(
                "What is accepted though no finding needs it",
                ("From", "To", "Flow", "Finding", "Reason", "Approved by", "Until"),
                [_entry(view, one) for one in view.idle],
            ),
        ]
    return joined(found) if rows or view.idle else Markup()


def _entry(view: View, one: Mapping[str, str]) -> Sequence[Child]:
    """An entry of what is accepted, as the policy has it."""
    until = one["until"] or "no end"
    over = bool(one["until"]) and one["until"] < view.run["ended"][:10]
    ends = (one[name] or "*" for name in ("source", "destination", "flow"))
    return (*ends, one["code"], one["reason"], one["approver"], f"{until}, over" if over else until)


def coverage(view: View) -> Markup:
    """Each host and how much of it was seen; how was connected; what stands for many alike."""
    states = {"observed": "ok", "partly": "warning", "unreachable": "fault", "failed": "fault"}
    hosts: list[Mapping[str, Any]] = sorted(view.hosts, key=lambda host: host["state"] == "observed")
    rows = [
        (
            mark(states.get(host["state"], "information"), _view.in_words(host["state"])),
            host["host"],
            ", ".join(map(view.component, host["components"])),
            " ".join(word for word in (host["reason"], *host["notes"]) if word),
            " ".join(
                word for word in (host["firewall"], f"(egress {host['egress']})" if host["egress"] else "") if word
            ),
            host["distribution"],
        )
        for host in hosts
    ]
    probes = view.raw["coverage"]["probes"]
    rate = f"at most {probes['rate']:g} a second" if probes["rate"] else "without a limit a second"
    printers = (
        f"Printers' print ports were connected to, {probes['print_rate']:g} a second"
        f"{', ' + probes['print_window'] if probes['print_window'] else ''}."
        if probes["print_ports"]
        else "Printers' print ports were not connected to."
    )
    made = (
        f"{_view.number(probes['made'], 'connection')} tried, at most {probes['at_once']} at once from a host, {rate}, "
        f"{probes['timeout']:g} s for an answer each, {probes['seconds']:g} s in all. {printers}"
    )
    samples = [
        element(
            "p",
            f"{view.component(sample['component'])}, {sample['size']:,} in "
            f"{' '.join(word for word in (sample['network'], sample['model']) if word) or 'the estate'}: "
            f"a sample of {len(sample['chosen']):,} was asked, {_view.listed(sample['chosen'], 20)}.",
        )
        for sample in view.raw["coverage"]["samples"]
    ]
    headings = ("State", "Host", "Components", "What could not be seen, and notes", "Firewall", "System")
    return joined([element("p", made), samples, _bounded("The hosts of the plan", headings, rows)])


def suggestions(view: View) -> Markup:
    """Lines for printnet_known_open, to be copied."""
    lines = view.raw["suggestions"]["known_open"]
    if not lines:
        return Markup()
    text = joined([element("span", line) for line in lines], "\n")
    return joined(
        [
            element("p", "If these ports are meant to be open, say so; each line is one:"),
            element("pre", text, id="known-open", tabindex="0"),
            element("button", "Copy", type="button", id="copy", cls="quiet"),
        ]
    )


def about(view: View) -> Markup:
    """What made the report, of what, and by which rules."""
    raw = view.raw
    facts: list[tuple[str, Child]] = [
        (f"Version of {name.replace('_', '-')}", value) for name, value in raw["versions"].items()
    ]
    facts += [(f"Digest of the {name}", element("code", value or "\u2013")) for name, value in raw["digests"].items()]
    facts.append(("Codes that fail a run", ", ".join(raw["policy"]["fail_on"]) or "none"))
    merged = [(f"Merged run {run['id']}", f"{run['by']}, {run['ended']}") for run in view.run["merged"]]
    documents = [
        (f"Document {name}", ", ".join(word for word in (one["title"], one["edition"], one["date"]) if word))
        for name, one in raw["documents"].items()
    ]
    return _definitions([*facts, *merged, *documents], "about")


SECTIONS: Sequence[tuple[str, str, Callable[[View], Markup]]] = (
    ("drift", "Since the baseline", drift),
    ("accepted", "Accepted findings", accepted),
    ("coverage", "Coverage", coverage),
    ("suggestions", "Open ports to explain", suggestions),
    ("about", "About this report", about),
)
"""What follows the findings; a part that is empty is left out."""
