# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: owners, and those of ours that stand on a host though a call does not name them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

OWNER = "printnet.ports/"
"""Begins the owner of every rule; the component's name, or one made by hand, follows."""
_OWNER = re.compile(rf"{re.escape(OWNER)}[a-z][a-z0-9_]*\Z")
_SHORT = re.compile(r"[a-z0-9_]{1,9}\Z")


def is_owner(owner: str, short: str) -> bool:
    """Whether an owner and its short name are what they may be: they become names of chains and files."""
    return bool(_OWNER.match(owner) and _SHORT.match(short))


def unnamed(
    found: Mapping[str, str],
    named: Collection[str],
    known: Mapping[str, str],
    remembered: Iterable[str] = (),
    by_hand: bool = False,
) -> dict[str, str]:
    """The components among ``found`` that are not ``named``, by owner with the short names that they have there.

    ``known`` are the owners of all components; ``remembered`` those that the host knows to be of a component, though
    the catalog may have lost it. All others were made by hand, and are left out without ``by_hand``. One whose name
    somebody took away is known by its short name: a component's is never given to rules by hand.
    """
    owners = {short: owner for owner, short in known.items()}
    components = {*known, *remembered}
    result = {}
    for owner, short in found.items():
        name = owners.get(short, owner) if owner == OWNER + short else owner
        if name not in named and (by_hand or name in components):
            result[name] = short
    return dict(sorted(result.items()))
