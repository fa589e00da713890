# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired sets: check mode predicts, the real run does it, the second does nothing, and the host has what was asked."""

from __future__ import annotations

import random
from typing import Any

import random_rules
from host import OWNERS, FaultError, Host, effective
from space import Grid

KEYS = ("changed", "before", "after", "diff", "rules", "commands", "firewall")
SCAN = 25
"""Each so many cases nmap looks, too."""


def case(host: Host, seed: str, number: int, case_of: dict[str, Any]) -> None:
    rng = random.Random(f"desired/{seed}/{number}")
    wanted = {owner: random_rules.rules(rng, host.firewall, large=True) for owner in OWNERS}
    outbound = rng.choice(["auto", "auto", "true", "false"])
    case_of.update(wanted=wanted, outbound=outbound)
    predicted = host.run(wanted, check=True, outbound=outbound)
    done = host.run(wanted, outbound=outbound)
    kind = "change" if done.result["changed"] else "no change"
    host.tally.took(kind, done.seconds)
    for key in KEYS:
        if predicted.result.get(key) != done.result.get(key):
            raise FaultError(
                f"check mode foretold {key} {predicted.result.get(key)!r}, it was {done.result.get(key)!r}"
            )
    if predicted.result.get("warnings") != done.result.get("warnings"):
        raise FaultError(f"check mode warned {predicted.result.get('warnings')}, the run {done.result.get('warnings')}")
    again = host.run(wanted, outbound=outbound)
    host.tally.took("second run", again.seconds)
    if again.result["changed"] or again.result["before"] != done.result["after"]:
        raise FaultError(f"the second run is not without a change: {again.text}")
    host.has(wanted, outbound == "true")
    host.tally.counts["sets"] += 1
    if number % 5 == 0:
        host.packets(rng, Grid(effective(wanted)), wanted)
        host.untouched()
    if number % SCAN == 0:
        host.scan(wanted)
        host.as_before()


def warm_up(host: Host) -> None:
    host.as_before()


def finish(host: Host) -> None:
    host.as_before()
