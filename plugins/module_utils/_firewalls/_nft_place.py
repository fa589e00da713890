# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: where printnet.ports has its rules in nftables, and how they are written. Pure; the standard library only.

Each owner has a chain in every table whose base chain refuses by default. A jump leads there, behind all rules of
others, and before the final drop or reject. The module firewall of the Ansible collection printnet.ports works by this
file, and keeps a copy on the host, which nftables.service runs after it has loaded the administrator's own rules: so
they stand in the same place whatever these rules are by then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils._firewalls._nft_ends import (
    CHAIN,
    Cells,
    End,
    Ends,
    is_ours,
    target,
)

FORMAT = 1
OWNER = "printnet.ports/"
"""Begins the name of an owner, which is the comment of its jumps."""
DIRECTIONS = {"in": "input", "out": "output"}
HOOKS = ("ingress", "prerouting", "input")
"""The way in."""
_ELSEWHERE = ("ingress", "prerouting", "postrouting", "egress")
"""Where packets of this host pass as well, and nothing of ours stands."""
FAMILIES = {"inet": "46", "ip": "4", "ip6": "6", "netdev": "46"}
ALL = {"4": "0.0.0.0/0", "6": "::/0"}

Wanted = dict[str, tuple[str, list[dict[str, Any]]]]
"""By owner: its short name, and its rules as plain values."""
_NAME = re.compile(r"[A-Za-z_.][A-Za-z0-9/_.\-]*\Z")
_SHORT = re.compile(r"[a-z0-9_]{1,9}\Z")
_OWNER = re.compile(re.escape(OWNER) + r"[A-Za-z0-9_.\-]{1,100}\Z")
_PORTS = re.compile(r"[0-9]{1,5}(?:-[0-9]{1,5})?\Z")
_PEER = re.compile(r"[0-9a-f:.]+/[0-9]{1,3}\Z")
_FLAGS = frozenset(("dormant", "owner", "persist"))


class PlaceError(ValueError):
    """What was given is not as nftables or printnet.ports write it; the text says what."""


@dataclass
class Chain:
    """A chain; ``hook`` is empty where it is no base chain of the type filter. Rules are as nft prints them."""

    name: str
    hook: str = ""
    policy: str = ""
    rules: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Table:
    """A table of a family that has IP packets, with its chains by name."""

    family: str
    name: str
    flags: tuple[str, ...] = ()
    chains: dict[str, Chain] = field(default_factory=dict)
    bases: list[Base] | None = None
    """Kept once they are found."""

    def __str__(self) -> str:
        return f"table {self.family} {shown(self.name)}"


class Base(NamedTuple):
    """A base chain that refuses by default: its final rules begin at the index ``tail``.

    ``families``: those of which something is refused by default.
    """

    table: Table
    chain: Chain
    direction: str
    tail: int
    families: str

    def __str__(self) -> str:
        return f"{self.table}, chain {shown(self.chain.name)}"


def parse(text: str) -> list[Table]:
    """The tables that ``nft --json list ruleset`` prints; raises PlaceError."""
    try:
        items = json.loads(text)["nftables"]
        version = next((_version(item["metainfo"]) for item in items if "metainfo" in item), ())
        tables: dict[tuple[str, str], Table] = {}
        for kind, one in (pair for item in items for pair in item.items()):
            if kind == "table" and one["family"] in FAMILIES:
                tables[one["family"], one["name"]] = Table(one["family"], one["name"], _flags(one.get("flags")))
        for kind, one in (pair for item in items for pair in item.items()):
            if kind == "chain" and (one["family"], one["table"]) in tables:
                hook = one.get("hook", "") if one.get("type") == "filter" else ""
                chain = Chain(one["name"], hook, one.get("policy", ""))
                tables[one["family"], one["table"]].chains[chain.name] = chain
        for kind, one in (pair for item in items for pair in item.items()):
            if kind == "rule" and (one["family"], one["table"]) in tables:
                expr = [_statement(each, version) for each in one.get("expr", ())]
                tables[one["family"], one["table"]].chains[one["chain"]].rules.append({**one, "expr": expr})
    except (ValueError, LookupError, TypeError, AttributeError) as wrong:
        raise PlaceError(f"nft prints its rules in a form that is not known: {wrong!r}") from None
    return list(tables.values())


def _version(about: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"[0-9]+", str(about.get("version", ""))))


def _statement(each: Any, version: tuple[int, ...]) -> dict[str, Any]:
    if not isinstance(each, dict) or len(each) != 1:
        return {"unknown": each}
    ((key, value),) = each.items()
    if key in ("jump", "goto") and not (isinstance(value, dict) and "target" in value):
        return {"unknown": each}
    # Before, nft does not print the limit that an element is put into a set with.
    return {"set": None} if key == "set" and version < (1, 0, 6) else each


