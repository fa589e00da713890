# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: rules to tuples of ufw and back, and a tuple in the spellings that it has. Pure.

A tuple of ufw allows up to 15 ports to one network; ufw writes it into its file together with the line for
iptables-restore that it means. The spellings are those of ufw's own source: UFWRule.format_rule in common.py.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _host, _rules

ANY_PORT = "any"
ACCEPT = " -j ACCEPT"
ANYWHERE = ("0.0.0.0/0", "::/0")
PREFIX = "printnet.ports/"
HEX_PREFIX = PREFIX.encode().hex()
_OWNER = re.compile(r"printnet\.ports/[a-z0-9_]+\Z")
_LONGEST = 255
"""Characters of a comment in the kernel."""
_MOST = 15
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+\Z")


class Tuple(NamedTuple):
    """What one tuple of ours allows; ports and peer are spelled as ufw does (``515,5500:5501``, no ``/32``)."""

    direction: str
    transport: str
    ports: str
    sources: str
    peer: str

    @property
    def version(self) -> int:
        return 6 if ":" in self.peer else 4


Owned = dict[Tuple, tuple[str, ...]]
"""Tuples, and who needs each of them."""


def encode(rules: Iterable[_rules.Rule]) -> list[Tuple]:
    """The tuples that allow the same as the rules."""
    return [
        Tuple(rule.direction, rule.transport, ports, sources, peer)
        for rule in rules
        for peers in [[_peer(network) for network in rule.peers]]
        for ports in _portions(rule.ports)
        for sources in (_portions(rule.source_ports) if rule.source_ports else [ANY_PORT])
        for peer in peers
    ]


def decode(tuples: Iterable[Tuple]) -> list[_rules.Rule]:
    """The rules that allow the same as the tuples. Raises ValueError where ports are none; peers are not looked at."""
    peers: dict[tuple[str, ...], list[str]] = {}
    for one in tuples:
        peers.setdefault(one[:4], []).append(one.peer)
    return [
        _rules.Rule(
            direction, transport, spans(ports) or ((1, 65535),), tuple(map(network, peers[key])), spans(sources)
        )
        for key in peers
        for direction, transport, ports, sources in [key]
    ]


def network(peer: str) -> str:
    """A peer of a tuple with its length."""
    return peer if "/" in peer else f"{peer}/{128 if ':' in peer else 32}"


def _peer(text: str) -> str:
    address, slash, length = text.partition("/")
    if ":" in address:
        # ufw spells it as the C library does.
        address = socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address))
        return address if length == "128" else address + slash + length
    return address if length == "32" else text


@lru_cache(maxsize=1024)
def spans(text: str) -> tuple[_rules.Span, ...]:
    """The ports of a tuple; empty for any. Raises ValueError."""
    return () if text == ANY_PORT else tuple(_rules.parse_span(part.replace(":", "-")) for part in text.split(","))


def _portions(ports: Iterable[_rules.Span]) -> list[str]:
    """At most 15 ports together; a range counts two."""
    found: list[list[str]] = []
    room = 0
    for first, last in ports:
        size = 1 if first == last else 2
        if size > room:
            found.append([])
            room = _MOST
        found[-1].append(str(first) if first == last else f"{first}:{last}")
        room -= size
    return [",".join(portion) for portion in found]


def comment(owners: Iterable[str]) -> str:
    """The comment that names these owners."""
    return " ".join(sorted(owners))


def is_short(owners: Iterable[str]) -> bool:
    """Whether the kernel keeps a comment that names these owners; it cuts a longer one without a word."""
    return len(comment(owners)) <= _LONGEST


def need_short_comments(there: Mapping[Tuple, tuple[str, ...]], wanted: Mapping[Tuple, tuple[str, ...]]) -> None:
    """Refuse a tuple that gets more owners than a comment can name: cut off, that would name nobody."""
    for one, owners in wanted.items():
        if not is_short(owners) and not {*owners} <= {*there.get(one, ())}:
            what = command(one, one.peer).removeprefix("ufw delete ")
            raise _host.HostError(
                f"{len(owners)} owners need the same rule, {what}, and ufw has one line for all of them, whose comment "
                f"has no room for so many names. Give what some of them need to one owner. {_host.UNCHANGED}"
            )


