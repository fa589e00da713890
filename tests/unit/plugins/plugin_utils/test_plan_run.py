# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of the action plan: what it refuses before anything is touched, what it says, and its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _plan_file, _plan_run, _topology_file
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_file import Saved
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_output import Views
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_run import Files, Run

FaultsOf = Callable[..., list[str]]
Sites = Callable[..., Any]

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CLIENTS = "198.51.100.0/24"


def _site(site: Sites, **everywhere: Any) -> Any:
    groups = {"vpsx": ["v1", "v2"], "serverx": ["s1"], "dis": ["d1"], "lrsq": ["q1"], "printer": ["p1"]}
    names = ("v1", "v2", "s1", "d1", "q1", "p1")
    hosts = {name: {"ansible_host": f"192.0.2.{number}"} for number, name in enumerate(names, 1)}
    return site({"all": list(names), **groups}, hosts, {"printnet_networks": {"workstation": CLIENTS}, **everywhere})


def _run(here: Any, host: str = "v1", fresh: bool = False) -> Run:
    return _plan_run.plan(here.call(host), fresh=fresh)


def _saved(here: Any) -> Saved:
    return _plan_file.saved(_run(here).plan, "yesterday", {})


def _files(folder: Path, now: datetime | None = NOW) -> Files:
    return Files(lambda name: str(folder / name), now)


# --- what it plans ----------------------------------------------------------------------------------------------------


def test_all_hosts_are_planned_whoever_the_task_runs_on(site: Sites) -> None:
    here = _site(site)
    run = _run(here)
    assert run.visible == ("v1", "v2", "s1", "d1", "q1")
    assert run.plan.outside == ("p1",)
    assert _run(here, "p1").plan.hosts == run.plan.hosts
    assert run.left_alone == ()


def test_hosts_of_somebody_else_are_named(site: Sites) -> None:
    here = _site(site)
    here.hosts["s1"]["printnet_apply"] = "no"
    here.hosts["v2"]["printnet_apply"] = True
    assert _run(here).left_alone == ("s1",)


@pytest.mark.parametrize(
    "said",
    [
        {"ansible_connection": "winrm"},
        {"ansible_connection": "ansible.builtin.psrp"},
        {"ansible_connection": "ssh", "ansible_shell_type": "powershell"},
    ],
)
def test_windows_hosts_are_planned_named_and_left_out(site: Sites, said: dict[str, Any]) -> None:
    here = _site(site)
    here.hosts["s1"].update(said)
    here.hosts["d1"]["ansible_connection"] = "ssh"
    run = _run(here)
    assert run.windows == ("s1",)
    assert "s1" in run.plan.hosts
    assert run.warnings[0].startswith("s1: this version of printnet.ports changes no firewall on Windows.")
    assert _plan_run.left_out(run, None) == ("p1", "s1")
    assert _plan_run.left_out(run, "s1") == ("p1",)


def test_a_slice_plans_all_and_sees_its_own(site: Sites, tmp_path: Path) -> None:
    here = _site(site, pdm_accounting=False)
    whole = _run(here)
    _files(tmp_path).write_topology("t.json", whole.plan)
    part = here.slice(["v2", "q1"], printnet_topology_file=str(tmp_path / "t.json"), printnet_sliced=True)
    run = _run(part, "v2")
    assert run.visible == ("v2", "q1")
    assert _plan_file.saved(run.plan, "", {}).digest == _plan_file.saved(whole.plan, "", {}).digest
    assert [one for one in run.warnings if "stale" in one] == []


def test_the_topology_is_written_of_a_whole_inventory_only(site: Sites, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_run, _site(site, printnet_topology_file="t.json", printnet_sliced=True), fresh=True)
    assert fault.startswith("This run is a slice: it sees a part of the inventory only, so the topology that it would")
    assert faults_of(_run, _site(site), fresh=True) == [
        "write_topology needs a name for the file: set printnet_topology_file"
    ]


