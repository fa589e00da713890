# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the rules at a pair's own two ends say of it: ours that are missing, and others that block. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule, peer_text, span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _access
from ansible_collections.printnet.ports.plugins.plugin_utils._access import ALL, NONE
from ansible_collections.printnet.ports.plugins.plugin_utils._facts import Facts
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Seen
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Pair, Place
from ansible_collections.printnet.ports.plugins.plugin_utils._reasons import Cause

_FEW = 5


def _sides(pair: Pair) -> list[tuple[str, Place, Place]]:
    """Direction, the host whose rules count, and its peer."""
    sides = [("out", pair.source, pair.destination), ("in", pair.destination, pair.source)]
    return [side for side in sides if side[0] in pair.opened and side[1].host]


def missing(pair: Pair, facts: Facts) -> list[Cause]:
    """Rules that an end lacks."""
    found = []
    for direction, place, peer in _sides(pair):
        here = facts.seen.get(place.host)
        if here is None or not here.rules_seen or not here.filters:
            continue
        if direction == "out" and here.egress != "denied":
            continue
        networks = _towards(pair, peer)
        code = _code(facts.rules[place.host].at(direction, *_key(pair)), networks) if networks else ""
        if code and (place.host, direction, pair.flow.id) not in facts.planned:
            told = _rule_sentence("NO_RULE", direction, here, pair, networks)
            advice = f"No role makes that rule on {place.host}: allow it in the firewall there by hand."
            found.append(Cause("NO_RULE", told, place.host, advice))
        elif code:
            odd = next((text for owner in here.owners.values() for text in owner.odd), "")
            told = _rule_sentence(code, direction, here, pair, networks) + (f" {odd}." if odd else "")
            found.append(Cause(code, told, place.host))
    return found


def _towards(pair: Pair, peer: Place) -> tuple[str, ...]:
    """The networks of the other end that matter: where one address is aimed at, it, or those of its IP version."""
    if peer is pair.destination and pair.address:
        return (f"{pair.address}/{128 if ':' in pair.address else 32}",)
    return peer.of_version(pair.version)


def _key(pair: Pair) -> tuple[str, tuple[int, int], tuple[int, int] | None]:
    return pair.flow.transport, pair.port, pair.source_port


def _code(access: _access.Access, networks: tuple[str, ...]) -> str:
    now, later = access.now.of(networks), access.later.of(networks)
    if now == later == ALL:
        return ""
    if now == ALL:
        return "RULE_LIVE_ONLY"
    if later == ALL:
        return "RULE_SAVED_ONLY"
    return "SCOPE_TOO_NARROW" if access.live.networks or access.saved.networks or now != NONE else "NO_RULE"


def _rule_sentence(code: str, direction: str, here: Seen, pair: Pair, networks: tuple[str, ...]) -> str:
    word = "from" if direction == "in" else "to"
    peers = ", ".join(map(peer_text, networks[:3])) + (f" and {len(networks) - 3} more" if len(networks) > 3 else "")
    what = f"{pair.flow.transport} {span_text(pair.port)} {word} {peers}"
    firewall = here.firewalls[0]
    if code == "NO_RULE":
        return f"{firewall} on {here.host} has no rule that lets {what} through."
    if code == "RULE_LIVE_ONLY":
        return f"{firewall} on {here.host} lets {what} through now, and has no saved rule for it."
    if code == "RULE_SAVED_ONLY":
        return f"{firewall} on {here.host} has a saved rule for {what}, which is not live."
    return f"{firewall} on {here.host} has rules for the port, and none that lets all of {what} through."


def blocked(pair: Pair, facts: Facts) -> list[Cause]:
    """Rules of others at an end that block it."""
    found = []
    for here, access, networks in _blocking(pair, facts):
        other = access.blocking(networks)
        if other is not None:
            rule = _short(other.rule, pair, access.few(networks)[0])
            told = f"On {here.host} a rule of somebody else blocks it: {other.where} ({rule})."
            found.append(Cause("BLOCKED_BY_RULE", told, here.host))
    return found


def beside(pair: Pair, facts: Facts, works: bool) -> list[str]:
    """What rules of others at the ends do besides, and block no flow by it.

    Of many peers some may be blocked, as by a list of addresses that attacked. What is blocked by one interface only is
    told where it fails, as nobody knows by which one it comes.
    """
    told = []
    for here, access, networks in _blocking(pair, facts):
        barred = access.barred(networks)
        if barred is not None:
            where, few, more = barred
            whom = ", ".join(few) + (f" and {more} more networks" if more else "")
            told.append(f"On {here.host} rules of somebody else block {whom} of them: {where}.")
        other = None if works else access.blocking_perhaps(networks)
        if other is not None:
            told.append(f"On {here.host} a rule of somebody else blocks it as far as it {other.only}: {other.where}.")
    return told


def _blocking(pair: Pair, facts: Facts) -> Iterator[tuple[Seen, _access.Access, tuple[str, ...]]]:
    """Each host whose firewall is seen, what it has at the port, and the networks of the other end."""
    for direction, place, peer in _sides(pair):
        here = facts.seen.get(place.host)
        if here is not None and here.rules_seen and here.filters:
            yield here, facts.rules[place.host].at(direction, *_key(pair)), _towards(pair, peer)


def _short(rule: Rule, pair: Pair, few: tuple[str, ...]) -> str:
    """The rule in few words: of many peers and ports those that are meant."""
    more = len(rule.peers) - len(few) if len(rule.peers) > _FEW else 0
    first, last = pair.port
    ports = tuple(span for span in rule.ports if span[0] <= last and first <= span[1])
    text = rule._replace(peers=few if more else rule.peers, ports=ports if len(rule.ports) > _FEW else rule.ports)
    return text.as_text() + (f" and {more} more networks" if more else "")
