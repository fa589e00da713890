# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person should know of a plan: each finding says what is so and what to do; a good plan has few."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _findings, _flow_rows, _port_clashes
from ansible_collections.printnet.ports.plugins.plugin_utils._findings import Finding

OFFICE = {
    "workstation": "198.51.100.0/24",
    "printer": "203.0.113.0/24",
    "dns_server": "192.0.2.53",
    "netx": "192.0.2.30",
}
SERVERS = {"vpsx": ["192.0.2.11"], "serverx": ["192.0.2.20"], "dis": ["192.0.2.20"]}
# What every plan of these servers says.
ALWAYS = {"reading", "gap"}


def findings(site: Any, groups: Any = None, hosts: Any = None, **everywhere: Any) -> list[Finding]:
    reached_at = everywhere.pop("reached_at", None)
    networks = everywhere.pop("printnet_networks", OFFICE)
    plan = site(groups or SERVERS, hosts or {}, {"printnet_networks": networks, **everywhere}).plan()
    return _findings.findings(plan, _flow_rows.rows(plan), reached_at)


def of(topic: str, found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(one.severity, one.text, one.advice) for one in found if one.topic == topic]


def test_a_good_plan_has_readings_and_gaps_only(site: Any) -> None:
    found = findings(site)
    assert {one.topic for one in found} == ALWAYS
    assert {one.severity for one in found} == {"information"}
    (reading,) = of("reading", found)
    assert "pdm-printer-lpr (lrs, line 17)" in reading[1]
    texts = [text for _severity, text, _advice in of("gap", found)]
    assert [text for text in texts if "LRS/DIS" in text]
    assert not [text for text in texts if "MFPsecure" in text or "MVE" in text]


def test_a_companion_is_told_where_its_flow_is_on_and_it_is_off(site: Any) -> None:
    def companions(**more: Any) -> list[str]:
        return [advice for _severity, text, advice in of("gap", findings(site, **more)) if "In no document" in text]

    assert companions() == ["Where you need it: printnet_features: {dns_tcp: true} switches it on."]
    assert companions(printnet_features={"dns_tcp": True}) == []
    assert companions(printnet_networks={**OFFICE, "dns_server": []}) == []


def test_unknown_peers_come_with_the_lines_to_add(site: Any) -> None:
    found = of("unknown-peer", findings(site, printnet_networks={"netx": "192.0.2.30"}))
    assert [(severity, text.partition(".")[0]) for severity, text, _advice in found] == [
        ("warning", "The inventory names no address for workstation"),
        ("information", "The inventory names no address for printer"),
        ("information", "The inventory names no address for dns_server"),
    ]
    assert "Not opened: tcp/515 to vpsx (pdm-vpsx-lpr), tcp/631 to vpsx" in found[0][1]
    assert 'printnet_networks:\n  workstation: [198.51.100.0/24, "2001:db8:51::/64"]' in found[0][2]
    assert "Not planned: udp/161 to printer (vpsx-printer-snmp)" in found[1][1]
    assert found[1][2] == "The lines to add stand below, with those for dns_server."
    assert found[2][2].endswith("\nprintnet_networks:\n  dns_server: [192.0.2.10]\n  printer: [192.0.2.10]")


def test_who_is_open_to_everybody_for_want_of_addresses_is_a_warning(site: Any) -> None:
    found = findings(site, {"vpsx": ["192.0.2.11", "192.0.2.12"]}, printnet_networks={}, printnet_unknown_peers="any")
    assert of("unknown-peer", found) == []
    ((severity, text, advice),) = of("open-to-everybody", found)
    assert severity == "warning"
    assert text == (
        "192.0.2.11, 192.0.2.12: tcp/515, tcp/631, tcp/5501, tcp/9443 of vpsx are open to everybody, because "
        "printnet_unknown_peers is any and the inventory names no address for workstation, serverx."
    )
    assert advice == "Say where these are, and let printnet_unknown_peers be skip."


