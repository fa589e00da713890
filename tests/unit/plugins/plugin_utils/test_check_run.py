# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of the compliance check, as far as no host takes part: who told what, when it began, and what it is called."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _check_run, _observed
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Seen
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _shape
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils import checks

FaultsOf = Callable[..., list[str]]
NOW = checks.NOW
ASKED: dict[str, Any] = {
    "observed": "seen",
    "folder": None,
    "formats": None,
    "baseline": None,
    "accepted": [],
    "fail_on": None,
    "report_only": False,
    "store": None,
    "title": "",
    "merge": [],
}


@pytest.mark.parametrize(
    ("answer", "limited", "in_play", "state", "why"),
    [
        (None, "v2", False, "limited_out", "the run is limited to v2"),
        (None, None, False, "limited_out", "the run does not include it"),
        (None, "v1", True, "failed", "it told nothing; see the run's own messages"),
        ("text", None, True, "failed", "it told nothing; see the run's own messages"),
        ({"unreachable": True, "msg": "timed\nout"}, None, True, "unreachable", "timed?out"),
        ({"unreachable": True}, None, True, "unreachable", "no connection"),
        ({"not_managed": True, "why": "Windows\x1b[2J"}, None, True, "not_managed", "Windows?[2J"),
        ({"failed": True, "msg": ["a"]}, None, True, "failed", "['a']"),
        ({"changed": False}, None, True, "failed", "the task failed"),
        ({"rules": {"seen": True}, "root": True}, None, True, "observed", ""),
        ({"rules": {"seen": True}, "why": "root was refused"}, None, True, "partly", "root was refused"),
        ({"rules": None}, None, True, "partly", "the host told nothing of its rules"),
    ],
)
def test_what_became_of_a_host(answer: Any, limited: Any, in_play: bool, state: str, why: str) -> None:
    seen = _check_run._one("v1", answer, limited, in_play)
    assert (seen.host, seen.state, seen.why) == ("v1", state, why)


@pytest.mark.parametrize(
    ("asked", "began"),
    [
        ([], 0),
        ([0.0], 0),
        ([NOW.timestamp() - 30, NOW.timestamp() - 5, 0.0], -30),
        # A clock that is ahead, or rubbish, does not move it.
        ([NOW.timestamp() + 30], 0),
        ([NOW.timestamp() - 30, 1e300, float("inf"), float("nan"), -1.0], -30),
    ],
)
def test_when_a_run_began(asked: list[float], began: int) -> None:
    found = _check_run._started([Seen("h", asked=one) for one in asked], NOW)
    assert (found - NOW).total_seconds() == began


def test_two_runs_of_one_second_differ() -> None:
    names = {_check_run._run_id(NOW) for _number in range(50)}
    assert len(names) > 40
    assert all(name.startswith("20261121T220538Z-") and len(name) == 23 for name in names)


def test_the_version_is_that_of_the_checkout(root: Path) -> None:
    assert f"\nversion: {_check_run._version()}\n" in (root / "galaxy.yml").read_text(encoding="utf-8")


def estate(site: Any, **everywhere: Any) -> Any:
    """The little estate, whose hosts have told what they saw."""
    made = checks.check(site)
    hosts = {
        name: {"ansible_host": at, **({"seen": made.answers[name]} if name in made.answers else {})}
        for name, at in checks.ADDRESSES.items()
    }
    variables = {"printnet_networks": checks.NETWORKS, "printnet_outbound": True, **everywhere}
    return site({"all": list(hosts), **checks.GROUPS}, hosts, variables)


def run(here: Any, variables: Any = None, **asked: Any) -> _check_run.Made:
    play = {"ansible_play_hosts_all": list(checks.ADDRESSES), **(variables or {})}
    return _check_run.run(here.call("v1"), {**ASKED, **asked}, play, str, check_mode=False)


