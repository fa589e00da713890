# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the lines of ufw's user chains in the kernel: which are ours, and what leads to others of ours. Pure.

What we make live names its owner in a comment. What ufw loads from its file has no comment; such a line is ours where
it is what one of our tuples in the file means.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _ufw_order, _ufw_tuple, _xtables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_order import Place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_tuple import ACCEPT, Owned, Tuple

HEAVY = 200_000
"""As many lines may iptables-restore pass in search of those that go: it begins at the top for each."""
_REMARK = " -m comment --comment "


@dataclass(frozen=True)
class Line:
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


def is_loaded(dump: str, version: int) -> bool:
    """Whether ufw's chains are in what iptables-save printed."""
    return all(f"\n:{_ufw_tuple.chain_of(version, direction)} " in dump for direction in _rules.DIRECTIONS)


def parse(dump: str, version: int, saved: Owned, foreign: Collection[Tuple] = ()) -> Chains:
    """The chains out of what iptables-save printed.

    ``saved`` are our tuples in the file, ``foreign`` those of others that are the same as one of ours could be.
    """
    expected = {_ufw_tuple.live_line(one): one for one in saved if one.version == version}
    known = _Known(saved, frozenset(foreign), expected)
    chains: Chains = {}
    lines = [text for text in dump.split("\n") if text.startswith("-A ufw")]
    for direction in _rules.DIRECTIONS:
        begin = f"-A {_ufw_tuple.chain_of(version, direction)} "
        mine = [text for text in lines if text.startswith(begin)]
        chains[direction] = _once([_line(text, known) or _read(text, version, direction, known) for text in mine])
    return chains


@dataclass(frozen=True)
class _Known:
    """What the file says: our tuples, those of others that are the same, and how ours look in the kernel."""

    saved: Owned
    foreign: frozenset[Tuple]
    expected: dict[str, Tuple]


def _line(text: str, known: _Known) -> Line | None:
    """A line that is spelled as it is expected."""
    bare, mark, remark = text.partition(_REMARK)
    one = known.expected.get(bare + ACCEPT if mark else text)
    if one is None or (not mark and one in known.foreign):
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
    if one in known.saved and one not in known.foreign and not line.comment:
        return Line(text, one, known.saved[one])
    for_all = line.plain and not line.protocol
    ends = for_all and line.denies()
    logs = for_all and line.target == _ufw_tuple.logging_chain_of(version, direction)
    return Line(text, blocks=line.target != "ACCEPT", refuses_all=ends or logs, ends=ends)


def _once(lines: list[Line]) -> list[Line]:
    """A line without a name is somebody else's where ours stands there by its name."""
    named = {line.ours for line in lines if line.named}
    if not named or all(line.named or not line.owners for line in lines):
        return lines
    return [Line(line.text) if line.owners and not line.named and line.ours in named else line for line in lines]


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
        found += [f"-D{lines[index].text[2:]}" for index in stale]
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


def _goes(line: Line, owners: Collection[str]) -> bool:
    """Whether a line of ours may go: what is not understood goes with its owner only."""
    return bool(line.owners) and (line.ours is not None or bool(set(line.owners) & set(owners)))


def _comparisons(stale: Collection[int]) -> int:
    """How many lines iptables-restore has to pass on its way to those that go."""
    return sum(index - passed for passed, index in enumerate(stale))


def restore_text(commands: Collection[str]) -> str:
    """What iptables-restore takes."""
    return "\n".join(["*filter", *commands, "COMMIT", ""])
