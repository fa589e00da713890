# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: who talks to whom in an estate, party by party: what a person reads, and what a network team is asked for.

It says the same as the plans of the hosts. Beside them it has the flows between parties that no host of ours belongs
to, which cross networks as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, product
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _choices
from ansible_collections.printnet.ports.plugins.plugin_utils._areas import Areas
from ansible_collections.printnet.ports.plugins.plugin_utils._choices import State
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Flow
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan
from ansible_collections.printnet.ports.plugins.plugin_utils._sides import Side, Sides, View, Views
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Party, Service, Topology

DIRECT = "direct"
TO_SERVICE = "to the service address"
BEHIND_SERVICE = "behind the service address"
FROM_BALANCER = "from the load balancer"
CHECKS = "health checks of the load balancer"
TO_CLUSTER = "to the address of the cluster"
# Whose firewall has the row: the sender's, the receiver's, or both.
_OPENED = {DIRECT: ("in", "out"), TO_CLUSTER: ("in", "out"), TO_SERVICE: ("out",)}


@dataclass(frozen=True, slots=True)
class End:
    """One end of a row: the hosts and networks of one party.

    ``networks`` are its addresses as the other end sees them. ``own`` has those before a translation of addresses
    (NAT); it is empty where there is none. ``resident`` is the component that lives on the party's hosts, where the
    party stands in for it: PDM on workstations.
    """

    component: str
    networks: tuple[str, ...]
    own: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    resident: str = ""
    sites: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.resident} on {self.component}" if self.resident else self.component


@dataclass(frozen=True, slots=True)
class Row:
    """A flow on one port between two parties. ``source_port`` is set where a rule matches it."""

    flow: Flow
    port: PortSpan
    source_port: PortSpan | None
    source: End
    destination: End
    via: str = DIRECT
    leaves_network: bool = True

    @property
    def opened(self) -> tuple[str, ...]:
        """Whose firewall has it: ``in``, the destination's, ``out``, the source's."""
        return _OPENED.get(self.via, ("in",))


def line_of(flow: Flow) -> str:
    """Where the flow's documents say it, in short: ``lrs, lines 23, 37``."""
    by_document: dict[str, list[str]] = {}
    for place in flow.documents:
        by_document.setdefault(place.document, []).extend([place.line] if place.line else [])
    told = []
    for document, lines in by_document.items():
        word = "lines" if len(lines) > 1 or "-" in "".join(lines) else "line"
        told.append(f"{document}, {word} {', '.join(lines)}" if lines else document)
    return "; ".join(told) or "in no document"


def rows(plan: SitePlan) -> list[Row]:
    """All rows, in the catalog's order of flows. Nothing that stays within one host is among them."""
    areas = Areas(plan.networks.sites)
    return [_placed(row, areas) for row in _Rows(plan).all()]


def _placed(row: Row, areas: Areas) -> Row:
    source, destination = (replace(end, sites=areas.sites_of(end.networks)) for end in (row.source, row.destination))
    leaves = leaves_network(source, destination, areas)
    return replace(row, source=source, destination=destination, leaves_network=leaves)


def leaves_network(source: End, destination: End, areas: Areas) -> bool:
    """Whether what goes from the one to the other leaves its network."""
    # What is translated has passed a router.
    return bool(source.own or destination.own) or areas.is_left(source.networks, destination.networks)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A flow's two parties. ``ends`` are the names that the flow has for them."""

    flow: Flow
    source: Party
    destination: Party
    ends: tuple[str, str]


_Ports = tuple[PortSpan, PortSpan | None]


@dataclass(slots=True)
class _Meeting:
    """Who of two parties takes part in a flow, whatever view it is of: sides, and by port which reach which."""

    pair: _Pair
    sources: dict[int, tuple[int, Side]] = field(default_factory=dict)
    destinations: dict[int, tuple[int, Side]] = field(default_factory=dict)
    reached: dict[_Ports, dict[int, dict[int, None]]] = field(default_factory=dict)

    def add(self, ports: _Ports, source: Side, destination: Side) -> None:
        one, _side = self.sources.setdefault(id(source), (len(self.sources), source))
        other, _side = self.destinations.setdefault(id(destination), (len(self.destinations), destination))
        self.reached.setdefault(ports, {}).setdefault(other, {})[one] = None

    def groups(self) -> Iterator[tuple[_Ports, list[Side], list[Side]]]:
        """The sides by port, those together that are reached by the same."""
        sources, destinations = ([side for _number, side in one.values()] for one in (self.sources, self.destinations))
        for ports, by_destination in self.reached.items():
            together: dict[tuple[int, ...], list[int]] = {}
            for other, ones in by_destination.items():
                together.setdefault(tuple(sorted(ones)), []).append(other)
            for senders, receivers in together.items():
                yield ports, [sources[number] for number in senders], [destinations[number] for number in receivers]