def test_a_run_is_judged_and_written(site: Any, tmp_path: Path) -> None:
    made = run(estate(site), folder=str(tmp_path / "reports"), store=str(tmp_path / "store"), title="first")
    assert _shape.faults(made.report) == []
    assert made.report["compliant"]
    assert made.report["run"]["title"] == "first"
    assert all(len(one) == 64 for one in made.report["digests"].values())
    name = made.report["run"]["id"]
    assert made.written == [str(tmp_path / "reports" / name), str(tmp_path / "store" / name)]
    written = (tmp_path / "reports" / name / "compliance.json").read_bytes()
    assert hashlib.sha256(written).hexdigest() in (tmp_path / "store" / name / "SHA256SUMS").read_text("utf-8")
    again = run(estate(site), baseline=str(tmp_path / "reports" / name / "compliance.json"), folder=str(tmp_path))
    assert (again.report["drift"]["came"], again.report["drift"]["went"]) == ([], [])
    merged = run(estate(site), merge=[f"{place}/compliance.json" for place in (made.written[0], again.written[0])])
    assert _shape.faults(merged.report) == []
    assert {one["id"] for one in merged.report["verdicts"]} == {one["id"] for one in made.report["verdicts"]}


def test_what_came_since_an_earlier_report(site: Any, tmp_path: Path) -> None:
    first = run(estate(site), folder=str(tmp_path), formats=["json"])
    here = estate(site)
    here.hosts["s1"] = {"ansible_host": checks.ADDRESSES["s1"], "seen": {"unreachable": True, "msg": "timed out"}}
    second = run(here, baseline=f"{first.written[0]}/compliance.json")
    assert second.report["counts"]["UNREACHABLE"] >= 1
    came = {one["id"] for one in second.report["drift"]["came"]}
    assert came == {one["id"] for one in second.report["verdicts"] if one["code"] == "UNREACHABLE"}


