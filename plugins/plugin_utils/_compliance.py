# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: plan and observations in, one report out: a dictionary of plain values, by the published schema. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import peer_text, span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _exposure,
    _observed,
    _policy,
    _probe_plan,
    _reasons,
    _verdict,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._exposure import Exposed, Known
from ansible_collections.printnet.ports.plugins.plugin_utils._facts import Facts
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Seen
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Pairs, Place
from ansible_collections.printnet.ports.plugins.plugin_utils._policy import Accepted
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _shape
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan
from ansible_collections.printnet.ports.plugins.plugin_utils._verdict import Verdict

_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Run:
    """Who looked, when (UTC), and with what. ``versions`` and ``digests`` are as the report has them."""

    id: str
    by: str
    started: datetime
    ended: datetime
    seconds: float
    versions: Mapping[str, str]
    digests: Mapping[str, str]
    check_mode: bool = False
    title: str = ""


@dataclass(frozen=True)
class Policy:
    """What the estate says of its own compliance. ``known`` has the declared ports by host.

    ``today`` is the day by which what is accepted ends, where it is not that of the run in UTC.
    """

    fail_on: tuple[str, ...] = _policy.FAILS
    accepted: tuple[Accepted, ...] = ()
    known: Mapping[str, tuple[Known, ...]] = field(default_factory=dict)
    report_only: bool = False
    today: date | None = None


@dataclass(frozen=True)
class Judged:
    """Plan, observations and policy, and the verdicts that come of them."""

    plan: SitePlan
    pairs: Pairs
    facts: Facts
    policy: Policy
    verdicts: tuple[Verdict, ...]


def judge(plan: SitePlan, pairs: Pairs, facts: Facts, policy: Policy) -> Judged:
    """All verdicts: those of the pairs, and those of the hosts themselves."""
    found = _verdict.verdicts(pairs.pairs, facts)
    members, absent = plan.members, plan.absent
    for name, host in plan.hosts.items():
        seen = facts.seen.get(name)
        if seen is None or seen.state in (_observed.LIMITED_OUT, _observed.NOT_MANAGED) or not host.components:
            continue
        at = members[host.components[0]][name].networks
        exposed = Exposed(
            host,
            seen,
            facts.rules[name],
            facts.catalog,
            at[0] if at else "",
            policy.known.get(name, ()),
            absent=absent.get(name, ()),
            residents=plan.residents.get(name, ()),
        )
        found += _exposure.verdicts(exposed)
    agreed = _policy.apply(found, policy.accepted, policy.today or facts.now.date(), policy.report_only)
    return Judged(plan, pairs, facts, policy, tuple(agreed))


def report(run: Run, judged: Judged) -> dict[str, Any]:
    """The report as it is written; ``drift`` is still empty."""
    facts, policy, found = judged.facts, judged.policy, judged.verdicts
    catalog = facts.catalog
    flows = {one.flow for one in found if one.flow}
    parties = {end.component for one in found for end in (one.source, one.destination) if end.component}
    codes = {code: {"severity": entry.severity, "meaning": entry.meaning} for code, entry in _reasons.CODES.items()}
    told = [as_dict(one) for one in found]
    parties |= {name for flow in flows for name in (catalog.flows[flow].source, catalog.flows[flow].destination)}
    return {
        "format": _shape.FORMAT,
        "run": {
            "id": run.id,
            "by": run.by,
            "started": run.started.strftime(_TIME),
            "ended": run.ended.strftime(_TIME),
            "seconds": round(run.seconds, 1),
            "check_mode": run.check_mode,
            "title": run.title,
            "merged": [],
        },
        "versions": dict(run.versions),
        "digests": dict(run.digests),
        "coverage": {
            "hosts": [_host(judged.plan, one) for one in facts.seen.values()],
            "probes": _probes(judged, run.seconds),
            "samples": [{**asdict(one), "chosen": list(one.chosen)} for one in judged.pairs.samples],
        },
        "policy": {
            "fail_on": list(policy.fail_on),
            "accepted": [one.as_dict() for one in policy.accepted],
            "known_open": _known(policy.known),
        },
        "compliant": not any(_shape.fails(one, policy.fail_on, codes) for one in told),
        "counts": dict(sorted(Counter(one.code for one in found).items())),
        "components": {
            name: {"title": entry.title, "role": entry.role}
            for name, entry in catalog.components.items()
            if name in parties
        },
        "documents": {
            name: {"title": entry.title, "edition": entry.edition, "date": entry.date or ""}
            for name, entry in catalog.documents.items()
        },
        "flows": {name: _flow(catalog, name) for name in catalog.flows if name in flows},
        "codes": codes,
        "verdicts": told,
        "suggestions": {"known_open": _exposure.suggestions(found)},
        "drift": None,
    }


