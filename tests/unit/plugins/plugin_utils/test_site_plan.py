# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of the whole estate: each host's part is what its own call makes, whatever that sees of the inventory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _inventory,
    _plan,
    _site_plan,
    _task_variables,
    _topology_file,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Share
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FaultsOf = Callable[..., list[str]]
Sites = Callable[..., Any]
Rules = set[tuple[Any, ...]]

HOSTS = [f"h{number}" for number in range(1, 6)]
MANAGED = ["vpsx", "serverx", "netx", "alertx", "innovate_audit", "mfpsecure", "pdm", "lrsq", "mve", "vspa"]
OUTSIDE = ["workstation", "printer", "lexmark_printer", "load_balancer"]
NETWORKS = ["198.51.100.0/24", "198.51.100.128/25", "10.0.0.0/8", "2001:db8:51::/64", "192.0.2.0/30", "any"]
OPTIONS: dict[str, list[Any]] = {
    "vpsx_submission_port": [443, 9443, "8443"],
    "vpsx_mode": ["server", "direct", "both"],
    "vpsx_print_protocols": [["ipp"], "lpr, raw", []],
    "vpsx_audit": [True, False],
    "vpsx_state": ["present", "absent"],
    "vspa_state": ["absent"],
    "pdm_accounting": [True, "no"],
    "serverx_api_port": [5600, 5700],
    "vspa_sessions": ["xenapp", "xendesktop"],
    "alertx_peers": [True, False],
    "alertx_service_address": ["203.0.113.80", ["203.0.113.80", "2001:db8::80"]],
    "mve_database": ["sql_server", "firebird", "local"],
    "printnet_outbound": ["auto", True, False],
    "printnet_features": [{"alertx_peers": False}, {"pullsvc": False}],
    "printnet_networks": [{"workstation": "10.77.0.0/16", "vpsx": "10.78.0.1"}],
}


def _some(names: Iterable[str], most: int, least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(list(names)), min_size=least, max_size=most, unique=True)


def _variables_of(most: int) -> st.SearchStrategy[dict[str, Any]]:
    one = st.sampled_from([(name, value) for name, values in OPTIONS.items() for value in values])
    return st.lists(one, max_size=most).map(dict)


def _addresses(number: int) -> st.SearchStrategy[dict[str, Any]]:
    own = f"192.0.2.{number}"
    translated = {"address": own, "seen_as": f"203.0.113.{number}"}
    given = [[own, f"2001:db8::{number}"], [translated], [translated, f"2001:db8::{number}"]]
    return st.sampled_from([{"ansible_host": own}, *({"printnet_addresses": one} for one in given)])


def _services() -> st.SearchStrategy[dict[str, Any]]:
    cluster: dict[str, Any] = {"address": "203.0.113.90"}
    balanced: dict[str, Any] = {**cluster, "balancers": ["203.0.113.50", "2001:db8::50"]}
    kinds = [cluster, balanced, {**balanced, "client_addresses": "translated"}]
    kinds += [{**one, "flows": ["pullsvc-vpsx-ipps"]} for one in kinds]
    vpsx = st.fixed_dictionaries({}, optional={"vpsx": st.sampled_from(kinds)})
    others = st.dictionaries(
        st.sampled_from(["serverx", "alertx", "mfpsecure"]), st.sampled_from(kinds[:3]), max_size=1
    )
    return st.tuples(vpsx, others).map(lambda both: {**both[0], **both[1]})


@st.composite
def _inventories(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, dict[str, Any]], dict[str, Any]]:
    names = [*draw(_some(MANAGED, 6, 2)), *draw(_some(OUTSIDE, 2))]
    groups = {name: draw(_some(HOSTS, 3, 1)) for name in names}
    everywhere = draw(_variables_of(2))
    if "vpsx" in groups and draw(st.booleans()):
        # A group of groups has the hosts of both.
        groups["drucker_süd"] = groups.pop("vpsx")
        groups["drucker"] = list(dict.fromkeys([*groups["drucker_süd"], *draw(_some(HOSTS, 2))]))
        everywhere["printnet_groups"] = {"vpsx": draw(st.sampled_from(["drucker", ["drucker_süd", "drucker"]]))}
    left_out = draw(_some(OUTSIDE, 1))
    networks = {name: draw(_some(NETWORKS, 2, 1)) for name in OUTSIDE if name not in left_out}
    networks |= {name: draw(_some(NETWORKS, 1)) for name in draw(_some(["vpsx", "serverx", "netx"], 2))}
    everywhere = {"printnet_networks": networks, **everywhere, "printnet_services": draw(_services())}
    if unknown := draw(st.sampled_from([None, "fail", "any", "any"])):
        everywhere["printnet_unknown_peers"] = unknown
    hosts = {name: {**draw(_addresses(number)), **draw(_variables_of(2))} for number, name in enumerate(HOSTS, 1)}
    return {"all": list(HOSTS), **groups}, hosts, everywhere


