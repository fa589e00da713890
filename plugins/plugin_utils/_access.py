# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: whom a host's rules let through at a port, as far as they were seen. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule, peer_text
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Other, Seen
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan

ALL, SOME, NONE = "all", "some", "none"
_WIDE = 1000
"""A rule of others for more ports than so many is about hosts, not about a service."""
_SHOWN = 3


class Cover:
    """Networks, and how much of others they hold."""

    def __init__(self, peers: Iterable[str]) -> None:
        self.networks = _rules.fewest(frozenset(peers))
        self._spans = sorted(map(_rules.span_of, self.networks))

    def of(self, networks: Sequence[str]) -> str:
        """Whether it holds all, some or none of the networks; of none it holds none."""
        whole = [self._holds(*_rules.span_of(one)) for one in networks]
        if whole and all(held == ALL for held in whole):
            return ALL
        return SOME if any(held != NONE for held in whole) else NONE

    def _holds(self, version: int, first: int, last: int) -> str:
        # In their fewest, networks that hold another one whole hold it in one of them.
        at = bisect_right(self._spans, (version, first, 1 << 129)) - 1
        if at >= 0 and self._spans[at][0] == version and self._spans[at][2] >= first:
            return ALL if self._spans[at][2] >= last else SOME
        after = self._spans[at + 1] if at + 1 < len(self._spans) else (0, 0, 0)
        return SOME if after[0] == version and after[1] <= last else NONE

    def touched(self, networks: Iterable[str], most: int) -> tuple[tuple[str, ...], int]:
        """Those of its own networks that have something of the others, at most so many, and how many more there are."""
        found: list[str] = []
        many = 0
        for version, first, last in map(_rules.span_of, networks):
            begin = bisect_right(self._spans, (version, first, 1 << 129)) - 1
            if begin < 0 or self._spans[begin][0] != version or self._spans[begin][2] < first:
                begin += 1
            end = bisect_right(self._spans, (version, last, 1 << 129))
            many += end - begin
            found += self.networks[begin : min(end, begin + most - len(found))]
        return tuple(found), many - len(found)


@dataclass(frozen=True)
class Block:
    """A rule of somebody else that blocks, and whom."""

    other: Other
    cover: Cover


@dataclass(frozen=True)
class Access:
    """What rules say of a port in one direction.

    ``live`` and ``saved`` are the peers that ours let through. ``open`` and ``blocks`` are rules of others, ``blocked``
    are the peers of all the latter together, which may be thousands that somebody banned. ``now`` and ``later`` are the
    peers that ours or others let through, now and after a reboot: what others open is taken to be saved, as only what
    is live is known of it. ``perhaps`` are rules of others that block what comes by some interface, say, and ``reach``
    are all peers that may get through, also by a rule for an interface.
    """

    live: Cover
    saved: Cover
    now: Cover
    later: Cover
    open: tuple[Other, ...]
    blocks: tuple[Block, ...]
    blocked: Cover
    perhaps: tuple[Block, ...]
    reach: Cover

    def blocking(self, networks: Sequence[str]) -> Other | None:
        """A rule of somebody else that blocks them, where such rules block all of the networks."""
        return self._first(networks) if self.blocked.of(networks) == ALL else None

    def barred(self, networks: Sequence[str]) -> tuple[str, tuple[str, ...], int] | None:
        """Where rules of others block some of the networks and not all: which, in few words, and how many more."""
        first = self._first(networks) if self.blocked.of(networks) == SOME else None
        return (first.where, *self.few(networks)) if first else None

    def blocking_perhaps(self, networks: Sequence[str]) -> Other | None:
        """A rule of somebody else that blocks some of them by one way: whether they take it is not known."""
        return next((one.other for one in self.perhaps if one.cover.of(networks) != NONE), None)

    def _first(self, networks: Sequence[str]) -> Other | None:
        return next((one.other for one in self.blocks if one.cover.of(networks) != NONE), None)

    def few(self, networks: Sequence[str]) -> tuple[tuple[str, ...], int]:
        """Some of what is blocked of the networks, and how many more there are."""
        found, more = self.blocked.touched(networks, _SHOWN)
        return tuple(map(peer_text, found)), more