@lru_cache(maxsize=256)
def owners_in(text: str) -> tuple[str, ...]:
    """Whom a comment names; nobody where somebody else wrote it."""
    words = text.split(" ")
    return tuple(sorted(set(words))) if all(map(_OWNER.match, words)) else ()


@lru_cache(maxsize=256)
def owners_in_hex(text: str) -> tuple[str, ...]:
    """The same for a comment as the file has it."""
    return owners_in(bytes.fromhex(text).decode("utf-8", "replace")) if _HEX.match(text) else ()


def chain_of(version: int, direction: str) -> str:
    return f"ufw{6 if version == 6 else ''}-user-{'input' if direction == 'in' else 'output'}"


def logging_chain_of(version: int, direction: str) -> str:
    """The chain that a rule which logs goes through first."""
    return chain_of(version, direction).replace("-user-", "-user-logging-")


def remark(owners: Iterable[str]) -> str:
    """The match of a live line that names these owners. None of its characters means anything to iptables-restore."""
    return f' -m comment --comment "{comment(owners)}"'


def head(one: Tuple, owners: Iterable[str]) -> str:
    """The tuple's own line, without ``### tuple ###``."""
    anywhere = ANYWHERE[one.version == 6]
    target, source = (anywhere, one.peer) if one.direction == "in" else (one.peer, anywhere)
    what = f"allow {one.transport} {one.ports} {target} {one.sources} {source} {one.direction}"
    return f"{what} comment={comment(owners).encode().hex()}"


def rule_line(one: Tuple, owners: Collection[str] = ()) -> str:
    """The line for iptables-restore, as ufw writes it; with owners it names them in the kernel, which ufw does not."""
    before, after = frame(one.version, *one[:4])
    named = remark(owners) if owners else ""
    return f"{before}{_side(one, one.peer)}{after}{named}{ACCEPT}"


@lru_cache(maxsize=1024)
def frame(version: int, direction: str, transport: str, ports: str, sources: str) -> tuple[str, str]:
    """What stands before the peer in ``rule_line``, and what stands behind it."""
    several, target, source = _matches(ports, sources)
    begin = f"-A {chain_of(version, direction)} -p {transport}{several}"
    return (begin + target, source) if direction == "in" else (begin, target + source)


def live_line(one: Tuple, owners: Collection[str] = ()) -> str:
    """The same line as iptables-save prints it."""
    begin, end = _live_frame(one.version, *one[:4])
    named = remark(owners) if owners else ""
    return f"{begin}{_side(one, network(one.peer))}{end}{named}{ACCEPT}"


@lru_cache(maxsize=1024)
def _live_frame(version: int, direction: str, transport: str, ports: str, sources: str) -> tuple[str, str]:
    several, target, source = _matches(ports, sources)
    single = f" -m {transport}{source}{target}" if target or source else ""
    return f"-A {chain_of(version, direction)}", f" -p {transport}{several or single}"


def _side(one: Tuple, peer: str) -> str:
    return "" if peer in ANYWHERE else f" {'-s' if one.direction == 'in' else '-d'} {peer}"


def _matches(ports: str, sources: str) -> tuple[str, str, str]:
    """The match of many ports, or else that of one port and that of one source port."""
    has = {side: text for side, text in (("d", ports), ("s", sources)) if text != ANY_PORT}
    if any("," in text or ":" in text for text in has.values()):
        return "".join(f" -m multiport --{side}ports {text}" for side, text in has.items()), "", ""
    target, source = (f" --{side}port {has[side]}" if side in has else "" for side in "ds")
    return "", target, source


def command(one: Tuple, peer: str, owners: Collection[str] = ()) -> str:
    """What an administrator would type to add it, or, without owners, to delete it; ``peer`` may be ``any``."""
    direction = " out" if one.direction == "out" else ""
    source = f" port {one.sources}" if one.sources != ANY_PORT else ""
    sides = (peer, ANY_PORT) if one.direction == "in" else (ANY_PORT, peer)
    what = f"allow{direction} proto {one.transport} from {sides[0]}{source} to {sides[1]} port {one.ports}"
    return f"ufw {what} comment '{comment(owners)}'" if owners else f"ufw delete {what}"
