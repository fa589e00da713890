# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: where our jumps stand among others' rules, and what brings a table to what is wanted. Pure.

A jump belongs behind every rule of others, so that their drops win, but before the final catch-all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._xtables import Line
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._xtables_table import (
    BASES,
    PREFIX,
    Chains,
    Table,
    encode,
    mains,
    printable,
    read,
    short_of,
)

_NESTED = 4
"""So many chains deep a jump is followed."""


def denies(table: Table, base: str) -> bool:
    """Whether what no rule accepts is refused."""
    foreign = [line for line in table.lines(base) if not short_of(line.target)]
    for line in foreign:
        if _ends(table, line):
            return refused_at(table, line, base)
    tail = foreign[place(table, base, foreign) :]
    return table.policies.get(base) == "DROP" or any(_refuses(table, line) for line in tail)


def place(table: Table, base: str, foreign: Sequence[Line]) -> int:
    """Before which of others' rules ours belong: the first of the final catch-all, or the end.

    The catch-all is the longest tail of rules that refuse or only log, whatever the packet; behind a rule that refuses
    everything nothing is reached. A chain that refuses nothing but, at its end, everything is part of it.
    """
    end = next((at + 1 for at, line in enumerate(foreign) if _ends(table, line)), len(foreign))
    begin = end
    while begin and (_is_tail(table, foreign[begin - 1]) or _refuses_at_last(table, foreign[begin - 1], base)):
        begin -= 1
    tail = foreign[begin:end]
    decides = table.policies.get(base) == "DROP" or any(
        _refuses(table, line) or _refuses_at_last(table, line, base) for line in tail
    )
    return begin if decides else end


def _ends(table: Table, line: Line, nested: int = 0) -> bool:
    """Whether no packet comes past the line; in INPUT and OUTPUT what returns, or goes to a chain, gets the policy."""
    if not line.plain or line.protocol or line.limited:
        return False
    if line.target in ("ACCEPT", "RETURN") or line.denies():
        return True
    if line.target not in table.chains or short_of(line.target):
        return False
    return line.goto or _last(table, line.target, nested) is not None


def _last(table: Table, chain: str, nested: int = 0) -> Line | None:
    """The rule of a chain past which nothing comes, where nothing comes back from the chain before that."""
    if nested < _NESTED:
        for line in table.lines(chain):
            if line.target == "RETURN" or line.goto:
                return None
            if _ends(table, line, nested + 1):
                return line
    return None


def refused_at(table: Table, line: Line, base: str, nested: int = 0) -> bool:
    """Whether what comes to a rule past which nothing comes is refused, unless something before the end accepts it."""
    if line.target in table.chains and nested < _NESTED:
        last = _last(table, line.target)
        if last:
            return refused_at(table, last, base, nested + 1)
    return line.denies() or (line.target != "ACCEPT" and table.policies.get(base) == "DROP")


def _refuses_at_last(table: Table, line: Line, base: str) -> bool:
    """Whether the rule's chain refuses nothing but everything at its end, so that no drop of others would be passed."""
    if not _ends(table, line) or not refused_at(table, line, base):
        return False
    inner = table.lines(line.target)
    last = _last(table, line.target)
    before = inner[: inner.index(last)] if last else inner
    return all(one.target == "ACCEPT" or _is_tail(table, one) for one in before) and (
        last is None or _is_tail(table, last)
    )


def _is_tail(table: Table, line: Line, nested: int = 0) -> bool:
    """Whether the line does nothing but refuse or log, whatever the packet."""
    if not line.plain:
        return False
    if line.denies() or line.logs():
        return True
    inner = table.lines(line.target) if nested < _NESTED and not short_of(line.target) else []
    return _refuses(table, line) and all(_is_tail(table, one, nested + 1) for one in inner)


def _refuses(table: Table, line: Line, nested: int = 0) -> bool:
    """Whether some packets are refused here, whatever their rate."""
    inner = table.lines(line.target) if nested < _NESTED else []
    return (line.denies() and not line.limited) or any(_refuses(table, one, nested + 1) for one in inner)


def may_refuse(table: Table, base: str) -> bool:
    """Whether some packet may be refused in INPUT or OUTPUT, or in the chains that it reaches."""
    reached, left = {base}, [base]
    while left:
        for line in table.lines(left.pop()):
            if line.denies():
                return True
            if line.target in table.chains and line.target not in reached:
                reached.add(line.target)
                left.append(line.target)
    return table.policies.get(base) == "DROP"


def refusing_chain(table: Table, name: str) -> bool:
    """Whether a chain refuses all that comes to it."""
    lines = table.lines(name)
    return bool(lines) and all(_is_tail(table, one) for one in lines) and any(_ends(table, one) for one in lines)


