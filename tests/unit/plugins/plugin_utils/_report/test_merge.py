# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reports of slices as one: what is better known counts, nothing is told twice, nothing red gets lost."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils._policy import Accepted
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _again, _merge, _shape
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils._report import reports

FaultsOf = Callable[..., list[str]]
RUN = {"id": "merged", "by": "admin@controller", "title": "both sites"}
# State of the source and of the destination, then the code.
Part = tuple[str, str, str | None]


def _report(number: int, part: Part, flow: bool = True) -> reports.Report:
    report = copy.deepcopy(reports.report(1, rates={"OK": 1000}, every_code=False))
    report["run"] |= {"id": f"run{number}", "ended": f"2026-11-21T22:0{number}:00Z"}
    source, destination, code = part
    host = report["coverage"]["hosts"][:1] or [
        {"components": [], "reason": "", "firewall": "", "egress": "", "notes": [], "distribution": ""}
    ]
    verdict = report["verdicts"][0]
    verdict["source"] = {"component": "vpsx", "host": "one", "address": "192.0.2.1"}
    verdict["destination"] = {"component": "serverx", "host": "two", "address": "192.0.2.2"}
    if not flow:
        verdict |= {"flow": "", "source": dict.fromkeys(verdict["source"], "")}
    states = {"one": source, "two": destination}
    report["coverage"]["hosts"] = [{**host[0], "host": name, "state": state} for name, state in states.items()]
    severity = reports.CODES[code or "OK"][0]
    report["verdicts"] = [] if code is None else [verdict | {"code": code, "severity": severity}]
    return report


SEEN, OUT, GONE, PART = "observed", "limited_out", "unreachable", "partly"


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ((SEEN, SEEN, "OK"), (OUT, OUT, "NOT_TESTED"), "OK"),
        ((OUT, OUT, "NOT_TESTED"), (SEEN, SEEN, "NO_RULE"), "NO_RULE"),
        ((SEEN, SEEN, "NO_RULE"), (OUT, OUT, "NOT_TESTED"), "NO_RULE"),
        ((GONE, GONE, "UNREACHABLE"), (OUT, OUT, "NOT_TESTED"), "UNREACHABLE"),
        ((SEEN, OUT, "OK"), (SEEN, SEEN, "NO_RULE"), "NO_RULE"),
        ((SEEN, SEEN, "OK"), (SEEN, OUT, "PATH_BLOCKED"), "OK"),
        ((SEEN, SEEN, "OK"), (PART, SEEN, "NO_RULE"), "OK"),
        # Both saw the same: it was mended in between, or broke.
        ((SEEN, SEEN, "NO_RULE"), (SEEN, SEEN, "OK"), "OK"),
        ((SEEN, SEEN, "OK"), (SEEN, SEEN, "NO_RULE"), "NO_RULE"),
        # Each saw another end: neither knows better, and what is red stays red.
        ((SEEN, OUT, "OK"), (OUT, SEEN, "RULE_LIVE_ONLY"), "RULE_LIVE_ONLY"),
        ((SEEN, OUT, "PATH_BLOCKED"), (OUT, SEEN, "OK"), "PATH_BLOCKED"),
        # The source connected, which outweighs what seems to be missing, though it saw less.
        ((SEEN, OUT, "OK"), (OUT, SEEN, "NO_LISTENER"), "OK"),
        ((OUT, SEEN, "NO_RULE"), (PART, OUT, "OK"), "OK"),
        ((OUT, SEEN, "OK"), (SEEN, OUT, "NO_RULE"), "NO_RULE"),
        # Somebody looked at it later.
        ((GONE, SEEN, "UNREACHABLE"), (PART, SEEN, "NOT_TESTED"), "NOT_TESTED"),
        ((PART, SEEN, "NOT_TESTED"), (GONE, SEEN, "UNREACHABLE"), "UNREACHABLE"),
        # What is nearest to somebody's hand, whichever ended last.
        ((SEEN, OUT, "NO_RULE"), (OUT, SEEN, "NO_LISTENER"), "NO_RULE"),
        ((OUT, SEEN, "NO_LISTENER"), (SEEN, OUT, "PATH_BLOCKED"), "NO_LISTENER"),
        ((SEEN, OUT, "PATH_BLOCKED"), (OUT, SEEN, "BLOCKED_BY_RULE"), "BLOCKED_BY_RULE"),
    ],
)
def test_who_knows_better(first: Part, second: Part, code: str) -> None:
    for parts in ([_report(1, first), _report(2, second)], [_report(2, second), _report(1, first)]):
        merged = _merge.merge(parts, RUN)
        assert _shape.faults(merged) == []
        assert [one["code"] for one in merged["verdicts"]] == [code]
        assert merged["counts"] == {code: 1}
        assert merged["compliant"] == (code not in merged["policy"]["fail_on"])


