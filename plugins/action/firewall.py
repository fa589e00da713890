# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of the module firewall: plans what the components need, then makes one call to the host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.printnet.ports.plugins.module_utils._arguments import CONDITIONS, TASK
from ansible_collections.printnet.ports.plugins.module_utils._standing import OWNER
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _by_hand,
    _confirm,
    _inventory,
    _module_call,
    _notes,
    _plan,
    _variables,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError

display = Display()

_SHORTEST, _LONGEST = 2, 3600


class ActionModule(ActionBase):
    """Plans, calls, and says what a user has to know."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Plan what is asked for, make one call to the host, and confirm the change if it has to be."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._task.args = _module_call.plain(self._task.args)
        _validation, arguments = self.validate_argument_spec(argument_spec=TASK, **CONDITIONS)
        try:
            _module_call.check_host(self._connection)
            if not _SHORTEST <= arguments["confirm_timeout"] <= _LONGEST:
                raise PortsError(f"confirm_timeout must be from {_SHORTEST} to {_LONGEST} seconds")
            call = Call(task_vars or {}, self._templar.template, _module_call.places(self))
            plan, warnings = self._plan(call, arguments, task_vars or {})
            for warning in warnings:
                display.warning(warning)
            given = {name: value for name, value in arguments.items() if value is not None and name != "rules"}
            result.update(_module_call.call(self, "firewall", {**given, "plan": plan}, task_vars))
            if result.get("removed_by_others"):
                # Only who has something to tell waits for this and what it imports.
                from ansible_collections.printnet.ports.plugins.module_utils import _ledger

                display.warning(f"{call.host}: {_ledger.sentence(result['removed_by_others'])}")
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

    def _notes(self, call: Call, arguments: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
        """What an administrator should read of the answer."""
        names = [owner.removeprefix(OWNER) for owner in answer.get("stale", ())]
        asked = {**arguments, "keeps": _variables.removals_of(call.read, None) == "later"}
        return _notes.notes(call.host, answer, asked, _memberships(call, names), bool(self._task.check_mode))

    def _plan(
        self, call: Call, arguments: dict[str, Any], variables: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[str]]:
        """What the host's part needs to know, and what the user has to know."""
        arguments["removals"] = _variables.removals_of(call.read, arguments["removals"])
        outbound = _variables.outbound_of(call.read)
        if arguments["owner"] is not None:
            owners = _by_hand_owners(call, arguments)
            warnings: list[str] = []
            known = []
        else:
            known = _plan.owners(call.catalog)
            owners, warnings = _planned(call, arguments, ("in",) if outbound == "false" else ("in", "out"))
            warnings = [*_variables.misspelt(variables), *warnings]
        return {
            "owners": owners,
            "known": known,
            "apply": _variables.applies(call.read),
            "outbound": outbound,
            "run": _module_call.who(),
            "can_confirm": _confirm.can_confirm(self._connection),
        }, warnings


def _by_hand_owners(call: Call, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    if arguments["state"] == "untouched" or arguments["stale"] != "keep":
        raise PortsError("state: untouched, stale: remove and stale: all go with components, not with owner")
    owner, short = _by_hand.owner(call.catalog, arguments["owner"])
    if arguments["rules"] is None and arguments["state"] == "present":
        raise PortsError("owner needs rules: a list, which may be empty. To take its rules away, say state: absent")
    return [{"owner": owner, "short": short, "rules": _by_hand.rules(arguments["rules"] or [])}]


def _planned(
    call: Call, arguments: Mapping[str, Any], directions: tuple[str, ...]
) -> tuple[list[dict[str, Any]], list[str]]:
    components = list(dict.fromkeys(arguments["components"]))
    _inventory.check_components(call.catalog, components)
    shorts = {OWNER + name: call.catalog.components[name].short for name in components}
    if arguments["state"] != "present" or not components:
        return [{"owner": owner, "short": short, "rules": []} for owner, short in shorts.items()], []
    estate = call.estate(components, directions)
    shares = [
        _plan.share(estate, call.host, name, call.own_options(name), directions)
        if call.is_here(name)
        else _plan.Share(name, (), ())
        for name in components
    ]
    warnings = [*call.warnings, *_plan.unknown_report(estate, call.host, shares)]
    return [{**owner, "short": shorts[owner["owner"]]} for owner in _plan.rules(shares)], warnings


def _memberships(call: Call, components: Iterable[str]) -> list[str]:
    """Those of the components of which the host is one: by their groups, or else by those of what they live on."""
    known = [name for name in components if name in call.catalog.components]
    if not known:
        return []
    inventory = call.inventory()
    return [name for name in known if _inventory.counts_as(inventory, name, call.host)]