def _rules(shares: Iterable[Share]) -> Rules:
    return {
        (one.component, want.direction, want.flow.id, want.port, want.source_port, want.peers)
        for one in shares
        for want in one.wants
    }


def _own(call: Any, components: list[str]) -> Rules:
    """What the host's own call makes of its components, or raises."""
    directions = ("in",) if _task_variables.outbound_of(call.read) == "false" else ("in", "out")
    estate = call.estate(components, directions)
    shares = [_plan.share(estate, call.host, name, call.own_options(name), directions) for name in components]
    _plan.unknown_report(estate, call.host, shares)
    return _rules(shares)


def _components(here: Any) -> dict[str, list[str]]:
    """Each host's components, asked one by one."""
    found: dict[str, list[str]] = {}
    for host in HOSTS:
        inventory = here.inventory(host)
        for name, component in inventory.catalog.components.items():
            is_absent = here.variables(host).get(f"{component.role}_state") == "absent"
            if component.role and _inventory.is_member(inventory, name, host) and not is_absent:
                found.setdefault(host, []).append(name)
    return found


@given(drawn=_inventories(), data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_each_hosts_own_call_makes_its_part_of_the_plan(site: Sites, drawn: Any, data: st.DataObject) -> None:
    here = site(*drawn)
    components = _components(here)
    made: dict[str, Rules] = {}
    faults: dict[str, set[str]] = {}
    for host, names in components.items():
        try:
            made[host] = _own(here.call(host), names)
        except PortsError as wrong:
            for fault in wrong.faults:
                faults.setdefault(fault.removeprefix(f"{host}: "), set()).add(host)
    if faults:
        with pytest.raises(PortsError) as told:
            here.plan("h1")
        together = (fault.partition(": ") for fault in told.value.faults)
        assert {text: set(names.split(", ")) for names, _colon, text in together} == faults
        return
    plan = here.plan("h1")
    assert {name: _rules(host.shares) for name, host in plan.hosts.items()} == made
    assert {name: list(host.components) for name, host in plan.hosts.items()} == components
    for host, names in components.items():
        assert set().union(*(_own(here.call(host), [name]) for name in names)) == made[host]
    with TemporaryDirectory() as folder:
        for host, names in components.items():
            assert _own(here.call(host, Path(folder)), names) == made[host]
        path = Path(folder) / "topology.json"
        text = _topology_file.dump(plan.members, plan.networks.by_component, "now", plan.apart, plan.said)
        path.write_text(text, encoding="utf-8")
        part = here.slice(data.draw(_some(HOSTS, 4, 1)), printnet_topology_file=str(path), printnet_sliced=True)
        for host in part.hosts.keys() & components.keys():
            call = part.call(host, Path(folder))
            assert _own(call, components[host]) == made[host]
            assert call.warnings == []
        recorded = _topology_file.load(str(path), text)
        for host in list(part.hosts)[:1]:
            again = _site_plan.site_plan(part.inventory(host), recorded)
            assert {name: _rules(one.shares) for name, one in again.hosts.items()} == made
            assert (again.said, again.apart) == (recorded.said, recorded.apart)


# --- by example -------------------------------------------------------------------------------------------------------


def _site(site: Sites, **everywhere: Any) -> Any:
    groups = {"vpsx": ["v1", "v2"], "serverx": ["s1"], "dis": ["v1"], "printer": ["p1"], "workstation": ["w1"]}
    names = ("v1", "v2", "s1", "p1", "w1")
    hosts = {name: {"ansible_host": f"192.0.2.{number}"} for number, name in enumerate(names, 1)}
    return site({"all": list(names), **groups}, hosts, everywhere)


def _digest(here: Any) -> str:
    return _site_plan.digest(here.plan("v1").hosts.values())


def test_who_is_planned_for_and_who_is_a_party_only(site: Sites) -> None:
    plan = _site(site).plan("p1")
    assert {name: host.components for name, host in plan.hosts.items()} == {
        "v1": ("vpsx", "dis"),
        "v2": ("vpsx",),
        "s1": ("serverx",),
    }
    assert sorted(plan.outside) == ["p1", "w1"]


def test_a_component_that_is_absent_is_not_planned_and_its_peers_go_on_knowing_it(site: Sites) -> None:
    here, whole = _site(site), _site(site).plan("v1")
    here.hosts["v1"]["vpsx_state"] = here.hosts["v2"]["vpsx_state"] = "absent"
    plan = here.plan("v1")
    assert {name: host.components for name, host in plan.hosts.items()} == {"v1": ("dis",), "s1": ("serverx",)}
    assert plan.absent == {"v1": ("vpsx",), "v2": ("vpsx",)}
    assert sorted(plan.outside) == ["p1", "w1"]
    assert plan.hosts["s1"] == whole.hosts["s1"]
    assert _site(site, vpsx_state="present").plan("v1") == whole
    assert _site(site, vpsx_state=None).plan("v1") == whole


@pytest.mark.parametrize("value", ["gone", "Absent", "", False, ["absent"]])
def test_a_state_that_is_none_is_an_error(site: Sites, value: Any, faults_of: FaultsOf) -> None:
    here = _site(site)
    here.hosts["v2"]["vpsx_state"] = value
    told = f"host v2, vpsx_state: {value!r} must be present or absent"
    assert faults_of(here.plan, "s1") == [told]
    assert faults_of(here.call("s1").estate, ["serverx"], ["in"]) == [told]


def test_a_topology_file_knows_what_is_absent(site: Sites, tmp_path: Path, faults_of: FaultsOf) -> None:
    here = _site(site)
    here.hosts["v2"]["vpsx_state"] = "absent"
    whole = here.plan("v1")
    path = tmp_path / "t.json"
    path.write_text(_topology_file.dump(whole.members, whole.networks.by_component, "now"), encoding="utf-8")
    part = here.slice(["s1"], printnet_topology_file=str(path), printnet_sliced=True)
    again = _site_plan.site_plan(part.inventory("s1"), _topology_file.load("t", path.read_text(encoding="utf-8")))
    assert (again.hosts, again.absent) == (whole.hosts, {"v2": ("vpsx",)})
    here.hosts["v2"]["vpsx_state"] = "present"
    here.everywhere = {"printnet_topology_file": str(path)}
    (fault,) = faults_of(here.call("v2").estate, ["vpsx"], ["in"])
    assert "is stale for v2: whether its rules are to be there changed." in fault


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"printnet_outbound": False},
        {"printnet_features": {"dns_tcp": True}},
        {"printnet_overrides": {"vpsx-printer-ipps": {"port": 631}}},
        {"printnet_unknown_peers": "any"},
        {"printnet_services": {"serverx": {"address": "203.0.113.9"}}},
        {"netx_port": 5800},
        {"vpsx_api_port": 5502},
        {"printnet_networks": {"workstation": "10.1.0.0/16"}},
    ],
)
@pytest.mark.parametrize("seen", ["s1", "v2"])
def test_a_slice_comes_to_the_plan_of_the_whole(site: Sites, own: dict[str, Any], seen: str) -> None:
    here = _site(site, printnet_networks={"netx": "192.0.2.99", "dns_server": "192.0.2.53"})
    here.hosts["v1"] |= own
    plan = here.plan("v2")
    text = _topology_file.dump(plan.members, plan.networks.by_component, "now", plan.apart, plan.said)
    part = here.slice([seen], printnet_sliced=True)
    again = _site_plan.site_plan(part.inventory(seen), _topology_file.load("t.json", text))
    assert _site_plan.digest(again.hosts.values()) == _site_plan.digest(plan.hosts.values())
    assert again.said == plan.said


