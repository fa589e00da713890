# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: firewall rules in their one form, and what differs between two sets of them. Pure; Python 3.9 and later.

A rule allows a transport's ports to peers. Two sets of rules that allow the same packets have the same canonical
form, whatever way they were written.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

Span = tuple[int, int]
Profile = tuple[tuple[tuple[Span, ...], tuple[str, ...]], ...]

EVERYBODY = ("0.0.0.0/0", "::/0")
"""What the word ``any`` means."""
_ALL_PORTS = (1, 65535)
_SPAN = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?\Z")
DIRECTIONS = ("in", "out")
TRANSPORTS = ("tcp", "udp")


class RuleError(ValueError):
    """A rule is not one; the text names the field, the value and what would be right."""


class Rule(NamedTuple):
    """Allows ``transport`` to ``ports`` from (or, with ``out``, to) ``peers``, CIDRs of both families.

    Empty ``source_ports`` means all. ``flows`` says who asks for it and has no part in what is allowed.
    """

    direction: str
    transport: str
    ports: tuple[Span, ...]
    peers: tuple[str, ...]
    source_ports: tuple[Span, ...] = ()
    flows: tuple[str, ...] = ()

    def key(self) -> tuple[Any, ...]:
        """What the rule allows; equal keys allow the same."""
        return (self.direction, self.transport, self.source_ports, self.ports, self.peers)

    def as_dict(self) -> dict[str, Any]:
        return {
            "direction": self.direction,
            "transport": self.transport,
            "ports": [span_text(span) for span in self.ports],
            "source_ports": [span_text(span) for span in self.source_ports],
            "peers": ["any"] if self.peers == EVERYBODY else list(self.peers),
            "flows": list(self.flows),
        }

    def as_text(self) -> str:
        """One line for people and diffs."""
        preposition = "from" if self.direction == "in" else "to"
        ports = ",".join(span_text(span) for span in self.ports)
        source = " source port " + ",".join(span_text(span) for span in self.source_ports) if self.source_ports else ""
        peers = "any" if self.peers == EVERYBODY else " ".join(peer_text(peer) for peer in self.peers)
        return f"{self.direction} {self.transport} {ports}{source} {preposition} {peers}"


def span_text(span: Span) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


def peer_text(network: str) -> str:
    """A network for people: a single address without its length."""
    address, _ignored, length = network.partition("/")
    return address if length == ("128" if ":" in address else "32") else network


def printable(text: str) -> str:
    """A text fit for a terminal."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "?" for one in text)


def _shown(value: Any) -> str:
    """A value as it can stand in a sentence."""
    text = repr(value)
    return text if len(text) <= 60 else text[:56] + " ..."


def parse_span(value: Any) -> Span:
    match = _SPAN.match(str(value).strip())
    span = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= span[0] <= span[1] <= 65535:
        raise RuleError(f"port {_shown(value)} must be a number from 1 to 65535, or a range such as 5500-5501")
    return span


def parse(raw: Mapping[str, Any]) -> Rule:
    """A rule out of plain values; raises RuleError."""
    if raw["direction"] not in DIRECTIONS:
        raise RuleError(f"direction {_shown(raw['direction'])} must be one of {', '.join(DIRECTIONS)}")
    if raw["transport"] not in TRANSPORTS:
        raise RuleError(f"transport {_shown(raw['transport'])} must be one of {', '.join(TRANSPORTS)}")
    return Rule(
        direction=raw["direction"],
        transport=raw["transport"],
        ports=tuple(parse_span(port) for port in raw["ports"]),
        peers=tuple(network for peer in raw["peers"] for network in _networks(str(peer).strip())),
        source_ports=tuple(parse_span(port) for port in raw.get("source_ports") or ()),
        flows=tuple(raw.get("flows") or ()),
    )


@lru_cache(maxsize=1 << 14)
def _networks(text: str) -> tuple[str, ...]:
    """What one peer stands for; most estates name the same ones in many rules."""
    if text.lower() == "any":
        return EVERYBODY
    plain = plain_network(text)
    if plain is not None:
        return (plain,)
    # What is spelt otherwise, or wrong, takes the long way, which has words for what is wrong.
    try:
        if "%" in text:
            raise ValueError("the zone behind % has no meaning in a rule")
        return (str(ipaddress.ip_network(text)),)
    except ValueError as wrong:
        why = str(wrong)[-100:]
        raise RuleError(f"peer {_shown(text)} must be a network such as 192.0.2.0/24 or 2001:db8::/64: {why}") from None


def plain_network(text: str) -> str | None:
    """The text when it is a network in its one form already, or an address, as a network; None for all else.

    Much faster than a library that reads every spelling, which matters for thousands.
    """
    with suppress(ValueError):
        version, first, last = span_of(text)
        network = _text(version, first, last - first + 1)
        if network in (text, f"{text}/{128 if version == 6 else 32}"):
            return network
    return None


def canonical(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The one form of a set of rules.

    Source ports and ports are cut where any rule begins or ends; each piece gets the fewest networks that hold all
    its peers; then pieces with equal peers join again. What is allowed from any source port already is left out of
    the rules for particular ones.
    """
    sides: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules:
        sides.setdefault((rule.direction, rule.transport), []).append(rule)
    found: list[Rule] = []
    for (direction, transport), group in sides.items():
        free: list[Rule] = []
        bound: list[Rule] = []
        for rule in group:
            (bound if rule.source_ports and join(rule.source_ports) != (_ALL_PORTS,) else free).append(rule)
        free += _free_together(bound)
        profiles: dict[Profile, list[Span]] = {_by_peers(free): []}
        for source in _pieces([rule.source_ports for rule in bound]):
            inside = [rule for rule in bound if _covers(rule.source_ports, source)]
            profiles.setdefault(_by_peers(inside, free), []).append(source)
        for profile, sources in profiles.items():
            for ports, peers in profile:
                rule = Rule(direction, transport, ports, peers, join(sources))
                found.append(rule._replace(flows=_asking(group, rule)))
    return tuple(sorted(found, key=Rule.key))


