# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what is left for a rule of somebody else when earlier ones have let packets in already. Pure.

A host may have a hundred thousand such rules, each for one address or for thousands, and most are never asked for: so
those for the same ports are kept together, and put in order when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ansible_collections.printnet.ports.plugins.module_utils import _rules

_COMPARED = 100_000
"""After so many comparisons no more is compared."""
_CHEAP = 20
"""So many looks at what has nothing to do with a rule take as long as one comparison."""
_BEYOND = 1 << 128
"""Above all addresses."""
_FEW = 8
"""More new networks than this, and more than an eighth of those in order, are sorted in together."""
_Network = tuple[int, int, int, str]
"""IP version, first and last address, and the text."""


class Gone:
    """Packets that come no further: let in, or led out of a chain again. ``doubt``: there may be more of them."""

    def __init__(self) -> None:
        self.doubt = False
        self._rules: dict[tuple[str, str, tuple[_rules.Span, ...]], _Networks] = {}
        self._budget = _COMPARED

    def __bool__(self) -> bool:
        return self.doubt or bool(self._rules)

    def add(self, rule: _rules.Rule) -> None:
        """Note that the packets of a rule are gone; for particular source ports it is not known which ones are."""
        if not rule.source_ports:
            self._rules.setdefault((rule.direction, rule.transport, rule.ports), _Networks()).add(rule.peers)

    def beyond(self, rule: _rules.Rule) -> tuple[_rules.Rule, ...]:
        """What of the rule is about packets that are still there."""
        self._budget -= len(self._rules) // _CHEAP
        if not self._rules or self._budget < 0:
            return (rule,)
        before: list[_rules.Rule] = []
        spans = [_rules.span_of(peer) for peer in rule.peers]
        is_inside = len(spans) == 1
        for (direction, transport, ports), networks in self._rules.items():
            if (direction, transport) != (rule.direction, rule.transport) or not _rules.common(ports, rule.ports):
                continue
            near, is_around = networks.near(spans)
            self._budget -= len(spans) // _CHEAP + len(near)
            if near:
                before.append(_rules.Rule(direction, transport, ports, near))
                is_inside = is_inside and is_around
        if not before:
            return (rule,)
        if not is_inside:
            return _rules.beyond(rule, before)
        left = _left(rule.ports, tuple(other.ports for other in before))
        return (rule._replace(ports=left),) if left else ()


class _Networks:
    """Networks of which none holds another, in order as far as somebody has asked."""

    def __init__(self) -> None:
        self._new: list[tuple[str, ...]] = []
        self._ordered: list[_Network] = []

    def add(self, peers: tuple[str, ...]) -> None:
        self._new.append(peers)

    def near(self, spans: Iterable[tuple[int, int, int]]) -> tuple[tuple[str, ...], bool]:
        """Those that have an address in common with one of the spans, and whether these hold the spans whole."""
        if self._new:
            self._order()
        found: dict[str, None] = {}
        is_around = True
        for version, first, last in spans:
            for one in self._at(version, first, last):
                found[one[3]] = None
                is_around = is_around and one[1] <= first and last <= one[2]
        return tuple(found), is_around

    def _at(self, version: int, first: int, last: int) -> Sequence[_Network]:
        """Those with an address from the first to the last."""
        ordered = self._ordered
        end = bisect_right(ordered, (version, last, _BEYOND))
        begin = bisect_right(ordered, (version, first, _BEYOND), 0, end)
        if begin and ordered[begin - 1][0] == version and ordered[begin - 1][2] >= first:
            begin -= 1
        return ordered[begin:end]

    def _order(self) -> None:
        number = sum(map(len, self._new))
        if not self._ordered and len(self._new) == 1:
            self._ordered = list(_in_order(self._new[0]))
        elif number > max(_FEW, len(self._ordered) // 8):
            self._ordered = _outermost([*self._ordered, *(_network(peer) for peers in self._new for peer in peers)])
        else:
            for peer in (peer for peers in self._new for peer in peers):
                self._put(_network(peer))
        self._new = []

    def _put(self, one: _Network) -> None:
        inside = self._at(*one[:3])
        if inside and inside[0][1] <= one[1] and one[2] <= inside[0][2]:
            return
        at = bisect_right(self._ordered, one[:2])
        self._ordered[at : at + len(inside)] = [one]


def beyond(rule: _rules.Rule, gone: Iterable[Gone]) -> list[_rules.Rule]:
    """What of the rule is about packets that none of these has."""
    some = [rule]
    for each in gone:
        some = [part for other in some for part in each.beyond(other)]
    return some


def _network(text: str) -> _Network:
    return (*_rules.span_of(text), text)


@lru_cache(maxsize=16)
def _in_order(peers: tuple[str, ...]) -> list[_Network]:
    """The networks of one rule, which may be those of many, each for other ports."""
    return _outermost([_network(peer) for peer in peers])


def _outermost(networks: list[_Network]) -> list[_Network]:
    """In order, without those that another one holds: of two that begin together the larger one comes first."""
    found: list[_Network] = []
    for one in sorted(networks, key=lambda one: (one[0], one[1], -one[2])):
        if not found or found[-1][0] != one[0] or found[-1][2] < one[1]:
            found.append(one)
    return found


@lru_cache(maxsize=256)
def _left(ports: tuple[_rules.Span, ...], gone: Iterable[tuple[_rules.Span, ...]]) -> tuple[_rules.Span, ...]:
    """The ports that are in none of the others. Of a long list, most rules ask the same."""
    rule = _rules.Rule("in", "tcp", ports, _rules.EVERYBODY)
    return tuple(
        span for one in _rules.beyond(rule, [rule._replace(ports=some) for some in gone]) for span in one.ports
    )
