# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the plans of all hosts of an inventory at once. Touches no host.

Each host's plan is what its own call of the module firewall would make: out of its own variables, over the same
topology.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _inventory, _plan, _survey, _variables
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError, listed
from ansible_collections.printnet.ports.plugins.plugin_utils._inventory import Inventory
from ansible_collections.printnet.ports.plugins.plugin_utils._networks import Networks
from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Estate, Share, Want
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host, Party, Service, Topology, grouped
from ansible_collections.printnet.ports.plugins.plugin_utils._topology_file import Recorded

_ALIKE = (*_variables.CATALOG, "printnet_groups")
_PARTS = ("printnet_networks", "printnet_networks_file", "printnet_services")


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What one host needs, by component."""

    name: str
    shares: tuple[Share, ...]

    @property
    def components(self) -> tuple[str, ...]:
        return tuple(share.component for share in self.shares)


@dataclass(frozen=True, slots=True)
class SitePlan:
    """The plans of all hosts that have a role to play, by name.

    ``estate`` is the whole estate, every party with all its hosts. ``outside`` are the inventory's hosts that are
    parties outside only. ``warnings`` are sentences, each once. ``apart`` has the networks, by component, of each host
    whose own variables name others than ``networks``.
    """

    estate: Estate
    hosts: Mapping[str, HostPlan]
    networks: Networks = field(default_factory=Networks)
    outside: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    apart: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    @property
    def members(self) -> dict[str, dict[str, Host]]:
        """The hosts of all components."""
        return {name: dict(party.hosts) for name, party in self.estate.topology.parties.items()}


def site_plan(inventory: Inventory, recorded: Recorded | None = None) -> SitePlan:
    """Plans every host; a PortsError has all that is wrong with any of them."""
    estates = _Estates(inventory, recorded)
    managed = estates.managed()
    estates.check_alike(managed)
    hosts: dict[str, HostPlan] = {}
    warnings: dict[str, list[str]] = {}
    faults: dict[str, list[str]] = {}
    apart: dict[str, Mapping[str, tuple[str, ...]]] = {}
    here = estates.of(inventory.here)
    for name, components in managed.items():
        seen = estates.of(name)
        catalog, variables = seen.estate.catalog, estates.variables(name)
        shares = tuple(
            _plan.share(
                seen.estate, name, component, _inventory.options_on(catalog, component, variables), seen.directions
            )
            for component in components
        )
        hosts[name] = HostPlan(name, shares)
        if seen.networks.by_component != here.networks.by_component:
            apart[name] = seen.networks.by_component
        try:
            told, kind = _plan.unknown_report(seen.estate, name, shares), warnings
        except PortsError as wrong:
            told, kind = list(wrong.faults), faults
        for sentence in told:
            kind.setdefault(sentence.removeprefix(f"{name}: "), []).append(name)
    if faults:
        raise PortsError(_together(faults))
    outside = [name for hosts_of in estates.rolls.values() for name in hosts_of.hosts if name not in managed]
    return SitePlan(here.estate, hosts, here.networks, tuple(dict.fromkeys(outside)), tuple(_together(warnings)), apart)


def _together(told: Mapping[str, list[str]]) -> list[str]:
    """What is said of many hosts, said once."""
    return [f"{listed(hosts)}: {sentence}" for sentence, hosts in told.items()]


@dataclass(frozen=True, slots=True)
class _View:
    """The estate as one host's variables describe it, and the directions that are planned for it."""

    estate: Estate
    networks: Networks
    directions: tuple[str, ...]


_Parts = tuple[Networks, Mapping[str, Party], Mapping[str, Service]]


