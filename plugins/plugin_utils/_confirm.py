# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: confirms a change of a host's firewall over a new connection."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.connection import ConnectionBase

_LOOK = "cat /var/lib/printnet.ports/restored.json /run/printnet.ports.restored.json; ls /run/printnet.ports; echo seen"
"""What was taken back, and whether a change is open."""
_GRACE = 3
"""Seconds that a host may take to put back what it had."""
_PAUSE = 1

Execute = Callable[[str], dict[str, Any]]
"""Runs a command on the host, as the task's user, and returns its ``stdout``; raises AnsibleError."""


def can_confirm(connection: ConnectionBase) -> bool:
    """Whether the connection can be dropped and made anew: the base class only warns, and local has none."""
    return type(connection).reset is not ConnectionBase.reset and connection.transport != "local"


def confirm(connection: ConnectionBase, execute: Execute, asked: Mapping[str, Any]) -> str:
    """Confirm over a new connection; the answer is empty, or says why the host has what it had before.

    As long as the host's switch has not fired it is tried again: a busy host may refuse a connection once.
    """
    command, end = shlex.join(asked["command"]), time.monotonic() + asked["seconds"]
    why = "it did not answer"
    while True:
        answer: dict[str, Any] = {}
        try:
            connection.reset()
            answer = _answer(execute(command))
        except AnsibleError as wrong:
            why = (str(wrong).strip().splitlines() or [why])[-1]
        if answer:
            return str(answer.get("msg") or "the host did not say why") if answer.get("failed") else ""
        if time.monotonic() + _PAUSE >= end:
            break
        time.sleep(_PAUSE)
    time.sleep(max(0.0, end + _GRACE - time.monotonic()))
    return (
        f"The change could not be confirmed over a new connection within {asked['seconds']} seconds ({why}), "
        f"so the host puts back what it had. {_restored(connection, execute, asked['token'])}"
    )


def _answer(done: Mapping[str, Any]) -> dict[str, Any]:
    """The host's answer, which may come after what a login prints; nothing where there is none."""
    for line in reversed(str(done.get("stdout", "")).splitlines()):
        with suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict) and "failed" in found:
                return found
    return {}


def _restored(connection: ConnectionBase, execute: Execute, token: str) -> str:
    """Whether the host says that it did; its record has the change's token."""
    seen = ""
    with suppress(AnsibleError):
        connection.reset()
        seen = str(execute(_LOOK).get("stdout", ""))
    records = [record for record in seen.split("}") if f'"{token}"' in record]
    if any('"failed": true' not in record for record in records):
        return "It did: its record says so, and the next run will show it."
    if records:
        return "It could not yet, and tries again: the next run will say why, and what became of it."
    if "seen" in seen and "pending.json" not in seen:
        return (
            "But it has no record of that, and no change is open any more: another run has told of it meanwhile, or "
            "it was confirmed, and only the answer was lost. Run this again: it says what there is to change."
        )
    return "Whether it did could not be seen: the next run will say it."
