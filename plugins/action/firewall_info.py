# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of the module firewall_info: plans nothing, but says what the catalog knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.printnet.ports.plugins.module_utils._arguments import INFO_TASK
from ansible_collections.printnet.ports.plugins.module_utils._standing import OWNER
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _by_hand,
    _module_call,
    _names,
    _plan,
    _query,
    _task_variables,
    _variables,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, nearest
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog

display = Display()


class ActionModule(ActionBase):
    """Names the owners and the ports, and calls."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Make one call to the host."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=INFO_TASK)
        try:
            _module_call.check_host(self._connection)
            given = {name: value for name, value in arguments.items() if value is not None}
            plan = _known(arguments["owners"], task_vars or {}, self._templar.template)
            result.update(_module_call.call(self, "firewall_info", {**given, "plan": plan}, task_vars))
        except PortsError as wrong:
            result.update(failed=True, msg=wrong.message)
        return result


def _known(asked: Iterable[Any] | None, variables: Mapping[str, Any], template: Any) -> dict[str, Any]:
    """What the catalog of the estate knows, and who is asked for."""
    read = _task_variables.reader(variables, template)
    catalog = _variables.catalog_of(read)
    settings = _variables.settings_of(catalog, read)
    options = _variables.options_of(catalog, variables, read)
    return {
        "asked": None if asked is None else [_owner(catalog, str(name)) for name in asked],
        "known": _plan.owners(catalog),
        "ports": _query.ports(catalog, settings, options),
    }


def _owner(catalog: Catalog, asked: str) -> dict[str, str]:
    """An owner by the name or the short name of its component, by a name made by hand, or by its full name."""
    name = asked.removeprefix(OWNER)
    name = next((one.name for one in catalog.components.values() if one.short == name), name)
    if name in catalog.components:
        return {"owner": OWNER + name, "short": catalog.components[name].short}
    owner, short = _by_hand.owner(name, _names.of(catalog.components.values()))
    near = nearest(name, catalog.components)
    if "did you mean" in near:
        display.warning(f"owners: {name} is no component{near}")
    return {"owner": owner, "short": short}