class _Estates:
    """The estate as each host's variables describe it; those of equal variables share one."""

    def __init__(self, inventory: Inventory, recorded: Recorded | None) -> None:
        self._inventory = inventory
        self._recorded = recorded
        self._visible = frozenset(inventory.groups.get("all", ()))
        self._made: dict[str, _Parts] = {}
        self._keys: dict[tuple[int, ...], tuple[list[Any], str]] = {}
        _inventory.check_groups(inventory)
        self.rolls = {
            name: _survey.recorded_roll(inventory, name, recorded) if recorded else _survey.whole_roll(inventory, name)
            for name in inventory.catalog.components
        }
        faults = Faults()
        made = self._make(inventory, faults)
        _survey.check(self.rolls.values(), "", faults)
        faults.stop()
        self._made[self._key(inventory)] = made

    def managed(self) -> dict[str, list[str]]:
        """The hosts that are planned for, with their components in the catalog's order."""
        found: dict[str, list[str]] = {}
        for name, component in self._inventory.catalog.components.items():
            if component.role:
                for host in self.rolls[name].hosts:
                    found.setdefault(host, []).append(name)
        return found

    def check_alike(self, managed: Iterable[str]) -> None:
        """What makes the catalog and the groups must be the same for all; a PortsError says whose differs."""
        faults = Faults()
        visible = [host for host in managed if host in self._visible]
        for name in _ALIKE:
            here = self._inventory.read(name) or None
            others = [host for host in visible if (self.variables(host).get(name) or None) != here]
            if others:
                faults.add(
                    name,
                    f"{listed(others)} and {self._inventory.here} have different values, though both ends of a flow go "
                    "by it; set it once for all hosts, in group_vars/all.yml",
                )
        faults.stop()

    def variables(self, host: str) -> Mapping[str, Any]:
        """The host's variables; of one that this run does not see, as in a job slice, what the file has of it."""
        if self._recorded is None or host in self._visible or host == self._inventory.here:
            return self._inventory.host_variables(host)
        catalog = self._inventory.catalog
        own = [name for name in catalog.components if host in self._recorded.hosts.get(name, ())]
        ends = {one for name in own for one in (name, *catalog.residents(name))}
        # The options of components that it is none of count for it as they do here.
        names = [name for name, option in catalog.options.items() if option.component not in ends]
        names += [name for name in _variables.ALL if name not in _variables.HOST]
        found = {name: value for name in names if (value := self._inventory.read(name)) is not None}
        for name in own:
            found.update(self._recorded.hosts[name][host].options)
        return found

    def of(self, host: str) -> _View:
        read = self.variables(host).get
        inventory = Inventory(
            self._inventory.catalog,
            self._inventory.groups,
            self.variables,
            read,
            host,
            self._inventory.resolve,
            self._inventory.find,
        )
        networks, parties, services = self._parts(inventory)
        topology: Topology = _survey.assembled(inventory, parties, services)
        settings = _variables.settings_of(inventory.catalog, read)
        directions = ("in",) if _variables.outbound_of(read) == "false" else ("in", "out")
        estate = Estate(inventory.catalog, settings, topology, _inventory.unknown_peers(read))
        return _View(estate, networks, directions)

    def _parts(self, inventory: Inventory) -> _Parts:
        key = self._key(inventory)
        if key not in self._made:
            faults = Faults()
            made = self._make(inventory, faults)
            faults.stop()
            self._made[key] = made
        return self._made[key]

    def _make(self, inventory: Inventory, faults: Faults) -> _Parts:
        networks = _inventory.networks(inventory, faults)
        services = _inventory.services(inventory, faults)
        cidrs = self._recorded.networks_for(inventory.here) if self._recorded else networks.by_component
        parties = {
            name: _survey.party(name, grouped(one.hosts.values()), cidrs.get(name, ()), one.hosts)
            for name, one in self.rolls.items()
        }
        return networks, parties, services

    def _key(self, inventory: Inventory) -> str:
        """Tells which parts hosts share; what they share, thousands of networks perhaps, is looked at once."""
        values = [inventory.read(name) for name in _PARTS]
        if self._recorded and inventory.here in self._recorded.apart:
            values.append(inventory.here)
        same = tuple(map(id, values))
        if same not in self._keys:
            self._keys[same] = (values, json.dumps(values, sort_keys=True, default=str))
        return self._keys[same][1]


def digest(hosts: Iterable[HostPlan]) -> str:
    """A plan's name: equal plans have equal ones, whatever order inventory and catalog have."""
    told = hashlib.sha256()
    known: dict[int, str] = {}

    def peers(want: Want) -> str:
        # Many wants share one tuple of thousands of networks.
        if id(want.peers) not in known:
            known[id(want.peers)] = hashlib.sha256(" ".join(want.peers).encode()).hexdigest()
        return known[id(want.peers)]

    for host in sorted(hosts, key=lambda one: one.name):
        lines = sorted(
            f"{host.name} {share.component} {want.direction} {want.flow.transport} {want.port} {want.source_port} "
            f"{peers(want)} {want.flow.id}"
            for share in host.shares
            for want in share.wants
        )
        told.update("\n".join((host.name, *lines, "")).encode())
    return told.hexdigest()
