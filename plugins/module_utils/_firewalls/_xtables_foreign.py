# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the rules of others in a table open and block, in the order in which packets meet them. Pure.

A rule that is not understood is left out: nothing is said rather than something wrong.
"""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _backend, _xtables_place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_table as tables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._xtables import DENIES, EVERY_PORT, Line
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._xtables_table import Table
from ansible_collections.printnet.ports.plugins.module_utils._gone import Gone, beyond
from ansible_collections.printnet.ports.plugins.module_utils._let_in import LetIn
from ansible_collections.printnet.ports.plugins.module_utils._only import ALWAYS, Only

_FOLLOWED = 50_000
"""After so many rules in chains that others lead to, no more of them is followed."""
_DEEP = 50
"""No chain is followed that is so many chains deep."""


def others(table: Table, base: str, where: str) -> list[_backend.Foreign]:
    """The rules of others in INPUT or OUTPUT, and in the chains that they lead to, about ports or addresses."""
    walk = _Walk(table, base, where)
    walk.chain(base, _Packets(None, ALWAYS), (), ())
    return walk.found


Levels = tuple[Gone, ...]
"""What was led out of each chain again on the way from INPUT or OUTPUT to this one."""


class _Packets(NamedTuple):
    """Those that a rule is about: all where it is None."""

    rule: _rules.Rule | None
    only: Only


class _Walk:
    """Follows the packets from INPUT or OUTPUT to where ours stand."""

    def __init__(self, table: Table, base: str, where: str) -> None:
        self._table, self._base, self._where = table, base, where
        self._direction = "out" if base == tables.BASES["out"] else "in"
        self._accepted = LetIn()
        self._budget = _FOLLOWED
        self.found: list[_backend.Foreign] = []

    def chain(self, name: str, outer: _Packets, levels: Levels, path: tuple[str, ...]) -> bool:
        """What a chain does with the packets of ``outer``; whether none of them comes to its end."""
        lines = self._table.lines(name, self._direction)
        foreign = [(number, line) for number, line in enumerate(lines, 1) if not tables.short_of(line.target)]
        if path:
            self._budget -= len(lines)
        else:
            # What the final catch-all refuses is blocked by none of its rules.
            foreign = foreign[: _xtables_place.place(self._table, name, [line for _number, line in foreign])]
        return any(self._line(line, number, outer, levels, (*path, name)) for number, line in foreign)

    def _line(self, line: Line, number: int, outer: _Packets, levels: Levels, path: tuple[str, ...]) -> bool:
        """What one rule does; whether no packet of ``outer`` comes past it."""
        said, only = line.rule or line.about, outer.only.both(line.only)
        rule = _both(outer.rule, said) if outer.rule and said else said
        if rule is None or only is None:
            if said is None or only is None:
                self._doubt(line, levels)
            return False
        some = _Packets(rule, only)
        all_of_them, verdict = line.plain and not line.protocol, line.target
        if verdict in self._table.chains:
            if _xtables_place.refusing_chain(self._table, verdict):
                verdict = "DROP"
            elif verdict in path or len(path) > _DEEP or self._budget < 0:
                self._doubt(line, levels)
                return False
            else:
                inside = levels if line.goto else (*levels, Gone())
                is_over = self.chain(verdict, outer if all_of_them else some, inside, path)
                if is_over or not line.goto:
                    return all_of_them and is_over and (line.goto or not inside[-1])
                verdict = "RETURN"
        where = f"{self._where}{path[-1]} rule {number} ({_body(line)})"
        return self._end(rule, only, verdict, levels, where) and all_of_them

    def _doubt(self, line: Line, levels: Levels) -> None:
        """A rule that is not understood or followed may lead packets out of its chain."""
        if levels and (line.target == "RETURN" or line.goto):
            levels[-1].doubt = True

    def _end(self, rule: _rules.Rule, only: Only, verdict: str, levels: Levels, where: str) -> bool:
        """Packets that are let in, refused or led out of the chain; whether they are any of this."""
        if verdict == "RETURN" and not levels:
            # What returns from INPUT or OUTPUT, or comes to the end of a chain that it was sent to for good.
            verdict = "DROP" if self._table.policies.get(self._base) == "DROP" else ""
            if not verdict:
                self._let(rule, only, levels)
                return True
        if verdict not in ("ACCEPT", "RETURN", *DENIES):
            return False
        if verdict == "ACCEPT":
            # An interface that is let in with all its ports is trusted, and says nothing of a service.
            words = only.words(self._direction)
            some = _by_transport(rule) if not only or rule.ports != EVERY_PORT else ()
            self.found += [_backend.Foreign(True, one, where, words) for one in some]
            self._let(rule, only, levels)
        elif verdict == "RETURN":
            levels[-1].doubt = levels[-1].doubt or bool(rule.source_ports or only)
            for one in _by_transport(rule) if not only else ():
                levels[-1].add(one)
        elif not (only.own and rule.ports == EVERY_PORT) and not (
            _is_everything(rule) and any(level.doubt for level in levels)
        ):
            self._block(rule, only, levels, where)
        return True

    def _block(self, rule: _rules.Rule, only: Only, levels: Levels, where: str) -> None:
        """Note what is refused of what was neither let in before nor led away."""
        for one in _by_transport(rule):
            for part, asked in self._accepted.beyond(one, only, levels):
                words = asked.words(self._direction)
                self.found.append(_backend.Foreign(False, part, where, words, asked.own))

    def _let(self, rule: _rules.Rule, only: Only, levels: Levels) -> None:
        """Remember what is let in for certain."""
        if not any(level.doubt for level in levels):
            for part in [part for one in _by_transport(rule) for part in beyond(one, levels)]:
                self._accepted.at(only).add(part)


def _by_transport(rule: _rules.Rule) -> list[_rules.Rule]:
    if rule.transport:
        return [rule]
    return [_rules.Rule(rule.direction, one, rule.ports, rule.peers, rule.source_ports) for one in _rules.TRANSPORTS]


def _is_everything(rule: _rules.Rule) -> bool:
    ports = (rule.ports, rule.source_ports)
    return not rule.transport and ports == (EVERY_PORT, ()) and rule.peers[0].endswith("/0")


def _both(one: _rules.Rule, other: _rules.Rule) -> _rules.Rule | None:
    """What two rules have in common, each of which is about one network; None where that is nothing."""
    (_version, first, last), (_version, begin, end) = _rules.span_of(one.peers[0]), _rules.span_of(other.peers[0])
    transports = {one.transport, other.transport} - {""}
    ports = _rules.common(one.ports, other.ports)
    sources = _rules.common(one.source_ports or EVERY_PORT, other.source_ports or EVERY_PORT)
    if last < begin or end < first or len(transports) > 1 or not ports or not sources:
        return None
    return _rules.Rule(
        one.direction,
        "".join(transports),
        ports,
        one.peers if begin <= first and last <= end else other.peers,
        () if sources == EVERY_PORT else sources,
    )


def _body(line: Line) -> str:
    """A rule without its chain, fit for a terminal."""
    text = line.text[len(f"-A {line.chain} ") :]
    return tables.printable(text)
