# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The networks that people think in: sites, else /24 and /64; and thousands of addresses in a few words."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils._areas import Area, Areas
from ansible_collections.printnet.ports.plugins.plugin_utils._networks import Site
from hypothesis import given
from hypothesis import strategies as st

SITES = [
    Site("10.0.0.0/8", "Somewhere", ""),
    Site("10.1.0.0/16", "Leeds", "Office IT"),
    Site("10.1.2.0/25", "Leeds, hall", "Print team"),
    Site("10.1.2.0/25", "again", ""),
    Site("2001:db8:1::/48", "York", ""),
]


@pytest.mark.parametrize(
    ("network", "area"),
    [
        ("10.1.2.3/32", Area("10.1.2.0/25", "Leeds, hall", "Print team")),
        ("10.1.2.0/25", Area("10.1.2.0/25", "Leeds, hall", "Print team")),
        ("10.1.2.0/24", Area("10.1.0.0/16", "Leeds", "Office IT")),
        ("10.1.2.200/32", Area("10.1.0.0/16", "Leeds", "Office IT")),
        ("10.200.0.0/16", Area("10.0.0.0/8", "Somewhere")),
        ("192.0.2.77/32", Area("192.0.2.0/24")),
        ("192.0.2.0/23", Area("192.0.2.0/23")),
        ("2001:db8:1:5::9/128", Area("2001:db8:1::/48", "York")),
        ("2001:db8:2:5::9/128", Area("2001:db8:2:5::/64")),
        ("2001:db8:2::/60", Area("2001:db8:2::/60")),
    ],
)
def test_the_longest_network_of_a_site_counts(network: str, area: Area) -> None:
    assert Areas(SITES).of(network) == area


