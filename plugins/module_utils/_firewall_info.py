# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the host's part of the module firewall_info: looks, takes no lock, and changes nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.printnet.ports.plugins.module_utils import (
    _active,
    _commit,
    _firewall_module,
    _foreign,
    _host,
    _python,
    _records,
    _rules,
    _state,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import ENTRIES, FIREWALLS

_LOOKS = 5
_PAUSE = 0.3
"""Seconds between two looks at a host where another run is at work."""
_AT_WORK = (
    "Another run of printnet.ports is at work on this host, so what is shown may be neither what was before nor what "
    "will be. Ask again."
)
_NO_PLAN: dict[str, Any] = {"asked": None, "known": [], "ports": []}


def main(module: AnsibleModule) -> None:
    """Look, and end the module with what was seen."""
    try:
        module.exit_json(changed=False, **_run(module))
    except (_host.HostError, _rules.RuleError) as wrong:
        module.fail_json(msg=str(wrong))


def _run(module: AnsibleModule) -> dict[str, Any]:
    return look(module, module.params["plan"] or _NO_PLAN, module.params["firewall"])


def look(module: AnsibleModule, plan: Mapping[str, Any], asked: str = "auto") -> dict[str, Any]:
    """What the module firewall_info returns; a HostError where it can't be seen.

    It may start the module again under another Python, so nothing that takes long may come before it.
    """
    if os.geteuid() != 0:
        raise _host.HostError("Only root on the host can see what its firewall has: set become: true.")
    run = _firewall_module.runner(module)
    active = _active.active_firewalls(run)
    enabled = _active.loaded_at_boot(run)
    name = choose(asked, active)
    if name:
        _python.find_bindings(name)
    seen = _look(run, name, plan)
    stays = _outlasted(run)
    return {
        "firewall": name,
        "firewalls": [{"name": one, "active": one in active, "starts_at_boot": one in enabled} for one in ENTRIES],
        **seen,
        "leftovers": _active.leftovers(
            run, active, {**_shorts(plan), **{k: v["short"] for k, v in seen["owners"].items()}}
        ),
        "restored": restored(bool(stays)),
        "notes": [*notes(active, enabled, name), *stays, *seen["notes"]],
    }


def choose(asked: str, active: list[str]) -> str:
    """The firewall to look at; empty where there is none, or where nobody can say which."""
    if asked == "auto":
        return active[0] if len(active) == 1 else ""
    if asked not in FIREWALLS:
        raise _host.HostError(f"firewall {asked!r} must be auto or one of {', '.join(FIREWALLS)}.")
    if asked not in active:
        there = f"{' and '.join(active)} {'is' if len(active) == 1 else 'are'}" if active else "No firewall is"
        raise _host.HostError(f"{there} active on this host, and the task asks for {asked}.")
    return asked


def notes(active: list[str], enabled: list[str], name: str) -> list[str]:
    """What is to be known of the host's firewalls, beside what the one that was looked at says."""
    found = []
    if len(active) > 1:
        found.append(
            f"{' and '.join(active)} are active on this host at once, so nobody can say which of them decides. "
            "Switch all but one off."
        )
        if not name:
            found.append(f"To look at one of them, say firewall: {active[0]}.")
    if not active:
        stopped = [f"{one} starts at boot, and does not run now." for one in enabled]
        found += stopped or ["No firewall is active on this host, so nothing is refused."]
    return found


def _shorts(plan: Mapping[str, Any]) -> dict[str, str]:
    """The owners that the controller knows of, or only those that the task asks for."""
    return {one["owner"]: one["short"] for one in (plan["known"] if plan["asked"] is None else plan["asked"])}


