# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what is left for a rule of somebody else when earlier ones have let packets in already. Pure.

A host may have a hundred thousand such rules, each for one address or for thousands, so they are found by their
networks and never gone through.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from ansible_collections.printnet.ports.plugins.module_utils import _rules

_COMPARED = 100_000
"""After so many comparisons no more is compared."""
_Kind = tuple[str, str, int]
"""Direction, transport and IP version."""


class Gone:
    """Packets that come no further: let in, or led out of a chain again. ``doubt``: there may be more of them."""

    def __init__(self) -> None:
        self.doubt = False
        self._rules: dict[tuple[_Kind, int, int], list[_rules.Rule]] = {}
        self._sizes: dict[_Kind, set[int]] = {}
        self._networks: dict[_Kind, list[tuple[int, int]]] = {}
        self._budget = _COMPARED

    def __bool__(self) -> bool:
        return self.doubt or bool(self._rules)

    def add(self, rule: _rules.Rule) -> None:
        """Note that the packets of a rule are gone; for particular source ports it is not known which ones are."""
        if rule.source_ports:
            return
        for peer in rule.peers:
            version, first, last = _rules.span_of(peer)
            kind, size = (rule.direction, rule.transport, version), last - first + 1
            if (kind, first, size) not in self._rules:
                self._sizes.setdefault(kind, set()).add(size)
                insort(self._networks.setdefault(kind, []), (first, size))
            self._rules.setdefault((kind, first, size), []).append(replace(rule, peers=(peer,)))

    def beyond(self, rule: _rules.Rule) -> tuple[_rules.Rule, ...]:
        """What of the rule is about packets that are still there."""
        if not self._rules or self._budget < 0:
            return (rule,)
        before: list[_rules.Rule] = []
        widest = max(map(_size, rule.peers))
        is_around = len(rule.peers) == 1
        for key in {key: None for peer in rule.peers for key in self._near(rule, peer)}:
            some = self._rules[key]
            self._budget -= len(some)
            some = [other for other in some if _rules.common(other.ports, rule.ports)]
            is_around = is_around and (not some or key[2] >= widest)
            before += some
        if not before:
            return (rule,)
        if not is_around:
            return _rules.beyond(rule, before)
        left = _left(rule.ports, tuple(other.ports for other in before))
        return (replace(rule, ports=left),) if left else ()

    def _near(self, rule: _rules.Rule, peer: str) -> Iterator[tuple[_Kind, int, int]]:
        """The networks that hold the peer, and those inside it."""
        version, first, last = _rules.span_of(peer)
        kind = (rule.direction, rule.transport, version)
        around = ((kind, first & -size, size) for size in self._sizes.get(kind, ()) if size > last - first)
        yield from (key for key in around if key in self._rules)
        inside = self._networks.get(kind, [])
        for at in range(bisect_left(inside, (first, 0)), len(inside)):
            if inside[at][0] > last:
                break
            if inside[at][1] <= last - first:
                yield (kind, *inside[at])


def beyond(rule: _rules.Rule, gone: Iterable[Gone]) -> list[_rules.Rule]:
    """What of the rule is about packets that none of these has."""
    some = [rule]
    for each in gone:
        some = [part for other in some for part in each.beyond(other)]
    return some


def _size(network: str) -> int:
    _version, first, last = _rules.span_of(network)
    return last - first + 1


@lru_cache(maxsize=256)
def _left(ports: tuple[_rules.Span, ...], gone: Iterable[tuple[_rules.Span, ...]]) -> tuple[_rules.Span, ...]:
    """The ports that are in none of the others. Of a long list, most rules ask the same."""
    rule = _rules.Rule("in", "tcp", ports, _rules.EVERYBODY)
    return tuple(
        span for one in _rules.beyond(rule, [replace(rule, ports=some) for some in gone]) for span in one.ports
    )