@pytest.mark.parametrize("order", [1, -1])
def test_the_causes_of_both_ends_are_kept(order: int) -> None:
    parts = [_report(number, part) for number, part in enumerate(
        [(SEEN, OUT, "PATH_BLOCKED"), (OUT, SEEN, "NO_LISTENER"), (SEEN, OUT, "NO_RULE")][::order], 1
    )]  # fmt: skip
    for part in parts:
        part["verdicts"][0] |= {"evidence": [f"told {part['verdicts'][0]['code']}"], "also": ["TLS_INVALID"]}
    (found,) = _merge.merge(parts, RUN)["verdicts"]
    # The later of the two that saw the source counts, and what it saw comes first where it is nearer.
    first = "NO_RULE" if order == 1 else "NO_LISTENER"
    other = "NO_LISTENER" if order == 1 else "PATH_BLOCKED"
    assert found["code"] == first
    assert found["also"] == ["TLS_INVALID", other]
    assert found["evidence"] == [f"told {first}", f"told {other}"]


def test_what_is_odd_though_it_works_is_told() -> None:
    parts = [_report(1, (SEEN, OUT, "OK")), _report(2, (OUT, SEEN, "NO_RULE"))]
    parts[0]["verdicts"][0]["evidence"] = ["connected"]
    parts[1]["verdicts"][0] |= {
        "evidence": ["no rule", "No connection was tried: one could not be used as its source."]
    }
    (found,) = _merge.merge(parts, RUN)["verdicts"]
    assert (found["severity"], found["also"], found["remedy"]) == ("ok", [], "")
    assert found["evidence"] == ["connected", "It works all the same. no rule"]
    # What no connection proves wrong stays red, and so does what the controller alone connected to.
    parts[1]["verdicts"][0]["also"] = ["RULE_LIVE_ONLY"]
    assert _merge.merge(parts, RUN)["counts"] == {"NO_RULE": 1}
    parts[1]["verdicts"][0]["also"] = []
    parts[0]["verdicts"][0]["evidence"] = ["In place of one: the controller connected"]
    assert _merge.merge(parts, RUN)["counts"] == {"NO_RULE": 1}


def _cluster(number: int, part: Part, also: tuple[str, ...] = ()) -> reports.Report:
    """The same with a second node at the address, of which nothing else is known."""
    report = _report(number, part)
    one = report["verdicts"][0]
    one["also"] = list(also)
    other = {**one, "id": reports.verdict_id("three"), "code": "NOT_TESTED", "severity": "information", "also": []}
    other["destination"] = {**one["destination"], "host": "three"}
    report["verdicts"].append(other)
    return report


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ((SEEN, OUT, "OK"), (OUT, SEEN, "NO_RULE"), "NO_RULE"),
        ((SEEN, OUT, "OK"), (OUT, PART, "SCOPE_TOO_NARROW"), "SCOPE_TOO_NARROW"),
        ((SEEN, PART, "OK"), (OUT, SEEN, "BLOCKED_BY_RULE"), "BLOCKED_BY_RULE"),
        ((SEEN, OUT, "OK"), (OUT, GONE, "UNREACHABLE"), "UNREACHABLE"),
        ((SEEN, OUT, "OK"), (SEEN, GONE, "UNREACHABLE"), "UNREACHABLE"),
        # The passive node does not listen, and who looked at the rules knows better than who did not.
        ((SEEN, OUT, "OK"), (OUT, SEEN, "NO_LISTENER"), "OK"),
        ((SEEN, SEEN, "OK"), (OUT, SEEN, "NO_RULE"), "OK"),
        ((SEEN, PART, "OK"), (OUT, GONE, "UNREACHABLE"), "OK"),
        ((SEEN, OUT, "OK"), (GONE, OUT, "UNREACHABLE"), "OK"),
    ],
)
def test_a_connection_to_an_address_of_several_hosts_proves_nothing_of_each(
    first: Part, second: Part, code: str
) -> None:
    for one, two in ((1, 2), (2, 1)):
        merged = _merge.merge([_cluster(one, first), _cluster(two, second)], RUN)
        (found,) = [verdict for verdict in merged["verdicts"] if verdict["destination"]["host"] == "two"]
        assert found["code"] == code
        assert merged["compliant"] == (code not in merged["policy"]["fail_on"])


