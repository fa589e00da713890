# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An inventory to a topology: groups, networks, addresses, names, and each mistake with what would be right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _inventory
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog

FaultsOf = Callable[..., list[str]]
Sites = Callable[..., Any]


def _at(address: str, **more: Any) -> dict[str, Any]:
    return {"ansible_host": address, **more}


def _networks(estate: Any, component: str) -> list[tuple[str, ...]]:
    return [host.networks for host in estate.topology.parties[component].hosts.values()]


# --- a host's address -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "networks", "origin"),
    [
        (_at("192.0.2.9"), ("192.0.2.9/32",), "ansible_host"),
        (_at("2001:DB8::0:9"), ("2001:db8::9/128",), "ansible_host"),
        (_at("192.0.2.9", printnet_addresses="192.0.2.8"), ("192.0.2.8/32",), "printnet_addresses"),
        (
            _at("x", printnet_addresses=["192.0.2.8", "2001:db8::8"]),
            ("192.0.2.8/32", "2001:db8::8/128"),
            "printnet_addresses",
        ),
        (_at("192.0.2.9", printnet_addresses=[]), ("192.0.2.9/32",), "ansible_host"),
        (_at("192.0.2.9", printnet_addresses=None), ("192.0.2.9/32",), "ansible_host"),
        (_at("both.example"), ("192.0.2.7/32", "2001:db8::7/128"), "name"),
        ({}, ("192.0.2.6/32",), "name"),
    ],
)
def test_where_a_hosts_address_comes_from(
    site: Sites, variables: dict[str, Any], networks: tuple[str, ...], origin: str
) -> None:
    names = {"both.example": ("192.0.2.7", "2001:db8::7"), "s1": ("192.0.2.6",)}
    (host,) = site({"serverx": ["s1"]}, {"s1": variables}, {}, names).members("serverx")
    assert (host.networks, host.origin) == (networks, origin)


def test_gathered_facts_do_not_count(site: Sites) -> None:
    facts = {
        "ansible_facts": {"default_ipv4": {"address": "203.0.113.9"}},
        "ansible_default_ipv4": {"address": "203.0.113.9"},
    }
    (host,) = site({"serverx": ["s1"]}, {"s1": _at("192.0.2.2", **facts)}).members("serverx")
    assert host.networks == ("192.0.2.2/32",)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {"printnet_addresses": "192.0.2.7/24"},
            "host s1, printnet_addresses: '192.0.2.7/24' is no IPv4 or IPv6 address",
        ),
        ({"printnet_addresses": "printer"}, "host s1, printnet_addresses: 'printer' is no IPv4 or IPv6 address"),
        ({"printnet_addresses": 5}, "host s1, printnet_addresses: 5 is no IPv4 or IPv6 address"),
        ({"printnet_addresses": [None]}, "host s1, printnet_addresses: None is no IPv4 or IPv6 address"),
        (
            {"printnet_addresses": [["192.0.2.1"]]},
            "host s1, printnet_addresses: ['192.0.2.1'] is no IPv4 or IPv6 address",
        ),
        ({"printnet_addresses": {"a": 1}}, "host s1, printnet_addresses: "),
        (
            {"printnet_addresses": "127.0.0.1"},
            "host s1, printnet_addresses: 127.0.0.1 is a loopback address; set printnet_addresses",
        ),
        (
            {"ansible_host": "127.0.0.1"},
            "host s1, ansible_host: 127.0.0.1 is a loopback address; set printnet_addresses",
        ),
        ({"ansible_host": "::1"}, "host s1, ansible_host: ::1 is a loopback address"),
        ({"ansible_host": "0.0.0.0"}, "host s1, ansible_host: 0.0.0.0 is the unspecified address"),
        ({"ansible_host": "224.0.0.1"}, "host s1, ansible_host: 224.0.0.1 is a multicast address"),
        ({"ansible_host": "fe80::1"}, "host s1, ansible_host: fe80::1 is a link-local address"),
        ({"ansible_host": "local"}, "host s1, name: 127.0.0.1 is a loopback address"),
    ],
)
def test_an_address_that_peers_can_not_see_is_refused(
    site: Sites, variables: dict[str, Any], told: str, faults_of: FaultsOf
) -> None:
    here = site(
        {"dis": ["d1"], "serverx": ["s1"]}, {"d1": _at("192.0.2.1"), "s1": variables}, {}, {"local": ("127.0.0.1",)}
    )
    (fault,) = faults_of(here.estate, "d1", "dis")
    assert fault.startswith(told)


