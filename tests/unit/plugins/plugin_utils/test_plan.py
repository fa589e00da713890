# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that one host needs: who is let in, who is not, and what is said of those whom nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.printnet.ports.plugins.plugin_utils import _plan

FaultsOf = Callable[..., list[str]]
Sites = Callable[..., Any]

CLIENTS = "198.51.100.0/24"
PRINTERS = "203.0.113.0/24"


def _at(address: str, **more: Any) -> dict[str, Any]:
    return {"ansible_host": address, **more}


def _vpsx(site: Sites, **everywhere: Any) -> Any:
    """Two VPSX servers, one ServerX, and workstations that Ansible does not manage."""
    return site(
        {"vpsx": ["v1", "v2"], "serverx": ["s1"]},
        {
            "v1": _at("192.0.2.1"),
            "v2": _at("192.0.2.2"),
            "s1": _at("192.0.2.10", printnet_addresses=["192.0.2.10", "2001:db8::10"]),
        },
        {"printnet_networks": {"workstation": CLIENTS}, **everywhere},
    )


VPSX = {
    ("tcp/515", CLIENTS),
    ("tcp/631", CLIENTS),
    ("tcp/9443", CLIENTS),
    ("tcp/5501", "192.0.2.10/32"),
    ("tcp/5501", "2001:db8::10/128"),
    ("tcp/5501", "192.0.2.2/32"),
}


# --- who is let in ----------------------------------------------------------------------------------------------------


def test_each_port_is_open_to_the_peers_of_its_flows_only(site: Sites) -> None:
    assert _vpsx(site).open("v1", "vpsx") == VPSX


def test_what_a_host_opens_itself(site: Sites) -> None:
    here = _vpsx(site, printnet_networks={"workstation": CLIENTS, "printer": PRINTERS, "dns_server": "192.0.2.53"})
    assert here.open("v1", "vpsx", "out") == {
        *((f"out {port}", PRINTERS) for port in ("udp/161", "tcp/515", "tcp/631", "tcp/9100", "tcp/443")),
        ("out tcp/5600", "192.0.2.10/32"),
        ("out tcp/5600", "2001:db8::10/128"),
        ("out tcp/5501", "192.0.2.2/32"),
        ("out udp/53", "192.0.2.53/32"),
    }


def test_an_optional_product_that_is_not_there_gets_no_rule_and_no_word(site: Sites) -> None:
    (told,) = _vpsx(site, printnet_networks={}).told("v1", "vpsx")
    assert "workstation" in told
    for absent in ("lrsq", "mfpsecure", "mobile_connector"):
        assert absent not in told
    assert _vpsx(site).told("v1", "vpsx") == []


def test_an_installed_product_counts(site: Sites) -> None:
    more = {
        "printnet_networks": {
            "workstation": CLIENTS,
            "mfpsecure": "192.0.2.30",
            "lrsq": "192.0.2.40",
            "mobile_connector": "192.0.2.50",
        }
    }
    assert _vpsx(site, **more).open("v1", "vpsx") - VPSX == {
        ("tcp/631", "192.0.2.30/32"),
        ("tcp/5500", "192.0.2.40/32"),
        ("tcp/5500", "192.0.2.50/32"),
    }


@pytest.mark.parametrize(
    ("variables", "gone"),
    [
        ({"printnet_features": {"pdm": False}}, {("tcp/515", CLIENTS), ("tcp/631", CLIENTS)}),
        ({"printnet_features": {"pullsvc": False}}, {("tcp/9443", CLIENTS)}),
        ({"vpsx_mode": "direct"}, {("tcp/515", CLIENTS), ("tcp/631", CLIENTS), ("tcp/9443", CLIENTS)}),
        ({"vpsx_print_protocols": ["ipps"]}, {("tcp/515", CLIENTS), ("tcp/631", CLIENTS)}),
        ({"printnet_overrides": {"vpsx-vpsx-status": {"enabled": False}}}, {("tcp/5501", "192.0.2.2/32")}),
    ],
)
def test_what_is_switched_off_is_closed(site: Sites, variables: dict[str, Any], gone: set[tuple[str, str]]) -> None:
    assert _vpsx(site, **variables).open("v1", "vpsx") == VPSX - gone