@given(
    st.lists(st.tuples(st.integers(0, 1023), st.integers(22, 32)), max_size=8),
    st.tuples(st.integers(0, 1023), st.integers(22, 32)),
)
def test_the_longest_network_is_found_among_any(sites: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    def network(at: tuple[int, int]) -> Any:
        return ipaddress.ip_network((int(ipaddress.ip_address("192.0.2.0")) + at[0], at[1]), strict=False)

    around = [network(site) for site in sites if network(asked).subnet_of(network(site))]
    found = Areas([Site(str(network(site)), "here", "") for site in sites]).of(str(network(asked)))
    longest = max(around, key=lambda one: one.prefixlen, default=network((asked[0], min(asked[1], 24))))
    assert found == Area(str(longest), "here" if around else "")


@pytest.mark.parametrize(
    ("networks", "sites"),
    [
        (("10.1.2.3/32", "10.1.9.9/32"), ("Leeds", "Leeds, hall")),
        (("10.1.2.3/32", "10.1.2.4/32"), ("Leeds, hall",)),
        (("192.0.2.1/32",), ()),
        # What was merged out of neighbours is where they are.
        (("0.0.0.0/0",), ("Leeds", "Leeds, hall", "Somewhere", "elsewhere")),
        (("2001:db8::/47",), ("York", "elsewhere")),
        # That others of them are at none is said.
        (("10.1.2.3/32", "192.0.2.1/32"), ("Leeds, hall", "elsewhere")),
    ],
)
def test_the_sites_of_networks(networks: tuple[str, ...], sites: tuple[str, ...]) -> None:
    assert Areas(SITES).sites_of(networks) == sites


@pytest.mark.parametrize(
    ("sources", "destinations", "left"),
    [
        (("10.1.2.3/32",), ("10.1.2.4/32",), False),
        (("10.1.2.3/32",), ("10.1.2.200/32",), True),
        (("10.1.3.3/32", "10.1.200.3/32"), ("10.1.9.0/24",), False),
        (("192.0.2.1/32",), ("192.0.2.200/32",), False),
        (("192.0.2.1/32",), ("192.0.3.200/32",), True),
        (("192.0.2.0/23",), ("192.0.2.200/32",), True),
        # Larger than a /24 or /64, and of no site: nobody says that it is one network.
        (("192.0.2.0/23",), ("192.0.2.0/23",), True),
        (("2001:db8:2::/63",), ("2001:db8:2::/63",), True),
        (("0.0.0.0/0", "::/0"), ("0.0.0.0/0", "::/0"), True),
        (("192.0.2.0/24",), ("192.0.2.0/24",), False),
        (("2001:db8:2::/64",), ("2001:db8:2::/64",), False),
        (("10.200.0.0/16",), ("10.200.0.0/16",), False),
        # Networks of sites are parts of it.
        (("10.1.2.0/24",), ("10.1.2.0/24",), True),
        (("10.0.0.0/8",), ("10.0.0.0/8",), True),
        (("10.1.2.0/25",), ("10.1.2.0/25",), False),
        (("192.0.2.1/32", "2001:db8:9::1/128"), ("192.0.2.9/32", "2001:db8:9::2/128"), False),
        (("192.0.2.1/32", "2001:db8:9::1/128"), ("192.0.2.9/32",), False),
        (("192.0.2.1/32", "2001:db8:9::1/128"), ("192.0.2.9/32", "2001:db8:8::2/128"), True),
        (("192.0.2.1/32",), ("2001:db8:9::1/128",), True),
        (("0.0.0.0/0", "::/0"), ("192.0.2.1/32",), True),
    ],
)
def test_what_leaves_its_network(sources: tuple[str, ...], destinations: tuple[str, ...], left: bool) -> None:
    for ends in ((sources, destinations), (destinations, sources)):
        assert Areas(SITES).is_left(*ends) is left


def test_neighbours_that_were_merged_are_no_single_network() -> None:
    halves = [Site("198.51.100.0/25", "Leeds", ""), Site("198.51.100.128/25", "York", "")]
    for merged in ("198.51.100.0/24", "198.51.100.0/23"):
        assert Areas(halves).is_left((merged,), (merged,))
        rest = () if merged.endswith("/24") else ("elsewhere",)
        assert Areas(halves).sites_of((merged,)) == ("Leeds", "York", *rest)
    assert not Areas(halves).is_left(("198.51.100.0/25",), ("198.51.100.9/32",))


def test_rows_of_one_network_complete_each_other() -> None:
    rows = [Site("10.1.0.0/16", "", "Office IT"), Site("10.1.0.0/16", "Leeds", ""), Site("10.1.0.0/16", "York", "B")]
    assert Areas(rows).of("10.1.2.3/32") == Area("10.1.0.0/16", "Leeds", "Office IT")


@pytest.mark.parametrize(
    ("networks", "groups"),
    [
        (("0.0.0.0/0", "::/0"), ["any"]),
        (("192.0.2.1/32", "192.0.3.0/24"), ["192.0.2.1", "192.0.3.0/24"]),
        (
            ("10.1.2.1/32", "10.1.2.4/30", "192.0.2.8/32", "192.0.3.0/24", "2001:db8:7::1/128", "2001:db8:7::5/128"),
            [
                "10.1.2.0/25 (5 addresses)",
                "192.0.2.8",
                "192.0.3.0/24",
                "2001:db8:7::/64 (2 addresses)",
            ],
        ),
        (
            ("2001:db8:1:1::/64", "2001:db8:1:3::/64", "192.0.2.1/32", "198.51.100.0/24"),
            ["2001:db8:1::/48 (2 networks in it)", "192.0.2.1", "198.51.100.0/24"],
        ),
    ],
)
def test_many_networks_are_grouped_for_people(networks: tuple[str, ...], groups: list[str]) -> None:
    assert Areas(SITES).grouped(networks, 3) == groups


def test_of_too_many_groups_the_last_ones_are_counted() -> None:
    networks = tuple(f"10.{number}.0.0/16" for number in range(2, 200))
    assert Areas().listed(networks, 6, 4) == "10.2.0.0/16, 10.3.0.0/16, 10.4.0.0/16 and 195 more networks"
    assert Areas().listed((), 6, 4) == ""
