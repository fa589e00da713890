# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what nft prints of rules, read back. Pure.

Networks stay plain text wherever they can: there may be ten thousand.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _rules, _state
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_ends as ends
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_place as place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._nft_place import Base, Table

Ask = tuple[str, tuple[_rules.Span, ...], tuple[_rules.Span, ...]]
"""Transport, ports, source ports."""
Part = dict[Ask, frozenset[str]]
"""The networks of one family by what they may ask for."""
_SHOWN = 160


class UnknownError(ValueError):
    """A statement that is none of those that we write or understand."""


class Parts(NamedTuple):
    """What a chain accepts, by family, and what in it is none of ours."""

    by_family: dict[str, Part]
    odd: list[str]


def values(right: Any) -> list[Any]:
    """What a match compares with, one by one."""
    if isinstance(right, dict) and "set" in right:
        right = right["set"]
    # An element of a named set may have a comment, a counter or a timeout.
    some = right if isinstance(right, list) else [right]
    return [one["elem"]["val"] if isinstance(one, dict) and "elem" in one else one for one in some]


def ports(right: Any) -> tuple[_rules.Span, ...]:
    """Ports as nft prints them; raises UnknownError."""
    spans = []
    for one in values(right):
        first, last = one["range"] if isinstance(one, dict) and "range" in one else (one, one)
        if not isinstance(first, int) or not isinstance(last, int):
            raise UnknownError(one)
        spans.append((first, last))
    return _rules.join(spans)


def networks(right: Any) -> frozenset[str]:
    """Addresses as nft prints them, as networks; raises UnknownError."""
    found = []
    for one in values(right):
        if isinstance(one, str):
            found += _network(one, 32 if ":" not in one else 128)
        elif isinstance(one, dict) and "prefix" in one:
            found += _network(one["prefix"]["addr"], one["prefix"]["len"])
        elif isinstance(one, dict) and "range" in one:
            first, last = map(ipaddress.ip_address, one["range"])
            found += map(str, ipaddress.summarize_address_range(first, last))
        else:
            raise UnknownError(one)
    return frozenset(found)


def _network(address: str, length: int) -> list[str]:
    if address.startswith(("@", "$")) or ("." in address and ":" in address):
        return [str(ipaddress.ip_network(f"{address}/{length}"))]
    return [f"{address}/{length}"]


def matched(match: Mapping[str, Any]) -> tuple[str, str]:
    """What a match looks at, as a pair such as ``ip``, ``saddr``; raises UnknownError where it is no plain one."""
    left = match["left"]
    if match["op"] not in ("==", "in"):
        raise UnknownError(match["op"])
    if "payload" in left and "protocol" in left["payload"]:
        return left["payload"]["protocol"], left["payload"]["field"]
    if "meta" in left:
        return "meta", left["meta"]["key"]
    if "ct" in left:
        return "ct", left["ct"]["key"]
    raise UnknownError(left)


def _decode(rule: Mapping[str, Any], side: str) -> tuple[str, Ask, frozenset[str] | None]:
    """The families, what is asked for, and the peers of a rule of ours; raises UnknownError."""
    *matches, verdict = rule["expr"]
    if verdict != {"accept": None}:
        raise UnknownError(verdict)
    families, transport, peers = "46", "", None
    asked: dict[str, tuple[_rules.Span, ...]] = {}
    for each in matches:
        if "match" not in each:
            raise UnknownError(each)
        (one, what), right = matched(each["match"]), each["match"]["right"]
        if one in ("tcp", "udp") and what in ("sport", "dport") and what not in asked and transport in ("", one):
            transport, asked[what] = one, ports(right)
        elif one in ("ip", "ip6") and what == side and peers is None:
            families, peers = "4" if one == "ip" else "6", networks(right)
        elif (one, what) == ("meta", "nfproto") and right in ("ipv4", "ipv6") and families == "46":
            families = right[-1]
        else:
            raise UnknownError(each)
    if "dport" not in asked:
        raise UnknownError(rule["expr"])
    return families, (transport, asked["dport"], asked.get("sport", ())), peers


