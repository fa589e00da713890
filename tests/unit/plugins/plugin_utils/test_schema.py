# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a field may hold: each parser by a table of what it takes, in which form, and what it refuses and how."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _schema
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError, nearest, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import Field

ODD: list[Any] = [None, [], {}, [1], {"a": 1}, 1.5, b"x", object(), "", " "]


@pytest.mark.parametrize(
    ("parser", "value", "found"),
    [
        ("port", 1, 1), ("port", 65535, 65535), ("port", "515", 515), ("port", " 515 ", 515), ("port", "0515", 515),
        ("span", 515, (515, 515)), ("span", "515", (515, 515)), ("span", "5500-5501", (5500, 5501)),
        ("span", "5500 - 5501", (5500, 5501)), ("span", "1-65535", (1, 65535)), ("span", "7-7", (7, 7)),
        ("flag", True, True), ("flag", "yes", True), ("flag", "ON", True), ("flag", 1, True), ("flag", "1", True),
        ("flag", False, False), ("flag", "No", False), ("flag", "off", False), ("flag", 0, False),
        ("flag", "false", False),
        ("text", " two words ", "two words"), ("word", "card_enrolment", "card_enrolment"), ("word", "a1", "a1"),
        ("flow_id", "vpsx-printer-raw", "vpsx-printer-raw"), ("flow_id", "hp_mfp-mfpsecure", "hp_mfp-mfpsecure"),
    ],
)  # fmt: skip
def test_what_is_taken_and_in_which_form(parser: str, value: Any, found: Any) -> None:
    result = getattr(_schema, parser)(value)
    assert (result, type(result)) == (found, type(found))


@pytest.mark.parametrize(
    ("parser", "values", "told"),
    [
        ("port", [0, -1, 65536, "x", "1e3", "+5", "1_000", "\u0661\u0662", True, False, 80.0, "80.0", "1-2", *ODD],
         "must be a port from 1 to 65535"),
        ("span", [0, "0-5", "5-65536", "-", "5-", "-5", "1-2-3", "a-b", True, 5.0, "5\u20136", *ODD],
         "must be a port from 1 to 65535, or a range such as 5500-5501"),
        ("span", ["20-10", "2-1"], "is a range whose first port is above its last"),
        ("flag", ["maybe", "tru", 2, -1, *ODD], "must be true or false"),
        ("text", [5, True, *ODD], "must be a line of text"),
        ("text", ["a\nb"], "has the character U+000A at position 2; only printable ASCII is allowed"),
        ("text", ["caf\u00e9"], "has the character U+00E9 at position 4; only printable ASCII is allowed"),
        ("text", ["\u0422\u0421\u0420"], "has the character U+0422 at position 1; only printable ASCII is allowed"),
        ("word", ["Vpsx", "vpsx-printer", "1a", "_a", "a__b", "a_", "a b"],
         "must be lower-case words joined by underscores"),
        ("flow_id", ["A-b", "a--b", "-a", "a-", "a b", "a/b"], "must be lower-case words joined by hyphens"),
        ("mapping", [None, [], "x", 5, ("a",)], "must be a mapping of names to values"),
    ],
)  # fmt: skip
def test_what_is_refused_and_with_which_words(parser: str, values: list[Any], told: str) -> None:
    for value in values:
        with pytest.raises(ValueError, match=rf"^{re.escape(told)}"):
            getattr(_schema, parser)(value)


def test_one_of_takes_either_case_and_knows_the_nearest() -> None:
    parse = _schema.one_of("tcp", "udp")
    assert parse("TCP") == "tcp"
    for value in ("tpc", None, [], 5, ["tcp"], True):
        with pytest.raises(ValueError, match="must be one of tcp, udp"):
            parse(value)
    with pytest.raises(ValueError, match=r"; did you mean 'udp'\?$"):
        parse("updp")


def test_many_takes_a_lone_value() -> None:
    assert _schema.many(_schema.port)(5) == (5,)
    assert _schema.many(_schema.port)([5, "6"]) == (5, 6)
    assert _schema.many(_schema.port)([]) == ()


def test_optional_takes_none() -> None:
    assert _schema.optional(_schema.port)(None) is None
    assert _schema.optional(_schema.port)("5") == 5


FIELDS = {"port": Field(_schema.port), "note": Field(_schema.text, "none")}


@pytest.mark.parametrize(
    ("raw", "values", "faults"),
    [
        ({"port": 5}, {"port": 5, "note": "none"}, []),
        (
            {"port": 0, "note": 5},
            None,
            ["here, port: 0 must be a port from 1 to 65535", "here, note: 5 must be a line of text"],
        ),
        ({"prot": 5}, None, ["here: the key 'prot' is unknown; did you mean 'port'?", "here: port is missing"]),
        ({5: 5, "port": 1}, None, ["here: the key 5 is unknown; there is note, port"]),
        (None, None, ["here: None must be a mapping with port, note"]),
        ([1], None, ["here: [1] must be a mapping with port, note"]),
        ("text", None, ["here: 'text' must be a mapping with port, note"]),
    ],
)
def test_an_entry_has_all_its_faults(raw: Any, values: Any, faults: list[str]) -> None:
    found = Faults()
    assert _schema.read_entry(FIELDS, raw, "here", found) == values
    assert found.found == faults


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("vpsx", None), (None, None), ("VPSX", "'VPSX' is no component; did you mean 'vpsx'?"),
        ("zzz", "'zzz' is no component; there is serverx, vpsx"), (5, "5 is no component"),
        (["vpsx"], "['vpsx'] is no component"),
        ({}, "{} is no component"),
    ],
)  # fmt: skip
def test_a_name_must_be_known(name: Any, told: str | None) -> None:
    faults = Faults()
    _schema.check_known(name, {"vpsx": 1, "serverx": 2}, "component", "here", faults)
    assert len(faults.found) == (told is not None)
    assert all(fault.startswith(f"here: {told}") for fault in faults.found)


def test_a_key_that_is_none_names_nothing() -> None:
    faults = Faults()
    for name in ("vpsx", None):
        _schema.check_key(name, {"vpsx": 1}, "component", "here", faults)
    assert faults.found == ["here: None is no component; there is vpsx"]


def test_nothing_is_listed_where_there_is_too_much() -> None:
    assert nearest("zzz", [f"name{number}" for number in range(41)]) == ""
    assert nearest("zzz", []) == ""


def test_a_value_in_a_sentence_is_on_one_line_and_not_endless() -> None:
    assert shown("a\nb") == repr("a\nb")
    assert len(shown("x" * 1000)) <= 60
    assert len(shown(list(range(1000)))) <= 60


def test_one_fault_is_a_sentence_and_more_are_a_list() -> None:
    assert str(PortsError("one")) == "one"
    assert str(PortsError(["one", "two"])) == "2 faults:\n  - one\n  - two"
    faults = Faults()
    faults.stop()
    faults.add("here", "wrong")
    with pytest.raises(PortsError, match=r"^here: wrong$"):
        faults.stop()
