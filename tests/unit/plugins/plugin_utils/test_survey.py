# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An inventory to a topology: all faults at once, and runs that read a topology file or see a part only."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _plan, _site_plan, _topology_file

FaultsOf = Callable[..., list[str]]
Sites = Callable[..., Any]

AGAIN = "Write it again with the playbook printnet.ports.plan over the whole inventory."


def _site(site: Sites, **everywhere: Any) -> Any:
    groups = {"vpsx": ["v1", "v2"], "serverx": ["s1"], "dis": ["v1"], "printer": ["p1"]}
    hosts = {name: {"ansible_host": f"192.0.2.{number}"} for number, name in enumerate(("v1", "v2", "s1", "p1"), 1)}
    everywhere = {"printnet_networks": {"workstation": "198.51.100.0/24"}, **everywhere}
    return site({"all": list(hosts), **groups}, hosts, everywhere)


def _written(here: Any, folder: Path) -> str:
    plan = here.plan("v1")
    path = folder / "topology.json"
    text = _topology_file.dump(plan.members, plan.networks.by_component, "2026-01-02", plan.apart, plan.said)
    path.write_text(text, encoding="utf-8")
    return str(path)


def _open(call: Any, component: str) -> set[tuple[str, str]]:
    estate = call.estate([component], ["in"])
    share = _plan.share(estate, call.host, component, call.own_options(component), ["in"])
    return {(want.flow.id, peer) for want in share.wants for peer in want.peers}


# --- faults -----------------------------------------------------------------------------------------------------------


def test_all_that_is_wrong_comes_at_once_and_each_once(site: Sites, faults_of: FaultsOf) -> None:
    here = _site(site, printnet_networks={"vpsx": "10.0.0.1/8"}, printnet_services={"vpsx": {"address": "x"}})
    here.groups["netx"] = here.groups["webconnect"] = ["n1", "n2"]
    here.hosts |= {"n1": {}, "n2": {"ansible_host": "n2.example", "netx_port": 0}, "s1": {"ansible_host": "127.0.0.1"}}
    here.hosts["v1"]["vpsx_audit"] = "maybe"
    expected = [
        "printnet_networks, vpsx: '10.0.0.1/8' has host bits set: write 10.0.0.0/8",
        "printnet_services, vpsx, address: 'x' must be an address",
        "host v1, vpsx_audit: 'maybe' must be true or false",
        "host s1, ansible_host: 127.0.0.1 is a loopback address",
        "host n2, netx_port: 0 must be a port from 1 to 65535",
        "inventory: no address for n1, n2 (ansible_host 'n2.example'): the controller could not resolve the name",
    ]
    faults = faults_of(here.plan, "v1")
    assert len(faults) == len(expected)
    for begins in expected:
        assert sum(fault.startswith(begins) for fault in faults) == 1, begins


def test_a_hosts_own_call_needs_no_address_of_it_and_the_plan_of_all_does(site: Sites, faults_of: FaultsOf) -> None:
    here = _site(site)
    here.hosts["v1"] = {"ansible_host": "127.0.0.1"}
    assert here.open("v1", "dis") == {("tcp/5701", "192.0.2.3/32")}
    (fault,) = faults_of(here.plan, "v1")
    assert fault.startswith("host v1, ansible_host: 127.0.0.1 is a loopback address")


@pytest.mark.parametrize(
    ("name", "passed"),
    [
        ("print 01", True), (" print01", True), ("a,b", True), ("a:b:c", True), ("!v3", True), ("&v3", True),
        ("{{ 7 }}", True), ("v3", False), ("drücker-03.example.com", False), ("2001:db8::3", False), ("~v3", False),
        ("v*", False), ("v[0]", False), ("print:01", False),
    ],
)  # fmt: skip
def test_a_host_to_which_no_play_would_go_is_not_planned(
    site: Sites, tmp_path: Path, name: str, passed: bool, faults_of: FaultsOf
) -> None:
    here = _site(site)
    path = _written(here, tmp_path)
    for component in ("all", "vpsx", "dis"):
        here.groups[component].append(name)
    here.hosts[name] = {"ansible_host": "192.0.2.9"}
    faults = faults_of(here.plan, "v1")
    assert [fault[: len(f"inventory: {name!r}")] for fault in faults] == ([f"inventory: {name!r}"] if passed else [])
    assert faults_of(here.estate, "v1", "vpsx") == []  # a play of the group goes there
    recorded = _topology_file.load(path, Path(path).read_text(encoding="utf-8").replace('"v2"', json.dumps(name)))
    assert len(faults_of(_site_plan.site_plan, here.inventory("v1"), recorded)) == passed


