# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: one rule of somebody else in nftables: about which packets it is, and what it does with them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _only, _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_ends as ends
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._nft_rules import UnknownError
from ansible_collections.printnet.ports.plugins.module_utils._only import Only

Statements = Sequence[Mapping[str, Any]]
Look = Callable[[str, str], Any]
"""The elements of a named ``set`` or ``map``, as nft prints them."""
NEW = "new connections"
"""Instead of a device's name, which has no blank."""
_VERDICTS = ("accept", "drop", "reject", "return", "jump", "goto")


@dataclass
class Seen:
    """What a rule does with new packets of peers, their transports, ports and peers, and the sets that it names.

    ``narrowed``: it is not for all packets that come to it. Not ``sure``: perhaps not for all that it seems to be for.
    ``only`` is what it asks besides.
    """

    peers: frozenset[str]
    verdict: str = ""
    target: str = ""
    transports: frozenset[str] = frozenset(("tcp", "udp"))
    ports: dict[str, tuple[_rules.Span, ...]] = field(default_factory=dict)
    sets: tuple[str, ...] = ()
    narrowed: bool = False
    sure: bool = True
    only: Only = _only.ALWAYS

    @property
    def is_about_nobody(self) -> bool:
        return not self.peers or not self.transports or () in self.ports.values()


def cases(statements: Statements, hook: str, look: Look) -> list[Statements]:
    """A rule with a verdict map or a concatenation as rules without: one for each element. Raises UnknownError."""
    at = next((index for index, each in enumerate(statements) if "vmap" in each or _is_concatenation(each)), None)
    if at is None:
        return [statements]
    before, after = statements[:at], statements[at + 1 :]
    found: list[Statements] = []
    if "match" in statements[at]:
        match = statements[at]["match"]
        right = look(match["right"][1:], "set") if isinstance(match["right"], str) else match["right"]
        if match["op"] not in ("==", "in"):
            raise UnknownError(match["op"])
        found = [[*before, *_tests(match["left"], one), *after] for one in _nft_rules.values(right)]
        return [case for one in found for case in cases(one, hook, look)]
    key, data = statements[at]["vmap"]["key"], statements[at]["vmap"]["data"]
    elements = (look(data[1:], "map") if isinstance(data, str) else data)["set"]
    for element, verdict in elements:
        if element != "*":
            found.append([*before, *_tests(key, _nft_rules.values([element])[0]), verdict, *after])
        elif key in [{"meta": {"key": word}} for word in ends.devices(hook)] and all(
            name in ("*", "lo") or "accept" in other for name, other in elements
        ):
            found.append([*before, verdict, *after])
        else:
            raise UnknownError(element)
    return [case for one in found for case in cases(one, hook, look)]


def _is_concatenation(statement: Mapping[str, Any]) -> bool:
    return "match" in statement and "concat" in statement["match"]["left"]


def _tests(key: Mapping[str, Any], element: Any) -> Statements:
    """What a packet has to be for one element of a map, or of a set of concatenations."""
    keys, parts = (key["concat"], element["concat"]) if "concat" in key else ([key], [element])
    if len(keys) != len(parts):
        raise UnknownError(element)
    return [{"match": {"op": "==", "left": one, "right": part}} for one, part in zip(keys, parts)]


