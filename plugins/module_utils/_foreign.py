# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the rules of others mean for ours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _backend

MOST = 10
"""More than so many are counted only."""


def voided(wanted: Mapping[str, Iterable[_rules.Rule]], foreign: Iterable[_backend.Foreign]) -> list[str]:
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


def touching(
    foreign: Iterable[_backend.Foreign], flows: Mapping[tuple[str, _rules.Span], Iterable[str]]
) -> list[_backend.Foreign]:
    """The rules of others that have to do with the port of some flow, with these flows in them.

    ``flows`` has the flows by transport and port.
    """
    known: dict[tuple[str, tuple[_rules.Span, ...]], tuple[str, ...]] = {}
    found = []
    for other in foreign:
        key = (other.rule.transport, other.rule.ports)
        if key not in known:
            hit = {
                flow
                for (transport, span), some in flows.items()
                if transport == key[0] and _rules.common(key[1], (span,))
                for flow in some
            }
            known[key] = tuple(sorted(hit))
        if known[key]:
            found.append(replace(other, rule=replace(other.rule, flows=known[key])))
    return found


def _sentence(owner: str, hit: Iterable[_rules.Rule], other: _backend.Foreign) -> str:
    ports = sorted({span for rule in hit for span in _rules.common(rule.ports, other.rule.ports)})
    flows = sorted({flow for rule in hit for flow in rule.flows})
    asking = f" ({', '.join(flows)})" if flows else ""
    what = f"{other.rule.transport} {','.join(map(_rules.span_text, ports))}"
    where = "".join(letter if letter.isprintable() else "?" for letter in other.where)
    return f"{where} blocks {what} that {owner} asks for{asking}: the rules of others win."


def _touch(rule: _rules.Rule, other: _rules.Rule) -> bool:
    return (
        rule.direction == other.direction
        and rule.transport == other.transport
        and bool(_rules.common(rule.ports, other.ports))
        and (
            not rule.source_ports
            or not other.source_ports
            or bool(_rules.common(rule.source_ports, other.source_ports))
        )
        and _rules.overlap(rule.peers, other.peers)
    )