def test_a_printer_may_be_called_as_nobody_else(site: Sites) -> None:
    here = _site(site)
    for component in ("all", "printer"):
        here.groups[component].append("Printer, 2nd floor")
    here.hosts["Printer, 2nd floor"] = {"ansible_host": "192.0.2.9"}
    assert set(here.plan("v1").outside) == {"p1", "Printer, 2nd floor"}


def test_a_component_may_be_called_as_what_is_kept(site: Sites, tmp_path: Path) -> None:
    here = _site(
        site,
        printnet_extra_components={"networks": {}, "stale": {}},
        printnet_extra_flows=[
            {"id": f"{name}-vpsx", "source": name, "destination": "vpsx", "transport": "tcp", "port": 7}
            for name in ("networks", "stale")
        ],
    )
    here.groups["networks"] = here.groups["stale"] = ["p1"]
    for host in ("v1", "v2"):
        assert {peer for flow, peer in _open(here.call(host, tmp_path), "vpsx") if flow.startswith("stale")} == {
            "192.0.2.4/32"
        }


def test_what_is_kept_is_not_for_other_variables(site: Sites, tmp_path: Path) -> None:
    here, other = _site(site), _site(site, printnet_networks={"workstation": "10.0.0.0/8"})
    moved = _site(site)
    moved.groups["serverx"] = ["p1"]
    found = [{peer for _flow, peer in _open(one.call("v1", tmp_path), "vpsx")} for one in (here, other, moved, here)]
    clients, others = {"198.51.100.0/24"}, {"192.0.2.2/32"}
    assert found == [
        {*clients, *others, "192.0.2.3/32"},
        {"10.0.0.0/8", *others, "192.0.2.3/32"},
        {*clients, *others, "192.0.2.4/32"},
        found[0],
    ]


# --- a file in place of the inventory ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "host", "component"),
    [
        (["v1"], "v1", "vpsx"),
        (["v1"], "v1", "dis"),
        (["s1"], "s1", "serverx"),
        (["v1", "v2", "s1", "p1"], "v2", "vpsx"),
    ],
)
def test_a_slice_makes_the_rules_of_the_whole(
    site: Sites, tmp_path: Path, seen: list[str], host: str, component: str
) -> None:
    here = _site(site)
    part = here.slice(seen, printnet_topology_file=_written(here, tmp_path), printnet_sliced=True)
    call = part.call(host, tmp_path)
    assert _open(call, component) == _open(here.call(host), component) != set()
    assert call.warnings == []


def test_a_hosts_own_networks_are_the_same_in_a_slice(site: Sites, tmp_path: Path) -> None:
    here = _site(site)
    here.hosts["v2"]["printnet_networks"] = {"workstation": "10.9.0.0/16"}
    part = here.slice(["v2"], printnet_topology_file=_written(here, tmp_path), printnet_sliced="yes")
    call = part.call("v2")
    found = _open(call, "vpsx")
    assert ("pdm-vpsx-lpr", "10.9.0.0/16") in found
    assert found == _open(here.call("v2"), "vpsx")
    assert call.warnings == []


def test_the_file_counts_and_what_is_older_in_it_is_told(site: Sites, tmp_path: Path) -> None:
    here = _site(site)
    path = _written(here, tmp_path)
    here.everywhere |= {"printnet_topology_file": path, "printnet_networks": {"workstation": "10.0.0.0/8"}}
    here.hosts["s1"] = {"ansible_host": "192.0.2.33"}
    here.groups["serverx"] = ["s1", "s2"]
    here.hosts["s2"] = {"ansible_host": "192.0.2.34"}
    here.groups["printer"] = []
    for _again in range(2):
        call = here.call("v1", tmp_path)
        assert {peer for _flow, peer in _open(call, "vpsx")} == {"192.0.2.3/32", "192.0.2.2/32", "198.51.100.0/24"}
        (told,) = call.warnings
        assert told == (
            f"{path} of 2026-01-02 is stale: new in serverx: s2; changed in serverx: s1; "
            f"other networks of workstation; gone from printer: p1. It is followed nevertheless. {AGAIN}"
        )


def test_variables_that_other_runs_would_plan_this_host_by_are_told(site: Sites, tmp_path: Path) -> None:
    here = _site(site, printnet_outbound=False)
    here.everywhere["printnet_topology_file"] = path = _written(here, tmp_path)
    here.hosts["v2"] |= {"printnet_outbound": True, "netx_port": 5800}
    assert here.call("v1").estate(["vpsx"], ["in"])
    call = here.call("v2")
    call.estate(["vpsx"], ["in"])
    (told,) = call.warnings
    assert told == (
        f"{path} of 2026-01-02 is stale: other variables of v2: netx_port, printnet_outbound. It is followed "
        f"nevertheless. {AGAIN}"
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"v1": {"ansible_host": "192.0.2.99"}}, "is stale for v1: its addresses are 192.0.2.99/32, not 192.0.2.1/32."),
        ({"v1": {"ansible_host": "192.0.2.1", "vpsx_audit": False}}, "is stale for v1: vpsx_audit changed."),
    ],
)
def test_a_stale_host_ends_before_anything_is_touched(
    site: Sites, tmp_path: Path, change: dict[str, Any], told: str, faults_of: FaultsOf
) -> None:
    here = _site(site)
    path = _written(here, tmp_path)
    here.hosts |= change
    here.everywhere["printnet_topology_file"] = path
    assert faults_of(here.call("v1").estate, ["vpsx"], ["in"]) == [f"{path} of 2026-01-02 {told} {AGAIN}"]


