# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what an Ansible inventory says of an estate: groups, networks, services and the options of its hosts.

Groups are whole whatever ``--limit`` says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ansible.inventory.manager import split_host_pattern
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _addresses,
    _choices,
    _networks,
    _query,
    _schema,
    _services,
    _variables,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import (
    Faults,
    PortsError,
    listed,
    nearest,
    shown,
    unreadable,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._hosts import HostVariables, Resolver
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Component
from ansible_collections.printnet.ports.plugins.plugin_utils._task_variables import CATALOG, Read, is_plain
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Service

PATTERN = (
    "Ansible reads such a name as a pattern of names, so no play would go there; give the host a name without spaces, "
    "commas, colons and brackets, and without ! or & at its beginning"
)
"""What is wrong with a name for which ``is_pattern`` holds."""

_AS_JSON = {
    "printnet_groups": '{"vpsx": "print_servers"}',
    "printnet_networks": '{"workstation": ["10.0.0.0/8"]}',
    "printnet_services": '{"vpsx": {"address": "192.0.2.100"}}',
}
_ALIKE = (*CATALOG, "printnet_groups")
_MOST_READ = 300


@dataclass(slots=True)
class Inventory:
    """What is read of an inventory, and how. ``here`` is the host that is planned for."""

    catalog: Catalog
    groups: Mapping[str, list[str]]
    host_variables: HostVariables
    read: Read
    here: str
    resolve: Resolver = _addresses.resolve
    find: Callable[[str], str] = str


def members(inventory: Inventory, component: str) -> list[str]:
    """The hosts of the component's groups, and those of its role's group whose option chooses the component."""
    found = [host for group in groups_of(inventory, component) for host in inventory.groups.get(group, ())]
    entry = inventory.catalog.components[component]
    if entry.chosen_by:
        groups = groups_of(inventory, entry.role)
        hosts = dict.fromkeys(host for group in groups for host in inventory.groups.get(group, ()))
        found += [host for host in hosts if is_chosen(inventory.catalog, entry, inventory.host_variables(host))]
    return list(dict.fromkeys(found))


def is_member(inventory: Inventory, component: str, host: str) -> bool:
    """Whether the host is one of the component's, without reading any other host."""
    if any(host in inventory.groups.get(group, ()) for group in groups_of(inventory, component)):
        return True
    entry = inventory.catalog.components[component]
    if not entry.chosen_by or not any(
        host in inventory.groups.get(group, ()) for group in groups_of(inventory, entry.role)
    ):
        return False
    return is_chosen(inventory.catalog, entry, inventory.host_variables(host))


def counts_as(inventory: Inventory, component: str, host: str) -> bool:
    """Whether the host is one of the component's, or of what this lives on where the component has no group.

    So say the playbooks of roles on workstations, which go by the group of these then.
    """
    if is_member(inventory, component, host):
        return True
    home = inventory.catalog.components[component].lives_on
    return home is not None and is_homed(inventory, component) and counts_as(inventory, home, host)


def is_homed(inventory: Inventory, component: str) -> bool:
    """Whether all hosts of what the component lives on count as having it: there is no group of its own."""
    groups = groups_of(inventory, component)
    return inventory.catalog.components[component].lives_on is not None and not any(
        group in inventory.groups for group in groups
    )


def is_absent(catalog: Catalog, component: str, variables: Mapping[str, Any], where: str = "") -> bool:
    """Whether the host's variables take the component's rules away: ``<role>_state`` is absent."""
    role = catalog.components[component].role
    name = state_of(role)
    value = variables.get(name) if role else None
    if value not in (None, "present", "absent"):
        raise PortsError(f"{where}{name}: {shown(value)} must be present or absent")
    return bool(value == "absent")


def state_of(role: str) -> str:
    """The name of the variable that says whether a role's rules are there."""
    return f"{role}_state"


def is_chosen(catalog: Catalog, component: Component, variables: Mapping[str, Any]) -> bool:
    """Whether a host of the role's group is the component, which its option says.

    One with a wrong value counts as what the option is by default, whose hosts' options are checked.
    """
    for name, value in component.chosen_by.items():
        option = catalog.options[name]
        try:
            raw = variables.get(name)
            chosen = option.default if raw is None else _choices.option_value(option, raw)
        except (ValueError, PortsError):
            chosen = option.default
        if chosen != value:
            return False
    return True


def is_here(inventory: Inventory, component: str, values: Mapping[str, Any]) -> bool:
    """Whether a call for the host is about the component, or about another one that the same role serves.

    A host that is in none of their groups is what ``values``, the call's own variables, choose.
    """
    entry = inventory.catalog.components[component]
    if not entry.chosen_by or is_member(inventory, component, inventory.here):
        return True
    others = inventory.catalog.roles[entry.role]
    if any(is_member(inventory, one.name, inventory.here) for one in others):
        return False
    return is_chosen(inventory.catalog, entry, values)


def groups_of(inventory: Inventory, name: str) -> list[str]:
    """The inventory groups of a component or a role: ``printnet_groups``, else the one of the same name."""
    mapped = mapping(inventory, "printnet_groups").get(name)
    if mapped is None:
        return [name]
    return [str(group) for group in (mapped if isinstance(mapped, (list, tuple)) else [mapped])]


def check_groups(inventory: Inventory) -> None:
    """The names in ``printnet_groups`` must be there on both sides; a PortsError has all that are not."""
    faults = Faults()
    known = {*inventory.catalog.components, *inventory.catalog.roles}
    for name in mapping(inventory, "printnet_groups"):
        _schema.check_key(name, known, "component", "printnet_groups", faults)
        for group in groups_of(inventory, name):
            if group not in inventory.groups:
                faults.add(
                    f"printnet_groups, {name}",
                    f"the inventory has no group {shown(group)}{nearest(group, inventory.groups)}",
                )
    faults.stop()


def check_alike(inventory: Inventory, managed: Collection[str], variables: HostVariables, faults: Faults) -> None:
    """What makes the catalog and the groups must be the same for all; adds whose differs.

    Of the others than the managed, printers and workstations too, those count that set another value: it might be what
    makes them hosts of a component, and would have no effect.
    """
    seen = frozenset(inventory.groups.get("all", ()))
    hosts = dict.fromkeys([host for host in managed if host in seen], True)
    hosts.update(dict.fromkeys(_beside(inventory, managed), False))
    for name in _ALIKE:
        here = inventory.read(name) or None
        others: list[str] = []
        for host, is_managed in hosts.items():
            try:
                there = variables(host).get(name) or None
            except PortsError as wrong:
                faults.found += wrong.faults
                continue
            if there != here and (there is not None or is_managed):
                others.append(host)
        if others:
            faults.add(
                name,
                f"{listed(others)} and {inventory.here} have different values, though both ends of a flow go by it; "
                "set it once for all hosts, in group_vars/all.yml",
            )


def _beside(inventory: Inventory, managed: Collection[str]) -> list[str]:
    """Of the hosts that are not planned for one of each set of groups, then the others, up to a number.

    Hosts of the same groups mostly have the same values. Nobody else may have read their variables yet, and for
    100,000 hosts that takes Ansible half a minute.
    """
    kinds = {host: 0 for host in inventory.groups.get("all", ()) if host not in managed}
    made = 0
    for hosts in (hosts for group, hosts in inventory.groups.items() if group != "all"):
        within: dict[int, int] = {}
        for host in hosts:
            if host in kinds:
                kinds[host] = within.setdefault(kinds[host], made + len(within) + 1)
        made += len(within)
    one_of_each = {kind: host for host, kind in reversed(kinds.items())}
    return list(dict.fromkeys((*one_of_each.values(), *[*kinds][:_MOST_READ])))[:_MOST_READ]


def networks(inventory: Inventory, faults: Faults) -> _networks.Networks:
    """``printnet_networks`` and ``printnet_networks_file``."""
    path = inventory.read("printnet_networks_file")
    file = None
    if path:
        place = str(path)
        try:
            place = inventory.find(place)
            file = (str(path), Path(place).read_text(encoding="utf-8-sig"))
        except PortsError as wrong:
            faults.add("printnet_networks_file", wrong.message)
        except (OSError, UnicodeError) as wrong:
            faults.add("printnet_networks_file", f"{place} {unreadable(wrong)}")
    variable = _mapping(inventory, "printnet_networks", faults)
    return _networks.read(variable, file, inventory.catalog.components, faults)


def services(inventory: Inventory, faults: Faults) -> dict[str, Service]:
    """``printnet_services``."""
    return _services.read(inventory.catalog, _mapping(inventory, "printnet_services", faults), faults)


def _mapping(inventory: Inventory, name: str, faults: Faults) -> Mapping[str, Any]:
    try:
        return mapping(inventory, name)
    except PortsError as wrong:
        faults.found += wrong.faults
        return {}


def mapping(inventory: Inventory, name: str) -> Mapping[str, Any]:
    value = inventory.read(name)
    if isinstance(value, str) and not is_plain(value):
        # ansible-core 2.18 leaves a template of another host's as it is where what it names is not set.
        raise PortsError(f"{name}: the template {shown(value)} has no value; set what it names for this host as well")
    if isinstance(value, str) and value:
        raise PortsError(
            f"{name}: {shown(value)} must be a mapping of names to values; it is text. In an INI inventory write JSON: "
            f"{_AS_JSON[name]}"
        )
    faults = Faults()
    found: Mapping[str, Any] = _schema.read_value(_schema.mapping, value or {}, name, faults)
    faults.stop()
    return found


def options_on(catalog: Catalog, component: str, variables: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """The options of the component and of what lives on its hosts that the variables set, checked."""
    own = _names_on(catalog, component)
    return _choices.choices(catalog, {name: variables.get(name) for name in own}, where) if own else {}


@lru_cache(maxsize=256)
def _names_on(catalog: Catalog, component: str) -> tuple[str, ...]:
    names = (component, *catalog.residents(component))
    return tuple(option.name for name in names for option in _choices.own_options(catalog, name))


def estate_options(inventory: Inventory) -> dict[str, Any]:
    """All options as the calling host's inventory variables have them: what holds for parties without hosts."""
    variables = inventory.host_variables(inventory.here)
    return _choices.choices(inventory.catalog, {name: variables.get(name) for name in inventory.catalog.options})


def said_beside(catalog: Catalog, components: Iterable[str], read: Read) -> dict[str, Any]:
    """What the variables of a host of these components say that its plan goes by, beside the components' options."""
    value = {name: read(name) for name in (*_variables.PLANNED, *options_beside(catalog, components))}
    return {name: one for name, one in value.items() if one is not None}


def options_beside(catalog: Catalog, components: Iterable[str]) -> list[str]:
    """The options of all other components than these and what lives on their hosts."""
    own = {one for name in components for one in (name, *catalog.residents(name))}
    return [name for name, option in catalog.options.items() if option.component not in own]


def needed(catalog: Catalog, components: Iterable[str], directions: Iterable[str]) -> list[str]:
    """All components whose addresses or options matter to the named ones."""
    found: dict[str, None] = {}
    for component in components:
        for direction in directions:
            here, there = ("destination", "source") if direction == "in" else ("source", "destination")
            flows = [flow for kind in catalog.here(component) for flow in catalog.flows_by(here, kind)]
            for flow in flows:
                ends = {getattr(flow, there), *([flow.destination] if flow.peer_feature else ())}
                ends |= {option.component for option in catalog.options_of_flow[flow.id]}
                for name in (name for end in sorted(ends) for name in catalog.members(end)):
                    lives_on = catalog.components[name].lives_on
                    found.update(dict.fromkeys((name, *(catalog.members(lives_on) if lives_on else ()))))
    return list(found)


def passed(inventory: Inventory, component: str, hosts: Iterable[str]) -> tuple[str, ...]:
    """Of the component's hosts that this run sees those which Ansible, in a play's list of hosts, takes for a pattern.

    A component without a role has no plays.
    """
    if not inventory.catalog.components[component].role:
        return ()
    return tuple(name for name in hosts if is_pattern(name) and name in inventory.groups.get("all", ()))


def is_pattern(host: str) -> bool:
    """Whether Ansible, in a play's list of hosts, takes a host's name for a pattern."""
    return host.startswith(("!", "&")) or split_host_pattern(host) != [host]


def check_components(catalog: Catalog, components: Iterable[Any]) -> None:
    faults = Faults()
    for name in components:
        if instead := _query.role_instead(catalog, name):
            faults.add("components", instead)
        else:
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