def beyond(rule: Rule, already: Iterable[Rule]) -> tuple[Rule, ...]:
    """What a rule is about without what others, for any source port, are about already; the rule's own form is kept."""
    others = [
        other
        for other in already
        if (other.direction, other.transport) == (rule.direction, rule.transport) and not other.source_ports
    ]
    return tuple(rule._replace(ports=ports, peers=peers) for ports, peers in _by_peers([rule], others))


def _free_together(bound: Sequence[Rule]) -> list[Rule]:
    """What rules for particular source ports allow from any, because together they leave none out."""
    sources = _pieces([rule.source_ports for rule in bound])
    if join(sources) != (_ALL_PORTS,):
        return []
    found = []
    for ports in _pieces([rule.ports for rule in bound]):
        peers: frozenset[str] | None = None
        for source in sources:
            here = _peers_at([rule for rule in bound if _covers(rule.source_ports, source)], ports)
            peers = here if peers is None else within(peers, here)
        if peers:
            rule = bound[0]
            found.append(Rule(rule.direction, rule.transport, (ports,), fewest(peers)))
    return found


def within(some: Iterable[str], others: Iterable[str]) -> frozenset[str]:
    """The addresses that are on both sides."""
    pairs = ((ipaddress.ip_network(one), ipaddress.ip_network(other)) for one in some for other in others)
    return frozenset(
        str(max(one, other, key=lambda network: network.prefixlen))
        for one, other in pairs
        if one.version == other.version and one.overlaps(other)
    )


def _pieces(spans: Iterable[Iterable[Span]]) -> list[Span]:
    """The ranges between all points where some span begins or ends, within what the spans cover."""
    flat = [span for group in spans for span in group]
    cuts = sorted({cut for first, last in flat for cut in (first, last + 1)})
    covered = join(flat)
    begins = [first for first, _last in covered]
    pieces = [(first, after - 1) for first, after in zip(cuts, cuts[1:])]
    return [piece for piece in pieces if piece[1] <= covered[bisect_right(begins, piece[0]) - 1][1]]


def _covers(spans: Iterable[Span], piece: Span) -> bool:
    return any(first <= piece[0] and piece[1] <= last for first, last in spans)


def _by_peers(rules: Sequence[Rule], already: Sequence[Rule] = ()) -> Profile:
    """Ports by the peers that they are open to, without what other rules allow already."""
    ports: dict[tuple[str, ...], list[Span]] = {}
    pieces = _pieces(rule.ports for rule in (*rules, *already))
    for piece, some, others in zip(pieces, _peers_of(pieces, rules), _peers_of(pieces, already)):
        left = fewest(without(fewest(some), fewest(others)) if others else some)
        if left:
            ports.setdefault(left, []).append(piece)
    return tuple(sorted((join(pieces), peers) for peers, pieces in ports.items()))


def _peers_of(pieces: Sequence[Span], rules: Iterable[Rule]) -> list[frozenset[str]]:
    """Who may reach each of the pieces, which are cut where a rule begins or ends."""
    begins = [first for first, _last in pieces]
    found: list[list[tuple[str, ...]]] = [[] for _piece in pieces]
    for rule in rules:
        for first, last in rule.ports:
            for number in range(bisect_left(begins, first), bisect_right(begins, last)):
                found[number].append(rule.peers)
    return [frozenset().union(*some) for some in found]


def _peers_at(rules: Iterable[Rule], piece: Span) -> frozenset[str]:
    return frozenset().union(*(rule.peers for rule in rules if _covers(rule.ports, piece)))