def test_a_component_that_the_file_lacks_ends_before_anything_is_touched(
    site: Sites, tmp_path: Path, faults_of: FaultsOf
) -> None:
    here = _site(site)
    path = _written(here, tmp_path)
    here.groups["netx"] = ["p1"]
    here.everywhere["printnet_topology_file"] = path
    told = [f"{path} of 2026-01-02 has no hosts of netx. {AGAIN}"]
    assert faults_of(here.call("v1", tmp_path).estate, ["vpsx"], ["in"]) == told
    assert faults_of(here.call("v2", tmp_path).estate, ["vpsx"], ["in"]) == told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            None,
            "printnet_topology_file: {path} is not there. The playbook printnet.ports.plan writes it, over the whole",
        ),
        (b"\xff", "printnet_topology_file: {path} can't be read: it is not UTF-8"),
        (b"{", "{path} is no topology file, or a damaged one (line 1). " + AGAIN),
        (b'{"format": 2}', "{path} has the format 2; this version reads 1. " + AGAIN),
    ],
)
def test_a_file_that_is_none(
    site: Sites, tmp_path: Path, content: bytes | None, told: str, faults_of: FaultsOf
) -> None:
    path = tmp_path / "topology.json"
    if content is not None:
        path.write_bytes(content)
    here = _site(site, printnet_topology_file=str(path))
    (fault,) = faults_of(here.call("v1").estate, ["vpsx"], ["in"])
    assert fault.startswith(told.format(path=path))


def test_a_file_that_somebody_changed_is_said(site: Sites, tmp_path: Path, faults_of: FaultsOf) -> None:
    here = _site(site)
    path = Path(_written(here, tmp_path))
    path.write_text(path.read_text(encoding="utf-8").replace('"192.0.2.3/32"', '"directory"'), encoding="utf-8")
    here.everywhere["printnet_topology_file"] = str(path)
    told = [f"{path}, host s1: 'directory' is no network. {AGAIN}"]
    assert faults_of(here.call("v1").estate, ["vpsx"], ["in"]) == told


# --- a part without a file --------------------------------------------------------------------------------------------

AWX = {"awx_job_id": 7}


@pytest.mark.parametrize(
    ("variables", "empty", "refused"),
    [
        ({"printnet_sliced": True}, [], True),
        ({"printnet_sliced": "yes"}, [], True),
        ({}, ["serverx"], False),
        (AWX, [], False),
        (AWX, ["others"], False),
        (AWX, ["serverx"], True),
        ({"tower_job_id": 7}, ["serverx"], True),
        ({**AWX, "printnet_sliced": False}, ["serverx"], False),
        ({**AWX, "printnet_groups": {"serverx": "verzeichnis"}}, ["verzeichnis"], True),
        (AWX, ["vspa"], True),
    ],
)
def test_a_slice_without_a_file_ends_before_anything_is_touched(
    site: Sites, variables: dict[str, Any], empty: list[str], refused: bool, faults_of: FaultsOf
) -> None:
    here = _site(site, **variables)
    here.groups |= {group: [] for group in empty}
    faults = faults_of(here.call("v1").estate, ["vpsx"], ["in"])
    assert len(faults) == refused
    for fault in faults:
        assert fault.startswith("This run is a slice: it sees a part of the inventory only. Write the topology once")
        assert "printnet_topology_file" in fault
        assert fault.endswith("say printnet_sliced: false.")


@pytest.mark.parametrize(
    ("variables", "told"),
    [({}, False), (AWX, True), ({**AWX, "printnet_sliced": False}, False), ({"tower_job_id": 7}, True)],
)
def test_awx_does_not_tell_of_slices(site: Sites, variables: dict[str, Any], told: bool) -> None:
    call = _site(site, **variables).call("v1")
    call.estate(["vpsx"], ["in"])
    said = any(warning.startswith("AWX does not tell this job whether it is a slice") for warning in call.warnings)
    assert said is told


@pytest.mark.parametrize("value", ["maybe", 5, []])
def test_whether_it_is_a_slice_is_yes_or_no(site: Sites, value: Any, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_site(site, printnet_sliced=value).call("v1").estate, ["vpsx"], ["in"])
    assert fault == f"printnet_sliced: {value!r} must be true or false"