def test_a_node_that_is_passive_and_blocked_as_well_is_told() -> None:
    parts = [_cluster(1, (SEEN, OUT, "OK")), _cluster(2, (OUT, SEEN, "NO_LISTENER"), ("BLOCKED_BY_RULE",))]
    assert "NO_LISTENER" in _merge.merge(parts, RUN)["counts"]


def _agreed(number: int, part: Part, code: str) -> reports.Report:
    report = _report(number, part)
    kept = {"code": code, "reason": "moves", "approver": "J. Smith", "until": "2099-01-01"}
    report["verdicts"][0]["accepted"] = kept
    return report


@pytest.mark.parametrize(
    ("accepted", "other", "code"),
    [
        # Nobody could test it, so whoever did knows better.
        (((SEEN, SEEN, "ACCEPTED"), "NOT_TESTED"), (OUT, SEEN, "OK"), "OK"),
        (((GONE, SEEN, "ACCEPTED"), "UNREACHABLE"), (OUT, SEEN, "OK"), "OK"),
        (((OUT, SEEN, "ACCEPTED"), "NO_LISTENER"), (SEEN, OUT, "UDP_UNVERIFIABLE"), "ACCEPTED"),
        (((OUT, SEEN, "ACCEPTED"), "NO_LISTENER"), (SEEN, OUT, "PATH_BLOCKED"), "PATH_BLOCKED"),
    ],
)
def test_what_was_accepted_counts_as_what_it_is(accepted: tuple[Part, str], other: Part, code: str) -> None:
    for one, two in ((1, 2), (2, 1)):
        parts = [_agreed(one, *accepted), _report(two, other)]
        assert _merge.merge(parts, RUN)["counts"] == {code: 1}


def test_one_end_that_works_adds_nothing_to_what_does_not() -> None:
    parts = [_report(1, (SEEN, OUT, "PATH_BLOCKED")), _report(2, (OUT, SEEN, "OK"))]
    parts[1]["verdicts"][0]["evidence"] = ["it works"]
    (found,) = _merge.merge(parts, RUN)["verdicts"]
    assert ("OK" in found["also"], "it works" in found["evidence"]) == (False, False)


@pytest.mark.parametrize(
    ("first", "second", "codes"),
    [
        ((SEEN, SEEN, "UNDECLARED_OPEN"), (SEEN, SEEN, None), []),
        ((SEEN, SEEN, "UNDECLARED_OPEN"), (SEEN, OUT, None), ["UNDECLARED_OPEN"]),
        ((SEEN, SEEN, None), (SEEN, SEEN, "UNDECLARED_OPEN"), ["UNDECLARED_OPEN"]),
        ((SEEN, OUT, None), (SEEN, PART, "UNDECLARED_OPEN"), ["UNDECLARED_OPEN"]),
        ((SEEN, GONE, "UNREACHABLE"), (SEEN, PART, None), []),
        ((SEEN, GONE, "UNREACHABLE"), (SEEN, OUT, None), ["UNREACHABLE"]),
        ((SEEN, PART, None), (SEEN, GONE, "UNREACHABLE"), ["UNREACHABLE"]),
    ],
)
def test_a_port_that_was_closed_in_between_is_gone(first: Part, second: Part, codes: list[str]) -> None:
    for flow in ("", "vpsx-serverx-api"):  # a rule that is too wide names the flow whose port it opens
        parts = [_report(1, first, flow=False), _report(2, second, flow=False)]
        for part in parts:
            for one in part["verdicts"]:
                one["flow"] = flow
        merged = _merge.merge(parts, RUN)
        assert [one["code"] for one in merged["verdicts"]] == codes


