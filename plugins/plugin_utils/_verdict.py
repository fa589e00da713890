# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: plan against observation: what is to be said of each pair. Pure; ``docs/compliance.md`` has the order.

The causes of a pair are looked for from its own ends outwards: rules at the source, rules at the destination, rules of
others there, the listener, and only then the path. What is nearest to somebody's hand comes first, the rest stands in
``also``. A connection that was made outweighs what could not be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule, peer_text, span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _access,
    _listening,
    _observed,
    _probe_plan,
    _reasons,
)
from ansible_collections.printnet.ports.plugins.plugin_utils import _probe_words as words
from ansible_collections.printnet.ports.plugins.plugin_utils._access import ALL, NONE
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Probe, Seen
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Pair, Place
from ansible_collections.printnet.ports.plugins.plugin_utils._reasons import Cause

NOBODY = Place("", "", ())
_FEW = 5
# What a connection that was made proves wrong, or leaves unproven: then it is evidence only.
OUTWEIGHED = ("NO_RULE", "SCOPE_TOO_NARROW", "BLOCKED_BY_RULE", "NO_LISTENER", "LOOPBACK_ONLY", "UNREACHABLE")


@dataclass(frozen=True)
class Verdict:
    """What is said of a pair, or of one host where ``flow`` is empty.

    ``end`` is the host that ``remedy`` is for, ``advice`` what to do where that is not what the table of codes says.
    """

    id: str
    code: str
    flow: str
    source: Place
    destination: Place
    address: str
    transport: str
    port: str
    evidence: tuple[str, ...]
    source_port: str = ""
    severity: str = ""
    also: tuple[str, ...] = ()
    end: str = ""
    advice: str = ""
    accepted: Mapping[str, str] | None = None

    @cached_property
    def grade(self) -> str:
        return self.severity or _reasons.CODES[self.code].severity

    @property
    def remedy(self) -> str:
        if self.advice:
            return "" if self.code == "ACCEPTED" else self.advice
        source, destination = self.source.name, self.destination.name
        port = f"{self.transport} {self.port}".strip()
        return _reasons.remedy(
            self.code, source=source, destination=destination, port=port, end=self.end or destination
        )


@dataclass(frozen=True)
class Facts:
    """All that verdicts are made of. ``seen`` are the hosts that were to be looked at, by name.

    ``settings`` are those with which connections were made; ``now`` is the time of the run, for certificates.
    ``processes`` are names that a flow's listener may have, by flow; ``in_service`` are components behind an address
    of their own, whose hosts need not all listen; ``outside`` are hosts of others, which need not be reached;
    ``planned`` has host, direction and flow of each rule of the plan; ``controller`` what was tried from the controller
    in place of sources that Ansible does not manage, by target, None where nothing was.
    """

    catalog: Catalog
    seen: Mapping[str, Seen]
    settings: _probe_plan.Settings
    now: datetime
    processes: Mapping[str, tuple[str, ...]]
    in_service: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    planned: frozenset[tuple[str, str, str]] = frozenset()
    controller: Mapping[str, Probe] | None = None
    tls_names: bool = False

    @cached_property
    def anytime(self) -> _probe_plan.Settings:
        """The settings without the hours: what was tried within them is judged later, and maybe after their end."""
        return replace(self.settings, outside_window=False)

    @cached_property
    def rules(self) -> dict[str, _access.Rules]:
        return _access.by_host(self.seen)


def verdicts(pairs: Iterable[Pair], facts: Facts) -> list[Verdict]:
    """One a pair, in their order."""
    pairs = list(pairs)
    serving = _serving(pairs, facts)
    return [_graded(_noted(_verdict(pair, facts, serving), pair, facts), facts) for pair in pairs]


def _noted(made: Verdict, pair: Pair, facts: Facts) -> Verdict:
    """Of many peers some may be blocked, as by a list of addresses that attacked: that is told, and blocks no flow.

    Nor does what is blocked by one interface only, as nobody knows by which one it comes; where it fails, it is told.
    """
    told = list(made.evidence)
    for here, access, networks in _blocking(pair, facts):
        barred = access.barred(networks)
        if barred is not None:
            where, few, more = barred
            whom = ", ".join(few) + (f" and {more} more networks" if more else "")
            told.append(f"On {here.host} rules of somebody else block {whom} of them: {where}.")
        other = access.blocking_perhaps(networks) if made.code != "OK" else None
        if other is not None:
            told.append(f"On {here.host} a rule of somebody else blocks it as far as it {other.only}: {other.where}.")
    return replace(made, evidence=tuple(told)) if len(told) > len(made.evidence) else made


