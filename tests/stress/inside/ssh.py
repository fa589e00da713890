# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills over real SSH: of Ansible on the controller, or of its connections; and confirmations over new ones."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import kills
from host import OWNERS, FaultError, Host

OWNER = next(iter(OWNERS))


def case(host: Host, seed: str, number: int, case_of: dict[str, Any]) -> None:
    rng = random.Random(f"ssh/{seed}/{number}")
    old, new, _other = kills.sets(rng, host.firewall)
    # A task is for one owner; what is sent has no part in what this is about.
    old, new = ({OWNER: [rule for rule in one[OWNER] if rule["direction"] == "in"]} for one in (old, new))
    whom, part = rng.choice(["ansible", "connections"]), rng.random()
    case_of.update(old=old, new=new, whom=whom, part=part)
    host.settle({**old, **_nothing(old)})
    arguments = {"owner": OWNERS[OWNER], "rules": new[OWNER], "confirm_timeout": 3}
    instant = part * 1.05 * host.typical("ssh")
    case_of["instant"] = instant
    done = host.ask("ansible", arguments=arguments, instant=instant, whom=whom)
    host.tally.took("ansible", done["seconds"])
    host.tally.counts["kills" if done["killed"] else "came too late"] += 1
    if not done["killed"]:
        host.learn("ssh", done["seconds"])
        if done["status"]:
            raise FaultError(f"nothing was killed, and it failed: {done['out']}")
    wide = ({**old, **_nothing(old)}, {**new, **_nothing(new)})
    grid = host.between(*wide)
    host.packets(rng, grid, *wide)
    _wait_for_the_module()
    grid = host.between(*wide)
    host.untouched(killed=True)
    # The same task again, in earnest: over SSH, with its confirmation.
    done = host.ask("ansible", arguments=arguments, instant=0)
    if done["status"]:
        raise FaultError(f"the next run failed: {done['out']}")
    host.has(wide[1])
    host.packets(rng, grid, wide[1])
    host.clean()
    host.untouched()
    again = host.ask("ansible", arguments=arguments, instant=0)
    if again["status"] or '"changed": false' not in again["out"]:
        raise FaultError(f"the run after it changes something: {again['out']}")
    host.tally.took("an unchanged run", again["seconds"])


def _nothing(some: dict[str, Any]) -> dict[str, Any]:
    return {owner: [] for owner in OWNERS if owner not in some}


def _wait_for_the_module() -> None:
    """A module whose connection is gone goes on; at its end there is no Python left that Ansible has started."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _is_there(path)]
        if not any(b"AnsiballZ_firewall" in line for line in lines):
            return
        time.sleep(0.05)
    raise FaultError("the module is still running 20 seconds after the kill")


def _is_there(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def warm_up(host: Host) -> None:
    host.absent()
    for ports in (["515"], ["631"]):
        rules = [{"transport": "tcp", "ports": ports, "peers": ["198.51.100.0/24"]}]
        done = host.ask("ansible", arguments={"owner": OWNERS[OWNER], "rules": rules, "confirm_timeout": 10}, instant=0)
        if done["status"]:
            raise FaultError(f"Ansible fails here: {done['out']}")
        host.learn("ssh", done["seconds"])
    host.as_before()


finish = kills.finish
