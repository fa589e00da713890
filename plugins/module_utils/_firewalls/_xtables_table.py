# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the table filter of one family, live or saved: which of its lines are ours, and what they allow.

Each owner has a chain for each direction that it needs, ``pnports1-vpsx`` and ``pnports1-vpsx-o``, reached by one jump.
A rule with many networks goes by a chain of them, ``pnports1-vpsx-a1b2c3``; its name follows from the ports that use
it, so other networks for the same ports are other lines of the same chain. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._xtables import Line

PREFIX = "pnports1-"
"""Begins the name of a chain of ours; 1 is the format's version. iptables allows 28 characters."""
BASES = {"in": "INPUT", "out": "OUTPUT"}
NAME = re.compile(re.escape(PREFIX) + r"([a-z0-9_]{1,9})(-o|-[0-9a-f]{6})?\Z")
Chains = dict[str, list[str]]
"""The lines of each chain, in order."""

_COUNTERS = re.compile(r"\s*\[[0-9]+:[0-9]+\]\s*")
_MEMBER = re.compile(r"-A \S+ -[sd] ([0-9a-f.:]+/[0-9]+) -j ACCEPT\Z")
_SHOWN = 160
_INSERTS = ("-I", "--insert")
_UNDOES = ("-F", "--flush", "-X", "--delete-chain", "-D", "--delete", "-R", "--replace")
"""Commands that take away what stands above them, if anything does."""


@dataclass(frozen=True)
class Table:
    """The chains of a table, and the policies of those that are built in. Lines are without counters.

    ``counts`` are what the policies have counted, as it was printed. ``late`` are chains that a saved file declares
    behind a rule that leads to them, or takes away again, and ``inserted`` its lines that change what those above made.
    """

    version: int
    chains: Chains = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    counts: dict[str, str] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    inserted: list[str] = field(default_factory=list)
    _read: dict[tuple[str, str], list[Line]] = field(default_factory=dict, compare=False, repr=False)

    def lines(self, chain: str, direction: str = "") -> list[Line]:
        """The rules of INPUT or OUTPUT, or of a chain that they reach, in the direction of the one that reaches it."""
        direction = direction or ("out" if chain == BASES["out"] else "in")
        key = (chain, direction)
        if key not in self._read:
            self._read[key] = [read(text, self.version, direction) for text in self.chains.get(chain, ())]
        return self._read[key]

    def ours(self, short: str) -> Chains:
        """The chains of an owner."""
        return {name: lines for name, lines in self.chains.items() if short_of(name) == short}

    def shorts(self) -> set[str]:
        """The short names of all owners that have a chain here."""
        return {short for short in map(short_of, self.chains) if short}


read = lru_cache(maxsize=1 << 14)(_xtables.read)


def short_of(chain: str) -> str:
    """The owner's short name in a chain's name, empty where the chain is not ours."""
    match = NAME.match(chain)
    return match[1] if match else ""


def mains(short: str) -> dict[str, str]:
    """The chain of each direction."""
    return {"in": PREFIX + short, "out": f"{PREFIX}{short}-o"}


def parse(lines: Iterable[str], version: int) -> Table:
    """The table out of the lines between ``*filter`` and ``COMMIT``, as a program or a person wrote them."""
    table = Table(version)
    named: set[str] = set()
    for raw in lines:
        chain, text = rule_of(raw)
        if chain:
            table.chains.setdefault(chain, []).append(text)
            if PREFIX in text and chain in BASES.values():
                named.add(read(text, version, "in").target)
        elif text.startswith(_INSERTS) or (text.startswith(_UNDOES) and any(table.chains.values())):
            table.inserted.append(text)
        elif text in ("-X", "--delete-chain"):
            table.late.update(filter(short_of, table.chains))
        elif text.startswith(":"):
            name, policy, count = [*text[1:].split(), "", "", ""][:3]
            table.chains.setdefault(name, [])
            table.late.update({name} & named)
            if policy not in ("-", ""):
                table.policies[name] = policy
                table.counts[name] = count
        elif text.startswith(("-P", "--policy")):
            words = [word for word, _quoted in _xtables.words(text)]
            table.policies.update([(words[1], words[2])] if len(words) > 2 else [])
    return table