@pytest.mark.parametrize(
    "variables", [{"vpsx_submission_port": 443}, {"printnet_overrides": {"pullsvc-vpsx-ipps": {"port": 443}}}]
)
def test_a_moved_port_is_open_and_the_old_one_is_closed(site: Sites, variables: dict[str, Any]) -> None:
    assert _vpsx(site, **variables).open("v1", "vpsx") == VPSX - {("tcp/9443", CLIENTS)} | {("tcp/443", CLIENTS)}


def test_networks_that_overlap_are_one(site: Sites) -> None:
    here = _vpsx(
        site, printnet_networks={"workstation": ["10.0.0.0/8", "10.9.0.0/16"], "pdm": ["10.0.0.0/9", "10.128.0.0/9"]}
    )
    assert {pair for pair in here.open("v1", "vpsx") if pair[1].startswith("10.")} == {
        ("tcp/515", "10.0.0.0/8"),
        ("tcp/631", "10.0.0.0/8"),
        ("tcp/9443", "10.0.0.0/8"),
    }


def test_a_client_with_addresses_of_its_own_stands_for_itself(site: Sites) -> None:
    here = _vpsx(site, printnet_networks={"workstation": CLIENTS, "pdm": "10.1.0.0/16"})
    assert {pair for pair in here.open("v1", "vpsx") if pair[0] in ("tcp/515", "tcp/9443")} == {
        ("tcp/515", "10.1.0.0/16"),
        ("tcp/9443", CLIENTS),
    }


def test_any_opens_this_component_to_everybody_and_no_other(site: Sites) -> None:
    here = _vpsx(site, printnet_networks={"workstation": "any"})
    everybody = {(port, network) for port in ("tcp/515", "tcp/631", "tcp/9443") for network in ("0.0.0.0/0", "::/0")}
    assert here.open("v1", "vpsx") == {pair for pair in VPSX if pair[1] != CLIENTS} | everybody


def test_every_host_of_a_run_sees_the_same(site: Sites) -> None:
    here = _vpsx(site)
    assert {pair for pair in here.open("v2", "vpsx") if pair[0] == "tcp/5501"} == {
        ("tcp/5501", "192.0.2.10/32"),
        ("tcp/5501", "2001:db8::10/128"),
        ("tcp/5501", "192.0.2.1/32"),
    }


# --- kinds ------------------------------------------------------------------------------------------------------------


def _mve(site: Sites, **everywhere: Any) -> Any:
    networks = {"printer": "10.1.0.0/16", "lexmark_printer": "10.2.0.0/16", "browser": CLIENTS}
    return site({"mve": ["m1"]}, {"m1": _at("192.0.2.1")}, {"printnet_networks": networks, **everywhere})


def test_a_flow_to_printers_reaches_those_of_every_kind(site: Sites) -> None:
    found = _mve(site).open("m1", "mve", "out")
    assert {network for port, network in found if port == "out udp/161"} == {"10.1.0.0/16", "10.2.0.0/16"}
    assert {network for port, network in found if port == "out udp/9300"} == {"10.2.0.0/16"}


def test_only_lexmark_printers_send_alerts(site: Sites) -> None:
    assert _mve(site).open("m1", "mve") == {("tcp/443", CLIENTS), ("udp/9187", "10.2.0.0/16")}


def test_a_lexmark_printer_receives_what_a_printer_does(site: Sites) -> None:
    here = site(
        {"lexmark_printer": ["p1"], "printer": ["p2"], "vpsx": ["v1"], "mve": ["m1"]},
        {name: _at(f"192.0.2.{number}") for number, name in enumerate(("p1", "p2", "v1", "m1"), 1)},
        {"printnet_networks": {"workstation": CLIENTS}},
    )
    both = {(port, "192.0.2.3/32") for port in ("udp/161", "tcp/515", "tcp/631", "tcp/9100", "tcp/443")}
    assert both <= here.open("p1", "lexmark_printer")
    assert both <= here.open("p2", "printer")
    assert ("udp/9300", "192.0.2.4/32") in here.open("p1", "lexmark_printer")
    assert ("udp/9300", "192.0.2.4/32") not in here.open("p2", "printer")


