# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an estate says of its own compliance: errors name the entry and the value, and days are days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _policy
from ansible_collections.printnet.ports.plugins.plugin_utils._exposure import Known
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Place
from ansible_collections.printnet.ports.plugins.plugin_utils._policy import FAILS
from ansible_collections.printnet.ports.plugins.plugin_utils._verdict import Verdict

FaultsOf = Callable[..., list[str]]
TODAY = date(2026, 11, 21)
ENTRY = {"code": "NO_LISTENER", "reason": "moves in March", "approver": "J. Doe", "until": "2026-11-21"}
VERDICT = Verdict(
    id="0" * 16,
    code="NO_LISTENER",
    flow="pdm-vpsx-lpr",
    source=Place("workstation", "", ("198.51.100.0/24",)),
    destination=Place("vpsx", "v1", ("192.0.2.1/32",)),
    address="192.0.2.1",
    transport="tcp",
    port="515",
    evidence=("Nothing listens.",),
)


@pytest.mark.parametrize(
    ("raw", "known"),
    [
        ("tcp/22", Known("tcp", (22, 22))),
        ("22", Known("tcp", (22, 22))),
        (22, Known("tcp", (22, 22))),
        ("22/udp", Known("udp", (22, 22))),
        (" udp/5500-5501 ", Known("udp", (5500, 5501))),
        ({"port": 22}, Known("tcp", (22, 22))),
        ({"port": "5500-5501", "transport": "udp"}, Known("udp", (5500, 5501))),
        ({"port": 22, "process": "sshd", "reason": "we use it"}, Known("tcp", (22, 22), "sshd")),
    ],
)
def test_what_is_known_to_be_open(raw: Any, known: Known) -> None:
    assert _policy.known_open([raw], "v1") == (known,)
    assert _policy.known_open(raw, "v1") == (known,)


def test_a_line_of_an_ini_inventory_is_a_list() -> None:
    assert [one.port[0] for one in _policy.known_open("tcp/22, udp/123", "v1")] == [22, 123]
    assert _policy.known_open(None, "v1") == ()


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("ssh", ["'ssh' must be a port such as tcp/22, or a mapping with port and transport"]),
        ("tcp/22/udp", ["'tcp/22/udp' must be a port such as tcp/22"]),
        ("tcp/22\nudp/23", ["must be a port such as tcp/22"]),
        ("tcp/0", ["port: '0' "]),
        ("tcp/9-2", ["port: '9-2' "]),
        ([["tcp/22"]], ["['tcp/22'] must be a port"]),
        ({"port": 70000}, ["port: 70000 "]),
        ({"transport": "tcp"}, ["port is missing"]),
        (
            {"port": 22, "transport": "sctp", "proces": "sshd"},
            ["'proces' is unknown; did you mean 'process'", "'sctp'"],
        ),
    ],
)
def test_what_is_no_known_port_is_named(faults_of: FaultsOf, raw: Any, told: list[str]) -> None:
    raw = raw if isinstance(raw, list) else [raw]
    found = faults_of(_policy.known_open, [22, *raw], "v1")
    assert len(found) == len(told)
    assert all(one.startswith("host v1, printnet_known_open, entry 2") for one in found)
    assert all(part in " ".join(found) for part in told)