def test_by_an_earlier_file_the_variables_of_the_host_that_asks_count(site: Sites) -> None:
    here = _site(site)
    here.hosts["v1"]["printnet_outbound"] = False
    plan = here.plan("v1")
    recorded = _topology_file.load("t.json", _topology_file.dump(plan.members, plan.networks.by_component, "now"))
    again = _site_plan.site_plan(here.slice(["s1"], printnet_sliced=True).inventory("s1"), recorded)
    assert {want.direction for share in again.hosts["v1"].shares for want in share.wants} == {"in", "out"}


def test_workstations_have_what_lives_on_them_where_it_has_no_group(site: Sites) -> None:
    here = _site(site)
    assert here.plan("v1").residents == {"w1": ("pdm", "pullsvc")}
    here.hosts["w1"]["pullsvc_state"] = "absent"
    assert here.plan("v1").residents == {"w1": ("pdm",)}
    here.groups["pdm"] = ["v1"]
    assert here.plan("v1").residents == {}
    inventory = here.inventory("w1")
    assert [_inventory.counts_as(inventory, name, "w1") for name in ("pdm", "pullsvc", "vpsx")] == [False, True, False]
    assert [_inventory.counts_as(inventory, name, "v1") for name in ("pdm", "pullsvc", "vpsx")] == [True, False, True]


