# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the rules of others in nftables open and block, in the order in which packets meet them. Pure.

A rule of which one word is not understood is left out: nothing is said rather than something wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _backend, _nft_seen
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_ends as ends
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_place as place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._nft_place import Chain, Table
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._nft_rules import UnknownError
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._nft_seen import Seen
from ansible_collections.printnet.ports.plugins.module_utils._gone import Gone, beyond
from ansible_collections.printnet.ports.plugins.module_utils._let_in import LetIn

Elements = Callable[[Table, str, str], Any]
"""The elements of a table's ``set`` or ``map`` of that name, as nft prints them."""
_Found = Generator[_backend.Foreign, None, str]
"""What is found, and what is left behind it: nothing of all packets where they are ``gone``, or ``back``."""
_ALL_PORTS = ((1, 65535),)
_FOLLOWED = 5_000
"""After so many rules in chains that others lead to, no more of them is followed."""
_WRONG = (UnknownError, ValueError, LookupError, TypeError, AttributeError)


def foreign(tables: Iterable[Table], elements: Elements) -> list[_backend.Foreign]:
    """What others open or block of what comes in: filters, and chains that these lead to."""
    found: list[_backend.Foreign] = []
    for table in tables:
        # What a table of the family netdev has is about one device.
        if "dormant" not in table.flags and table.family != "netdev":
            tails = {base.chain.name: base.tail for base in place.bases(table) if base.direction == "in"}
            look = _Sets(table, elements)
            for chain in table.chains.values():
                if chain.hook in place.HOOKS:
                    found += _Base(table, chain, tails.get(chain.name), look).found()
    return found


def astray(tables: Iterable[Table]) -> list[str]:
    """What never comes to our rules, in sentences: whatever comes by a device that others tell apart, or is new."""
    found = []
    for base in (base for table in tables for base in place.bases(table) if base.direction == "in"):
        for rule in base.chain.rules[: base.tail]:
            with suppress(*_WRONG):
                found += [
                    f"{base}, handle {rule['handle']} leads {_what(name)} elsewhere, and nothing comes "
                    "back from there: the rules of printnet.ports open nothing on that way."
                    for name, verdict in _nft_seen.by_device(rule["expr"], base.chain.hook)
                    if place.leaves_nothing(base, verdict)
                ]
    return found


def _what(name: str) -> str:
    if name == _nft_seen.NEW:
        return name
    return f"what comes by {'another device' if name == '*' else place.shown(name)}"


def elsewhere(tables: Iterable[Table]) -> list[str]:
    """What others refuse by default where nothing of ours stands, in sentences."""
    return [
        f"{table}, chain {place.shown(chain.name)} refuses by default at the hook {chain.hook}, where "
        "printnet.ports has no rules: what that chain does not let through stays shut."
        for table in tables
        for chain in place.elsewhere(table)
    ]


class _Sets:
    """The named sets and maps of a table: to ask for one is a process."""

    def __init__(self, table: Table, elements: Elements) -> None:
        self._table, self._elements = table, elements
        self._known: dict[str, Any] = {}

    def __call__(self, name: str, kind: str) -> Any:
        if name not in self._known:
            try:
                self._known[name] = self._elements(self._table, name, kind)
            except UnknownError:
                self._known[name] = None
        if self._known[name] is None:
            raise UnknownError(name)
        return self._known[name]


