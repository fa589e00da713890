# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the rules of others mean for ours. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _backend

MOST = 10
"""More than so many are counted only."""
_BEYOND = 1 << 128
"""Above all addresses."""
_LOOPS = tuple(map(_rules.span_of, ("127.0.0.0/8", "::1/128")))


def at_home(foreign: Iterable[_backend.Foreign], is_ours: Callable[[str], bool]) -> list[_backend.Foreign]:
    """Without those that are about an address of somebody else, as those for services in containers are."""
    return [one for one in foreign if not one.own or is_ours(one.own)]


def voided(wanted: Mapping[str, Iterable[_rules.Rule]], foreign: Iterable[_backend.Foreign]) -> list[str]:
    """One sentence for each rule of somebody else that blocks what an owner asks for."""
    asked = {owner: [_Asked(rule) for rule in rules] for owner, rules in wanted.items()}
    # A wall of drops has few kinds of rules: who is asked for the same ports is looked up once.
    near: dict[_rules.Rule, dict[str, list[_Asked]]] = {}
    found = []
    for other in foreign:
        if other.opens:
            continue
        kind = other.rule._replace(peers=(), flows=())
        if kind not in near:
            near[kind] = {owner: [one for one in some if _meet(one.rule, kind)] for owner, some in asked.items()}
        spans = [_rules.span_of(peer) for peer in other.rule.peers] if any(near[kind].values()) else []
        # Nobody else has a loopback address.
        spans = [span for span in spans if not any(span[0] == one[0] and one[1] <= span[1] <= one[2] for one in _LOOPS)]
        for owner, some in near[kind].items():
            hit = [one.rule for one in some if any(map(one.touches, spans))]
            if hit:
                found.append((owner, hit, other))
    more = [f"{len(found) - MOST} more rules of others block what is asked for here."] if len(found) > MOST else []
    return [_sentence(*one) for one in found[:MOST]] + more


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
            found.append(other._replace(rule=other.rule._replace(flows=known[key])))
    return found


def _sentence(owner: str, hit: Iterable[_rules.Rule], other: _backend.Foreign) -> str:
    ports = sorted({span for rule in hit for span in _rules.common(rule.ports, other.rule.ports)})
    flows = sorted({flow for rule in hit for flow in rule.flows})
    asking = f" ({', '.join(flows)})" if flows else ""
    what = f"{other.rule.transport} {','.join(map(_rules.span_text, ports))}"
    where = _rules.printable(other.where)
    only = f", as far as it {other.only}" if other.only else ""
    return f"{where} blocks {what} that {owner} asks for{asking}{only}: the rules of others win."


def _meet(rule: _rules.Rule, other: _rules.Rule) -> bool:
    """Whether both are about some packet, if only their peers are the same."""
    return (
        rule.direction == other.direction
        and rule.transport == other.transport
        and bool(_rules.common(rule.ports, other.ports))
        and (
            not rule.source_ports
            or not other.source_ports
            or bool(_rules.common(rule.source_ports, other.source_ports))
        )
    )


class _Asked:
    """A rule that is asked for, and its peers as they are looked up quickly: sorted, and none overlaps another."""

    def __init__(self, rule: _rules.Rule) -> None:
        self.rule = rule
        self._spans: list[tuple[int, int, int]] = []

    def touches(self, span: tuple[int, int, int]) -> bool:
        """Whether an address of the span, as of a network, is one of the peers'."""
        spans = self._spans or self._read()
        version, first, last = span
        index = bisect_right(spans, (version, last, _BEYOND)) - 1
        return index >= 0 and spans[index][0] == version and first <= spans[index][2]

    def _read(self) -> list[tuple[int, int, int]]:
        for span in sorted(map(_rules.span_of, self.rule.peers)):
            before = self._spans[-1] if self._spans else (0, 0, 0)
            # Of two networks that touch, the one that begins first, or the larger one, holds the other.
            if before[0] != span[0] or before[2] < span[2]:
                self._spans.append(span)
        return self._spans
