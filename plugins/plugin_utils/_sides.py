# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the sides of a flow: hosts and networks of its parties, and which of them know of each other.

Networks may differ from host to host. Hosts that see the same networks for a flow's ends are one view of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _survey
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host, Options, Party, Topology


@dataclass(frozen=True, slots=True)
class Side:
    """Hosts or networks of a party that have the same options, as far as these matter: ``chosen`` tells them.

    ``view`` is that of hosts whose rules are planned, where a flow has several; else None.
    """

    networks: tuple[str, ...]
    own: tuple[str, ...]
    hosts: tuple[str, ...]
    options: Options
    chosen: tuple[tuple[str, str], ...] | None = None
    view: int | None = None


@dataclass(frozen=True, slots=True)
class View:
    """The estate as some hosts see it for a flow. ``views`` has that of each host, None where all see the same."""

    number: int
    topology: Topology
    views: Mapping[str, int] | None = None

    def pairs(self, sources: list[Side], destinations: list[Side]) -> Iterator[tuple[Side, Side]]:
        """What goes between is a matter of this view where a host of its is at an end, or nobody that is planned."""
        if self.views is None:
            yield from product(sources, destinations)
            return
        here = [side for side in destinations if side.view == self.number]
        nobody = [side for side in destinations if side.view is None]
        for source in sources:
            others = destinations if source.view == self.number else here + nobody if source.view is None else here
            yield from product([source], others)


class Views:
    """Finds the views of a flow by the components at its ends."""

    def __init__(self, plan: SitePlan) -> None:
        self._plan = plan
        self._catalog = plan.estate.catalog
        self._topology = plan.estate.topology
        self._seen = plan.views
        self._differ = _differing(self._seen)
        self._ends: dict[tuple[str, ...], frozenset[str]] = {}
        self._made: dict[frozenset[str], list[View]] = {frozenset(): [View(0, self._topology)]}

    def of(self, ends: tuple[str, ...]) -> list[View]:
        """All of them. Mostly there is one, and it is the estate."""
        if ends not in self._ends:
            found = {name for end in ends for name in _found_by(self._catalog, end)}
            self._ends[ends] = self._differ & found
        names = self._ends[ends]
        if names not in self._made:
            self._made[names] = self._make(sorted(names))
        return self._made[names]

    def _make(self, names: list[str]) -> list[View]:
        numbers: dict[tuple[tuple[str, ...], ...], int] = {}
        by_seen = {
            id(cidrs): numbers.setdefault(tuple(cidrs.get(name, ()) for name in names), len(numbers))
            for cidrs in self._seen
        }
        usual = by_seen[id(self._seen[0])]
        apart = self._plan.apart
        views = {host: by_seen[id(apart[host])] if host in apart else usual for host in self._plan.hosts}
        return [
            View(number, self._with(dict(zip(names, networks, strict=True))), views)
            for networks, number in numbers.items()
        ]

    def _with(self, networks: Mapping[str, tuple[str, ...]]) -> Topology:
        """The topology with these networks."""
        parties = dict(self._topology.parties)
        for name, cidrs in networks.items():
            parties[name] = _survey.party(name, parties[name].groups, cidrs, parties[name].hosts)
        return replace(self._topology, parties=parties)


def _differing(seen: tuple[Mapping[str, tuple[str, ...]], ...]) -> frozenset[str]:
    """The components whose networks are not the same for all hosts."""
    names = {name for cidrs in seen for name in cidrs} if len(seen) > 1 else set()
    return frozenset(name for name in names if len({cidrs.get(name, ()) for cidrs in seen}) > 1)


def _found_by(catalog: Catalog, end: str) -> Iterator[str]:
    """All components that can be the parties of a flow's end."""
    yield from catalog.members(end)
    home = catalog.components[end].lives_on
    if home:
        yield from _found_by(catalog, home)


class Sides:
    """Makes the sides of parties, each once."""

    def __init__(self, plan: SitePlan) -> None:
        self._plan = plan
        self._catalog = plan.estate.catalog
        self._options = plan.estate.topology.options
        self._set: dict[str, frozenset[str]] = {}
        self._lone: dict[tuple[str, tuple[str, ...]], Side] = {}
        self._of_hosts: dict[tuple[str, frozenset[str], str, int], list[Side]] = {}

    def of(self, party: Party, end: str, matters: frozenset[str], views: Mapping[str, int] | None) -> list[Side]:
        """The party's hosts by the options that matter and by their views, and its networks.

        ``end`` is the flow's name for the party.
        """
        found: list[Side] = []
        if party.everybody:
            found.append(self._networks(party.component, EVERYBODY))
        if party.networks or not party.known:
            found.append(self._networks(party.component, party.networks))
        if party.hosts:
            if party.component not in self._set:
                self._set[party.component] = frozenset(name for one in party.hosts.values() for name in one.options)
            matters &= self._set[party.component]
            key = (party.component, matters, end if views else "", id(views))
            if key not in self._of_hosts:
                self._of_hosts[key] = list(self._hosts(party, end, matters, views))
            found += self._of_hosts[key]
        return found

    def _networks(self, component: str, networks: tuple[str, ...]) -> Side:
        return self._lone.setdefault((component, networks), Side(networks, (), (), self._options))

    def _hosts(
        self, party: Party, end: str, matters: frozenset[str], views: Mapping[str, int] | None
    ) -> Iterator[Side]:
        by_options: dict[Any, list[Host]] = {}
        for host in party.hosts.values():
            if host.networks:
                chosen = tuple((name, repr(host.options[name])) for name in sorted(matters & host.options.keys()))
                view = views.get(host.name) if views and self._plays(host.name, end) else None
                by_options.setdefault((chosen, view), []).append(host)
        for (chosen, view), hosts in by_options.items():
            networks = _addresses.merge(network for host in hosts for network in host.networks)
            hidden = any(host.behind for host in hosts)
            own = _addresses.merge(network for host in hosts for network in _own(host)) if hidden else ()
            yield Side(networks, own, tuple(host.name for host in hosts), hosts[0].options, chosen, view)

    def _plays(self, host: str, end: str) -> bool:
        """Whether the host's rules have the flows of this end: beside its role it may be a party outside."""
        planned = self._plan.hosts.get(host)
        return planned is not None and any(end in self._catalog.here(name) for name in planned.components)


def _own(host: Host) -> Iterator[str]:
    """The host's addresses before any translation; several may be seen as one."""
    hidden = {seen for seen, _behind in host.behind}
    yield from (behind for _seen, behind in host.behind)
    yield from (network for network in host.networks if network not in hidden)
