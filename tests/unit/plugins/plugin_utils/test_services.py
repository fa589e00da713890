# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands behind a load balancer or moves in a cluster: who aims where, and whom the hosts let in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _services
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Service

FaultsOf = Callable[..., list[str]]
Sites = Callable[..., Any]
Open = set[tuple[str, str]]

CLIENTS, VIP, BALANCER = "198.51.100.0/24", "203.0.113.80", "203.0.113.50/32"
SUBMITTED = ("tcp/515", "tcp/631", "tcp/9443")


def _service(**more: Any) -> dict[str, Any]:
    return {"address": VIP, **more}


def _site(site: Sites, service: dict[str, Any], component: str = "vpsx", **everywhere: Any) -> Any:
    names = ("v1", "v2", "s1", "w1")
    return site(
        {"vpsx": ["v1", "v2"], "serverx": ["s1"], "pullsvc": ["w1"]},
        {name: {"ansible_host": f"192.0.2.{number}"} for number, name in enumerate(names, 1)},
        {"printnet_networks": {"workstation": CLIENTS}, "printnet_services": {component: service}, **everywhere},
    )


def _to(found: Open, *ports: str) -> Open:
    return {pair for pair in found if pair[0].split()[-1] in ports}


# --- who sends, aims at the address -----------------------------------------------------------------------------------


def test_others_aim_at_the_service(site: Sites) -> None:
    here = _site(site, _service())
    assert _to(here.open("w1", "pullsvc", "out"), "tcp/9443") == {("out tcp/9443", f"{VIP}/32")}
    assert _to(here.open("s1", "serverx", "out"), "tcp/5501") == {("out tcp/5501", f"{VIP}/32")}


def test_a_components_own_hosts_talk_to_each_other(site: Sites) -> None:
    here = _site(site, _service(balancers=[BALANCER], client_addresses="translated"))
    assert ("out tcp/5501", "192.0.2.2/32") in here.open("v1", "vpsx", "out")
    assert ("tcp/5501", "192.0.2.2/32") in here.open("v1", "vpsx")


def test_the_port_at_the_service_is_that_of_its_hosts(site: Sites) -> None:
    here = _site(site, _service(address=[VIP, "2001:db8::80"]))
    here.hosts["v1"]["vpsx_submission_port"] = 443
    assert _to(here.open("w1", "pullsvc", "out"), "tcp/443", "tcp/9443") == {
        (f"out tcp/{port}", address) for port in (443, 9443) for address in (f"{VIP}/32", "2001:db8::80/128")
    }


def test_a_service_is_enough_where_the_hosts_are_somebody_elses(site: Sites) -> None:
    here = _site(site, _service(), "serverx")
    here.groups["serverx"] = []
    assert _to(here.open("v1", "vpsx", "out"), "tcp/5600") == {("out tcp/5600", f"{VIP}/32")}
    assert ("tcp/5501", f"{VIP}/32") not in here.open("v1", "vpsx")


def test_an_optional_product_is_there_where_its_service_is(site: Sites) -> None:
    here = _site(site, _service(), "innovate_audit")
    assert ("out tcp/5703", f"{VIP}/32") in here.open("v1", "vpsx", "out")


# --- who is let in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "sources"),
    [
        ({}, {CLIENTS}),
        ({"balancers": BALANCER}, {CLIENTS, BALANCER}),
        ({"balancers": BALANCER, "client_addresses": "preserved"}, {CLIENTS, BALANCER}),
        ({"balancers": BALANCER, "client_addresses": "translated"}, {BALANCER}),
    ],
)
def test_who_is_let_in_behind_it(site: Sites, more: dict[str, Any], sources: set[str]) -> None:
    here = _site(site, _service(**more))
    here.groups["pullsvc"] = []
    assert _to(here.open("v1", "vpsx"), *SUBMITTED) == {(port, source) for port in SUBMITTED for source in sources}


def test_a_balancer_needs_no_clients(site: Sites) -> None:
    here = _site(site, _service(balancers=BALANCER, client_addresses="translated"), printnet_networks={})
    here.groups["pullsvc"] = []
    assert _to(here.open("v1", "vpsx"), *SUBMITTED) == {(port, BALANCER) for port in SUBMITTED}
    assert here.told("v1", "vpsx") == []


def test_a_balancer_asks_for_no_product_that_is_not_there(site: Sites) -> None:
    here = _site(site, _service(balancers=BALANCER, client_addresses="translated"))
    assert _to(here.open("v1", "vpsx"), "tcp/5500") == set()  # LRSQ and Mobile Connector


def test_clients_whose_addresses_count_have_to_be_known(site: Sites) -> None:
    here = _site(site, _service(balancers=BALANCER), printnet_networks={})
    here.groups["pullsvc"] = []
    assert _to(here.open("v1", "vpsx"), *SUBMITTED) == set()
    assert "workstation" in here.told("v1", "vpsx")[0]


@pytest.mark.parametrize("how", ["translated", "preserved"])
def test_a_balancer_carries_what_its_clients_send(site: Sites, how: str) -> None:
    here = _site(site, _service(balancers=BALANCER, client_addresses=how), "innovate_audit")
    here.groups["innovate_audit"] = ["a1"]
    here.hosts["a1"] = {"ansible_host": "192.0.2.9"}
    here.everywhere["pdm_accounting"] = False
    assert ("tcp/5703", BALANCER) in here.open("a1", "innovate_audit")
    for name in ("v1", "v2"):
        here.hosts[name]["vpsx_audit"] = False
    assert ("tcp/5703", BALANCER) not in here.open("a1", "innovate_audit")


