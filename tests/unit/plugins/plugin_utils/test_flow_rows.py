# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who talks to whom, party by party: it says the same as the plans of the hosts, whatever the estate."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _findings, _flow_rows, _site_plan
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan
from hypothesis import given
from hypothesis import strategies as st

OFFICES = ["10.1.1.0/24", "10.1.2.0/24", "2001:db8:51::/64"]


def planned(site: Any, groups: dict[str, list[str]], hosts: Any = None, **everywhere: Any) -> SitePlan:
    return _site_plan.site_plan(site(groups, hosts or {}, everywhere).inventory("localhost"))


def found(plan: SitePlan, *flows: str) -> list[tuple[str, ...]]:
    """The rows of these flows: source, destination, port, how, and both ends' networks."""
    return [
        (
            row.source.label,
            row.destination.label,
            str(row.port[0]),
            row.via,
            " ".join(row.source.networks),
            " ".join(row.destination.networks),
        )
        for row in _flow_rows.rows(plan)
        if row.flow.id in flows
    ]


def by_wants(plan: SitePlan) -> dict[tuple[Any, ...], list[str]]:
    opened: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for host in plan.hosts.values():
        for share in host.shares:
            for want in share.wants:
                opened[host.name, want.direction, want.flow.id, want.port, want.source_port] += want.peers
    return opened


def by_rows(plan: SitePlan) -> dict[tuple[Any, ...], list[str]]:
    """What the rows say that each host of ours opens."""
    opened: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in _flow_rows.rows(plan):
        for direction in row.opened:
            here, there = (row.destination, row.source) if direction == "in" else (row.source, row.destination)
            for name in plan.hosts.keys() & here.hosts:
                # It may be a host of a party outside as well, or stand in for one that has no hosts.
                catalog, ends = plan.estate.catalog, {row.flow.source, row.flow.destination}
                played = (catalog.here(component) for component in plan.hosts[name].components)
                if any(here.component in parts and not ends.isdisjoint(parts) for parts in played):
                    opened[name, direction, row.flow.id, row.port, row.source_port] += there.networks
    return opened


def others(plan: SitePlan, opened: dict[tuple[Any, ...], list[str]]) -> dict[tuple[Any, ...], tuple[str, ...]]:
    """What is opened to others than the host itself."""
    own = {name: host.networks for members in plan.members.values() for name, host in members.items()}
    left = {key: _addresses.without(_addresses.merge(networks), own[key[0]]) for key, networks in opened.items()}
    return {key: networks for key, networks in left.items() if networks}


COMPONENTS = (
    *("vpsx", "serverx", "netx", "webconnect", "dis", "innovate_audit", "mfpsecure", "mobile_connector", "alertx"),
    *("vspa_xenapp", "vspa_xendesktop", "pdm", "pullsvc", "lrsq", "mve", "printer", "lexmark_printer", "workstation"),
    *("browser", "mail_gateway", "load_balancer", "dns_server", "sql_server"),
)
HOSTS = tuple(f"192.0.2.{number}" for number in range(1, 9))
OPTIONS: dict[str, Any] = {
    "vpsx_submission_port": [443, 9443],
    "vpsx_mode": ["both", "server", "direct"],
    "vpsx_print_protocols": [["lpr"], ["ipps", "raw"]],
    "vpsx_local_printing": [True],
    "serverx_api_port": [5611],
    "alertx_service_address": ["192.0.2.250"],
    "mve_deployment": [["ftp", "http"]],
    "mve_database": ["sql_server"],
    "pdm_accounting": [False],
    "pullsvc_dsr": [False],
    "webconnect_protocols": [["http"], ["http", "https"]],
}
SERVICES = st.dictionaries(
    st.sampled_from(["vpsx", "serverx", "webconnect", "alertx", "mve"]),
    st.sampled_from(
        [
            {"address": "192.0.2.240"},
            {"address": "192.0.2.241", "balancers": ["192.0.2.8", "192.0.2.242"]},
            {"address": "192.0.2.243", "balancers": "192.0.2.244", "client_addresses": "translated"},
        ]
    ),
)


