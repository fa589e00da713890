# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules in their one form, judged by the packets that they let through, which are counted here by other means."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule, RuleError, canonical
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Packet = tuple[str, str, int, int, int]
V4, V6, V6_BIT = 0xC0000200, 0x20010DB8 << 96, 1 << 128  # 192.0.2.0 and 2001:db8::, told apart by a bit of their own
BLOCK = 4  # so many addresses of each family are in play, with one more that only networks of everybody hold
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _range(network: str) -> tuple[int, int]:
    """First and last address of a CIDR, worked out by hand."""
    text, _slash, length = network.partition("/")
    if ":" in text:
        head, _gap, tail = text.partition("::")
        parts = [part for part in head.split(":") if part]
        after = [part for part in tail.split(":") if part]
        words = [*parts, *["0"] * (8 - len(parts) - len(after)), *after]
        first, bits = sum(int(word, 16) << 16 * (7 - at) for at, word in enumerate(words)), 128
    else:
        first, bits = sum(int(word) << 8 * (3 - at) for at, word in enumerate(text.split("."))), 32
    base = V6_BIT if bits == 128 else 0
    return base + first, base + first + (1 << bits - int(length)) - 1


def _corners(spans: Iterable[tuple[int, int]]) -> set[int]:
    found = {corner for first, last in spans for corner in (first - 1, first, last, last + 1)}
    return {port for port in found | {1, 65535} if 1 <= port <= 65535}


def _allowed(rules: Sequence[Rule], ports: set[int], sources: set[int]) -> frozenset[Packet]:
    addresses = [base + n for base in (V4, V6_BIT + V6) for n in range(BLOCK)] + [V4 + 99, V6_BIT + V6 + 99]
    found: set[Packet] = set()
    for rule in rules:
        peers = [_range(peer) for peer in rule.peers]
        seen = [a for a in addresses if any(first <= a <= last for first, last in peers)]
        to = [p for p in ports if any(first <= p <= last for first, last in rule.ports)]
        by = [p for p in sources if not rule.source_ports or any(f <= p <= last for f, last in rule.source_ports)]
        found.update((rule.direction, rule.transport, *packet) for packet in product(seen, to, by))
    return frozenset(found)


def _same(one: Sequence[Rule], other: Sequence[Rule]) -> bool:
    ports = _corners(span for rule in (*one, *other) for span in rule.ports)
    sources = _corners(span for rule in (*one, *other) for span in rule.source_ports)
    return _allowed(one, ports, sources) == _allowed(other, ports, sources)


def _networks() -> st.SearchStrategy[str]:
    small = [
        f"{base}{n or zero}/{whole - bits}"
        for base, zero, whole in (("192.0.2.", "0", 32), ("2001:db8::", "", 128))
        for bits in (0, 1, 2)
        for n in range(0, BLOCK, 1 << bits)
    ]
    return st.sampled_from([*small, *EVERYBODY])


def _spans(*ports: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.sampled_from(ports), st.sampled_from(ports)).map(lambda two: (min(two), max(two)))


def _some_rules(most: int = 4) -> st.SearchStrategy[list[Rule]]:
    rule = st.builds(
        Rule,
        direction=st.sampled_from(["in", "in", "out"]),
        transport=st.sampled_from(["tcp", "tcp", "udp"]),
        ports=st.lists(_spans(1, 2, 3, 5, 65535), min_size=1, max_size=2).map(tuple),
        peers=st.lists(_networks(), min_size=1, max_size=3).map(tuple),
        source_ports=st.just(()) | st.lists(_spans(20, 21, 22, 5353), max_size=2).map(tuple),
        flows=st.lists(st.sampled_from(["a", "b", "c"]), max_size=1).map(tuple),
    )
    return st.lists(rule, max_size=most)


@FEW
@given(_some_rules())
def test_it_neither_widens_nor_narrows(rules: list[Rule]) -> None:
    assert _same(rules, canonical(rules))


@FEW
@given(_some_rules())
def test_it_is_a_fixed_point(rules: list[Rule]) -> None:
    once = canonical(rules)
    assert canonical(once) == once