def _graded(made: Verdict, facts: Facts) -> Verdict:
    """A host of others may be in the inventory for its address only: that Ansible does not reach it is no fault."""
    if made.code == "UNREACHABLE" and made.end in facts.outside:
        return replace(made, severity=_reasons.WARNING)
    return made


def _serving(pairs: Iterable[Pair], facts: Facts) -> frozenset[tuple[str, str, int]]:
    """Component, transport and port at which some host behind a service address listens."""
    found = set()
    for pair in pairs:
        here = facts.seen.get(pair.destination.host)
        serves = pair.by_service or pair.destination.component in facts.in_service
        if serves and here is not None and here.looked_at:
            key = (pair.destination.component, pair.flow.transport, pair.port[0])
            if key not in found and _listening.on(here, pair.flow.transport, pair.port[0]):
                found.add(key)
    return frozenset(found)


def _verdict(pair: Pair, facts: Facts, serving: frozenset[tuple[str, str, int]]) -> Verdict:
    probe, why = _probe(pair, facts)
    causes = [*_unseen(pair, facts), *_rule_causes(pair, facts), *_block_causes(pair, facts)]
    causes += _listener_causes(pair, facts, serving)
    # Who could not be looked at comes last: what is known is more use.
    causes.sort(key=lambda cause: cause.code == "UNREACHABLE")
    told = [cause.evidence for cause in causes]
    if probe is None and (instead := _from_controller(pair, facts)):
        return _by_controller(pair, instead, causes, told, serving)
    if probe is None:
        told.append(f"No connection was tried: {why}.")
        return _made(pair, causes, Cause("NOT_TESTED", ""), told, serving)
    if probe.outcome in words.PASSED:
        kept = [cause for cause in causes if cause.code not in OUTWEIGHED]
        kept += words.causes(pair, probe, facts.now, _names(pair) if facts.tls_names else None)
        told = [*(cause.evidence for cause in kept), words.sentence(pair, probe), *_yet(causes)]
        code = "OK" if probe.outcome != "mismatch" else words.FAILED[probe.outcome]
        made = _made(pair, kept, Cause(code, ""), told, serving)
        # The port is open all the way. Whether the service behind it works nobody knows, so it is told apart.
        quiet = (probe.outcome == "silent" or words.is_unproven(probe)) and made.code == "OK"
        return replace(made, severity=_reasons.INFORMATION) if quiet else made
    told.append(words.sentence(pair, probe))
    otherwise = _on_the_way(pair, words.FAILED.get(probe.outcome, "NOT_TESTED"), facts)
    if not causes:
        told.append(otherwise.evidence)
    return _made(pair, causes, otherwise, told, serving)


def _on_the_way(pair: Pair, code: str, facts: Facts) -> Cause:
    """The cause where no end shows another one: a host whose rules nobody saw may drop it as well as the path."""
    host = pair.destination.host
    here = facts.seen.get(host)
    if code != "PATH_BLOCKED" or not host or (here is not None and here.rules_seen):
        return Cause(code, "")
    seen = "was looked at without its rules" if here is not None and here.looked_at else "was not looked at"
    port = f"{pair.flow.transport} {span_text(pair.port)}"
    advice = (
        f"Look at the firewall of {host} first, then ask the network team to let {port} pass from {pair.source.name} "
        f"to {host}."
    )
    return Cause(code, f"{host} {seen}; its own firewall may be what drops it.", advice=advice)


def _yet(causes: Iterable[Cause]) -> list[str]:
    """What was seen otherwise, though it works."""
    return [f"It works all the same. {cause.evidence}" for cause in causes if cause.code in OUTWEIGHED]


def _made(
    pair: Pair, causes: list[Cause], otherwise: Cause, told: list[str], serving: frozenset[tuple[str, str, int]]
) -> Verdict:
    first = causes[0] if causes else otherwise
    idle = (pair.destination.component, pair.flow.transport, pair.port[0]) in serving
    if first.code == "NO_LISTENER" and idle:
        told.append(f"Another host of {pair.destination.component} listens there: this one may be the passive one.")
        first = Cause("NOT_TESTED", "")
    also = tuple(dict.fromkeys(cause.code for cause in causes[1:] if cause.code != first.code))
    if first.code == otherwise.code == "OK":
        also = ()
    return Verdict(
        id=pair.id,
        code=first.code,
        flow=pair.flow.id,
        source=pair.source,
        destination=pair.destination,
        address=pair.address,
        transport=pair.flow.transport,
        port=span_text(pair.port),
        source_port=span_text(pair.source_port) if pair.source_port else "",
        evidence=tuple(dict.fromkeys(text for text in told if text)),
        also=also,
        end=first.end,
        advice=first.advice,
    )


