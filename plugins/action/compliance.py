# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges on the controller what the hosts told, and writes the report. Touches no host."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _check_run,
    _module_call,
    _plan_output,
    _variables,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError

display = Display()

TASK: dict[str, Any] = {
    "observed": {"type": "str", "default": "printnet_observed"},
    "folder": {"type": "str"},
    "formats": {"type": "list", "elements": "str", "choices": ["json", "csv", "junit", "html", "text"]},
    "baseline": {"type": "str"},
    "accepted": {"type": "list", "elements": "dict", "default": []},
    "fail_on": {"type": "list", "elements": "str"},
    "report_only": {"type": "bool", "default": False},
    "store": {"type": "str"},
    "title": {"type": "str", "default": ""},
    "merge": {"type": "list", "elements": "str", "default": []},
    "show": {"type": "bool", "default": True},
}


class ActionModule(ActionBase):
    """Judges, writes, shows, and fails where the estate is not compliant."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Judge; the host that the task runs on only lends its variables."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=TASK)
        try:
            result.update(self._judge(arguments, task_vars or {}))
        except PortsError as wrong:
            result.update(failed=True, changed=False, msg=wrong.message)
        return result

    def _judge(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        places = _module_call.places(self)
        call = Call(variables, self._templar.template, places)
        for warning in _variables.misspelt(call.catalog, variables):
            display.warning(warning)
        call.host_variables.watch(partial(_variables.is_near, call.catalog))
        made = _check_run.run(call, arguments, variables, places.find, check_mode=bool(self._task.check_mode))
        others = {name: some for name, some in call.host_variables.beside.items() if name not in variables}
        for warning in (*_variables.misspelt_by_hosts(call.catalog, {}, others), *made.warnings):
            display.warning(warning)
        if arguments["show"]:
            width = vars(display).get("columns") or _plan_output.WIDTH
            display.display(made.text(width, _in_colour()))
            for place in made.written:
                display.display(f"Report: {place}")
        return {
            "changed": False,
            "failed": not made.report["compliant"],
            "msg": made.headline,
            "compliant": made.report["compliant"],
            "counts": made.report["counts"],
            "run_id": made.report["run"]["id"],
            "written": made.written,
        }


def _in_colour() -> bool:
    """As Ansible itself decides; a file or a pipe has none, and neither has who says NO_COLOR."""
    from ansible.utils.color import ANSIBLE_COLOR

    return bool(ANSIBLE_COLOR) and not os.environ.get("NO_COLOR") and sys.stdout is not None