def test_printers_are_hosts_that_are_nothing_else(site: Sites) -> None:
    here = _site(site)
    here.groups |= {"lexmark_printer": ["p2"], "sql_server": ["p1"]}
    here.hosts["p2"] = {"ansible_host": "192.0.2.9"}
    assert here.plan("v1").printers == ("p2",)


def test_a_host_outside_of_the_inventory_can_ask(site: Sites) -> None:
    here = _site(site)
    assert here.plan("localhost").hosts == here.plan("v1").hosts


def test_an_inventory_without_our_groups_has_an_empty_plan(site: Sites) -> None:
    plan = site({"all": ["x"], "web": ["x"]}, {"x": {"ansible_host": "192.0.2.1"}}).plan("x")
    assert (plan.hosts, plan.outside, plan.warnings) == ({}, (), ())


@pytest.mark.parametrize("said", [False, "no", "false"])
def test_what_is_not_opened_is_not_planned(site: Sites, said: Any) -> None:
    here = _site(site)
    here.hosts["v1"]["printnet_outbound"] = said
    plan = here.plan("s1")
    directions = {
        name: {want.direction for share in host.shares for want in share.wants} for name, host in plan.hosts.items()
    }
    assert directions == {"v1": {"in"}, "v2": {"in", "out"}, "s1": {"in", "out"}}


def test_all_hosts_that_nobody_could_reach_come_at_once(site: Sites, faults_of: FaultsOf) -> None:
    names = ("d1", "d2", "a1")
    hosts = {name: {"ansible_host": f"192.0.2.{number}"} for number, name in enumerate(names, 1)}
    here = site({"all": list(names), "dis": ["d1", "d2"], "mfpsecure": ["a1"]}, hosts)
    faults = faults_of(here.plan, "d1")
    assert [fault.split(", because")[0] for fault in faults] == [
        "d1, d2: nobody could reach dis",
        "a1: nobody could reach mfpsecure",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("printnet_groups", {"vpsx": "vpsx"}),
        ("printnet_extra_components", {"kiosk": {}}),
        ("printnet_extra_flows", [{"id": "x-y"}]),
        ("printnet_documents", {"lrs": "V1 R2.021"}),
    ],
)
def test_what_makes_the_catalog_is_the_same_for_all(site: Sites, name: str, value: Any, faults_of: FaultsOf) -> None:
    here = _site(site)
    here.hosts["v2"][name] = here.hosts["s1"][name] = value
    (fault,) = faults_of(here.plan, "v1")
    assert fault == (
        f"{name}: v2, s1 and v1 have different values, though both ends of a flow go by it; set it once for all hosts, "
        "in group_vars/all.yml"
    )
    here.hosts["v2"][name] = here.hosts["s1"][name] = type(value)()
    assert faults_of(here.plan, "v1") == []


def _mapped(site: Sites, **more: dict[str, Any]) -> Any:
    """Only the hosts of one group say what their group is, and they are not the first."""
    names = ("d1", "m1", "m2", "x1")
    hosts: dict[str, dict[str, Any]] = {
        name: {"ansible_host": f"192.0.2.{number}"} for number, name in enumerate(names, 1)
    }
    for name in ("m1", "m2"):
        hosts[name]["printnet_groups"] = {"mve": "markvision"}
    for name, variables in more.items():
        hosts[name] |= variables
    networks = {"workstation": "10.1.0.0/16", "serverx": "10.2.0.0/16"}
    groups = {"dis": ["d1"], "markvision": ["m1", "m2"], "web": ["x1"]}
    return site({"all": list(hosts), **groups}, hosts, {"printnet_networks": networks})


