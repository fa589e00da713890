# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules of others mean for ours."""

from __future__ import annotations

import random
from collections.abc import Callable
from ipaddress import ip_network

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _foreign, _host, _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._backend import Foreign
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule

LPR = Rule("in", "tcp", ((515, 515), (9443, 9443)), ("192.0.2.0/24",), (), ("pdm-vpsx-lpr",))
WANTED = {"printnet.ports/vpsx": [LPR]}


def _drop(**fields: object) -> Foreign:
    values = {"direction": "in", "transport": "tcp", "ports": ((515, 515),), "peers": ("192.0.2.7/32",), **fields}
    return Foreign(False, Rule(**values), "table inet filter, chain input, handle 7")  # type: ignore[arg-type]


def test_a_drop_that_hits_is_named() -> None:
    where = "table inet filter, chain input, handle 7"
    what = "blocks tcp 515 that printnet.ports/vpsx asks for (pdm-vpsx-lpr): the rules of others win."
    assert _foreign.voided(WANTED, [_drop()]) == [f"{where} {what}"]
    assert len(_foreign.voided(WANTED, [_drop(peers=EVERYBODY, ports=((1, 65535),))])) == 1


def test_a_drop_at_one_interface_is_named_with_it() -> None:
    (told,) = _foreign.voided(WANTED, [_drop()._replace(only="comes by eth0")])
    assert told.endswith("asks for (pdm-vpsx-lpr), as far as it comes by eth0: the rules of others win.")


@pytest.mark.parametrize(
    "fields",
    [
        {"peers": ("198.51.100.0/24",)},
        {"ports": ((516, 600),)},
        {"transport": "udp"},
        {"direction": "out"},
        {"peers": ("::/0",)},
    ],
)
def test_a_drop_that_misses_is_not(fields: dict[str, object]) -> None:
    assert _foreign.voided(WANTED, [_drop(**fields)]) == []


def test_a_drop_of_what_only_the_host_sends_itself_is_none() -> None:
    everybody = {"printnet.ports/vpsx": [LPR._replace(peers=EVERYBODY)]}
    assert _foreign.voided(everybody, [_drop(peers=("127.0.0.0/8",)), _drop(peers=("::1/128",))]) == []
    assert len(_foreign.voided(everybody, [_drop(peers=("127.0.0.0/8", "192.0.2.7/32"))])) == 1


def test_a_drop_for_an_address_of_somebody_else_is_none_of_this_host() -> None:
    some = [_drop(), _drop()._replace(own="10.96.33.7/32"), _drop()._replace(own="192.0.2.0/24")]
    assert _foreign.at_home(some, _host.has) == [some[0], some[2]]
    assert _host.has("127.0.0.1/32")


def test_what_opens_blocks_nothing() -> None:
    assert _foreign.voided(WANTED, [Foreign(True, _drop().rule, "x")]) == []


def test_a_wall_of_drops_is_counted() -> None:
    found = _foreign.voided(WANTED, [_drop() for _number in range(300)])
    assert len(found) == _foreign.MOST + 1
    assert found[-1] == "290 more rules of others block what is asked for here."


def test_which_rules_touch_the_port_of_a_flow() -> None:
    some = [_drop(), _drop(ports=((22, 22),)), _drop(transport="udp")]
    (found,) = _foreign.touching(some, {("tcp", (500, 600)): ["a"], ("tcp", (515, 515)): ["b"], ("udp", (9, 9)): ["c"]})
    assert found.rule.flows == ("a", "b")
    assert found.where == some[0].where


def test_what_a_host_calls_its_rules_does_not_reach_the_terminal() -> None:
    (told,) = _foreign.voided(WANTED, [Foreign(False, _drop().rule, "a\x1b[31m\x07\n<b>{{ 7*7 }}")])
    assert told.startswith("a?[31m??<b>{{ 7*7 }} blocks tcp 515")


def _some_peers(chance: random.Random) -> tuple[str, ...]:
    """Some networks of both families, near each other, so that they touch often."""
    pools = [(4, 0xC0000200, 6, 32), (6, 0x20010DB8 << 96, 6, 128)]
    found = []
    for _number in range(chance.randrange(6)):
        _version, base, room, bits = chance.choice(pools)
        first, length = base + chance.randrange(1 << room), chance.randint(bits - room, bits)
        found.append(str(ip_network((first >> bits - length << bits - length, length))))
    return _rules.fewest(frozenset(found)) if chance.random() < 0.95 else EVERYBODY


def _some_rule(chance: random.Random) -> Rule:
    spans = [((515, 515),), ((500, 520), (631, 631)), ((1, 65535),), ((22, 22),)]
    return Rule(
        chance.choice(["in", "in", "in", "out"]),
        chance.choice(["tcp", "tcp", "udp"]),
        chance.choice(spans),
        _some_peers(chance),
        chance.choice([(), (), ((53, 53),), ((1, 1023),)]),
        (f"flow{chance.randrange(3)}",),
    )


def _plainly(wanted: dict[str, list[Rule]], foreign: list[Foreign]) -> list[str]:
    """The same by comparing each with each."""

    def touch(rule: Rule, other: Rule) -> bool:
        sources = rule.source_ports, other.source_ports
        return (
            (rule.direction, rule.transport) == (other.direction, other.transport)
            and bool(_rules.common(rule.ports, other.ports))
            and (not all(sources) or bool(_rules.common(*sources)))
            and _rules.overlap(rule.peers, other.peers)
        )

    found = [
        _foreign._sentence(owner, hit, other)
        for other in foreign
        if not other.opens
        for owner, rules in wanted.items()
        if (hit := [rule for rule in rules if touch(rule, other.rule)])
    ]
    more = [f"{len(found) - _foreign.MOST} more rules of others block what is asked for here."]
    return found[: _foreign.MOST] + (more if len(found) > _foreign.MOST else [])


def test_it_is_what_comparing_each_with_each_finds() -> None:
    for seed in range(200):
        chance = random.Random(seed)
        wanted = {f"owner{number}": [_some_rule(chance) for _rule in range(4)] for number in range(3)}
        foreign = [Foreign(chance.random() < 0.2, _some_rule(chance), f"rule {number}") for number in range(8)]
        assert _foreign.voided(wanted, foreign) == _plainly(wanted, foreign), f"seed {seed}"


def test_peers_that_lie_in_one_another_are_found_too() -> None:
    nested = Rule("in", "tcp", ((515, 515),), ("192.0.2.0/24", "192.0.2.1/32", "::/0"))
    assert _foreign.voided({"a": [nested]}, [_drop(peers=("192.0.2.7/32",))])
    assert _foreign.voided({"a": [nested]}, [_drop(peers=("198.51.100.0/24", "192.0.2.0/25", "192.0.2.7/32"))])


def test_each_drop_is_looked_up_once(calls_of: Callable[[Callable[[], object]], int]) -> None:
    """Not once for each of the networks that are asked for."""
    peers = tuple(f"10.{number >> 8}.{number & 255}.0/25" for number in range(1000))
    wanted = {"a": [Rule("in", "tcp", ((port, port),), peers) for port in (515, 631, 5500, 5501, 9443)]}
    drops = [_drop(peers=(f"10.{number % 4}.{number & 255}.129/32",), ports=((1, 65535),)) for number in range(2000)]
    assert _foreign.voided(wanted, drops) == []
    some, all_of_them = (calls_of(lambda part=part: _foreign.voided(wanted, part)) for part in (drops[:1000], drops))
    assert all_of_them - some < 100 * 1000