class _Rows:
    """Works out the rows of one estate."""

    def __init__(self, plan: SitePlan) -> None:
        self._estate = plan.estate
        self._catalog = plan.estate.catalog
        self._topology = plan.estate.topology
        self._views = Views(plan)
        self._sides = Sides(plan)
        self._together: dict[tuple[tuple[str, ...], ...], tuple[str, ...]] = {}

    def all(self) -> Iterator[Row]:
        for flow in self._catalog.flows.values():
            found = list(self._between(flow, flow.source))
            if flow.peer_feature:
                found += self._between(flow, flow.destination)
            yield from dict.fromkeys(found)

    def _between(self, flow: Flow, source: str) -> Iterator[Row]:
        """The rows of a flow from one component; what of its ends is unknown has none."""
        ends = (source, flow.destination)
        meetings: dict[tuple[str, str], _Meeting] = {}
        for view in self._views.of(ends):
            for pair in self._pairs(flow, ends, view.topology):
                parties = (pair.source.component, pair.destination.component)
                self._meet(view, pair, meetings.setdefault(parties, _Meeting(pair)))
        for (here, there), meeting in meetings.items():
            service = self._topology.services.get(there)
            for row, within in self._rows(meeting):
                if service is not None and service.carries(flow, here == there):
                    yield from _by_service(row, service, within)
                elif not within:
                    yield row

    def _pairs(self, flow: Flow, ends: tuple[str, str], topology: Topology) -> Iterator[_Pair]:
        sources, destinations = (topology.sources(self._catalog, end) for end in ends)
        if sources and destinations:
            for one, other in product(sources, destinations):
                yield _Pair(flow, one, other, ends)
        for one in sources if not destinations else ():
            if topology.stands_for(flow, one.component, ends[1], "out"):
                yield _Pair(flow, one, Party(ends[1]), ends)
            elif missing := self._everybody(ends[1]):
                yield _Pair(flow, one, missing, ends)
        for other in destinations if not sources else ():
            missing = self._everybody(ends[0])
            if topology.stands_for(flow, other.component, ends[0], "in"):
                missing = Party(ends[0]) if topology.unknown(self._catalog, ends[0]) else None
            if missing:
                yield _Pair(flow, missing, other, ends)

    def _everybody(self, end: str) -> Party | None:
        """Who stands for a missing party where ``printnet_unknown_peers`` is any."""
        absent = self._topology.unknown(self._catalog, end)
        return Party(absent, everybody=True) if absent and self._estate.unknown_peers == "any" else None

    def _meet(self, view: View, pair: _Pair, meeting: _Meeting) -> None:
        matters = self._matters(pair.flow)
        sources, destinations = (
            self._sides.of(party, end, matters, view.views)
            for party, end in zip((pair.source, pair.destination), pair.ends, strict=True)
        )
        states: dict[Any, State] = {}
        for source, destination in view.pairs(sources, destinations):
            chosen = (source.chosen, destination.chosen)
            if chosen not in states:
                states[chosen] = self._state(pair, source, destination)
            state = states[chosen]
            if state.enabled:
                meeting.add((state.port, state.source_port if state.match_source_port else None), source, destination)

    def _rows(self, meeting: _Meeting) -> Iterator[tuple[Row, bool]]:
        """The rows of two parties, and whether each stays within one host.

        There is one for each port, and for each choice of hosts that take part.
        """
        pair = meeting.pair
        for (port, source_port), *some in meeting.groups():
            source, destination = map(self._end, (pair.source, pair.destination), pair.ends, some)
            within = all(side.hosts for side in chain(*some)) and _is_within(pair, source, destination)
            yield Row(pair.flow, port, source_port, source, destination), within

    def _end(self, party: Party, name: str, sides: list[Side]) -> End:
        own: tuple[str, ...] = ()
        if any(side.own for side in sides):
            own = self._merged(tuple(side.own or side.networks for side in sides))
        return End(
            party.component,
            self._merged(tuple(side.networks for side in sides)),
            own,
            sides[0].hosts if len(sides) == 1 else tuple(host for side in sides for host in side.hosts),
            "" if name in self._catalog.kinds(party.component) else name,
        )

    def _merged(self, parts: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
        if len(parts) == 1:
            return parts[0]
        if parts not in self._together:
            self._together[parts] = _addresses.merge(network for part in parts for network in part)
        return self._together[parts]

    def _matters(self, flow: Flow) -> frozenset[str]:
        """The options that can change the flow."""
        peers = {
            option.name
            for option in self._catalog.options.values()
            if flow.peer_feature and option.feature == flow.peer_feature
        }
        return self._catalog.touched_by[flow.id] | peers

    def _state(self, pair: _Pair, source: Side, destination: Side) -> State:
        """The flow between two sides.

        Both bring the options of their own component; where both are the same component, the destination's count.
        Those of a third one switch the flow on where any of its hosts needs it.
        """
        flow, catalog = pair.flow, self._catalog
        settings = self._estate.settings
        if pair.ends[0] == pair.ends[1] and not _choices.peers_on(catalog, flow, settings, destination.options):
            return State(False, flow.port, None, False)
        here, there = (
            {name for end in (end, party.component) for name in (end, *catalog.residents(end))}
            for end, party in zip(pair.ends, (pair.source, pair.destination), strict=True)
        )
        third = {option.component for option in catalog.options_of_flow[flow.id]} - here - there
        own = _options(catalog, source, here - there) | _options(catalog, destination, there)
        states = [
            _choices.state(catalog, flow, settings, {**dict(chain.from_iterable(chosen)), **own})
            for chosen in product(*(self._settings(name, flow) for name in sorted(third)))
        ]
        return next((state for state in states if state.enabled), states[0])

    def _settings(self, component: str, flow: Flow) -> list[tuple[tuple[str, Any], ...]]:
        """The different settings of a component's hosts, as far as they can change the flow."""
        matters = self._catalog.touched_by[flow.id]
        found: list[tuple[tuple[str, Any], ...]] = []
        for options in self._topology.options_of(self._catalog, component):
            chosen = tuple((name, options[name]) for name in sorted(matters & options.keys()))
            if chosen not in found:
                found.append(chosen)
        return found


def _options(catalog: Catalog, side: Side, components: set[str]) -> dict[str, Any]:
    """A side's options as far as they belong to its components: networks bring those of the whole estate."""
    return {name: value for name, value in side.options.items() if catalog.options[name].component in components}


def _is_within(pair: _Pair, source: End, destination: End) -> bool:
    """Whether both ends are the same one host, or hosts at one address: these have no rule for each other."""
    if source.networks != destination.networks or {*source.hosts} != {*destination.hosts}:
        return False
    for end, party in ((source, pair.source), (destination, pair.destination)):
        first = party.hosts[end.hosts[0]]
        hosts = (party.hosts[name] for name in end.hosts)
        if any(host.networks != end.networks or host.options != first.options for host in hosts):
            return False
    return True


def _by_service(row: Row, service: Service, within: bool) -> Iterator[Row]:
    """The row by way of a service: to its address, and from there to the hosts, which see their clients or not.

    An end without networks is one that nobody knows, for which the service's addresses stand.
    """
    aimed = replace(row.destination, networks=service.address, own=())
    if service.balancers or within:
        if row.source.networks:
            yield replace(row, destination=replace(aimed, hosts=()), via=TO_SERVICE)
    else:
        # The address is that of one of the hosts.
        yield replace(row, destination=aimed, via=TO_CLUSTER)
    if not service.balancers or not (row.destination.hosts or row.destination.networks not in ((), EVERYBODY)):
        return
    if not service.translated and not within:
        yield replace(row, via=BEHIND_SERVICE)
    balancer = End("load_balancer", service.balancers)
    yield replace(row, source=balancer, via=FROM_BALANCER if service.translated else CHECKS)
