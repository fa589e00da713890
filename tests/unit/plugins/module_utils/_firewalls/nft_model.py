# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small model of nft for the unit tests: takes the lines that we write, and prints JSON as nft does.

It knows our words only, and refuses all others, as nft refuses a chain that is not there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

BODY: list[dict[str, Any]] = [
    {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}},
    {"accept": None},
]


def match(left: str, right: Any, operator: str = "==") -> dict[str, Any]:
    """A match as nft prints it: ``meta l4proto``, ``ip saddr``, ``ct state``."""
    one, _ignored, what = left.partition(" ")
    looked = {one: {"key": what}} if one in ("meta", "ct") else {"payload": {"protocol": one, "field": what}}
    return {"match": {"op": operator, "left": looked, "right": right}}


@dataclass
class Nft:
    """The tables of a host. Rules are (chain, handle, expression, comment)."""

    tables: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    handle: int = 0

    def table(self, family: str, name: str, flags: str = "") -> None:
        self.tables[family, name] = {"flags": flags, "chains": {}, "rules": []}

    def chain(self, family: str, table: str, name: str, hook: str = "", policy: str = "", **more: Any) -> None:
        base = {"type": "filter", "hook": hook, "prio": 0, "policy": policy, **more} if hook else {}
        self.tables[family, table]["chains"][name] = base

    def rule(self, family: str, table: str, chain: str, *expr: dict[str, Any], comment: str = "") -> int:
        self.handle += 1
        self.tables[family, table]["rules"].append((chain, self.handle, list(expr), comment))
        return self.handle

    def listing(self) -> str:
        items: list[dict[str, Any]] = [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}]
        for (family, name), one in self.tables.items():
            items.append(
                {"table": {"family": family, "name": name, **({"flags": one["flags"]} if one["flags"] else {})}}
            )
            items += [
                {"chain": {"family": family, "table": name, "name": chain, "handle": 1, **base}}
                for chain, base in one["chains"].items()
            ]
            for chain, handle, expr, comment in one["rules"]:
                rule = {"family": family, "table": name, "chain": chain, "handle": handle, "expr": expr}
                items.append({"rule": {**rule, **({"comment": comment} if comment else {})}})
        return json.dumps({"nftables": items})

    def others(self) -> list[tuple[str, Any]]:
        """What is not ours, in its order."""
        return [
            (str(key), rule)
            for key, one in self.tables.items()
            for rule in one["rules"]
            if not rule[0].startswith("pnports1-") and "pnports1-" not in json.dumps(rule[2])
        ]

    def run(self, text: str) -> None:
        """Do what the lines say, all or nothing; raises ValueError."""
        before = json.dumps([(list(key), one) for key, one in self.tables.items()])
        try:
            for line in text.splitlines():
                self._do(line)
        except (ValueError, LookupError):
            self.tables = {tuple(key): one for key, one in json.loads(before)}
            raise

    def _do(self, line: str) -> None:
        words = line.split(" ")
        verb, what, (family, name, chain) = words[0], words[1], words[2:5]
        one = self.tables[family, name]
        if (verb, what) == ("add", "chain"):
            one["chains"].setdefault(chain, {})
        elif (verb, what) == ("flush", "chain"):
            one["chains"][chain]
            one["rules"] = [rule for rule in one["rules"] if rule[0] != chain]
        elif (verb, what) == ("delete", "chain"):
            if any(rule[0] == chain or jumps(rule[2]) == chain for rule in one["rules"]):
                raise ValueError(f"busy: {line}")
            del one["chains"][chain]
        elif (verb, what) == ("delete", "rule"):
            (gone,) = (rule for rule in one["rules"] if rule[0] == chain and rule[1] == int(words[6]))
            one["rules"].remove(gone)
        elif (verb, what) == ("add", "rule"):
            one["chains"][chain]
            expr, comment = expression(" ".join(words[5:]))
            self.rule(family, name, chain, *expr, comment=comment)
        elif (verb, what) == ("insert", "rule"):
            (index,) = (i for i, rule in enumerate(one["rules"]) if rule[0] == chain and rule[1] == int(words[6]))
            expr, comment = expression(" ".join(words[7:]))
            self.rule(family, name, chain, *expr, comment=comment)
            one["rules"].insert(index, one["rules"].pop())
        else:
            raise ValueError(line)


def jumps(expr: list[dict[str, Any]]) -> str:
    return str(next((each["jump"]["target"] for each in expr if "jump" in each), ""))


def expression(text: str) -> tuple[list[dict[str, Any]], str]:
    """The words of a rule as nft prints them again."""
    jump = re.fullmatch(r'jump (\S+) comment "([^"]+)"', text)
    if jump:
        return [{"jump": {"target": jump[1]}}], jump[2]
    found = []
    rest = text
    while rest != "accept":
        word = re.match(r"(ip|ip6|tcp|udp|meta) (saddr|daddr|sport|dport|nfproto) (\{ [^{}]+ \}|[^ {}]+) ", rest)
        if not word:
            raise ValueError(f"syntax: {rest}")
        many = word[3].strip("{ }").split(", ")
        values = [_value(one) for one in many]
        found.append(match(f"{word[1]} {word[2]}", {"set": values} if word[3].startswith("{") else values[0]))
        rest = rest[word.end() :]
    return [*found, {"accept": None}], ""


def _value(text: str) -> Any:
    address, slash, length = text.partition("/")
    if slash:
        whole = length == ("128" if ":" in address else "32")
        return address if whole else {"prefix": {"addr": address, "len": int(length)}}
    first, dash, last = text.partition("-")
    if dash:
        return {"range": [int(first), int(last)]}
    return int(text) if text.isdigit() else text