# --- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "approve",
    [
        lambda digest: None,
        lambda digest: "",
        lambda digest: digest,
        lambda digest: digest[:12],
        lambda digest: f" SHA256:{digest.upper()}\n",
    ],
)
def test_the_approved_plan_is_not_refused(site: Sites, approve: Callable[[str], str | None]) -> None:
    saved = _saved(_site(site))
    _plan_run.check(saved, None, approve(saved.digest), 10)


def test_another_plan_than_the_approved_one_is_refused(site: Sites, faults_of: FaultsOf) -> None:
    approved, saved = _saved(_site(site)).digest, _saved(_site(site, vpsx_submission_port=443))
    (fault,) = faults_of(_plan_run.check, saved, None, approved[:16], 10)
    assert fault.startswith(
        f"The plan is {saved.digest}, and the approved one is '{approved[:16]}': the inventory, the"
    )
    assert fault.endswith("Nothing was changed.")


def test_too_little_of_a_digest_is_refused(site: Sites, faults_of: FaultsOf) -> None:
    saved = _saved(_site(site))
    (fault,) = faults_of(_plan_run.check, saved, None, saved.digest[:11], 10)
    assert fault == (
        f"printnet_approved_plan: '{saved.digest[:11]}' is too short: it must be a plan's digest, or at least its "
        "first 12 characters. Nothing was changed."
    )


@pytest.mark.parametrize("most", [-1, 100.5, float("nan"), float("inf")])
@pytest.mark.parametrize("earlier", [True, False])
def test_how_much_may_go_is_a_percentage(site: Sites, most: float, earlier: bool, faults_of: FaultsOf) -> None:
    saved = _saved(_site(site))
    (fault,) = faults_of(_plan_run.check, saved, saved if earlier else None, None, most)
    assert fault == f"printnet_max_shrink: {most:g} must be a percentage from 0 to 100"


def test_a_plan_that_loses_too_much_is_refused_with_all_that_lose(site: Sites, faults_of: FaultsOf) -> None:
    here, less = _site(site), _site(site, printnet_networks={"workstation": "198.51.100.0/25"})
    less.groups["vpsx"] = ["v1"]
    less.groups["lrsq"] = []
    before, after = _saved(here), _saved(less)
    *lost, last = faults_of(_plan_run.check, after, before, None, 10)
    assert sorted(lost) == [
        "lrsq has no address any more; in the plan of yesterday it had 192.0.2.5",
        "vpsx loses 50 % of its addresses since the plan of yesterday: 192.0.2.2",
        "workstation loses 50 % of its addresses since the plan of yesterday: 198.51.100.128/25",
    ]
    assert last == (
        "printnet_max_shrink allows 10 %, so nothing was changed. If this is meant, run once with -e "
        "printnet_max_shrink=100."
    )
    assert faults_of(_plan_run.check, after, before, None, 100) == []
    assert faults_of(_plan_run.check, before, after, None, 0) == []


# --- a run with a limit -----------------------------------------------------------------------------------------------


def test_a_limited_run_names_the_others_that_change(site: Sites) -> None:
    here, moved = _site(site), _site(site)
    moved.hosts["v1"]["ansible_host"] = "192.0.2.99"
    changes = _plan_file.changes(_saved(here), _saved(moved))
    assert list(_plan_run.beyond(_run(moved), changes, ["v1"])) == [
        "This run is limited. The rules of q1, s1, v2 change too; run without the limit as well."
    ]
    assert list(_plan_run.beyond(_run(moved), changes, ["v1", "v2", "s1", "q1"])) == []
    assert list(_plan_run.beyond(_run(moved), [], ["v1"])) == []


def test_without_an_earlier_plan_a_limited_run_names_those_who_talk_to_its_hosts(site: Sites) -> None:
    (told,) = _plan_run.beyond(_run(_site(site)), None, ["d1"])
    assert told == (
        "This run is limited. Where addresses or options of its hosts changed, the rules of s1 change too: run "
        "without the limit as well."
    )
    assert list(_plan_run.beyond(_run(_site(site)), None, ["p1"])) == []


# --- hosts that no group asks for any more ----------------------------------------------------------------------------