@FEW
@given(_some_rules(), st.randoms(use_true_random=False))
def test_written_another_way_it_is_the_same(rules: list[Rule], random: Any) -> None:
    apart = [
        Rule(rule.direction, rule.transport, (ports,), (peer,), rule.source_ports, rule.flows)
        for rule in rules
        for ports in rule.ports
        for peer in rule.peers
    ]
    apart += random.sample(apart, len(apart) // 2)
    random.shuffle(apart)
    assert canonical(apart) == canonical(rules)


@FEW
@given(_some_rules(2), _some_rules(2))
def test_two_forms_are_equal_exactly_when_the_packets_are(one: list[Rule], other: list[Rule]) -> None:
    keys = [[rule.key() for rule in canonical(rules)] for rules in (one, other, one + other)]
    assert (keys[0] == keys[1]) == _same(one, other)
    assert (keys[0] == keys[2]) == _same(one, one + other)


@FEW
@given(_some_rules())
def test_no_packet_is_allowed_twice(rules: list[Rule]) -> None:
    found = canonical(rules)
    for number, rule in enumerate(found):
        others = found[number + 1 :]
        ports = _corners(span for one in found for span in one.ports)
        sources = _corners(span for one in found for span in one.source_ports)
        assert not _allowed([rule], ports, sources) & _allowed(others, ports, sources)


@FEW
@given(_some_rules())
def test_every_flow_that_asks_is_named(rules: list[Rule]) -> None:
    found = canonical(rules)
    assert {flow for rule in found for flow in rule.flows} == {flow for rule in rules for flow in rule.flows}
    ports = _corners(span for one in (*rules, *found) for span in one.ports)
    sources = _corners(span for one in (*rules, *found) for span in one.source_ports)
    for rule in found:
        asking = {
            flow
            for asked in rules
            if _allowed([asked], ports, sources) & _allowed([rule], ports, sources)
            for flow in asked.flows
        }
        assert set(rule.flows) == asking


def _rule(ports: str, peers: str, source_ports: str = "", direction: str = "in", transport: str = "tcp") -> Rule:
    raw = {
        "direction": direction,
        "transport": transport,
        "ports": ports.split(","),
        "peers": peers.split(),
        "source_ports": source_ports.split(",") if source_ports else [],
    }
    return _rules.parse(raw)


@pytest.mark.parametrize(
    ("rules", "lines"),
    [
        ([], []),
        ([_rule("515", "192.0.2.1")], ["in tcp 515 from 192.0.2.1"]),
        ([_rule("515-515", "192.0.2.0/255.255.255.0")], ["in tcp 515 from 192.0.2.0/24"]),
        ([_rule("515", "2001:DB8:0::0:1/128")], ["in tcp 515 from 2001:db8::1"]),
        ([_rule("515", "any")], ["in tcp 515 from any"]),
        ([_rule("515", "0.0.0.0/0")], ["in tcp 515 from 0.0.0.0/0"]),
        ([_rule("515", "::/0 0.0.0.0/0 192.0.2.1")], ["in tcp 515 from any"]),
        ([_rule("515,631", "192.0.2.1"), _rule("632", "192.0.2.1")], ["in tcp 515,631-632 from 192.0.2.1"]),
        ([_rule("1-10", "192.0.2.1"), _rule("5-20", "192.0.2.1")], ["in tcp 1-20 from 192.0.2.1"]),
        (
            [_rule("1-10", "192.0.2.0"), _rule("5", "192.0.2.1")],
            ["in tcp 1-4,6-10 from 192.0.2.0", "in tcp 5 from 192.0.2.0/31"],
        ),
        ([_rule("515", "192.0.2.0/25"), _rule("515", "192.0.2.128/25")], ["in tcp 515 from 192.0.2.0/24"]),
        ([_rule("515", "192.0.2.0/24"), _rule("515", "192.0.2.7")], ["in tcp 515 from 192.0.2.0/24"]),
        (
            [_rule("515", "2001:db8::1 192.0.2.1"), _rule("515", "192.0.2.1", direction="out")],
            ["in tcp 515 from 192.0.2.1 2001:db8::1", "out tcp 515 to 192.0.2.1"],
        ),
        (
            [_rule("161", "192.0.2.1"), _rule("161", "192.0.2.1", transport="udp")],
            ["in tcp 161 from 192.0.2.1", "in udp 161 from 192.0.2.1"],
        ),
        ([_rule("20", "192.0.2.1", "5353"), _rule("20", "192.0.2.0/24")], ["in tcp 20 from 192.0.2.0/24"]),
        ([_rule("20", "192.0.2.1", "1-65535")], ["in tcp 20 from 192.0.2.1"]),
        (
            [_rule("20", "192.0.2.0/31", "5353"), _rule("20", "192.0.2.0")],
            ["in tcp 20 from 192.0.2.0", "in tcp 20 source port 5353 from 192.0.2.1"],
        ),
        ([_rule("20", "192.0.2.1", "1-1000"), _rule("20", "192.0.2.1", "1001-65535")], ["in tcp 20 from 192.0.2.1"]),
        (
            [_rule("20", "192.0.2.1", "1-1000"), _rule("20", "192.0.2.1 192.0.2.2", "1001-65535")],
            ["in tcp 20 from 192.0.2.1", "in tcp 20 source port 1001-65535 from 192.0.2.2"],
        ),
    ],
)
def test_the_one_form(rules: list[Rule], lines: list[str]) -> None:
    found = canonical(rules)
    assert _rules.lines(found) == lines
    assert canonical(found) == found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"direction": "inn"}, "direction 'inn' must be one of in, out"),
        ({"direction": None}, "direction None must be one of in, out"),
        ({"transport": "TCP"}, "transport 'TCP' must be one of tcp, udp"),
        ({"ports": ["0"]}, "port '0' must be a number from 1 to 65535"),
        ({"ports": ["65536"]}, "port '65536' must be"),
        ({"ports": ["20-10"]}, "port '20-10' must be"),
        ({"ports": ["x"]}, "port 'x' must be"),
        ({"ports": ["-5"]}, "port '-5' must be"),
        ({"ports": ["+5"]}, "port '+5' must be"),
        ({"ports": ["1_000"]}, "port '1_000' must be"),
        ({"ports": ["\u0661"]}, "port '\u0661' must be"),
        ({"ports": [None]}, "port None must be"),
        ({"source_ports": ["0-1"]}, "port '0-1' must be"),
        ({"peers": ["192.0.2.1/24"]}, "peer '192.0.2.1/24' must be a network such as"),
        ({"peers": ["printer.example"]}, "peer 'printer.example' must be a network such as"),
        ({"peers": [""]}, "peer '' must be a network such as"),
    ],
)
def test_what_is_no_rule_says_why(change: dict[str, Any], told: str) -> None:
    raw = {"direction": "in", "transport": "tcp", "ports": ["515"], "peers": ["192.0.2.1"], **change}
    with pytest.raises(RuleError) as wrong:
        _rules.parse(raw)
    assert told in str(wrong.value)


