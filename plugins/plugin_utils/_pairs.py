# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the compliance check looks at: each flow of the plan between each two of its hosts. Pure."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, peer_text, span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _flow_rows
from ansible_collections.printnet.ports.plugins.plugin_utils._areas import Areas
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._flow_rows import End, Row
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Flow
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan

MOST = 400_000
"""More pairs than so many are refused: nobody reads them, and no controller holds them."""
_LAST = 1 << 128
_EACH_PORT = 8
"""A range of at most so many ports is looked at port by port."""
_BY_WAY = (_flow_rows.BEHIND_SERVICE, _flow_rows.CHECKS, _flow_rows.FROM_BALANCER)


class TooManyError(PortsError):
    """More pairs than anybody reads."""


@dataclass(frozen=True, slots=True)
class Place:
    """One end of a pair: a host, a lone address, or networks that stand for hosts nobody names.

    ``networks`` are CIDRs as the other end sees them; ``own`` are those before a translation.
    """

    component: str
    host: str
    networks: tuple[str, ...]
    own: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The host, or the networks in few words."""
        if self.host:
            return self.host
        if self.networks == EVERYBODY:
            return "anybody"
        shown = ", ".join(map(peer_text, self.networks[:3]))
        return shown if len(self.networks) <= 3 else f"{shown} and {len(self.networks) - 3} more"

    def of_version(self, version: int) -> tuple[str, ...]:
        """The networks of an IP version; all of them for 0."""
        return tuple(one for one in self.networks if version in (0, _version(one)))


@dataclass(frozen=True)
class Pair:
    """A flow on one port, or a wide range of them, between two places.

    ``address`` is where the destination is reached, empty where it is not one address. ``opened`` says whose firewall
    has a rule for it. ``untested`` says why nobody can try it, whatever runs where; ``left_out`` counts the hosts that
    the pair stands for because they are not in the sample. ``by_service`` says that others reach the destination at a
    service's address, behind which not every host needs to listen.
    """

    flow: Flow
    port: PortSpan
    source_port: PortSpan | None
    source: Place
    destination: Place
    address: str = ""
    opened: tuple[str, ...] = ("in", "out")
    untested: str = ""
    left_out: int = 0
    by_service: bool = False

    @property
    def version(self) -> int:
        """The IP version of the address, 0 where there is none."""
        return _version(self.address) if self.address else 0

    @cached_property
    def id(self) -> str:
        """The same in every run for the same flow, ends and port."""
        ends = (
            text for end in (self.source, self.destination) for text in (end.component, end.host or str(end.networks))
        )
        told = (self.flow.id, self.flow.transport, span_text(self.port), str(self.source_port), self.address, *ends)
        return hashlib.sha256("\0".join((*told, str(self.left_out > 0))).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Sample:
    """Hosts of an outside party in one network and of one model, of which some are looked at for all."""

    component: str
    network: str
    model: str
    size: int
    chosen: tuple[str, ...]


@dataclass(slots=True)
class Pairs:
    """All pairs of a plan, and the samples that were taken."""

    pairs: list[Pair] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)


def pairs(
    plan: SitePlan,
    rows: Iterable[Row],
    most: int = 0,
    models: Mapping[str, str] | None = None,
) -> Pairs:
    """The pairs of all rows, each once: a load balancer may send to a host and check it as well.

    Of a party outside at most ``most`` hosts of a network and model take part, where it is not 0. ``models`` has the
    models of hosts by name.
    """
    made = _Pairs(plan, most, models or {})
    known: set[str] = set()
    for row in rows:
        for pair in made.of(row):
            if pair.id in known:
                continue
            known.add(pair.id)
            made.found.pairs.append(pair)
            if len(made.found.pairs) > MOST:
                raise TooManyError(
                    f"The estate has more than {MOST} pairs of hosts between which a flow goes. Limit how many of a "
                    "network are looked at with printnet_probe_sample, or look at parts of the estate with --limit."
                )
    return made.found


@dataclass(frozen=True, slots=True)
class _Rest:
    """So many places for which others stand, all as one place."""

    count: int
    place: Place


_NOBODY = Place("", "", ())


class _Pairs:
    """Takes rows apart; what it knows of a party's hosts it finds once."""

    def __init__(self, plan: SitePlan, most: int, models: Mapping[str, str]) -> None:
        self.found = Pairs()
        self._plan = plan
        self._members = plan.members
        self._areas = Areas(plan.networks.sites)
        self._most = most
        self._models = models
        self._places: dict[tuple[str, tuple[str, ...], tuple[str, ...], bool], list[Place]] = {}
        self._sampled: dict[int, tuple[list[Place], _Rest]] = {}

    def of(self, row: Row) -> Iterator[Pair]:
        first, last = row.port
        if last - first >= _EACH_PORT:
            yield from self._of(row, row.port, "a range of ports, of which a program chooses one each time")
            return
        for port in range(first, last + 1):
            yield from self._of(row, (port, port), _untested(row))

    def _of(self, row: Row, port: PortSpan, untested: str) -> Iterator[Pair]:
        sources, more_sources = self._sample(self._ends(row.source, row))
        destinations, more_destinations = self._sample(self._ends(row.destination, row))
        for source in sources:
            for destination in destinations:
                if source.host and source.host == destination.host:
                    continue
                for address, why in _addresses(source, destination, untested):
                    yield Pair(
                        row.flow,
                        port,
                        row.source_port,
                        source,
                        destination,
                        address,
                        row.opened,
                        why,
                        by_service=row.via in (_flow_rows.TO_CLUSTER, *_BY_WAY),
                    )
        ends = [(more_sources.count, more_sources.place, one) for one in destinations if more_sources.count]
        ends += [(more_destinations.count, one, more_destinations.place) for one in sources if more_destinations.count]
        for left_out, source, destination in ends:
            why = f"{left_out} hosts more are not in the sample (printnet_probe_sample)"
            yield Pair(
                row.flow,
                port,
                row.source_port,
                source,
                destination,
                opened=row.opened,
                untested=why,
                left_out=left_out,
            )

    def _ends(self, end: End, row: Row) -> list[Place]:
        cluster = row.via == _flow_rows.TO_CLUSTER and end is row.destination
        key = (end.component, end.networks, end.hosts, cluster)
        if key not in self._places:
            self._places[key] = list(self._make(end, cluster))
        return self._places[key]

    def _make(self, end: End, cluster: bool) -> Iterator[Place]:
        """The hosts one by one, and what is left of the networks."""
        members = self._members.get(end.component, {})
        of_hosts: list[str] = []
        for name in end.hosts:
            host = members[name]
            of_hosts += host.networks
            if host.absent:
                continue  # nothing is to come of its flows
            hidden = dict(host.behind)
            own = tuple(hidden.get(one, one) for one in host.networks) if hidden else ()
            # The address of a cluster is that of whichever host has it now.
            yield Place(end.component, name, end.networks if cluster else host.networks, own)
        if cluster:
            return
        if end.networks == EVERYBODY:
            yield Place(end.component, "", EVERYBODY)
            return
        rest = self._rest(end, of_hosts) if of_hosts else end.networks
        lone = [one for one in rest if peer_text(one) != one]
        for one in lone:
            yield Place(end.component, "", (one,))
        wide = tuple(one for one in rest if peer_text(one) == one)
        if wide:
            yield Place(end.component, "", wide)

    def _rest(self, end: End, of_hosts: list[str]) -> tuple[str, ...]:
        """The networks beside those of hosts, as somebody declared them: a host's hole would tear them to shreds."""
        left = _rules.without(end.networks, of_hosts)
        if not left:
            return ()
        declared = _declared({one for view in self._plan.views for one in view.get(end.component, ())}, end, left)
        undeclared = _rules.without(left, declared)
        return (*declared, *sorted(undeclared))

    def _sample(self, places: list[Place]) -> tuple[list[Place], _Rest]:
        """Those that are looked at, and those for which they stand."""
        if self._most <= 0 or len(places) <= self._most:
            return places, _Rest(0, _NOBODY)
        if id(places) not in self._sampled:
            chosen, others = self._choose(places)
            self._sampled[id(places)] = chosen, _Rest(len(others), _together(others))
        return self._sampled[id(places)]

    def _choose(self, places: list[Place]) -> tuple[list[Place], list[Place]]:
        groups: dict[tuple[str, str, str], list[Place]] = {}
        chosen: list[Place] = []
        others: list[Place] = []
        for place in places:
            if place.host in self._plan.hosts or (len(place.networks) != 1 and not place.host):
                chosen.append(place)
                continue
            around = self._areas.of(place.networks[0]).network if place.networks else ""
            groups.setdefault((place.component, around, self._models.get(place.host, "")), []).append(place)
        for (component, around, model), members in groups.items():
            # By a sum of the name, so that a network's first addresses are not always those that are looked at.
            members.sort(key=lambda place: hashlib.sha256(place.name.encode()).digest())
            chosen += members[: self._most]
            others += members[self._most :]
            if len(members) > self._most:
                names = tuple(sorted(place.name for place in members[: self._most]))
                sample = Sample(component, around, model, len(members), names)
                if sample not in self.found.samples:
                    self.found.samples.append(sample)
        return chosen, others


