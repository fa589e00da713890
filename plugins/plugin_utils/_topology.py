# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: which component has which addresses: built once, from plain values, and never from a host's facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Flow

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the inventory: its addresses as CIDRs, and the options that its variables set.

    ``networks`` are its addresses as its peers see them; ``behind`` are those of its own that a translation hides,
    as pairs of what is seen and what is behind it. ``origin`` says where they come from: ``printnet_addresses``,
    ``ansible_host``, or ``name`` when the controller resolved one. ``absent`` says that it is to have no rules of the
    component, though its peers know it as one of the component's hosts.
    """

    name: str
    networks: tuple[str, ...]
    origin: str = ""
    options: Options = field(default_factory=dict)
    behind: tuple[tuple[str, str], ...] = ()
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Peers:
    """Addresses whose options are the same, in the fewest networks."""

    networks: tuple[str, ...]
    options: Options


@dataclass(frozen=True, slots=True)
class Party:
    """A component as the estate has it: hosts of its group, networks of ``printnet_networks``, or everybody.

    ``groups`` has the hosts' addresses by their options. ``hosts`` are the hosts by name: all of them where the whole
    estate is planned, else only the one that is planned for.
    """

    component: str
    groups: tuple[Peers, ...] = ()
    networks: tuple[str, ...] = ()
    everybody: bool = False
    hosts: Mapping[str, Host] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        return bool(self.groups or self.networks or self.everybody)


@dataclass(frozen=True, slots=True)
class Service:
    """The address at which others reach a component that stands behind a load balancer or moves in a cluster.

    ``balancers`` are the balancer's own addresses: its health checks come from them, and all else as well where it
    is ``translated``, that is, where the hosts do not see their clients' addresses. ``flows`` are those that aim at
    the service's address; empty for all but those between the component's own hosts.
    """

    address: tuple[str, ...]
    balancers: tuple[str, ...] = ()
    translated: bool = False
    flows: frozenset[str] = frozenset()

    def carries(self, flow: Flow, inside: bool) -> bool:
        """Whether the flow goes by the service; ``inside`` when its two ends are the same component."""
        return flow.id in self.flows if self.flows else not inside


def party(component: str, hosts: Iterable[Host] = (), networks: tuple[str, ...] = (), everybody: bool = False) -> Party:
    """A party out of its hosts."""
    named = {host.name: host for host in hosts}
    return Party(component, grouped(named.values()), networks, everybody, named)


def grouped(hosts: Iterable[Host]) -> tuple[Peers, ...]:
    """The hosts' addresses by equal options."""
    found: list[tuple[Options, list[str]]] = []
    by_key: dict[Any, list[str]] = {}
    for host in hosts:
        key = tuple(sorted((name, repr(value)) for name, value in host.options.items()))
        if key not in by_key:
            by_key[key] = []
            found.append((host.options, by_key[key]))
        by_key[key].extend(host.networks)
    return tuple(Peers(_addresses.merge(networks), options) for options, networks in found)


@dataclass(frozen=True)
class Topology:
    """The parties by component. ``options`` are those that hold where no host of a component says otherwise."""

    parties: Mapping[str, Party]
    options: Options = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)

    def sources(self, catalog: Catalog, component: str) -> list[Party]:
        """The known parties of the component and its kinds, or of what it lives on where there are none."""
        own = [self.parties[name] for name in catalog.members(component) if name in self.parties]
        found = [one for one in own if one.known]
        host = catalog.components[component].lives_on
        return found if found or host is None else self.sources(catalog, host)

    def unknown(self, catalog: Catalog, component: str) -> str | None:
        """The component whose addresses are missing, None where it is an optional product that is not there."""
        entry = catalog.components[component]
        if entry.lives_on is not None:
            return self.unknown(catalog, entry.lives_on)
        return None if entry.presence == "optional" else component

    def options_of(self, catalog: Catalog, component: str) -> list[Options]:
        """The different settings of the component's own options on its hosts; the estate's where it has no hosts."""
        groups = [group.options for one in self.sources(catalog, component) for group in one.groups]
        found: list[Options] = []
        for options in groups or [self.options]:
            own = {name: value for name, value in options.items() if catalog.options[name].component == component}
            if own not in found:
                found.append(own)
        return found

    def stands_for(self, flow: Flow, here: str, other: str, direction: str) -> bool:
        """Whether a service's addresses are enough, though nobody knows where the other end itself is."""
        service = self.services.get(here if direction == "in" else other)
        if service is None or not service.carries(flow, here == other):
            return False
        return service.translated if direction == "in" else True

    def senders(self, component: str, flow: Flow, parties: Iterable[Party]) -> list[Party]:
        """Who the component's hosts see as the flow's sources, where these parties send it."""
        found: list[Party] = []
        service = self.services.get(component)
        for one in parties:
            carried = service is not None and service.carries(flow, one.component == component)
            if service is None or not carried or not service.translated:
                found.append(one)
            if service is not None and carried and service.balancers:
                # Whether the flow is on is still up to the clients behind the balancer.
                found.append(_in_place(one, "load_balancer", service.balancers))
        return found

    def aims(self, component: str, flow: Flow, parties: Iterable[Party]) -> list[Party]:
        """Where the component's hosts aim the flow, where it goes to these parties."""
        return [self._aim(component, flow, one) for one in parties]

    def _aim(self, component: str, flow: Flow, at: Party) -> Party:
        service = self.services.get(at.component)
        if service is None or not service.carries(flow, at.component == component):
            return at
        # The port is still that of the hosts behind the address.
        return _in_place(at, at.component, service.address)


def _in_place(party: Party, component: str, addresses: tuple[str, ...]) -> Party:
    """The addresses in place of the party's own, under the same options."""
    groups = tuple(Peers(addresses, group.options) for group in party.groups)
    beside = party.networks or party.everybody or not groups
    return Party(component, groups, addresses if beside else ())


def peers(parties: Iterable[Party], without: str, estate: Options) -> Iterator[Peers]:
    """The parties' addresses by equal options, without the host of that name: inside a host no rule is needed.

    Networks have no variables of their own; the estate's options hold for them.
    """
    for one in parties:
        if one.everybody:
            yield Peers(EVERYBODY, estate)
        if one.networks:
            yield Peers(one.networks, estate)
        own = one.hosts.get(without)
        for group in one.groups:
            if own is not None and group.options == own.options:
                left = _addresses.without(group.networks, own.networks)
                if left:
                    yield Peers(left, group.options)
            elif group.networks:
                yield group