def by_device(statements: Statements, hook: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Where a rule leads all that comes by a device, with the device's name, or what is new. Raises UnknownError."""
    keys = [{"meta": {"key": word}} for word in ends.devices(hook)]
    found: list[tuple[str, Mapping[str, Any]]] = []
    words = [each for each in statements if not set(each) <= {"counter", "log"}]
    if len(words) == 1 and "vmap" in words[0] and words[0]["vmap"]["key"] in keys:
        found = [(name, verdict) for name, verdict in words[0]["vmap"]["data"]["set"] if "accept" not in verdict]
    elif len(words) == 1 and "vmap" in words[0] and words[0]["vmap"]["key"] == {"ct": {"key": "state"}}:
        found = [(NEW, verdict) for state, verdict in words[0]["vmap"]["data"]["set"] if state == "new"]
    elif len(words) == 2 and "match" in words[0] and words[0]["match"]["left"] in keys:
        _nft_rules.matched(words[0]["match"])
        found = [(name, words[1]) for name in _nft_rules.values(words[0]["match"]["right"])]
    # All other devices alone are no condition.
    return [
        (str(name), verdict)
        for name, verdict in found
        if name != "lo" and (name != "*" or len(found) > 1) and not {"jump", "goto"}.isdisjoint(verdict)
    ]


def read(statements: Statements, outer: Seen, hook: str, look: Look) -> Seen:
    """What a rule does with those packets of ``outer`` that it is about. Raises UnknownError for an unknown word."""
    seen = replace(outer, verdict="", target="", ports=dict(outer.ports), narrowed=False)
    for each in statements:
        ((key, value),) = each.items()
        if key in _VERDICTS:
            seen.verdict = key
            seen.target = value["target"] if key in ("jump", "goto") else ""
        elif key == "match" and not ends.is_from_away(value, hook):
            _match(seen, value, hook, look)
        elif key not in ("counter", "log", "match", "set", "mangle"):
            raise UnknownError(key)
        if key in ("reject", "set", "mangle"):
            _narrow(seen, ends.about(each))
    if not seen.verdict:
        raise UnknownError("no verdict")
    return seen


def _narrow(seen: Seen, cells: ends.Cells | None) -> None:
    """Leave of what is seen the families and transports of these cells."""
    if cells is None:
        raise UnknownError("not known what it is about")
    families, transports = ({cell[part] for cell in cells} for part in (0, 1))
    peers = frozenset(peer for peer in seen.peers if ("6" if ":" in peer else "4") in families)
    seen.narrowed = seen.narrowed or peers != seen.peers or not seen.transports <= transports
    seen.peers, seen.transports = peers, seen.transports & transports


def _match(seen: Seen, match: Mapping[str, Any], hook: str, look: Look) -> None:
    (one, what), right = _nft_rules.matched({**match, "op": "=="}), match["right"]
    if isinstance(right, str) and right.startswith("@"):
        seen.sets = (*seen.sets, right)
        right = look(right[1:], "set")
    if (one, what) in ends.KNOWN:
        _narrow(seen, ends.narrow({**match, "right": right}))
        seen.narrowed = True
        return
    if one in ("ip", "ip6") and what == "saddr" and match["op"] == "!=":
        _narrow(seen, ends.cells_of("4" if one == "ip" else "6"))
        seen.peers = _rules.without(seen.peers, _nft_rules.networks(right))
        seen.narrowed = True
        return
    if one == "meta" and what in ends.devices(hook) and match["op"] in ("==", "in", "!="):
        _besides(seen, _only.by_interfaces(map(_name, _nft_rules.values(right)), match["op"] == "!="))
        return
    _nft_rules.matched(match)
    if ends.is_of_every_flow(match["left"], _nft_rules.values(right)):
        seen.sure = False
        return
    seen.narrowed = True
    if one in ("tcp", "udp", "th") and what in ("dport", "sport"):
        seen.transports &= {"tcp", "udp"} if one == "th" else {one}
        ports = _nft_rules.ports(right)
        seen.ports[what] = _rules.common(seen.ports[what], ports) if what in seen.ports else ports
    elif one in ("ip", "ip6") and what == "saddr":
        peers = _nft_rules.networks(right)
        seen.peers = _rules.without(peers, _rules.without(peers, seen.peers))
    elif one in ("ip", "ip6") and what == "daddr":
        _narrow(seen, ends.cells_of("4" if one == "ip" else "6"))
        (own,) = _nft_rules.networks(right)
        _besides(seen, _only.at(own))
    elif one in ("icmp", "icmpv6") or (one, what) == ("ct", "state"):
        seen.transports = frozenset()
    else:
        raise UnknownError(match)


def _name(word: Any) -> str:
    """The name of an interface; an UnknownError where it is none."""
    if not isinstance(word, str):
        raise UnknownError(word)
    return word


def _besides(seen: Seen, more: Only | None) -> None:
    """Narrow what is seen by what is asked besides; to nobody, where nobody from elsewhere meets that."""
    seen.narrowed = True
    if more is None:
        seen.transports = frozenset()
        return
    both = seen.only.both(more)
    if both is None:
        raise UnknownError("interfaces and addresses that exclude each other")
    seen.only = both
