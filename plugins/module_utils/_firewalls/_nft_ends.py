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
KNOWN: dict[tuple[Any, Any], tuple[int, dict[Any, str], str]] = {
    ("meta", "l4proto"): (1, PROTOCOLS, "46"),
    ("ip", "protocol"): (1, PROTOCOLS, "4"),
    ("ip6", "nexthdr"): (1, PROTOCOLS, "6"),
    ("meta", "nfproto"): (0, {"ipv4": "4", "ipv6": "6", 2: "4", 10: "6"}, "46"),
    ("meta", "protocol"): (0, {"ip": "4", "ip6": "6"}, "46"),
}
_REJECTS = {"tcp reset": "tcp", "icmp": "4", "icmpv6": "6"}
"""What a reject of a kind is for; all others are for everything."""
_FIELDS = {"ip": "4", "ip6": "6", "tcp": "tcp", "udp": "udp"}
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


def about(statement: Rule) -> Cells | None:
    """What a reject is for, or what comes behind a statement that marks or puts into a set; None where it is not known.

    nft leaves out the match that it has added for such a statement: ``meta nfproto ipv4``, or in a table of the family
    ip ``meta l4proto tcp``.
    """
    try:
        ((key, value),) = statement.items()
        if key == "reject":
            kind = (value or {}).get("type", "icmpx")
            return _EVERYTHING if kind == "icmpx" else cells_of(_REJECTS[kind])
        if key == "mangle":
            is_plain = value["key"].keys() <= {"meta", "ct"} and isinstance(value["value"], (int, str))
            return _EVERYTHING if is_plain else None
        return _about_element(value) if key == "set" else None
    except _WRONG:
        return None


def _about_element(value: Rule) -> Cells | None:
    """Of which packets an element is made; None where a limit in the set may end the rule there."""
    if value["op"] not in ("add", "update") or not all(set(each) == {"counter"} for each in value.get("stmt", ())):
        return None
    element = value["elem"]
    element = element["elem"]["val"] if "elem" in element else element
    cells = _EVERYTHING
    for part in element.get("concat", [element]):
        cells &= cells_of(_FIELDS[part["payload"]["protocol"]])
    return cells


def cells_of(word: str) -> Cells:
    return frozenset(cell for cell in _EVERYTHING if word in cell)


def is_about(rule: Rule, families: str) -> bool:
    """Whether a rule may be about packets of these families, as far as its reject and its protocols say."""
    cells = _EVERYTHING
    for each in rule["expr"]:
        known = narrow(each["match"]) if "match" in each else about(each)
        cells &= _EVERYTHING if known is None else known
    return any(family in families for family, _transport in cells)


class Ends:
    """The chains of one table, as packets meet them that come by one hook."""

    def __init__(self, chains: Mapping[str, Sequence[Rule]], hook: str) -> None:
        self._chains, self._hook = chains, hook
        self._inner: dict[tuple[str, Cells, Cells], _Effect | None] = {}
        self._open: dict[tuple[str, bool], bool] = {}

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

    def opens(self, rules: Sequence[Rule], families: str = "46", for_good: bool = False) -> bool:
        """Whether rules let in, count and log, and do nothing else with packets of these families.

        ``for_good``: nor lead to a chain that does nothing yet, which a program may fill later.
        """
        try:
            return all(
                is_ours(rule) or not is_about(rule, families) or self._only_opens(rule, for_good) for rule in rules
            )
        except _WRONG:
            return False

    def _only_opens(self, rule: Rule, for_good: bool) -> bool:
        for each in rule["expr"]:
            ((key, value),) = each.items()
            if key == "vmap":
                if not all("accept" in verdict for _element, verdict in value["data"]["set"]):
                    return False
            elif key in ("jump", "goto"):
                if not self._chain_opens(value["target"], for_good):
                    return False
            elif key not in _HARMLESS:
                return False
        return True

    def _chain_opens(self, name: str, for_good: bool) -> bool:
        key, rules = (name, for_good), self._chains[name]
        if key not in self._open:
            self._open[key] = False
            does = {word for rule in rules for each in rule["expr"] for word in each} - {"counter", "limit", "match"}
            self._open[key] = bool(does or not for_good) and all(self._only_opens(rule, for_good) for rule in rules)
        return self._open[key]

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
            elif key in ("set", "mangle"):
                conditions = True
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
            if key == "limit" and isinstance(value, dict) and not value.get("inv"):
                limited = True
            elif key == "drop" or (key == "return" and scope and scope <= rest):
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
            else:
                narrowed = self._left(each)
                if narrowed is None:
                    return None
                scope &= narrowed
                refused |= scope if key == "reject" else _NOTHING
        if not refused and any("set" in each or "mangle" in each for each in statements):
            return None
        return _Effect(_NOTHING, refused, clean) if limited else _Effect(refused, _NOTHING, clean)

    def _left(self, statement: Rule) -> Cells | None:
        """What a statement without an end is about; None where it does or looks at something else."""
        if "match" in statement:
            match = statement["match"]
            return _EVERYTHING if is_from_away(match, self._hook) else narrow(match)
        return _EVERYTHING if "counter" in statement or "log" in statement else about(statement)

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
            # A program may fill it later with drops, and these come first.
            return None if scope and not end.refused else _Effect(end.refused)
        if not scope or not (end.shut or end.refused == scope) or any(map(_leaves, before)):
            return None
        return _Effect(scope, _NOTHING, not end.shut and self.opens(before, for_good=True))


def _leaves(rule: Rule) -> bool:
    """Whether a rule may lead packets out of its chain again, neither let in nor refused."""
    verdicts = list(rule["expr"])
    for each in rule["expr"]:
        if "vmap" in each:
            verdicts += [verdict for _element, verdict in each["vmap"]["data"]["set"]]
    return any(key in each for each in verdicts for key in ("return", "goto", "unknown"))


def narrow(match: Rule) -> Cells | None:
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
        looked not in KNOWN
        or operator not in ("==", "in", "!=")
        or not all(isinstance(one, (str, int)) for one in values)
    ):
        return None
    if any(isinstance(one, str) and one.startswith("@") for one in values):
        return None
    part, words, families = KNOWN[looked]
    hit = {words.get(one) for one in values}
    return frozenset(cell for cell in _EVERYTHING if cell[0] in families and (cell[part] in hit) is (operator != "!="))
