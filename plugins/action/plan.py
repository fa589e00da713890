# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans all hosts of the inventory on the controller, and touches none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _check_plan,
    _module_call,
    _plan_file,
    _plan_output,
    _plan_run,
    _variables,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, shown

display = Display()

TASK: dict[str, Any] = {
    "file": {"type": "str"},
    "folder": {"type": "str"},
    "write_topology": {"type": "bool", "default": False},
    "approved": {"type": "str"},
    "max_shrink": {"type": "float", "default": 10.0},
    "show": {"type": "list", "elements": "str", "choices": ["flows", "hosts", "network"], "default": []},
}


class ActionModule(ActionBase):
    """Plans, compares with an earlier plan, writes what is asked for, and says what a user has to know."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Plan; the host that the task runs on only lends its variables."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            _check_number("printnet_max_shrink", self._task.args.get("max_shrink", 0))
            _validation, arguments = self.validate_argument_spec(argument_spec=TASK)
            result.update(self._plan(arguments, task_vars or {}))
        except PortsError as wrong:
            # Not raised: ansible-core 2.18 would speak of an exception and a traceback.
            result.update(failed=True, changed=False, msg=wrong.message)
        return result

    def _plan(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        places = _module_call.places(self)
        call = Call(variables, self._templar.template, places)
        files = _plan_run.Files(places.find, None if self._task.check_mode else datetime.now(UTC))
        call.host_variables.watch(partial(_variables.is_near, call.catalog))
        run = _plan_run.plan(call, fresh=arguments["write_topology"])
        # What is shown says it in its findings.
        shown_too = run.plan.warnings if arguments["show"] else ()
        warnings = (one for one in run.warnings if one not in shown_too)
        misspelt = _variables.misspelt_by_hosts(call.catalog, variables, call.host_variables.beside)
        for warning in (*misspelt, *warnings):
            display.warning(warning)
        earlier = files.earlier(arguments["file"])
        views = _plan_run.views(call, run, earlier)
        saved = _plan_file.saved(run.plan, files.now, views.saved_rows)
        changes = views.changes = _plan_file.changes(earlier, saved) if earlier else None
        for sentence in _plan_run.deserted(run, earlier, call):
            display.warning(sentence)
        if variables.get("ansible_limit"):
            for sentence in _plan_run.beyond(run, changes, variables.get("ansible_play_hosts_all", ())):
                display.warning(sentence)
        if arguments["show"] and not run.plan.hosts:
            display.warning(_plan_run.NOBODY)
        if arguments["show"]:
            width = vars(display).get("columns") or _plan_output.WIDTH
            display.display(views.text([f"text-{form}" for form in arguments["show"]], width=width))
        # Shown first: who is to judge a plan that is refused has to see it.
        _plan_run.check(saved, earlier, arguments["approved"], arguments["max_shrink"])
        if arguments["write_topology"]:
            files.write_topology(str(call.read("printnet_topology_file")), run.plan)
        if arguments["folder"]:
            files.write_views(arguments["folder"], views, run.left_alone)
        if arguments["file"]:
            files.write_plan(arguments["file"], saved, earlier)
        return {
            "changed": bool(files.written),
            "digest": saved.digest,
            "written": files.written,
            "managed": [{"host": name, "components": list(run.plan.hosts[name].components)} for name in run.visible],
            "absent": _by_host(run.absent),
            "windows": list(run.windows),
            "residents": _by_host(run.plan.residents),
            "outside": list(run.plan.outside),
            "left_out": list(_plan_run.left_out(run, variables.get("ansible_limit"))),
            "sources": list(_check_plan.sources(call, run.plan)[0]),
            "changes": [_plan_run.as_dict(change) for change in changes or ()],
        }


def _by_host(components: Mapping[str, Iterable[str]]) -> list[dict[str, Any]]:
    return [{"host": name, "components": list(names)} for name, names in components.items()]


def _check_number(name: str, value: Any) -> None:
    """Ansible's own words for it name no variable."""
    try:
        float(value)
    except (TypeError, ValueError):
        raise PortsError(f"{name}: {shown(value)} must be a percentage from 0 to 100") from None
