# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: where in nftables the final rules of a chain begin, and what they refuse. Pure; the standard library only.

Final rules refuse, log and count whatever new packet of a peer is left. They may stand in a chain of their own, behind
rules that let something in: what stands before the jump there takes nothing from anybody. What is not understood is
never final. Together with the file that places our rules this is copied to the host.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

CHAIN = "pnports1-"
"""Begins the name of a chain of ours; 1 is the format's version."""
PROTOCOLS: dict[Any, str] = {"tcp": "tcp", "udp": "udp", 6: "tcp", 17: "udp"}

Cell = tuple[str, str]
"""A family and a transport: what a final rule refuses is made of these."""
Cells = frozenset[Cell]
Rule = Mapping[str, Any]
_NOTHING: Cells = frozenset()
_EVERYTHING: Cells = frozenset((family, transport) for family in "46" for transport in ("tcp", "udp"))
_KNOWN: dict[tuple[Any, Any], tuple[int, dict[Any, str], str]] = {
    ("meta", "l4proto"): (1, PROTOCOLS, "46"),
    ("ip", "protocol"): (1, PROTOCOLS, "4"),
    ("ip6", "nexthdr"): (1, PROTOCOLS, "6"),
    ("meta", "nfproto"): (0, {"ipv4": "4", "ipv6": "6", 2: "4", 10: "6"}, "46"),
    ("meta", "protocol"): (0, {"ip": "4", "ip6": "6"}, "46"),
}
_VERDICTS = frozenset(("accept", "drop", "reject", "return", "jump", "goto", "vmap"))
_HARMLESS = frozenset(("accept", "counter", "limit", "log", "match"))
_WRONG = (LookupError, TypeError, AttributeError, ValueError)


class End(NamedTuple):
    """Where the final rules begin, and what they refuse; ``shut``: something before them refuses all the same."""

    begin: int
    refused: Cells
    shut: bool


class _Effect(NamedTuple):
    """What a rule refuses, and what up to a limit; not ``clean`` where it does more than that, and letting in."""

    refused: Cells
    limited: Cells = _NOTHING
    clean: bool = True


def target(rule: Rule) -> str:
    """The chain that a rule leads to, or nothing."""
    for statement in rule.get("expr", ()):
        for key in ("jump", "goto"):
            if key in statement:
                return str(statement[key]["target"])
    return ""


def is_ours(rule: Rule) -> bool:
    """Whether a rule leads to a chain of ours, whosever."""
    return target(rule).startswith(CHAIN)


def devices(hook: str) -> tuple[str, str]:
    """By which words a rule of such a chain tells the device of the other end."""
    return ("oif", "oifname") if hook == "output" else ("iif", "iifname")


def is_from_away(match: Rule, hook: str) -> bool:
    """Whether it matches whatever does not come from this host itself."""
    keys = [{"meta": {"key": key}} for key in devices(hook)]
    return match["op"] == "!=" and match["left"] in keys and match["right"] == "lo"


def is_of_every_flow(left: Rule, values: Sequence[Any]) -> bool:
    """Whether the first packet of whatever comes to this host alone matches."""
    if left == {"ct": {"key": "state"}}:
        return "new" in values
    return left == {"meta": {"key": "pkttype"}} and ("host" in values or "unicast" in values)


