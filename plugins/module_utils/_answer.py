# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the module firewall answers, in forms for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _rules, _state

COMMANDS = 100
"""More of them than this are counted only."""


def few(commands: list[str]) -> list[str]:
    """As many as somebody reads: to hand over thousands takes longer than many a change."""
    more = len(commands) - COMMANDS
    return [*commands[:COMMANDS], f"# and {more} more"] if more > 0 else commands


def plain(wanted: Mapping[str, Iterable[_rules.Rule]]) -> list[dict[str, Any]]:
    """The rules of all owners in a row."""
    return [{"owner": owner, **rule.as_dict()} for owner, rules in wanted.items() for rule in rules]


def difference(now: _state.States, aims: _state.States, left: Mapping[str, list[str]]) -> dict[str, Any]:
    """What is there before and after, and as a diff, with what goes of firewalls that are not active."""
    before = {owner: _state.describe(found) for owner, found in now.items()}
    after = {owner: _state.describe(found) for owner, found in aims.items()}
    pairs = [(owner, _text(before[owner]), _text(after[owner])) for owner in before if now[owner] != aims[owner]]
    pairs += [
        (f"{name}, which is not active", "".join(f"{line}\n" for line in lines), "") for name, lines in left.items()
    ]
    return {
        "before": before,
        "after": after,
        "diff": [
            {"before_header": what, "after_header": what, "before": old, "after": new} for what, old, new in pairs
        ],
    }


def _text(described: Mapping[str, list[str]]) -> str:
    if described["saved"] == described["live"]:
        return "".join(f"{line}\n" for line in described["live"])
    return "".join(f"{kind}: {line}\n" for kind in ("saved", "live") for line in described[kind])
