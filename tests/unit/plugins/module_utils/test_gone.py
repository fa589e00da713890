# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of a refusal behind what was let in, judged packet by packet."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _gone, _rules
from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule
from hypothesis import given, settings
from hypothesis import strategies as st

PORTS = range(1, 7)
PEERS = [f"192.0.2.{host}/{length}" for length in (30, 31, 32) for host in range(0, 8, 1 << (32 - length))]
ADDRESSES = [*(f"192.0.2.{host}" for host in range(8)), "198.51.100.1", "2001:db8::1"]
RULES = st.builds(
    Rule,
    st.sampled_from(["in", "out"]),
    st.sampled_from(["tcp", "udp"]),
    st.lists(st.sampled_from([(1, 1), (2, 3), (5, 5), (1, 6)]), min_size=1, max_size=2, unique=True).map(_rules.join),
    st.one_of(
        st.lists(st.sampled_from(PEERS), min_size=1, max_size=3, unique=True).map(tuple).map(_rules.fewest),
        st.sampled_from([("0.0.0.0/0",), ("::/0",), _rules.EVERYBODY]),
    ),
    st.sampled_from([(), (), ((53, 53),)]),
    st.just(()),
)
Packet = tuple[str, str, int, str]


def _packets(rules: Iterable[Rule]) -> set[Packet]:
    return {
        (rule.direction, rule.transport, port, address)
        for rule in rules
        for port, address in product(PORTS, ADDRESSES)
        if any(first <= port <= last for first, last in rule.ports)
        and any(ipaddress.ip_address(address) in ipaddress.ip_network(peer) for peer in rule.peers)
    }


@settings(max_examples=100)
@given(st.lists(RULES, max_size=6), RULES)
def test_what_is_left_is_what_none_before_has(before: list[Rule], rule: Rule) -> None:
    """One before it that is for a source port may leave some of its packets, so it takes none."""
    gone = _gone.Gone()
    for one in before:
        gone.add(one)
    left = gone.beyond(rule)
    assert _packets(left) == _packets([rule]) - _packets(one for one in before if not one.source_ports)
    assert {part._replace(ports=rule.ports, peers=rule.peers) for part in left} <= {rule}


def test_what_several_have_is_gone_from_all() -> None:
    levels = [_gone.Gone() for _level in range(2)]
    for port, level in enumerate(levels, 1):
        level.add(Rule("in", "tcp", ((port, port),), _rules.EVERYBODY))
    assert _gone.beyond(Rule("in", "tcp", ((1, 3),), ("192.0.2.1/32",)), levels) == [
        Rule("in", "tcp", ((3, 3),), ("192.0.2.1/32",))
    ]
    assert levels[0]
    assert not _gone.Gone()


@pytest.mark.parametrize("accepted", [100, 400])
def test_a_wall_of_bans_is_not_compared_with_all_that_is_let_in(
    accepted: int, calls_of: Callable[[Callable[[], Any]], int]
) -> None:
    def look(bans: int) -> Callable[[], Any]:
        gone = _gone.Gone()
        for host in range(accepted):
            gone.add(Rule("in", "tcp", ((631, 631),), (f"10.1.{host // 250}.{host % 250}/32",)))
        return lambda: [gone.beyond(Rule("in", "tcp", ((1, 65535),), (f"10.2.0.{one}/32",))) for one in range(bans)]

    assert calls_of(look(200)) < 200 * 60