class Ends:
    """The chains of one table, as packets meet them that come by one hook."""

    def __init__(self, chains: Mapping[str, Sequence[Rule]], hook: str) -> None:
        self._chains, self._hook = chains, hook
        self._inner: dict[tuple[str, Cells, Cells], _Effect | None] = {}
        self._open: dict[str, bool] = {}

    def end(self, rules: Sequence[Rule], scope: Cells, rest: Cells) -> End | None:
        """Where the final rules begin for packets of ``scope``, of which ``rest`` is refused behind them.

        None where all is let in before. What stands behind a rule that leaves nothing is never reached.
        """
        refused, shut = rest, False
        for index, rule in enumerate(rules):
            verdict = "" if is_ours(rule) else self._verdict_for_all(rule)
            if verdict == "accept" or (verdict == "return" and not scope <= rest):
                return None
            effect = self._effect(rule, scope, rest) if verdict else None
            if effect and effect.refused == scope:
                rules = rules[: index + 1] if effect.clean else rules
                shut = not effect.clean
                break
        begin = len(rules)
        for index in range(len(rules) - 1, -1, -1):
            if is_ours(rules[index]):
                continue
            effect = self._effect(rules[index], scope, rest)
            if effect is None or not effect.clean or not effect.limited <= refused | effect.refused:
                break
            refused |= effect.refused
            begin = index
        return End(begin, refused, shut)

    def leaves_nothing(self, verdict: Rule, scope: Cells, rest: Cells) -> bool:
        """Whether no packet comes behind a jump, a goto or a map, wherever it leads."""
        effect = self._effect({"expr": [verdict]}, scope, rest)
        return ("goto" in verdict and scope <= rest) or (effect is not None and effect.refused == scope)

    def opens(self, rules: Sequence[Rule]) -> bool:
        """Whether rules let in, count and log, and do nothing else."""
        try:
            return all(is_ours(rule) or self._only_opens(rule) for rule in rules)
        except _WRONG:
            return False

    def _only_opens(self, rule: Rule) -> bool:
        for each in rule["expr"]:
            ((key, value),) = each.items()
            if key == "vmap":
                if not all("accept" in verdict for _element, verdict in value["data"]["set"]):
                    return False
            elif key in ("jump", "goto"):
                if not self._chain_opens(value["target"]):
                    return False
            elif key not in _HARMLESS:
                return False
        return True

    def _chain_opens(self, name: str) -> bool:
        if name not in self._open:
            self._open[name] = False
            self._open[name] = all(self._only_opens(rule) for rule in self._chains[name])
        return self._open[name]

    def _verdict_for_all(self, rule: Rule) -> str:
        """What a rule does with all packets, or nothing: an accept only where it has no condition at all."""
        found, conditions = "", False
        for each in rule["expr"]:
            ((key, value),) = each.items()
            if key in _VERDICTS:
                found = key
            elif key == "match" and isinstance(value, dict) and {"op", "left", "right"} <= set(value):
                conditions = True
                if not is_from_away(value, self._hook):
                    return ""
            elif key not in ("counter", "log"):
                return ""
        return "" if conditions and found in ("accept", "return") else found

    def _effect(self, rule: Rule, scope: Cells, rest: Cells) -> _Effect | None:
        """What a rule does with packets of a scope; None where it does or looks at something else."""
        try:
            return self._effect_of(rule["expr"], scope, rest)
        except _WRONG:
            return None

    def _effect_of(self, statements: Sequence[Rule], scope: Cells, rest: Cells) -> _Effect | None:
        limited, refused, clean = False, _NOTHING, True
        for each in statements:
            ((key, value),) = each.items()
            if key == "match":
                narrowed = _EVERYTHING if is_from_away(value, self._hook) else _narrow(value)
                if narrowed is None:
                    return None
                scope &= narrowed
            elif key == "limit" and isinstance(value, dict) and not value.get("inv"):
                limited = True
            elif key in ("drop", "reject") or (key == "return" and scope and scope <= rest):
                refused |= scope
            elif key in ("jump", "goto", "vmap"):
                if key == "vmap":
                    inner = self._effect_of_map(value, scope, rest)
                else:
                    inner = self._effect_inside(value["target"], scope, rest if key == "goto" else _NOTHING)
                if inner is None or (key == "goto" and inner.refused != scope):
                    return None
                refused |= inner.refused
                clean = clean and inner.clean
            elif key not in ("counter", "log"):
                return None
        return _Effect(_NOTHING, refused, clean) if limited else _Effect(refused, _NOTHING, clean)

    def _effect_of_map(self, value: Rule, scope: Cells, rest: Cells) -> _Effect | None:
        """A map that sends packets on by the device that they come by; who is let in by his device is let in."""
        if value["key"] not in [{"meta": {"key": key}} for key in devices(self._hook)]:
            return None
        verdicts = [(name, verdict) for name, verdict in value["data"]["set"] if name != "lo"]
        if not scope <= rest and not any(name == "*" for name, _verdict in verdicts):
            return None
        clean = True
        for name, verdict in verdicts:
            if name == "*" or "accept" not in verdict:
                one = self._effect_of([verdict], scope, rest)
                if one is None or one.refused != scope:
                    return None
                clean = clean and one.clean
        return _Effect(scope, _NOTHING, clean) if verdicts else None

    def _effect_inside(self, name: str, scope: Cells, rest: Cells) -> _Effect | None:
        key = (name, scope, rest)
        if key not in self._inner:
            self._inner[key] = None
            self._inner[key] = self._effect_of_chain(self._chains[name], scope, rest)
        return self._inner[key]

    def _effect_of_chain(self, rules: Sequence[Rule], scope: Cells, rest: Cells) -> _Effect | None:
        end = self.end(rules, scope, rest)
        if end is None:
            return None
        before = rules[: end.begin]
        if not before:
            return _Effect(end.refused)
        if not scope or not (end.shut or end.refused == scope) or any(map(_leaves, before)):
            return None
        return _Effect(scope, _NOTHING, not end.shut and self.opens(before))


def _leaves(rule: Rule) -> bool:
    """Whether a rule may lead packets out of its chain again, neither let in nor refused."""
    verdicts = list(rule["expr"])
    for each in rule["expr"]:
        if "vmap" in each:
            verdicts += [verdict for _element, verdict in each["vmap"]["data"]["set"]]
    return any(key in each for each in verdicts for key in ("return", "goto", "unknown"))


def _narrow(match: Rule) -> Cells | None:
    """What a match of a final rule leaves; None where it looks at more than the protocol."""
    left, right, operator = match["left"], match["right"], match["op"]
    values = right["set"] if isinstance(right, dict) and "set" in right else right
    values = values if isinstance(values, list) else [values]
    if operator in ("==", "in") and is_of_every_flow(left, values):
        return _EVERYTHING
    if "meta" in left:
        looked = ("meta", left["meta"].get("key"))
    elif "payload" in left:
        looked = (left["payload"].get("protocol"), left["payload"].get("field"))
    else:
        return None
    if (
        looked not in _KNOWN
        or operator not in ("==", "in", "!=")
        or not all(isinstance(one, (str, int)) for one in values)
    ):
        return None
    if any(isinstance(one, str) and one.startswith("@") for one in values):
        return None
    part, words, families = _KNOWN[looked]
    hit = {words.get(one) for one in values}
    return frozenset(cell for cell in _EVERYTHING if cell[0] in families and (cell[part] in hit) is (operator != "!="))
