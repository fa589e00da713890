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
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _addresses,
    _inventory,
    _plan,
    _survey,
    _task_variables,
    _topology_file,
    _variables,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._host_variables import each, together
from ansible_collections.printnet.ports.plugins.plugin_utils._inventory import Inventory
from ansible_collections.printnet.ports.plugins.plugin_utils._networks import Networks
from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Estate, Share, Want
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host, Party, Service, Topology, grouped
from ansible_collections.printnet.ports.plugins.plugin_utils._topology_file import Recorded, Said

_PARTS = ("printnet_networks", "printnet_networks_file", "printnet_services")
_CHOSEN = (*_variables.SETTINGS, "printnet_services", "printnet_unknown_peers")
PRINTER = "printer"
Cidrs = Mapping[str, tuple[str, ...]]
"""Networks by component, in their fewest."""


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

    ``estate`` is the whole estate, every party with all its hosts, and with the networks that any host names for it.
    ``outside`` are the inventory's hosts that are parties outside only. ``warnings`` are sentences, each once.
    ``networks`` has those that most hosts name, and the sites and lease pools of all. ``apart`` has the networks, by
    component, of each host whose own variables name others. ``residents`` has, by host, the components that it has
    for what they live on, which their own playbooks look after. ``said`` is what a topology file carries of hosts'
    variables. None of it depends on which host asks.
    """

    estate: Estate
    hosts: Mapping[str, HostPlan]
    networks: Networks = field(default_factory=Networks)
    outside: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    apart: Mapping[str, Cidrs] = field(default_factory=dict)
    residents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    said: Said = field(default_factory=Said)

    @property
    def absent(self) -> dict[str, tuple[str, ...]]:
        """By host the components whose rules are to go there, though it is in their groups."""
        return _absent(self.members)

    @property
    def printers(self) -> tuple[str, ...]:
        """The hosts that are printers only, on which nothing of ours can be."""
        catalog = self.estate.catalog
        others = {host for name, some in self.members.items() if PRINTER not in catalog.kinds(name) for host in some}
        return tuple(name for name in self.outside if name not in others)

    @property
    def views(self) -> tuple[Cidrs, ...]:
        """The networks as hosts see them, each once: first as most do."""
        return tuple({id(one): one for one in (self.networks.by_component, *self.apart.values())}.values())

    @property
    def members(self) -> dict[str, dict[str, Host]]:
        """The hosts of all components."""
        return {name: dict(party.hosts) for name, party in self.estate.topology.parties.items()}


def site_plan(inventory: Inventory, recorded: Recorded | None = None) -> SitePlan:
    """Plans every host; a PortsError has all that is wrong with any of them."""
    estates = _Estates(inventory, recorded)
    managed = estates.managed()
    hosts: dict[str, HostPlan] = {}
    warnings: dict[str, list[str]] = {}
    faults: dict[str, list[str]] = {}
    views = estates.views(managed)
    for name, components in managed.items():
        seen = views[name]
        catalog, variables = seen.estate.catalog, estates.variables(name)
        shares = tuple(
            _plan.share(
                seen.estate, name, component, _inventory.options_on(catalog, component, variables), seen.directions
            )
            for component in components
        )
        hosts[name] = HostPlan(name, shares)
        try:
            told, kind = _plan.unknown_report(seen.estate, name, shares), warnings
        except PortsError as wrong:
            told, kind = list(wrong.faults), faults
        for sentence in told:
            kind.setdefault(sentence.removeprefix(f"{name}: "), []).append(name)
    if faults:
        raise PortsError(together(faults))
    absent = _absent({name: one.hosts for name, one in estates.rolls.items()})
    parties = dict.fromkeys(name for one in estates.rolls.values() for name in one.hosts)
    networks = views[_usual({name: (len(one.cidrs), id(one.cidrs)) for name, one in views.items()})].cidrs
    chosen = _usual({name: (len(one.chosen), one.chosen) for name, one in views.items()})
    return SitePlan(
        _whole(views[chosen], list(views.values())),
        hosts,
        Networks(
            dict(networks),
            list(dict.fromkeys(site for one in _each(views.values()) for site in one.networks.sites)),
            list(dict.fromkeys(pool for one in _each(views.values()) for pool in one.networks.lease_pools)),
        ),
        tuple(name for name in parties if name not in managed and name not in absent),
        tuple(together(warnings)),
        {name: one.cidrs for name, one in views.items() if one.cidrs is not networks},
        estates.residents(),
        estates.said(managed),
    )


def _absent(members: Mapping[str, Mapping[str, Host]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for component, hosts in members.items():
        for name in (name for name, host in hosts.items() if host.absent):
            found[name] = (*found.get(name, ()), component)
    return found


def _usual(what: Mapping[str, tuple[int, Hashable]]) -> str:
    """The first of the hosts that are as most are; as those that have the least to say, where these are as many."""
    counted = Counter(what.values())
    most = min(counted, key=lambda one: (-counted[one], one[0]))
    return next(name for name, one in what.items() if one == most)


@dataclass(frozen=True, slots=True)
class _View:
    """The estate as one host's variables describe it, and the directions that are planned for it.

    ``networks`` is what the variables say, ``cidrs`` what counts; equal ones are the same object. ``services`` are
    those of ``printnet_services``. ``chosen`` tells apart hosts whose settings differ.
    """

    estate: Estate
    networks: Networks
    cidrs: Cidrs
    services: Mapping[str, Service]
    chosen: str
    directions: tuple[str, ...]


def _each(views: Iterable[_View]) -> list[_View]:
    """One of those that share their networks."""
    return list({id(one.networks): one for one in views}.values())


def _whole(view: _View, views: Collection[_View]) -> Estate:
    """The view's estate with the networks that any host names, and the options that more than half of them have."""
    options = [(name, value) for one in views for name, value in one.estate.topology.options.items()]
    counted = Counter((name, repr(value)) for name, value in options)
    common = {name: value for name, value in options if counted[name, repr(value)] * 2 > len(views)}
    estate, parties = view.estate, view.estate.topology.parties
    services = _survey.all_services(estate.catalog, parties, view.services, common)
    topology = replace(estate.topology, options=common, services=services)
    seen = list({id(one.cidrs): one.cidrs for one in views}.values())
    if len(seen) == 1:
        return replace(estate, topology=topology)
    parties = {
        name: _survey.party(
            name, one.groups, _addresses.merge(cidr for cidrs in seen for cidr in cidrs.get(name, ())), one.hosts
        )
        for name, one in topology.parties.items()
    }
    return replace(estate, topology=replace(topology, parties=parties))