def test_only_the_named_flows_go_by_the_service(site: Sites) -> None:
    service = _service(balancers=BALANCER, client_addresses="translated", flows=["pullsvc-vpsx-ipps"])
    here = _site(site, service)
    assert _to(here.open("w1", "pullsvc", "out"), "tcp/9443") == {("out tcp/9443", f"{VIP}/32")}
    assert _to(here.open("s1", "serverx", "out"), "tcp/5501") == {
        ("out tcp/5501", f"192.0.2.{number}/32") for number in (1, 2)
    }
    assert _to(here.open("v1", "vpsx"), *SUBMITTED) == {
        ("tcp/515", CLIENTS),
        ("tcp/631", CLIENTS),
        ("tcp/9443", BALANCER),
    }


# --- AlertX -----------------------------------------------------------------------------------------------------------


def _alertx(site: Sites, **more: Any) -> Any:
    names = ("a1", "a2", "b1")
    return site(
        {"alertx": ["a1", "a2"], "load_balancer": ["b1"]},
        {name: {"ansible_host": f"192.0.2.{number}", **more} for number, name in enumerate(names, 1)},
    )


def test_alertx_is_reached_at_its_service_address(site: Sites) -> None:
    here = _alertx(site, alertx_service_address=VIP)
    found = here.open("b1", "load_balancer", "out")
    assert _to(found, "tcp/5557") == {("out tcp/5557", f"{VIP}/32")}
    assert found - _to(found, "tcp/5557") == {
        (f"out tcp/{port}", f"192.0.2.{number}/32") for port in (5555, 5556) for number in (1, 2)
    }


def test_alertx_hosts_ask_the_service_address_for_the_last_node_and_each_other_for_the_rest(site: Sites) -> None:
    plain, moved = _alertx(site), _alertx(site, alertx_service_address=[VIP])
    assert plain.open("a1", "alertx") == moved.open("a1", "alertx")
    assert moved.open("a1", "alertx", "out") == {("out tcp/5556", "192.0.2.2/32"), ("out tcp/5557", f"{VIP}/32")}


def test_a_named_service_goes_before_the_option(site: Sites) -> None:
    here = _alertx(site, alertx_service_address=VIP)
    here.everywhere["printnet_services"] = {"alertx": {"address": "203.0.113.81"}}
    assert {address for _port, address in here.open("b1", "load_balancer", "out")} == {"203.0.113.81/32"}


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "service"),
    [
        ({"address": VIP}, Service((f"{VIP}/32",))),
        ({"address": f"{VIP}, 2001:db8::80", "balancers": None}, Service((f"{VIP}/32", "2001:db8::80/128"))),
        (
            {"address": [VIP], "balancers": ["10.0.0.0/31"], "client_addresses": "Translated"},
            Service((f"{VIP}/32",), ("10.0.0.0/31",), translated=True),
        ),
        ({"address": VIP, "flows": "pdm-vpsx-lpr"}, Service((f"{VIP}/32",), flows=frozenset({"pdm-vpsx-lpr"}))),
    ],
)
def test_a_service(catalog: Catalog, raw: dict[str, Any], service: Service) -> None:
    faults = Faults()
    assert _services.read(catalog, {"vpsx": raw}, faults) == {"vpsx": service}
    assert faults.found == []


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (VIP, f"printnet_services, vpsx: '{VIP}' must be a mapping with address, balancers, client_addresses, flows"),
        ({}, "printnet_services, vpsx: address is missing"),
        ({"address": []}, "printnet_services, vpsx, address: [] must name at least one address"),
        ({"address": "print.example"}, "printnet_services, vpsx, address: 'print.example' must be an address"),
        (
            {"address": ["10.1.1.0/24"]},
            "printnet_services, vpsx, address: ['10.1.1.0/24'] must be an address, or a list",
        ),
        (
            {"address": "2001:db8::/127"},
            "printnet_services, vpsx, address: '2001:db8::/127' must be an address, or a list",
        ),
        (
            {"address": "10.1.1.1-10.1.1.2"},
            "printnet_services, vpsx, address: '10.1.1.1-10.1.1.2' must be an address, or",
        ),
        ({"address": "any"}, "printnet_services, vpsx, address: 'any' must be an address, or a list of addresses"),
        ({"address": "127.0.0.1"}, "printnet_services, vpsx, address: '127.0.0.1' begins with a loopback address"),
        (
            {"address": VIP, "balancer": "x"},
            "printnet_services, vpsx: the key 'balancer' is unknown; did you mean 'balancers'",
        ),
        (
            {"address": VIP, "balancers": "10.0.0.1/8"},
            "printnet_services, vpsx, balancers: '10.0.0.1/8' has host bits set",
        ),
        (
            {"address": VIP, "client_addresses": "preserve"},
            "printnet_services, vpsx, client_addresses: 'preserve' must be one of translated, preserved; did you mean",
        ),
        (
            {"address": VIP, "client_addresses": "translated"},
            "printnet_services, vpsx: client_addresses is translated, so balancers must name the addresses that",
        ),
        (
            {"address": VIP, "flows": ["pdm-vpsx-lrp"]},
            "printnet_services, vpsx, flows: 'pdm-vpsx-lrp' is no flow; did you",
        ),
        (
            {"address": VIP, "flows": ["vpsx-serverx-api"]},
            "printnet_services, vpsx, flows: 'vpsx-serverx-api' does not go to",
        ),
    ],
)
def test_a_wrong_service_says_what_would_be_right(site: Sites, raw: Any, told: str, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_site(site, raw).estate, "v1", "vpsx")
    assert fault.startswith(told)


def test_a_service_of_no_component(site: Sites, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_site(site, _service(), "vspx").estate, "v1", "vpsx")
    assert fault.startswith("printnet_services: 'vspx' is no component; did you mean 'vpsx'")
