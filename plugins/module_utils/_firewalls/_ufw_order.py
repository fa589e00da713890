# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: where our rules stand among those of others, in a file of ufw or in a chain. Pure.

Others' drops win, so ours stand behind every rule of somebody else that does anything but accept; only what refuses
everything at the very end stands behind ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A rule as far as order goes: somebody else's has no owners; it ``blocks`` where it does more than accept.

    ``refuses_all``: it refuses whatever comes, or logs it only; ``ends``: nothing comes past it. ``index`` is for the
    caller.
    """

    index: int
    owners: tuple[str, ...] = ()
    blocks: bool = False
    refuses_all: bool = False
    ends: bool = False


def room(places: Sequence[Place]) -> int | None:
    """The index of the rule of somebody else before which ours belong; None where they belong to the end."""
    final = _final(places)
    return final[-1].index if final else None


def refuses(places: Sequence[Place]) -> bool:
    """Whether what no rule accepts is refused by a rule of somebody else."""
    return any(place.ends and not place.owners for place in places)


def misplaced(places: Sequence[Place]) -> list[Place]:
    """Those of ours that stand elsewhere."""
    needed = sum(place.blocks for place in _reached(places)) - len(_final(places))
    found = []
    before = 0
    for place in places:
        if place.owners and before != needed:
            found.append(place)
        before += place.blocks
    return found


def _reached(places: Sequence[Place]) -> Sequence[Place]:
    """Without what stands behind a rule of somebody else that lets nothing past it."""
    end = next((at for at, place in enumerate(places) if place.ends and not place.owners), len(places))
    return places[: end + 1]


def _final(places: Sequence[Place]) -> list[Place]:
    """The rules at the end that refuse everything, the last one first."""
    found: list[Place] = []
    for place in reversed(_reached(places)):
        if not place.owners and not place.refuses_all:
            break
        if not place.owners:
            found.append(place)
    return found
