# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: rules as firewalld's rich rules and sets, and back. Pure.

A rule for a few networks is a rich rule for each of them. One for many names a set of them: firewalld takes minutes for
some hundred rich rules and a second for as many entries of a set. A set's name follows from the ports that use it, so
other networks for the same ports are other entries of the same set.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from ansible_collections.printnet.ports.plugins.module_utils._rules import (
    EVERYBODY,
    Rule,
    canonical,
    parse_span,
    span_text,
)

MANY = 8
"""More networks of a family than this go into a set."""

Sets = frozenset[tuple[str, frozenset[str]]]
_RICH = re.compile(
    r'rule(?: family="(?P<family>ipv[46])" source (?:address="(?P<peer>[0-9a-f.:/]+)"|ipset="(?P<set>[^"]+)"))? '
    r'port port="(?P<port>[0-9]+(?:-[0-9]+)?)" protocol="(?P<transport>tcp|udp)" accept\Z'
)


class NotExpressibleError(ValueError):
    """firewalld has no rich rule for this."""


@dataclass(frozen=True)
class Half:
    """What is saved, or what is live, of one owner: the policy's rich rules, None without a policy, and its sets."""

    rich: frozenset[str] | None = None
    sets: Sets = frozenset()

    def entries(self) -> dict[str, frozenset[str]]:
        """The networks of each set by its name."""
        return dict(self.sets)


def set_pattern(policy: str) -> re.Pattern[str]:
    """The names of the sets of a policy; the last figure is the IP version."""
    return re.compile(re.escape(policy) + r"-[0-9a-f]{6}[46]\Z")


def encode(policy: str, rules: Iterable[Rule]) -> Half:
    """Canonical rules as the policy of that name has them, spelt as firewalld itself spells them."""
    rules = list(rules)
    rich: set[str] = set()
    sets: dict[str, frozenset[str]] = {}
    for rule in rules:
        asking = ", ".join(rule.flows) or rule.as_text()
        if rule.direction != "in":
            raise NotExpressibleError(f"a policy towards the host lets nothing out, which {asking} needs")
        if rule.source_ports:
            raise NotExpressibleError(
                f"firewalld cannot match a source port and a port in one rule, which {asking} needs; "
                "leave the flow off on this host, or use another firewall"
            )
        sources = [""] if rule.peers == EVERYBODY else []
        for version in (4, 6) if not sources else ():
            networks = _of(rule, version)
            name = f"{policy}-{_users(rules, version, networks)}{version}"
            if len(networks) > MANY:
                sets[name] = frozenset(networks)
                sources.append(f'family="ipv{version}" source ipset="{name}" ')
            else:
                sources += [f'family="ipv{version}" source address="{network}" ' for network in networks]
        for span in rule.ports:
            port = f'port port="{span_text(span)}" protocol="{rule.transport}" accept'
            rich.update(f"rule {source}{port}" for source in sources)
    return Half(frozenset(rich), frozenset(sets.items())) if rich else Half()


def _of(rule: Rule, version: int) -> tuple[str, ...]:
    return tuple(peer for peer in rule.peers if (":" in peer) == (version == 6))


def _users(rules: Iterable[Rule], version: int, networks: tuple[str, ...]) -> str:
    """A name for all the ports that these networks may reach."""
    ports = [
        f"{rule.transport} {span_text(span)}" for rule in rules if _of(rule, version) == networks for span in rule.ports
    ]
    return sha256("\n".join(sorted(ports)).encode()).hexdigest()[:6]


@lru_cache(maxsize=16)
def decode(half: Half) -> tuple[tuple[Rule, ...], list[str]]:
    """The rules in their one form, and the texts that are none of ours."""
    rules, foreign, sets = [], [], half.entries()
    for text in half.rich or ():
        match = _RICH.match(text)
        if match is None or (match["set"] and match["set"] not in sets):
            foreign.append(text)
            continue
        if match["peer"] and not _is_network(match["peer"]):
            foreign.append(text)
            continue
        peers = tuple(sorted(sets[match["set"]])) if match["set"] else (match["peer"],) if match["peer"] else EVERYBODY
        rules.append(Rule("in", match["transport"], (parse_span(match["port"]),), peers))
    return canonical(rules), sorted(foreign)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