def test_a_kind_of_ones_own(site: Sites) -> None:
    here = _mve(site, printnet_extra_components={"hp_printer": {"kind_of": "printer"}})
    here.everywhere["printnet_networks"] = {"hp_printer": "10.3.0.0/16", "browser": CLIENTS}
    assert here.open("m1", "mve", "out") == {("out udp/161", "10.3.0.0/16")}


def test_a_kind_of_workstation_has_what_lives_on_it(site: Sites) -> None:
    here = _vpsx(
        site,
        printnet_extra_components={"kiosk": {"kind_of": "workstation"}},
        printnet_networks={"workstation": CLIENTS, "kiosk": "10.0.0.0/8"},
    )
    assert here.open("v1", "vpsx") == VPSX | {(port, "10.0.0.0/8") for port in ("tcp/515", "tcp/631", "tcp/9443")}


# --- options of both ends ---------------------------------------------------------------------------------------------


def test_a_listeners_option_counts_for_those_who_call_it(site: Sites) -> None:
    here = site(
        {"vpsx": ["v1", "v2"], "pullsvc": ["w1"]},
        {"v1": _at("192.0.2.1", vpsx_submission_port=443), "v2": _at("192.0.2.2"), "w1": _at("192.0.2.100")},
        {"printnet_networks": {"workstation": CLIENTS}},
    )
    assert ("tcp/443", "192.0.2.100/32") in here.open("v1", "vpsx")
    assert ("tcp/9443", "192.0.2.100/32") in here.open("v2", "vpsx")
    found = {pair for pair in here.open("w1", "pullsvc", "out") if "443" in pair[0]}
    assert found == {("out tcp/443", "192.0.2.1/32"), ("out tcp/9443", "192.0.2.2/32")}


def test_a_callers_option_counts_for_the_listener(site: Sites) -> None:
    here = site(
        {"innovate_audit": ["a1"], "vpsx": ["v1", "v2"]},
        {"a1": _at("192.0.2.1"), "v1": _at("192.0.2.11", vpsx_audit=False), "v2": _at("192.0.2.12")},
    )
    assert here.open("a1", "innovate_audit") == {("tcp/5703", "192.0.2.12/32")}


def test_a_third_partys_option_counts_when_any_of_its_hosts_needs_the_flow(site: Sites) -> None:
    def lpr(**options: Any) -> bool:
        here = site(
            {"printer": ["p1"], "vpsx": ["v1", "v2"]},
            {
                "p1": _at("192.0.2.1"),
                "v1": _at("192.0.2.11", vpsx_print_protocols=["ipp"]),
                "v2": _at("192.0.2.12", **options),
            },
            {"printnet_networks": {"pdm": CLIENTS}},
        )
        return ("tcp/515", CLIENTS) in here.open("p1", "printer")

    assert lpr()
    assert not lpr(vpsx_print_protocols=["ipp"])


@pytest.mark.parametrize("printers", ["hosts", "networks", "both", "unknown"])
@pytest.mark.parametrize(("mode", "elsewhere", "straight"), [("server", "both", False), ("both", "server", True)])
def test_a_third_partys_hosts_count_for_networks_too(
    site: Sites, printers: str, mode: str, elsewhere: str, straight: bool
) -> None:
    here = site(
        {"vpsx": ["v1"], "pdm": ["w1"], "workstation": ["w1"]},
        {"v1": _at("192.0.2.1", vpsx_mode=mode), "w1": _at("192.0.2.9"), "p1": _at("192.0.2.20")},
        {"vpsx_mode": elsewhere, "printnet_unknown_peers": "any"},
    )
    if printers in ("hosts", "both"):
        here.groups["printer"] = ["p1"]
    if printers in ("networks", "both"):
        here.everywhere["printnet_networks"] = {"printer": PRINTERS}
    found = {want.flow.id for want in here.share("w1", "pdm", "out").wants if want.flow.destination == "printer"}
    assert found == ({"pdm-printer-lpr", "pdm-printer-ipp", "pdm-printer-raw"} if straight else set())