def _flags(flags: Any) -> tuple[str, ...]:
    words = [flags] if isinstance(flags, str) else flags or ()
    return tuple(str(word) for word in words)


def shown(name: str) -> str:
    """A name for people."""
    return name if is_word(name) else ascii(name)


def look(ask: Callable[[list[str]], str]) -> list[Table]:
    """The tables that are live; ``ask`` is nft. Named sets, which may be huge, come without their elements.

    nft up to 1.0.6 prints anything for a table's flags: such a table is asked for again, as text. Raises PlaceError.
    """
    tables = parse(ask(["--json", "--terse", "list", "ruleset"]))
    for table in tables:
        if not _FLAGS.issuperset(table.flags) and is_word(table.name):
            text = ask(["--terse", "list", "table", table.family, table.name])
            line = next((line for line in text.splitlines() if line.startswith("\tflags ")), "")
            table.flags = tuple(line.replace(",", " ").split()[1:])
    return tables


def is_word(name: str) -> bool:
    """Whether nft can read a name that the kernel holds; what is no name could be taken for a command."""
    return bool(_NAME.match(name))


def name_of(short: str, direction: str) -> str:
    """The name of an owner's chain."""
    return f"{CHAIN}{short}{'-out' if direction == 'out' else ''}"


def bases(table: Table) -> list[Base]:
    """The base chains of a table that refuse by default what comes in or goes out."""
    if table.bases is None:
        table.bases = [] if "dormant" in table.flags else list(_bases(table))
    return table.bases


def _bases(table: Table) -> Iterator[Base]:
    for chain in table.chains.values():
        for direction, hook in DIRECTIONS.items():
            end = _end(table, chain) if chain.hook == hook else None
            if end:
                refused = _scope(table, chain)[0] if end.shut else end.refused
                families = {family for family, _transport in refused}
                yield Base(table, chain, direction, end.begin, "".join(sorted(families)))


def obstacle(base: Base) -> str:
    """Why nothing can be put into a base chain, in a sentence, or nothing."""
    if "owner" in base.table.flags:
        return f"{base} refuses by default, and only the program that made this table can change it."
    if not is_word(base.table.name) or not is_word(base.chain.name):
        return f"{base} refuses by default, and nft itself can't write such a name."
    if base.table.name == "filter" and any("xt" in each for rule in base.chain.rules for each in rule["expr"]):
        return f"{base} refuses by default, and belongs to iptables: a second firewall on this host."
    return ""


def _end(table: Table, chain: Chain) -> End | None:
    """The final rules that refuse, log and count whatever is left; None where it is not refused."""
    found = _ends(table, chain).end(chain.rules, *_scope(table, chain))
    return found if found and (found.refused or found.shut) else None


def elsewhere(table: Table) -> list[Chain]:
    """The chains that refuse by default, and pass packets before or behind those of ours."""
    if "dormant" in table.flags:
        return []
    return [chain for chain in table.chains.values() if chain.hook in _ELSEWHERE and _end(table, chain)]


def leaves_nothing(base: Base, verdict: Mapping[str, Any]) -> bool:
    """Whether what a rule of a base chain leads elsewhere never comes behind it."""
    return _ends(base.table, base.chain).leaves_nothing(verdict, *_scope(base.table, base.chain))


def _scope(table: Table, chain: Chain) -> tuple[Cells, Cells]:
    """What comes to a base chain, and what its policy refuses of it."""
    cells = frozenset((family, transport) for family in FAMILIES[table.family] for transport in ("tcp", "udp"))
    return cells, cells if chain.policy == "drop" else frozenset()


def _ends(table: Table, chain: Chain) -> Ends:
    return Ends({name: one.rules for name, one in table.chains.items()}, chain.hook)


def lets_all_in(table: Table, families: str = "46") -> bool:
    """Whether it is certain that a table refuses nothing of what comes in by IPv4 or IPv6."""
    ways = [chain for chain in table.chains.values() if chain.hook in HOOKS]
    return "dormant" in table.flags or all(
        chain.policy != "drop" and _ends(table, chain).opens(chain.rules, families) for chain in ways
    )


def stands_right(base: Base, owner: str, name: str) -> bool:
    """Whether exactly one jump to an owner's chain is there, made as ours are, and at the right place."""
    there = [index for index, rule in enumerate(base.chain.rules) if target(rule) == name]
    return (
        len(there) == 1
        and there[0] < base.tail
        and is_plain(base.chain.rules[there[0]], owner, name)
        and all(is_ours(rule) for rule in base.chain.rules[there[0] : base.tail])
    )