class _Base:
    """One base chain. An accept counts where the rest is refused only: elsewhere it opens nothing."""

    def __init__(self, table: Table, chain: Chain, tail: int | None, look: _Sets) -> None:
        self._table, self._chain, self._tail, self._look = table, chain, tail, look
        self._accepted = Gone()
        self._let_in = LetIn()
        self._budget = _FOLLOWED

    def found(self) -> Iterator[_backend.Foreign]:
        rules = self._chain.rules
        seen = Seen(frozenset(place.ALL[family] for family in place.FAMILIES[self._table.family]))
        policy = "drop" if self._chain.policy == "drop" else "accept"
        if not (yield from self._walk(rules[: self._tail], seen, (self._accepted,), policy)):
            # What final rules refuse is blocked by none of them; what they let in before is open.
            final = [] if self._tail is None else rules[self._tail :]
            yield from (one for one in self._walk(final, seen, (self._accepted,), policy) if one.opens)

    def _walk(self, rules: Sequence[Mapping[str, Any]], outer: Seen, gone: tuple[Gone, ...], rest: str) -> _Found:
        """What rules do with packets of ``outer``, and ``rest`` with those that they leave."""
        for rule in rules:
            if ends.is_ours(rule):
                continue
            try:
                some = _nft_seen.cases(rule["expr"], self._chain.hook, self._look)
            except _WRONG:
                some = [rule["expr"]]
            for statements in some:
                try:
                    left = yield from self._of(rule, statements, outer, gone, rest)
                except _WRONG:
                    words = {key for each in statements for key in each}
                    gone[-1].doubt |= not words.isdisjoint(("return", "goto", "vmap"))
                    self._accepted.doubt |= not words.isdisjoint(("accept", "jump", "goto", "vmap"))
                    continue
                if left:
                    return left
        return ""

    def _of(
        self, rule: Mapping[str, Any], statements: _nft_seen.Statements, outer: Seen, gone: tuple[Gone, ...], rest: str
    ) -> _Found:
        seen = _nft_seen.read(statements, outer, self._chain.hook, self._look)
        if seen.is_about_nobody:
            return ""
        left = ""
        verdict = rest if seen.verdict == "return" else seen.verdict
        if verdict in ("jump", "goto"):
            inside = self._table.chains[seen.target].rules
            self._budget -= len(inside)
            if self._budget < 0:
                raise UnknownError(seen.target)
            if verdict == "jump":
                left = yield from self._walk(inside, seen, (*gone, Gone()), "return")
                return left if left == "gone" and not seen.narrowed and seen.sure else ""
            left, verdict = (yield from self._walk(inside, seen, gone, rest)), rest
        if left != "gone":
            yield from self._end(rule, seen, gone, verdict)
        if seen.narrowed or not seen.sure:
            return ""
        return "back" if verdict == "return" else "gone"

    def _end(
        self, rule: Mapping[str, Any], seen: Seen, gone: tuple[Gone, ...], verdict: str
    ) -> Iterator[_backend.Foreign]:
        """What is let in, refused or led out of the chain."""
        where = f"{self._table}, chain {place.shown(rule['chain'])}, handle {rule['handle']}"
        where += "".join(f", set {name}" for name in seen.sets)
        everybody = {place.ALL[family] for family in place.FAMILIES[self._table.family]}
        everything = seen.peers == everybody and not seen.ports and len(seen.transports) > 1
        for transport in sorted(seen.transports):
            ports = seen.ports.get("dport", _ALL_PORTS)
            one = _rules.Rule("in", transport, ports, tuple(sorted(seen.peers)), seen.ports.get("sport", ()))
            if verdict == "accept":
                # An interface that is let in with all its ports is trusted, and says nothing of a service.
                if self._tail is not None and not everything and not (seen.only and not seen.ports):
                    yield _backend.Foreign(True, one, where, seen.only.words("in"))
                self._let(one, seen, gone)
            elif verdict == "return":
                gone[-1].doubt |= bool(seen.only)
                if seen.sure and not seen.only:
                    gone[-1].add(one)
            elif (seen.narrowed or not self._doubts(gone)) and not (seen.only.own and not seen.ports):
                for part, asked in self._let_in.beyond(one, seen.only, gone):
                    yield _backend.Foreign(False, part, where, asked.words("in"), asked.own)

    def _let(self, one: _rules.Rule, seen: Seen, gone: tuple[Gone, ...]) -> None:
        """Remember what is let in for certain."""
        self._accepted.doubt |= bool(seen.only)
        accepted = self._let_in.at(seen.only) if seen.only else self._accepted
        if seen.sure and not any(each.doubt for each in gone[1:]):
            for part in beyond(one, gone[1:]):
                accepted.add(part)

    def _doubts(self, gone: Sequence[Gone]) -> bool:
        """Whether the end of a chain may be about fewer packets than it seems to be.

        Where our own rules come behind it, it voids them whatever it lets in itself.
        """
        return any(one.doubt for one in gone[1:]) or (self._chain.hook != "input" and self._accepted.doubt)
