# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills: a run is killed at a random instant; what passes stays within bounds, and the next run ends well."""

from __future__ import annotations

import random
import time
from typing import Any

import child
import random_rules
from host import OWNERS, FaultError, Host, Wanted

EVERY = 20
"""After so many cases the whole of it is looked at: absent, nmap, the firewall's own reader."""


def sets(rng: random.Random, firewall: str) -> tuple[Wanted, Wanted, Wanted]:
    """The old rules, the new ones, and others that come next."""
    old = {owner: random_rules.rules(rng, firewall) for owner in OWNERS}
    new = {owner: random_rules.changed(rng, old[owner], firewall) for owner in OWNERS}
    # More often one owner changes alone.
    if rng.random() < 0.5:
        alone = rng.choice(list(OWNERS))
        new[alone] = old[alone] if rng.random() < 0.8 else []
    other = {owner: random_rules.changed(rng, new[owner], firewall) for owner in OWNERS}
    return old, new, other


def case(host: Host, seed: str, number: int, case_of: dict[str, Any]) -> None:
    rng = random.Random(f"{seed}/{number}")
    old, new, other = sets(rng, host.firewall)
    what = rng.choice(["module", "module", "module", "confirm command"])
    confirm = "always" if what != "module" else rng.choice(["auto", "auto", "auto", "never", "always"])
    part, target = rng.random(), rng.choice([new, new, old, other])
    case_of.update(old=old, new=new, target=target, what=what, confirm=confirm, part=part)
    host.settle(old)
    began = time.monotonic()
    kill(host, new, case_of)
    host.tally.counts["kills"] += case_of["killed"]
    host.tally.counts["came too late"] += not case_of["killed"]
    grid = host.between(old, new)
    host.untouched(thorough=number % EVERY == 0, killed=True)
    host.packets(rng, grid, old, new)
    after = [old, new]
    if rng.random() < 0.2:
        case_of["again"] = rng.random()
        running = host.start(target)
        hit = running.kill_at(running.began + case_of["again"] * 1.2 * host.typical("never"))
        running.wait()
        host.tally.counts["kills"] += hit
        after.append(target)
        host.packets(rng, host.between(*after), *after)
        host.untouched(killed=True)
    answer = host.settle(target)
    host.tally.took("next run", answer.seconds)
    host.tally.took("from the kill to the wanted rules", time.monotonic() - began)
    host.clean()
    host.untouched()
    if number % EVERY == 0:
        host.scan(target)
        host.as_before()


def kill(host: Host, new: Wanted, case_of: dict[str, Any]) -> None:
    """SIGKILL to the module, or to the command that confirms, after that part of its usual time."""
    what, confirm, part = case_of["what"], case_of["confirm"], case_of["part"]
    if what == "module":
        kind, running = confirm, host.start(new, confirm=confirm)
    else:
        answer = host.start(new, confirm=confirm).wait()
        if not answer.good and not host.was_too_slow(answer):
            raise FaultError(f"the module failed: {answer.text}")
        if "confirm" not in answer.result:
            case_of["killed"] = False
            return
        kind, running = what, child.command(answer.result["confirm"]["command"])
    instant = part * 1.1 * host.typical(kind)
    case_of["instant"] = instant
    case_of["killed"] = running.kill_at(running.began + instant)
    answer = running.wait()
    if case_of["killed"]:
        return
    host.learn(kind, answer.seconds)
    if host.was_too_slow(answer):
        return
    if not answer.good and answer.result.get("failed") is not False:
        raise FaultError(f"{what} came to its end, and failed: {answer.text}")


def warm_up(host: Host) -> None:
    """How long runs take here."""
    rng = random.Random("warm up")
    for _time in range(3):
        old, new, _other = sets(rng, host.firewall)
        host.learn("never", host.run(old).seconds)
        answer = host.run(new, confirm="always", timeout=10)
        host.learn("always", answer.seconds)
        host.learn("auto", answer.seconds)
        if "confirm" in answer.result:
            host.learn("confirm command", host.confirm(answer).seconds)
    host.as_before()


def finish(host: Host) -> None:
    host.as_before()