def test_an_unknown_peer_is_missed_where_a_third_partys_hosts_need_the_flow(site: Sites) -> None:
    here = site(
        {"vpsx": ["v1"], "printer": ["p1"]},
        {"v1": _at("192.0.2.1", vpsx_mode="server"), "p1": _at("192.0.2.20")},
        {"vpsx_mode": "both"},
    )
    missing = {entry.flow.id for entry in here.share("p1", "printer").unknown}
    assert "pdm-printer-lpr" not in missing
    here.hosts["v1"]["vpsx_mode"], here.everywhere["vpsx_mode"] = "both", "server"
    missing = {entry.flow.id for entry in here.share("p1", "printer").unknown}
    assert "pdm-printer-lpr" in missing


def test_an_option_of_a_component_without_hosts_holds_for_the_estate(site: Sites) -> None:
    here = site(
        {"innovate_audit": ["a1"]},
        {"a1": _at("192.0.2.1")},
        {"printnet_networks": {"workstation": CLIENTS, "vpsx": "192.0.2.11"}, "pdm_accounting": False},
    )
    assert here.open("a1", "innovate_audit") == {("tcp/5703", "192.0.2.11/32")}


def test_a_workstations_option_counts_for_what_lives_on_it(site: Sites) -> None:
    here = site(
        {"innovate_audit": ["a1"], "workstation": ["w1"], "vpsx": ["v1"]},
        {"a1": _at("192.0.2.1"), "w1": _at("192.0.2.9", pdm_accounting=False), "v1": _at("192.0.2.2")},
    )
    assert here.open("a1", "innovate_audit") == {("tcp/5703", "192.0.2.2/32")}


def test_networks_beside_hosts_go_by_the_estates_option(site: Sites) -> None:
    here = site(
        {"vpsx": ["v1"], "pullsvc": ["w1"]},
        {"v1": _at("192.0.2.1"), "w1": _at("192.0.2.9")},
        {"vpsx_submission_port": 443, "printnet_networks": {"vpsx": PRINTERS}},
    )
    assert here.open("w1", "pullsvc", "out") == {("out tcp/443", "192.0.2.1/32"), ("out tcp/443", PRINTERS)}


def test_an_option_of_the_call_holds_for_the_call(site: Sites) -> None:
    here = _vpsx(site)
    shared = _plan.share(here.estate("v1", "vpsx"), "v1", "vpsx", {"vpsx_submission_port": 443}, ("in",))
    assert {want.port for want in shared.wants if want.flow.id == "pullsvc-vpsx-ipps"} == {(443, 443)}


# --- on one host ------------------------------------------------------------------------------------------------------


def test_a_flow_inside_a_host_needs_no_rule(site: Sites) -> None:
    groups = {"vpsx": ["a"], "serverx": ["a"], "dis": ["a"], "netx": ["n"]}
    here = site(groups, {"a": _at("192.0.2.1"), "n": _at("192.0.2.2")}, {"printnet_networks": {"workstation": CLIENTS}})
    assert here.open("a", "dis", "in", "out") == set()
    assert here.open("a", "serverx") == {("tcp/5601", "192.0.2.2/32"), ("tcp/5601", CLIENTS)}
    assert {pair for pair in here.open("a", "vpsx") if pair[0] == "tcp/5501"} == set()
    assert here.share("a", "dis").inside == 1
    assert here.told("a", "dis") == []


def test_what_is_inside_one_host_is_outside_of_another(site: Sites) -> None:
    here = site({"vpsx": ["a", "b"], "serverx": ["a"]}, {"a": _at("192.0.2.1"), "b": _at("192.0.2.2")})
    assert here.open("b", "vpsx") == {("tcp/5501", "192.0.2.1/32")}
    assert here.open("a", "vpsx") == {("tcp/5501", "192.0.2.2/32")}
    assert here.open("a", "serverx") == {("tcp/5600", "192.0.2.2/32")}


def test_what_is_sent_inside_a_host_is_not_received(site: Sites) -> None:
    here = site({"vpsx": ["v1"], "dns_server": ["v1"]}, {"v1": _at("192.0.2.1")})
    assert here.share("v1", "vpsx", "in", "out").cut_off