@pytest.mark.parametrize("until", ["2026-11-21", " 2026-11-21 ", TODAY, datetime(2026, 11, 21, 12, 30)])
def test_an_agreement_has_a_last_day(until: Any) -> None:
    (entry,) = _policy.accepted([{**ENTRY, "until": until}])
    assert (type(entry.until), entry.until) == (date, TODAY)
    assert entry.as_dict()["until"] == "2026-11-21"
    assert _policy.apply([VERDICT], [entry], TODAY, False)[0].code == "ACCEPTED"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"until": "in March"}, "until: 'in March' must be a day such as 2027-03-31"),
        ({"until": None}, "until: None must be a day"),
        ({"code": "NO_LISTENR"}, "code: 'NO_LISTENR' is no code of a finding; did you mean 'NO_LISTENER'"),
        ({"code": "OK"}, "code: 'OK' is no code of a finding"),
        ({"code": "ACCEPTED"}, "code: 'ACCEPTED' is no code of a finding"),
        ({"reason": ""}, "reason: '' must be a line of text"),
        ({"approver": 5}, "approver: 5 must be a line of text"),
        ({"host": "v1"}, "the key 'host' is unknown"),
    ],
)
def test_what_is_no_agreement_is_named(faults_of: FaultsOf, change: dict[str, Any], told: str) -> None:
    (found,) = faults_of(_policy.accepted, [ENTRY, {**ENTRY, **change}])
    assert found.startswith("printnet_accepted, entry 2")
    assert told in found


def test_an_agreement_says_all_that_it_must(faults_of: FaultsOf) -> None:
    assert len(faults_of(_policy.accepted, [{}, "x"])) == 5
    assert _policy.accepted(None) == _policy.accepted([]) == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "ACCEPTED"),
        ({"code": "no_listener"}, "ACCEPTED"),
        ({"code": "NO_RULE"}, "NO_LISTENER"),
        ({"flow": "pdm-*", "source": "workstation", "destination": "vpsx"}, "ACCEPTED"),
        ({"source": "198.51.100.0/24", "destination": "v[0-9]"}, "ACCEPTED"),
        ({"flow": "mve-*"}, "NO_LISTENER"),
        ({"source": "vpsx"}, "NO_LISTENER"),
        ({"destination": "v2"}, "NO_LISTENER"),
        ({"until": "2026-11-20"}, "NO_LISTENER"),
        ({"until": "2027-03-31"}, "ACCEPTED"),
    ],
)
def test_an_agreement_is_for_its_findings_and_its_time(change: dict[str, Any], code: str) -> None:
    (found,) = _policy.apply([VERDICT], _policy.accepted([{**ENTRY, **change}]), TODAY, False)
    assert found.code == code
    if code == "ACCEPTED":
        assert found.grade == "information"
        assert found.evidence[0].startswith("Accepted by J. Doe until 202")
        assert found.accepted is not None
        assert found.accepted["code"] == "NO_LISTENER"
    else:
        assert (found.grade, found.accepted) == ("fault", None)


def test_after_its_day_an_agreement_is_told_and_holds_no_more() -> None:
    (found,) = _policy.apply([VERDICT], _policy.accepted([{**ENTRY, "until": "2026-11-20"}]), TODAY, False)
    assert found.evidence[-1] == "It was accepted by J. Doe until 2026-11-20, which is over."


def test_an_agreement_that_is_over_does_not_hide_one_that_is_not() -> None:
    agreed = _policy.accepted([{**ENTRY, "until": "2025-01-01"}, ENTRY])
    assert _policy.apply([VERDICT], agreed, TODAY, False)[0].code == "ACCEPTED"


def test_what_works_is_not_accepted() -> None:
    works = replace(VERDICT, code="OK")
    assert _policy.apply([works], _policy.accepted([ENTRY]), TODAY, False) == [works]


@pytest.mark.parametrize(
    ("code", "grade"), [("NO_LISTENER", "warning"), ("UDP_UNVERIFIABLE", "information"), ("OK", "ok")]
)
def test_a_run_that_only_reports_has_no_fault(code: str, grade: str) -> None:
    (found,) = _policy.apply([replace(VERDICT, code=code)], [], TODAY, True)
    assert (found.code, found.grade) == (code, grade)


