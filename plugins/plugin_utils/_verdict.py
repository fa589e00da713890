# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: plan against observation: what is to be said of each pair. Pure; ``docs/compliance.md`` has the order.

The causes of a pair are looked for from its own ends outwards: rules at the source, rules at the destination, rules of
others there, the listener, and only then the path. What is nearest to somebody's hand comes first, the rest stands in
``also``. A connection that was made outweighs what could not be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from ansible_collections.printnet.ports.plugins.module_utils._rules import peer_text, span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _end_rules,
    _listening,
    _observed,
    _probe_plan,
    _reasons,
)
from ansible_collections.printnet.ports.plugins.plugin_utils import _probe_words as words
from ansible_collections.printnet.ports.plugins.plugin_utils._facts import Facts
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Probe
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Pair, Place
from ansible_collections.printnet.ports.plugins.plugin_utils._reasons import Cause

NOBODY = Place("", "", ())
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


def verdicts(pairs: Iterable[Pair], facts: Facts) -> list[Verdict]:
    """One a pair, in their order."""
    pairs = list(pairs)
    serving = _serving(pairs, facts)
    return [_graded(_noted(_verdict(pair, facts, serving), pair, facts), facts) for pair in pairs]


def _noted(made: Verdict, pair: Pair, facts: Facts) -> Verdict:
    told = _end_rules.beside(pair, facts, works=made.code == "OK")
    return replace(made, evidence=(*made.evidence, *told)) if told else made


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
    causes = [*_unseen(pair, facts), *_end_rules.missing(pair, facts), *_end_rules.blocked(pair, facts)]
    causes += _listener_causes(pair, facts)
    # Who could not be looked at comes last: what is known is more use.
    causes.sort(key=lambda cause: cause.code == "UNREACHABLE")
    told = [cause.evidence for cause in causes]
    if probe is None and (instead := _from_controller(pair, facts)):
        return _by_controller(pair, instead, facts, causes, serving)
    if probe is None:
        told.append(f"No connection was tried: {why}.")
        return _made(pair, causes, Cause("NOT_TESTED", ""), told, serving)
    if probe.outcome in words.PASSED:
        kept = [cause for cause in causes if not _is_outweighed(pair, cause)]
        yet = [cause for cause in causes if cause not in kept]
        kept += _wrong(pair, probe, facts)
        told = [*(cause.evidence for cause in kept), words.sentence(pair, probe), *_yet(yet)]
        code = "OK" if probe.outcome != "mismatch" else words.FAILED[probe.outcome]
        return _quiet(_made(pair, kept, Cause(code, ""), told, serving), probe)
    told.append(words.sentence(pair, probe))
    otherwise = _on_the_way(pair, probe, facts)
    if not causes:
        told.append(otherwise.evidence)
    return _made(pair, causes, otherwise, told, serving)


def _on_the_way(pair: Pair, probe: Probe, facts: Facts) -> Cause:
    """The cause where no end shows another one: a host whose rules nobody saw may drop it as well as the path."""
    code, host = words.FAILED.get(probe.outcome, "NOT_TESTED"), pair.destination.host
    here = facts.seen.get(host)
    if probe.outcome == "no_route":
        start = pair.source.name
        advice = f"Look at the routes and the firewall of {start}: nothing left it."
        return Cause(code, "", pair.source.host, advice)
    if code != "PATH_BLOCKED" or not host or (here is not None and here.rules_seen):
        return Cause(code, "")
    seen = "was looked at without its rules" if here is not None and here.looked_at else "was not looked at"
    port = f"{pair.flow.transport} {span_text(pair.port)}"
    advice = (
        f"Look at the firewall of {host} first, then ask the network team to let {port} pass from {pair.source.name} "
        f"to {host}."
    )
    return Cause(code, f"{host} {seen}; its own firewall may be what drops it.", advice=advice)


def _is_outweighed(pair: Pair, cause: Cause) -> bool:
    """Whether a connection that was made proves the cause wrong.

    At an address that several hosts share one of them answered. Of the others it proves nothing; only that a passive
    one does not listen is as it should be.
    """
    is_shared = pair.by_service and "out" in pair.opened and cause.end == pair.destination.host
    return cause.code in OUTWEIGHED and (not is_shared or cause.code in ("NO_LISTENER", "LOOPBACK_ONLY"))


def _yet(causes: Iterable[Cause]) -> list[str]:
    """What was seen otherwise, though it works."""
    return [f"It works all the same. {cause.evidence}" for cause in causes]


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
    pair: Pair, probe: Probe, facts: Facts, causes: list[Cause], serving: frozenset[tuple[str, str, int]]
) -> Verdict:
    """What the controller found in place of the source: that it works says something, that it fails does not.

    The controller is no party of the flow, so a firewall is right to refuse it. What is wrong with what answered is
    wrong for the source too.
    """
    works = probe.outcome in words.WORKS
    found = [*causes, *(_wrong(pair, probe, facts) if works else ())]
    told = [
        f"In place of {pair.source.name}: {words.sentence(pair, probe, 'the controller')}",
        *(cause.evidence for cause in found),
        "It says nothing of the path from the source itself.",
    ]
    return _quiet(_made(pair, found, Cause("OK" if works else "NOT_TESTED", ""), told, serving), probe)


def _wrong(pair: Pair, probe: Probe, facts: Facts) -> list[Cause]:
    """What is wrong with what answered."""
    return words.causes(pair, probe, facts.now, _names(pair) if facts.tls_names else None)


def _quiet(made: Verdict, probe: Probe) -> Verdict:
    """The port is open all the way. Whether the service behind it works may be known to nobody: that is told apart."""
    quiet = (probe.outcome == "silent" or words.is_unproven(probe)) and made.code == "OK"
    return replace(made, severity=_reasons.INFORMATION) if quiet else made


def _unseen(pair: Pair, facts: Facts) -> list[Cause]:
    found = []
    for place in (pair.source, pair.destination):
        here = facts.seen.get(place.host)
        if here is not None and here.state in (_observed.UNREACHABLE, _observed.FAILED):
            found.append(Cause("UNREACHABLE", f"{here.host} was not looked at: {here.why}", here.host))
    return found


def _listener_causes(pair: Pair, facts: Facts) -> list[Cause]:
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