def test_the_calling_host_may_be_reached_by_loopback(site: Sites) -> None:
    for address in ("127.0.0.1", "localhost", "no-such-name"):
        here = site(
            {"dis": ["d1"], "serverx": ["s1"]},
            {"d1": _at(address), "s1": _at("192.0.2.2")},
            {},
            {"localhost": ("::1",)},
        )
        assert here.open("d1", "dis") == {("tcp/5701", "192.0.2.2/32")}


def test_all_names_that_nobody_knows_come_at_once(site: Sites, faults_of: FaultsOf) -> None:
    here = site(
        {"dis": ["d1"], "serverx": ["s1", "s2", "s3", "s4"]},
        {"d1": _at("192.0.2.1"), "s2": _at("x.example"), "s3": _at("192.0.2.3"), "s4": _at("192.0.2.4/24")},
        {"printnet_networks": {"vpsx": "bad"}},
    )
    wrong_network, unresolved = faults_of(here.estate, "d1", "dis")
    assert wrong_network.startswith("printnet_networks, vpsx: 'bad' must be an address")
    assert unresolved.startswith(
        "inventory: no address for s1, s2 (ansible_host 'x.example'), s4 (ansible_host '192.0.2.4/24'): the controller "
        "could not resolve the name; set ansible_host to an address, or printnet_addresses"
    )


def test_names_are_asked_for_together_and_addresses_never(site: Sites) -> None:
    asked: list[list[str]] = []

    class Noting(site):  # type: ignore[misc, valid-type]
        def resolve(self, names: Any) -> dict[str, tuple[str, ...]]:
            asked.append(sorted(names))
            return dict.fromkeys(asked[-1], ("192.0.2.50",))

    here = Noting({"dis": ["d1"], "serverx": ["s1", "s2", "s3"]}, {"d1": _at("192.0.2.1"), "s3": _at("192.0.2.3")})
    here.estate("d1", "dis")
    assert asked == [["s1", "s2"]]


# --- groups -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mapped", ["directory", ["directory"], ["directory", "serverx"], ("directory",)])
def test_a_component_may_have_groups_of_other_names(site: Sites, mapped: Any) -> None:
    groups = {"dis": ["d1"], "directory": ["s1"], "serverx": ["s1"]}
    here = site(groups, {"d1": _at("192.0.2.1"), "s1": _at("192.0.2.2")}, {"printnet_groups": {"serverx": mapped}})
    assert here.open("d1", "dis") == {("tcp/5701", "192.0.2.2/32")}


def test_a_mapped_group_stands_in_place_of_the_one_of_the_same_name(site: Sites) -> None:
    groups = {"dis": ["d1"], "directory": ["s1"], "serverx": ["s2"]}
    hosts = {"d1": _at("192.0.2.1"), "s1": _at("192.0.2.2"), "s2": _at("192.0.2.3")}
    here = site(groups, hosts, {"printnet_groups": {"serverx": "directory"}})
    assert here.open("d1", "dis") == {("tcp/5701", "192.0.2.2/32")}


def test_a_host_in_two_groups_is_one_host(site: Sites) -> None:
    here = site(
        {"dis": ["d1"], "a": ["s1", "s2"], "b": ["s2", "s3"]},
        {"d1": _at("192.0.2.1"), **{f"s{n}": _at(f"192.0.2.1{n}") for n in (1, 2, 3)}},
        {"printnet_groups": {"serverx": ["a", "b"]}},
    )
    (group,) = here.estate("d1", "dis").topology.parties["serverx"].groups
    assert group.networks == ("192.0.2.11/32", "192.0.2.12/31")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"servrx": "directory"}, "printnet_groups: 'servrx' is no component; did you mean 'serverx'"),
        (
            {"serverx": "directry"},
            "printnet_groups, serverx: the inventory has no group 'directry'; did you mean 'directory'?",
        ),
        ({"vpsx": "nowhere"}, "printnet_groups, vpsx: the inventory has no group 'nowhere'"),
        ({"serverx": ["directory", "nope"]}, "printnet_groups, serverx: the inventory has no group 'nope'"),
        ({None: "directory"}, "printnet_groups: None is no component; there is "),
        ({"serverx": 5}, "printnet_groups, serverx: the inventory has no group '5'"),
        ({"serverx": {"a": 1}}, "printnet_groups, serverx: "),
        (
            "directory",
            "printnet_groups: 'directory' must be a mapping of names to values; it is text. In an INI inventory write",
        ),
        ("{{ mine }}", "printnet_groups: the template '{{ mine }}' has no value; set what it names for this host"),
        (["directory"], "printnet_groups: ['directory'] must be a mapping"),
        (True, "printnet_groups: True must be a mapping"),
    ],
)
def test_wrong_groups_say_what_there_is(site: Sites, value: Any, told: str, faults_of: FaultsOf) -> None:
    here = site({"dis": ["d1"], "directory": ["d1"]}, {"d1": _at("192.0.2.1")}, {"printnet_groups": value})
    faults = faults_of(here.estate, "d1", "dis")
    assert any(fault.startswith(told) for fault in faults), faults