def test_a_rule_as_plain_values_can_be_read_back() -> None:
    rules = canonical([_rule("515,631-640", "192.0.2.0/24 2001:db8::/64"), _rule("53", "any", "5353", transport="udp")])
    assert tuple(_rules.parse(rule.as_dict()) for rule in rules) == rules
    assert rules[1].as_dict()["peers"] == ["any"]


ADDRESSES = st.tuples(st.sampled_from([4, 6]), st.integers(0, 2**128 - 1), st.integers(0, 128)).map(
    lambda drawn: (
        ipaddress.ip_network((drawn[1] >> 96, drawn[2] % 33), strict=False)
        if drawn[0] == 4
        else ipaddress.ip_network((drawn[1] >> drawn[2] % 64 * 2, drawn[2]), strict=False)
    )
)


@FEW
@given(st.lists(ADDRESSES, max_size=5), st.lists(ADDRESSES, max_size=5))
def test_holes_are_what_pythons_own_networks_make_of_them(peers: list[Any], holes: list[Any]) -> None:
    left = peers
    for hole in holes:
        left = [part for peer in left for part in _cut(peer, hole)]
    found = _rules.without(map(str, peers), map(str, holes))
    assert _rules.fewest(found) == _rules.fewest(frozenset(map(str, left)))


def _cut(network: Any, hole: Any) -> list[Any]:
    if network.version != hole.version or not network.overlaps(hole):
        return [network]
    return [] if network.subnet_of(hole) else list(network.address_exclude(hole))


@FEW
@given(st.lists(ADDRESSES, max_size=8), st.integers(0, 4))
def test_networks_are_joined_and_spelt_as_pythons_own(networks: list[Any], halvings: int) -> None:
    """Neighbours among them: each network is also there in parts."""
    parts = [part for network in networks for part in _parts(network, halvings)]
    found = _rules.fewest(frozenset(map(str, parts)))
    families = ([part for part in parts if part.version == version] for version in (4, 6))
    assert found == tuple(str(one) for family in families for one in ipaddress.collapse_addresses(family))


def _parts(network: Any, halvings: int) -> list[Any]:
    return list(network.subnets(min(halvings, network.max_prefixlen - network.prefixlen)))


@pytest.mark.parametrize(
    "peer", ["192.0.2.0/-1", "192.0.2.0/33", "192.0.2.0/+8", "1.2.3/8", "::1/129", "2001:db8::/x", "/8", ""]
)
def test_what_is_no_network_is_said(peer: str) -> None:
    with pytest.raises(RuleError, match="must be a network such as"):
        _rules.parse({"direction": "in", "transport": "tcp", "ports": ["1"], "peers": [peer]})
