# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of the module compliance_info: says what is to be tried from the host, and asks it once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _check_plan,
    _module_call,
    _observed,
    _plan,
    _policy,
    _query,
    _variables,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._probe_plan import Settings

TASK: dict[str, Any] = {
    "timeout": {"type": "float"},
    "at_once": {"type": "int"},
    "rate": {"type": "float"},
    "gentle_rate": {"type": "float"},
    "deadline": {"type": "float"},
    "snmp_community": {"type": "str", "no_log": True},
}


class ActionModule(ActionBase):
    """Plans once a run, and calls."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Make one call to the host; where it refuses to let us be root, another one without."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(argument_spec=TASK)
        try:
            call = Call(task_vars or {}, self._templar.template, _module_call.places(self))
            result.update(self._look(call, given, task_vars))
        except PortsError as wrong:
            result.update(failed=True, msg=wrong.message)
        return result

    def _look(self, call: Call, given: Mapping[str, Any], variables: Any) -> dict[str, Any]:
        if getattr(self._connection._shell, "_IS_WINDOWS", False):
            return {"not_managed": True, "why": "this version of printnet.ports does not look at Windows hosts"}
        asked = time.time()
        aims = _check_plan.targets(call)
        settings = _check_plan.settings_of(call)
        arguments = {
            **_limits(settings, given),
            "gentle_deadline": _policy.window_left(call.read, datetime.now()),
            "snmp_community": given.get("snmp_community") or str(call.read("printnet_snmp_community") or "public"),
            "targets": [_target(aim.as_dict(0, settings.timeout)) for aim in aims],
            "plan": _known(call, variables),
        }
        if given.get("timeout") is not None:
            arguments["targets"] = [{**one, "timeout": given["timeout"]} for one in arguments["targets"]]
        answer, why = self._ask(arguments, variables)
        if answer.get("failed") or "rules" not in answer:
            return answer
        probes = _by_key(answer.get("probes"), {number: aim.key for number, aim in enumerate(aims)})
        return {**answer, "probes": probes, "why": why, "asked": asked}

    def _ask(self, arguments: dict[str, Any], variables: Any) -> tuple[dict[str, Any], str]:
        """The answer, and why it is not root's."""
        try:
            answer = _module_call.call(self, "compliance_info", arguments, variables)
            if not answer.get("failed") or "rules" in answer or not self._connection.become:
                return answer, ""
            # Where the connection has a terminal, what sudo says stands among the module's own output.
            refused = "\n".join(str(answer.get(name) or "") for name in ("msg", "module_stdout", "module_stderr"))
            if not _is_refusal(refused):
                return answer, ""
        except AnsibleError as wrong:  # some versions count a refused sudo among connections that fail
            if not self._connection.become or not _is_refusal(str(wrong)):
                raise
            refused = str(wrong)
        told = _observed.line(refused.strip().splitlines()[-1] if refused.strip() else "", 120)
        become, self._connection.become, self._play_context.become = self._connection.become, None, False
        try:
            return _module_call.call(self, "compliance_info", arguments, variables), f"root was refused: {told}"
        finally:
            # Another try of the task, or the next one, has the same connection.
            self._connection.become, self._play_context.become = become, True


def _by_key(told: Any, keys: Mapping[int, str]) -> dict[str, Any]:
    """What the host says of its connections, by what was tried; what is none of the answers asked for is left out."""
    found = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return {keys[number]: one for one in found if isinstance(number := one.get("number"), int) and number in keys}


def _is_refusal(text: str) -> bool:
    """Whether it is sudo, or what stands in for it, that refuses."""
    signs = ("sudo", "password", "become", "su:", "doas", "not allowed", "privilege")
    return any(sign in text.lower() for sign in signs)


def _limits(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    known = {
        "at_once": settings.at_once,
        "rate": settings.rate,
        "gentle_rate": settings.print_rate,
        "deadline": settings.deadline,
    }
    return {name: value if given.get(name) is None else given[name] for name, value in known.items()}


def _target(aim: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in aim.items() if name != "number" and value is not None}


def _known(call: Call, variables: Mapping[str, Any]) -> dict[str, Any]:
    """What firewall_info is told as well: whose rules there may be, and on which ports flows are."""
    settings = _variables.settings_of(call.catalog, call.read)
    options = _variables.options_of(call.catalog, variables, call.read)
    return {
        "known": _plan.owners(call.catalog),
        "ports": _query.ports(call.catalog, settings, options),
    }