# --- networks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "networks"),
    [
        ("192.0.2.0/24", ("192.0.2.0/24",)),
        (["192.0.2.0/25", "192.0.2.128-192.0.2.255"], ("192.0.2.0/24",)),
        (["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"], ("10.0.0.0/8", "2001:db8::/32")),
        ("192.0.2.9", ("192.0.2.9/32",)),
        ([], ()),
        (None, ()),
    ],
)
def test_networks_are_merged(site: Sites, value: Any, networks: tuple[str, ...]) -> None:
    here = site({"dis": ["d1"]}, {"d1": _at("192.0.2.1")}, {"printnet_networks": {"serverx": value}})
    party = here.estate("d1", "dis").topology.parties["serverx"]
    assert (party.networks, party.everybody) == (networks, False)


@pytest.mark.parametrize("value", ["any", "ANY", " any ", ["any"], ["192.0.2.0/24", "any"]])
def test_any_is_everybody(site: Sites, value: Any) -> None:
    here = site({"dis": ["d1"]}, {"d1": _at("192.0.2.1")}, {"printnet_networks": {"serverx": value}})
    party = here.estate("d1", "dis").topology.parties["serverx"]
    assert (party.networks, party.everybody) == ((), True)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            {"servrx": "192.0.2.0/24"},
            "printnet_networks: 'servrx' is no component, and none of printnet_extra_components; did you mean 'serv",
        ),
        (
            {"serverx": "192.0.2.9/24"},
            "printnet_networks, serverx: '192.0.2.9/24' has host bits set: write 192.0.2.0/24",
        ),
        ({"serverx": "directory.example"}, "printnet_networks, serverx: 'directory.example' must be an address"),
        ({"serverx": "127.0.0.1"}, "printnet_networks, serverx: '127.0.0.1' begins with a loopback address"),
        ({"serverx": "224.0.0.0/4"}, "printnet_networks, serverx: '224.0.0.0/4' begins with a multicast address"),
        ({"serverx": "0.0.0.0/0"}, "printnet_networks, serverx: '0.0.0.0/0' is everybody; write any where that"),
        ({"serverx": ["192.0.2.1", "::/0"]}, "printnet_networks, serverx: '::/0' is everybody; write any where that"),
        ({"serverx": "0.0.0.0-255.255.255.255"}, "printnet_networks, serverx: '0.0.0.0-255.255.255.255' is everybody"),
        ({"serverx": "0.0.0.5"}, "printnet_networks, serverx: '0.0.0.5' begins with an address of 0.0.0.0/8, which is"),
        ({"serverx": "240.0.0.0/4"}, "printnet_networks, serverx: '240.0.0.0/4' begins with a reserved address"),
        (
            {None: ["192.0.2.1"]},
            "printnet_networks: None is no component, and none of printnet_extra_components; there is ",
        ),
        ({"serverx": ["any", "garbage"]}, "printnet_networks, serverx: 'garbage' must be an address"),
        ({"serverx": [True]}, "printnet_networks, serverx: True must be an address"),
        ({"serverx": {"a": 1}}, "printnet_networks, serverx: {'a': 1} must be an address"),
        ({"serverx": [["192.0.2.1"]]}, "printnet_networks, serverx: ['192.0.2.1'] must be an address"),
        (["192.0.2.0/24"], "printnet_networks: ['192.0.2.0/24'] must be a mapping"),
        ("any", "printnet_networks: 'any' must be a mapping"),
    ],
)
def test_wrong_networks_say_what_would_be_right(site: Sites, value: Any, told: str, faults_of: FaultsOf) -> None:
    here = site({"dis": ["d1"], "serverx": ["d1"]}, {"d1": _at("192.0.2.1")}, {"printnet_networks": value})
    (fault,) = faults_of(here.estate, "d1", "dis")
    assert fault.startswith(told)


