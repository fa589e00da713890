# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the lines of ufw's user chains in the kernel: which are ours, and what leads to others of ours. Pure.

What we make live names its owner in a comment. What ufw loads from its file has no comment; such a line is ours where
it is what one of our tuples in the file means. Where a tuple of somebody else means the same, their order tells.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _ufw_order, _ufw_tuple, _xtables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_order import Place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_tuple import ACCEPT, Owned, Tuple

HEAVY = 200_000
"""As many lines may iptables-restore pass in search of those that go: it begins at the top for each."""
_REMARK = " -m comment --comment "


class Line(NamedTuple):
    """One line of a chain, as iptables-save prints it.

    Without ``owners`` it is somebody else's; with owners and without ``ours`` it is one that we never make. ``named``
    is whether its comment says whose it is.
    """

    text: str
    ours: Tuple | None = None
    owners: tuple[str, ...] = ()
    named: bool = False
    blocks: bool = False
    refuses_all: bool = False
    ends: bool = False


Chains = dict[str, list[Line]]
"""The lines of the chains by direction."""


def is_loaded(table: Mapping[str, Collection[str]], version: int) -> bool:
    """Whether ufw's chains are in the kernel's table."""
    return all(_ufw_tuple.chain_of(version, direction) in table for direction in _rules.DIRECTIONS)


def parse(table: Mapping[str, list[str]], version: int, saved: Owned, twins: Mapping[Tuple, list[bool]]) -> Chains:
    """The chains out of the kernel's table.

    ``saved`` are our tuples in the file, ``twins`` those that are somebody else's as well: which of them are ours.
    """
    expected = {_ufw_tuple.live_line(one): one for one in saved if one.version == version}
    known = _Known(saved, expected)
    chains: Chains = {}
    for direction in _rules.DIRECTIONS:
        texts = table.get(_ufw_tuple.chain_of(version, direction), [])
        lines = [_line(text, known) or _read(text, version, direction, known) for text in texts]
        chains[direction] = _once(lines, twins)
    return chains


class _Known(NamedTuple):
    """What the file says: our tuples, and how they look in the kernel."""

    saved: Owned
    expected: dict[str, Tuple]


def _line(text: str, known: _Known) -> Line | None:
    """A line that is spelled as it is expected."""
    bare, mark, remark = text.partition(_REMARK)
    one = known.expected.get(bare + ACCEPT if mark else text)
    if one is None:
        return None
    owners = known.saved[one]
    if not mark:
        return Line(text, one, owners)
    return Line(text, one, owners, named=True) if f"{mark}{remark}" == _ufw_tuple.remark(owners) + ACCEPT else None


def _read(text: str, version: int, direction: str, known: _Known) -> Line:
    line = _xtables.read(text, version, direction)
    owners = _ufw_tuple.owners_in(line.comment)
    one = None
    if line.rule and line.rule.transport and line.target == "ACCEPT":
        tuples = _ufw_tuple.encode([line.rule])
        one = tuples[0] if len(tuples) == 1 else None
    if owners:
        return Line(text, one, owners, named=True)
    if one in known.saved and not line.comment:
        return Line(text, one, known.saved[one])
    for_all = line.plain and not line.protocol
    ends = for_all and line.denies()
    logs = for_all and line.target == _ufw_tuple.logging_chain_of(version, direction)
    return Line(text, blocks=line.target != "ACCEPT", refuses_all=ends or logs, ends=ends)


def _once(lines: list[Line], twins: Mapping[Tuple, list[bool]]) -> list[Line]:
    """A line without a name is somebody else's where ours stands there by its name, or the file has no more of ours.

    Its tuples and the lines are in the same order. Lines that it does not account for are taken to stand above, and
    where one is missing, it is ours: only we take away a line that the file has.
    """
    named = {line.ours for line in lines if line.named}
    unnamed: dict[Tuple, list[int]] = {}
    for index, line in enumerate(lines):
        if line.ours and line.owners and not line.named:
            unnamed.setdefault(line.ours, []).append(index)
    found = list(lines)
    for one, places in unnamed.items():
        order = twins.get(one, [True])
        more = len(places) - len(order)
        are_ours = [*[False] * more, *order] if more >= 0 and one not in named else [False] * len(places)
        for index, is_ours in zip(places, are_ours):
            if not is_ours:
                found[index] = Line(lines[index].text)
    return found