def _probe(pair: Pair, facts: Facts) -> tuple[Probe | None, str]:
    """What the connection came to, or why there was none."""
    aim = _probe_plan.target(pair, facts.catalog, facts.anytime)
    if isinstance(aim, str):
        return None, aim
    here = facts.seen.get(pair.source.host)
    if here is None or here.state == _observed.NOT_MANAGED:
        return None, f"Ansible does not manage {pair.source.name} ({pair.source.component})"
    if not here.looked_at:
        return None, f"{here.host} could not be used as its source"
    why = f"{here.host} was not asked to, as the inventory or the settings have changed since"
    if aim.gentle and facts.settings.print_window:
        why = f"{_probe_plan.OUTSIDE_WINDOW} ({facts.settings.print_window})"
    return here.probes.get(aim.key), why


def _from_controller(pair: Pair, facts: Facts) -> Probe | None:
    aim = _probe_plan.target(pair, facts.catalog, facts.anytime)
    return None if facts.controller is None or isinstance(aim, str) else facts.controller.get(aim.key)


def _by_controller(
    pair: Pair, probe: Probe, causes: list[Cause], told: list[str], serving: frozenset[tuple[str, str, int]]
) -> Verdict:
    """What the controller found in place of the source: that it works says something, that it fails does not.

    The controller is no party of the flow, so a firewall is right to refuse it.
    """
    told = [f"In place of {pair.source.name}: {words.sentence(pair, probe, 'the controller')}", *told]
    code = "OK" if probe.outcome in words.WORKS else "NOT_TESTED"
    told.append("It says nothing of the path from the source itself.")
    return _made(pair, causes, Cause(code, ""), told, serving)


def _unseen(pair: Pair, facts: Facts) -> list[Cause]:
    found = []
    for place in (pair.source, pair.destination):
        here = facts.seen.get(place.host)
        if here is not None and here.state in (_observed.UNREACHABLE, _observed.FAILED):
            found.append(Cause("UNREACHABLE", f"{here.host} was not looked at: {here.why}", here.host))
    return found


def _sides(pair: Pair) -> list[tuple[str, Place, Place]]:
    """Direction, the host whose rules count, and its peer."""
    sides = [("out", pair.source, pair.destination), ("in", pair.destination, pair.source)]
    return [side for side in sides if side[0] in pair.opened and side[1].host]


def _rule_causes(pair: Pair, facts: Facts) -> list[Cause]:
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


def _block_causes(pair: Pair, facts: Facts) -> list[Cause]:
    found = []
    for here, access, networks in _blocking(pair, facts):
        other = access.blocking(networks)
        if other is not None:
            rule = _short(other.rule, pair, access.few(networks)[0])
            told = f"On {here.host} a rule of somebody else blocks it: {other.where} ({rule})."
            found.append(Cause("BLOCKED_BY_RULE", told, here.host))
    return found


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


def _listener_causes(pair: Pair, facts: Facts, serving: frozenset[tuple[str, str, int]]) -> list[Cause]:
    here = facts.seen.get(pair.destination.host)
    if (
        here is None
        or not here.looked_at
        or not here.listeners
        or pair.port[0] != pair.port[1]
        or "in" not in pair.opened
    ):
        return []
    transport, port = pair.flow.transport, pair.port[0]
    code, told = _listening.judge(here, transport, port, _own_addresses(pair), pair.version)
    if code:
        return [Cause(code, told, here.host)]
    expected = facts.processes.get(pair.flow.id, ())
    strange = _listening.strangers(here, transport, port, expected) if expected else ""
    return [Cause("WRONG_PROCESS", strange, here.host)] if strange else []


def _own_addresses(pair: Pair) -> frozenset[str]:
    place = pair.destination
    own = place.own or place.networks
    return frozenset(peer_text(one) for one in (*own, *place.networks)) | {pair.address}


def _names(pair: Pair) -> tuple[str, ...]:
    return pair.destination.host, pair.address
