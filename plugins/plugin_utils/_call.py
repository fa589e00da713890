# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: one call of an action plugin: its variables, and the estate that they describe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _inventory, _variables
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Estate


class Call:
    """``variables`` are the task's; ``template`` gives a value's templated form."""

    def __init__(self, variables: Mapping[str, Any], template: Callable[[Any], Any]) -> None:
        self._variables = variables
        self.read = _variables.reader(variables, template)
        self.host = str(variables["inventory_hostname"])
        self.catalog = _variables.catalog_of(self.read)
        self.warnings: list[str] = []

    def estate(self, components: Iterable[str], directions: Iterable[str]) -> Estate:
        """The estate as far as it matters to the components; a PortsError has all faults."""
        components = list(components)
        settings = _variables.settings_of(self.catalog, self.read)
        inventory = _inventory.Inventory(
            catalog=self.catalog,
            groups=self._variables["groups"],
            host_variables=self._host_variables,
            read=self.read,
            here=self.host,
        )
        topology = _inventory.topology(inventory, _inventory.needed(self.catalog, components, directions))
        for component in components:
            lives_on = self.catalog.components[component].lives_on
            names = (component, lives_on) if lives_on else (component,)
            groups = [group for name in names for group in _inventory.groups_of(inventory, name)]
            if groups and not any(self.host in inventory.groups.get(group, ()) for group in groups):
                self.warnings.append(
                    f"{self.host} is not in the group {' or '.join(groups)}, so other hosts do not know that it is "
                    f"a host of {component}. Put it there, or name its group in printnet_groups."
                )
        return Estate(self.catalog, settings, topology, _inventory.unknown_peers(self.read))

    def own_options(self, component: str) -> dict[str, Any]:
        """The component's options as they hold for this call; what other hosts can't see is said in a warning."""
        values = {name: self.read(name) for name in self.catalog.options if name in self._variables}
        here = _inventory.options_on(self.catalog, component, values)
        known = _inventory.options_on(self.catalog, component, self._host_variables(self.host), f"host {self.host}, ")
        for name, value in here.items():
            default = self.catalog.options[name].default
            everywhere = known.get(name, tuple(default) if isinstance(default, list) else default)
            if value != everywhere:
                self.warnings.append(
                    f"{self.host}: {name} is {value} for this call only. Other hosts and the compliance check go by "
                    f"the inventory, where it is {everywhere}: set it in group_vars or host_vars instead."
                )
        return here

    def _host_variables(self, name: str) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self._variables["hostvars"][name]
        except KeyError:
            raise PortsError(f"The inventory has no variables of host {name}") from None
        return found
