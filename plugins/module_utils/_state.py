# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a firewall has of each owner, saved and live: compared, described, kept as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _rules


class Half(NamedTuple):
    """What is saved, or what is live, of one owner.

    ``rules`` are canonical. ``odd`` says in words what a change has to mend: somebody's rule among ours, a jump that
    is missing or at the wrong place, an older format. What we make has nothing odd.
    """

    rules: tuple[_rules.Rule, ...] = ()
    odd: tuple[str, ...] = ()


class Found(NamedTuple):
    """What is there of one owner."""

    saved: Half = Half()
    live: Half = Half()


States = dict[str, Found]
"""What is there or wanted, by owner."""


def half(rules: Iterable[_rules.Rule], odd: Iterable[str] = ()) -> Half:
    """A half of these rules in their one form, without the flows, which no firewall keeps."""
    return Half(tuple(rule._replace(flows=()) for rule in _rules.canonical(rules)), tuple(sorted(odd)))


def only(found: Half, direction: str) -> tuple[_rules.Rule, ...]:
    """The half's rules of one direction."""
    return tuple(rule for rule in found.rules if rule.direction == direction)


def moves(now: States, aims: States) -> bool:
    """Whether one owner may get what another one gives up. It matters where owners are saved one after the other."""
    before = {owner: {*now[owner].saved.rules} for owner in aims}
    after = {owner: {*aim.saved.rules} for owner, aim in aims.items()}
    gives = {owner for owner in aims if before[owner] - after[owner]}
    gets = {owner for owner in aims if after[owner] - before[owner]}
    return bool(gives and gets and len(gives | gets) > 1)


def widened(now: States, aims: States) -> States:
    """The same aims, but saved is also what each owner has that gets something; the others have what they had."""
    found = {}
    for owner, aim in aims.items():
        before, after = now[owner].saved.rules, aim.saved.rules
        found[owner] = Found(half([*before, *after]) if {*after} - {*before} else now[owner].saved, aim.live)
    return found


def shrinks(now: States, aims: States) -> bool:
    """Whether something that is live now is not allowed any more, so that a connection could be cut.

    What somebody else put among our rules counts as something that is let in.
    """
    old = [rule for found in now.values() for rule in found.live.rules]
    new = [rule for found in aims.values() for rule in found.live.rules]
    if any(set(found.live.odd) - set(aims[owner].live.odd) for owner, found in now.items()):
        return True
    if set(old) <= set(new):
        return False
    both, alone = half([*old, *new]), half(new)
    return both != alone


def describe(found: Found) -> dict[str, list[str]]:
    """The saved and the live rules in lines for people."""
    return {"saved": _lines(found.saved), "live": _lines(found.live)}


def _lines(one: Half) -> list[str]:
    return [*_rules.lines(one.rules), *(f"not as it should be: {text}" for text in one.odd)]


def dump(states: States) -> dict[str, Any]:
    """The states as plain values that JSON can hold; ``load`` reads them."""
    return {
        owner: {name: [[list(_fields(rule)) for rule in one.rules], list(one.odd)] for name, one in _halves(found)}
        for owner, found in states.items()
    }


def load(data: Mapping[str, Any]) -> States:
    """The states that ``dump`` made plain."""
    return {owner: Found(*(_half(*found[name]) for name in ("saved", "live"))) for owner, found in data.items()}


def _halves(found: Found) -> list[tuple[str, Half]]:
    return [("saved", found.saved), ("live", found.live)]


def _fields(rule: _rules.Rule) -> tuple[Any, ...]:
    return rule.direction, rule.transport, rule.ports, rule.peers, rule.source_ports


def _half(rules: Iterable[Sequence[Any]], odd: Iterable[str]) -> Half:
    return Half(
        tuple(
            _rules.Rule(direction, transport, _spans(ports), tuple(peers), _spans(source_ports))
            for direction, transport, ports, peers, source_ports in rules
        ),
        tuple(odd),
    )


def _spans(plain: Iterable[Sequence[int]]) -> tuple[_rules.Span, ...]:
    return tuple((first, last) for first, last in plain)
