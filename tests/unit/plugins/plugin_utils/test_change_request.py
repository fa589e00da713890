# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change request is the difference of two whole plans, whoever's firewall has the rows."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.plugin_utils import _change_request, _plan_file, _plan_text
from ansible_collections.printnet.ports.plugins.plugin_utils._areas import Areas
from ansible_collections.printnet.ports.plugins.plugin_utils._change_request import Line
from ansible_collections.printnet.ports.plugins.plugin_utils._flow_rows import End
from ansible_collections.printnet.ports.plugins.plugin_utils._networks import Site
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_output import Views
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan

OFFICE = {"workstation": "198.51.100.0/24", "printer": "203.0.113.0/24", "dns_server": "192.0.2.53"}
GROUPS = {"vpsx": ["p1"], "serverx": ["d1"]}
AT = {"p1": "192.0.2.11", "p2": "192.0.2.12", "d1": "192.0.2.20"}
CLUSTER = {"vpsx": {"address": "192.0.2.100"}}
TRANSLATED = {
    "vpsx": {"address": "192.0.2.10", "balancers": "192.0.2.8", "client_addresses": "translated"},
}
MORE = {**OFFICE, "workstation": ["198.51.100.0/24", "10.1.0.0/24"]}
NEW_PRINTERS = {**OFFICE, "printer": ["203.0.113.0/24", "10.7.0.0/24"]}
MANY = tuple(f"w{number}" for number in range(50))
"""Workstations that are hosts, one of which has a role as well."""
_MIXED = {**GROUPS, "workstation": [*MANY], "pdm": ["w7"]}
_MANY_AT = {name: {"ansible_host": f"10.3.0.{2 * number}"} for number, name in enumerate(MANY)}
_BEHIND = {
    "p1": {"printnet_addresses": [{"address": "10.0.0.12", "seen_as": "192.0.2.12"}]},
    "p2": {"printnet_addresses": [{"address": "10.0.0.33", "seen_as": "192.0.2.13"}]},
}


def plan_of(site: Any, **differs: Any) -> SitePlan:
    """The plan of one print server and a directory; ``groups`` and ``hosts`` stand apart from the variables."""
    hosts = {name: {"ansible_host": address} for name, address in AT.items()} | differs.pop("hosts", {})
    variables = {"printnet_networks": OFFICE, **differs}
    plan: SitePlan = site(variables.pop("groups", GROUPS), hosts, variables).plan()
    return plan


def views(before: SitePlan, after: SitePlan) -> Views:
    """The plan against the earlier one, which comes out of its file."""
    earlier = _plan_file.load("plan.json", _plan_file.dump(_plan_file.saved(before, "then", Views(before).saved_rows)))
    changes = _plan_file.changes(earlier, _plan_file.saved(after, "now", Views(after).saved_rows))
    return Views(after, changes, earlier.rows)


def table(shown: Views) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(shown.render("csv"))))


def ends(shown: Views, **like: str) -> set[tuple[str, ...]]:
    """What comes and goes where the columns say so."""
    names = ("change", "source_networks", "destination_networks")
    return {
        tuple(row[name] for name in names)
        for row in table(shown)
        if all(row[name] == value for name, value in like.items())
    }


def points(lines: list[Line]) -> set[tuple[int, int]]:
    """The first and the last address of each network, and those beside it: all that differs does so at one of them."""
    spans = (
        _rules.span_of(network) for line in lines for end in (line.source, line.destination) for network in end.networks
    )
    return {(version, number) for version, *ends in spans for end in ends for number in (end - 1, end, end + 1)}


def _at(networks: tuple[str, ...], some: set[tuple[int, int]]) -> set[tuple[int, int]]:
    spans = [_rules.span_of(network) for network in networks]
    return {
        (version, number)
        for version, number in some
        if any(one == version and first <= number <= last for one, first, last in spans)
    }


def asked(lines: list[Line], some: set[tuple[int, int]]) -> set[tuple[Any, ...]]:
    """Which flow goes from which address to which, by which way."""
    return {
        (name, line.port, line.source_port, line.via, line.source.component, line.destination.component, one, other)
        for line in lines
        for name in line.names
        for one in _at(line.source.networks, some)
        for other in _at(line.destination.networks, some)
    }


