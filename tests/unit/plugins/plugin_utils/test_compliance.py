# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report that is made of plan and observations: by the published schema, whatever is wrong in the estate."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _compliance, _observed
from ansible_collections.printnet.ports.plugins.plugin_utils._compliance import Policy, Run
from ansible_collections.printnet.ports.plugins.plugin_utils._exposure import Known
from ansible_collections.printnet.ports.plugins.plugin_utils._policy import Accepted
from ansible_collections.printnet.ports.plugins.plugin_utils._probe_plan import Settings
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _shape
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils import checks
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils._report import hostile
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils.checks import Check

PLAIN = Policy()
RUN = Run(
    id="20261121T220538Z-3f8a01",
    by="admin@controller",
    started=datetime(2026, 11, 21, 22, 5, 6, tzinfo=UTC),
    ended=checks.NOW,
    seconds=32.06,
    versions={"collection": "0.1.0", "ansible_core": "2.21.0", "python": "3.13.1"},
    digests=dict.fromkeys(("collection", "catalog", "topology", "plan"), "0" * 64),
)


@pytest.fixture(name="schema", scope="module")
def _schema(root: Path) -> Any:
    return jsonschema.Draft202012Validator(
        json.loads((root / "docs/schemas/compliance-1.schema.json").read_text(encoding="utf-8"))
    )


def reported(made: Check, policy: Policy = PLAIN) -> dict[str, Any]:
    return _compliance.report(RUN, _compliance.judge(made.plan, made.pairs, made.facts(), policy))


def healthy(made: Check) -> None:
    pass


def away(made: Check) -> None:
    made.absent["v1"] = _observed.absent("v1", _observed.UNREACHABLE, "timed out")
    made.absent["v2"] = _observed.absent("v2", _observed.LIMITED_OUT, "the run is limited to v1")
    made.absent["w1"] = _observed.absent("w1", _observed.NOT_MANAGED, "Windows")


def open_to_all(made: Check) -> None:
    made.answers["v1"]["rules"]["firewalls"] = []
    made.foreign("s1", True, "1-1024", "any")
    made.answers["s1"]["listeners"].append(checks.listener("tcp", 1000))


def harmful(made: Check) -> None:
    text = "".join(text for text in hostile.TEXTS if len(text) < 1000)
    for name, here in made.answers.items():
        here["system"] = here["why"] = text
        here["rules"]["notes"] = [text] * 100
        here["rules"]["egress"] = text
        made.foreign(name, True, "5000-5100", "any")
        here["rules"]["foreign"][-1]["where"] = text
        here["listeners"] += [checks.listener("tcp", port, process=text, unit=text) for port in (5001, 5050)]
        for one in here["probes"].values():
            one.update(said=text, errno=text, local=text, outcome=text, facts={text: text})


def rubbish(made: Check) -> None:
    answers: list[Any] = [
        {},
        {"rules": 5, "probes": []},
        {"rules": {"seen": True, "firewalls": [1]}},
        {"why": {}},
    ]
    made.answers.update(zip(made.answers, answers, strict=True))


@pytest.mark.parametrize("estate", [healthy, away, open_to_all, harmful, rubbish])
def test_a_report_is_as_published(site: Any, schema: Any, estate: Callable[[Check], None]) -> None:
    made = checks.check(site)
    estate(made)
    report = reported(made)
    assert _shape.faults(report) == []
    schema.validate(report)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    ids = [one["id"] for one in report["verdicts"]]
    assert len(set(ids)) == len(ids)
    assert sum(report["counts"].values()) == len(ids)
    named = {one["flow"] for one in report["verdicts"]} - {""}
    assert named <= report["flows"].keys()
    ends = {one[end]["component"] for one in report["verdicts"] for end in ("source", "destination")} - {""}
    assert ends <= report["components"].keys()


def test_ids_are_the_same_whatever_is_wrong(site: Any) -> None:
    made = checks.check(site)
    before = [one["id"] for one in reported(made)["verdicts"]]
    away(made)
    after = [one["id"] for one in reported(made)["verdicts"]]
    assert set(before) <= set(after)