def test_a_flow_that_is_off_inside_a_host_reaches_nobody(site: Sites, faults_of: FaultsOf) -> None:
    here = site(
        {"mobile_connector": ["m1"], "mail_gateway": ["m1"]}, {"m1": _at("192.0.2.1", mobile_connector_email=False)}
    )
    (fault,) = faults_of(here.told, "m1", "mobile_connector")
    assert fault.startswith("m1: nobody could reach mobile_connector")


def test_a_host_own_option_switches_what_it_would_send_itself(site: Sites, faults_of: FaultsOf) -> None:
    groups = {"innovate_audit": ["a"], "workstation": ["a"]}
    here = site(groups, {"a": _at("192.0.2.1", pdm_accounting=False)})
    (fault,) = faults_of(here.told, "a", "innovate_audit")
    assert fault.startswith("a: nobody could reach innovate_audit")
    here.hosts["a"]["pdm_accounting"] = True
    (told,) = here.told("a", "innovate_audit")
    assert "Not opened:\n  tcp/5703 from vpsx" in told


def test_of_a_component_without_hosts_its_own_options_count_only(site: Sites) -> None:
    here = site(
        {"innovate_audit": ["a"], "pullsvc": ["b"]},
        {"a": _at("192.0.2.1"), "b": _at("192.0.2.2", innovate_audit_port=6703)},
        {"printnet_networks": {"vpsx": "192.0.2.3", "workstation": CLIENTS}},
    )
    assert {one for one in here.open("b", "pullsvc", "out") if one[1] == "192.0.2.1/32"} == {
        ("out tcp/5703", "192.0.2.1/32")
    }
    here.hosts["b"]["pdm_accounting"] = False
    assert not {one for one in here.open("b", "pullsvc", "out") if one[1] == "192.0.2.1/32"}


# --- AlertX -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "peers_too"),
    [({}, True), ({"alertx_peers": False}, False), ({"printnet_features": {"alertx_peers": False}}, False)],
)
def test_alertx_hosts_ask_each_other(site: Sites, variables: dict[str, Any], peers_too: bool) -> None:
    here = site(
        {"alertx": ["a1", "a2"]},
        {"a1": _at("192.0.2.1"), "a2": _at("192.0.2.2")},
        {"printnet_networks": {"load_balancer": "192.0.2.50"}, **variables},
    )
    balancer = {(f"tcp/{port}", "192.0.2.50/32") for port in (5555, 5556, 5557)}
    peers = {(f"tcp/{port}", "192.0.2.2/32") for port in (5556, 5557)}
    assert here.open("a1", "alertx") == balancer | (peers if peers_too else set())
    assert here.open("a1", "alertx", "out") == {
        (f"out {port}", network) for port, network in (peers if peers_too else ())
    }


def test_whether_alertx_hosts_ask_each_other_the_listener_says(site: Sites) -> None:
    here = site({"alertx": ["a1", "a2"]}, {"a1": _at("192.0.2.1"), "a2": _at("192.0.2.2", alertx_peers=False)})
    assert here.open("a1", "alertx", "in", "out") == {(f"in tcp/{port}", "192.0.2.2/32") for port in (5556, 5557)}
    assert here.open("a2", "alertx", "in", "out") == {(f"out tcp/{port}", "192.0.2.1/32") for port in (5556, 5557)}


def test_alertx_hosts_are_never_open_to_everybody(site: Sites) -> None:
    here = site({"alertx": ["a1", "a2"]}, {"a1": _at("192.0.2.1"), "a2": _at("192.0.2.2")})
    assert here.open("a1", "alertx") == {("tcp/5556", "192.0.2.2/32"), ("tcp/5557", "192.0.2.2/32")}
    (told,) = here.told("a1", "alertx")
    assert "load_balancer: [192.0.2.10]" in told


# --- source ports -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "source_port"),
    [
        ({}, None),
        ({"printnet_overrides": {"lexmark_printer-mve-npap-alerts": {"source_port": 9300}}}, (9300, 9300)),
    ],
)
def test_a_fixed_source_port_is_matched_only_when_asked_for(
    site: Sites, variables: dict[str, Any], source_port: tuple[int, int] | None
) -> None:
    (alerts,) = [want for want in _mve(site, **variables).share("m1", "mve").wants if want.flow.port == (9187, 9187)]
    assert alerts.source_port == source_port