def test_doubtful_readings_that_are_on_are_a_warning(site: Any) -> None:
    (found, _derived) = of(
        "reading",
        findings(
            site,
            {"mve": ["192.0.2.50"]},
            printnet_networks={**OFFICE, "lexmark_printer": "203.0.113.0/25"},
            printnet_features={"mve_https_161": True},
        ),
    )
    assert found[0] == "warning"
    assert found[1].startswith("mve-lexmark_printer-https-161 is on, and its reading is doubtful. The vendor prints")
    assert "{mve-lexmark_printer-https-161: {enabled: false}}" in found[2]


MOVED = "{workstation-mfpsecure-https: {port: another}}"
BOTH = {"vpsx": ["print01", "print02"], "webconnect": ["print01", "print02"], "serverx": ["192.0.2.20"]}
AT = {"print01": {"ansible_host": "192.0.2.11"}, "print02": {"ansible_host": "192.0.2.12"}}


@pytest.mark.parametrize(
    ("groups", "options", "who", "ways"),
    [
        (
            BOTH,
            {"vpsx_submission_port": 443},
            "print01, print02: vpsx (pullsvc-vpsx-ipps) and webconnect (browser-webconnect-https)",
            "vpsx_submission_port: 9443 or set webconnect_https_port to another port",
        ),
        (
            {"mfpsecure": ["print01"], "webconnect": ["print01"]},
            {},
            "print01: webconnect (browser-webconnect-https) and mfpsecure (workstation-mfpsecure-https)",
            f"set webconnect_https_port to another port or printnet_overrides: {MOVED}",
        ),
    ],
)
def test_two_components_on_one_port_of_a_host_clash(
    site: Any, groups: Any, options: dict[str, Any], who: str, ways: str
) -> None:
    plan = site(groups, AT, {"printnet_networks": OFFICE, **options}).plan()
    assert list(_port_clashes.clashes(plan)) == [
        (
            f"{who} both receive on tcp/443, and only one program can listen there.",
            f"Unless the same web server serves both, move one: {ways}.",
        )
    ]


@pytest.mark.parametrize(
    ("groups", "options"),
    [
        (BOTH, {}),
        ({"mve": ["print01"], "webconnect": ["print02"]}, {}),
        # What comes from a fixed port answers, and needs no listener.
        (
            {"mve": ["print01"], "vpsx": ["print01"]},
            {"printnet_features": {"ftp_active_data": True, "mdns_replies": True}},
        ),
    ],
)
def test_others_do_not_clash(site: Any, groups: Any, options: dict[str, Any]) -> None:
    networks = {**OFFICE, "lexmark_printer": "203.0.113.0/25"}
    assert not list(_port_clashes.clashes(site(groups, AT, {"printnet_networks": networks, **options}).plan()))


@pytest.mark.parametrize(
    "moved",
    [
        {"vpsx_submission_port": 5501},
        {"printnet_overrides": {"pullsvc-vpsx-ipps": {"port": "5500-5501"}}},
    ],
)
def test_two_services_of_a_component_that_were_put_on_one_port(site: Any, moved: dict[str, Any]) -> None:
    groups = {"vpsx": ["print01"], "serverx": ["192.0.2.20"]}
    texts = [
        text for text, _way in _port_clashes.clashes(site(groups, AT, {"printnet_networks": OFFICE, **moved}).plan())
    ]
    assert "of vpsx both receive on tcp/5501, so whoever may use one may use the other." in texts[-1]
    assert "pullsvc-vpsx-ipps" in texts[-1]
    assert not [text for text in texts if "lpr" in text]


def test_a_clash_counts_where_nobody_is_known_to_call_as_well(site: Any) -> None:
    groups = {"mve": ["print01"], "vpsx": ["print01"], "serverx": ["192.0.2.20"], "lexmark_printer": ["203.0.113.9"]}
    plan = site(groups, AT, {"vpsx_submission_port": 443}).plan()
    assert [text.partition(",")[0] for text, _way in _port_clashes.clashes(plan)] == [
        "print01: vpsx (pullsvc-vpsx-ipps) and mve (browser-mve-https) both receive on tcp/443"
    ]