def test_a_sample_is_part_of_what_the_report_says(site: Any, schema: Any) -> None:
    groups = {"vpsx": ["v1"], "printer": [f"p{number}" for number in range(20)]}
    hosts = {name: {"ansible_host": f"203.0.113.{number}"} for number, name in enumerate(["v1", *groups["printer"]])}
    plan = site({"all": list(hosts), **groups}, hosts, {"printnet_networks": {"workstation": "198.18.0.0/24"}}).plan()
    made = replace(checks.check(site), plan=plan, pairs=checks.pairs_of(plan, 3), answers={})
    report = reported(made)
    schema.validate(report)
    (sample,) = report["coverage"]["samples"]
    assert (sample["component"], sample["network"], sample["size"]) == ("printer", "203.0.113.0/24", 20)
    assert len(sample["chosen"]) == 3


def test_every_host_is_in_the_coverage(site: Any) -> None:
    made = checks.check(site)
    away(made)
    found = {
        one["host"]: (one["components"], one["state"], one["reason"]) for one in reported(made)["coverage"]["hosts"]
    }
    assert found == {
        "v1": (["vpsx"], "unreachable", "timed out"),
        "v2": (["vpsx"], "limited_out", "the run is limited to v1"),
        "s1": (["serverx"], "observed", ""),
        "w1": (["workstation"], "not_managed", "Windows"),
    }


def test_one_fault_is_enough_to_fail(site: Any) -> None:
    made = checks.check(site)
    assert reported(made)["compliant"]
    made.probed("s1", "connect tcp/5501", outcome="timeout")
    assert not reported(made)["compliant"]
    assert reported(made, Policy(fail_on=("NO_RULE",)))["compliant"]
    only = reported(made, Policy(fail_on=(), report_only=True))
    assert only["compliant"]
    assert {one["severity"] for one in only["verdicts"]} == {"ok", "information", "warning"}


def test_what_is_accepted_until_today_fails_no_run(site: Any, schema: Any) -> None:
    made = checks.check(site)
    made.probed("s1", "connect tcp/5501 192.0.2.1", outcome="timeout")
    entry = Accepted("PATH_BLOCKED", "moves", "J. Doe", date(2026, 11, 21), checks.API)
    report = reported(made, Policy(accepted=(entry,)))
    schema.validate(report)
    assert report["compliant"]
    (found,) = [one for one in report["verdicts"] if one["code"] == "ACCEPTED"]
    assert found["accepted"]["code"] == "PATH_BLOCKED"
    late = replace(entry, until=date(2026, 11, 20))
    assert not reported(made, Policy(accepted=(late,)))["compliant"]


def test_what_is_accepted_ends_with_the_controllers_day(site: Any) -> None:
    """At 22:05 UTC of the 21st it is the 22nd in Helsinki, and still the 21st where nobody says otherwise."""
    made = checks.check(site)
    made.probed("s1", "connect tcp/5501 192.0.2.1", outcome="timeout")
    entry = Accepted("PATH_BLOCKED", "moves", "J. Doe", date(2026, 11, 21), checks.API)
    for today, compliant in ((date(2026, 11, 21), True), (date(2026, 11, 22), False), (None, True)):
        assert reported(made, Policy(accepted=(entry,), today=today))["compliant"] is compliant


def test_an_open_port_that_no_print_product_uses_fails_no_run(site: Any, schema: Any) -> None:
    made = checks.check(site)
    made.foreign("v1", True, "22", "any")
    report = reported(made)
    assert (report["counts"]["UNDECLARED_OPEN"], report["compliant"]) == (1, True)
    assert len(report["suggestions"]["known_open"]) == 2
    known = {"v1": (Known("tcp", (22, 22)),), "v2": (Known("tcp", (22, 22)), Known("tcp", (23, 25), "x"))}
    declared = reported(made, Policy(known=known))
    schema.validate(declared)
    assert "UNDECLARED_OPEN" not in declared["counts"]
    assert [one["hosts"] for one in declared["policy"]["known_open"]] == [["v1", "v2"], ["v2"]]


def test_print_ports_count_as_tried_when_they_were(site: Any) -> None:
    made = checks.check(site)
    for settings, tried in (
        (Settings(), False),
        (Settings(print_ports=True), True),
        (Settings(print_ports=True, outside_window=True), False),
    ):
        made.settings = settings
        assert reported(made)["coverage"]["probes"]["print_ports"] is tried
    # They were tried within the hours, which were over when it was judged.
    late = checks.check(site, settings=Settings(print_ports=True))
    late.settings = Settings(print_ports=True, outside_window=True)
    assert reported(late)["coverage"]["probes"]["print_ports"] is True
