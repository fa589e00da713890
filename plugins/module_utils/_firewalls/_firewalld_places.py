# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the priorities of our policies in firewalld: which ones they may have, and which one each gets."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _firewalld_foreign
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_bus import LAST, Bus

Slot = tuple[str, str]
"""An owner and a direction: what has a policy."""
_MANY = 1000
"""The last so many priorities are for policies of ours: few others' come behind them."""


class Places:
    """What is taken when it is first asked for, and what was given since."""

    def __init__(self, bus: Bus, names: Mapping[Slot, str]) -> None:
        self._bus, self._names = bus, names
        self._taken: dict[str, set[int]] | None = None
        self._given: dict[Slot, int] = {}

    def allowed(self, slot: Slot) -> list[int]:
        """The priorities that the policy may have, the best one first.

        No other policy may have the same one. firewalld sorts equal ones wrongly as soon as a zone has a source, and
        then one of them stands before the rules of a zone.
        """
        return self._free(slot[1], self._names[slot])

    def _free(self, direction: str, name: str = "") -> list[int]:
        """Those that no policy has but perhaps the one of that name."""
        if self._taken is None:
            self._taken = self._bus.priorities()
        last = LAST if direction == "in" else _firewalld_foreign.out_priority(self._bus)
        others = {one for other, some in self._taken.items() if other != name for one in some}
        return [one for one in range(last, last - _MANY, -1) if one not in others and one != 0]

    def give(self, slot: Slot) -> int:
        """The priority that the policy has if it may, else the best one that is left. Asked again, it is the same."""
        if slot not in self._given:
            good = [one for one in self.allowed(slot) if one not in self._given.values()]
            mine = (self._taken or {}).get(self._names[slot], set())
            self._given[slot] = next((one for one in good if one in mine), good[0])
        return self._given[slot]

    def first(self) -> int:
        """Where what we let in begins: at the policy of ours that comes first, or the place of one that would come."""
        free, taken = self._free("in"), self._taken or {}
        given = [one for (_owner, direction), one in self._given.items() if direction == "in"]
        there = [
            one
            for slot, name in self._names.items()
            if slot[1] == "in" and slot not in self._given
            for one in taken.get(name, ())
        ]
        return min([*given, *there], default=free[0])
