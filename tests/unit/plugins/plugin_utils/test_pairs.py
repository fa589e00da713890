# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is looked at: every flow between every two hosts once, with samples that are the same in every run."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _flow_rows, _pairs, _verdict
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Pairs, Place
from ansible_collections.printnet.ports.plugins.plugin_utils._verdict import Verdict
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils import checks

PRINTERS = {f"p{number}": f"203.0.113.{number}" for number in range(1, 31)}
FAR = {f"f{number}": f"198.51.100.{number}" for number in range(1, 11)}


def pairs(site: Any, groups: dict[str, list[str]], hosts: dict[str, Any], most: int = 0, **more: Any) -> Pairs:
    variables = {name: at if isinstance(at, dict) else {"ansible_host": at} for name, at in hosts.items()}
    plan = site(
        {"all": list(hosts), **groups}, variables, {"printnet_networks": {"workstation": "198.18.0.0/24"}}
    ).plan()
    return _pairs.pairs(plan, _flow_rows.rows(plan), most, **more)


def printers(site: Any, most: int, names: list[str] | None = None, **more: Any) -> Pairs:
    names = names or [*PRINTERS, *FAR]
    hosts = {"v1": "192.0.2.1", **{name: {**PRINTERS, **FAR}[name] for name in names}}
    return pairs(site, {"vpsx": ["v1"], "printer": names}, hosts, most, **more)


def chosen(found: Pairs) -> set[str]:
    return {one.destination.host for one in found.pairs if one.destination.component == "printer"} - {""}


def test_ids_are_unique_and_the_same_in_every_run(site: Any) -> None:
    first, second = (checks.check(site).pairs.pairs for _time in range(2))
    assert [one.id for one in first] == [one.id for one in second]
    assert max(Counter(one.id for one in first).values()) == 1
    assert all(len(one.id) == 16 for one in first)


def test_ids_stay_when_the_estate_grows(site: Any) -> None:
    def ids(*names: str) -> set[str]:
        return {one.id for one in printers(site, 0, list(names)).pairs if one.destination.host == "p1"}

    assert ids("p1") == ids("p2", "p1", "p3")


def test_a_host_is_no_pair_with_itself(site: Any) -> None:
    found = pairs(site, {"vpsx": ["v1"], "serverx": ["v1"]}, {"v1": "192.0.2.1"})
    assert [one for one in found.pairs if one.source.host and one.source.host == one.destination.host] == []


@pytest.mark.parametrize(
    ("source", "destination", "addresses", "why"),
    [
        ("192.0.2.1", "192.0.2.2", ["192.0.2.2"], ""),
        ("2001:db8::1", "2001:db8::2", ["2001:db8::2"], ""),
        (["192.0.2.1", "2001:db8::1"], ["192.0.2.2", "2001:db8::2"], ["192.0.2.2", "2001:db8::2"], ""),
        ("192.0.2.1", ["192.0.2.2", "2001:db8::2"], ["192.0.2.2"], ""),
        ("192.0.2.1", "2001:db8::2", ["2001:db8::2"], "the two have no IP version in common"),
    ],
)
def test_the_addresses_that_a_source_can_aim_at(
    site: Any, source: Any, destination: Any, addresses: list[str], why: str
) -> None:
    hosts = {"s1": {"printnet_addresses": source}, "v1": {"printnet_addresses": destination}}
    found = pairs(site, {"serverx": ["s1"], "vpsx": ["v1"]}, hosts)
    of_flow = [one for one in found.pairs if one.flow.id == checks.API]
    assert [one.address for one in of_flow] == addresses
    assert {one.untested for one in of_flow} == {why}
    assert {one.version for one in of_flow} == {6 if ":" in address else 4 for address in addresses}


@pytest.mark.parametrize(
    ("networks", "own", "addresses", "why"),
    [
        ("198.18.0.0/24", ["192.0.2.10", "2001:db8::10"], ["192.0.2.10"], ""),
        ("2001:db8:10::/48", ["192.0.2.10", "2001:db8::10"], ["2001:db8::10"], ""),
        (["198.18.0.0/24", "2001:db8:10::/48"], ["192.0.2.10", "2001:db8::10"], ["192.0.2.10", "2001:db8::10"], ""),
        ("any", ["2001:db8::10", "192.0.2.10"], ["192.0.2.10", "2001:db8::10"], ""),
        ("any", ["192.0.2.10", "192.0.2.11"], ["192.0.2.10"], ""),
        ("2001:db8:10::/48", ["192.0.2.10"], ["192.0.2.10"], "the two have no IP version in common"),
    ],
)
def test_networks_aim_at_one_address_of_each_ip_version_that_both_have(
    site: Any, networks: Any, own: list[str], addresses: list[str], why: str
) -> None:
    found = [one for one in dual(site, networks, own).pairs.pairs if one.flow.id == "pdm-vpsx-lpr"]
    assert [one.address for one in found] == addresses
    assert {one.untested for one in found} == {why}
    assert len({one.id for one in found}) == len(found)