def test_addresses_in_a_lease_pool_are_a_warning_and_the_whole_pool_is_none(site: Any, tmp_path: Any) -> None:
    file = tmp_path / "networks.csv"
    file.write_text(
        "network,component,site,lease_pool\n198.51.100.0/24,workstation,Leeds,yes\n203.0.113.0/24,,Leeds,yes\n"
        "203.0.113.9,printer,,\n192.0.2.0/28,,,yes\n",
        "ascii",
    )
    found = of("lease-pool", findings(site, printnet_networks={}, printnet_networks_file=str(file)))
    assert [(severity, text.partition(". When")[0]) for severity, text, _advice in found] == [
        ("warning", "192.0.2.0/28 is a lease pool, and these are in it: 192.0.2.11 (192.0.2.11)"),
        ("warning", "203.0.113.0/24 is a lease pool, and these are in it: 203.0.113.9 of printer"),
    ]


def test_two_hosts_with_one_address_are_a_warning_and_behind_a_translation_a_note(site: Any) -> None:
    groups = {"vpsx": ["print01", "print02"], "serverx": ["192.0.2.20"]}
    alike = {name: {"ansible_host": "192.0.2.1"} for name in groups["vpsx"]}
    (same,) = of("shared-address", findings(site, groups, alike))
    assert same[:2] == ("warning", "192.0.2.1 is the address of print01, print02.")
    hosts = {
        name: {"printnet_addresses": [{"address": f"10.0.0.{number}", "seen_as": "192.0.2.1"}]}
        for number, name in enumerate(groups["vpsx"], 1)
    }
    (behind,) = of("shared-address", findings(site, groups, hosts))
    assert behind[0] == "warning"
    assert behind[1] == (
        "192.0.2.1 is the address of print01, print02, behind a translation: what one of them may, the others may too. "
        "They open nothing to each other."
    )
    assert behind[2] == "Where they reach each other at that address, name it under vpsx in printnet_networks."
    apart = {"vpsx": ["print01"], "serverx": ["print02"]}
    (behind,) = of("shared-address", findings(site, apart, hosts))
    assert behind[0] == "information"
    assert behind[1].endswith("what one of them may, the others may too.")


def test_ansible_reaches_a_host_elsewhere_than_its_peers_do(site: Any) -> None:
    groups = {"vpsx": ["print01", "print02", "print03"], "serverx": ["192.0.2.20"]}
    hosts = {
        "print01": {"ansible_host": "10.9.9.1", "printnet_addresses": ["192.0.2.11"]},
        "print02": {
            "ansible_host": "10.9.9.2",
            "printnet_addresses": [{"address": "10.9.9.2", "seen_as": "192.0.2.12"}],
        },
        "print03": {"ansible_host": "192.0.2.13"},
    }
    reached_at = {name: variables["ansible_host"] for name, variables in hosts.items()} | {"other": "10.9.9.9"}
    (found,) = of("address", findings(site, groups, hosts, reached_at=reached_at))
    assert found[0] == "information"
    assert found[1].endswith("printnet_addresses: print01 (ansible_host 10.9.9.1). Rules go by printnet_addresses.")
    assert of("address", findings(site, groups, hosts)) == []


def test_a_network_that_holds_hosts_of_another_component_is_told(site: Any) -> None:
    (found,) = of("mixed-network", findings(site, printnet_networks={**OFFICE, "workstation": "192.0.2.0/28"}))
    assert found[0] == "information"
    assert found[1].startswith("192.0.2.0/28, a network of workstation, holds 192.0.2.11 (vpsx) as well")
    clients = {**SERVERS, "pdm": ["198.51.100.9"]}
    assert of("mixed-network", findings(site, clients)) == []


def test_hosts_that_plan_by_variables_of_their_own_are_told(site: Any) -> None:
    own = {"192.0.2.11": {"printnet_features": {"lpr": False, "dns_tcp": True}}}
    (found,) = of("own-variables", findings(site, hosts=own))
    assert found[0] == "warning"
    assert "make the plan of 192.0.2.11 another" in found[1]