class Rules:
    """The rules of one host, asked by port; each answer is worked out once."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self._known: dict[tuple[str, str, PortSpan, PortSpan | None], Access] = {}
        self._blocks: dict[int, Block] = {}
        self._blocked: dict[tuple[int, ...], Cover] = {}

    def at(self, direction: str, transport: str, port: PortSpan, source_port: PortSpan | None = None) -> Access:
        key = (direction, transport, port, source_port)
        if key not in self._known:
            self._known[key] = self._at(*key)
        return self._known[key]

    def _at(self, direction: str, transport: str, port: PortSpan, source_port: PortSpan | None) -> Access:
        def lets(rule: Rule) -> bool:
            whole = any(first <= port[0] and port[1] <= last for first, last in rule.ports)
            return whole and (rule.direction, rule.transport) == (direction, transport) and _from(rule, source_port)

        live = [rule for owner in self.seen.owners.values() for rule in owner.live if lets(rule)]
        saved = [rule for owner in self.seen.owners.values() for rule in owner.saved if lets(rule)]
        # Where nothing is refused, not all that is saved has to be live.
        settled = [rule for owner in self.seen.owners.values() if owner.in_step for rule in owner.saved if lets(rule)]
        others = [one for one in self.seen.others if _touches(one.rule, direction, transport, port, source_port)]
        opening = tuple(one for one in others if one.opens and lets(one.rule))
        ours = [[peer for rule in rules for peer in rule.peers] for rules in ((*live, *settled), saved)]
        theirs = [peer for one in opening if not one.only for peer in one.rule.peers]
        now = Cover((*ours[0], *theirs))
        perhaps = [peer for one in opening if one.only for peer in one.rule.peers]
        blocks = tuple(self._block(one) for one in others if not one.opens and not one.only)
        return Access(
            live=Cover(ours[0]),
            saved=Cover(ours[1]),
            now=now,
            later=Cover((*ours[1], *theirs)),
            open=opening,
            blocks=blocks,
            blocked=self._together(blocks),
            perhaps=tuple(self._block(one) for one in others if not one.opens and one.only),
            reach=Cover((*now.networks, *perhaps)) if perhaps else now,
        )

    def _block(self, other: Other) -> Block:
        if id(other) not in self._blocks:
            self._blocks[id(other)] = Block(other, Cover(other.rule.peers))
        return self._blocks[id(other)]

    def _together(self, blocks: tuple[Block, ...]) -> Cover:
        """What several block together: most ports have the same blocks."""
        key = tuple(id(one) for one in blocks)
        if key not in self._blocked:
            peers = (peer for one in blocks for peer in one.cover.networks)
            self._blocked[key] = blocks[0].cover if len(blocks) == 1 else Cover(peers)
        return self._blocked[key]


def is_wide(rule: Rule) -> bool:
    """Whether the rule is for so many ports that it is about whole hosts."""
    return sum(last - first + 1 for first, last in rule.ports) > _WIDE


def _from(rule: Rule, source_port: PortSpan | None) -> bool:
    if not rule.source_ports:
        return True
    return source_port is not None and any(
        first <= source_port[0] and source_port[1] <= last for first, last in rule.source_ports
    )


def _touches(rule: Rule, direction: str, transport: str, port: PortSpan, source_port: PortSpan | None) -> bool:
    if (rule.direction, rule.transport) != (direction, transport):
        return False
    if not any(first <= port[1] and port[0] <= last for first, last in rule.ports):
        return False
    if not rule.source_ports or source_port is None:
        # A rule for some source ports only does not stop those of a program that takes any.
        return not rule.source_ports
    return any(first <= source_port[1] and source_port[0] <= last for first, last in rule.source_ports)


def by_host(seen: Mapping[str, Seen]) -> dict[str, Rules]:
    """The rules of all hosts that were looked at."""
    return {name: Rules(one) for name, one in seen.items()}