def is_plain(rule: Mapping[str, Any], owner: str, name: str) -> bool:
    """Whether a jump is made as ours are."""
    return rule.get("comment") == owner and rule["expr"] == [{"jump": {"target": name}}]


def transaction(tables: Iterable[Table], wanted: Wanted) -> list[str]:
    """The lines for ``nft -f -`` that make these owners' rules live, and nothing else of theirs; raises PlaceError.

    A chain that is there is flushed first: where somebody has loaded other rules meanwhile it is gone, and nft then
    refuses the whole, so that no handle can mean another rule.
    """
    lines: list[str] = []
    for table in tables:
        homes = [base for base in bases(table) if not obstacle(base)]
        for owner, (short, rules) in sorted(wanted.items()):
            if not _SHORT.match(short) or not _OWNER.match(owner):
                raise PlaceError(f"{owner!r} with the short name {short!r} is no owner of rules")
            for direction in DIRECTIONS:
                texts = [
                    text for rule in rules if rule["direction"] == direction for text in texts_of(rule, table.family)
                ]
                here = [base for base in homes if base.direction == direction] if texts else []
                lines += _place(table, owner, name_of(short, direction), here, texts)
    return lines


def _place(table: Table, owner: str, name: str, homes: Sequence[Base], texts: Iterable[str]) -> Iterator[str]:
    where = f"{table.family} {table.name}"
    right = {base.chain.name for base in homes if stands_right(base, owner, name)}
    if name in table.chains:
        yield f"flush chain {where} {name}"
    elif homes:
        yield f"add chain {where} {name}"
    if homes:
        yield from (f"add rule {where} {name} {text}" for text in texts)
    yield from (_jump(base, owner, name) for base in homes if base.chain.name not in right)
    for chain in table.chains.values():
        stale = [rule for rule in chain.rules if target(rule) == name and chain.name not in right]
        yield from (f"delete rule {where} {chain.name} handle {rule['handle']}" for rule in stale)
    if name in table.chains and not homes:
        yield f"delete chain {where} {name}"


def _jump(base: Base, owner: str, name: str) -> str:
    where = f"rule {base.table.family} {base.table.name} {base.chain.name}"
    if base.tail < len(base.chain.rules):
        return f'insert {where} handle {base.chain.rules[base.tail]["handle"]} jump {name} comment "{owner}"'
    return f'add {where} jump {name} comment "{owner}"'


def texts_of(rule: Mapping[str, Any], family: str) -> list[str]:
    """A rule in words of nft, as far as it is about a table's family: one for each family of addresses, or one."""
    if rule["transport"] not in ("tcp", "udp") or not rule["ports"]:
        raise PlaceError(f"a rule of {rule['transport']!r} to the ports {rule['ports']!r} is none")
    ports = ""
    for key, side in (("source_ports", "sport"), ("ports", "dport")):
        if rule.get(key):
            ports += f"{rule['transport']} {side} {_one_or_set(rule[key], _PORTS)} "
    peers = ALL.values() if "any" in rule["peers"] else rule["peers"]
    if all(ALL[version] in peers for version in FAMILIES[family]):
        return [f"{ports}accept"]
    side = "saddr" if rule["direction"] == "in" else "daddr"
    texts = []
    for version, protocol in (("4", "ip"), ("6", "ip6")):
        here = [peer for peer in peers if (":" in peer) is (version == "6")] if version in FAMILIES[family] else []
        if ALL[version] in here:
            texts.append(f"meta nfproto ipv{version} {ports}accept")
        elif here:
            texts.append(f"{protocol} {side} {_one_or_set(here, _PEER)} {ports}accept")
    return texts


def _one_or_set(words: Sequence[str], form: re.Pattern[str]) -> str:
    for word in words:
        if not form.match(word):
            raise PlaceError(f"{word!r} is neither a port nor a network")
    return words[0] if len(words) == 1 else "{ " + ", ".join(words) + " }"


def load(text: str) -> Wanted:
    """What is saved, by owner; raises PlaceError."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise PlaceError(f"it has the format {data['format']!r}, and this version of printnet.ports knows {FORMAT}")
        return {owner: (one["short"], list(one["rules"])) for owner, one in data["owners"].items()}
    except (ValueError, LookupError, TypeError, AttributeError) as wrong:
        if isinstance(wrong, PlaceError):
            raise
        raise PlaceError(f"it is not as printnet.ports writes it: {wrong!r}") from None


def dump(wanted: Wanted) -> str:
    """What ``load`` reads."""
    owners = {owner: {"short": short, "rules": list(rules)} for owner, (short, rules) in wanted.items()}
    return json.dumps({"format": FORMAT, "owners": owners}, indent=1, sort_keys=True) + "\n"