@st.composite
def estates(draw: Any) -> tuple[dict[str, list[str]], dict[str, Any], dict[str, Any]]:
    groups = draw(
        st.dictionaries(st.sampled_from(COMPONENTS), st.lists(st.sampled_from(HOSTS), unique=True, max_size=4))
    )
    # Who lives on workstations is in a group of theirs.
    clients = [name for resident in ("pdm", "pullsvc") for name in groups.get(resident, ())]
    groups["workstation"] = list(dict.fromkeys([*groups.get("workstation", ()), *clients]))
    # An option belongs to the hosts of its component, which then has no networks beside: these would go by the
    # variables of whoever asks.
    options = {
        name: draw(st.dictionaries(st.sampled_from(sorted(OPTIONS)), st.integers(0, 2), max_size=3))
        for name in draw(st.lists(st.sampled_from(HOSTS), max_size=3, unique=True))
    }
    hosts = {
        name: {
            option: OPTIONS[option][which % len(OPTIONS[option])]
            for option, which in chosen.items()
            if name in groups.get(option.partition("_")[0], ())
        }
        for name, chosen in options.items()
    }
    choosing = {option.partition("_")[0] for chosen in hosts.values() for option in chosen}
    networks = st.dictionaries(
        st.sampled_from([name for name in COMPONENTS if name not in choosing]),
        st.sampled_from([OFFICES, OFFICES[:1], ["192.0.2.0/28"], ["any"]]),
    )
    # Networks of its own, as the print servers of a site have.
    for name in draw(st.lists(st.sampled_from(HOSTS), max_size=3, unique=True)):
        hosts.setdefault(name, {})["printnet_networks"] = draw(networks)
    everywhere: dict[str, Any] = {
        "printnet_networks": draw(networks),
        "printnet_services": draw(SERVICES),
        "printnet_features": draw(st.dictionaries(st.sampled_from(["dns_tcp", "ftp_active_data"]), st.booleans())),
    }
    return groups, hosts, everywhere


@given(estates())
def test_rows_and_plans_of_hosts_say_the_same(site: Any, estate: tuple[Any, Any, Any]) -> None:
    groups, hosts, everywhere = estate
    try:
        plan = planned(site, groups, hosts, **everywhere)
    except _site_plan.PortsError:
        return
    told = _findings.findings(plan, _flow_rows.rows(plan))
    assert not [one for one in told if one.topic == "own-variables" and one.severity == "warning"]
    assert others(plan, by_rows(plan)) == others(plan, by_wants(plan))


TO_HOSTS = "192.0.2.11/32 192.0.2.12/32"
SERVERS = {"vpsx": ["192.0.2.11", "192.0.2.12"], "serverx": ["192.0.2.20"]}
BALANCED = {"address": "192.0.2.10", "balancers": ["192.0.2.8"]}


def test_two_parties_and_a_port_are_a_row(site: Any) -> None:
    plan = planned(site, SERVERS, printnet_networks={"printer": "203.0.113.0/24"})
    assert found(plan, "serverx-vpsx-api", "vpsx-printer-raw") == [
        ("serverx", "vpsx", "5501", "direct", "192.0.2.20/32", TO_HOSTS),
        ("vpsx", "printer", "9100", "direct", TO_HOSTS, "203.0.113.0/24"),
    ]


@pytest.mark.parametrize(
    ("service", "rows"),
    [
        (
            BALANCED,
            [
                ("serverx", "vpsx", "5501", "to the service address", "192.0.2.20/32", "192.0.2.10/32"),
                ("serverx", "vpsx", "5501", "behind the service address", "192.0.2.20/32", TO_HOSTS),
                ("load_balancer", "vpsx", "5501", "health checks of the load balancer", "192.0.2.8/32", TO_HOSTS),
            ],
        ),
        (
            {**BALANCED, "client_addresses": "translated"},
            [
                ("serverx", "vpsx", "5501", "to the service address", "192.0.2.20/32", "192.0.2.10/32"),
                ("load_balancer", "vpsx", "5501", "from the load balancer", "192.0.2.8/32", TO_HOSTS),
            ],
        ),
        (
            {"address": "192.0.2.10"},
            [("serverx", "vpsx", "5501", "to the address of the cluster", "192.0.2.20/32", "192.0.2.10/32")],
        ),
        (
            {**BALANCED, "flows": "pdm-vpsx-lpr"},
            [("serverx", "vpsx", "5501", "direct", "192.0.2.20/32", TO_HOSTS)],
        ),
    ],
)
def test_a_service_stands_between(site: Any, service: dict[str, Any], rows: list[tuple[str, ...]]) -> None:
    plan = planned(site, SERVERS, printnet_services={"vpsx": service})
    assert found(plan, "serverx-vpsx-api") == rows


