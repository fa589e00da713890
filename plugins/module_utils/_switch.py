# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the switch of a confirmed change: what runs on the host without Ansible, to keep it or to take it back."""

from __future__ import annotations

import json
import signal
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _active, _commit, _host, _ledger, _records
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import FIREWALLS

_CONFIRMING = _commit.FOLDER / "confirmed.json"
"""What was pending, as long as it is being confirmed."""
_AGAIN = 75
"""The exit status that asks systemd to start the switch again."""
_PAUSE = 0.2
_CUT_OFF = "its confirmation was ended in the midst of saving it"


def main(run: _host.Run, arguments: list[str]) -> int:
    """The switch: ``restore``, ``confirm`` or ``try``, the change's token, the firewall's name; its exit status."""
    what, token, firewall = arguments
    if what == "try":
        # That it came as far as this is the answer, and that the firewall's own part is found.
        return 0 if FIREWALLS[firewall].has_bindings() else 1
    if what == "confirm":
        # Who asks may go, and the connection with it; what was begun is ended.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        sys.stdout.write(json.dumps(confirm(run, token)) + "\n")
        return 0
    return 0 if _fire(run, token, firewall) else _AGAIN


def _fire(run: _host.Run, token: str, firewall: str) -> bool:
    """Restore what the token belongs to, if it is still open; whether nothing is left to do.

    A module that hangs with the lock does not keep the switch from its work. What it does when it wakes up is put back
    when it has ended, in whatever way.
    """
    is_put_back = False
    while _look(token)[0] or _CONFIRMING.exists():
        with ExitStack() as stack:
            try:
                stack.enter_context(_host.locked(seconds=_commit.GRACE / 2))
            except _host.HostError:
                is_open, change = _look(token)
                if is_open and not is_put_back:
                    with suppress(_host.HostError):
                        _commit.put_back(run, change or _commit.what_is_saved(run, firewall))
                        is_put_back = True
                # A lock that can't be made at all, as on a full file system, is refused at once.
                time.sleep(_PAUSE)
                continue
            return _end(run, token, firewall)
    return True


def _look(token: str) -> tuple[bool, _commit.Change | None]:
    """Whether the change is open, and what is written down of it, where that can be read."""
    change = _commit.open_change()
    return _commit.PENDING.exists() and (change is None or change.token == token), change


def _end(run: _host.Run, token: str, firewall: str) -> bool:
    """Take the change back, if it is still open, under the lock; whether nothing is left to do."""
    is_open, change = _look(token)
    cause = _commit.unconfirmed(change) if change else _commit.NOBODY
    if not is_open:
        # Who confirms holds the lock: where that is free, it was killed before all was saved.
        change, cause = _commit.read(_CONFIRMING), _CUT_OFF
        if change is None or change.token != token:
            return True
        _CONFIRMING.rename(_commit.PENDING)
    try:
        change = change or replace(_commit.what_is_saved(run, firewall), token=token)
        _commit.restore(run, change, cause)
    except _host.HostError as wrong:
        if not any(token == one.get("token") for one in _records.entries()):
            run_of, armed = (change.run, change.armed) if change else ("an unknown run", "an unknown time")
            owners = change.after if change else ()
            told = f"{cause}; but putting it back failed: {wrong}"
            _records.add(run_of, armed, owners, told, token=token, failed=True)
        # Where the firewall has gone it is not tried for ever: nothing was saved, and the next run does the rest.
        return change is not None and _is_gone(run, change.firewall)
    return True


def _is_gone(run: _host.Run, firewall: str) -> bool:
    with suppress(_host.HostError):
        return firewall not in (*_active.active_firewalls(run), *_active.stopped_firewalls(run))
    return False


def confirm(run: _host.Run, token: str) -> dict[str, Any]:
    """Keep the change: the controller has come back over a new connection."""
    with _host.locked():
        change = _commit.read(_commit.PENDING)
        if change is None or change.token != token:
            return {"failed": True, "msg": " ".join(_records.sentences()) or "The change is not open any more."}
        if _commit.late(change):
            return {
                "failed": True,
                "msg": f"The confirmation came after the {change.timeout} seconds within which it was waited for; a "
                "larger confirm_timeout gives it more. The host puts back what it had.",
            }
        _commit.PENDING.rename(_CONFIRMING)
        _records.remove(_commit.KEPT)
        try:
            with _ledger.renewed(change.firewall, change.shorts, change.after, change.by_hand), _commit.surprises():
                firewall = FIREWALLS[change.firewall](run, change.shorts)
                firewall.commit(firewall.read(), change.after)
                found = firewall.read()
                if found != change.after:
                    raise _host.HostError("The firewall did not keep what it was given.")
        except _host.HostError as wrong:
            try:
                _commit.restore(run, change, f"it could not be saved: {wrong}")
            except _host.HostError as worse:
                # The switch is still armed, and does it when its time has come.
                _CONFIRMING.rename(_commit.PENDING)
                return {"failed": True, "msg": f"{wrong} What was there before could not be put back yet: {worse}"}
            return {"failed": True, "msg": f"{wrong} What was there before was put back."}
        _commit.disarm(run, change)
        return {"failed": False}
