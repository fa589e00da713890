# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which component has which addresses: kinds, what lives on what, who is unknown, and peers by their options."""

from __future__ import annotations

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host, Party, Peers, Topology, party, peers

ESTATE = {"vpsx_mode": "server"}
ONE = Host("one", ("192.0.2.1/32",), "ansible_host", {"vpsx_submission_port": 443})
TWO = Host("two", ("192.0.2.2/32", "2001:db8::2/128"), "name", {})
THREE = Host("three", ("192.0.2.3/32",), "name", {})


def _topology(*parties: Party) -> Topology:
    return Topology({party.component: party for party in parties})


@pytest.mark.parametrize("name", ["pdm", "pullsvc", "browser"])
def test_what_lives_on_a_workstation_has_its_addresses(catalog: Catalog, name: str) -> None:
    workstations = Party("workstation", networks=("198.51.100.0/24",))
    assert _topology(workstations).sources(catalog, name) == [workstations]
    own = party(name, (ONE,))
    assert _topology(workstations, own).sources(catalog, name) == [own]
    assert _topology(workstations, Party(name)).sources(catalog, name) == [workstations]


def test_a_flow_to_a_kind_reaches_all_that_are_of_it(catalog: Catalog) -> None:
    printers, lexmarks = (
        Party("printer", networks=("10.1.0.0/16",)),
        Party("lexmark_printer", networks=("10.2.0.0/16",)),
    )
    topology = _topology(printers, lexmarks)
    both = topology.sources(catalog, "printer")
    assert sorted(both, key=lambda party: party.networks) == [printers, lexmarks]
    assert topology.sources(catalog, "lexmark_printer") == [lexmarks]
    assert _topology(lexmarks).sources(catalog, "printer") == [lexmarks]
    assert _topology(printers).sources(catalog, "lexmark_printer") == []


@pytest.mark.parametrize(
    ("component", "unknown"),
    [
        ("serverx", "serverx"), ("printer", "printer"), ("lexmark_printer", "lexmark_printer"),
        ("workstation", "workstation"),
        ("pdm", "workstation"), ("pullsvc", "workstation"), ("browser", "workstation"),
        ("load_balancer", "load_balancer"),
        ("mfpsecure", None), ("mobile_connector", None), ("alertx", None), ("lrsq", None),
        ("mail_gateway", None), ("mve", None),
    ],
)  # fmt: skip
def test_an_optional_product_is_absent_and_every_other_is_unknown(
    catalog: Catalog, component: str, unknown: str | None
) -> None:
    assert _topology().unknown(catalog, component) == unknown


def test_a_party_is_known_by_any_of_three() -> None:
    assert not Party("vpsx").known
    assert party("vpsx", (ONE,)).known
    assert Party("vpsx", networks=("192.0.2.0/24",)).known
    assert Party("vpsx", everybody=True).known


def test_peers_go_by_equal_options_and_without_the_host_itself() -> None:
    some = party("vpsx", (ONE, TWO, THREE), ("203.0.113.0/24",))
    assert list(peers([some], "nobody", ESTATE)) == [
        Peers(("203.0.113.0/24",), ESTATE),
        Peers(("192.0.2.1/32",), {"vpsx_submission_port": 443}),
        Peers(("192.0.2.2/31", "2001:db8::2/128"), {}),
    ]
    assert [group.networks for group in peers([some], "two", ESTATE)][1:] == [("192.0.2.1/32",), ("192.0.2.3/32",)]
    assert list(peers([party("vpsx", (ONE,))], "one", ESTATE)) == []
    assert list(peers([], "one", ESTATE)) == []


def test_everybody_is_both_families() -> None:
    assert list(peers([Party("vpsx", everybody=True)], "x", ESTATE)) == [Peers(("0.0.0.0/0", "::/0"), ESTATE)]


def test_the_different_options_of_a_component(catalog: Catalog) -> None:
    topology = Topology({"vpsx": party("vpsx", (ONE, TWO, THREE))}, {"mve_login": "ldap"})
    assert topology.options_of(catalog, "vpsx") == [{"vpsx_submission_port": 443}, {}]
    assert topology.options_of(catalog, "mve") == [{"mve_login": "ldap"}]