def test_hosts_of_one_component_do_not_go_by_its_service(site: Any) -> None:
    plan = planned(site, SERVERS, printnet_services={"vpsx": BALANCED})
    assert found(plan, "vpsx-vpsx-status") == [("vpsx", "vpsx", "5501", "direct", TO_HOSTS, TO_HOSTS)]


def test_a_translation_shows_both_addresses_and_leaves_the_network(site: Any) -> None:
    hosts = {
        "print01": {"printnet_addresses": [{"address": "10.0.0.11", "seen_as": "192.0.2.11"}, "2001:db8::11"]},
        "directory01": {"ansible_host": "192.0.2.20"},
    }
    plan = planned(site, {"vpsx": ["print01"], "serverx": ["directory01"]}, hosts)
    rows = {row.flow.id: row for row in _flow_rows.rows(plan)}
    source = rows["vpsx-serverx-api"].source
    assert source.networks == ("192.0.2.11/32", "2001:db8::11/128")
    assert source.own == ("10.0.0.11/32", "2001:db8::11/128")
    assert rows["serverx-vpsx-api"].destination == source
    assert rows["vpsx-serverx-api"].destination.own == ()
    assert all(row.leaves_network for row in rows.values())


@pytest.mark.parametrize(
    ("networks", "labels"),
    [
        ({"workstation": OFFICES[0]}, {"pdm on workstation"}),
        ({"pdm": OFFICES[0]}, {"pdm"}),
        ({"workstation": OFFICES[0], "pdm": OFFICES[1]}, {"pdm"}),
    ],
)
def test_who_lives_on_workstations_is_there_where_they_are(
    site: Any, networks: dict[str, str], labels: set[str]
) -> None:
    plan = planned(site, SERVERS, printnet_networks=networks)
    assert {row[0] for row in found(plan, "pdm-vpsx-lpr")} == labels


def test_a_flow_to_printers_reaches_every_kind_and_runs_between_others_as_well(site: Any) -> None:
    networks = {"printer": "203.0.113.0/25", "lexmark_printer": "203.0.113.128/25", "workstation": OFFICES[0]}
    plan = planned(site, {}, printnet_networks=networks)
    assert found(plan, "pdm-printer-raw", "vpsx-printer-raw") == [
        ("pdm on workstation", "lexmark_printer", "9100", "direct", OFFICES[0], "203.0.113.128/25"),
        ("pdm on workstation", "printer", "9100", "direct", OFFICES[0], "203.0.113.0/25"),
    ]


def test_hosts_with_different_options_are_different_rows_and_equal_ones_are_one(site: Any) -> None:
    hosts = {"192.0.2.12": {"vpsx_submission_port": 443}, "192.0.2.11": {"vpsx_email": True}}
    plan = planned(site, SERVERS, hosts, printnet_networks={"workstation": OFFICES[0]})
    assert found(plan, "pullsvc-vpsx-ipps", "pdm-vpsx-lpr") == [
        ("pdm on workstation", "vpsx", "515", "direct", OFFICES[0], TO_HOSTS),
        ("pullsvc on workstation", "vpsx", "9443", "direct", OFFICES[0], "192.0.2.11/32"),
        ("pullsvc on workstation", "vpsx", "443", "direct", OFFICES[0], "192.0.2.12/32"),
    ]


def test_what_stays_within_one_host_is_no_row(site: Any) -> None:
    networks = {"workstation": OFFICES[0]}
    for web, sources in [(["192.0.2.1"], []), (["192.0.2.1", "192.0.2.9"], ["192.0.2.1/32 192.0.2.9/32"])]:
        plan = planned(site, {"netx": ["192.0.2.1"], "webconnect": web}, printnet_networks=networks)
        assert [row[4] for row in found(plan, "webconnect-netx-connector")] == sources