def dual(site: Any, networks: Any, own: list[str]) -> checks.Check:
    """One host, and workstations that are networks."""
    here = site({"vpsx": ["v1"]}, {"v1": {"printnet_addresses": own}}, {"printnet_networks": {"workstation": networks}})
    return checks.healthy(here.plan())


def of_flow(made: checks.Check, flow: str) -> list[Verdict]:
    return [one for one in _verdict.verdicts(made.pairs.pairs, made.facts()) if one.flow == flow]


@pytest.mark.parametrize(
    ("networks", "codes"),
    [
        ("2001:db8:10::/48", {"2001:db8::10": "NO_RULE"}),
        (["198.18.0.0/24", "2001:db8:10::/48"], {"192.0.2.10": "NOT_TESTED", "2001:db8::10": "SCOPE_TOO_NARROW"}),
        ("any", {"192.0.2.10": "NOT_TESTED", "2001:db8::10": "SCOPE_TOO_NARROW"}),
    ],
)
def test_rules_of_one_ip_version_are_not_enough_for_networks_of_both(
    site: Any, networks: Any, codes: dict[str, str]
) -> None:
    made = dual(site, networks, ["192.0.2.10", "2001:db8::10"])
    owner = made.rules("v1")
    for half in ("rules", "saved_rules"):
        for rule in owner[half]:
            peers = ["0.0.0.0/0", "::/0"] if rule["peers"] == ["any"] else rule["peers"]
            rule["peers"] = [peer for peer in peers if ":" not in peer]
        owner[half] = [rule for rule in owner[half] if rule["peers"]]
    found = of_flow(made, "pdm-vpsx-lpr")
    assert {one.address: one.code for one in found} == codes
    made.foreign("v1", False, "515", "::/0")
    blocked = {one.address: {one.code, *one.also} for one in of_flow(made, "pdm-vpsx-lpr")}
    assert {address for address, told in blocked.items() if "BLOCKED_BY_RULE" in told} == {"2001:db8::10"}
    made.closed("v1", 515)
    made.answers["v1"]["listeners"].append(checks.listener("tcp", 515, "192.0.2.10"))
    idle = {one.address: {one.code, *one.also} for one in of_flow(made, "pdm-vpsx-lpr")}
    assert {address for address, told in idle.items() if "NO_LISTENER" in told} == {"2001:db8::10"}


def test_networks_without_hosts_are_one_end(site: Any) -> None:
    made = checks.check(site)
    pair = checks.pair_of(made, "vpsx-printer-raw", "v1", "203.0.113.0/24")
    assert (pair.address, pair.untested) == ("", "the inventory names no host of printer, only networks")
    assert checks.pair_of(made, "vpsx-dns_server-dns", "v1", "192.0.2.53").address == "192.0.2.53"


@pytest.mark.parametrize(
    ("networks", "name"),
    [
        (("0.0.0.0/0", "::/0"), "anybody"),
        (("192.0.2.0/24", "192.0.3.1/32"), "192.0.2.0/24, 192.0.3.1"),
        (tuple(f"10.{number}.0.0/16" for number in range(5)), "10.0.0.0/16, 10.1.0.0/16, 10.2.0.0/16 and 2 more"),
    ],
)
def test_places_without_a_host_have_a_name(networks: tuple[str, ...], name: str) -> None:
    assert Place("workstation", "", networks).name == name
    assert Place("workstation", "w1", networks).name == "w1"


def test_a_wide_range_of_ports_is_one_pair(site: Any) -> None:
    wide = {"id": "site-wide", "source": "serverx", "destination": "vpsx", "transport": "tcp", "port": "6000-6100"}
    few = {**wide, "id": "site-few", "port": "7000-7002"}
    own = [{**one, "application": "x", "purpose": "y"} for one in (wide, few)]
    made = checks.check(site, printnet_extra_flows=own)
    found = [one for one in made.pairs.pairs if one.flow.id.startswith("site-") and one.destination.host == "v1"]
    assert [(one.port, bool(one.untested)) for one in sorted(found, key=lambda one: one.port)] == [
        ((6000, 6100), True),
        ((7000, 7000), False),
        ((7001, 7001), False),
        ((7002, 7002), False),
    ]


