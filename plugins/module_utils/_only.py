# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a rule of others for some interfaces, or for one of the host's own addresses: what that means. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _rules

WILD = ("+", "*")
"""Ends a pattern that is for all interfaces whose names begin so."""
_NOBODYS = ("127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::1/128", "ff00::/8")
"""No connection from elsewhere is sent to such an address."""


class Only(NamedTuple):
    """What a rule asks of a packet besides its transport, ports and peers; nothing at all where it is empty.

    ``by``: the interfaces that it may come or leave by, ``never`` those that it must not. ``own``: the network of the
    host's own end.
    """

    by: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    own: str = ""

    def __bool__(self) -> bool:
        return bool(self.by or self.never or self.own)

    def both(self, other: Only) -> Only | None:
        """What packets have to be that meet both; None where none do, or where that is not known."""
        by = self.by & other.by if self.by and other.by else self.by | other.by
        never = self.never | other.never
        is_vague = any(name.endswith(WILD) for name in (*self.by, *other.by, *never)) and len({*by, *never}) > 1
        if is_vague or (bool(self.by or other.by) and not by - never):
            return None
        if self.own and other.own and self.own != other.own:
            return None
        return Only(by - never, frozenset() if by else never, self.own or other.own)

    def holds(self, other: Only) -> bool:
        """Whether each packet that meets the other one meets this one too."""
        by = not self.by or bool(other.by and all(any(_names(one, name) for one in self.by) for name in other.by))
        apart = not any(_names(one, name) or _names(name, one) for one in self.never for name in other.by)
        never = self.never <= other.never or bool(other.by and apart)
        return by and never and self.own in ("", other.own)

    def words(self, direction: str) -> str:
        """It in a few words, fit for a terminal; empty where nothing is asked."""
        verb, end = ("comes", "to") if direction == "in" else ("leaves", "from")
        parts = [f"{verb} by {' or '.join(sorted(self.by))}"] if self.by else []
        parts += [f"{verb} by none of {', '.join(sorted(self.never))}"] if self.never else []
        parts += [f"is sent {end} {_rules.peer_text(self.own)}"] if self.own else []
        return _rules.printable(" and ".join(parts))


def _names(pattern: str, word: str) -> bool:
    """Whether a name, or a pattern that ends with a sign for anything, is for a word."""
    return pattern == word or (pattern.endswith(WILD) and word.startswith(pattern[:-1]))


ALWAYS = Only()
"""It asks for nothing."""


def by_interfaces(names: Iterable[str], negated: bool) -> Only | None:
    """For some interfaces, or for all others; None where nothing from elsewhere comes by them."""
    found = frozenset(names) - {"lo"}
    if not found:
        return ALWAYS if negated else None
    return Only(never=found) if negated else Only(by=found)


def at(own: str) -> Only | None:
    """For one network of the host's own end; None where nothing from elsewhere is sent to it."""
    version, first, last = _rules.span_of(own)
    if last - first + 1 == 1 << (128 if version == 6 else 32):
        return ALWAYS
    spans = map(_rules.span_of, _NOBODYS)
    return None if any(one[0] == version and one[1] <= first and last <= one[2] for one in spans) else Only(own=own)