def test_a_companion_of_high_ports_is_bound_to_its_source_port(site: Sites) -> None:
    wants = _mve(site, printnet_features={"mdns_replies": True, "ftp_active_data": True}).share("m1", "mve").wants
    wide = {
        (want.flow.transport, want.port, want.source_port, want.peers) for want in wants if want.port[0] != want.port[1]
    }
    assert wide == {
        ("udp", (1024, 65535), (5353, 5353), ("10.2.0.0/16",)),
        ("tcp", (1024, 65535), (20, 20), ("10.2.0.0/16",)),
    }


# --- peers whom nobody knows ------------------------------------------------------------------------------------------


def test_skip_opens_nothing_and_says_what_and_which_lines_to_add(site: Sites) -> None:
    here = _vpsx(site, printnet_networks={})
    assert here.open("v1", "vpsx") == {pair for pair in VPSX if pair[1] != CLIENTS}
    (told,) = here.told("v1", "vpsx")
    assert told == (
        "v1: the inventory names no address for some peers. Not opened:\n"
        "  tcp/515 from workstation (pdm-vpsx-lpr)\n"
        "  tcp/631 from workstation (pdm-vpsx-ipp)\n"
        "  tcp/9443 from workstation (pullsvc-vpsx-ipps)\n"
        "Put their hosts into groups of the same names. Or add the lines below to the printnet_networks that you have, "
        "under that one key: a second printnet_networks elsewhere would replace the first. Where you have none yet, "
        "put it into group_vars/all.yml beside the inventory. The networks are examples:\n"
        "printnet_networks:\n"
        '  workstation: [198.51.100.0/24, "2001:db8:51::/64"]'
    )


@pytest.mark.parametrize("component", ["vpsx", "serverx", "mfpsecure", "alertx", "mve", "mobile_connector"])
def test_the_lines_to_add_can_be_pasted(site: Sites, component: str, faults_of: FaultsOf) -> None:
    here = site({component: ["a"]}, {"a": _at("192.0.2.1")})
    (fault,) = faults_of(here.told, "a", component)
    here.everywhere.update(yaml.safe_load(fault[fault.index("printnet_networks:") :]))
    assert here.told("a", component) == []
    assert here.open("a", component)


def test_fail_is_an_error_with_the_same_words(site: Sites, faults_of: FaultsOf) -> None:
    here = _vpsx(site, printnet_networks={}, printnet_unknown_peers="fail")
    (fault,) = faults_of(here.told, "v1", "vpsx")
    assert "printnet_unknown_peers is fail" in fault
    assert "tcp/515 from workstation (pdm-vpsx-lpr)" in fault
    assert "  workstation: [198.51.100.0/24" in fault


def test_any_opens_the_unknown_to_everybody_and_the_known_to_themselves(site: Sites) -> None:
    here = _vpsx(site, printnet_networks={}, printnet_unknown_peers="any")
    everybody = {(port, network) for port in ("tcp/515", "tcp/631", "tcp/9443") for network in ("0.0.0.0/0", "::/0")}
    assert here.open("v1", "vpsx") == {pair for pair in VPSX if pair[1] != CLIENTS} | everybody
    (told,) = here.told("v1", "vpsx")
    assert told == (
        "v1: tcp/515, tcp/631, tcp/9443 of vpsx are open to everybody, because printnet_unknown_peers is any and the "
        "inventory names no address for workstation. Say where these are, and let printnet_unknown_peers be skip."
    )


def test_any_does_not_open_to_an_optional_product_that_is_not_there(site: Sites) -> None:
    here = _vpsx(site, printnet_unknown_peers="any")
    assert here.open("v1", "vpsx") == VPSX
    assert here.told("v1", "vpsx") == []


@pytest.mark.parametrize(
    "component", ["vpsx", "serverx", "netx", "webconnect", "dis", "innovate_audit", "mfpsecure", "alertx", "mve"]
)
def test_who_could_be_reached_by_nobody_is_an_error_with_the_lines_to_add(
    site: Sites, component: str, faults_of: FaultsOf
) -> None:
    here = site({component: ["a"]}, {"a": _at("192.0.2.1")})
    (fault,) = faults_of(here.told, "a", component)
    assert fault.startswith(
        f"a: nobody could reach {component}, because the inventory names no address for any of its peers."
    )
    assert "\nprintnet_networks:\n  " in fault