MOVED = {"hosts": {"p1": {"ansible_host": "10.9.9.9"}}}
TWO: dict[str, Any] = {"groups": {**GROUPS, "vpsx": ["p1", "p2"]}}
_OWN = {"ansible_host": "192.0.2.12", "printnet_networks": {"printer": "10.7.0.0/24"}, "vpsx_mode": "server"}
CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, MOVED),
    ({"groups": {"vpsx": ["p1"]}}, {"groups": {"vpsx": ["p1"]}, **MOVED}),
    ({"printnet_outbound": False}, {"printnet_outbound": False, "printnet_networks": NEW_PRINTERS}),
    ({"printnet_services": CLUSTER}, {"printnet_services": CLUSTER, "printnet_networks": MORE}),
    ({"printnet_services": CLUSTER}, {"printnet_services": {"vpsx": {"address": "192.0.2.101"}}}),
    ({"printnet_services": CLUSTER}, {"printnet_services": CLUSTER, **MOVED}),
    ({"printnet_services": TRANSLATED}, {"printnet_services": TRANSLATED, **TWO}),
    ({"printnet_services": TRANSLATED}, {"printnet_services": CLUSTER}),
    ({"groups": _MIXED, "hosts": _MANY_AT}, {"groups": _MIXED, "hosts": {**_MANY_AT, **MOVED["hosts"]}}),
    ({"groups": _MIXED, "hosts": _MANY_AT}, {"groups": {**_MIXED, "pdm": []}, "hosts": _MANY_AT}),
    ({}, TWO),
    ({"hosts": _BEHIND}, {"hosts": _BEHIND, **TWO}),
    (TWO, {**TWO, "hosts": {"p2": _OWN}}),
    ({"printnet_unknown_peers": "any", "printnet_networks": {}}, {"printnet_networks": OFFICE}),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), CASES)
def test_a_change_request_is_the_difference_of_the_whole_plans(
    site: Any, before: dict[str, Any], after: dict[str, Any]
) -> None:
    old, new = plan_of(site, **before), plan_of(site, **after)
    for one, other in ((old, new), (new, old)):
        whole, wanted, request = Views(one).lines, Views(other).lines, views(one, other).lines
        some = points([*whole, *wanted])
        earlier, later = asked(whole, some), asked(wanted, some)
        assert request
        assert asked([line for line in request if line.change == "add"], some) == later - earlier
        assert asked([line for line in request if line.change == "remove"], some) == earlier - later
        assert {line.change for line in request} <= {"add", "remove"}


def test_a_server_that_moves_is_asked_for_from_all_its_peers(site: Any) -> None:
    shown = views(plan_of(site), plan_of(site, **MOVED))
    here, there = "198.51.100.0/24", "203.0.113.0/24"
    assert ends(shown, source="workstation", destination="vpsx") == {
        ("add", here, "10.9.9.9"), ("remove", here, "192.0.2.11")
    }  # fmt: skip
    assert ends(shown, source="vpsx", destination="printer") == {
        ("add", "10.9.9.9", there), ("remove", "192.0.2.11", there)
    }  # fmt: skip
    assert {row["way"] for row in table(shown)} == {"direct"}


def test_new_networks_are_let_through_to_the_address_of_the_cluster(site: Any) -> None:
    before = plan_of(site, printnet_services=CLUSTER)
    shown = views(before, plan_of(site, printnet_services=CLUSTER, printnet_networks=MORE))
    assert ends(shown, source="workstation", destination="vpsx") == {("add", "10.1.0.0/24", "192.0.2.100")}
    assert {row["way"] for row in table(shown) if row["destination"] == "vpsx"} == {"to the address of the cluster"}
    moved = views(before, plan_of(site, printnet_services={"vpsx": {"address": "192.0.2.101"}}))
    for source, networks in (("workstation", "198.51.100.0/24"), ("serverx", "192.0.2.20")):
        assert ends(moved, source=source, destination="vpsx") == {
            ("add", networks, "192.0.2.101"), ("remove", networks, "192.0.2.100")
        }  # fmt: skip


def test_what_a_new_host_gets_through_a_balancer_comes_from_the_balancer(site: Any) -> None:
    before = plan_of(site, printnet_services=TRANSLATED)
    shown = views(before, plan_of(site, printnet_services=TRANSLATED, **TWO))
    found = {(row["source"], row["way"]) for row in table(shown) if row["destination"] == "vpsx"}
    assert found == {("load_balancer", "from the load balancer"), ("vpsx", "direct")}


# --- translated addresses ---------------------------------------------------------------------------------------------


