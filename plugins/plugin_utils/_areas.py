# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the networks that people think in: those of their sites, else the /24 or /64 around an address."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, peer_text
from ansible_collections.printnet.ports.plugins.plugin_utils._networks import Site

_Made = TypeVar("_Made")
_SIZES = {4: 1 << 8, 6: 1 << 64}
"""How many addresses a /24 and a /64 have."""
_COUNTABLE = 1 << 24
"""Beyond this many addresses their number says nothing to anybody."""
_SEVERAL = ""
"""Stands beside the area of what is in no single one."""
ELSEWHERE = "elsewhere"
"""Instead of a site's name, where others of the networks are at one."""


@dataclass(frozen=True, slots=True)
class Area:
    """A network that has others in it; ``site`` and ``owner`` are empty where nobody named them."""

    network: str
    site: str = ""
    owner: str = ""


class Areas:
    """Finds the area of a network: the longest of the sites' that contains it.

    Where there is none it is the /24 or /64 around it, or the network itself where that is larger. Where rows of one
    network differ, the first that says something counts. What it is asked of many networks it remembers by the tuple
    that holds them, which nobody may change.
    """

    def __init__(self, sites: Iterable[Site] = ()) -> None:
        self._sites: dict[tuple[int, int, int], Area] = {}
        for site in sites:
            version, first, last = _rules.span_of(site.network)
            key = (version, last - first + 1, first)
            known = self._sites.get(key, Area(site.network))
            self._sites[key] = replace(known, site=known.site or site.site, owner=known.owner or site.owner)
        self._sizes = {
            version: sorted({size for one, size, _first in self._sites if one == version}) for version in _SIZES
        }
        ordered = sorted((version, first, size) for version, size, first in self._sites)
        self._begins = [(version, first) for version, first, _size in ordered]
        self._ordered = [(size, self._sites[version, size, first]) for version, first, size in ordered]
        self._known: dict[str, Area] = {}
        self._around: dict[tuple[int, int], Area] = {}
        self._made: dict[tuple[str, int], tuple[Sequence[str], Any]] = {}

    def of(self, network: str) -> Area:
        """The area of a network, which must be a CIDR."""
        found = self._known.get(network)
        if found is None:
            found = self._known[network] = self._find(network)
        return found

    def _find(self, network: str) -> Area:
        version, first, last = _rules.span_of(network)
        size = last - first + 1
        for larger in self._sizes[version]:
            if larger >= size and (area := self._sites.get((version, larger, first & -larger))):
                return area
        around = _SIZES[version]
        if size >= around:
            return Area(network)
        begin = first & -around
        if (version, begin) not in self._around:
            self._around[version, begin] = Area(next(_rules.networks_of(version, begin, begin + around - 1)))
        return self._around[version, begin]

    def _once(self, what: str, networks: Sequence[str], make: Callable[[Sequence[str]], _Made]) -> _Made:
        """Makes something of networks once: many rows and rules share one tuple of thousands."""
        key = (what, id(networks))
        if key not in self._made:
            self._made[key] = (networks, make(networks))
        found: _Made = self._made[key][1]
        return found

    def sites_of(self, networks: Sequence[str]) -> tuple[str, ...]:
        """The names of the sites that the networks are at, each once, sorted; one network may be at several.

        ``elsewhere`` comes last where some of the addresses are at none of them.
        """
        return self._once("sites", networks, self._sites_of)

    def _sites_of(self, networks: Sequence[str]) -> tuple[str, ...]:
        found: set[str] = set()
        has_more = False
        for network in networks if self._sites else ():
            site = self.of(network).site
            if site:
                found.add(site)
                continue
            inside = [area for area in self._within(network) if area.site]
            found.update(area.site for area in inside)
            has_more = has_more or not inside or bool(_rules.without([network], [area.network for area in inside]))
        return (*sorted(found), *([ELSEWHERE] if found and has_more else ()))

    def _within(self, network: str) -> Iterator[Area]:
        """The sites' networks that are parts of this one, as where two neighbours were merged."""
        version, first, last = _rules.span_of(network)
        for index in range(bisect_left(self._begins, (version, first)), len(self._begins)):
            if self._begins[index] > (version, last):
                return
            size, area = self._ordered[index]
            if size <= last - first:
                yield area

    def _is_several(self, network: str) -> bool:
        """Whether no single area holds it: sites' networks are parts of it, or it is in none and more than a /24."""
        version, first, last = _rules.span_of(network)
        area = self.of(network)
        is_wide = last - first >= _SIZES[version] and not (area.site or area.owner)
        return is_wide or any(True for _site in self._within(network))

    def is_left(self, sources: Sequence[str], destinations: Sequence[str]) -> bool:
        """Whether what goes from the ones to the others leaves its network. In doubt it does."""
        here, there = (self._once("areas", networks, self._by_version) for networks in (sources, destinations))
        common = here.keys() & there.keys()
        return not common or any(len(here[version] | there[version]) > 1 for version in common)

    def _by_version(self, networks: Sequence[str]) -> dict[int, set[str]]:
        found: dict[int, set[str]] = {}
        for network in networks:
            areas = found.setdefault(6 if ":" in network else 4, set())
            areas.add(self.of(network).network)
            if self._is_several(network):
                areas.add(_SEVERAL)
        return found

    def grouped(self, networks: Sequence[str], most: int) -> list[str]:
        """The networks for people: more than ``most`` are put together, as in ``10.1.2.0/24 (57 addresses)``."""
        if tuple(networks) == EVERYBODY:
            return ["any"]
        if len(networks) <= most:
            return [peer_text(network) for network in networks]
        return self._once("groups", networks, self._groups)

    def _groups(self, networks: Sequence[str]) -> list[str]:
        groups: dict[str, list[str]] = {}
        for network in networks:
            groups.setdefault(self.of(network).network, []).append(network)
        return [_counted(area, members) for area, members in groups.items()]

    def listed(self, networks: Sequence[str], most: int, limit: int) -> str:
        """The same in one line; of more than ``limit`` groups the last ones are only counted."""
        groups = self.grouped(networks, most)
        if len(groups) > limit:
            return f"{', '.join(groups[: limit - 1])} and {len(groups) - limit + 1} more networks"
        return ", ".join(groups)


def _counted(area: str, members: Sequence[str]) -> str:
    if len(members) == 1:
        return peer_text(members[0])
    count = sum(last - first + 1 for _version, first, last in map(_rules.span_of, members))
    return f"{area} ({count} addresses)" if count < _COUNTABLE else f"{area} ({len(members)} networks in it)"
