# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile arguments to the module itself: a clear error or the right rules; no traceback, no shell, nothing beside."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import child
import eye
import space
import words
from host import OWNERS, FaultError, Host

EVERY = 100
"""After so many cases the files of the host are looked at."""
_ANSIBLES = ("argument ", "value of ", "Value ", "Elements ", "unable to ", "Unsupported parameters ")
"""So begin Ansible's own errors, which quote a value or a name whole; ours do not."""
_OUTSIDE = ("/tmp", "/root", "/etc", "/var/tmp", "/home", "/usr/local", "/opt", "/srv", "/")
_there: set[str] = set()


def case(host: Host, seed: str, number: int, case_of: dict[str, Any]) -> None:
    rng = random.Random(f"fuzz/{seed}/{number}")
    arguments = _arguments(rng)
    # As Ansible sends it: what can't be JSON never comes to a host.
    arguments = json.loads(json.dumps(arguments))
    case_of["arguments"] = arguments
    answer = child.module(arguments, check=rng.random() < 0.2).wait()
    host.tally.took("a run", answer.seconds)
    _judge(host, answer)
    if os.path.exists(words.CANARY):
        os.unlink(words.CANARY)
        raise FaultError(f"a value reached a shell: {words.CANARY} was made")
    if answer.result.get("changed"):
        _only_ours(host)
    plan = arguments.get("plan")
    others = [one for one in plan["owners"] if one["short"] not in OWNERS.values()] if answer.good and plan else []
    if others:
        child.module({**arguments, "state": "absent"}).wait()
    if number % EVERY == EVERY - 1:
        more = _files() - _there
        if more:
            _there.update(more)
            raise FaultError(f"files came into being in one of the last {EVERY} cases: {sorted(more)[:5]}")
        host.as_before()


def _judge(host: Host, answer: child.Answer) -> None:
    told = answer.out + answer.told
    if "AnsibleModule(argument_spec=" in told and "printnet/ports/plugins/module_utils" not in told:
        # Ansible itself stumbles over some values (a plan that is a number, half a surrogate pair) before it calls us.
        host.tally.counts["Ansible's own tracebacks"] += 1
        return
    if not answer.result or answer.status not in (0, 1):
        raise FaultError(f"no answer: {answer.text}")
    if "Traceback" in told or "exception" in answer.result:
        raise FaultError(f"a traceback: {answer.text}")
    if answer.result.get("failed"):
        host.tally.counts["errors"] += 1
        message = answer.result.get("msg")
        if not isinstance(message, str) or len(message) < 10 or " " not in message:
            raise FaultError(f"the error says little: {answer.text}")
        if len(message) > 5000 and not message.startswith(_ANSIBLES):
            raise FaultError(f"the error is {len(message)} characters long: {message[:300]}")
    else:
        host.tally.counts["accepted"] += 1


def _arguments(rng: random.Random) -> dict[str, Any]:
    short, owner = rng.choice(list(OWNERS.items()))[::-1]
    one: dict[str, Any] = {"owner": owner, "short": short, "rules": words.rules(rng, ("flows",))}
    plan: dict[str, Any] = {"owners": [one], "outbound": "auto", "run": "the stress", "can_confirm": False}
    found: dict[str, Any] = {"owner": "alpha", "plan": plan, "confirm": "never"}
    how = rng.random()
    if how < 0.1:
        one[rng.choice(["owner", "short"])] = words.value(rng)
    elif how < 0.2:
        plan[rng.choice(["owners", "outbound", "run", "can_confirm"])] = words.value(rng)
    elif how < 0.35:
        keys = [
            "components",
            "owner",
            "rules",
            "state",
            "removals",
            "firewall",
            "confirm_timeout",
            "plan",
            words.text(rng),
        ]
        found[rng.choice(keys)] = words.value(rng)
    elif how < 0.4:
        found["state"] = "absent"
    return found


def _only_ours(host: Host) -> None:
    """What is live beside what was there is what the backend reads of ours; the files beside it are ours alone."""
    states = host.states()
    there = [space.kept(fields) for state in states.values() for fields in state["live"][0]]
    told = eye.foreign_differs(host.firewall, host.baseline, eye.look(host.firewall))
    if told:
        raise FaultError(told)
    # Whatever was given, only what a good rule may hold is let in: the words' own ports and peers.
    grid = space.Grid(there)
    for port, transport, peer in ((23, "tcp", "203.0.113.1"), (7, "udp", "203.0.113.1")):
        if grid.passes(grid.cover(there), transport, port, 40000, peer) and not _may_be_wide(states):
            raise FaultError(f"{transport} {port} is let in from {peer}: {states}")


def _may_be_wide(states: dict[str, Any]) -> bool:
    """Whether a rule is for everybody, as some of the words that are right say."""
    return any("0.0.0.0/0" in fields[3] for state in states.values() for fields in state["live"][0])


def _files() -> set[str]:
    found = set()
    for folder in _OUTSIDE:
        try:
            found |= {str(path) for path in Path(folder).iterdir()}
        except OSError:
            continue
    return {path for path in found if not eye.OUR_FILES.search(path)}


def warm_up(host: Host) -> None:
    host.as_before()
    _there.update(_files())


def finish(host: Host) -> None:
    host.as_before()