_Parts = tuple[Networks, Cidrs, Mapping[str, Party], Mapping[str, Service]]


class _Estates:
    """The estate as each host's variables describe it; those of equal variables share one."""

    def __init__(self, inventory: Inventory, recorded: Recorded | None) -> None:
        self._inventory = inventory
        self._recorded = recorded
        self._visible = frozenset(inventory.groups.get("all", ()))
        self._made: dict[str, tuple[_Parts, Faults]] = {}
        self._keys: dict[tuple[int, ...], tuple[list[Any], str]] = {}
        self._seen: dict[tuple[tuple[str, tuple[str, ...]], ...], Cidrs] = {}
        _inventory.check_groups(inventory)
        self.rolls = {
            name: _survey.recorded_roll(inventory, name, recorded) if recorded else _survey.whole_roll(inventory, name)
            for name in inventory.catalog.components
        }
        self._groups = {name: grouped(one.hosts.values()) for name, one in self.rolls.items()}

    def managed(self) -> dict[str, list[str]]:
        """The hosts that are planned for, with their components in the catalog's order."""
        found: dict[str, list[str]] = {}
        for name, component in self._inventory.catalog.components.items():
            if component.role:
                for host in (host for host, one in self.rolls[name].hosts.items() if not one.absent):
                    found.setdefault(host, []).append(name)
        return found

    def residents(self) -> dict[str, tuple[str, ...]]:
        """The components with a role that hosts have because they are of what it lives on, of those that are seen."""
        found: dict[str, tuple[str, ...]] = {}
        catalog = self._inventory.catalog
        for name, component in catalog.components.items():
            home = component.lives_on
            if not component.role or home is None or not _inventory.is_homed(self._inventory, name):
                continue
            for host in (host for host in self.rolls[home].hosts if host in self._visible):
                if not _inventory.is_absent(catalog, name, self.variables(host), f"host {host}, "):
                    found[host] = (*found.get(host, ()), name)
        return found

    def variables(self, host: str) -> Mapping[str, Any]:
        """The host's variables; of one that this run does not see, as in a job slice, what the file has of it."""
        if self._recorded is None or host in self._visible or host == self._inventory.here:
            return self._inventory.host_variables(host)
        catalog = self._inventory.catalog
        own, said = self._components(host), self._recorded.said
        names = [name for name in _variables.ALL if name not in (*_variables.HOST, *_variables.PLANNED)]
        found = {name: value for name in names if (value := self._inventory.read(name)) is not None}
        # Without what its own variables say, those here count for it.
        found.update(_inventory.said_beside(catalog, own, self._inventory.read) if said is None else said.of(host))
        for name in own:
            found.update(self._recorded.hosts[name][host].options)
        return found

    def _components(self, host: str) -> list[str]:
        """All components that the host is one of, those outside too."""
        return [name for name, one in self.rolls.items() if host in one.hosts]

    def said(self, managed: Iterable[str]) -> Said:
        """What the hosts' variables say beside the options of what they are."""
        catalog = self._inventory.catalog
        found = {
            host: _inventory.said_beside(catalog, self._components(host), self.variables(host).get) for host in managed
        }
        told = {host: (len(said), _topology_file.as_text(said)) for host, said in found.items()}
        if not told:
            return Said()
        usual = _usual(dict(sorted(told.items())))
        return Said(found[usual], {host: said for host, said in found.items() if told[host] != told[usual]})

    def views(self, managed: Collection[str]) -> dict[str, _View]:
        """The estate as each of the hosts sees it; as the one that asks does, where nobody is planned for.

        A PortsError has all that is wrong with any host's variables.
        """
        faults, alike = Faults(), Faults()
        _survey.check(self.rolls.values(), "", faults)
        _inventory.check_alike(self._inventory, managed, self.variables, alike)
        if alike.found:
            # By another catalog other values would be wrong.
            raise PortsError([*faults.found, *alike.found])
        here = self._inventory.here
        planned = managed or [here]

        def look(host: str) -> _View | None:
            if host in planned:
                return self._checked(host)
            self._parts(self._inventory)
            return None

        views = each(dict.fromkeys((*planned, here)), look, faults)
        faults.stop()
        return {host: view for host, view in views.items() if view}

    def _checked(self, host: str) -> _View:
        """The host's view; a PortsError has all that is wrong with its variables, of which each part raises its own."""
        try:
            return self._of(self._seen_by(host))
        except PortsError:
            inventory = self._seen_by(host)
        read, faults = inventory.read, Faults()
        parts: tuple[Callable[[], Any], ...] = (
            *(partial(read, name) for name in (*_PARTS, *_CHOSEN)),
            lambda: self._parts(inventory),
            lambda: _inventory.estate_options(inventory),
            lambda: _variables.settings_of(inventory.catalog, read),
            lambda: _task_variables.outbound_of(read),
            lambda: _task_variables.applies(read),
            lambda: _inventory.unknown_peers(read),
        )
        for part in parts:
            try:
                part()
            except PortsError as wrong:
                faults.found += wrong.faults
        raise PortsError(list(dict.fromkeys(faults.found)))

    def _seen_by(self, host: str) -> Inventory:
        return replace(self._inventory, host_variables=self.variables, read=self.variables(host).get, here=host)

    def _of(self, inventory: Inventory) -> _View:
        read = inventory.read
        networks, cidrs, parties, services = self._parts(inventory)
        topology: Topology = _survey.assembled(inventory, parties, services)
        settings = _variables.settings_of(inventory.catalog, read)
        # No plan goes by it, but whoever asks for one asks for it next.
        _task_variables.applies(read)
        directions = ("in",) if _task_variables.outbound_of(read) == "false" else ("in", "out")
        estate = Estate(inventory.catalog, settings, topology, _inventory.unknown_peers(read))
        return _View(estate, networks, cidrs, services, self._told(read, _CHOSEN), directions)

    def _parts(self, inventory: Inventory) -> _Parts:
        key = self._key(inventory)
        if key not in self._made:
            faults = Faults()
            self._made[key] = self._make(inventory, faults), faults
        made, faults = self._made[key]
        faults.stop()
        return made

    def _make(self, inventory: Inventory, faults: Faults) -> _Parts:
        networks = _inventory.networks(inventory, faults)
        services = _inventory.services(inventory, faults)
        found = self._recorded.networks_for(inventory.here) if self._recorded else networks.by_component
        cidrs = self._seen.setdefault(tuple(sorted((name, some) for name, some in found.items() if some)), found)
        parties = {
            name: _survey.party(name, self._groups[name], cidrs.get(name, ()), one.hosts)
            for name, one in self.rolls.items()
        }
        return networks, cidrs, parties, services

    def _key(self, inventory: Inventory) -> str:
        """Tells which parts hosts share."""
        apart = self._recorded is not None and inventory.here in self._recorded.apart
        return self._told(inventory.read, _PARTS) + (inventory.here if apart else "")

    def _told(self, read: _task_variables.Read, names: Iterable[str]) -> str:
        """What variables say, as text; what hosts share, thousands of networks perhaps, is looked at once."""
        values = [read(name) for name in names]
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
