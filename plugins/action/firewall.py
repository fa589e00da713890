# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of the module firewall: plans what the components need, then makes one call to the host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.printnet.ports.plugins.module_utils._arguments import CONDITIONS, TASK
from ansible_collections.printnet.ports.plugins.module_utils._standing import OWNER
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _by_hand,
    _confirm,
    _module_call,
    _names,
    _notes,
    _task_variables,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._task import Task

display = Display()


class ActionModule(ActionBase):
    """Plans, calls, and says what a user has to know."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Plan what is asked for, make one call to the host, and confirm the change if it has to be."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        # What is null is not said: so one of two may be left open.
        given = _module_call.plain(self._task.args)
        self._task.args = {name: value for name, value in given.items() if value is not None}
        _validation, arguments = self.validate_argument_spec(argument_spec=TASK, **CONDITIONS)
        try:
            _module_call.check_host(self._connection)
            call = Task(task_vars or {}, self._templar.template, _module_call.places(self))
            _check_delegation(call.host, self._task.delegate_to, arguments)
            plan, warnings = self._plan(call, arguments, task_vars or {})
            for warning in warnings:
                display.warning(warning)
            given = {name: value for name, value in arguments.items() if value is not None and name != "rules"}
            result.update(_module_call.call(self, "firewall", {**given, "plan": plan}, task_vars))
            if result.get("removed_by_others"):
                # Only who has something to tell waits for this and what it imports.
                from ansible_collections.printnet.ports.plugins.module_utils import _ledger

                display.warning(
                    f"{self._task.delegate_to or call.host}: {_ledger.sentence(result['removed_by_others'])}"
                )
            self._confirm(result)
            if not result.get("failed"):
                result["notes"] = self._notes(call, arguments, result)
        except PortsError as wrong:
            # Not raised: ansible-core 2.18 would speak of an exception and a traceback.
            result.update(failed=True, changed=False, msg=wrong.message)
        return result

    def _confirm(self, result: dict[str, Any]) -> None:
        """Over a new connection, where the host waits for it."""
        asked = result.pop("confirm", None)
        if asked and not result.get("failed"):
            told = _confirm.confirm(
                self._connection, lambda command: dict(self._low_level_execute_command(command, sudoable=True)), asked
            )
            if told:
                raise PortsError(told)
            result["confirmed"] = True

    def _notes(self, call: Task, arguments: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
        """What an administrator should read of the answer."""
        names = [owner.removeprefix(OWNER) for owner in answer.get("stale", ())]
        members: list[str] = []
        if names:
            from ansible_collections.printnet.ports.plugins.plugin_utils import _planned

            members = _planned.memberships(call, names)
        asked = {**arguments, "keeps": _kept_because(call, arguments) if answer.get("later") else ""}
        host = self._task.delegate_to or call.host
        return _notes.notes(host, answer, asked, members, bool(self._task.check_mode))

    def _plan(
        self, call: Task, arguments: dict[str, Any], variables: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[str]]:
        """What the host's part needs to know, and what the user has to know."""
        arguments["removals"] = _task_variables.removals_of(call.read, arguments["removals"])
        arguments["confirm"] = _task_variables.confirm_of(call.read, arguments["confirm"])
        arguments["confirm_timeout"] = _task_variables.confirm_timeout_of(call.read, arguments["confirm_timeout"])
        outbound = _task_variables.outbound_of(call.read)
        if arguments["owner"] is not None:
            owners = _by_hand_owners(call, arguments)
            warnings: list[str] = []
            known = []
        else:
            # Rules by hand need no plan, and do not wait for what makes one.
            from ansible_collections.printnet.ports.plugins.plugin_utils import _plan, _planned, _variables

            known = _plan.owners(call.catalog)
            owners, warnings = _planned.owners(call, arguments, ("in",) if outbound == "false" else ("in", "out"))
            warnings = [*_variables.misspelt(call.catalog, variables), *warnings]
            if _planned.kept_because(call, arguments):
                arguments["removals"] = "later"
        return {
            "owners": owners,
            "known": known,
            "apply": _task_variables.applies(call.read) and not _is_left_alone(call, self._task.delegate_to, variables),
            "outbound": outbound,
            "run": _module_call.who(),
            "can_confirm": _confirm.can_confirm(self._connection),
        }, warnings


def _check_delegation(host: str, to: str | None, arguments: Mapping[str, Any]) -> None:
    """Refuse to give another host what is planned for this one; in a play, each host's would replace the last one's."""
    if to and to != host and arguments["owner"] is None:
        raise PortsError(
            f"What components need is planned for {host}, and delegate_to would change the firewall of {to} by it. "
            f"Let a play of its own name {to}, or use owner and rules. Nothing was changed."
        )


def _is_left_alone(call: Task, to: str | None, variables: Mapping[str, Any]) -> bool:
    """Whether the task goes to another host of the inventory, and that one's firewall belongs to somebody else."""
    if not to or to == call.host or to not in variables["hostvars"]:
        return False
    from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call

    return Call.of(call).is_left_alone(to)


def _kept_because(call: Task, arguments: Mapping[str, Any]) -> str:
    """Why more than this task has to leave what is not needed any more; empty where nothing says so."""
    if arguments["components"]:
        from ansible_collections.printnet.ports.plugins.plugin_utils import _planned

        why = _planned.kept_because(call, arguments)
        if why:
            return why
    return "printnet_removals is later" if _task_variables.removals_of(call.read, None) == "later" else ""


def _by_hand_owners(call: Task, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    if arguments["state"] == "untouched" or arguments["stale"] != "keep":
        raise PortsError("state: untouched, stale: remove and stale: all go with components, not with owner")
    own = any(call.read(name) for name in _task_variables.CATALOG)
    taken = _names.of(call.catalog.components.values()) if own else _names.shipped()
    owner, short = _by_hand.owner(arguments["owner"], taken)
    if arguments["rules"] is None and arguments["state"] == "present":
        raise PortsError("owner needs rules: a list, which may be empty. To take its rules away, say state: absent")
    return [{"owner": owner, "short": short, "rules": _by_hand.rules(arguments["rules"] or [])}]
