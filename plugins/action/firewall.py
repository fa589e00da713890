# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of the module firewall: plans what the components need, then makes one call to the host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.printnet.ports.plugins.module_utils._firewall_module import ARGUMENTS
from ansible_collections.printnet.ports.plugins.plugin_utils import _inventory, _plan, _variables
from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError

display = Display()

# What a task may say: what the module takes, without what is planned here.
_ARGUMENTS = {name: spec for name, spec in ARGUMENTS.items() if name != "owners"}
_DIRECTIONS = ("in",)
_WINDOWS = (
    "This version of printnet.ports changes firewalls on Linux only. For a Windows host, ask for its flows with the "
    "lookup printnet.ports.flows. Nothing was changed."
)
_NO_PYTHON = (
    "The host has no Python where Ansible looks for it, so nothing was changed. Install it (on Debian: "
    "ansible.builtin.raw with apt-get install -y python3), or set ansible_python_interpreter to where it is."
)


class ActionModule(ActionBase):
    """Plans, calls, and says what a user has to know."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Plan what the components need, and make one call to the host."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        try:
            if getattr(self._connection._shell, "_IS_WINDOWS", False):
                raise PortsError(_WINDOWS)
            owners, warnings = self._plan(arguments, task_vars or {})
            for warning in warnings:
                display.warning(warning)
            result.update(self._call_host({**arguments, "owners": owners}, task_vars))
        except PortsError as wrong:
            # Not raised: ansible-core 2.18 would speak of an exception and a traceback.
            result.update(failed=True, changed=False, msg=wrong.message)
        return result

    def _call_host(self, arguments: Mapping[str, Any], variables: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._execute_module(
                module_name="printnet.ports.firewall", module_args=dict(arguments), task_vars=variables
            )
        except AnsibleError as wrong:
            if _no_python(str(wrong)):
                raise PortsError(_NO_PYTHON) from None
            raise
        if answer.get("failed") and _no_python(f"{answer.get('module_stdout', '')} {answer.get('module_stderr', '')}"):
            raise PortsError(_NO_PYTHON)
        return answer

    def _plan(
        self, arguments: Mapping[str, Any], variables: Mapping[str, Any]
    ) -> tuple[list[dict[str, Any]], list[str]]:
        call = Call(variables, self._templar.template)
        components = list(dict.fromkeys(arguments["components"]))
        _inventory.check_components(call.catalog, components)
        shorts = {_plan.OWNER + name: call.catalog.components[name].short for name in components}
        if arguments["state"] == "absent":
            return [{"owner": owner, "short": short, "rules": []} for owner, short in shorts.items()], []
        estate = call.estate(components, _DIRECTIONS)
        shares = [_plan.share(estate, call.host, name, call.own_options(name), _DIRECTIONS) for name in components]
        warnings = [*_variables.misspelt(variables), *call.warnings, *_plan.unknown_report(estate, call.host, shares)]
        return [{**owner, "short": shorts[owner["owner"]]} for owner in _plan.rules(shares)], warnings


def _no_python(told: str) -> bool:
    """Whether Ansible, or the host's shell, says that there is no Python to run a module with."""
    return "python" in told and any(sign in told for sign in ("not found", "No such file", "No python"))
