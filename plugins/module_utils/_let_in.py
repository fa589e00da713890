# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what rules of others have let in before one that blocks, everywhere or at some interfaces. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._gone import Gone, beyond
from ansible_collections.printnet.ports.plugins.module_utils._only import WILD, Only

_MOST = 16
"""Of more interfaces that let something in, the others are not taken off a block for all."""
Part = tuple[_rules.Rule, Only]


class LetIn:
    """Packets that are let in, by what the rules that do so ask for besides."""

    def __init__(self) -> None:
        self._by_own: dict[str, dict[Only, Gone]] = {}
        self._at_one: dict[tuple[str, str], Gone] = {}

    def at(self, only: Only) -> Gone:
        """Those of rules that ask for just this."""
        if len(only.by) == 1:
            # A host may have thousands of interfaces, each with its own rules.
            (name,) = only.by
            if not name.endswith(WILD):
                return self._at_one.setdefault((only.own, name), Gone())
        return self._by_own.setdefault(only.own, {}).setdefault(only, Gone())

    def beyond(self, rule: _rules.Rule, only: Only, also: Iterable[Gone] = ()) -> list[Part]:
        """What is left of a rule that comes later, in parts; ``also`` is gone as well.

        A part that some interfaces have let in is left for all others.
        """
        some = [(part, only) for part in beyond(rule, (*self._holding(only), *also))]
        for other, gone in () if only.by else islice(self._narrow(), _MOST):
            elsewhere = Only(never=other)
            some = [each for part, asked in some for each in _split(part, asked, gone, elsewhere)]
        return some

    def _holding(self, only: Only) -> Iterator[Gone]:
        """What all packets of these would be in."""
        for own in dict.fromkeys(("", only.own)):
            yield from (gone for other, gone in self._by_own.get(own, {}).items() if other.holds(only))
            if len(only.by) == 1:
                (name,) = only.by
                gone = self._at_one.get((own, name))
                if gone is not None:
                    yield gone

    def _narrow(self) -> Iterator[tuple[frozenset[str], Gone]]:
        """What is let in at some interfaces, whichever address it is sent to."""
        yield from ((frozenset((name,)), gone) for (own, name), gone in self._at_one.items() if not own)
        yield from ((other.by, gone) for other, gone in self._by_own.get("", {}).items() if other.by)


def _split(rule: _rules.Rule, only: Only, gone: Gone, elsewhere: Only) -> list[Part]:
    """The rule without what is gone, and that as far as it is elsewhere."""
    left = gone.beyond(rule)
    apart = only.both(elsewhere)
    if left == (rule,) or apart is None or apart == only:
        return [(rule, only)]
    return [*((part, only) for part in left), *((part, apart) for part in _rules.beyond(rule, left))]
