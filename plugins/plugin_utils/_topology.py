# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: which component has which addresses: built once, from plain values, and never from a host's facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the inventory: its addresses as CIDRs, and the options that its variables set.

    ``origin`` says where the addresses come from: ``printnet_addresses``, ``ansible_host``, or ``name`` when the
    controller resolved one.
    """

    name: str
    networks: tuple[str, ...]
    origin: str = ""
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Party:
    """A component as the estate has it: hosts of its group, networks of ``printnet_networks``, or everybody."""

    component: str
    hosts: tuple[Host, ...] = ()
    networks: tuple[str, ...] = ()
    everybody: bool = False

    @property
    def known(self) -> bool:
        return bool(self.hosts or self.networks or self.everybody)


@dataclass(frozen=True, slots=True)
class Peers:
    """Addresses of one party whose options are the same."""

    networks: tuple[str, ...]
    options: Options


@dataclass(frozen=True)
class Topology:
    """The parties by component. ``options`` are those that hold where no host of a component says otherwise."""

    parties: Mapping[str, Party]
    options: Options = field(default_factory=dict)

    def sources(self, catalog: Catalog, component: str) -> list[Party]:
        """The known parties of the component and its kinds, or of what it lives on where there are none."""
        own = [self.parties[name] for name in catalog.members(component) if name in self.parties]
        found = [party for party in own if party.known]
        host = catalog.components[component].lives_on
        return found if found or host is None else self.sources(catalog, host)

    def unknown(self, catalog: Catalog, component: str) -> str | None:
        """The component whose addresses are missing, None where it is an optional product that is not there."""
        entry = catalog.components[component]
        if entry.lives_on is not None:
            return self.unknown(catalog, entry.lives_on)
        return None if entry.presence == "optional" else component

    def options_of(self, catalog: Catalog, component: str) -> list[Options]:
        """The different settings of the component's hosts; the estate's where it has no hosts."""
        found: list[Options] = []
        for host in (host for party in self.sources(catalog, component) for host in party.hosts):
            if host.options not in found:
                found.append(host.options)
        return found or [self.options]


def peers(parties: Iterable[Party], without: str, estate: Options) -> Iterator[Peers]:
    """The parties' addresses by equal options, without the host of that name: inside a host no rule is needed.

    Networks have no variables of their own; the estate's options hold for them.
    """
    groups: list[tuple[Options, list[str]]] = []
    for party in parties:
        if party.everybody:
            yield Peers(EVERYBODY, estate)
        if party.networks:
            yield Peers(party.networks, estate)
        for host in party.hosts:
            if host.name != without:
                _group(groups, host.options).extend(host.networks)
    for options, networks in groups:
        yield Peers(tuple(networks), options)


def _group(groups: list[tuple[Options, list[str]]], options: Options) -> list[str]:
    for known, networks in groups:
        if known == options:
            return networks
    groups.append((options, []))
    return groups[-1][1]