def theirs(lines: Sequence[Line]) -> set[str]:
    """The lines of others in a chain that something comes to, without a final refusal."""
    end = _ufw_order.room(_places(lines)) if any(line.refuses_all for line in lines) else None
    return {line.text for line in lines[:end] if not line.owners}


def ours(chains: Mapping[str, list[Line]]) -> Owned:
    """Our tuples that are live, and whose they are."""
    found: Owned = {}
    for lines in chains.values():
        for line in lines:
            if line.ours and line.owners:
                before = found.get(line.ours)
                found[line.ours] = tuple(sorted({*before, *line.owners})) if before else line.owners
    return found


def odd(chains: Mapping[str, list[Line]], version: int) -> dict[str, set[str]]:
    """What is to be mended, by owner."""
    found: dict[str, set[str]] = {}
    for direction, lines in chains.items():
        name = _ufw_tuple.chain_of(version, direction)
        places = _places(lines) if any(line.blocks for line in lines) else []
        wrong = {owner for place in _ufw_order.misplaced(places) for owner in place.owners}
        for owner in wrong:
            found.setdefault(owner, set()).add(
                f"chain {name}: a rule of somebody else that does not accept is at the wrong side of ours"
            )
        for line in lines:
            if line.ours is None:
                for owner in line.owners:
                    found.setdefault(owner, set()).add(f"chain {name}: not made by printnet.ports: {line.text}")
    return found


def _places(lines: Collection[Line]) -> list[Place]:
    return [Place(index, line.owners, line.blocks, line.refuses_all, line.ends) for index, line in enumerate(lines)]


def changes(chains: Mapping[str, list[Line]], version: int, wanted: Owned, owners: Collection[str]) -> list[str]:
    """What iptables-restore has to do so that ``owners`` have live what is wanted of them; nothing of others goes.

    ``wanted`` has all of our tuples that are to be live, with all their owners.
    """
    found = []
    for direction, lines in chains.items():
        places = _places(lines)
        wrong = {place.index for place in _ufw_order.misplaced(places)}
        stale, kept = _sort_out(lines, wanted, owners, wrong)
        if _comparisons(stale) > HEAVY:
            # From the top on, each is found at once.
            stale, kept = [index for index, line in enumerate(lines) if _goes(line, owners)], set()
        name = _ufw_tuple.chain_of(version, direction)
        at = _ufw_order.room(places)
        added = [
            _ufw_tuple.rule_line(one, whose)
            for one, whose in wanted.items()
            if one.direction == direction and one.version == version and one not in kept
        ]
        # What goes goes first, all in one step for a packet: a new line may have the text of an old one.
        found += _deletions(name, lines, stale)
        if at is not None:
            first = at + 1 - sum(index < at for index in stale)
            added = [f"-I {name} {first + count}{text[3 + len(name) :]}" for count, text in enumerate(added)]
        found += added
    return found


def _sort_out(
    lines: Collection[Line], wanted: Owned, owners: Collection[str], wrong: Collection[int]
) -> tuple[list[int], set[Tuple]]:
    """The lines of ours that go, and the tuples whose lines stay."""
    stale, kept = [], set()
    for index, line in enumerate(lines):
        if not line.owners:
            continue
        one = line.ours
        if one and wanted.get(one) == line.owners and one not in kept and index not in wrong:
            kept.add(one)
        elif _goes(line, owners):
            stale.append(index)
    return stale, kept


def _deletions(name: str, lines: Collection[Line], stale: Sequence[int]) -> list[str]:
    """Each by its text; by its number where one with the same text stays above it, which would be found first."""
    going = set(stale)
    above: set[str] = set()
    found: list[str] = []
    for index, line in enumerate(lines):
        if index not in going:
            above.add(line.text)
        elif line.text in above:
            found.append(f"-D {name} {index + 1 - len(found)}")
        else:
            found.append(f"-D{line.text[2:]}")
    return found


def _goes(line: Line, owners: Collection[str]) -> bool:
    """Whether a line of ours may go: what is not understood goes with its owner only."""
    return bool(line.owners) and (line.ours is not None or bool(set(line.owners) & set(owners)))


def _comparisons(stale: Collection[int]) -> int:
    """How many lines iptables-restore has to pass on its way to those that go."""
    return sum(index - passed for passed, index in enumerate(stale))
