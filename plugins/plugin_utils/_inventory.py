# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: an Ansible inventory to a topology: the edge that reads groups, host variables and the resolver.

Only inventory variables count, never gathered facts, which depend on what ran before. Groups are whole whatever
``--limit`` says, so the topology is the same for every host of every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _choices, _schema
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError, nearest, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host, Party, Topology
from ansible_collections.printnet.ports.plugins.plugin_utils._variables import Read

HostVariables = Callable[[str], Mapping[str, Any]]
"""Gives the variables that the inventory sets for a host."""
Resolver = Callable[[Iterable[str]], Mapping[str, tuple[str, ...]]]


@dataclass(slots=True)
class Inventory:
    """What is read of an inventory, and how."""

    catalog: Catalog
    groups: Mapping[str, list[str]]
    host_variables: HostVariables
    read: Read
    here: str
    resolve: Resolver = _addresses.resolve
    faults: Faults = field(default_factory=Faults)


def topology(inventory: Inventory, components: Iterable[str]) -> Topology:
    """The topology of the named components; a PortsError has all faults, and all names that could not be resolved."""
    wanted = list(dict.fromkeys(components))
    members = _members(inventory, wanted)
    networks = _networks(inventory)
    names = list(dict.fromkeys(name for hosts in members.values() for name in hosts))
    addresses = _host_addresses(inventory, names)
    parties = {
        component: Party(
            component,
            hosts=tuple(_host(inventory, component, name, addresses) for name in members.get(component, ())),
            networks=() if networks.get(component) == EVERYBODY else networks.get(component, ()),
            everybody=networks.get(component) == EVERYBODY,
        )
        for component in wanted
    }
    options = _estate_options(inventory)
    inventory.faults.stop()
    return Topology(parties, options)


def groups_of(inventory: Inventory, component: str) -> list[str]:
    """The inventory groups that hold the component's hosts: ``printnet_groups``, else the one of the same name."""
    mapped = _mapping(inventory, "printnet_groups").get(component)
    if mapped is None:
        return [component]
    return [str(name) for name in (mapped if isinstance(mapped, (list, tuple)) else [mapped])]


def _mapping(inventory: Inventory, name: str) -> Mapping[str, Any]:
    value = inventory.read(name)
    faults = Faults()
    found: Mapping[str, Any] = _schema.read_value(_schema.mapping, value or {}, name, faults)
    faults.stop()
    return found


def _members(inventory: Inventory, components: Iterable[str]) -> dict[str, list[str]]:
    mapped = _mapping(inventory, "printnet_groups")
    for name in mapped:
        _schema.check_known(name, inventory.catalog.components, "component", "printnet_groups", inventory.faults)
    for component in mapped:
        for group in groups_of(inventory, component):
            if group not in inventory.groups:
                inventory.faults.add(
                    f"printnet_groups, {component}",
                    f"the inventory has no group {shown(group)}{nearest(group, inventory.groups)}",
                )
    return {
        component: list(
            dict.fromkeys(host for group in groups_of(inventory, component) for host in inventory.groups.get(group, ()))
        )
        for component in components
    }


def _networks(inventory: Inventory) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for component, raw in _mapping(inventory, "printnet_networks").items():
        where = f"printnet_networks, {component}"
        _schema.check_known(component, inventory.catalog.components, "component", "printnet_networks", inventory.faults)
        entries = _entries(raw)
        cidrs: list[str] = []
        for entry in entries:
            cidrs += _schema.read_value(_network, entry, where, inventory.faults) or ()
        found[component] = _addresses.merge(cidrs)
    return found


def _network(entry: Any) -> tuple[str, ...]:
    if isinstance(entry, str) and entry.strip().lower() == "any":
        return EVERYBODY
    found = _addresses.networks(entry)
    for network in found:
        if network not in EVERYBODY and (reason := _addresses.misplaced(network.partition("/")[0])):
            raise ValueError(f"begins with {reason}, which is no peer")
    return found


def _entries(raw: Any) -> list[Any]:
    """A list as it is; a lone value, or text with commas as INI inventories have it, as a list."""
    if isinstance(raw, str):
        return [part.strip() for part in raw.split(",") if part.strip()]
    return list(raw) if isinstance(raw, (list, tuple)) else [] if raw is None else [raw]