@pytest.mark.parametrize("component", ["lrsq", "vspa_xenapp", "vspa_xendesktop", "mobile_app", "browser", "pdm"])
def test_who_receives_nothing_ends_well(site: Sites, component: str) -> None:
    here = site({component: ["a"]}, {"a": _at("192.0.2.1")})
    assert here.open("a", component) == set()
    assert here.told("a", component) == []


def test_one_known_peer_makes_a_warning_of_the_error(site: Sites) -> None:
    here = site({"serverx": ["s1"]}, {"s1": _at("192.0.2.1")}, {"printnet_networks": {"netx": "192.0.2.2"}})
    (told,) = here.told("s1", "serverx")
    assert "tcp/5600 from vpsx (vpsx-serverx-api)" in told
    assert "  vpsx: [192.0.2.10]" in told


def test_a_flow_that_is_off_is_no_unknown(site: Sites) -> None:
    here = site(
        {"dis": ["d1"]}, {"d1": _at("192.0.2.1")}, {"printnet_overrides": {"serverx-dis-api": {"enabled": False}}}
    )
    assert here.told("d1", "dis") == []


def test_the_unknown_is_told_with_its_moved_port(site: Sites) -> None:
    (told,) = _vpsx(site, printnet_networks={}, vpsx_submission_port=443).told("v1", "vpsx")
    assert "tcp/443 from workstation" in told
    assert "9443" not in told


# --- rules, as the module takes them ----------------------------------------------------------------------------------


def test_flows_with_the_same_peers_share_a_rule(site: Sites) -> None:
    owner = _plan.rules([_vpsx(site).share("v1", "vpsx")])
    assert owner == [
        {
            "owner": "printnet.ports/vpsx",
            "rules": [
                {
                    "direction": "in",
                    "transport": "tcp",
                    "ports": ["515", "631", "9443"],
                    "source_ports": [],
                    "peers": [CLIENTS],
                    "flows": ["pdm-vpsx-ipp", "pdm-vpsx-lpr", "pullsvc-vpsx-ipps"],
                },
                {
                    "direction": "in",
                    "transport": "tcp",
                    "ports": ["5501"],
                    "source_ports": [],
                    "peers": ["192.0.2.10/32", "2001:db8::10/128"],
                    "flows": ["serverx-vpsx-api"],
                },
                {
                    "direction": "in",
                    "transport": "tcp",
                    "ports": ["5501"],
                    "source_ports": [],
                    "peers": ["192.0.2.2/32"],
                    "flows": ["vpsx-vpsx-status"],
                },
            ],
        }
    ]


def test_two_components_of_a_host_have_an_owner_each(site: Sites) -> None:
    here = site({"vpsx": ["a"], "dis": ["a"], "serverx": ["s"]}, {"a": _at("192.0.2.1"), "s": _at("192.0.2.2")})
    owners = _plan.rules([here.share("a", "vpsx"), here.share("a", "dis")])
    assert [(owner["owner"], [rule["ports"] for rule in owner["rules"]]) for owner in owners] == [
        ("printnet.ports/vpsx", [["5501"]]),
        ("printnet.ports/dis", [["5701"]]),
    ]


def test_a_source_port_makes_a_rule_of_its_own(site: Sites) -> None:
    shared = _mve(site, printnet_features={"mdns_replies": True}).share("m1", "mve")
    (owner,) = _plan.rules([shared])
    assert {(tuple(rule["ports"]), tuple(rule["source_ports"])) for rule in owner["rules"]} == {
        (("443",), ()),
        (("9187",), ()),
        (("1024-65535",), ("5353",)),
    }


def test_thousands_of_printers_are_planned(site: Sites) -> None:
    printers = [f"p{number}" for number in range(2000)]
    hosts = {name: _at(f"10.{number // 250}.{number % 250}.1") for number, name in enumerate(printers)}
    here = site({"mve": ["m1"], "lexmark_printer": printers}, {"m1": _at("192.0.2.1"), **hosts})
    (alerts,) = here.share("m1", "mve").wants
    assert len(alerts.peers) == 2000
