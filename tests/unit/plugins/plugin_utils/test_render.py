# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flows as port lists, CSV and Mermaid: sorted, joined, and harmless whatever a cell or a name holds."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._rules import join
from ansible_collections.printnet.ports.plugins.plugin_utils import _choices, _query, _render
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from hypothesis import given, settings
from hypothesis import strategies as st

FaultsOf = Callable[..., list[str]]


def _flow(port: Any, transport: Any = "tcp", **more: Any) -> dict[str, Any]:
    return {"id": "a-b", "source": "a", "destination": "b", "transport": transport, "port": port, **more}


# --- ports ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flows", "ports"),
    [
        ([], []),
        ([_flow(515)], ["tcp/515"]),
        (_flow(515), ["tcp/515"]),
        (
            [_flow(9187, "udp"), _flow(5501), _flow(515), _flow(5500), _flow(515)],
            ["tcp/515", "tcp/5500-5501", "udp/9187"],
        ),
        ([_flow("5500-5501"), _flow(5502), _flow("5504")], ["tcp/5500-5502", "tcp/5504"]),
        ([_flow("10-20"), _flow("15-30"), _flow(12)], ["tcp/10-30"]),
        ([_flow("1-65535"), _flow(80)], ["tcp/1-65535"]),
        ([_flow(9), _flow(80), _flow(100)], ["tcp/9", "tcp/80", "tcp/100"]),
        ([_flow(161), _flow(161, "udp"), _flow(162, "udp")], ["tcp/161", "udp/161-162"]),
        ([_flow(65535), _flow(65534)], ["tcp/65534-65535"]),
        ((flow for flow in [_flow(1)]), ["tcp/1"]),
    ],
)
def test_ports_are_sorted_and_joined(flows: Any, ports: list[str]) -> None:
    assert _render.ports(flows) == ports


SPANS = st.lists(
    st.tuples(st.integers(1, 40), st.integers(0, 5)).map(lambda two: (two[0], two[0] + two[1])), max_size=8
)


@settings(max_examples=80, deadline=None)
@given(SPANS)
def test_joined_spans_hold_the_same_ports_in_the_fewest_ranges(spans: list[tuple[int, int]]) -> None:
    joined = join(spans)
    ports = {port for first, last in spans for port in range(first, last + 1)}
    assert {port for first, last in joined for port in range(first, last + 1)} == ports
    assert len(joined) == sum(port - 1 not in ports for port in ports)


@pytest.mark.parametrize(
    ("flows", "told"),
    [
        (None, "ports: None must be a list of flows"), ("text", "ports: 'text' must be a list of flows"),
        (b"x", "ports: b'x' must be a list"), (5, "ports: 5 must be a list"), (True, "ports: True must be a list"),
        ([5], "ports, entry 1: 5 must be a flow, a dictionary"), (["tcp/5"], "ports, entry 1: 'tcp/5' must be a flow"),
        ({"a": 1}, "ports, entry 1: transport, port is missing"),
        ([_flow(1), {"transport": "tcp"}], "ports, entry 2: port is missing"),
        ([_flow(0)], "ports, entry 1, port: 0 must be a port from 1 to 65535"),
        ([_flow("a")], "ports, entry 1, port: 'a' must be a port"),
        ([_flow(None)], "ports, entry 1, port: None must be a port"),
        ([_flow([80])], "ports, entry 1, port: [80] must be a port"),
        ([_flow("9-8")], "ports, entry 1, port: '9-8' is a range"),
        ([_flow(1, "sctp")], "ports, entry 1, transport: 'sctp' must be one of tcp, udp"),
        ([_flow(1, None)], "ports, entry 1, transport: None must be one of tcp, udp"),
    ],
)  # fmt: skip
def test_what_are_no_flows_is_said(flows: Any, told: str, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_render.ports, flows)
    assert fault.startswith(told)


def test_all_that_is_wrong_with_flows_comes_at_once(faults_of: FaultsOf) -> None:
    assert len(faults_of(_render.ports, [_flow(0), _flow(1, "x"), _flow(2), _flow("x", "y")])) == 4


def test_plain_text_moves_no_cursor_and_breaks_no_line() -> None:
    assert _render.plain("a\x1b[31mb\n\x9bc\u202ed\u061ce\u200bf\ufeffg") == "a [31mb c d e f g"


# --- CSV --------------------------------------------------------------------------------------------------------------

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "  +1", "=cmd|' /C calc'!A0", "\x00=1", "\x0b@x",
    "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "|x", "%x", '="a"', "-2+3", "\u00a0=1", "\u3000=1", "\u2003+1",
    " \t =1",
]  # fmt: skip