@pytest.mark.parametrize(
    ("unknown", "rows"),
    [("skip", []), ("any", [("workstation", "innovate_audit", "5703", "direct", "0.0.0.0/0 ::/0", "192.0.2.30/32")])],
)
def test_an_end_that_nobody_knows(site: Any, unknown: str, rows: list[tuple[str, ...]]) -> None:
    groups = {**SERVERS, "innovate_audit": ["192.0.2.30"]}
    plan = planned(site, groups, printnet_unknown_peers=unknown)
    assert found(plan, "workstation-innovate_audit-accounting") == rows


def test_a_balancer_stands_for_clients_that_nobody_knows(site: Any) -> None:
    service = {**BALANCED, "client_addresses": "translated"}
    plan = planned(site, SERVERS, printnet_services={"vpsx": service})
    assert found(plan, "pdm-vpsx-lpr") == [
        ("load_balancer", "vpsx", "515", "from the load balancer", "192.0.2.8/32", TO_HOSTS)
    ]


def test_hosts_at_one_address_have_no_rule_for_each_other(site: Any) -> None:
    hosts = {
        name: {"printnet_addresses": [{"address": f"10.0.0.{number}", "seen_as": "203.0.113.1"}]}
        for number, name in enumerate(("a", "b"), 1)
    }
    calls = ("vpsx-vpsx-status", "vpsx-serverx-api")
    groups = {"vpsx": ["a", "b"], "serverx": ["192.0.2.20"]}
    at, there = "203.0.113.1/32", "192.0.2.20/32"
    to_directory = ("vpsx", "serverx", "5600", "direct", at, there)
    for networks, rows in (
        ({}, [to_directory]),
        # Said in so many words, both open it.
        ({"vpsx": "203.0.113.1"}, [("vpsx", "vpsx", "5501", "direct", at, at), to_directory]),
    ):
        plan = planned(site, groups, hosts, printnet_networks={"workstation": OFFICES[0], **networks})
        assert found(plan, *calls) == rows
        opened = {(name, way): peers for (name, way, flow, *_port), peers in by_wants(plan).items() if flow == calls[0]}
        assert opened == ({(name, way): [at] for name in hosts for way in ("in", "out")} if networks else {})
    # One directory behind the same address is another party: it is let in.
    plan = planned(site, {"vpsx": ["a"], "serverx": ["b"]}, hosts, printnet_networks={"workstation": OFFICES[0]})
    assert found(plan, *calls) == [("vpsx", "serverx", "5600", "direct", at, at)]


# --- networks that differ by host -------------------------------------------------------------------------------------


def _two_sites(site: Any, **own: dict[str, Any]) -> SitePlan:
    """Two print servers with a directory, which names no networks."""
    hosts = {"192.0.2.11": own.get("north", {}), "192.0.2.12": own.get("south", {})}
    return planned(site, SERVERS, {name: {"printnet_networks": networks} for name, networks in hosts.items()})


def test_each_hosts_flows_have_the_networks_that_it_names(site: Any) -> None:
    plan = _two_sites(site, north={"workstation": OFFICES[0]}, south={"workstation": OFFICES[1]})
    assert found(plan, "pdm-vpsx-lpr", "pdm-serverx-api", "vpsx-serverx-api") == [
        ("pdm on workstation", "vpsx", "515", "direct", OFFICES[0], "192.0.2.11/32"),
        ("pdm on workstation", "vpsx", "515", "direct", OFFICES[1], "192.0.2.12/32"),
        # What hosts are is the same for all.
        ("vpsx", "serverx", "5600", "direct", TO_HOSTS, "192.0.2.20/32"),
    ]


def test_what_nobody_of_ours_is_part_of_is_as_each_host_names_it(site: Any) -> None:
    north = {"workstation": OFFICES[0], "printer": "203.0.113.0/25"}
    for printers, rows in (
        # A site's workstations print on its printers, and where these are the same, there is one row.
        ("203.0.113.128/25", [(OFFICES[0], "203.0.113.0/25"), (OFFICES[1], "203.0.113.128/25")]),
        ("203.0.113.0/25", [(" ".join(OFFICES[:2]), "203.0.113.0/25")]),
    ):
        plan = _two_sites(site, north=north, south={"workstation": OFFICES[1], "printer": printers})
        assert [row[4:] for row in found(plan, "pdm-printer-raw")] == rows


