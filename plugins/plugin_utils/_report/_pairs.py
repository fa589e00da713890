# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: verdicts by the components at their ends, for the matrix and the picture. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.printnet.ports.plugins.plugin_utils._report import _view
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import KINDS, View

SYMBOLS = {"fault": "\u2715", "warning": "!", "information": "i", "accepted": "\u25c7", "ok": "\u2713"}
"""What stands for a kind beside its colour."""
WORDS = {"fault": "fault", "warning": "warning", "information": "information", "accepted": "accepted", "ok": "OK"}


@dataclass(slots=True)
class Pair:
    """How many verdicts of each kind there are from one component to another."""

    source: str
    destination: str
    kinds: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    @property
    def worst(self) -> str:
        return next(kind for kind in KINDS if self.kinds[kind])

    @property
    def total(self) -> int:
        return sum(self.kinds.values())

    def told(self) -> str:
        """``3 faults, 40 OK``."""
        return ", ".join(_view.number(count, WORDS[kind]) for kind, count in self.kinds.items() if count)

    def mark(self) -> str:
        """The worst kind in a few characters, with its number where it is not all right."""
        return SYMBOLS[self.worst] if self.worst == "ok" else f"{SYMBOLS[self.worst]}{self.kinds[self.worst]}"


def pairs(view: View) -> Mapping[tuple[str, str], Pair]:
    """The pairs of components that have verdicts; the source is empty where a verdict is about a host alone."""
    found: dict[tuple[str, str], Pair] = {}
    for verdict in view.verdicts:
        key = (verdict["source"]["component"], verdict["destination"]["component"])
        pair = found.setdefault(key, Pair(*key))
        pair.kinds[_view.kind(verdict)] += 1
    return found


def hosts(view: View) -> Mapping[str, int]:
    """How many hosts and networks of each component have verdicts."""
    found: dict[str, set[str]] = {}
    for verdict in view.verdicts:
        for end in (verdict["source"], verdict["destination"]):
            found.setdefault(end["component"], set()).add(end["host"] or end["address"])
    return {name: len(ends) for name, ends in found.items()}


def in_order(found: Mapping[tuple[str, str], Pair]) -> tuple[Sequence[str], Sequence[str]]:
    """Sources and destinations, those with the most faults first."""

    def weight(place: int, name: str) -> tuple[int, ...]:
        kinds = [pair.kinds for key, pair in found.items() if key[place] == name]
        return tuple(-sum(one[kind] for one in kinds) for kind in KINDS)

    def names(place: int) -> list[str]:
        return sorted({key[place] for key in found}, key=lambda name: (weight(place, name), name))

    return names(0), names(1)