def _rows(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


@pytest.mark.parametrize("value", FORMULAS, ids=ascii)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=ascii)
def test_no_cell_becomes_a_formula(value: str, delimiter: str) -> None:
    text = _render.to_csv([{"id": value, "purpose": f"plain{value}"}], ["id", "purpose"], delimiter)
    header, row = _rows(text, delimiter)
    assert header == ["id", "purpose"]
    assert row[0].startswith("'")
    assert row[1].startswith("plain")
    assert text.count("\n") == 2


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet=st.sampled_from("=+-@|%a1 ',;\"\t\r\n\x00\u2028\x85\uff1d"), max_size=6), st.sampled_from(",;\t|")
)
def test_whatever_a_cell_holds_the_table_keeps_its_shape(value: str, delimiter: str) -> None:
    text = _render.to_csv([{"id": value, "port": value}, {"id": "x", "port": 1}], ["id", "port"], delimiter)
    rows = _rows(text, delimiter)
    assert [len(row) for row in rows] == [2, 2, 2]
    assert len(text.split("\n")) == 4
    assert not re.match(r"\s*[=+\-@\uff1d]", rows[1][0])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Leeds;=1+1", "Leeds;'=1+1"), ("Leeds\t=1", "Leeds =1"), ("a | -1, +2", "a | '-1, '+2"), ("a,@b", "a,'@b"),
        ("x;\"=cmd|'/C calc'!A0;.", "x;\"'=cmd|'/C calc'!A0;."), ('x; " "+1', 'x; " "\'+1'), ('a, "b"', 'a, "b"'),
        ("a; b, c-d | e", "a; b, c-d | e"), ("tcp/515, tcp/5500-5501; 10%", "tcp/515, tcp/5500-5501; 10%"),
    ],
)  # fmt: skip
def test_no_cell_becomes_a_formula_behind_another_separator(value: str, text: str) -> None:
    assert _render.cell(value) == text


def test_a_column_name_is_no_formula_either() -> None:
    assert _render.to_csv([{"=1": 5}], ["=1"]) == "'=1\n5\n"


def test_what_values_look_like() -> None:
    row = {"id": None, "a": True, "b": False, "c": 0, "d": "two\nlines", "e": 'a "quote", a comma', "f": 9.5}
    assert _render.to_csv([row], list(row)) == 'id,a,b,c,d,e,f\n,yes,no,0,two lines,"a ""quote"", a comma",9.5\n'


def test_the_columns_of_a_flow(catalog: Catalog) -> None:
    flows = _query.query(catalog, _choices.Settings(), {}, ["serverx-vpsx-api"])
    header, row = _rows(_render.to_csv(flows))
    assert header == list(_render.COLUMNS)
    found = dict(zip(header, row, strict=True))
    assert found["port"] == "5501"
    assert found["enabled"] == "yes"
    assert found["source_port"] == ""
    table = "VPSX, MFPsecure and Required Components"
    assert found["documents"] == f"lrs, {table}, line 23; lrs, {table}, line 37"


def test_every_flow_is_one_row(catalog: Catalog) -> None:
    flows = _query.query(catalog, _choices.Settings(), {}, enabled_only=False)
    rows = _rows(_render.to_csv(flows))
    assert len(rows) == len(catalog.flows) + 1
    assert {len(row) for row in rows} == {len(_render.COLUMNS)}


def test_no_flow_is_a_header() -> None:
    assert _render.to_csv([], ["id"]) == "id\n"


def test_a_lone_column_needs_no_list() -> None:
    assert _render.to_csv([_flow(1)], "id") == "id\na-b\n"


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (5, "csv, columns: 5 must be a list of names"),
        ([], "csv, columns: [] must name at least one column"),
        (["prot"], "csv, columns: 'prot' is no column; did you mean 'port'?"),
    ],
)
def test_wrong_columns_are_one_fault_however_many_flows(columns: Any, told: str, faults_of: FaultsOf) -> None:
    assert faults_of(_render.to_csv, [_flow(1), _flow(2)], columns) == [told]


@pytest.mark.parametrize("delimiter", ["", ",,", None, 5, "x", "\n", ["\t"], '"'])
def test_a_delimiter_is_one_of_four(delimiter: Any, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_render.to_csv, [], None, delimiter)
    assert fault.endswith("must be a comma, a semicolon, a tab or a bar")