def test_one_host_that_names_none_has_no_flows_with_them(site: Any) -> None:
    plan = planned(
        site,
        {**SERVERS, "vpsx": ["192.0.2.11", "192.0.2.12", "192.0.2.13"]},
        {"192.0.2.12": {"printnet_networks": {}}},
        printnet_networks={"workstation": OFFICES[0]},
    )
    assert found(plan, "pdm-vpsx-lpr") == [
        ("pdm on workstation", "vpsx", "515", "direct", OFFICES[0], "192.0.2.11/32 192.0.2.13/32")
    ]


def test_peers_of_one_component_ask_each_other_at_its_address(site: Any) -> None:
    plan = planned(
        site,
        {"alertx": ["192.0.2.11", "192.0.2.12"]},
        printnet_networks={"load_balancer": "192.0.2.8"},
        alertx_service_address="192.0.2.10",
    )
    assert found(plan, "load_balancer-alertx-survivors", "load_balancer-alertx-service") == [
        ("load_balancer", "alertx", "5556", "direct", "192.0.2.8/32", TO_HOSTS),
        ("alertx", "alertx", "5556", "direct", TO_HOSTS, TO_HOSTS),
        ("load_balancer", "alertx", "5557", "to the address of the cluster", "192.0.2.8/32", "192.0.2.10/32"),
        ("alertx", "alertx", "5557", "to the address of the cluster", TO_HOSTS, "192.0.2.10/32"),
    ]


def test_what_one_other_host_says_of_the_cluster_is_in_no_row_whatever_the_order(site: Any) -> None:
    networks = {"alertx": "192.0.2.32/30", "load_balancer": "192.0.2.50"}
    own = {HOSTS[0]: {"alertx_service_address": "192.0.2.250"}}
    for hosts in (HOSTS[:3], HOSTS[2::-1]):
        plan = planned(site, {"serverx": [*hosts], "vpsx": [*hosts]}, own, printnet_networks=networks)
        rows = found(plan, "load_balancer-alertx-service")
        assert {row[3] for row in rows} == {"direct"}


def test_a_host_that_does_not_hear_its_peers_is_in_no_row_with_them(site: Any) -> None:
    networks = {"load_balancer": "192.0.2.50"}
    own = {HOSTS[0]: {"alertx_peers": False}}
    plan = planned(site, {"alertx": [*HOSTS[:3]]}, own, printnet_networks=networks)
    rows = [row for row in found(plan, "load_balancer-alertx-survivors") if row[0] == "alertx"]
    assert [row[4:] for row in rows] == [("192.0.2.1/32 192.0.2.2/31", "192.0.2.2/31")]
    assert others(plan, by_rows(plan)) == others(plan, by_wants(plan))


def test_sites_are_named_and_what_stays_within_one_is_marked(site: Any, tmp_path: Any) -> None:
    file = tmp_path / "networks.csv"
    file.write_text("network,component,site\n192.0.2.0/28,,Vault\n198.51.100.0/25,workstation,Leeds\n", "ascii")
    plan = planned(site, SERVERS, printnet_networks_file=str(file))
    rows = {row.flow.id: row for row in _flow_rows.rows(plan)}
    assert rows["vpsx-vpsx-status"].source.sites == ("Vault",)
    assert not rows["vpsx-vpsx-status"].leaves_network
    # directory01 is in no site's network, so its /24 counts.
    assert rows["vpsx-serverx-api"].leaves_network
    assert rows["pdm-vpsx-lpr"].source.sites == ("Leeds",)
    assert rows["pdm-vpsx-lpr"].leaves_network


@pytest.mark.parametrize(
    ("flow", "line"),
    [
        ("pdm-vpsx-lpr", "lrs, line 18"),
        ("serverx-vpsx-api", "lrs, lines 23, 37"),
        ("pullsvc-vpsx-ipps", "lrs, lines 33-36"),
        ("vpsx-dns_server-dns-tcp", "in no document"),
    ],
)
def test_where_the_document_says_it(catalog: Any, flow: str, line: str) -> None:
    assert _flow_rows.line_of(catalog.flows[flow]) == line