def rule_of(raw: str) -> tuple[str, str]:
    """The chain of a line, empty where it is no rule, and its text without counters and its end."""
    text = raw.strip()
    if text.startswith("["):
        text = _COUNTERS.sub("", text, count=1)
    if text.startswith("-A "):
        return text.split(None, 2)[1] if len(text) > len("-A ") else "", text
    return "" if not text or text[0] in ":#" else read(text, 4, "in").chain, text


def section(text: str) -> list[str]:
    """The lines of a dump that belong to the table filter."""
    lines = text.split("\n")
    begin, end = bounds(lines) or (0, 0)
    return lines[begin + 1 : end]


def bounds(lines: Sequence[str]) -> tuple[int, int] | None:
    """Where ``*filter`` and its ``COMMIT`` stand; the last one of several counts, as for iptables-restore."""
    begins = [at for at, line in enumerate(lines) if line.strip() == "*filter"]
    for begin in reversed(begins):
        for end in range(begin + 1, len(lines)):
            if lines[end].strip() == "COMMIT":
                return begin, end
    return None


def decode(chains: Chains, version: int, short: str) -> tuple[list[_rules.Rule], list[str]]:
    """What the owner's chains allow, and what stands in them that we did not make."""
    rules: list[_rules.Rule] = []
    odd: list[str] = []
    used: set[str] = set()
    for direction, main in mains(short).items():
        members: dict[str, tuple[str, ...]] = {}
        for text in chains.get(main, ()):
            line = read(text, version, direction)
            rule = line.rule
            if rule is None or not rule.transport or (line.target != "ACCEPT" and line.target not in chains):
                odd.append(shown(main, text))
            elif line.target == "ACCEPT":
                rules.append(rule)
            elif line.target in mains(short).values() or rule.peers[0] not in ("0.0.0.0/0", "::/0"):
                odd.append(shown(main, text))
            else:
                if line.target not in members:
                    members[line.target] = _members(chains[line.target], line.target, version, direction, odd)
                    used.add(line.target)
                peers = members[line.target]
                rules += [_rules.Rule(direction, rule.transport, rule.ports, peers, rule.source_ports)] if peers else []
    unused = [name for name in chains if name not in used and name not in mains(short).values()]
    odd += [f"chain {name} is used by no rule" for name in unused]
    return rules, odd


def _members(texts: Iterable[str], chain: str, version: int, direction: str, odd: list[str]) -> tuple[str, ...]:
    """The networks of a chain of networks."""
    option = "-s" if direction == "in" else "-d"
    peers = []
    for text in texts:
        match = _MEMBER.match(text)
        peer = _xtables.network(match[1], version) if match and f" {option} " in text else None
        if peer:
            peers.append(peer)
        else:
            odd.append(shown(chain, text))
    return tuple(peers)


def shown(chain: str, text: str) -> str:
    """A line of somebody else in words."""
    return f"{chain} has: {printable(text)}"


def printable(text: str) -> str:
    """A text of the host, fit for a terminal, and not too long for one."""
    return _rules.printable(text[:_SHOWN])


def encode(short: str, rules: Iterable[_rules.Rule], version: int) -> Chains:
    """The chains of an owner for canonical rules, empty where the family has none."""
    chains: Chains = {}
    taken: set[str] = set()
    for direction in _rules.DIRECTIONS:
        mine = [rule for rule in rules if rule.direction == direction and _xtables.peers(rule, version)]
        if not mine:
            continue
        main = mains(short)[direction]
        users: dict[tuple[str, ...], list[_rules.Rule]] = {}
        for rule in mine:
            users.setdefault(_xtables.peers(rule, version), []).append(rule)
        names = {nets: _name(short, users[nets], taken) for nets in users if len(nets) > 1}
        chains[main] = [
            line
            for rule in mine
            for line in _xtables.accepts(rule, version, main, names.get(_xtables.peers(rule, version)))
        ]
        option = "-s" if direction == "in" else "-d"
        chains.update({name: [f"-A {name} {option} {net} -j ACCEPT" for net in nets] for nets, name in names.items()})
    return chains


def _name(short: str, users: Iterable[_rules.Rule], taken: set[str]) -> str:
    """A name for the chain of the networks that may reach these ports; none twice."""
    ports = sorted(str((rule.direction, rule.transport, rule.source_ports, rule.ports)) for rule in users)
    while True:
        name = f"{PREFIX}{short}-{sha256(repr(ports).encode()).hexdigest()[:6]}"
        if name not in taken:
            taken.add(name)
            return name
        ports.append("")