def test_what_fails_a_run(faults_of: FaultsOf) -> None:
    assert _policy.fail_on(None, False) == FAILS
    assert {"NO_RULE", "UNREACHABLE"} < set(FAILS)
    assert not {"OK", "ACCEPTED", "NOT_TESTED", "UDP_UNVERIFIABLE"} & set(FAILS)
    assert _policy.fail_on("no_rule, REFUSED, no_rule", False) == ("NO_RULE", "REFUSED")
    assert _policy.fail_on([], False) == ()
    assert _policy.fail_on(["NO_RULE"], True) == ()
    (found,) = faults_of(_policy.fail_on, ["NO_RULES"], False)
    assert "did you mean 'NO_RULE'" in found


def test_names_of_processes_are_by_flow(catalog: Catalog, faults_of: FaultsOf) -> None:
    assert _policy.processes(None, catalog) == {}
    found = _policy.processes({"pdm-vpsx-lpr": "lpd, lrsd", "pdm-vpsx-ipp": ["cupsd"]}, catalog)
    assert found == {"pdm-vpsx-lpr": ("lpd", "lrsd"), "pdm-vpsx-ipp": ("cupsd",)}
    assert "did you mean" in faults_of(_policy.processes, {"pdm-vpsx-lp": "lpd"}, catalog)[0]
    assert "printnet_processes" in faults_of(_policy.processes, ["lpd"], catalog)[0]


# --- how connections are made -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "time", "outside"),
    [
        ("19:00-23:30", "19:00", False),
        ("19:00-23:30", "23:30", True),
        ("19:00-05:30", "23:59", False),
        ("19:00-05:30", "05:29", False),
        ("19:00-05:30", "05:30", True),
        ("19:00-05:30", "12:00", True),
        ("", "12:00", False),
    ],
)
def test_the_window_for_print_ports(window: str, time: str, outside: bool) -> None:
    hours, minutes = map(int, time.split(":"))
    found = _policy.settings({"printnet_probe_print_window": window}.get, hours * 60 + minutes)
    assert (found.outside_window, found.print_window) == (outside, window)


@pytest.mark.parametrize(
    ("window", "time", "left"),
    [
        ("19:00-23:30", "23:29:30", 30),
        ("19:00-05:30", "23:30:00", 6 * 3600),
        ("19:00-05:30", "05:29:59", 1),
        ("19:00-05:30", "12:00:00", 0),
        ("00:00-00:00", "12:00:00", 0),
        ("", "12:00:00", None),
    ],
)
def test_how_long_the_window_is_still_open(window: str, time: str, left: float | None) -> None:
    now = datetime.fromisoformat(f"2026-11-21T{time}")
    assert _policy.window_left({"printnet_probe_print_window": window}.get, now) == left


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("timeout", "long", "'long' must be a number from 0.2 to 60"),
        ("timeout", 0, "must be a number from 0.2 to 60"),
        ("timeout", True, "True must be a number"),
        ("rate", "nan", "must be a number from 0 to 100000"),
        ("at_once", 1e9, "must be a number from 1 to 1000"),
        ("deadline", [5], "[5] must be a number"),
        ("print_window", "7pm", "'7pm' must be hours such as 19:00-05:30"),
        ("print_window", "24:00-25:00", "must be hours"),
        ("print_ports", "perhaps", "'perhaps'"),
    ],
)
def test_a_setting_that_is_none_is_named(faults_of: FaultsOf, name: str, value: Any, told: str) -> None:
    (found,) = faults_of(_policy.settings, {f"printnet_probe_{name}": value}.get, 0)
    assert found.startswith(f"printnet_probe_{name}: ")
    assert told in found


def test_settings_may_be_text_as_in_ini_inventories() -> None:
    raw: dict[str, Any] = {
        "printnet_probe_timeout": "1.5",
        "printnet_probe_print_ports": "yes",
        "printnet_probe_sample": "0",
    }
    found = _policy.settings(raw.get, 0)
    assert (found.timeout, found.print_ports, found.at_once) == (1.5, True, 64)
    assert (_policy.sample(raw.get), _policy.sample(dict[str, Any]().get)) == (0, 5)