def test_what_is_absent_on_a_host_is_told(site: Any) -> None:
    groups = {**SERVERS, "vpsx": ["192.0.2.11", "192.0.2.12"]}
    (found,) = of("absent", findings(site, groups, {"192.0.2.12": {"vpsx_state": "absent"}}))
    assert found == (
        "information",
        "vpsx_state is absent on 192.0.2.12: no rules of vpsx are planned there. The others go on knowing it as vpsx.",
        "Take out of the group of vpsx what is no vpsx any more.",
    )


def test_networks_that_differ_by_host_are_told_and_no_fault(site: Any) -> None:
    own = {"192.0.2.11": {"printnet_networks": {**OFFICE, "workstation": "10.0.0.0/8"}}}
    groups = {**SERVERS, "vpsx": ["192.0.2.11", "192.0.2.12"]}
    (found,) = of("own-variables", findings(site, groups, own))
    assert found[0] == "information"
    assert found[1] == (
        "The networks of 192.0.2.11 are others than those of most hosts. Each host's flows have those that it names "
        "itself."
    )


def test_a_network_of_two_sites_or_owners_is_a_warning(site: Any, tmp_path: Any) -> None:
    file = tmp_path / "networks.csv"
    file.write_text(
        "network,component,site,owner\n198.51.100.0/24,workstation,Leeds,A\n198.51.100.0/24,printer,York,A\n"
        "203.0.113.0/24,printer,Leeds,\n203.0.113.0/24,workstation,,B\n203.0.113.0/24,,Leeds,C\n",
        "ascii",
    )
    found = of("two-sites", findings(site, printnet_networks_file=str(file)))
    assert [(severity, text) for severity, text, _advice in found] == [
        ("warning", "The site of 198.51.100.0/24 is Leeds and York in the file of networks. The plan has the first."),
        ("warning", "The owner of 203.0.113.0/24 is B and C in the file of networks. The plan has the first."),
    ]


def test_ends_without_an_ip_version_in_common_are_a_warning(site: Any) -> None:
    groups = {"vpsx": ["192.0.2.11"], "serverx": ["2001:db8::20"]}
    found = of("ip-version", findings(site, groups))
    texts = [text for severity, text, _advice in found if severity == "warning"]
    assert "vpsx and serverx have no IP version in common, so nothing can come of vpsx-serverx-api." in texts
    assert not [text for text in texts if "printer" in text]
    both = of("ip-version", findings(site, {**groups, "vpsx": ["192.0.2.11", "2001:db8::11"]}))
    (told,) = [text for _severity, text, _advice in both if text.startswith("192.0.2.11 of")]
    own, _where, rest = told.partition(", where these have none: ")
    assert own == "192.0.2.11 of vpsx has addresses of IPv4 only"
    assert rest == "serverx, vpsx. Nothing can come of serverx-vpsx-api, vpsx-vpsx-status, vpsx-serverx-api there."


@pytest.mark.parametrize(
    ("groups", "networks", "lost"),
    [
        ({"pdm": ["198.51.100.9"]}, OFFICE, []),
        ({"pdm": ["10.0.0.9"], "workstation": ["10.0.0.9"]}, {}, []),
        ({"pdm": ["10.0.0.9"]}, {**OFFICE, "workstation": "any"}, []),
        ({"pdm": ["10.0.0.9"]}, OFFICE, ["10.0.0.9"]),
        ({"pdm": ["10.0.0.9"]}, {}, ["10.0.0.9"]),
    ],
)
def test_who_lives_on_workstations_has_to_be_one(site: Any, groups: Any, networks: Any, lost: list[str]) -> None:
    found = findings(site, {**SERVERS, **groups}, printnet_networks={**networks, "netx": "192.0.2.30"})
    assert [re.findall(r"workstation: (\S+)\.", text) for _severity, text, _advice in of("membership", found)] == (
        [lost] if lost else []
    )
    assert of("own-variables", found) == []


def test_warnings_come_first(site: Any) -> None:
    found = [one.severity for one in findings(site, printnet_networks={})]
    assert found == sorted(found, reverse=True)
    assert set(found) == {"warning", "information"}