@pytest.mark.parametrize(
    ("documents", "text"),
    [
        ([], ""), (None, ""), ("page 3", "page 3"), ([{}], ""), (["x", 5], ""),
        ([{"document": "a", "table": "b", "line": "1-2"}, {"document": "c"}], "a, b, line 1-2; c"),
        ([{"document": None, "line": 0}], ""),
    ],
)  # fmt: skip
def test_places_in_one_cell(documents: Any, text: str) -> None:
    assert _render.places(documents) == text


# --- Mermaid ----------------------------------------------------------------------------------------------------------

ARROW = re.compile(r'    c\d+ -->\|"[^"\[\]{}<>|]*(?:<br>[^"\[\]{}<>|]*)*"\| c\d+\Z')
BOX = re.compile(r'    c\d+\["[^"\[\]{}<>|]*"\]\Z')


def _well_formed(chart: str) -> bool:
    head, *lines = chart.split("\n")
    return (
        re.fullmatch(r"flowchart (LR|RL|TB|TD|BT)", head) is not None
        and lines.pop() == ""
        and all(BOX.match(line) or ARROW.match(line) for line in lines)
    )


def test_a_chart_has_a_box_a_component_and_an_arrow_a_pair(catalog: Catalog) -> None:
    chart = _render.mermaid(_query.query(catalog, _choices.Settings(), {}, ["mfpsecure"]))
    assert chart == (
        "flowchart LR\n"
        '    c0["workstation"]\n'
        '    c1["mfpsecure"]\n'
        '    c2["vpsx"]\n'
        '    c0 -->|"HTTPS tcp/443"| c1\n'
        '    c1 -->|"IPP tcp/631"| c2\n'
    )


def test_the_whole_catalog_is_one_chart(catalog: Catalog) -> None:
    flows = _query.query(catalog, _choices.Settings(), {}, enabled_only=False)
    chart = _render.mermaid(flows)
    assert _well_formed(chart)
    assert chart.count("-->") == len({(flow["source"], flow["destination"]) for flow in flows})


def test_a_pair_with_several_applications_has_a_line_for_each() -> None:
    flows = [_flow(515, application="LPR"), _flow(631, application="IPP"), _flow(632, application="IPP"), _flow(1)]
    assert '"LPR tcp/515<br>IPP tcp/631-632<br>tcp/1"' in _render.mermaid(flows)


HOSTILE = [
    'a"b', "a]b", "a[b", "a{b}", "<script>alert(1)</script>", "a|b", "a\nb", "a --> b", "end", "%%{init: {}}%%", "a;b",
    "`a`", "a#quot;b", "click c0 href", "\u2028x", "\x00", "", "&lt;", "a\\b", "$x$", "~~~", "caf\u00e9", "\U0001f5a8",
    "]-->c0",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_name_stays_text(name: str) -> None:
    flow = {**_flow(1), "source": name, "application": name}
    chart = _render.mermaid([flow])
    assert _well_formed(chart)
    assert len(chart.splitlines()) == 4
    assert chart.isascii()
    shown = re.search(r'c0\["(.*)"\]', chart)
    assert shown
    told = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), shown[1])
    assert told == re.sub(r"[\x00-\x1f\u2028]", " ", name)


@settings(max_examples=100, deadline=None)
@given(*[st.text(alphabet=st.sampled_from("aZ0 \"'`[](){}<>|#;&%-~=\\\n\x00\u2028\u00e9\u0422"), max_size=9)] * 2)
def test_whatever_names_are_the_chart_is_well_formed(source: str, application: str) -> None:
    assert _well_formed(_render.mermaid([{**_flow(1), "source": source, "application": application}]))


@pytest.mark.parametrize("direction", ["lr", "", None, "LR;", "LR\n"])
def test_a_direction_is_one_of_mermaids(direction: Any, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_render.mermaid, [], direction)
    assert fault.endswith("must be one of LR, RL, TB, TD, BT")


def test_no_flow_is_an_empty_chart() -> None:
    assert _render.mermaid([], "TB") == "flowchart TB\n"


@pytest.mark.parametrize("flows", [None, 5, "x", [5], [{"source": "a"}], [_flow("x")], [_flow(1, "x")], {"a": 1}])
def test_charts_and_tables_of_no_flows_are_refused_with_a_sentence(flows: Any, faults_of: FaultsOf) -> None:
    assert faults_of(_render.mermaid, flows)
    if not isinstance(flows, list) or flows[0] == 5:
        assert faults_of(_render.to_csv, flows)
