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
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._inventory import Inventory
from ansible_collections.printnet.ports.plugins.plugin_utils._networks import Networks
from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Estate, Share, Want
from ansible_collections.printnet.ports.plugins.plugin_utils._survey import Roll
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host, Party, Topology, grouped
from ansible_collections.printnet.ports.plugins.plugin_utils._topology_file import Recorded


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
    parties outside only. ``warnings`` are sentences, each once.
    """

    estate: Estate
    hosts: Mapping[str, HostPlan]
    networks: Networks = field(default_factory=Networks)
    outside: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def members(self) -> dict[str, dict[str, Host]]:
        """The hosts of all components."""
        return {name: dict(party.hosts) for name, party in self.estate.topology.parties.items()}


def site_plan(inventory: Inventory, recorded: Recorded | None = None) -> SitePlan:
    """Plans every host; a PortsError has all that is wrong with any of them."""
    estates = _Estates(inventory, recorded)
    managed = estates.managed()
    faults = Faults()
    hosts: dict[str, HostPlan] = {}
    warnings: dict[str, None] = {}
    for name, components in managed.items():
        estate, directions = estates.of(name)
        variables = estates.variables(name)
        shares = tuple(
            _plan.share(
                estate, name, component, _inventory.options_on(estate.catalog, component, variables), directions
            )
            for component in components
        )
        hosts[name] = HostPlan(name, shares)
        try:
            warnings.update(dict.fromkeys(_plan.unknown_report(estate, name, shares)))
        except PortsError as wrong:
            faults.found += wrong.faults
    faults.stop()
    outside = [name for hosts_of in estates.rolls.values() for name in hosts_of.hosts if name not in managed]
    return SitePlan(
        estates.of(inventory.here)[0], hosts, estates.networks(), tuple(dict.fromkeys(outside)), tuple(warnings)
    )


class _Estates:
    """The estate as each host's variables describe it; those of equal variables share one."""

    def __init__(self, inventory: Inventory, recorded: Recorded | None) -> None:
        self._inventory = inventory
        self._recorded = recorded
        _inventory.check_groups(inventory)
        catalog = inventory.catalog
        self.rolls = {
            name: Roll(recorded.hosts.get(name, {})) if recorded else _survey.whole_roll(inventory, name)
            for name in catalog.components
        }
        self._made: dict[str, tuple[Networks, Mapping[str, Party], Mapping[str, Any]]] = {}
        faults = Faults()
        _inventory.networks(inventory, faults)
        _survey.check(self.rolls.values(), "", faults)
        faults.stop()

    def managed(self) -> dict[str, list[str]]:
        """The hosts that are planned for, with their components in the catalog's order."""
        found: dict[str, list[str]] = {}
        for name, component in self._inventory.catalog.components.items():
            if component.role:
                for host in self.rolls[name].hosts:
                    found.setdefault(host, []).append(name)
        return found

    def networks(self) -> Networks:
        return self._parts(self._inventory)[0]

    def variables(self, host: str) -> Mapping[str, Any]:
        """The host's variables; of one that this run does not see, as in a job slice, what the file has of it."""
        if self._recorded is None or host in self._inventory.groups.get("all", ()):
            return self._inventory.host_variables(host)
        found = {name: self._inventory.read(name) for name in _variables.ALL if name not in _variables.HOST}
        for hosts in self._recorded.hosts.values():
            found.update(hosts[host].options if host in hosts else {})
        return found

    def of(self, host: str) -> tuple[Estate, tuple[str, ...]]:
        """The estate as the host sees it, and the directions that are planned for it."""
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
        _networks, parties, services = self._parts(inventory)
        topology: Topology = _survey.assembled(inventory, parties, services)
        settings = _variables.settings_of(inventory.catalog, read)
        directions = ("in",) if _variables.outbound_of(read) == "false" else ("in", "out")
        return Estate(inventory.catalog, settings, topology, _inventory.unknown_peers(read)), directions

    def _parts(self, inventory: Inventory) -> tuple[Networks, Mapping[str, Party], Mapping[str, Any]]:
        values = [inventory.read(name) for name in ("printnet_networks", "printnet_networks_file", "printnet_services")]
        key = json.dumps(values, sort_keys=True, default=str)
        if key not in self._made:
            faults = Faults()
            networks = _inventory.networks(inventory, faults)
            services = _inventory.services(inventory, faults)
            faults.stop()
            cidrs = self._recorded.networks if self._recorded else networks.by_component
            parties = {
                name: _survey.party(name, grouped(one.hosts.values()), cidrs.get(name, ()), one.hosts)
                for name, one in self.rolls.items()
            }
            self._made[key] = (networks, parties, services)
        return self._made[key]


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