def test_hosts_that_left_their_groups_are_named_where_an_earlier_plan_knows_them(site: Sites) -> None:
    here, less = _site(site), _site(site)
    less.groups["vpsx"], less.groups["lrsq"] = ["v1"], []
    less.groups["all"] = [name for name in less.groups["all"] if name != "q1"]
    left, gone = _plan_run.deserted(_run(less), _saved(here), less.call("v1"))
    assert left == (
        "v2: no group asks for rules there any more, and the plan of yesterday has some. What was opened there stays "
        "until the playbook printnet.ports.remove takes it away."
    )
    assert gone == (
        "q1: not in the inventory any more, as in the plan of yesterday. What was opened there stays. While the host "
        "is in use, put it back, into no group, and run printnet.ports.remove."
    )
    assert list(_plan_run.deserted(_run(here), _saved(here), here.call("v1"))) == []
    assert list(_plan_run.deserted(_run(less), None, less.call("v1"))) == []


def test_remove_goes_where_the_warning_says_it_does(site: Sites) -> None:
    here, less = _site(site), _site(site)
    less.groups |= {"vpsx": ["v1"], "lrsq": [], "sql_server": ["v2"], "printer": ["p1", "q1"]}
    run = _run(less)
    plain, named = _plan_run.deserted(run, _saved(here), less.call("v1"))
    assert plain.startswith("v2: no group asks")
    assert plain.endswith("until the playbook printnet.ports.remove takes it away.")
    assert named.endswith("until the playbook printnet.ports.remove with --limit q1 takes it away.")
    assert _plan_run.left_out(run, None) == ("p1", "q1")
    assert _plan_run.left_out(run, "v2,q1") == ("p1",)
    assert _plan_run.left_out(run, "printer") == ("p1", "q1")


def test_remove_leaves_out_hosts_outside_that_no_play_can_name(site: Sites) -> None:
    here = _site(site)
    here.groups["sql_server"] = ["db 1"]
    here.hosts["db 1"] = {"ansible_host": "192.0.2.9"}
    assert _plan_run.left_out(_run(here), None) == ("p1", "db 1")


def test_hosts_whose_rules_are_to_go_are_named_as_far_as_they_are_seen(site: Sites) -> None:
    here = _site(site, vpsx_state="absent")
    run = _run(here)
    assert (run.visible, run.absent) == (("s1", "d1", "q1"), {"v1": ("vpsx",), "v2": ("vpsx",)})
    # `site` takes the rules away itself.
    assert list(_plan_run.deserted(run, _saved(_site(site)), here.call("v1"))) == []
    here.groups["all"].remove("v2")
    assert _run(here).absent == {"v1": ("vpsx",)}


def test_a_slice_accuses_no_host_that_it_does_not_see(site: Sites) -> None:
    here = _site(site)
    part = here.slice(["v1", "s1"], printnet_sliced=True)
    part.groups["vpsx"] = []
    run = Run(_run(_site(site)).plan, ("s1",), ())
    gone = replace(run, plan=replace(run.plan, hosts={"s1": run.plan.hosts["s1"]}))
    (told,) = _plan_run.deserted(gone, _saved(here), part.call("s1"))
    assert told.startswith("v1: no group asks")


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_plan_is_kept_and_not_written_again(site: Sites, tmp_path: Path) -> None:
    saved = replace(_saved(_site(site)), written="2026")
    files = _files(tmp_path)
    assert files.earlier("deep/plan.json") is None
    assert files.earlier(None) is None
    files.write_plan("deep/plan.json", saved, None)
    assert files.written == [str(tmp_path / "deep/plan.json")]
    again = _files(tmp_path)
    earlier = again.earlier("deep/plan.json")
    assert earlier == replace(saved, path="deep/plan.json")
    again.write_plan("deep/plan.json", replace(saved, written="2027"), earlier)
    assert again.written == []
    again.write_plan("deep/plan.json", _saved(_site(site, vpsx_submission_port=443)), earlier)
    assert len(again.written) == 1