# --- samples ----------------------------------------------------------------------------------------------------------


def test_a_sample_is_the_same_in_every_order_of_the_inventory(site: Any) -> None:
    names = [*PRINTERS, *FAR]
    first = printers(site, 4, names)
    for seed in range(3):
        random.Random(seed).shuffle(names)
        again = printers(site, 4, names)
        assert chosen(again) == chosen(first)
        assert {one.id for one in again.pairs} == {one.id for one in first.pairs}
        assert set(again.samples) == set(first.samples)


def test_a_sample_is_taken_of_each_network_and_model(site: Any) -> None:
    found = printers(site, 4, models={f"p{number}": "MX" for number in range(1, 11)})
    assert {(one.component, one.network, one.model, one.size, len(one.chosen)) for one in found.samples} == {
        ("printer", "203.0.113.0/24", "MX", 10, 4),
        ("printer", "203.0.113.0/24", "", 20, 4),
        ("printer", "198.51.100.0/24", "", 10, 4),
    }
    assert chosen(found) == {name for one in found.samples for name in one.chosen}


def test_what_is_not_in_the_sample_is_counted(site: Any) -> None:
    found = printers(site, 4)
    left = [one for one in found.pairs if one.left_out]
    assert {one.left_out for one in left} == {32}
    assert {one.untested for one in left} == {"32 hosts more are not in the sample (printnet_probe_sample)"}
    assert max(Counter(one.id for one in found.pairs).values()) == 1


@pytest.mark.parametrize("most", [0, 40, 1000])
def test_without_need_nothing_is_left_out(site: Any, most: int) -> None:
    found = printers(site, most)
    assert (found.samples, [one for one in found.pairs if one.left_out]) == ([], [])
    assert len(chosen(found)) == 40


def test_hosts_of_ours_are_always_looked_at(site: Any) -> None:
    many = {f"v{number}": f"192.0.2.{number}" for number in range(1, 12)}
    found = pairs(site, {"vpsx": list(many), "serverx": ["s1"]}, {**many, "s1": "192.0.2.99"}, 2)
    assert {one.destination.host for one in found.pairs if one.flow.id == checks.API} == set(many)


def test_too_many_pairs_are_refused_with_what_to_do(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pairs, "MOST", 10)
    with pytest.raises(PortsError, match="printnet_probe_sample"):
        printers(site, 0)


def test_behind_the_address_of_a_cluster_not_every_node_has_to_listen(site: Any) -> None:
    hosts = {
        "s1": "192.0.2.1",
        "a1": {"ansible_host": "192.0.2.2", "alertx_service_address": "192.0.2.9"},
        "a2": {"ansible_host": "192.0.2.3", "alertx_service_address": "192.0.2.9"},
    }
    found = pairs(site, {"load_balancer": ["s1"], "alertx": ["a1", "a2"]}, hosts)
    told = {(one.flow.id, one.destination.host): (one.address, one.by_service) for one in found.pairs}
    assert told["load_balancer-alertx-service", "a1"] == ("192.0.2.9", True)
    assert told["load_balancer-alertx-service", "a2"] == ("192.0.2.9", True)
    assert told["load_balancer-alertx-control", "a1"] == ("192.0.2.2", False)


def test_a_load_balancer_that_sends_and_checks_is_one_pair_with_each_host(site: Any) -> None:
    hosts = {"a1": {"ansible_host": "192.0.2.1"}, "a2": {"ansible_host": "192.0.2.2"}}
    service = {"address": "192.0.2.9", "balancers": ["192.0.2.50"]}
    named = {"printnet_networks": {"load_balancer": "192.0.2.50"}, "printnet_services": {"alertx": service}}
    found = checks.pairs_of(site({"alertx": list(hosts)}, hosts, named).plan()).pairs
    assert max(Counter(one.id for one in found).values()) == 1
    told = [(one.source.name, one.destination.name) for one in found if one.flow.id == "load_balancer-alertx-control"]
    assert told == [("192.0.2.50", "192.0.2.9"), ("192.0.2.50", "a1"), ("192.0.2.50", "a2")]