def _declared(networks: Iterable[str], end: End, left: Iterable[str]) -> list[str]:
    """Those that are within the end and have something of what is left; of two, one in the other, the larger.

    Other hosts may have declared more than the end has, or parts of it.
    """
    within, some = (sorted(map(_rules.span_of, cidrs)) for cidrs in (end.networks, left))
    found: list[str] = []
    kept = (0, 0)
    for one, (version, first, last) in sorted(
        ((one, _rules.span_of(one)) for one in networks), key=lambda pair: (pair[1][0], pair[1][1], -pair[1][2])
    ):
        around = within[max(bisect_right(within, (version, first, _LAST)) - 1, 0)]
        inside = some[max(bisect_right(some, (version, last, _LAST)) - 1, 0)]
        is_within = around[0] == version and around[1] <= first and last <= around[2]
        if (version, last) > kept and is_within and inside[0] == version and inside[2] >= first:
            found.append(one)
            kept = (version, last)
    return found


def _untested(row: Row) -> str:
    if row.via in _BY_WAY:
        return "it comes by way of the load balancer"
    return ""


def _addresses(source: Place, destination: Place, untested: str) -> Iterator[tuple[str, str]]:
    """Each address of the destination that the source can aim at, and why nobody can try it."""
    lone = [one for one in destination.networks if peer_text(one) != one]
    if len(lone) != len(destination.networks) or not lone:
        yield "", untested or f"the inventory names no host of {destination.component}, only networks"
        return
    versions = set(map(_version, source.networks))
    shared = [one for one in lone if _version(one) in versions]
    if not shared:
        yield peer_text(lone[0]), "the two have no IP version in common"
    if not source.host:
        # Rules do not tell a host's own addresses apart, but each IP version has its own.
        firsts = {_version(one): one for one in reversed(shared)}
        shared = [firsts[version] for version in sorted(firsts)]
    for one in shared:
        yield peer_text(one), untested


def _version(network: str) -> int:
    return 6 if ":" in network else 4


def _together(places: Iterable[Place]) -> Place:
    """Several places as one, whose hosts nobody lists."""
    places = list(places)
    networks = _rules.fewest(frozenset(one for place in places for one in place.networks))
    return Place(places[0].component if places else "", "", networks)