def test_a_plan_that_is_written_again_keeps_its_mode_and_its_link(site: Sites, tmp_path: Path) -> None:
    there, link = tmp_path / "there.json", tmp_path / "plan.json"
    _files(tmp_path).write_plan("there.json", _saved(_site(site)), None)
    there.chmod(0o640)
    link.symlink_to(there)
    _files(tmp_path).write_plan("plan.json", _saved(_site(site, vpsx_submission_port=443)), None)
    assert "443" in there.read_text(encoding="utf-8")
    assert there.stat().st_mode & 0o7777 == 0o640
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.json", "there.json"]


def test_the_topology_is_not_written_again_for_the_time_alone(site: Sites, tmp_path: Path) -> None:
    plan = _run(_site(site)).plan
    _files(tmp_path).write_topology("t.json", plan)
    before = (tmp_path / "t.json").read_bytes()
    later = _files(tmp_path, NOW.replace(year=2027))
    later.write_topology("t.json", plan)
    assert (later.written, (tmp_path / "t.json").read_bytes()) == ([], before)
    here = _site(site)
    here.hosts["v2"]["printnet_networks"] = {"workstation": "10.0.0.0/8"}
    later.write_topology("t.json", _run(here).plan)
    assert _topology_file.load("t", (tmp_path / "t.json").read_text(encoding="utf-8")).written.startswith("2027")


@pytest.mark.parametrize("text", ["", '{\n "format": 0,\n "components": {}\n}', '{\n "format": 1,\n "components": {'])
def test_an_old_or_damaged_topology_is_written_anew(site: Sites, tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_text(text, encoding="utf-8")
    _files(tmp_path).write_topology("t.json", _run(_site(site)).plan)
    assert _topology_file.load("t", (tmp_path / "t.json").read_text(encoding="utf-8")).hosts["vpsx"].keys() == {
        "v1",
        "v2",
    }


def test_what_is_no_topology_is_never_overwritten(site: Sites, tmp_path: Path, faults_of: FaultsOf) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text("all: {hosts: {v1: }}\n", encoding="utf-8")
    (fault,) = faults_of(_files(tmp_path).write_topology, "inventory.yml", _run(_site(site)).plan)
    assert fault == (
        f"{path} is there, and it is no topology file. Name another file in printnet_topology_file, or remove this "
        "one. Nothing was written."
    )
    assert path.read_text(encoding="utf-8") == "all: {hosts: {v1: }}\n"


def test_check_mode_says_what_would_be_written(site: Sites, tmp_path: Path) -> None:
    run = _run(_site(site))
    files = _files(tmp_path, None)
    files.write_plan("plan.json", _plan_file.saved(run.plan, "", {}), None)
    files.write_topology("t.json", run.plan)
    assert files.written == [str(tmp_path / "plan.json"), str(tmp_path / "t.json")]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["folder", "file/plan.json"])
def test_a_file_that_can_not_be_written_is_said(site: Sites, tmp_path: Path, name: str, faults_of: FaultsOf) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (fault,) = faults_of(_files(tmp_path).write_plan, name, _saved(_site(site)), None)
    assert fault.startswith(f"{tmp_path / name} can't be written: ")
    assert "Errno" not in fault
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_file_that_can_not_be_read_is_said(tmp_path: Path, faults_of: FaultsOf) -> None:
    (tmp_path / "plan.json").write_bytes(b"\xff")
    assert faults_of(_files(tmp_path).earlier, "plan.json") == [
        f"{tmp_path / 'plan.json'} can't be read: it is not UTF-8; save it as UTF-8"
    ]


def test_a_folder_gets_every_view_and_the_hosts_of_somebody_else(site: Sites, tmp_path: Path) -> None:
    here = _site(site)
    here.hosts["s1"]["printnet_apply"] = False
    assert _run(here).left_alone == ("s1",)
    files = _files(tmp_path)
    files.write_views("request", Views(_run(here).plan), ["s1"])
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {str(Path(name).relative_to(tmp_path)) for name in files.written}
    assert {"request/change-request.csv", "request/flows.json", "request/system_roles/s1.yml"} <= found
    again = _files(tmp_path)
    again.write_views("request", Views(_run(here).plan), ["s1"])
    assert again.written == []