@pytest.mark.parametrize("first", ["d1", "x1", "localhost"])
@pytest.mark.parametrize("beside", [True, False])
def test_groups_that_only_their_own_hosts_name_are_not_passed_over(
    site: Sites, first: str, beside: bool, faults_of: FaultsOf
) -> None:
    here = _mapped(site)
    if not beside:
        here.groups["dis"] = []
    (fault,) = faults_of(here.plan, first)
    assert fault.startswith(f"printnet_groups: m1, m2 and {first} have different values, though both ends")


def test_the_plan_of_a_part_is_refused_as_that_of_all_is(site: Sites, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_mapped(site).plan, "m1")
    assert fault.startswith("printnet_groups: d1 and m1 have different values")


def test_who_is_not_planned_for_need_not_say_what_the_others_do(site: Sites) -> None:
    groups = {"printnet_groups": {"mve": "markvision"}}
    here = _mapped(site, d1=groups, x1={"printnet_groups": {}, "printnet_documents": None})
    assert here.plan("d1").hosts.keys() == {"d1", "m1", "m2"}
    del here.hosts["x1"]["printnet_groups"]
    assert here.plan("m1") == here.plan("d1")


def test_a_printer_that_says_otherwise_is_named(site: Sites, faults_of: FaultsOf) -> None:
    here = _site(site)
    here.hosts["p1"]["printnet_groups"] = {"printer": "drucker"}
    (fault,) = faults_of(here.plan, "v1")
    assert fault.startswith("printnet_groups: p1 and v1 have different values")


def test_of_many_hosts_that_are_not_planned_for_only_some_are_asked(site: Sites, faults_of: FaultsOf) -> None:
    here = _mapped(site)
    many = [f"x{number}" for number in range(2, 1_002)]
    here.hosts = {**{name: {} for name in many}, **here.hosts}
    here.groups |= {"all": list(here.hosts), "web": [*many, "x1"]}
    inventory = here.inventory("d1")
    asked: set[str] = set()

    def read(host: str) -> dict[str, Any]:
        asked.add(host)
        return dict(here.variables(host))

    inventory.host_variables = read
    (fault,) = faults_of(_site_plan.site_plan, inventory)
    assert fault.startswith("printnet_groups: m1 and d1 have different values")
    assert len(asked) < 310


WRONG: dict[str, dict[str, Any]] = {
    "v2": {"printnet_networks": {"workstation": "10.65.0.1/16"}, "printnet_features": ["dns_tcp"]},
    "s1": {"printnet_networks": "none", "printnet_services": [1], "printnet_outbound": "maybe", "serverx_api_port": 0},
    "p1": {"printnet_networks": {"workstation": "10.66.0.0/36"}},
}
TOLD = [
    "host s1, serverx_api_port: 0 must be",
    "v2: printnet_networks, workstation: '10.65.0.1/16' has host bits",
    "v2: printnet_features: ['dns_tcp'] must be a mapping",
    "s1: printnet_networks: 'none' must be a mapping",
    "s1: printnet_services: [1] must be a mapping",
    "s1: printnet_outbound is 'maybe'",
    "s1: printnet_apply: 'never' must be true or false",
    "v2, s1: printnet_unknown_peers: 'skipp' must be one of",
]


@pytest.mark.parametrize("asks", ["v1", "v2", "s1", "p1", "localhost"])
def test_all_that_is_wrong_with_hosts_comes_at_once_and_names_them(site: Sites, asks: str, faults_of: FaultsOf) -> None:
    here = _site(site)
    for name, own in WRONG.items():
        here.hosts[name] |= own
    here.hosts["s1"]["printnet_apply"] = "never"
    here.hosts["v2"]["printnet_unknown_peers"] = here.hosts["s1"]["printnet_unknown_peers"] = "skipp"
    faults = faults_of(here.plan, asks)
    told = [*TOLD, *(["p1: printnet_networks, workstation: '10.66.0.0/36' must be an"] if asks == "p1" else [])]
    assert len(faults) == len(told)
    assert all(any(fault.startswith(one) for fault in faults) for one in told), faults


def test_what_is_wrong_with_all_hosts_names_none(site: Sites, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_site(site, printnet_networks={"workstation": "10.66.0.0/36"}).plan, "v1")
    assert fault.startswith("printnet_networks, workstation: '10.66.0.0/36' must be an address")