def as_dict(one: Verdict) -> dict[str, Any]:
    """A verdict as the report has it."""
    return {
        "id": one.id,
        "code": one.code,
        "severity": one.grade,
        "flow": one.flow,
        "source": _end(one.source),
        "destination": {**_end(one.destination), **({"address": one.address} if one.address else {})},
        "transport": one.transport,
        "port": one.port,
        "source_port": one.source_port,
        "evidence": list(one.evidence),
        "remedy": one.remedy,
        "also": list(one.also),
        "accepted": dict(one.accepted) if one.accepted else None,
    }


def _end(place: Place) -> dict[str, str]:
    if place.host:
        address = peer_text(place.networks[0]) if place.networks else ""
        return {"component": place.component, "host": place.host, "address": address}
    return {"component": place.component, "host": "", "address": place.name if place.networks else ""}


def _host(plan: SitePlan, seen: Seen) -> dict[str, Any]:
    components = list(plan.hosts[seen.host].components) if seen.host in plan.hosts else []
    if not components:
        components = [name for name, members in plan.members.items() if seen.host in members]
    return {
        "host": seen.host,
        "components": components,
        "state": seen.state,
        "reason": seen.why,
        "firewall": " and ".join(seen.firewalls),
        "egress": seen.egress,
        "notes": list(seen.notes),
        "distribution": seen.system,
    }


def _probes(judged: Judged, seconds: float) -> dict[str, Any]:
    facts, settings = judged.facts, judged.facts.settings
    return {
        "made": sum(len(one.probes) for one in facts.seen.values()),
        "at_once": settings.at_once,
        "timeout": settings.timeout,
        "rate": settings.rate,
        "print_ports": settings.print_ports and (not settings.outside_window or _were_tried(judged)),
        "print_rate": settings.print_rate,
        "print_window": settings.print_window,
        "seconds": round(seconds, 1),
    }


def _were_tried(judged: Judged) -> bool:
    """Whether some print port was tried, though the hours for it are over by now."""
    facts = judged.facts
    found = ((one.source.host, _probe_plan.target(one, facts.catalog, facts.anytime)) for one in judged.pairs.pairs)
    return any(
        host in facts.seen and not isinstance(aim, str) and aim.gentle and aim.key in facts.seen[host].probes
        for host, aim in found
    )


def _known(known: Mapping[str, tuple[Known, ...]]) -> list[dict[str, Any]]:
    """The declared ports, each with the hosts that declare it."""
    hosts: dict[Known, list[str]] = {}
    for name, ports in known.items():
        for one in ports:
            hosts.setdefault(one, []).append(name)
    return [
        {"transport": one.transport, "port": span_text(one.port), "process": one.process, "hosts": names}
        for one, names in hosts.items()
    ]


def _flow(catalog: Catalog, name: str) -> dict[str, Any]:
    flow = catalog.flows[name]
    return {
        "source": flow.source,
        "destination": flow.destination,
        "transport": flow.transport,
        "port": span_text(flow.port),
        "application": flow.application,
        "purpose": flow.purpose,
        "reading": flow.reading,
        "documents": [asdict(place) for place in flow.documents],
    }