def test_hosts_are_united_and_the_runs_are_named() -> None:
    parts = [_report(1, (SEEN, OUT, "OK")), _report(2, (OUT, SEEN, "OK")), _report(3, (OUT, GONE, "OK"))]
    parts[0]["run"]["by"] = "anna@north"
    merged = _merge.merge(parts, RUN)
    assert {host["host"]: host["state"] for host in merged["coverage"]["hosts"]} == {"one": SEEN, "two": SEEN}
    assert [run["id"] for run in merged["run"]["merged"]] == ["run1", "run2", "run3"]
    assert merged["run"]["merged"][0]["by"] == "anna@north"
    assert (merged["run"]["id"], merged["run"]["title"], merged["run"]["seconds"]) == ("merged", "both sites", 96.3)
    assert merged["coverage"]["probes"]["made"] == 3
    again = _merge.merge([merged, _report(4, (SEEN, SEEN, "OK"))], RUN | {"id": "again"})
    assert [run["id"] for run in again["run"]["merged"]] == ["run1", "run2", "run3", "run4"]


def test_ports_to_explain_are_those_of_all_parts_together() -> None:
    parts = [_report(number, (SEEN, SEEN, "UNDECLARED_OPEN"), flow=False) for number in (1, 2, 3)]
    for part, port in zip(parts, ("22", "22", ""), strict=True):
        one = part["verdicts"][0]
        host = f"two{part['run']['id']}"
        one |= {"id": reports.verdict_id(host), "port": port, "destination": {**one["destination"], "host": host}}
    merged = _again.agree(_merge.merge(parts, RUN), None, (), date(2026, 11, 21), False)
    assert merged["suggestions"]["known_open"] == [
        "printnet_known_open:", '  - {transport: tcp, port: 22, reason: "open on 2 hosts"}'
    ]  # fmt: skip
    entry = Accepted("UNDECLARED_OPEN", "SSH", "J. Smith", date(2099, 1, 1))
    assert _again.agree(merged, None, [entry], date(2026, 11, 21), False)["suggestions"]["known_open"] == []


def test_a_part_of_a_merged_report_is_not_merged_again(faults_of: FaultsOf) -> None:
    parts = [_report(number, (SEEN, SEEN, "OK")) for number in (1, 2, 3)]
    merged = _merge.merge(parts[:2], RUN)
    (told,) = faults_of(_merge.merge, [merged, parts[1]], RUN | {"id": "again"})
    assert told.startswith("The report of the run run2 is named twice, or is part of another one")
    both = _merge.merge(parts[1:], RUN | {"id": "other"})
    assert "run2" in faults_of(_merge.merge, [merged, both], RUN | {"id": "again"})[0]
    assert faults_of(_merge.merge, [merged, parts[2]], RUN | {"id": "again"}) == []


def _refused(**changed: Any) -> list[reports.Report]:
    one, other = _report(1, (SEEN, SEEN, "OK")), _report(2, (SEEN, SEEN, "OK"))
    for path, value in changed.items():
        part, key = path.split("__")
        other[part][key] = value
    return [one, other]


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([], "at least two reports"),
        (_refused()[:1], "at least two reports"),
        (_refused(digests__plan="f" * 64), "are not of one plan, so they can't be merged"),
        (_refused(run__id="run1"), "The report of the run run1 is named twice"),
    ],
)
def test_what_can_not_be_merged(faults_of: FaultsOf, parts: list[reports.Report], says: str) -> None:
    assert says in faults_of(_merge.merge, parts, RUN)[0]
