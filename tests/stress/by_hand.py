# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile rules by hand, given to the controller's part: a sentence for the user, or rules that are right."""

from __future__ import annotations

import json
import os
import random
import sys
import time
import traceback
from collections.abc import Collection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "inside"))

import space
import words
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.printnet.ports.plugins.module_utils._arguments import CONDITIONS, TASK
from ansible_collections.printnet.ports.plugins.plugin_utils import _by_hand, _names
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError


def fuzz(seed: str, count: int) -> dict[str, Any]:
    """Counts, times and faults."""
    taken, began = _names.shipped(), time.monotonic()
    validator = ArgumentSpecValidator(TASK, **CONDITIONS)
    counts = {"cases": count, "errors": 0, "accepted": 0}
    faults: list[dict[str, Any]] = []
    seconds: list[float] = []
    for number in range(count):
        task = _task(random.Random(f"by hand/{seed}/{number}"))
        start = time.perf_counter()
        try:
            told = _one(taken, validator, task)
        except Exception:
            told, right = traceback.format_exc(), False
        else:
            right = _is_right(told)
        seconds.append(time.perf_counter() - start)
        counts["accepted" if isinstance(told, list) else "errors"] += 1
        if not right or os.path.exists(words.CANARY):
            faults.append({"fault": str(told)[-2000:], "seed": seed, "number": number, "task": repr(task)[:2000]})
            print(f"FAULT by_hand {number}: {faults[-1]}", flush=True)
    return {"counts": counts, "times": {"a task": seconds}, "faults": faults, "seconds": time.monotonic() - began}


def _task(rng: random.Random) -> dict[str, Any]:
    task: dict[str, Any] = {"owner": "backup", "rules": words.rules(rng, ("comment",))}
    how = rng.random()
    if how < 0.2:
        task["owner"] = words.value(rng)
    elif how < 0.35:
        known = ["components", "state", "removals", "firewall", "confirm", "confirm_timeout", words.text(rng)]
        task[rng.choice(known)] = words.value(rng)
    return task


def _one(taken: Collection[str], validator: ArgumentSpecValidator, task: dict[str, Any]) -> list[dict[str, Any]] | str:
    """The rules, or what the user is told; as the action plugin goes about it."""
    found = validator.validate(task)
    if found.error_messages:
        return "; ".join(found.error_messages)
    arguments = found.validated_parameters
    try:
        if arguments["owner"] is None:
            return "the components are looked up in the catalog"
        owner, short = _by_hand.owner(arguments["owner"], taken)
        assert owner == f"printnet.ports/{arguments['owner']}", owner
        assert owner.isascii(), owner
        assert 0 < len(short) <= 9, short
        return _by_hand.rules(arguments["rules"] or [])
    except PortsError as wrong:
        return wrong.message


def _is_right(told: list[dict[str, Any]] | str) -> bool:
    if isinstance(told, str):
        # Ansible's own words, about what is of another type, quote a value whole; ours do not.
        ours = told.startswith(("rules[", "owner ")) or " faults:" in told[:20]
        return len(told) > 10 and " " in told and "Traceback" not in told and (len(told) < 5000 or not ours)
    json.dumps(told)
    for rule in told:
        # Read by other code: what is no port and no network makes it fail.
        space.plain(rule)
        if rule["transport"] not in ("tcp", "udp") or rule["direction"] not in ("in", "out"):
            return False
        if not rule["ports"] or not rule["peers"] or not all(flow.isprintable() for flow in rule["flows"]):
            return False
    return True