@lru_cache(maxsize=1024)
def fewest(peers: frozenset[str]) -> tuple[str, ...]:
    """The fewest networks that hold the same addresses, IPv4 before IPv6."""
    found: list[str] = []
    version, begin, end = 0, 0, -2
    for one, first, last in (*sorted(map(span_of, peers)), (9, 0, 0)):
        if one == version and first <= end + 1:
            end = max(end, last)
            continue
        size = end - begin + 1
        if version and size & size - 1 == 0 and begin & size - 1 == 0:
            found.append(_text(version, begin, size))
        elif version:
            found += networks_of(version, begin, end)
        version, begin, end = one, first, last
    return tuple(found)


def networks_of(version: int, first: int, last: int) -> Iterator[str]:
    """The fewest networks that hold a range of addresses."""
    while first <= last:
        size = 1 << (last - first + 1).bit_length() - 1
        size = min(size, first & -first) if first else size
        yield _text(version, first, size)
        first += size


def _text(version: int, first: int, size: int) -> str:
    bits = 128 if version == 6 else 32
    kind = socket.AF_INET6 if version == 6 else socket.AF_INET
    address = socket.inet_ntop(kind, first.to_bytes(bits // 8, "big"))
    if version == 6 and "." in address:
        # Python spells an address with an IPv4 one in it otherwise.
        address = str(ipaddress.IPv6Address(first))
    return f"{address}/{bits - size.bit_length() + 1}"


def overlap(added: Iterable[str], removed: Iterable[str]) -> bool:
    """Whether some network of the one side touches one of the other: a set can't hold both.

    No side overlaps itself, so in the order of their beginnings two that touch are next to each other.
    """
    sides = ((network, side) for side, networks in enumerate((added, removed)) for network in networks)
    spans = sorted((span_of(network), side) for network, side in sides)
    return any(
        side != other and first[0] == second[0] and second[1] <= first[2]
        for (first, side), (second, other) in zip(spans, spans[1:])
    )


def span_of(network: str) -> tuple[int, int, int]:
    """The IP version, the first and the last address of a network; a ValueError where it is none.

    Many times faster than ipaddress, which matters for sets of thousands.
    """
    address, _slash, length = network.partition("/")
    version, kind, bits = (6, socket.AF_INET6, 128) if ":" in address else (4, socket.AF_INET, 32)
    try:
        first = int.from_bytes(socket.inet_pton(kind, address), "big")
    except OSError as wrong:
        raise ValueError(f"{network!r} is no network: {wrong}") from None
    length = length or str(bits)
    if not length.isdigit() or int(length) > bits:
        raise ValueError(f"{network!r} is no network: a length is a number from 0 to {bits}")
    size = 1 << bits - int(length)
    first &= -size
    return version, first, first + size - 1


def without(peers: Iterable[str], holes: Iterable[str]) -> frozenset[str]:
    """The peers' addresses that are in no hole."""
    gaps = sorted(map(span_of, fewest(frozenset(holes))))
    left: set[str] = set()
    for version, first, last in map(span_of, peers):
        begin = first
        for index in range(max(0, bisect_left(gaps, (version, first, first)) - 1), len(gaps)):
            other, hole, end = gaps[index]
            if (other, hole) > (version, last):
                break
            if (other, end) >= (version, begin):
                left.update(networks_of(version, begin, hole - 1))
                begin = end + 1
        left.update(networks_of(version, begin, last))
    return frozenset(left)


def join(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The fewest spans that hold the same ports, sorted; adjacent ones are one."""
    joined: list[Span] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def common(some: Iterable[Span], others: Sequence[Span]) -> tuple[Span, ...]:
    """The ports that are in both."""
    pairs = [(max(one[0], other[0]), min(one[1], other[1])) for one in some for other in others]
    return tuple((first, last) for first, last in pairs if first <= last)


def _asking(rules: Iterable[Rule], allowed: Rule) -> tuple[str, ...]:
    """The flows of all rules that have a part in what is allowed.

    Where both are for any source port, a rule for the same ports always has one.
    """
    found: set[str] = set()
    for rule in rules:
        if not rule.flows or not _touch(rule.ports, allowed.ports) or set(rule.flows) <= found:
            continue
        if rule.source_ports and allowed.source_ports and not _touch(rule.source_ports, allowed.source_ports):
            continue
        if not (rule.source_ports or allowed.source_ports) or overlap(fewest(frozenset(rule.peers)), allowed.peers):
            found.update(rule.flows)
    return tuple(sorted(found))


def _touch(some: Iterable[Span], others: Sequence[Span]) -> bool:
    return any(first <= last2 and first2 <= last for first, last in some for first2, last2 in others)


def lines(rules: Iterable[Rule]) -> list[str]:
    """The rules as sorted lines, one a rule."""
    return [rule.as_text() for rule in rules]
