# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: which rows come and go between two plans: exact in addresses, however each plan puts them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses
from ansible_collections.printnet.ports.plugins.plugin_utils._flow_rows import End, Row
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host


@dataclass(frozen=True, slots=True, order=True)
class Addresses:
    """The addresses of one end: ``networks`` that are no translation's, and pairs of what is seen and what is behind.

    Both are sorted, and the networks are the fewest, so equal ones have one form.
    """

    networks: tuple[str, ...] = ()
    behind: tuple[tuple[str, str], ...] = ()

    @property
    def seen(self) -> tuple[str, ...]:
        """As the other end sees them."""
        return (
            _addresses.merge([*self.networks, *(seen for seen, _own in self.behind)]) if self.behind else self.networks
        )

    @property
    def own(self) -> tuple[str, ...]:
        """Before a translation; empty where there is none."""
        return _addresses.merge([*self.networks, *(own for _seen, own in self.behind)]) if self.behind else ()


_NOWHERE = Addresses()


class Asked(NamedTuple):
    """What a row asks for, but for where its ends are."""

    source: str
    destination: str
    flow: str
    transport: str
    port: str
    source_port: str
    via: str


Ends = tuple[Addresses, Addresses]
Rows = Mapping[Asked, tuple[Ends, ...]]
"""One asks for several ends where views or options differ: which source goes to which destination stays told apart."""


def compact(plan: SitePlan, rows: Iterable[Row]) -> Rows:
    """The rows as far as a comparison needs them."""
    reader = _Reader(plan.members)
    found: dict[Asked, set[Ends]] = {}
    for row in rows:
        source_port = span_text(row.source_port) if row.source_port else ""
        ports = (row.flow.transport, span_text(row.port), source_port)
        asked = Asked(row.source.component, row.destination.component, row.flow.id, *ports, row.via)
        found.setdefault(asked, set()).add((reader.addresses(row.source), reader.addresses(row.destination)))
    return {asked: tuple(sorted(ends)) for asked, ends in found.items()}


class _Reader:
    """Finds what is translated; ends that many rows share are looked at once."""

    def __init__(self, members: Mapping[str, Mapping[str, Host]]) -> None:
        self._members = members
        self._known: dict[End, Addresses] = {}

    def addresses(self, end: End) -> Addresses:
        if end not in self._known:
            self._known[end] = self._find(end)
        return self._known[end]

    def _find(self, end: End) -> Addresses:
        networks = _addresses.merge(end.networks)
        if not end.own:
            return Addresses(networks)
        # What is seen as it is has no translation; a network may hold both.
        same = _addresses.without(networks, _addresses.without(networks, _addresses.merge(end.own)))
        hosts = self._members.get(end.component, {})
        return Addresses(
            same, tuple(sorted({pair for name in end.hosts if name in hosts for pair in hosts[name].behind}))
        )


def came(before: Sequence[Ends], after: Sequence[Ends]) -> list[Ends]:
    """Which source goes to which destination only now; nothing is named twice."""
    known = {*before}
    return _beyond([ends for ends in after if ends not in known], before)


def went(before: Sequence[Ends], after: Sequence[Ends]) -> list[Ends]:
    """Which source went to which destination, and does not any more.

    What only changed behind a translation is not among it: what the other end sees is still asked for.
    """
    known = {*after}
    left = [ends for ends in before if ends not in known]
    pairs = {pair for ends in left for end in ends for pair in end.behind}
    return _beyond(left, [(_as_seen(source, pairs), _as_seen(target, pairs)) for source, target in after])


def _as_seen(end: Addresses, pairs: Set[tuple[str, str]]) -> Addresses:
    """The end with those of the pairs that are seen as one of its addresses."""
    if not pairs:
        return Addresses(end.seen)
    outside = _rules.without({seen for seen, _own in pairs}, end.seen)
    return Addresses(end.seen, tuple(sorted(pair for pair in pairs if pair[0] not in outside)))


def _beyond(some: Sequence[Ends], others: Sequence[Ends]) -> list[Ends]:
    if not some:
        return []
    here, there = _by_source(some), _by_source(others)
    targets = (*here.values(), *there.values())
    found: dict[Addresses, list[Addresses]] = {}
    for part, owners in _parts((*here, *there)):
        ones = [targets[number] for number in owners if number < len(here)]
        if not ones:
            continue
        gone = [targets[number] for number in owners if number >= len(here)]
        destination = _without(_union(ones), _union(gone))
        if destination != _NOWHERE:
            found.setdefault(destination, []).append(part)
    return [(_union(parts), destination) for destination, parts in found.items()]


def _by_source(some: Iterable[Ends]) -> dict[Addresses, Addresses]:
    found: dict[Addresses, list[Addresses]] = {}
    for source, destination in some:
        found.setdefault(source, []).append(destination)
    return {source: _union(destinations) for source, destinations in found.items()}


def _union(some: Sequence[Addresses]) -> Addresses:
    if len(some) == 1:
        return some[0]
    networks = _addresses.merge(network for one in some for network in one.networks)
    return Addresses(networks, tuple(sorted({pair for one in some for pair in one.behind})))


@lru_cache(maxsize=64)
def _without(some: Addresses, others: Addresses) -> Addresses:
    if others == _NOWHERE:
        return some
    left = set(others.behind)
    networks = _addresses.without(some.networks, others.networks) if some.networks != others.networks else ()
    return Addresses(networks, tuple(pair for pair in some.behind if pair not in left))


@lru_cache(maxsize=64)
def _parts(some: tuple[Addresses, ...]) -> tuple[tuple[Addresses, tuple[int, ...]], ...]:
    """All their addresses in parts, each with the numbers of those that hold it: many flows share their ends."""
    pairs: dict[tuple[str, str], list[int]] = {}
    networks: dict[str, list[int]] = {}
    for number, one in enumerate(some):
        for pair in one.behind:
            pairs.setdefault(pair, []).append(number)
        for network in one.networks:
            networks.setdefault(network, []).append(number)
    parts: dict[tuple[int, ...], tuple[list[str], list[tuple[str, str]]]] = {}
    for network, owners in _apart(networks):
        parts.setdefault(owners, ([], []))[0].append(network)
    for pair, numbers in pairs.items():
        parts.setdefault(tuple(numbers), ([], []))[1].append(pair)
    return tuple(
        (Addresses(_addresses.merge(cidrs), tuple(sorted(behind))), owners) for owners, (cidrs, behind) in parts.items()
    )


@dataclass(slots=True)
class _Open:
    """A network around those that are looked at, and from where on nothing was said of it yet."""

    version: int
    begin: int
    last: int
    owners: tuple[int, ...]

    def until(self, end: int) -> Iterable[tuple[str, tuple[int, ...]]]:
        for network in _rules.networks_of(self.version, self.begin, end):
            yield network, self.owners


def _apart(networks: Mapping[str, Sequence[int]]) -> Iterable[tuple[str, tuple[int, ...]]]:
    """The networks without overlap. Two of them are apart, or one is within the other: an outer one comes first."""
    spans = sorted(
        (version, first, -last, network) for network in networks for version, first, last in [_rules.span_of(network)]
    )
    around: list[_Open] = []
    for version, first, end, network in spans:
        while around and (around[-1].version, around[-1].last) < (version, first):
            inner = around.pop()
            yield from inner.until(inner.last)
        owners = tuple(networks[network])
        if around:
            yield from around[-1].until(first - 1)
            around[-1].begin = 1 - end
            owners = tuple(sorted({*owners, *around[-1].owners}))
        around.append(_Open(version, first, -end, owners))
    while around:
        inner = around.pop()
        yield from inner.until(inner.last)
