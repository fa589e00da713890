# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the text of ufw's user.rules and user6.rules: our tuples in it, those of others, and a new text. Pure.

What is not ours keeps its bytes. ufw itself reads nothing but the lines ``### tuple ###`` and writes the rest anew
whenever it changes anything: _read_rules and _write_rules in its backend_iptables.py.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _host, _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import (
    _ufw_order,
    _ufw_tuple,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_order import Place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_tuple import ANYWHERE, Owned, Tuple

BEGIN = "### RULES ###\n"
END = "\n### END RULES ###\n"
TUPLE = "\n### tuple ### "
_COMMENT = " comment="


class Theirs(NamedTuple):
    """A tuple of somebody else, taken apart; ``direction`` is empty where it is for what the host forwards."""

    action: str
    logs: bool
    transport: str
    ports: str
    target: str
    sources: str
    source: str
    application: str
    direction: str
    interface: str

    @property
    def accepts(self) -> bool:
        return self.action == "allow"

    @property
    def refuses_all(self) -> bool:
        everything = self.transport == self.ports == self.sources == "any" and not self.interface
        return self.action in ("deny", "reject") and everything and {self.target, self.source} <= {*ANYWHERE}

    def as_ours(self) -> list[Tuple]:
        """The tuples of ours that allow the very same, if some would: with a port, ufw loads ``any`` as tcp and udp."""
        peer, here = (self.source, self.target) if self.direction == "in" else (self.target, self.source)
        is_plain = self.direction in _rules.DIRECTIONS and not self.interface and not self.application
        if not (self.accepts and is_plain and here in ANYWHERE):
            return []
        has_port = {self.ports, self.sources} != {_ufw_tuple.ANY_PORT}
        transports = _rules.TRANSPORTS if self.transport == "any" and has_port else (self.transport,)
        return [Tuple(self.direction, transport, self.ports, self.sources, peer) for transport in transports]


@dataclass
class Piece:
    """What stands from one line ``### tuple ###`` to the next; ``rest`` is what of it is not ours."""

    text: str
    line: int
    ours: Tuple | None = None
    owners: tuple[str, ...] = ()
    intact: bool = True
    rest: str = ""
    theirs: Theirs | None = None


@dataclass
class Saved:
    """A file, taken apart; ``piece.text`` with ``TUPLE`` before each, between ``before`` and ``after``, is its text."""

    path: str
    version: int
    before: str
    pieces: list[Piece]
    after: str
    foreign: frozenset[Tuple] = field(default_factory=frozenset)
    """The tuples of others that are the same as one of ours could be, where they have an effect."""
    twins: dict[Tuple, list[bool]] = field(default_factory=dict)
    """Tuples that are ours and somebody else's: which of them are ours, in their order."""

    def text(self) -> str:
        return TUPLE.join([self.before, *(piece.text for piece in self.pieces)]) + self.after

    def ours(self) -> Owned:
        """Our tuples, and whose they are."""
        found: Owned = {}
        for piece in self.pieces:
            if piece.ours:
                before = found.get(piece.ours)
                found[piece.ours] = tuple(sorted({*before, *piece.owners})) if before else piece.owners
        return found

    def odd(self) -> dict[str, set[str]]:
        """What is to be mended, by owner."""
        found: dict[str, set[str]] = {}
        blocks = any(not piece.ours and _blocks(piece) for piece in self.pieces)
        for direction in _rules.DIRECTIONS if blocks else ():
            for place in _ufw_order.misplaced(self.places(direction)):
                for owner in place.owners:
                    found.setdefault(owner, set()).add(
                        f"{self.path}: a rule of somebody else that does not accept is at the wrong side of ours"
                    )
        for piece in self.pieces:
            if not piece.intact:
                for owner in piece.owners:
                    found.setdefault(owner, set()).add(f"{self.path}: a rule of ours is not what its tuple says")
        return found

    def places(self, direction: str) -> list[Place]:
        """The tuples of one direction in their order."""
        found = []
        for index, piece in enumerate(self.pieces):
            if piece.ours:
                if piece.ours.direction == direction:
                    found.append(Place(index, piece.owners))
            elif piece.theirs is None or piece.theirs.direction == direction:
                refuses = bool(piece.theirs and piece.theirs.refuses_all)
                found.append(Place(index, (), _blocks(piece), refuses, refuses))
        return found

    def text_with(self, ours: Owned) -> str:
        """The text with these tuples of ours instead of those that it has."""
        pieces = [self.before]
        kept: list[tuple[int, str]] = []
        for index, piece in enumerate(self.pieces):
            if not piece.ours:
                kept.append((index, piece.text))
            elif piece.rest and kept:
                kept[-1] = (kept[-1][0], _line_end(kept[-1][1]) + piece.rest)
            elif piece.rest:
                pieces[0] = _line_end(pieces[0]) + piece.rest
        places = {direction: _ufw_order.room(self.places(direction)) for direction in _rules.DIRECTIONS}
        new = {
            direction: [
                f"{_ufw_tuple.head(one, owners)}\n{_ufw_tuple.rule_line(one)}\n"
                for one, owners in ours.items()
                if one.direction == direction and one.version == self.version
            ]
            for direction in _rules.DIRECTIONS
        }
        for index, text in kept:
            for direction in _rules.DIRECTIONS:
                if places[direction] == index:
                    pieces += new.pop(direction)
            pieces.append(text)
        for texts in new.values():
            pieces += texts
        return TUPLE.join(pieces) + self.after


def _blocks(piece: Piece) -> bool:
    """Whether a tuple of somebody else does anything but accept; one that ufw does not understand may."""
    return piece.theirs is None or not piece.theirs.accepts or piece.theirs.logs


def _line_end(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def parse(path: str, version: int, text: str) -> Saved:
    """Take a file apart; a HostError with the line where ufw could not have written it."""
    start = text.find(BEGIN)
    # From the line end that ends BEGIN: without any rule, END may begin with it.
    begin = start + len(BEGIN) - 1
    end = text.find(END, begin)
    if start < 0 or end < 0 or (start > 0 and text[start - 1] != "\n"):
        missing = BEGIN if text.find(BEGIN) < 0 else END
        last = text.count("\n") + 1
        raise _host.HostError(
            f"{path} has no line {missing.strip()!r} up to its end in line {last}, so ufw did not write it as it "
            "stands. It writes it anew from the lines '### tuple ###' alone, and what has none is lost: look what the "
            f"file lets in without one, ufw allow that, SSH first, and then run ufw reload. {_host.UNCHANGED}"
        )
    first, *texts = text[begin:end].split(TUPLE)
    saved = Saved(path, version, text[:begin] + first, [], text[end:])
    line = saved.before.count("\n") + 2
    for one in texts:
        saved.pieces.append(_piece(saved, one, line))
        line += one.count("\n") + 1
    _compare(saved)
    return saved


def _compare(saved: Saved) -> None:
    """Find out what others have that is the same as one of ours is, or could be."""
    others = [(index, piece.theirs) for index, piece in enumerate(saved.pieces) if piece.theirs]
    theirs = [(index, one) for index, other in others for one in other.as_ours()]
    has_end = bool(theirs) and any(other.refuses_all for _index, other in others)
    ends = {way: _ufw_order.room(saved.places(way)) if has_end else None for way in _rules.DIRECTIONS}
    saved.foreign = frozenset(
        one for index, one in theirs for end in [ends[one.direction]] if end is None or index < end
    )
    shared = {piece.ours for piece in saved.pieces if piece.ours}.intersection(one for _index, one in theirs)
    for piece in saved.pieces if shared else ():
        there = [piece.ours] if piece.ours else piece.theirs.as_ours() if piece.theirs else []
        for one in shared.intersection(there):
            saved.twins.setdefault(one, []).append(piece.ours is not None)


def _piece(saved: Saved, text: str, line: int) -> Piece:
    head, _end, rest = text.partition("\n")
    words = head.split()
    at = 5 if words[6:7] == ["in"] else 3
    peer = words.pop(at) if len(words) == len(_SHAPE) and words[0] == "allow" else ""
    shape = _shape(saved.version, *words) if peer else None
    if shape is None:
        return _other_piece(saved, text, line, head)
    ours = Tuple(*shape.key, peer)
    if (":" in peer) != (saved.version == 6):
        raise _broken(saved, line, head)
    expected = _ufw_tuple.rule_line(ours) + "\n"
    if rest == expected:
        return Piece(text, line, ours, shape.owners)
    is_there = expected in rest.splitlines(keepends=True)
    others = [one for one in rest.split("\n") if not _is_ours(one, expected, is_there)]
    lines = [one for one in others if one.startswith("-A ")]
    intact = rest.startswith(expected) and len(others) == rest.count("\n") and all(map(_accepts, lines))
    return Piece(text, line, ours, shape.owners, intact, "\n".join(others))


def _is_ours(line: str, expected: str, is_there: bool) -> bool:
    """Whether a line below a tuple of ours is its own, or could be: what else is there, somebody wrote by hand.

    A tuple has one line. Where that ``is_there``, no other one could be: it may be the one that lets somebody in.
    """
    chain, match = " ".join(expected.split(" ")[:2]), expected.rpartition(" -j ")[0]
    could_be = not is_there and line.startswith((f"{chain} -p tcp ", f"{chain} -p udp ")) and _accepts(line)
    return could_be or line.rpartition(" -j ")[0] == match


def _accepts(line: str) -> bool:
    return line.endswith(_ufw_tuple.ACCEPT)


def _other_piece(saved: Saved, text: str, line: int, head: str) -> Piece:
    what, mark, remark = head.partition(_COMMENT)
    words = what.split()
    if mark and _ufw_tuple.owners_in_hex(remark.strip()):
        # Made something that is none of ours by somebody, who left our comment; or damaged.
        theirs = _their_tuple(words)
        if theirs is None or _is_damaged(theirs):
            raise _broken(saved, line, what)
    return Piece(text, line, theirs=_their_tuple(words))


def _is_damaged(theirs: Theirs) -> bool:
    try:
        _ufw_tuple.spans(theirs.ports)
        _ufw_tuple.spans(theirs.sources)
    except ValueError:
        return True
    return theirs.action not in _ACTIONS


_SHAPE = ("allow", "tcp", "515", "0.0.0.0/0", "any", "192.0.2.1", "in", "comment=")
"""The words of a tuple of ours."""
_ACTIONS = ("allow", "deny", "reject", "limit")


class _Shape(NamedTuple):
    """What a tuple of ours says apart from its peer: direction, transport, ports, source ports, and whose it is."""

    key: tuple[str, str, str, str]
    owners: tuple[str, ...]


@lru_cache(maxsize=1024)
def _shape(version: int, *words: str) -> _Shape | None:
    """None where the words are not those of a tuple of ours; its peer is not among them."""
    _action, transport, ports, *ends, direction, remark = words
    here, sources = ends if direction == "in" else reversed(ends)
    owners = _ufw_tuple.owners_in_hex(remark[len(_COMMENT) - 1 :]) if remark.startswith(_COMMENT[1:]) else ()
    if (
        not owners
        or transport not in _rules.TRANSPORTS
        or direction not in _rules.DIRECTIONS
        or here != ANYWHERE[version == 6]
    ):
        return None
    try:
        _ufw_tuple.spans(ports)
        _ufw_tuple.spans(sources)
    except ValueError:
        return None
    return _Shape((direction, transport, ports, sources), owners)


def check_peers(saved: Saved) -> None:
    """A HostError for the first of our tuples whose peer is no network."""
    for piece in saved.pieces:
        if piece.ours:
            try:
                ipaddress.ip_network(piece.ours.peer)
                _rules.span_of(piece.ours.peer)
            except ValueError:
                raise _broken(saved, piece.line, piece.text.partition("\n")[0]) from None


def _broken(saved: Saved, line: int, what: str) -> _host.HostError:
    return _host.HostError(
        f"{saved.path}, line {line}: ufw can't have written this tuple of printnet.ports: {what}. "
        f"Remove it, with the lines below it up to the next empty one. {_host.UNCHANGED}"
    )


def _their_tuple(words: list[str]) -> Theirs | None:
    """None where ufw would not understand it either. Six and eight words are of old versions, without a direction."""
    if not 6 <= len(words) <= 9:
        return None
    forward, _mark, action = words[0].rpartition(":")
    action, _mark, logs = action.partition("_")
    direction, _mark, interface = words[-1].partition("_") if len(words) in (7, 9) else ("in", "", "")
    application = " ".join(word for word in words[6:8] if word != "-") if len(words) > 7 else ""
    return Theirs(
        action=action,
        logs=bool(logs),
        transport=words[1],
        ports=words[2],
        target=words[3],
        sources=words[4],
        source=words[5],
        application=application.replace("%20", " "),
        direction="" if forward else direction,
        interface=interface,
    )


def without(ours: Owned, owners: Collection[str]) -> Owned:
    """The tuples that are left when these owners need none any more."""
    left = {one: tuple(owner for owner in whose if owner not in owners) for one, whose in ours.items()}
    return {one: whose for one, whose in left.items() if whose}


def plus(ours: Owned, owner: str, tuples: Collection[Tuple]) -> Owned:
    """The tuples when the owner needs these as well."""
    return {**ours, **{one: tuple(sorted({*ours.get(one, ()), owner})) for one in tuples}}
