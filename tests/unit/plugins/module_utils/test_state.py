# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""States of a firewall: what shrinks, what survives being written down."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network

from ansible_collections.printnet.ports.plugins.module_utils import _state
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule
from ansible_collections.printnet.ports.plugins.module_utils._state import Found, Half, half
from hypothesis import given, settings
from hypothesis import strategies as st

FEW = settings(max_examples=150)
PEERS = ["192.0.2.0/30", "192.0.2.0/31", "192.0.2.2/31", "192.0.2.1/32", "2001:db8::/127", "2001:db8::1/128"]
RULES = st.lists(
    st.builds(
        Rule,
        direction=st.sampled_from(["in", "out"]),
        transport=st.sampled_from(["tcp", "udp"]),
        ports=st.sampled_from([((1, 1),), ((1, 3),), ((2, 2), (3, 3))]),
        peers=st.lists(st.sampled_from(PEERS), min_size=1, max_size=2).map(tuple) | st.just(EVERYBODY),
        source_ports=st.sampled_from([(), ((20, 20),), ((20, 21),)]),
        flows=st.just(()),
    ),
    max_size=3,
)
PLACES = ("192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::", "2001:db8::1", "9.9.9.9")
LPR = Rule("in", "tcp", ((515, 515),), ("192.0.2.0/24",))


def _packets(rules: list[Rule]) -> set[tuple[str, str, int, int, str]]:
    """What is let in, looked at with single packets."""
    return {
        (rule.direction, rule.transport, port, source, place)
        for rule in rules
        for first, last in rule.ports
        for port in range(first, last + 1)
        for source in (19, 20, 21)
        if not rule.source_ports or any(start <= source <= end for start, end in rule.source_ports)
        for place in PLACES
        if any(ip_address(place) in ip_network(peer) for peer in rule.peers)
    }


@FEW
@given(st.lists(RULES, min_size=2, max_size=2), st.lists(RULES, min_size=2, max_size=2))
def test_something_shrinks_exactly_when_a_packet_is_refused_that_was_let_in(
    old: list[list[Rule]], new: list[list[Rule]]
) -> None:
    """Whichever of the owners lets it in."""
    now, aims = ({f"o{number}": Found(Half(), half(rules)) for number, rules in enumerate(some)} for some in (old, new))
    lost = _packets([rule for rules in old for rule in rules]) - _packets([rule for rules in new for rule in rules])
    assert _state.shrinks(now, aims) == bool(lost)


def test_what_is_saved_only_cuts_nobody_off() -> None:
    assert not _state.shrinks({"o": Found(half([LPR]), Half())}, {"o": Found()})


def test_somebody_elses_rule_among_ours_is_something_that_is_let_in() -> None:
    now = {"o": Found(half([LPR]), half([LPR], ["rule port=22 accept"]))}
    assert _state.shrinks(now, {"o": Found(half([LPR]), half([LPR]))})


@FEW
@given(RULES, RULES, st.lists(st.text(max_size=4), max_size=2))
def test_it_is_the_same_after_it_was_written_down(saved: list[Rule], live: list[Rule], odd: list[str]) -> None:
    states = {"printnet.ports/vpsx": Found(half(saved), half(live, odd))}
    assert _state.load(json.loads(json.dumps(_state.dump(states)))) == states


def test_flows_are_no_difference() -> None:
    asked = Rule(LPR.direction, LPR.transport, LPR.ports, LPR.peers, (), ("pdm-vpsx-lpr",))
    assert half([asked]) == half([LPR])


def test_people_read_what_is_odd() -> None:
    assert _state.describe(Found(half([LPR]), half([], ["a jump is missing"]))) == {
        "saved": ["in tcp 515 from 192.0.2.0/24"],
        "live": ["not as it should be: a jump is missing"],
    }


@FEW
@given(RULES, RULES, RULES, RULES)
def test_what_moves_from_one_owner_to_another_is_saved_throughout(
    had: list[Rule], has: list[Rule], other_had: list[Rule], other_has: list[Rule]
) -> None:
    now = {"one": Found(half(had), Half()), "other": Found(half(other_had), Half())}
    aims = {"one": Found(half(has), Half()), "other": Found(half(other_has), Half())}
    before, after = _packets([*had, *other_had]), _packets([*has, *other_has])
    first = _state.widened(now, aims) if _state.moves(now, aims) else {}
    saved = dict(now)
    for step in (first, aims):
        for owner, found in step.items():
            saved[owner] = found
            there = _packets([rule for one in saved.values() for rule in one.saved.rules])
            assert before & after <= there <= before | after


def test_owners_that_only_get_or_only_give_are_saved_once() -> None:
    had, has = Found(half([LPR]), Half()), Found(Half(), Half())
    assert not _state.moves({"one": had, "other": had}, {"one": has, "other": has})
    assert not _state.moves({"one": has, "other": has}, {"one": had, "other": had})
    assert _state.moves({"one": had, "other": has}, {"one": has, "other": had})
    assert _state.widened({"one": had, "other": has}, {"one": has, "other": had}) == {"one": had, "other": had}