def misplaced(table: Table, base: str, short: str) -> bool:
    """Whether an owner's jump stands behind others' catch-all, or before a rule that may refuse something."""
    lines = table.lines(base)
    foreign = [line for line in lines if not short_of(line.target)]
    first_of_tail = place(table, base, foreign)
    behind = [at for at, line in enumerate(lines) if not short_of(line.target)]
    limit = behind[first_of_tail] if first_of_tail < len(behind) else len(lines)
    for at, line in enumerate(lines):
        if short_of(line.target) == short:
            between = [one for one in lines[at:limit] if not short_of(one.target)]
            return at > limit or any(one.target != "ACCEPT" and not one.logs() for one in between)
    return False


def jumps(table: Table, base: str, short: str) -> list[Line]:
    """The rules of INPUT or OUTPUT that lead to a chain of the owner."""
    return [line for line in table.lines(base) if short_of(line.target) == short]


def intruders(table: Table, short: str) -> list[Line]:
    """The rules in others' chains that lead to a chain of the owner, which so can't be removed."""
    found = []
    for name, texts in table.chains.items():
        if name not in BASES.values() and short_of(name) != short:
            lines = [read(text, table.version, "in") for text in texts if PREFIX in text]
            found += [line for line in lines if short_of(line.target) == short]
    return found


def jump(base: str, owner: str, chain: str) -> str:
    """The rule that leads to a chain of ours."""
    return f"-A {base} -m comment --comment {_xtables.quote(owner)} -j {chain}"


def jump_faults(table: Table, owner: str, short: str) -> list[str]:
    """What is wrong with how an owner's chains are reached."""
    found = []
    for direction, base in BASES.items():
        main = mains(short)[direction]
        there = jumps(table, base, short)
        if main not in table.chains and not there:
            continue
        if len(there) != 1 or there[0].text != jump(base, owner, main):
            found.append(f"{base} has not exactly one jump to {main}")
        elif misplaced(table, base, short):
            found.append(f"the jump to {main} stands at the wrong place in {base}")
        elif main in table.late:
            found.append(f"the line that declares {main} stands at the wrong place")
    found += [f"a chain of somebody else leads to ours: {printable(line.text)}" for line in intruders(table, short)]
    return found


def script(table: Table, aims: Mapping[str, Iterable[_rules.Rule]], shorts: Mapping[str, str]) -> list[str]:
    """What turns the table into one with the owners' rules, for iptables-restore --noflush; empty where it is one.

    A chain that differs is written anew, others stay with their counters.
    """
    made: list[str] = []
    filled: list[str] = []
    gone: list[str] = []
    moved: list[str] = []
    wanted = {owner: encode(shorts[owner], rules, table.version) for owner, rules in aims.items()}
    for owner, chains in wanted.items():
        have = table.ours(shorts[owner])
        fresh = [name for name, lines in chains.items() if have.get(name) != lines]
        made += [f":{name} - [0:0]" for name in fresh]
        filled += [line for name in fresh for line in chains[name]]
        gone += [name for name in have if name not in chains]
    for direction, base in BASES.items():
        moved += _moves(table, base, {owner: mains(shorts[owner])[direction] for owner in aims}, wanted, shorts)
    # Emptied first: a chain that another one still leads to can't go. One that somebody else's leads to stays, empty.
    held = {one.target for short in shorts.values() for one in intruders(table, short)}
    return [*made, *filled, *moved, *removal(gone, held)]


def removal(chains: Sequence[str], held: Collection[str] = ()) -> list[str]:
    """What empties chains and removes them, but for those that are held."""
    return [*(f"-F {name}" for name in chains), *(f"-X {name}" for name in chains if name not in held)]


def unused(table: Table, short: str) -> list[str]:
    """The chains of networks that no rule leads to."""
    ours = [text for texts in table.chains.values() for text in texts if PREFIX in text]
    used = {read(text, table.version, "in").target for text in ours}
    return [name for name in table.ours(short) if name not in used and name not in mains(short).values()]


def _moves(
    table: Table, base: str, names: Mapping[str, str], wanted: Mapping[str, Chains], shorts: Mapping[str, str]
) -> list[str]:
    """How the jumps of INPUT or OUTPUT come to be as wanted."""
    removed: list[Line] = []
    added: list[str] = []
    for owner, main in names.items():
        there = jumps(table, base, shorts[owner])
        right = jump(base, owner, main)
        if main in wanted[owner]:
            if [line.text for line in there] == [right] and not misplaced(table, base, shorts[owner]):
                continue
            added.append(right)
        removed += there
    left = list(table.lines(base))
    for line in removed:
        left.remove(line)
    position = _insertion(table, base, left)
    found = ["-D " + line.text[len("-A ") :] for line in removed]
    for number, text in enumerate(added, position + 1):
        found.append(text if position == len(left) else f"-I {base} {number} {text[len(f'-A {base} ') :]}")
    return found


def _insertion(table: Table, base: str, lines: Sequence[Line]) -> int:
    """Before which rule of a chain, ours included, a new jump belongs."""
    foreign = [at for at, line in enumerate(lines) if not short_of(line.target)]
    index = place(table, base, [lines[at] for at in foreign])
    return foreign[index] if index < len(foreign) else len(lines)