def parts(table: Table, name: str, direction: str) -> Parts:
    """What the chain of an owner accepts."""
    gathered: dict[str, dict[Ask, list[frozenset[str]]]] = {family: {} for family in place.FAMILIES[table.family]}
    odd = []
    side = "saddr" if direction == "in" else "daddr"
    for rule in table.chains[name].rules:
        try:
            families, ask, peers = _decode(rule, side)
        except (ValueError, LookupError, TypeError):
            shown = json.dumps(rule.get("expr"))[:_SHOWN]
            odd.append(f"{table}, chain {name} has a rule that is none of ours: {shown}")
            continue
        for family in families:
            if family in gathered:
                found = frozenset((place.ALL[family],)) if peers is None else peers
                gathered[family].setdefault(ask, []).append(found)
    return Parts(
        {
            family: {ask: some[0] if len(some) == 1 else frozenset().union(*some) for ask, some in asks.items()}
            for family, asks in gathered.items()
        },
        odd,
    )


def live(tables: Iterable[Table], shorts: Mapping[str, str]) -> dict[str, _state.Half]:
    """What is live of each owner: what every base chain lets in that refuses by default. The rules are as found."""
    tables = list(tables)
    homes = [(table, place.bases(table)) for table in tables]
    return {owner: _live(homes, owner, short) for owner, short in shorts.items()}


def _live(homes: Iterable[tuple[Table, list[Base]]], owner: str, short: str) -> _state.Half:
    found: list[_rules.Rule] = []
    odd: list[str] = []
    for direction in place.DIRECTIONS:
        name = place.name_of(short, direction)
        sides: dict[str, list[tuple[str, Part]]] = {"4": [], "6": []}
        for table, bases in homes:
            here = [base for base in bases if base.direction == direction]
            told = parts(table, name, direction) if name in table.chains else Parts({}, [])
            odd += told.odd
            for base in here:
                leads = any(ends.target(rule) == name for rule in base.chain.rules[: base.tail])
                for family in place.FAMILIES[table.family]:
                    sides[family].append((str(base), told.by_family.get(family, {}) if leads else {}))
            odd += _odd_jumps(table, here, owner, name)
        merged: dict[Ask, frozenset[str]] = {}
        for family, some in sides.items():
            odd += _odd_sides(some, family)
            for ask, peers in _common([part for _where, part in some]).items():
                merged[ask] = merged[ask] | peers if ask in merged else peers
        found += [_rules.Rule(direction, ask[0], ask[1], tuple(peers), ask[2]) for ask, peers in merged.items()]
    return _state.Half(tuple(found), tuple(sorted(odd)))


def _odd_jumps(table: Table, homes: list[Base], owner: str, name: str) -> Iterable[str]:
    names = {base.chain.name for base in homes}
    if name in table.chains:
        for base in homes:
            if not place.stands_right(base, owner, name):
                yield f"{base} has no jump to {name} right before its end"
        if not names:
            yield f"{table} has the chain {name}, and refuses nothing by default"
        if not table.chains[name].rules:
            yield f"{table} has the chain {name} without a rule"
    for chain in table.chains.values():
        if chain.name not in names and any(ends.target(rule) == name for rule in chain.rules):
            yield f"{table}, chain {place.shown(chain.name)} has a jump to {name}, which belongs elsewhere"


def _odd_sides(sides: list[tuple[str, Part]], family: str) -> Iterable[str]:
    for where, part in sides[1:]:
        if part != sides[0][1]:
            yield f"{where} has other rules for IPv{family} than {sides[0][0]}"


def _common(some: list[Part]) -> Part:
    """What all of them have; a packet has to pass each."""
    if not some:
        return {}
    first, *others = some
    return {ask: peers for ask, peers in first.items() if all(other.get(ask) == peers for other in others)}