@pytest.mark.parametrize(
    ("everywhere", "asked", "told"),
    [
        ({"printnet_known_open": ["tcp/x"]}, {}, "host v1, printnet_known_open, entry 1"),
        ({"printnet_processes": {"x": "y"}}, {}, "printnet_processes"),
        ({"printnet_probe_from": ["workstations"]}, {}, "did you mean 'workstation'"),
        ({"printnet_probe_sample": -1}, {}, "printnet_probe_sample"),
        ({}, {"accepted": [{}]}, "printnet_accepted, entry 1"),
        ({}, {"fail_on": ["X"]}, "printnet_fail_on"),
        ({}, {"baseline": "/nowhere/compliance.json"}, "/nowhere/compliance.json"),
        ({}, {"merge": ["/nowhere/compliance.json"]}, "/nowhere/compliance.json"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(
    site: Any, tmp_path: Path, everywhere: Any, asked: Any, told: str
) -> None:
    with pytest.raises(PortsError) as wrong:
        run(estate(site, **everywhere), folder=str(tmp_path / "reports"), **asked)
    assert told in wrong.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_the_limit_left_out_is_covered(site: Any) -> None:
    here = estate(site)
    del here.hosts["s1"]["seen"]
    report = run(here, {"ansible_limit": "vpsx", "ansible_play_hosts_all": ["v1", "v2"]}).report
    (found,) = [one for one in report["coverage"]["hosts"] if one["host"] == "s1"]
    assert (found["state"], found["reason"]) == (_observed.LIMITED_OUT, "the run is limited to vpsx")
    assert report["compliant"]


@pytest.mark.parametrize(
    ("running", "reason"),
    [
        (["v1", "v2", "s1"], "no variable seen: did compliance_info run there, and was its answer registered?"),
        (["v1", "v2"], "it told nothing; see the run's own messages"),
    ],
)
def test_a_host_that_registered_nothing_is_told_from_one_that_failed(site: Any, running: Any, reason: str) -> None:
    here = estate(site)
    del here.hosts["s1"]["seen"]
    report = run(here, {"ansible_play_hosts": running}).report
    (found,) = [one for one in report["coverage"]["hosts"] if one["host"] == "s1"]
    assert (found["state"], found["reason"]) == (_observed.FAILED, reason)


def test_digests_tell_other_plans_and_addresses_apart(site: Any) -> None:
    first, same, other = (
        run(estate(site, **more)).report["digests"] for more in ({}, {}, {"printnet_features": {"dns_tcp": True}})
    )
    assert first == same
    assert first["plan"] != other["plan"]
    assert (first["collection"], first["topology"]) == (other["collection"], other["topology"])


def test_what_is_accepted_and_what_fails_holds_for_merged_reports_too(site: Any, tmp_path: Path) -> None:
    here = estate(site)
    here.hosts["s1"] = {"ansible_host": checks.ADDRESSES["s1"], "seen": {"unreachable": True, "msg": "timed out"}}
    parts = [f"{run(here, folder=str(tmp_path), formats=['json']).written[0]}/compliance.json" for _each in range(2)]
    plain = run(here, merge=parts).report
    assert (plain["compliant"], "UNREACHABLE" in plain["counts"]) == (False, True)
    assert run(here, merge=parts, fail_on=["NO_RULE"]).report["compliant"]
    only = run(here, merge=parts, report_only=True).report
    assert only["compliant"]
    assert {one["severity"] for one in only["verdicts"] if one["code"] == "UNREACHABLE"} == {"warning"}
    entry = {"code": "UNREACHABLE", "reason": "moves", "approver": "J. Smith", "until": "2099-01-01"}
    agreed = run(here, merge=parts, accepted=[entry]).report
    assert _shape.faults(agreed) == []
    assert (agreed["compliant"], agreed["counts"].get("UNREACHABLE")) == (True, None)
    assert agreed["policy"]["accepted"][0]["approver"] == "J. Smith"
    (one, *_more) = [one for one in agreed["verdicts"] if one["code"] == "ACCEPTED"]
    assert (one["accepted"]["code"], one["remedy"]) == ("UNREACHABLE", "")
    networks = [one for one in agreed["verdicts"] if one["source"]["address"] == "198.51.100.0/24"]
    assert [one["source"] for one in networks] == [
        one["source"] for one in plain["verdicts"] if one["source"]["address"] == "198.51.100.0/24"
    ]


def test_slices_that_only_reported_are_no_proof(site: Any, tmp_path: Path) -> None:
    here = estate(site)
    here.hosts["s1"] = {"ansible_host": checks.ADDRESSES["s1"], "seen": {"unreachable": True, "msg": "timed out"}}
    made = [run(here, folder=str(tmp_path), formats=["json"], report_only=only) for only in (True, False)]
    parts = [f"{one.written[0]}/compliance.json" for one in made]
    for asked in ({}, {"fail_on": ["UNREACHABLE"]}):
        with pytest.raises(PortsError) as wrong:
            run(here, merge=parts, folder=str(tmp_path / "merged"), **asked)
        assert f"The report of the run {made[0].report['run']['id']} was made" in wrong.value.message
        assert "merge with printnet_report_only" in wrong.value.message
    assert not (tmp_path / "merged").exists()
    assert run(here, merge=parts, report_only=True).report["compliant"]
    assert run(here, merge=parts, fail_on=[]).report["compliant"]


@pytest.mark.parametrize("group", ["vpsx_servers", "workstation"])
def test_an_estate_with_nothing_to_check_is_not_compliant(site: Any, tmp_path: Path, group: str) -> None:
    answer = checks.check(site).answers["v1"]
    here = site({"all": ["v1"], group: ["v1"]}, {"v1": {"ansible_host": "192.0.2.1", "seen": answer}})
    with pytest.raises(PortsError) as wrong:
        run(here, folder=str(tmp_path / "reports"))
    assert wrong.value.message.startswith("Nothing was proved: ")
    assert "printnet_groups" in wrong.value.message
    assert list(tmp_path.iterdir()) == []
    assert run(here, report_only=True).report["compliant"]


def test_a_merge_accepts_by_the_name_of_a_network(site: Any, tmp_path: Path) -> None:
    here = estate(site)
    parts = [f"{run(here, folder=str(tmp_path), formats=['json']).written[0]}/compliance.json" for _each in range(2)]
    entry = {"code": "NOT_TESTED", "reason": "x", "approver": "y", "until": "2099-01-01", "source": "198.51.100.*"}
    merged = run(here, merge=parts, accepted=[entry]).report["verdicts"]
    direct = run(here, accepted=[entry]).report["verdicts"]
    assert {one["id"]: (one["code"], one["evidence"]) for one in merged} == {
        one["id"]: (one["code"], one["evidence"]) for one in direct
    }
