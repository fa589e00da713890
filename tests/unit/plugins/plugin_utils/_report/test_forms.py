# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms of hostile reports, read back by other programs: each text is a text and nothing else."""

from __future__ import annotations

import base64
import csv
import hashlib
import html.parser
import io
import json
import re
from collections import Counter
from typing import Any
from xml.etree import ElementTree as Tree

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _render
from ansible_collections.printnet.ports.plugins.plugin_utils._report import (
    _csv,
    _html,
    _junit,
    _page_parts,
    _store,
    _text,
    _view,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import View
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils._report import hostile, reports
from hypothesis import example, given, settings
from hypothesis import strategies as st

TEXTS = pytest.mark.parametrize("text", [pytest.param(text, id=ascii(text[:24])) for text in hostile.TEXTS])
UNPROVEN = "10 checks, 10 of which could not be proven either way"
FORMULA = tuple("=+-@|%\uff1d\uff0b\uff0d\uff20")


class Page(html.parser.HTMLParser):
    """Reads a page as a browser would: elements, texts, and what scripts hold."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self._in = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes |= {name for name, _value in attrs}
        self.links += [str(value) for name, value in attrs if name in ("src", "href", "action", "data", "xlink:href")]
        self._in = tag
        if tag == "script":
            self.scripts.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._in = ""

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in == "script":
            self.scripts[-1] += data
        else:
            self.texts.append(data)


def _rows(page: Page) -> Any:
    return json.loads(page.scripts[1])


# --- CSV --------------------------------------------------------------------------------------------------------------


@TEXTS
def test_csv_comes_back_as_it_went(text: str) -> None:
    view = View.of(reports.poisoned(text, 40))
    content = _csv.to_csv(view).encode()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
    assert len(rows) == len(view.verdicts)
    assert tuple(rows[0]) == _csv.COLUMNS
    assert len(content.splitlines()) == len(rows) + 1
    for row, verdict in zip(rows, view.verdicts, strict=True):
        assert row["id"].lstrip("'") == verdict["id"]
        assert row["remedy"] == _render.cell(verdict["remedy"])
        assert row["evidence"] == _render.cell(" ".join(verdict["evidence"]))
        assert row["source_host"] == _render.cell(verdict["source"]["host"])
        assert not any(cell.lstrip().startswith(FORMULA) for cell in row.values())


def test_csv_says_what_a_change_request_asks_for_worst_first() -> None:
    view = View.of(reports.report(200))
    rows = list(csv.DictReader(io.StringIO(_csv.to_csv(view))))
    severities = [row["severity"] for row in rows]
    assert severities.index("fault") == 0
    assert severities[-1] == "ok"
    row = next(row for row in rows if row["flow"] == "vpsx-printer-raw" and row["code"] == "OK")
    assert (row["source"], row["destination"], row["transport"], row["port"]) == ("vpsx", "printer", "tcp", "9100")
    assert "line" in row["document"]
    assert row["purpose"]
    accepted = next(row for row in rows if row["code"] == "ACCEPTED")
    assert (accepted["accepted_code"], accepted["accepted_until"]) == ("NO_LISTENER", "2027-03-31")


# --- JUnit ------------------------------------------------------------------------------------------------------------


@TEXTS
def test_junit_is_xml_whatever_hosts_say(text: str) -> None:
    view = View.of(reports.poisoned(text, 40))
    root = Tree.fromstring(_junit.to_junit(view).encode())
    cases = root.findall("testsuite/testcase")
    assert len(cases) == len(view.verdicts) == int(root.get("tests") or 0)
    told = [one.text or "" for one in root.findall(".//failure")]
    assert told
    first = _junit.legal(view.verdicts[0]["evidence"][0])
    assert all(first in one for one in told)
    shown = "".join([*root.itertext(), *(value for one in root.iter() for value in one.attrib.values())])
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)


def test_junit_fails_what_fails_the_run_and_skips_what_nobody_saw() -> None:
    report = reports.report(200)
    report["policy"]["fail_on"] = ["NO_RULE", "TLS_INVALID"]
    root = Tree.fromstring(_junit.to_junit(View.of(report)).encode())
    by_id = {str(case.get("name"))[-17:-1]: case for case in root.iter("testcase")}
    became = {"OK": set(), "ACCEPTED": {"system-out"}, "NO_RULE": {"failure"}, "TLS_INVALID": {"failure"},
              "NOT_TESTED": {"skipped"}, "UNREACHABLE": {"skipped"}, "UDP_UNVERIFIABLE": {"skipped"},
              "NO_LISTENER": {"system-out"}}  # fmt: skip
    for verdict in report["verdicts"]:
        children = {child.tag for child in by_id[verdict["id"]]}
        assert children == became.get(verdict["code"], {"system-out"}), verdict["code"]
    failures = sum(report["counts"][code] for code in report["policy"]["fail_on"])
    assert (root.get("failures"), root.get("errors")) == (str(failures), "0")
    assert {one.get("value") for one in root.findall(".//property[@name='run']")} == {report["run"]["id"]}


# --- the page ---------------------------------------------------------------------------------------------------------


@TEXTS
def test_page_has_the_elements_of_its_makers_only(text: str) -> None:
    harmless = Page(_html.to_html(View.of(reports.poisoned("harmless", 40))))
    page = Page(_html.to_html(View.of(reports.poisoned(text, 40))))
    assert set(page.elements) <= set(harmless.elements)
    assert page.attributes <= harmless.attributes
    assert page.elements["script"] == 3
    assert all(link.startswith("#") or link == "data:," for link in page.links)
    shown = _render.plain(_view.tidy(text))
    rows = _rows(page)
    assert rows["texts"][rows["columns"]["remedy"][0]] == shown
    if shown.strip():
        assert any(shown.strip() in part for part in page.texts)


def test_page_lets_in_its_own_program_and_style_and_nothing_else() -> None:
    text = _html.to_html(View.of(reports.report(50)))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe" not in policy[1]
    page = Page(text)
    style = text.partition("<style>")[2].partition("</style>")[0]
    for part in (page.scripts[0], page.scripts[2], style):
        assert base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() in policy[1]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|https?:", page.scripts[2])
    assert not {name for name in page.attributes if name.startswith("on") or name == "style"}


def test_page_has_every_fault_without_its_program() -> None:
    view = View.of(reports.report(300))
    page = Page(_html.to_html(view))
    told = " ".join(page.texts)
    for verdict in view.findings:
        assert verdict["code"] in told
        assert verdict["evidence"][0] in told
        assert verdict["remedy"] in told
    rows = _rows(page)
    assert len(rows["columns"]["kind"]) == len(view.verdicts)
    assert {len(column) for column in rows["columns"].values()} == {len(view.verdicts)}


def test_page_prints_so_many_and_says_how_many_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_page_parts, "MOST_PRINTED", 100)
    view = View.of(reports.report(1200, rates={"NO_RULE": 900}))
    page = Page(_html.to_html(view))
    assert f"{len(view.findings) - 100:,} more findings are in the CSV" in " ".join(page.texts)


def test_page_of_nothing_and_of_no_flow() -> None:
    for report in (reports.report(0), reports.report(1, rates={"UNDECLARED_OPEN": 1000}, every_code=False)):
        page = Page(_html.to_html(View.of(report)))
        assert page.elements["h1"] == 1


def test_page_names_what_is_accepted_though_nothing_needs_it() -> None:
    made = reports.report(300)
    (used,) = made["policy"]["accepted"]
    over = {**used, "code": "NO_RULE", "destination": "vpsx*", "until": "2026-11-20"}
    elsewhere = {**used, "source": "nobody"}
    made["policy"]["accepted"] += [over, elsewhere]
    view = View.of(made)
    assert list(view.idle) == [over, elsewhere]
    told = Page(_html.to_html(view)).texts
    assert "Accepted, but not needed: 2" in told
    assert "2026-11-20, over" in told
    made["policy"]["accepted"] = [used]
    assert "not needed" not in " ".join(Page(_html.to_html(View.of(made))).texts)


# --- the text ---------------------------------------------------------------------------------------------------------


@TEXTS
@pytest.mark.parametrize("width", [40, 100])
def test_text_has_nothing_that_a_terminal_obeys(text: str, width: int) -> None:
    page = _text.to_text(View.of(reports.poisoned(text, 40)), width=width)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)
    lines = page.splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= 80


@pytest.mark.parametrize("size", [0, 30, 400, 2000])
@pytest.mark.parametrize("width", [80, 120])
def test_text_is_a_page_even_in_the_first_week(size: int, width: int) -> None:
    report = reports.report(
        size, rates={"NO_RULE": 200, "NO_LISTENER": 200, "PATH_BLOCKED": 200, "UNDECLARED_OPEN": 100}
    )
    lines = _text.to_text(View.of(report), width=width).splitlines()
    assert len(lines) <= _text.LINES
    for code, count in report["counts"].items():
        if code not in ("OK", "ACCEPTED"):
            assert any(f"{code} ({count:,})" in line for line in lines)


def test_text_groups_what_is_equal_and_shows_red_first() -> None:
    report = reports.report(12, rates={"NO_RULE": 1000}, every_code=False)
    first = report["verdicts"][0]
    for number, verdict in enumerate(report["verdicts"]):
        verdict |= {"flow": first["flow"], "destination": first["destination"], "port": first["port"]}
        verdict |= {"transport": first["transport"], "source": {**first["source"], "host": f"ws{number}"}}
    host = first["destination"]["host"]
    text = " ".join(_text.to_text(View.of(report)).split())
    assert f"ws0, ws1, ws2 and 9 more -> {host} ({first['flow']})" in text
    assert text.count("To do:") == 1
    lines = _text.to_text(View.of(reports.report(300))).splitlines()
    heads = [line.split()[0] for line in lines if re.match(r"(FAULT|WARNING|INFORMATION) ", line)]
    assert heads == sorted(heads, key=("FAULT", "WARNING", "INFORMATION").index)


def test_text_tells_a_fault_from_what_is_harmless_with_the_same_code() -> None:
    report = reports.report(30, rates={"UNDECLARED_OPEN": 1000}, every_code=False)
    for number, verdict in enumerate(report["verdicts"]):
        verdict |= {"port": str(20 + number // 6), "remedy": f"Close {number}.", "severity": "information"}
    report["verdicts"][-1] |= {"severity": "fault", "port": "631"}
    report["suggestions"]["known_open"] = ["printnet_known_open:", "  - {transport: tcp, port: 22}"]
    lines = _text.to_text(View.of(report)).splitlines()
    heads = [number for number, line in enumerate(lines) if "UNDECLARED_OPEN (" in line]
    assert [lines[number].partition(":")[0] for number in heads] == [
        "FAULT UNDECLARED_OPEN (1)", "INFORMATION UNDECLARED_OPEN (29)"
    ]  # fmt: skip
    assert "To do: Close 29." in " ".join(lines[heads[0] : heads[1]])
    assert lines[-1].startswith("1 line for printnet_known_open")


def test_text_is_coloured_only_when_asked() -> None:
    view = View.of(reports.report(100))
    plain, coloured = _text.to_text(view), _text.to_text(view, colour=True)
    assert "\x1b" not in plain
    assert "\x1b[31;1m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


# --- any text ---------------------------------------------------------------------------------------------------------


@given(text=hostile.ANY)
@example(text="\ud83d\ude00")
@settings(max_examples=30)
def test_any_text_in_every_form(text: str) -> None:
    report = reports.poisoned(text, 22)
    files = _store.files(report)
    assert json.loads(files["compliance.json"]) == _view.tidy(report)
    rows = list(csv.DictReader(io.StringIO(files["compliance.csv"].decode("utf-8"), newline="")))
    assert len(rows) == 22
    assert not any(cell.lstrip().startswith(FORMULA) for row in rows for cell in row.values())
    assert len(list(Tree.fromstring(files["compliance.xml"]).iter("testcase"))) == 22
    page = Page(files["compliance.html"].decode("utf-8"))
    assert page.elements["script"] == 3
    assert _rows(page)["texts"][_rows(page)["columns"]["remedy"][0]] == _render.plain(_view.tidy(text))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", files["compliance.txt"].decode("utf-8"))


@given(st.text(st.characters(codec=None), max_size=3000))
@settings(max_examples=100)
def test_tidy_texts_are_utf_8_and_end(text: str) -> None:
    tidy = _view.tidy(text)
    assert len(tidy.encode()) < 10_000
    assert _view.tidy(_view.tidy([text])[0][:1900]) == tidy[:1900]


@pytest.mark.parametrize(
    ("rates", "headline"),
    [
        ({}, "Compliant: no finding fails this run, of 10 checks."),
        (
            {"NOT_TESTED": 1000},
            f"Compliant: no finding fails this run, of {UNPROVEN}.",
        ),
        ({"NO_RULE": 1000}, "Not compliant: 10 findings fail this run, of 10 checks."),
    ],
)
def test_the_headline_says_what_was_not_proven(rates: dict[str, int], headline: str) -> None:
    view = View.of(reports.report(10, rates=rates, every_code=False))
    assert view.headline() == headline
    assert headline in " ".join(_text.to_text(view, width=200).split())
