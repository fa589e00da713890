# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sets of rules let pass, exactly, by code that shares nothing with the collection's own.

A packet is (direction, transport, port, source port, peer). Where rules begin or end, ports, source ports and addresses
are cut; between two cuts all packets are alike. The alike addresses of a port are the bits of one number.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LAST = 65535
ANY = ("0.0.0.0/0", "::/0")
Cell = tuple[str, str, int, int]
"""Direction, transport, first port, first source port."""
Cover = dict[Cell, int]
_FAMILY = 1 << 129
"""IPv6 addresses stand behind the IPv4 ones on one line of numbers."""


@dataclass(frozen=True)
class Plain:
    """A rule in numbers; spans and addresses with their ends left out."""

    direction: str
    transport: str
    ports: tuple[tuple[int, int], ...]
    sources: tuple[tuple[int, int], ...]
    peers: tuple[tuple[int, int], ...]


def plain(rule: Mapping[str, Any]) -> Plain:
    """A rule as a task or the module's answer has it."""
    peers = [one for peer in rule["peers"] for one in (ANY if peer == "any" else (peer,))]
    return Plain(
        rule.get("direction", "in"),
        rule["transport"],
        tuple(map(_ends, rule["ports"])),
        tuple(map(_ends, rule.get("source_ports") or ["1-65535"])),
        tuple(map(_addresses, peers)),
    )


def kept(fields: Iterable[Any]) -> Plain:
    """A rule as the module keeps it in its notes: direction, transport, ports, peers, source ports."""
    direction, transport, ports, peers, sources = fields
    return Plain(
        direction,
        transport,
        tuple((first, last + 1) for first, last in ports),
        tuple((first, last + 1) for first, last in sources) or ((1, LAST + 1),),
        tuple(map(_addresses, peers)),
    )


def _ends(span: Any) -> tuple[int, int]:
    first, _dash, last = str(span).partition("-")
    return int(first), int(last or first) + 1


def _addresses(text: str) -> tuple[int, int]:
    network = ipaddress.ip_network(text)
    base = _FAMILY if network.version == 6 else 0
    return base + int(network.network_address), base + int(network.broadcast_address) + 1


def place(address: str) -> int:
    """Where an address stands on the line of numbers."""
    return _addresses(address)[0]


class Grid:
    """The cuts of some sets of rules."""

    def __init__(self, *sets: Iterable[Plain]) -> None:
        rules = [rule for one in sets for rule in one]
        self.ports = _cuts(span for rule in rules for span in rule.ports)
        self.sources = _cuts(span for rule in rules for span in rule.sources)
        self.peers = _cuts(span for rule in rules for span in rule.peers)

    def cover(self, rules: Iterable[Plain]) -> Cover:
        """What the rules let pass."""
        found: Cover = {}
        for rule in rules:
            mask = 0
            for first, end in rule.peers:
                mask |= (1 << bisect_left(self.peers, end)) - (1 << bisect_left(self.peers, first))
            for port in _inside(self.ports, rule.ports):
                for source in _inside(self.sources, rule.sources):
                    cell = (rule.direction, rule.transport, port, source)
                    found[cell] = found.get(cell, 0) | mask
        return found

    def beyond(self, some: Cover, others: Cover) -> str:
        """A packet that the first lets pass and the second does not, in words; empty where there is none."""
        for cell, mask in some.items():
            rest = mask & ~others.get(cell, 0)
            if rest:
                peer = address(self.peers[(rest & -rest).bit_length() - 1])
                direction, transport, port, source = cell
                return f"{direction} {transport} {port} source port {source} peer {peer}"
        return ""

    def passes(self, cover: Cover, transport: str, port: int, source: int, peer: str) -> bool:
        """Whether one packet to the host passes."""
        spots = [_spot(cuts, value) for cuts, value in ((self.ports, port), (self.sources, source))]
        bit = _spot(self.peers, place(peer))
        if bit < 0 or min(spots) < 0:
            return False
        cell = ("in", transport, self.ports[spots[0]], self.sources[spots[1]])
        return bool(cover.get(cell, 0) >> bit & 1)


def _spot(cuts: list[int], value: int) -> int:
    return bisect_left(cuts, value + 1) - 1


def _cuts(spans: Iterable[tuple[int, int]]) -> list[int]:
    return sorted({cut for span in spans for cut in span})


def _inside(cuts: list[int], spans: Iterable[tuple[int, int]]) -> Iterable[int]:
    for first, end in spans:
        yield from cuts[bisect_left(cuts, first) : bisect_left(cuts, end)]


def address(number: int) -> str:
    """The address that stands there."""
    if number >= _FAMILY:
        return str(ipaddress.IPv6Address(number - _FAMILY))
    return str(ipaddress.IPv4Address(number))


def both(some: Cover, others: Cover) -> Cover:
    """What both let pass."""
    return {cell: mask & others.get(cell, 0) for cell, mask in some.items()}


def either(some: Cover, others: Cover) -> Cover:
    """What at least one lets pass."""
    return {cell: some.get(cell, 0) | others.get(cell, 0) for cell in some.keys() | others.keys()}


def difference(some: Iterable[Plain], others: Iterable[Plain]) -> str:
    """A packet that only one of two sets lets pass; empty where they are the same."""
    some, others = list(some), list(others)
    grid = Grid(some, others)
    one, two = grid.cover(some), grid.cover(others)
    missing, extra = grid.beyond(one, two), grid.beyond(two, one)
    return f"only the first lets pass {missing}" if missing else f"only the second lets pass {extra}" if extra else ""
