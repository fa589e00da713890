# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the rules of others in a table, as far as they are about ports and addresses. Pure."""

from __future__ import annotations

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _backend, _xtables_place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_table as tables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._xtables import Line
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._xtables_table import Table


def others(table: Table, base: str, where: str) -> list[_backend.Foreign]:
    """The rules of others in INPUT or OUTPUT, and in the chains that it always leads to, about ports or addresses."""
    return _others(table, base, where, ())


def _others(table: Table, chain: str, where: str, seen: tuple[str, ...]) -> list[_backend.Foreign]:
    found: list[_backend.Foreign] = []
    base = seen[0] if seen else chain
    lines = table.lines(chain, "out" if base == tables.BASES["out"] else "in")
    foreign = [line for line in lines if not tables.short_of(line.target)]
    judged = foreign[: _xtables_place.place(table, chain, foreign)] if not seen else foreign
    for number, line in enumerate(lines, 1):
        if line not in judged or line.rule is None:
            continue
        leads = line.plain and not line.protocol and line.target in table.chains and line.target not in (chain, *seen)
        if leads:
            found += _others(table, line.target, where, (*seen, chain))
        if not leads or line.goto:
            found += _from_line(table, line, base, f"{where}{chain} rule {number} ({_body(line)})")
    return found


def _from_line(table: Table, line: Line, base: str, where: str) -> list[_backend.Foreign]:
    in_chain = line.target in table.chains
    # What returns from INPUT or OUTPUT, or comes to the end of a chain that it was sent to for good, gets the policy.
    for_good = line.chain == base and (line.target == "RETURN" or (line.goto and in_chain))
    blocks = (
        line.denies()
        or (in_chain and _xtables_place.refusing_chain(table, line.target))
        or (for_good and _xtables_place.refused_at(table, line, base))
    )
    if line.rule is None or not (blocks or line.target == "ACCEPT"):
        return []
    rule = line.rule
    transports = (rule.transport,) if rule.transport else ("tcp", "udp")
    return [
        _backend.Foreign(not blocks, _rules.Rule(rule.direction, one, rule.ports, rule.peers, rule.source_ports), where)
        for one in transports
    ]


def _body(line: Line) -> str:
    """A rule without its chain, fit for a terminal."""
    text = line.text[len(f"-A {line.chain} ") :]
    return tables.printable(text)