def _host_addresses(inventory: Inventory, names: list[str]) -> dict[str, tuple[tuple[str, ...], str]]:
    """For each host its addresses and where they come from."""
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    unresolved: dict[str, str] = {}
    for name in names:
        variables = inventory.host_variables(name)
        given = variables.get("printnet_addresses")
        if given:
            found[name] = (_given(inventory, name, _entries(given)), "printnet_addresses")
            continue
        target = str(variables.get("ansible_host") or name).strip("[] ")
        if address := _addresses.address(target):
            found[name] = ((address,), "ansible_host")
        else:
            unresolved[name] = target
    answers = inventory.resolve(unresolved.values())
    failed = [name for name, target in unresolved.items() if not answers.get(target) and name != inventory.here]
    if failed:
        listed = ", ".join(
            name if unresolved[name] == name else f"{name} (ansible_host {unresolved[name]})" for name in failed
        )
        inventory.faults.add(
            "inventory",
            f"no address for {listed}: the controller could not resolve the name; set ansible_host to an address, or "
            "printnet_addresses to the host's addresses as its peers see them",
        )
    found.update({name: (answers.get(target, ()), "name") for name, target in unresolved.items()})
    for name, (addresses, origin) in found.items():
        if name != inventory.here:
            _check_places(inventory, name, addresses, origin)
    return found


def _given(inventory: Inventory, name: str, entries: Iterable[Any]) -> tuple[str, ...]:
    addresses = []
    for entry in entries:
        if (address := _addresses.address(entry)) is None:
            inventory.faults.add(f"host {name}, printnet_addresses", f"{shown(entry)} is no IPv4 or IPv6 address")
        else:
            addresses.append(address)
    return tuple(addresses)


def _check_places(inventory: Inventory, name: str, addresses: Iterable[str], origin: str) -> None:
    for address in addresses:
        if reason := _addresses.misplaced(address):
            inventory.faults.add(
                f"host {name}, {origin}",
                f"{address} is {reason}; set printnet_addresses to the host's addresses as its peers see them",
            )


def _host(
    inventory: Inventory, component: str, name: str, addresses: Mapping[str, tuple[tuple[str, ...], str]]
) -> Host:
    found, origin = addresses[name]
    networks = tuple(
        cidr for address in found if not _addresses.misplaced(address) for cidr in _addresses.networks(address)
    )
    options = options_on(inventory.catalog, component, inventory.host_variables(name), f"host {name}, ")
    return Host(name, networks, origin, options)


def options_on(catalog: Catalog, component: str, variables: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """The options of the component and of what lives on its hosts that the variables set, checked."""
    names = (component, *catalog.residents(component))
    own = [option for name in names for option in _choices.own_options(catalog, name)]
    return _choices.choices(catalog, {option.name: variables.get(option.name) for option in own}, where)


def _estate_options(inventory: Inventory) -> dict[str, Any]:
    """All options as the calling host's inventory variables have them: what holds for parties without hosts."""
    variables = inventory.host_variables(inventory.here)
    return _choices.choices(inventory.catalog, {name: variables.get(name) for name in inventory.catalog.options})


def needed(catalog: Catalog, components: Iterable[str], directions: Iterable[str]) -> list[str]:
    """All components whose addresses or options matter to the named ones."""
    found: dict[str, None] = {}
    for component in components:
        for direction in directions:
            here, there = ("destination", "source") if direction == "in" else ("source", "destination")
            flows = [flow for kind in catalog.kinds(component) for flow in catalog.flows_by(here, kind)]
            for flow in flows:
                ends = {getattr(flow, there), *([flow.destination] if flow.peer_feature else ())}
                ends |= {option.component for option in catalog.options_of_flow[flow.id]}
                for name in (name for end in sorted(ends) for name in catalog.members(end)):
                    lives_on = catalog.components[name].lives_on
                    found.update(dict.fromkeys((name, *(catalog.members(lives_on) if lives_on else ()))))
    return list(found)


def check_components(catalog: Catalog, components: Iterable[Any]) -> None:
    faults = Faults()
    for name in components:
        _schema.check_known("" if name is None else name, catalog.components, "component", "components", faults)
    faults.stop()


def unknown_peers(read: Read) -> str:
    """The value of ``printnet_unknown_peers``."""
    value = read("printnet_unknown_peers")
    if value is None:
        return "skip"
    try:
        return str(_schema.one_of("skip", "fail", "any")(value))
    except ValueError as wrong:
        raise PortsError(f"printnet_unknown_peers: {shown(value)} {wrong}") from None