def _look(run: _host.Run, name: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    """What the firewall has, and the change that waits: of one moment, though others may be at work.

    Nobody is kept waiting for this. Instead it is looked at again when another run was there meanwhile.
    """
    seen: dict[str, Any] = {}
    wrong: _host.HostError | None = None
    at_work = False
    for attempt in range(_LOOKS):
        time.sleep(_PAUSE if attempt else 0)
        before, last = _moment(), attempt + 1 == _LOOKS
        try:
            seen, wrong = _see(run, name, plan), None
        except _host.HostError as met:
            wrong = met
        after = _moment()
        at_work = before[0] or before[:2] != after[:2]
        # The folder changes with the lock's file, which may have come and gone. Others have files there too.
        if last or not (at_work or (attempt == 0 and before != after)):
            break
    if wrong:
        raise wrong
    return {**seen, "notes": [*seen["notes"], *([_AT_WORK] if at_work else [])]}


def _moment() -> tuple[bool, str, float]:
    """What differs when a run has been at work: whether the lock is held, what is open, and the lock's folder."""
    change, folder = _commit.open_change(), 0.0
    with suppress(OSError):
        folder = _host.LOCK.parent.stat().st_mtime
    return _host.is_held(_host.LOCK), change.token if change else "", folder


def _see(run: _host.Run, name: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    change = _commit.open_change()
    seen = {"owners": {}, "foreign": [], "egress": "", "pending": pending(change), "notes": []}
    if not name:
        return seen
    found = FIREWALLS[name](run, {}).owners()
    shorts = (
        found if plan["asked"] is None else {owner: found.get(owner, short) for owner, short in _shorts(plan).items()}
    )
    firewall = FIREWALLS[name](run, shorts)
    now = firewall.read()
    return {
        **seen,
        "owners": {owner: _owner(shorts[owner], now[owner], _in_step(firewall, owner, now)) for owner in sorted(now)},
        "foreign": [
            {"opens": one.opens, **one.rule.as_dict(), "where": one.where, "only": one.only}
            for one in _foreign.touching(_foreign.at_home(firewall.foreign(), _host.has), _flows(plan))
        ],
        "egress": "denied" if firewall.denies_outgoing() else "open",
        "notes": firewall.notes(),
    }


def _owner(short: str, found: _state.Found, in_step: bool) -> dict[str, Any]:
    return {
        "short": short,
        **_state.describe(found),
        "rules": _plain(found.live),
        "saved_rules": _plain(found.saved),
        "in_step": in_step,
    }


def _plain(half: _state.Half) -> list[dict[str, Any]]:
    """Rules without their flows, which no firewall keeps: so they can be given to the module firewall as they are."""
    return [{name: value for name, value in rule.as_dict().items() if name != "flows"} for rule in half.rules]


def _in_step(firewall: Any, owner: str, now: _state.States) -> bool:
    """Whether what is live is what the saved rules make live here, which is not all where nothing is refused."""
    found = now[owner]
    if found.saved == found.live:
        return True
    with suppress(_host.HostError):
        aims: _state.States = firewall.check({**now, owner: _state.Found(found.saved, found.saved)}, now)
        return aims[owner] == found
    return False


def _flows(plan: Mapping[str, Any]) -> dict[tuple[str, _rules.Span], list[str]]:
    found: dict[tuple[str, _rules.Span], list[str]] = {}
    for one in plan["ports"]:
        found.setdefault((one["transport"], _rules.parse_span(one["port"])), []).extend(one["flows"])
    return found


def pending(change: _commit.Change | None) -> dict[str, Any]:
    """The change that waits for its confirmation; empty where none does."""
    if change is None:
        return {}
    left = max(0, round(change.deadline - time.monotonic()))
    return {
        "run": change.run,
        "armed": change.armed,
        "seconds_left": left,
        "firewall": change.firewall,
        "owners": sorted(change.after),
    }


def _outlasted(run: _host.Run) -> list[str]:
    """The change that nobody confirmed, and that a reboot did not take back, as a sentence."""
    gone = _commit.rebooted()
    with suppress(_host.HostError):
        return [told for told in [_commit.outlasted(run, gone) if gone else ""] if told]
    return []


def restored(but_the_last: bool = False) -> list[dict[str, Any]]:
    """The changes that this host took back, oldest first; they stay until a run of the module firewall told of them."""
    entries = _records.entries()
    gone = None if but_the_last else _commit.rebooted()
    if gone:
        # The next change writes this down.
        entries.append(_records.entry(gone.run, gone.armed, gone.after, _commit.REBOOTED, _records.booted()))
    return [
        {
            **{key: str(entry.get(key, "")) for key in ("time", "run", "armed", "cause")},
            "sentence": _records.sentence(entry),
        }
        for entry in entries
    ]
