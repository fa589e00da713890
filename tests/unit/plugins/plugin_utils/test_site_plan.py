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
    _topology_file,
    _variables,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Share
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FaultsOf = Callable[..., list[str]]
Sites = Callable[..., Any]
Rules = set[tuple[Any, ...]]

CLIENTS = "198.51.100.0/24"
HOSTS = [f"h{number}" for number in range(1, 6)]
MANAGED = ["vpsx", "serverx", "netx", "alertx", "innovate_audit", "mfpsecure", "pdm", "lrsq", "mve", "vspa"]
OUTSIDE = ["workstation", "printer", "lexmark_printer", "load_balancer"]
NETWORKS = ["198.51.100.0/24", "198.51.100.128/25", "10.0.0.0/8", "2001:db8:51::/64", "192.0.2.0/30", "any"]
OPTIONS: dict[str, list[Any]] = {
    "vpsx_submission_port": [443, 9443, "8443"],
    "vpsx_mode": ["server", "direct", "both"],
    "vpsx_print_protocols": [["ipp"], "lpr, raw", []],
    "vpsx_audit": [True, False],
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
    cluster = {"address": "203.0.113.90"}
    balanced = {**cluster, "balancers": ["203.0.113.50", "2001:db8::50"]}
    kinds = [cluster, balanced, {**balanced, "client_addresses": "translated"}]
    kinds += [{**one, "flows": ["pullsvc-vpsx-ipps"]} for one in kinds]
    vpsx = st.fixed_dictionaries({}, optional={"vpsx": st.sampled_from(kinds)})
    others = st.dictionaries(
        st.sampled_from(["serverx", "alertx", "mfpsecure"]), st.sampled_from(kinds[:3]), max_size=1
    )
    return st.builds(lambda one, other: {**one, **other}, vpsx, others)


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
    directions = ("in",) if _variables.outbound_of(call.read) == "false" else ("in", "out")
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
            if component.role and _inventory.is_member(inventory, name, host):
                found.setdefault(host, []).append(name)
    return found


@given(drawn=_inventories(), data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_each_hosts_own_call_makes_its_part_of_the_plan(site: Sites, drawn: Any, data: st.DataObject) -> None:
    here = site(*drawn)
    components = _components(here)
    made: dict[str, Rules] = {}
    faults: set[str] = set()
    for host, names in components.items():
        try:
            made[host] = _own(here.call(host), names)
        except PortsError as wrong:
            faults.update(wrong.faults)
    if faults:
        with pytest.raises(PortsError) as told:
            here.plan("h1")
        assert set(told.value.faults) == faults
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
        text = _topology_file.dump(plan.members, plan.networks.by_component, "now", plan.apart)
        path.write_text(text, encoding="utf-8")
        part = here.slice(data.draw(_some(HOSTS, 6)), printnet_topology_file=str(path))
        for host in part.hosts.keys() & components.keys():
            call = part.call(host, Path(folder))
            assert _own(call, components[host]) == made[host]
            assert call.warnings == []
        recorded = _topology_file.load(str(path), text)
        for host in list(part.hosts)[:1]:
            again = _site_plan.site_plan(part.inventory(host), recorded)
            assert {name: _rules(again.hosts[name].shares) for name in part.hosts if name in again.hosts} == {
                name: rules for name, rules in made.items() if name in part.hosts
            }
