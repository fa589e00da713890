# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: rules as firewalld's rich rules and sets, and back. Pure.

A rule for a few networks is a rich rule for each of them. One for many names a set of them: firewalld takes minutes for
some hundred rich rules and a second for as many entries of a set. A set's name follows from the ports that use it, so
other networks for the same ports are other entries of the same set. Entries that overlap can't be in one set at once,
so there are two variants of each name: a change that needs it goes from the one to the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _rules

MANY = 8
"""More networks of a family than this go into a set."""

Sets = frozenset[tuple[str, frozenset[str]]]
_RICH = re.compile(
    r'rule(?: family="(?P<family>ipv[46])" (?P<end>source|destination) '
    r'(?:address="(?P<peer>[0-9a-f.:/]+)"|ipset="(?P<set>[^"]+)"))? '
    r'port port="(?P<port>[0-9]+(?:-[0-9]+)?)" protocol="(?P<transport>tcp|udp)" accept\Z'
)
_END = {"in": "source", "out": "destination"}


class NotExpressibleError(ValueError):
    """firewalld has no rich rule for this."""


class Raw(NamedTuple):
    """What is saved, or what is live, of a policy: its rich rules, None without a policy, and its sets."""

    rich: frozenset[str] | None = None
    sets: Sets = frozenset()

    def entries(self) -> dict[str, frozenset[str]]:
        """The networks of each set by its name."""
        return dict(self.sets)

    def used(self) -> dict[str, frozenset[str]]:
        """The networks of each set that a rich rule names."""
        return {name: some for name, some in self.sets if any(f'ipset="{name}"' in text for text in self.rich or ())}


def set_pattern(policy: str) -> re.Pattern[str]:
    """The names of the sets of a policy; the last figure is the IP version."""
    return re.compile(re.escape(policy) + r"-[0-9a-f]{6}[46]\Z")


@lru_cache(maxsize=64)
def encode(policy: str, rules: tuple[_rules.Rule, ...], variant: int = 0, sets_of_destinations: bool = True) -> Raw:
    """Canonical rules of one direction as the policy of that name has them, spelt as firewalld itself spells them."""
    rich: set[str] = set()
    sets: dict[str, frozenset[str]] = {}
    users = _users(rules)
    for rule in rules:
        if rule.source_ports:
            asking = ", ".join(rule.flows) or rule.as_text()
            raise NotExpressibleError(
                f"firewalld cannot match a source port and a port in one rule, which {asking} needs; "
                "leave the flow off on this host, or use another firewall"
            )
        ends = [""] if rule.peers == _rules.EVERYBODY else []
        for version in (4, 6) if not ends else ():
            networks = _of(rule, version)
            if len(networks) > MANY and (rule.direction == "in" or sets_of_destinations):
                name = f"{policy}-{_name(users[networks], variant)}{version}"
                sets[name] = frozenset(networks)
                ends.append(f'family="ipv{version}" {_END[rule.direction]} ipset="{name}" ')
            else:
                ends += [f'family="ipv{version}" {_END[rule.direction]} address="{one}" ' for one in networks]
        for span in rule.ports:
            port = f'port port="{_rules.span_text(span)}" protocol="{rule.transport}" accept'
            rich.update(f"rule {end}{port}" for end in ends)
    return Raw(frozenset(rich), frozenset(sets.items())) if rich else Raw()


def _of(rule: _rules.Rule, version: int) -> tuple[str, ...]:
    return tuple(peer for peer in rule.peers if (":" in peer) == (version == 6))


def _users(rules: Iterable[_rules.Rule]) -> dict[tuple[str, ...], list[str]]:
    """The ports that are reached from the same networks of a family."""
    found: dict[tuple[str, ...], list[str]] = {}
    for rule in rules:
        for version in (4, 6):
            ports = [f"{rule.transport} {_rules.span_text(span)}" for span in rule.ports]
            found.setdefault(_of(rule, version), []).extend(ports)
    return found


def _name(ports: Iterable[str], variant: int) -> str:
    text = "\n".join(sorted(ports)) + ("\nother" if variant else "")
    return sha256(text.encode()).hexdigest()[:6]


def network(entry: Any) -> str:
    """An entry of a set as we write it: firewalld gives a single address without its length."""
    text = str(entry)
    return text if "/" in text or "-" in text else f"{text}/{128 if ':' in text else 32}"


def clash(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether a set can't hold both. What is no network, which only somebody's hand adds, may be in the way."""
    try:
        return _rules.overlap(some, others)
    except ValueError:
        return True


def fits(now: Raw, aim: Raw) -> bool:
    """Whether the sets that are there can come to hold what is aimed at, one entry after the other."""
    here, there = now.entries(), aim.entries()
    return there.keys() <= here.keys() and not any(
        clash(some - here[name], here[name] - some) for name, some in there.items()
    )


def work(now: Raw, aim: Raw) -> int:
    """How many rules and entries change, of sets that are there."""
    here = now.entries()
    rules = (now.rich or frozenset()) ^ (aim.rich or frozenset())
    return len(rules) + sum(len(here.get(name, some) ^ some) for name, some in aim.sets)


def decode(raw: Raw, direction: str) -> tuple[list[_rules.Rule], list[str]]:
    """The rules, and the texts that are none of ours."""
    sets: dict[str, list[str]] = {}
    foreign: list[str] = []
    for name, entries in raw.used().items():
        sets[name] = [entry for entry in entries if _is_network(entry)]
        foreign += [f"set {name} has the entry {entry}" for entry in entries - {*sets[name]}]
    ports: dict[tuple[str, str], set[str]] = {}
    for text in raw.rich or ():
        match = _RICH.match(text)
        if (
            match is None
            or (match["set"] and match["set"] not in sets)
            or (match["peer"] and _rules.plain_network(match["peer"]) is None)
            or (match["end"] and match["end"] != _END[direction])
            or not _is_span(match["port"])
        ):
            foreign.append(text)
        elif match["set"]:
            ports.setdefault((match["transport"], match["port"]), set()).update(sets[match["set"]])
        else:
            ports.setdefault((match["transport"], match["port"]), set()).update(
                [match["peer"]] if match["peer"] else _rules.EVERYBODY
            )
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (transport, port), peers in ports.items():
        grouped.setdefault((transport, tuple(sorted(peers))), []).append(port)
    return [
        _rules.Rule(direction, transport, tuple(map(_rules.parse_span, some)), peers)
        for (transport, peers), some in grouped.items()
    ], sorted(foreign)


def _is_network(text: str) -> bool:
    with suppress(ValueError):
        return bool(_rules.span_of(text))
    return False


def _is_span(text: str) -> bool:
    with suppress(ValueError):
        return bool(_rules.parse_span(text))
    return False
