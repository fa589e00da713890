# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came and what went; and files that are no report say what they are instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _drift, _store, _view
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils._report import reports

FaultsOf = Callable[..., list[str]]


def _estate(code: str | None, state: str = "observed") -> reports.Report:
    """A report with one verdict, or none, on a host in that state."""
    report = reports.report(1, rates={"OK": 1000}, every_code=False)
    verdict = report["verdicts"][0]
    host = verdict["destination"]["host"]
    report["coverage"]["hosts"] = [
        {"host": host, "components": [], "state": state, "reason": "", "firewall": "", "egress": "", "notes": [],
         "distribution": ""}
    ]  # fmt: skip
    report["verdicts"] = [] if code is None else [verdict | {"code": code}]
    return report


@pytest.mark.parametrize(
    ("before", "after", "state", "came", "went"),
    [
        ("OK", "OK", "observed", None, None),
        ("OK", "NO_RULE", "observed", "OK", None),
        (None, "NO_RULE", "observed", "", None),
        ("NO_RULE", "OK", "observed", None, "OK"),
        ("NO_RULE", "ACCEPTED", "observed", None, "ACCEPTED"),
        ("ACCEPTED", "NO_RULE", "observed", "ACCEPTED", None),
        ("ACCEPTED", "OK", "observed", None, None),
        ("NO_RULE", "NO_RULE", "observed", None, None),
        ("NO_RULE", "NO_LISTENER", "observed", "NO_RULE", "NO_LISTENER"),
        # Nobody looked: it may be there still.
        ("NO_RULE", "NOT_TESTED", "limited_out", "NO_RULE", None),
        ("NO_RULE", "UNREACHABLE", "unreachable", "NO_RULE", None),
        ("UNDECLARED_OPEN", None, "limited_out", None, None),
        ("UNDECLARED_OPEN", None, "unreachable", None, None),
        ("UNDECLARED_OPEN", None, "partly", None, None),
        ("UNDECLARED_OPEN", None, "failed", None, None),
        ("UNDECLARED_OPEN", None, "observed", None, ""),
        # Of a host that could not be reached a look at some of it is enough.
        ("UNREACHABLE", None, "partly", None, ""),
        ("UNREACHABLE", None, "limited_out", None, None),
        ("UNREACHABLE", "NOT_TESTED", "partly", "UNREACHABLE", "NOT_TESTED"),
        ("UNREACHABLE", "NOT_TESTED", "limited_out", "UNREACHABLE", None),
    ],
)
def test_came_and_went(before: str | None, after: str | None, state: str, came: str | None, went: str | None) -> None:
    found = _drift.drift(_estate(before), _estate(after, state), {"id": "r", "ended": "", "sha256": ""})
    assert [one["before"] for one in found["came"]] == ([] if came is None else [came])
    assert [(one["code"], one["now"]) for one in found["went"]] == ([] if went is None else [(before, went)])


def test_what_stands_behind_rules_that_nobody_could_see_has_not_gone() -> None:
    before, after = _estate("UNDECLARED_OPEN"), _estate("NOT_TESTED")
    after["verdicts"][0] |= {"id": "f" * 16, "flow": "", "source": dict.fromkeys(("component", "host", "address"), "")}
    assert _drift.drift(before, after, {"id": "r", "ended": "", "sha256": ""})["went"] == []


def test_a_report_that_was_written_is_read_again() -> None:
    report = reports.report(40)
    content = _store.files(report, ["json"])["compliance.json"]
    assert _drift.load("compliance.json", content) == _view.tidy(report)
    assert _drift.baseline(content, report) == {
        "id": report["run"]["id"],
        "ended": report["run"]["ended"],
        "sha256": _store.files(report, ["json"])["SHA256SUMS"].decode().split()[0],
    }


def _changed(**parts: Any) -> bytes:
    return json.dumps(reports.report(30) | parts).encode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "old.json is no report, or a damaged one (line 1)"),
        (b"\xff\xfe", "old.json can't be read: it is not UTF-8"),
        (_changed()[:-300], "old.json is no report, or a damaged one (line 1)"),
        (b"[" * 100_000, "old.json is no report, or a damaged one"),
        (b"[]", "old.json is JSON, but no report"),
        (b'{"format": 1}', "old.json is JSON, but no report"),
        (_changed(format="printnet.ports plan 1"), "old.json is JSON, but no report"),
        (_changed(format="printnet.ports compliance 2"), "this version reads 'printnet.ports compliance 1'"),
        (_changed(verdicts=[1]), "old.json is a damaged report: verdicts, entry 1: 1 must be a dictionary"),
        (_changed(run={}), "old.json is a damaged report: run: id, by"),
    ],
)  # fmt: skip
def test_files_that_are_no_report(faults_of: FaultsOf, content: bytes, says: str) -> None:
    assert says in faults_of(_drift.load, "old.json", content)[0]
