# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: an inventory to a topology, worked out once a run.

What thousands of hosts are made to is short: addresses by equal options. Every process reads that; whoever needs the
hosts one by one, as the plan of the whole estate does, asks for the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY
from ansible_collections.printnet.ports.plugins.plugin_utils import _hosts, _inventory, _services, _topology_file
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError, listed, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._inventory import Inventory
from ansible_collections.printnet.ports.plugins.plugin_utils._kept import Kept, not_kept
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import (
    Host,
    Party,
    Peers,
    Service,
    Topology,
    grouped,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._topology_file import Recorded, plain_options


@dataclass(frozen=True, slots=True)
class Roll:
    """A component's hosts as the inventory has them, and what is wrong about each, by its name.

    ``addresses`` are the faults of addresses, ``options`` those of options, ``unresolved`` the names that nobody knows.
    ``passed`` are the hosts to which a play that names them would not go.
    """

    hosts: Mapping[str, Host] = field(default_factory=dict)
    addresses: Mapping[str, list[str]] = field(default_factory=dict)
    options: Mapping[str, list[str]] = field(default_factory=dict)
    unresolved: Mapping[str, str] = field(default_factory=dict)
    passed: tuple[str, ...] = ()


def roll(inventory: Inventory, component: str, names: Iterable[str]) -> Roll:
    """The hosts of these names: one pass over their variables, and one over the resolver."""
    found = _hosts.find(names, inventory.host_variables, inventory.resolve)
    hosts: dict[str, Host] = {}
    wrong: dict[str, list[str]] = {}
    for name, where in found.items():
        options: Mapping[str, Any] = {}
        absent = False
        try:
            variables = inventory.host_variables(name)
            absent = _inventory.is_absent(inventory.catalog, component, variables, f"host {name}, ")
            options = _inventory.options_on(inventory.catalog, component, variables, f"host {name}, ")
        except PortsError as told:
            wrong[name] = list(told.faults)
        hosts[name] = Host(name, where.networks, where.origin, options, where.behind, absent)
    addresses = {name: [f"host {name}, {one}" for one in where.faults] for name, where in found.items() if where.faults}
    unresolved = {name: where.unresolved for name, where in found.items() if where.unresolved}
    return Roll(hosts, addresses, wrong, unresolved)


def check(rolls: Iterable[Roll], here: str, faults: Faults) -> None:
    """Adds all faults of all hosts, each once; the host that is planned for, if it is one, needs no address of its own.

    Where all are planned for, plays that name them have to go there.
    """
    told: dict[str, None] = {}
    lost: dict[str, str] = {}
    passed: dict[str, None] = {}
    for one in rolls:
        passed.update(dict.fromkeys(one.passed if not here else ()))
        told.update({fault: None for name, found in one.addresses.items() for fault in found if name != here})
        told.update({fault: None for found in one.options.values() for fault in found})
        lost.update({name: target for name, target in one.unresolved.items() if name != here})
    faults.found += told
    if lost:
        faults.found.append(_hosts.unresolved(lost))
    if passed:
        faults.add("inventory", f"{listed(map(shown, passed))}: {_inventory.PATTERN}")


def topology(
    inventory: Inventory, components: Iterable[str], kept: Kept = not_kept, recorded: Recorded | None = None
) -> Topology:
    """The topology for one host, of the named components; a PortsError has all faults."""
    _inventory.check_groups(inventory)
    short = {name: _short(inventory, name, kept, recorded) for name in dict.fromkeys(components)}
    own = {name: _own(inventory, name, recorded) for name in short}
    networks = _networks(inventory, kept)
    faults = Faults(list(networks["faults"]))
    check(
        (Roll({}, one["addresses"], one["options"], one["unresolved"]) for one in short.values()),
        inventory.here,
        faults,
    )
    services = _inventory.services(inventory, faults)
    faults.stop()
    parties = {
        name: party(
            name,
            tuple(Peers(tuple(cidrs), plain_options(options)) for cidrs, options in one["groups"]),
            (recorded.networks_for(inventory.here) if recorded else networks["by_component"]).get(name, ()),
            own[name],
        )
        for name, one in short.items()
    }
    return assembled(inventory, parties, services)


def _short(inventory: Inventory, component: str, kept: Kept, recorded: Recorded | None) -> dict[str, Any]:
    """The component's hosts by equal options, and their faults, as a JSON value."""

    def make() -> dict[str, Any]:
        one = recorded_roll(inventory, component, recorded) if recorded else whole_roll(inventory, component)
        groups = [[group.networks, group.options] for group in grouped(one.hosts.values())]
        return {"groups": groups, "addresses": one.addresses, "options": one.options, "unresolved": one.unresolved}

    found: dict[str, Any] = kept(f"component-{component}", make)
    return found


def whole_roll(inventory: Inventory, component: str) -> Roll:
    """All of the component's hosts."""
    found = roll(inventory, component, _inventory.members(inventory, component))
    return replace(found, passed=_inventory.passed(inventory, component, found.hosts))


def recorded_roll(inventory: Inventory, component: str, recorded: Recorded) -> Roll:
    """All of the component's hosts as the file has them; a PortsError where it can't be."""
    hosts = _topology_file.checked(recorded, inventory.catalog, component)
    return Roll(hosts, passed=_inventory.passed(inventory, component, hosts))


def _own(inventory: Inventory, component: str, recorded: Recorded | None) -> Mapping[str, Host]:
    """The host that is planned for, where it is one of the component's; the file, if there is one, must agree."""
    here = inventory.here
    hosts = roll(inventory, component, [here]).hosts if _inventory.is_member(inventory, component, here) else {}
    if recorded:
        _topology_file.check_here(recorded, component, hosts.get(here), here)
    return hosts


def stale(inventory: Inventory, recorded: Recorded, whole: bool = False) -> list[str]:
    """A warning where the file is older than what is seen of the inventory; a PortsError where it lacks a component.

    ``whole`` says that all of the inventory is seen, so that hosts which are only in the file are gone.
    """
    live = {name: whole_roll(inventory, name).hosts for name in inventory.catalog.components}
    _topology_file.lacking(recorded, [name for name, hosts in live.items() if hosts])
    networks = _inventory.networks(inventory, Faults()).by_component
    different = _topology_file.stale(recorded, live, networks, recorded.networks_for(inventory.here))
    different += _topology_file.gone(recorded, live) if whole else []
    different += _otherwise(inventory, recorded, live)
    told = f"{recorded.path} of {recorded.written} is stale: {'; '.join(different)}. It is followed nevertheless."
    return [f"{told} {_topology_file.AGAIN}"] if different else []


def _otherwise(inventory: Inventory, recorded: Recorded, live: Mapping[str, Mapping[str, Host]]) -> list[str]:
    """Whether the host that is planned for has other variables than the file has of it."""
    catalog, here = inventory.catalog, inventory.here
    own = [name for name, hosts in live.items() if here in hosts]
    if recorded.said is None or all(live[name][here].absent or not catalog.components[name].role for name in own):
        return []
    said = _inventory.said_beside(catalog, own, inventory.host_variables(here).get)
    there, text = recorded.said.of(here), _topology_file.as_text
    names = sorted(name for name in {*said, *there} if text(said.get(name)) != text(there.get(name)))
    return [f"other variables of {here}: {listed(names)}"] if names else []


def _networks(inventory: Inventory, kept: Kept) -> dict[str, Any]:
    def make() -> dict[str, Any]:
        faults = Faults()
        found = _inventory.networks(inventory, faults)
        return {"by_component": found.by_component, "faults": faults.found}

    found: dict[str, Any] = kept("networks", make)
    return found


def assembled(inventory: Inventory, parties: Mapping[str, Party], services: Mapping[str, Service]) -> Topology:
    """The topology as the host that is planned for sees it."""
    options = _inventory.estate_options(inventory)
    return Topology(parties, options, all_services(inventory.catalog, parties, services, options))


def all_services(
    catalog: Catalog, parties: Mapping[str, Party], services: Mapping[str, Service], options: Mapping[str, Any]
) -> dict[str, Service]:
    """These services and those that options name; ``options`` are what holds for a component without hosts."""
    found = dict(services)
    for name, one in parties.items():
        if name not in found:
            chosen = [group.options for group in one.groups] or [options]
            if service := _services.of_options(catalog, name, chosen):
                found[name] = service
    return found


def party(component: str, groups: tuple[Peers, ...], networks: Iterable[str], hosts: Mapping[str, Host]) -> Party:
    """The party out of its hosts and its networks."""
    cidrs = tuple(networks)
    everybody = cidrs == EVERYBODY
    return Party(component, groups, () if everybody else cidrs, everybody, hosts)
