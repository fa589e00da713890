# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: rules as firewalld's rich rules, and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.printnet.ports.plugins.module_utils._rules import (
    EVERYBODY,
    Rule,
    canonical,
    parse_span,
    span_text,
)

_RICH = re.compile(
    r'rule(?: family="(?P<family>ipv[46])" source address="(?P<peer>[0-9a-f.:/]+)")? '
    r'port port="(?P<port>[0-9]+(?:-[0-9]+)?)" protocol="(?P<transport>tcp|udp)" accept\Z'
)


class NotExpressibleError(ValueError):
    """firewalld has no rich rule for this."""


def to_rich(rules: Iterable[Rule]) -> frozenset[str]:
    """One rich rule for each range of ports and each network, spelt as firewalld itself spells them."""
    found: set[str] = set()
    for rule in rules:
        if rule.source_ports:
            asking = ", ".join(rule.flows) or rule.as_text()
            raise NotExpressibleError(
                f"firewalld cannot match a source port and a port in one rule, which {asking} needs; "
                "leave the flow off on this host, or use another firewall"
            )
        peers = [None] if rule.peers == EVERYBODY else rule.peers
        for first, last in rule.ports:
            port = f'port port="{span_text((first, last))}" protocol="{rule.transport}" accept'
            found.update(f"rule {_source(peer)}{port}" for peer in peers)
    return frozenset(found)


def _source(peer: str | None) -> str:
    if peer is None:
        return ""
    family = "ipv6" if ":" in peer else "ipv4"
    return f'family="{family}" source address="{peer}" '


def from_rich(texts: Iterable[str]) -> tuple[tuple[Rule, ...], list[str]]:
    """The rules that rich rules stand for in their one form, and the texts that are none of ours."""
    rules, foreign = [], []
    for text in texts:
        match = _RICH.match(text)
        if match is None:
            foreign.append(text)
            continue
        peers = EVERYBODY if match["peer"] is None else (match["peer"],)
        rules.append(Rule("in", match["transport"], (parse_span(match["port"]),), peers))
    return canonical(rules), sorted(foreign)