def test_hosts_and_networks_of_a_component_add_up(site: Sites) -> None:
    here = site(
        {"dis": ["d1"], "serverx": ["s1"]},
        {"d1": _at("192.0.2.1"), "s1": _at("192.0.2.2")},
        {"printnet_networks": {"serverx": ["203.0.113.0/24", "192.0.2.0/30"]}},
    )
    assert here.open("d1", "dis") == {("tcp/5701", "192.0.2.0/30"), ("tcp/5701", "203.0.113.0/24")}


# --- what is read, and what is not ------------------------------------------------------------------------------------


def test_only_hosts_that_matter_are_read(site: Sites) -> None:
    read: list[str] = []

    class Noting(site):  # type: ignore[misc, valid-type]
        def variables(self, host: str) -> dict[str, Any]:
            read.append(host)
            return super().variables(host)  # type: ignore[no-any-return]

    here = Noting(
        {"dis": ["d1"], "serverx": ["s1"], "netx": ["n1"], "printer": ["p1"], "others": ["o1"]},
        {name: _at(f"192.0.2.{number}") for number, name in enumerate(("d1", "s1", "n1", "p1", "o1"), 1)},
    )
    here.estate("d1", "dis", directions=("in",))
    assert set(read) == {"d1", "s1"}


@pytest.mark.parametrize(
    ("component", "direction", "needed"),
    [
        ("dis", "in", {"serverx", "dis"}),
        ("dis", "out", set()),
        ("serverx", "out", {"vpsx", "dis"}),
        ("mfpsecure", "in", {"workstation", "mfpsecure"}),
        ("alertx", "in", {"load_balancer", "alertx"}),
        (
            "mve",
            "out",
            {"lexmark_printer", "printer", "sql_server", "firebird", "mail_server", "ldap_server", "kdc", "mve"},
        ),
        ("mobile_app", "in", set()),
    ],
)
def test_what_a_plan_needs_to_know(catalog: Catalog, component: str, direction: str, needed: set[str]) -> None:
    assert set(_inventory.needed(catalog, [component], [direction])) == needed


def test_components_are_checked_all_at_once(catalog: Catalog, faults_of: FaultsOf) -> None:
    faults = faults_of(_inventory.check_components, catalog, ["vpsx", "vspx", 5, None, "printr"])
    assert len(faults) == 4
    assert faults[0].startswith("components: 'vspx' is no component; did you mean 'vpsx'")


def test_a_role_that_is_no_component_names_its_components(catalog: Catalog, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_inventory.check_components, catalog, ["vpsx", "vspa"])
    assert fault == "components: 'vspa' is a role for vspa_xenapp and vspa_xendesktop: name these, or one of them"


@pytest.mark.parametrize(("value", "found"), [(None, "skip"), ("skip", "skip"), ("FAIL", "fail"), ("any", "any")])
def test_unknown_peers(value: Any, found: str) -> None:
    assert _inventory.unknown_peers({"printnet_unknown_peers": value}.get) == found


@pytest.mark.parametrize("value", ["ignore", "", True, 5, ["skip"], {}])
def test_unknown_peers_is_one_of_three(value: Any) -> None:
    with pytest.raises(PortsError, match=r"^printnet_unknown_peers: .* must be one of skip, fail, any"):
        _inventory.unknown_peers({"printnet_unknown_peers": value}.get)


def test_a_wrong_option_of_another_host_names_the_host(site: Sites, faults_of: FaultsOf) -> None:
    here = site(
        {"vpsx": ["v1", "v2"]},
        {"v1": _at("192.0.2.1"), "v2": _at("192.0.2.2", vpsx_submission_port="x")},
    )
    (fault,) = faults_of(here.estate, "v1", "vpsx")
    assert fault == "host v2, vpsx_submission_port: 'x' must be a port from 1 to 65535"