def test_neighbours_behind_a_translation_keep_their_addresses_before_it(site: Any) -> None:
    before = plan_of(site, hosts=_BEHIND, groups={"serverx": ["d1"]})
    shown = views(before, plan_of(site, hosts=_BEHIND, **TWO))
    (row,) = (row for row in table(shown) if row["flow"] == "vpsx-serverx-api")
    assert (row["source_networks"], row["source_before_nat"]) == ("192.0.2.12/31", "10.0.0.12, 10.0.0.33")


def test_hosts_behind_one_address_are_both_named_and_one_that_joins_is_asked_for(site: Any) -> None:
    hosts = {
        name: {"printnet_addresses": [{"address": own, "seen_as": "192.0.2.12"}]}
        for name, own in (("p1", "10.0.0.12"), ("p2", "10.0.0.33"))
    }
    nobody = plan_of(site, hosts=hosts, groups={"serverx": ["d1"]})
    one, both = plan_of(site, hosts=hosts), plan_of(site, hosts=hosts, **TWO)
    for shown, change, own in (
        (views(nobody, both), "add", "10.0.0.12, 10.0.0.33"),
        (views(both, nobody), "remove", "10.0.0.12, 10.0.0.33"),
        # A firewall before the translation has to know of it.
        (views(one, both), "add", "10.0.0.33"),
    ):
        (row,) = (row for row in table(shown) if row["flow"] == "vpsx-serverx-api")
        assert (row["change"], row["source_networks"], row["source_before_nat"]) == (change, "192.0.2.12", own)
    # What is behind the address is less now, but what is seen is still asked for.
    assert not [row for row in table(views(both, one)) if row["flow"] == "vpsx-serverx-api"]


def test_a_host_that_has_two_addresses_behind_one_shows_both(site: Any) -> None:
    entries = [{"address": own, "seen_as": "192.0.2.12"} for own in ("10.0.0.12", "10.0.0.33")]
    plan = plan_of(site, hosts={"p1": {"printnet_addresses": entries}})
    (row,) = (row for row in table(Views(plan)) if row["flow"] == "vpsx-serverx-api")
    assert row["source_before_nat"] == "10.0.0.12, 10.0.0.33"


def test_what_is_translated_leaves_its_network_in_a_comparison_too(site: Any) -> None:
    before = plan_of(site, hosts=_BEHIND, groups={"serverx": ["d1"]})
    after = plan_of(site, hosts=_BEHIND)
    for shown in (Views(after), views(before, after)):
        (row,) = (row for row in table(shown) if row["flow"] == "vpsx-serverx-api")
        assert (row["source_networks"], row["leaves_network"]) == ("192.0.2.12", "yes")
        assert "vpsx -> serverx" in shown.render("text-network")


# --- how much a cell holds --------------------------------------------------------------------------------------------


def test_a_cell_holds_no_more_than_a_spreadsheet_can() -> None:
    areas = [f"2001:1db8:1111:{number:x}:3333:4444:5555:ff00/120" for number in range(0x1000, 0x1600)]
    networks = [one.replace("ff00/120", f"{last}/128") for one in areas for last in ("ffff", "fffd")]
    sites = tuple(f"Office {number:04}" for number in range(9000))
    end = End("workstation", tuple(networks), tuple(networks[::2]), sites=sites)
    line = Line(end, end, "tcp", "515", "", ())
    made = [Areas(), Areas([Site(one, "", "") for one in areas])]
    for one in made:
        (row,) = csv.DictReader(io.StringIO(_change_request.to_csv([line], one)))
        assert max(map(len, row.values())) < 32_767
        assert row["source_sites"].startswith("Office 0000; Office 0001; ")
        assert row["source_sites"].endswith(" and 8900 more")
    text = "\n".join(_plan_text.blocks([line], _plan_text.Page(made[0], 100)))
    assert "Office 0005 and 8994 more: " in " ".join(text.split())


# --- what texts say ---------------------------------------------------------------------------------------------------


def test_texts_say_where_nothing_of_theirs_comes_or_goes(site: Any) -> None:
    networks_only = {"vpsx": ["p1"]}
    shown = views(plan_of(site, groups=networks_only), plan_of(site, groups=networks_only, **MOVED))
    text = shown.text(["text-flows", "text-hosts"])
    assert "  + tcp/515" in text
    assert "== Host by host ==\n\nThe rules of no host change.\n" in text
    renamed = {"hosts": {"p9": {"ansible_host": "192.0.2.11"}}, "groups": {**GROUPS, "vpsx": ["p9"]}}
    shown = views(plan_of(site), plan_of(site, **renamed))
    assert "== Flow by flow ==\n\nNo flow comes or goes.\n" in shown.render("text-flows")
    assert "\np9\n  + " in shown.render("text-hosts")
