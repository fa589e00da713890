# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report's page in a real browser: filtered, sorted, opened and printed, without a request to anywhere.

No test asserts a time; how long 50,000 rows take is printed (pytest -s) and kept beside the pictures.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _drift, _html
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import View, is_finding, kind
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils._report import hostile, reports

Open = Callable[..., Any]
MANY = 50_000


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


def _write(folder: Path, name: str, report: reports.Report) -> Path:
    path = folder / f"{name}.html"
    path.write_text(_html.to_html(View.of(report)), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def report() -> reports.Report:
    made, earlier = reports.report(3000), reports.report(3000, rates={"NO_LISTENER": 9})
    base = {"id": "20261114T220538Z-111111", "ended": "2026-11-14T22:06:00Z", "sha256": "0" * 64}
    made["drift"] = _drift.drift(earlier, made, base)
    return made


@pytest.fixture(scope="session")
def path(folder: Path, report: reports.Report) -> Path:
    return _write(folder, "usual", report)


def _labels(page: Any, column: int) -> list[str]:
    """What the rows that are drawn have in a column, from top to bottom."""
    found: list[str] = page.evaluate(
        "(n) => [...document.querySelectorAll('#rows .row')].map((row) => row.children[n].textContent)", column
    )
    return found


def _counted(number: int, total: int) -> str:
    return f"All {total:,} checks" if number == total else f"{number:,} of {total:,} checks"


# --- many rows --------------------------------------------------------------------------------------------------------


def test_many_rows_open_and_filter(folder: Path, opened: Open, pictures: Path) -> None:
    report = reports.report(MANY)
    path = _write(folder, "many", report)
    verdicts = report["verdicts"]
    seen = opened()
    began = time.monotonic()
    seen.open(path)
    seen.page.locator("#rows .row").first.wait_for()
    figures: dict[str, Any] = {"rows": MANY, "bytes": path.stat().st_size, "open_s": round(time.monotonic() - began, 2)}
    assert seen.count() == _counted(sum(map(is_finding, verdicts)), MANY)
    kinds = seen.page.locator("#kinds button")
    for number in (3, 4):
        kinds.nth(number).click()
    assert seen.count() == f"All {MANY:,} checks"
    # A filter's time: from its event to its rows being laid out.
    timed = """([id, value]) => {
        const input = document.getElementById(id);
        input.value = value;
        const began = performance.now();
        input.dispatchEvent(new Event("input", { bubbles: true }));
        document.getElementById("rows").getBoundingClientRect();
        return performance.now() - began;
    }"""
    searches = {"lpr": None, "printer1 9100": None, "econnrefused": None, "nothing-has-this": 0}
    for words, expected in searches.items():
        figures[f"search {words!r} ms"] = round(seen.page.evaluate(timed, ["search", words]), 1)
        if expected is not None:
            assert seen.count() == _counted(expected, MANY)
    seen.page.evaluate(timed, ["search", ""])
    hosts = sum("vpsx1" in (one["source"]["host"] + " " + one["destination"]["host"]) for one in verdicts)
    figures["host ms"] = round(seen.page.evaluate(timed, ["host", "vpsx1"]), 1)
    shown = int(seen.count().split()[0].replace(",", ""))
    assert shown == hosts
    seen.page.evaluate(timed, ["host", ""])
    sort = """(n) => {
        const began = performance.now();
        document.querySelectorAll("#head button")[n].click();
        document.getElementById("rows").getBoundingClientRect();
        return performance.now() - began;
    }"""
    for number, name in ((1, "from"), (3, "port")):
        figures[f"sort by {name} ms"] = round(seen.page.evaluate(sort, number), 1)
    # At the very end the last row is there, and no more rows than a screen needs.
    seen.page.evaluate("document.getElementById('scroll').scrollTop = 1e9")
    seen.page.wait_for_selector(f"#row-{MANY - 1}")
    assert seen.page.locator("#rows .row").count() < 80
    assert seen.calm(path)
    print(json.dumps(figures))
    (pictures / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    seen.page.screenshot(path=pictures / "many.png")


# --- filters ----------------------------------------------------------------------------------------------------------


def test_filters_show_what_they_say(path: Path, report: reports.Report, opened: Open) -> None:
    verdicts, total = report["verdicts"], len(report["verdicts"])
    seen = opened()
    seen.open(path)
    page = seen.page
    findings = [one for one in verdicts if is_finding(one)]
    assert seen.count() == _counted(len(findings), total)

    def shows(some: Callable[[Any], bool], of: list[Any] = findings) -> bool:
        return bool(seen.count() == _counted(sum(map(some, of)), total))

    codes = list(report["codes"])
    page.select_option("#code", str(codes.index("NO_LISTENER")))
    assert shows(lambda one: one["code"] == "NO_LISTENER")
    page.select_option("#code", "*")
    page.select_option("#source", "vpsx")
    assert shows(lambda one: one["source"]["component"] == "vpsx")
    page.select_option("#destination", "printer")
    assert shows(lambda one: (one["source"]["component"], one["destination"]["component"]) == ("vpsx", "printer"))
    page.click("#filters button[type=reset]")
    page.wait_for_function("document.getElementById('code').value === '*'")
    assert shows(lambda one: True)
    page.fill("#host", "VPSX1")
    assert shows(lambda one: any("vpsx1" in one[way]["host"] for way in ("source", "destination")))
    page.fill("#host", "")
    some = findings[-1]
    page.fill("#search", some["id"])
    assert shows(lambda one: one["id"] == some["id"])
    page.fill("#search", "ECONNREFUSED printer")
    assert seen.count() != _counted(0, total)
    page.fill("#search", "")
    page.check("#came")
    assert shows(lambda one: one["id"] in {came["id"] for came in report["drift"]["came"]})
    page.uncheck("#came")
    page.locator("#kinds button").nth(0).click()
    assert shows(lambda one: kind(one) != "fault")
    assert page.locator("#kinds button").nth(0).get_attribute("aria-pressed") == "false"
    assert page.locator("#grid").get_attribute("aria-rowcount") == str(
        sum(kind(one) != "fault" for one in findings) + 1
    )
    assert seen.calm(path)


def test_a_cell_of_the_matrix_shows_its_checks(path: Path, report: reports.Report, opened: Open) -> None:
    seen = opened()
    seen.open(path)
    total = len(report["verdicts"])
    for cls, some in (("fault", is_finding), ("ok", lambda one: True)):
        cell = seen.page.locator(f"#matrix button.{cls}").first
        ends = (cell.get_attribute("data-source"), cell.get_attribute("data-destination"))
        cell.click()
        seen.page.wait_for_function("(s) => document.getElementById('source').value === s", arg=ends[0])
        seen.page.wait_for_timeout(50)
        of = [
            one for one in report["verdicts"] if (one["source"]["component"], one["destination"]["component"]) == ends
        ]
        assert seen.count() == _counted(sum(map(some, of)), total)


def test_sorted_both_ways(path: Path, opened: Open) -> None:
    seen = opened()
    seen.open(path)
    head = seen.page.locator("#head button")
    head.nth(1).click()
    upward = _labels(seen.page, 1)
    assert upward[0] <= upward[-1]
    assert seen.page.locator("#head [role=columnheader]").nth(1).get_attribute("aria-sort") == "ascending"
    head.nth(1).click()
    assert _labels(seen.page, 1)[0] > upward[0]
    assert seen.page.locator("#head [role=columnheader]").nth(1).get_attribute("aria-sort") == "descending"
    head.nth(0).click()
    assert {label[0] for label in _labels(seen.page, 0)} == {"\u2715"}


# --- keyboard and details ---------------------------------------------------------------------------------------------


def test_the_keyboard_is_enough(path: Path, report: reports.Report, opened: Open) -> None:
    seen = opened()
    seen.open(path)
    page = seen.page
    grid = page.locator("#grid")
    page.locator("#filters button[type=reset]").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "grid"
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    assert grid.get_attribute("aria-activedescendant") == "row-1"
    assert page.locator("#row-1").get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    view = View.of(report)
    chosen = view.findings[1]
    told = str(page.locator("#details").inner_text())
    for text in (*chosen["evidence"], chosen["remedy"], view.meaning(chosen["code"]), chosen["id"]):
        assert text in told
    assert view.flow(chosen)["purpose"] in told
    assert view.places(view.flow(chosen)) in told
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "grid"
    assert page.locator("#details").is_hidden()
    page.keyboard.press("End")
    last = len(view.findings) - 1
    assert grid.get_attribute("aria-activedescendant") == f"row-{last}"
    assert page.locator(f"#row-{last}").is_visible()
    page.keyboard.press("PageUp")
    page.keyboard.press("Home")
    assert grid.get_attribute("aria-activedescendant") == "row-0"
    # Whoever begins with the mouse goes on with the keys, and the details follow.
    page.locator("#row-3").click()
    page.keyboard.press("ArrowDown")
    assert grid.get_attribute("aria-activedescendant") == "row-4"
    assert view.findings[4]["id"] in str(page.locator("#details").inner_text())
    assert seen.calm(path)


def test_who_hears_the_page_finds_the_way(path: Path, opened: Open) -> None:
    seen = opened()
    seen.open(path)
    tree = seen.page.locator("body").aria_snapshot()
    for words in (
        "banner",
        "navigation",
        "main",
        'heading "Findings" [level=2]',
        "grid",
        "columnheader",
        "status",
        "search",
    ):
        assert words in tree
    assert seen.page.locator("#rows .row").first.get_attribute("aria-rowindex") == "2"


def test_lines_to_copy(path: Path, report: reports.Report, opened: Open) -> None:
    seen = opened(permissions=["clipboard-read", "clipboard-write"])
    seen.open(path)
    seen.page.click("#copy")
    seen.page.wait_for_function("document.getElementById('copy').textContent !== 'Copy'")
    assert seen.page.locator("#known-open").text_content() == "\n".join(report["suggestions"]["known_open"])


# --- print, and without its program -----------------------------------------------------------------------------------


def test_printed_with_every_fault(path: Path, report: reports.Report, opened: Open, pictures: Path) -> None:
    seen = opened()
    seen.open(path)
    seen.page.emulate_media(media="print", color_scheme="dark")
    printed = seen.page.locator(".printed")
    assert printed.is_visible()
    assert seen.page.locator("#grid").is_hidden()
    told = str(printed.inner_text())
    for verdict in filter(is_finding, report["verdicts"]):
        assert verdict["evidence"][0] in told
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    content = seen.page.pdf(path=pictures / "print.pdf", format="A4")
    assert content.startswith(b"%PDF")
    seen.page.set_viewport_size({"width": 720, "height": 1000})
    for part in ("summary", "matrix", "findings"):
        seen.page.evaluate("(id) => document.getElementById(id).scrollIntoView({ behavior: 'instant' })", part)
        seen.page.screenshot(path=pictures / f"print-{part}.png")


def test_without_its_program(path: Path, report: reports.Report, opened: Open) -> None:
    seen = opened(java_script_enabled=False)
    seen.open(path)
    assert seen.page.locator(".printed").is_visible()
    assert seen.page.locator("#grid").is_hidden()
    assert seen.page.locator(".printed tbody tr").count() == sum(map(is_finding, report["verdicts"]))


# --- looks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "look",
    [("light", 1440, "light"), ("dark", 1440, "dark"), ("narrow", 400, "light"), ("wide", 2200, "dark")],
    ids=lambda look: look[0],
)
def test_every_width_and_scheme(path: Path, opened: Open, pictures: Path, look: tuple[str, int, str]) -> None:
    name, width, scheme = look
    seen = opened(viewport={"width": width, "height": 1000}, color_scheme=scheme)
    seen.open(path)
    page = seen.page
    # The page itself never scrolls sideways; what is wider scrolls in its own frame.
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    light = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
    assert (int(light) > 128) == (scheme == "light")
    for part in ("summary", "matrix", "findings", "estate", "coverage"):
        page.evaluate("(id) => document.getElementById(id).scrollIntoView({ behavior: 'instant' })", part)
        if part == "findings":
            page.locator("#rows .row").nth(2).click()
        page.wait_for_timeout(60)
        page.screenshot(path=pictures / f"{name}-{part}.png")
        if part == "findings":
            page.locator("#details .close").click()
    assert seen.calm(path)


# --- hostile ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [pytest.param(text, id=ascii(text[:24])) for text in hostile.TEXTS])
def test_nothing_of_a_report_runs(folder: Path, opened: Open, text: str) -> None:
    path = _write(folder, "hostile", reports.poisoned(text, 40))
    seen = opened()
    seen.open(path)
    page = seen.page
    page.locator("#kinds button").nth(4).click()
    page.fill("#search", "harmed")
    page.fill("#search", "")
    page.locator("#rows .row").first.click()
    assert page.locator("#details").is_visible()
    assert page.evaluate("window.harmed") is None
    assert (
        page.evaluate("document.querySelectorAll('img, iframe, object, embed, base, link:not([rel=icon])').length") == 0
    )
    assert page.evaluate("document.scripts.length") == 3
    assert seen.calm(path)
