# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the rules of others mean for ours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.printnet.ports.plugins.module_utils._firewalls._backend import Foreign
from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule, Span, overlap, span_text

MOST = 10
"""More than so many are counted only."""


def voided(wanted: Mapping[str, Iterable[Rule]], foreign: Iterable[Foreign]) -> list[str]:
    """One sentence for each rule of somebody else that blocks what an owner asks for."""
    found = []
    for other in foreign:
        if other.opens:
            continue
        for owner, rules in wanted.items():
            hit = [rule for rule in rules if _touch(rule, other.rule)]
            if hit:
                found.append(_sentence(owner, hit, other))
    more = [f"{len(found) - MOST} more rules of others block what is asked for here."] if len(found) > MOST else []
    return found[:MOST] + more


def touching(foreign: Iterable[Foreign], ports: Mapping[str, Iterable[Span]]) -> list[Foreign]:
    """The rules of others that have to do with some of the ports, by transport."""
    return [other for other in foreign if _common(other.rule.ports, ports.get(other.rule.transport, ()))]


def _sentence(owner: str, hit: Iterable[Rule], other: Foreign) -> str:
    ports = sorted({span for rule in hit for span in _common(rule.ports, other.rule.ports)})
    flows = sorted({flow for rule in hit for flow in rule.flows})
    asking = f" ({', '.join(flows)})" if flows else ""
    what = f"{other.rule.transport} {','.join(map(span_text, ports))}"
    return f"{other.where} blocks {what} that {owner} asks for{asking}: the rules of others win."


def _touch(rule: Rule, other: Rule) -> bool:
    return (
        rule.direction == other.direction
        and rule.transport == other.transport
        and bool(_common(rule.ports, other.ports))
        and (not rule.source_ports or not other.source_ports or bool(_common(rule.source_ports, other.source_ports)))
        and overlap(rule.peers, other.peers)
    )


def _common(some: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The ports that are in both."""
    others = list(others)
    pairs = [(max(one[0], other[0]), min(one[1], other[1])) for one in some for other in others]
    return [(first, last) for first, last in pairs if first <= last]
