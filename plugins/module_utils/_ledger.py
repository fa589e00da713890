# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the last run left of each owner, so that it can be told when somebody else has removed some of it.

One file, written whole after each change and gone with the last owner. One that is missing, damaged or of another form
tells nothing. A half stands in it as text that is made quickly: each run compares it, and reads it only where it
differs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _host, _records, _rules, _standing, _state

PATH = _records.FOLDER / "left.json"
_FORM = 1
_SHOWN, _LENGTH = 3, 100
"""The rules that a sentence names, and the characters of each."""


class Entry(NamedTuple):
    """What was left of one owner: its short name, whether its rules were made by hand, and both halves as text."""

    firewall: str
    short: str
    by_hand: bool
    saved: str
    live: str


Ledger = dict[str, Entry]
"""Entries by owner."""


def read() -> Ledger:
    """What the file tells; nothing where it is not what we write."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        whole = json.loads(PATH.read_text(encoding="utf-8"))
        if whole["form"] == _FORM:
            return {
                str(owner): Entry(
                    str(one["firewall"]), str(one["short"]), one["by_hand"] is True, str(one["saved"]), str(one["live"])
                )
                for owner, one in whole["owners"].items()
                if _standing.is_owner(str(owner), str(one["short"]))
            }
    return {}


def components(ledger: Ledger) -> list[str]:
    """The owners that are components, whatever the catalog of today says."""
    return [owner for owner, entry in ledger.items() if not entry.by_hand]


def with_states(
    ledger: Ledger, firewall: str, shorts: Mapping[str, str], states: _state.States, by_hand: Collection[str]
) -> Ledger:
    """The ledger after a run that left these states. An owner of which nothing is there any more is not in it."""
    found = {owner: entry for owner, entry in ledger.items() if owner not in states}
    for owner, state in states.items():
        if state != _state.Found():
            halves = _text(state.saved), _text(state.live)
            found[owner] = Entry(firewall, shorts[owner], owner in by_hand, *halves)
    return found


def write(ledger: Ledger) -> None:
    """Replace the file. A host whose disk takes nothing keeps no ledger, which is no reason to fail."""
    with suppress(OSError):
        if ledger:
            plain = {"form": _FORM, "owners": {owner: entry._asdict() for owner, entry in ledger.items()}}
            _records.write(PATH, json.dumps(plain, sort_keys=True))
            return
    # A file that could not be replaced tells what is not true any more.
    with suppress(OSError):
        PATH.unlink()
    _records.sweep()


@contextmanager
def renewed(
    firewall: str, shorts: Mapping[str, str], states: _state.States, by_hand: Collection[str]
) -> Iterator[None]:
    """Around a change that leaves these states.

    Meanwhile there is no ledger: a run that is killed must not make the next one believe that somebody else was here.
    """
    before = read()
    with suppress(OSError):
        PATH.unlink()
    try:
        yield
    except _host.HostError:
        write(before)
        raise
    write(with_states(before, firewall, shorts, states, by_hand))


def gone(ledger: Ledger, firewall: str, now: _state.States) -> dict[str, list[str]]:
    """The rules, as lines for people, that the last run left and that are not there any more, by owner."""
    found = {}
    for owner, state in now.items():
        entry = ledger.get(owner)
        if entry and entry.firewall == firewall:
            halves = [(entry.saved, state.saved), (entry.live, state.live)]
            missing = {line: None for text, half in halves if text != _text(half) for line in _missing(text, half)}
            if missing:
                found[owner] = list(missing)
    return found


def sentence(removed: Mapping[str, list[str]]) -> str:
    """The same in one sentence, which is not longer than somebody reads."""
    told = []
    for owner, rules in removed.items():
        shown = [rule if len(rule) <= _LENGTH else f"{rule[: _LENGTH - 4]} ..." for rule in rules[:_SHOWN]]
        more = [f"{len(rules) - _SHOWN} more"] if len(rules) > _SHOWN else []
        told.append(f"{owner} ({'; '.join([*shown, *more])})")
    return (
        "Since the last run of printnet.ports somebody else has removed firewall rules from this host that it had left "
        f"there: {', '.join(told)}."
    )


def _missing(text: str, now: _state.Half) -> list[str]:
    found: list[_rules.Rule] = []
    with suppress(ValueError):
        for rule in _rules_of(text):
            if rule not in now.rules:
                found += _rules.beyond(rule, [_as_wide_as(rule, other) for other in now.rules])
    return _rules.lines(found)


def _as_wide_as(rule: _rules.Rule, other: _rules.Rule) -> _rules.Rule:
    """The other rule as if it were for any source port, where it is for all those of the first."""
    covers = all(any(a <= first and last <= b for a, b in other.source_ports) for first, last in rule.source_ports)
    return other._replace(source_ports=()) if rule.source_ports and covers else other


def _text(half: _state.Half) -> str:
    """A line a rule; what is odd is left out."""
    return "\n".join(
        f"{rule.direction} {rule.transport} {_joined(rule.ports)} {_joined(rule.source_ports)} {' '.join(rule.peers)}"
        for rule in half.rules
    )


def _rules_of(text: str) -> list[_rules.Rule]:
    """The rules that ``_text`` wrote; a ValueError where it did not."""
    found = []
    for line in text.splitlines():
        direction, transport, ports, source_ports, *peers = line.split(" ")
        raw: dict[str, Any] = {"direction": direction, "transport": transport, "peers": peers}
        found.append(_rules.parse({**raw, "ports": ports.split(","), "source_ports": _parts(source_ports)}))
    return found


def _joined(spans: tuple[_rules.Span, ...]) -> str:
    return ",".join(map(_rules.span_text, spans)) or "-"


def _parts(text: str) -> list[str]:
    return [] if text == "-" else text.split(",")
