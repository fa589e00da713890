# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the rules of others in nftables, as far as they are understood. Pure.

A rule of which one word is not understood is left out: nothing is said rather than something wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _backend, _nft_rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_place as place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._nft_place import Chain, Table
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._nft_rules import UnknownError

Elements = Callable[[Table, str], Any]
"""The elements of a named set, as nft prints them."""
_ALL_PORTS = ((1, 65535),)


def foreign(tables: Iterable[Table], elements: Elements) -> list[_backend.Foreign]:
    """What others open or block of what comes in: base chains, and chains that these lead to without a condition."""
    found: list[_backend.Foreign] = []
    for table in tables:
        if "dormant" in table.flags:
            continue
        ends = {base.chain.name: base.tail for base in place.bases(table) if base.direction == "in"}
        for chain in table.chains.values():
            if chain.hook == "input":
                here = _Here(table, chain, opens=chain.name in ends, elements=elements)
                found += here.rules(chain.rules[: ends.get(chain.name)], deeper=True)
    return found


class _Here:
    """One base chain. An accept counts where the rest is refused only: elsewhere it opens nothing."""

    def __init__(self, table: Table, chain: Chain, opens: bool, elements: Elements) -> None:
        self._table, self._chain, self._opens, self._elements = table, chain, opens, elements

    def rules(self, rules: Iterable[Mapping[str, Any]], deeper: bool) -> Iterator[_backend.Foreign]:
        for rule in rules:
            name = place.target(rule)
            if name.startswith(place.CHAIN):
                continue
            if name and deeper and name in self._table.chains and set(rule["expr"][-1]) <= {"jump", "goto"}:
                if all(set(each) <= {"counter", "log", "jump", "goto"} for each in rule["expr"]):
                    yield from self.rules(self._table.chains[name].rules, deeper=False)
                continue
            try:
                yield from self._of(rule)
            except (UnknownError, ValueError, LookupError, TypeError, AttributeError):
                continue

    def _of(self, rule: Mapping[str, Any]) -> Iterator[_backend.Foreign]:
        seen = self._read(rule["expr"])
        opens = seen.verdict == "accept"
        everybody = frozenset(place.ALL[family] for family in place.FAMILIES[self._table.family])
        peers = everybody if seen.peers is None else seen.peers
        everything = peers == everybody and not seen.ports and len(seen.transports) > 1
        # A rule about an empty set is about nobody.
        if not peers or everything or (opens and not self._opens):
            return
        where = f"{self._table}, chain {place.shown(rule['chain'])}, handle {rule['handle']}"
        where += "".join(f", set {name}" for name in seen.sets)
        for transport in sorted(seen.transports):
            ports = seen.ports.get("dport", _ALL_PORTS)
            one = _rules.Rule("in", transport, ports, tuple(sorted(peers)), seen.ports.get("sport", ()))
            yield _backend.Foreign(opens, one, where)

    def _read(self, statements: Iterable[Mapping[str, Any]]) -> _Seen:
        """Raises UnknownError where one word is not understood."""
        seen = _Seen()
        for each in statements:
            ((key, value),) = each.items()
            if key in ("accept", "drop", "reject"):
                seen.verdict = key
            elif key == "match":
                self._match(seen, value)
            elif key not in ("counter", "log"):
                raise UnknownError(key)
        if not seen.verdict:
            raise UnknownError("no verdict")
        return seen

    def _match(self, seen: _Seen, match: Mapping[str, Any]) -> None:
        (one, what), right = _nft_rules.matched(match), match["right"]
        if isinstance(right, str) and right.startswith("@"):
            seen.sets.append(right)
            right = self._elements(self._table, right[1:])
        if one in ("tcp", "udp") and what in ("dport", "sport") and what not in seen.ports:
            seen.transports &= {one}
            seen.ports[what] = _nft_rules.ports(right)
        elif (one, what) in (("meta", "l4proto"), ("ip", "protocol")):
            seen.transports &= {place.PROTOCOLS.get(word, "") for word in _nft_rules.values(right)}
        elif one in ("ip", "ip6") and what == "saddr" and seen.peers is None:
            seen.peers = _nft_rules.networks(right)
        elif (one, what) != ("ct", "state") or "new" not in _nft_rules.values(right):
            raise UnknownError(match)


@dataclass
class _Seen:
    """What a rule does, its transports, ports and peers, and the sets that it names."""

    verdict: str = ""
    transports: set[str] = field(default_factory=lambda: {"tcp", "udp"})
    ports: dict[str, tuple[_rules.Span, ...]] = field(default_factory=dict)
    peers: frozenset[str] | None = None
    sets: list[str] = field(default_factory=list)
