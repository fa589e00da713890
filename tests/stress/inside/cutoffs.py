# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cutoffs: a change that nobody confirms is taken back by the host itself, in time."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import child
import eye
import kills
import random_rules
import space
from ansible_collections.printnet.ports.plugins.module_utils import _state
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import FIREWALLS
from ansible_collections.printnet.ports.plugins.module_utils._host import HostError
from host import OWNERS, FaultError, Host

RECORD = Path("/var/lib/printnet.ports/restored.json")


def case(host: Host, seed: str, number: int, case_of: dict[str, Any]) -> None:
    rng = random.Random(f"cut/{seed}/{number}")
    old, new, _other = kills.sets(rng, host.firewall)
    timeout = rng.choice([2, 2, 2, 3])
    new["printnet.ports/beta"] = [
        *new["printnet.ports/beta"],
        random_rules.rule(rng, "firewalld", 3) | {"direction": "in"},
    ]
    case_of.update(old=old, new=new, timeout=timeout)
    host.settle(old)
    # The rules alone: firewalld has an empty policy saved before it can have a live one.
    saved = _saved(host)
    answer = host.start(new, confirm="always", timeout=timeout).wait()
    late = host.was_too_slow(answer)
    if not late and (not answer.good or "Traceback" in answer.told):
        raise FaultError(f"the module failed: {answer.text}")
    made = time.monotonic()
    if not late and "confirm" not in answer.result:
        host.tally.counts["nothing to change"] += 1
        return
    over = made if late else _armed(answer.result["confirm"]["command"]) + timeout
    grid = host.between(old, new)
    if _saved(host) != saved:
        raise FaultError("something was saved before the confirmation")
    restored = _wait_for(host, old, over + host.grace + 10)
    # The time may be over between the change and its answer, and firewalld does one thing after the other.
    since = max(over, made)
    host.tally.took("restored after the timer's time", restored - since)
    case_of.update(seconds=restored - since)
    host.tally.counts["cutoffs"] += 1
    if restored > since + host.grace:
        raise FaultError(f"restored {restored - since:.2f} s after the {timeout} s of its timer")
    end = time.monotonic() + 3
    while not RECORD.exists() and time.monotonic() < end:
        time.sleep(0.02)
    entries = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else []
    if not entries or "nobody confirmed it" not in entries[-1]["cause"] or sorted(OWNERS) != entries[-1]["owners"]:
        raise FaultError(f"the record says {entries}")
    host.has(old)
    if _saved(host) != saved:
        raise FaultError("what is saved is not what it was")
    host.packets(rng, grid, old, most=6)
    host.untouched()
    told = host.run(old, check=True)
    if not any("was taken back because nobody confirmed it" in str(one) for one in told.result.get("warnings", [])):
        raise FaultError(f"the next run does not tell it: {told.text}")
    if told.result["changed"]:
        raise FaultError(f"there is still something to change: {told.text}")
    host.settle(old)
    host.clean()


def _saved(host: Host) -> dict[str, Any]:
    return {owner: state["saved"][0] for owner, state in host.states().items()}


def _armed(command: list[str]) -> float:
    """When systemd started the timer of the change that the command confirms, by the monotonic clock."""
    token = next(word for word in command if re.fullmatch("[0-9a-f]{16}", word))
    unit = f"printnet.ports-restore-{token}.timer"
    show = ["systemctl", "show", unit, "-p", "ActiveEnterTimestampMonotonic", "--value"]
    found = int(subprocess.run(show, capture_output=True, text=True, check=True).stdout or 0)
    if not found:
        raise FaultError(f"{unit} is not active")
    return found / 1_000_000


def _wait_for(host: Host, old: dict[str, Any], end: float) -> float:
    """When the live rules are the old ones again.

    The kernel is looked at over and over; the backend reads only when something is new there, as firewalld answers one
    question after the other and would be kept from its work.
    """

    def watch() -> None:
        rules = {owner: [space.plain(rule) for rule in old[owner] if rule["direction"] == "in"] for owner in OWNERS}
        beside = [space.plain({"transport": "tcp", "ports": ["22"], "peers": ["any"]})]
        firewall = FIREWALLS[host.firewall](child.run, OWNERS)
        last: list[str] = []
        while time.monotonic() < end:
            time.sleep(0.05)
            at, seen = time.monotonic(), eye.live(host.firewall)
            if seen == last:
                continue
            try:
                states = _state.dump(firewall.read())
            except HostError:
                # The switch is at work, and this look has no lock: what firewalld named may be gone a moment later.
                continue
            last = seen
            live = {owner: [space.kept(fields) for fields in states[owner]["live"][0]] for owner in OWNERS}
            if not any(space.difference([*rules[owner], *beside], [*live[owner], *beside]) for owner in OWNERS):
                print(json.dumps({"at": at}))
                return
        os._exit(1)

    answer = child.Running(watch).wait()
    if answer.status:
        raise FaultError(f"the old rules did not come back: {answer.text}")
    return float(answer.result["at"])


warm_up = kills.warm_up
finish = kills.finish