def test_hosts_with_the_same_wrong_networks_are_looked_at_once(
    site: Sites, monkeypatch: pytest.MonkeyPatch, faults_of: FaultsOf
) -> None:
    asked: list[str] = []
    read = _inventory.networks

    def noting(inventory: Any, faults: Any) -> Any:
        asked.append(inventory.here)
        return read(inventory, faults)

    monkeypatch.setattr(_inventory, "networks", noting)
    assert len(faults_of(_site(site, printnet_networks={"workstation": "nowhere"}).plan, "v1")) == 1
    assert asked == ["v1"]


def test_what_may_differ_by_host_does(site: Sites) -> None:
    here = _site(site, printnet_networks={"pullsvc": "10.1.0.0/16"})
    here.hosts["v2"]["printnet_networks"] = {"pullsvc": "10.2.0.0/16"}
    here.hosts["v2"]["printnet_features"] = {"pdm": False}
    plan = here.plan("v1")
    peers = {
        name: {
            peer for want in plan.hosts[name].shares[0].wants if want.flow.source == "pullsvc" for peer in want.peers
        }
        for name in ("v1", "v2")
    }
    assert peers["v1"] - peers["v2"] == {"10.1.0.0/16"}
    assert peers["v2"] - peers["v1"] == {"10.2.0.0/16"}
    assert plan.apart == {"v2": {"pullsvc": ("10.2.0.0/16",)}}
    assert plan.networks.by_component == {"pullsvc": ("10.1.0.0/16",)}


def test_nothing_depends_on_who_asks(site: Sites) -> None:
    here = _site(site, printnet_networks={"workstation": "10.1.0.0/16"})
    here.hosts["v2"]["printnet_networks"] = {"workstation": "10.2.0.0/16", "printer": "any"}
    here.hosts["s1"]["printnet_networks"] = {}
    here.hosts["p1"]["printnet_networks"] = {"dns_server": "192.0.2.53"}
    here.hosts["v1"]["printnet_features"] = {"pdm": False}
    plan = here.plan("v1")
    assert all(here.plan(host) == plan for host in ("v2", "s1", "p1", "w1", "localhost"))
    parties = plan.estate.topology.parties
    assert parties["workstation"].networks == ("10.1.0.0/16", "10.2.0.0/16")
    assert parties["printer"].everybody
    assert parties["dns_server"].known is False
    # Of one host each, the first: that which says the least.
    assert plan.views == ({}, {"workstation": ("10.1.0.0/16",)}, plan.apart["v2"])
    assert plan.apart.keys() == {"v1", "v2"}
    assert plan.estate.settings.features == {}


def test_sites_and_lease_pools_are_those_that_any_host_names(site: Sites, tmp_path: Path) -> None:
    here = _site(site)
    for host, text in (("v1", "10.1.0.0/16,,Leeds,yes"), ("v2", "10.2.0.0/16,,York,yes"), ("p1", "10.3.0.0/16,,X,yes")):
        here.hosts[host]["printnet_networks_file"] = str(tmp_path / f"{host}.csv")
        (tmp_path / f"{host}.csv").write_text(f"network,component,site,lease_pool\n{text}\n", "ascii")
    networks = here.plan("p1").networks
    assert [one.site for one in networks.sites] == ["Leeds", "York"]
    assert networks.lease_pools == ["10.1.0.0/16", "10.2.0.0/16"]


# --- the digest -------------------------------------------------------------------------------------------------------


def test_the_digest_does_not_depend_on_any_order(site: Sites) -> None:
    here, other = _site(site), _site(site)
    other.groups = {name: list(reversed(hosts)) for name, hosts in reversed(here.groups.items())}
    other.everywhere = {"printnet_networks": {"dis": ["192.0.2.1", "192.0.2.1"]}}
    here.everywhere = {"printnet_networks": {"dis": "192.0.2.1/32"}}
    assert _digest(here) == _digest(other)
    assert _site_plan.digest(here.plan("s1").hosts.values()) == _digest(here)


@pytest.mark.parametrize(
    "change",
    [
        {"vpsx_api_port": 5502},
        {"printnet_networks": {"workstation": "10.0.0.0/8"}},
        {"printnet_features": {"pdm": False}},
        {"printnet_outbound": False},
        {"printnet_overrides": {"serverx-vpsx-api": {"source_port": 5}}},
        {"printnet_services": {"serverx": {"address": "203.0.113.1"}}},
    ],
)
def test_another_plan_has_another_digest(site: Sites, change: dict[str, Any]) -> None:
    assert _digest(_site(site, **change)) != _digest(_site(site))
