# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what is open on a host that the plan does not explain, and hosts without a firewall. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from ansible_collections.printnet.ports.plugins.module_utils import _rules, _standing
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule, peer_text, span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _access, _plan, _reasons
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Listener, Other, Seen
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Place
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import HostPlan
from ansible_collections.printnet.ports.plugins.plugin_utils._verdict import NOBODY, Verdict

_EPHEMERAL = 32768
"""From here on a UDP socket without a peer is more often a client's than a service's."""
_NARROW = 8
_PUBLISHERS = ("docker-proxy", "conmon")
"""Who listens at the ports that containers publish: Docker, and Podman as root. Without root Podman listens itself."""


@dataclass(frozen=True, slots=True)
class Known:
    """A port that somebody declared to be open, with or without the process that listens."""

    transport: str
    port: PortSpan
    process: str = ""


@dataclass(frozen=True)
class Exposed:
    """One host, what it was to let in, and what else is known to be open there.

    ``absent`` are components whose rules are to go, ``residents`` those whose own playbooks look after theirs.
    """

    plan: HostPlan
    seen: Seen
    rules: _access.Rules
    catalog: Catalog
    address: str
    known: tuple[Known, ...] = ()
    absent: tuple[str, ...] = ()
    residents: tuple[str, ...] = ()

    @cached_property
    def place(self) -> Place:
        return Place(self.plan.components[0] if self.plan.components else "", self.plan.name, (self.address,))

    @cached_property
    def wanted(self) -> tuple[Rule, ...]:
        """What the plan lets in and out, without its flows."""
        return tuple(_rules.parse(rule) for one in _plan.rules(self.plan.shares) for rule in one["rules"])

    @cached_property
    def flows(self) -> Mapping[tuple[str, str, PortSpan], tuple[str, tuple[str, ...]]]:
        """The planned flow and its peers by direction, transport and port."""
        found: dict[tuple[str, str, PortSpan], tuple[str, tuple[str, ...]]] = {}
        for share in self.plan.shares:
            for want in share.wants:
                found.setdefault((want.direction, want.flow.transport, want.port), (want.flow.id, want.peers))
        return found

    @cached_property
    def answers(self) -> frozenset[tuple[str, str, PortSpan]]:
        """Flows from one source port: what they let in answers somebody."""
        wants = (want for share in self.plan.shares for want in share.wants if want.source_port is not None)
        return frozenset((want.direction, want.flow.transport, want.port) for want in wants)

    def planned(self, direction: str, transport: str, port: PortSpan) -> tuple[str, ...]:
        """The peers that the plan lets through at the port, whichever flows they are for.

        What is let through from one source port only answers somebody: it is no service at all those ports.
        """
        rules = [
            rule
            for rule in self.wanted
            if (rule.direction, rule.transport) == (direction, transport)
            and not rule.source_ports
            and _overlaps(rule.ports, port)
        ]
        return _rules.fewest(frozenset(peer for rule in rules for peer in rule.peers))

    def named(self, direction: str, rule: Rule) -> str:
        """The planned flow whose port the rule touches; empty where there is none."""
        for (way, transport, port), (flow, _peers) in self.flows.items():
            if (way, transport) == (direction, rule.transport) and _overlaps(rule.ports, port):
                return flow
        return ""


def verdicts(host: Exposed) -> list[Verdict]:
    """What is to be said of the host itself, each thing once."""
    found: dict[str, Verdict] = {}
    for one in _all(host):
        found.setdefault(one.id, one)
    return list(found.values())


def _all(host: Exposed) -> Iterator[Verdict]:
    seen = host.seen
    if not seen.looked_at:
        yield _of_host(host, "UNREACHABLE", [f"{seen.host} was not looked at: {seen.why}"])
        return
    if len(seen.firewalls) > 1:
        told = f"{' and '.join(seen.firewalls)} are active at once, so nobody can say what is let in."
        yield _of_host(host, "NOT_TESTED", [told], what="rules")
    elif not seen.rules_seen:
        yield _of_host(
            host, "NOT_TESTED", [f"The rules of {seen.host} could not be seen: {seen.rules_why}"], what="rules"
        )
    elif not seen.filters:
        notes = [f"No firewall is active on {seen.host}.", *seen.notes]
        # A host that has none is somebody's choice; one whose firewall does not run is an accident.
        grade = "" if seen.meant else _reasons.WARNING
        yield _verdict(host, "FIREWALL_OFF", _NOTHING, dict.fromkeys(notes), "", severity=grade)
    if seen.rules_seen and seen.filters:
        yield from _ours_too_wide(host)
        yield from _others_too_wide(host)
        yield from _published_too_wide(host)
    if seen.rules_seen:
        yield from _undeclared(host)


_NOTHING = ("", "", "")


def _of_host(host: Exposed, code: str, evidence: Iterable[str], what: str = "") -> Verdict:
    return _verdict(host, code, _NOTHING, evidence, what)


def _verdict(
    host: Exposed, code: str, about: tuple[str, str, str], evidence: Iterable[str], what: str, *, severity: str = ""
) -> Verdict:
    """``about`` is a flow, a transport and a port; ``what`` tells apart what is said of the same."""
    flow, transport, port = about
    told = (host.plan.name, code, *about, what)
    return Verdict(
        id=hashlib.sha256("\0".join(told).encode()).hexdigest()[:16],
        code=code,
        flow=flow,
        source=NOBODY,
        destination=host.place,
        address=peer_text(host.address),
        transport=transport,
        port=port,
        evidence=tuple(evidence),
        severity=severity,
        end=host.plan.name,
    )


def _ours_too_wide(host: Exposed) -> Iterator[Verdict]:
    """Rules of ours that let through what no plan asks for."""
    for name, owner in host.seen.owners.items():
        component = name.removeprefix(_standing.OWNER)
        if component not in host.catalog.components:
            continue  # made by hand with the module firewall: whoever made them asked for them
        rules = list(dict.fromkeys((*owner.live, *owner.saved)))
        if component not in host.plan.components:
            lines = [*(rule.as_text() for rule in rules[:5]), *owner.odd[:5]]
            if lines and component not in host.residents:
                yield _verdict(host, "SCOPE_TOO_WIDE", _NOTHING, _unasked(host, component, lines), name)
            continue
        for rule in rules:
            for left in _beyond(rule, host.wanted):
                told = f"The rules of {name} on {host.seen.host} let {left.as_text()} through, which the plan does not."
                flow = host.named(rule.direction, left)
                for span in left.ports:
                    what = f"{name} {rule.direction} {left.peers}"
                    yield _verdict(host, "SCOPE_TOO_WIDE", (flow, rule.transport, span_text(span)), [told], what)
        # What is odd otherwise, such as a jump that is missing, makes the rules narrower: then flows fail, and say so.
        for odd in (odd for odd in owner.odd if "accept" in odd.lower()):
            told = f"Among the rules of {name} on {host.seen.host} is one that is not understood: {odd}"
            yield _verdict(host, "SCOPE_TOO_WIDE", _NOTHING, [told], f"{name} odd {odd}")


def _beyond(rule: Rule, wanted: Iterable[Rule]) -> Iterator[Rule]:
    """What a rule lets through that no wanted one does from its source ports."""
    spans = rule.source_ports
    from_there = [one._replace(source_ports=()) for one in wanted if not one.source_ports or _holds(one, spans)]
    for left in _rules.beyond(rule._replace(source_ports=()), from_there):
        yield left._replace(source_ports=spans)


def _holds(rule: Rule, spans: tuple[PortSpan, ...]) -> bool:
    """Whether the rule is for all of these source ports, of which there are some."""
    return bool(spans) and all(
        any(first <= begin and end <= last for first, last in rule.source_ports) for begin, end in spans
    )


def _unasked(host: Exposed, component: str, lines: Iterable[str]) -> list[str]:
    """Why the rules of a component that is not planned are too much, and what takes them away."""
    why, playbook = f"no group makes it a host of {component}", "remove"
    if component in host.absent:
        why, playbook = "its variables say that they are absent", "site"
    return [
        f"{host.seen.host} has rules of {_standing.OWNER}{component}, and {why}: {'; '.join(lines)}.",
        f"The playbook printnet.ports.{playbook} removes them.",
    ]


def _others_too_wide(host: Exposed) -> Iterator[Verdict]:
    """Rules of others that open the port of a planned flow to more than the plan."""
    for (direction, transport, port), (flow, _peers) in host.flows.items():
        is_service = direction == "in" and (direction, transport, port) not in host.answers
        planned = host.planned(direction, transport, port) if is_service else ()
        told = []
        for other in _openers(host, transport, port) if planned else ():
            more = _rules.fewest(_rules.without(other.rule.peers, planned))
            if more:
                whom = "anybody" if other.rule.peers == EVERYBODY else _few(more)
                ports = ",".join(map(span_text, _rules.common(other.rule.ports, (port,))))
                told.append(
                    f"{other.where} opens {transport} {ports} to {whom}{_as_far(other)}, and the plan to "
                    f"{_few(planned)}."
                )
        if told:
            yield _verdict(host, "SCOPE_TOO_WIDE", (flow, transport, span_text(port)), told, "others")


def _openers(host: Exposed, transport: str, port: PortSpan) -> Iterator[Other]:
    """Rules of others that open some of the ports, and are not about whole hosts."""
    for one in (one for one in host.seen.others if one.opens):
        rule = one.rule
        is_here = (rule.direction, rule.transport) == ("in", transport) and _overlaps(rule.ports, port)
        if is_here and not rule.source_ports and not _access.is_wide(rule):
            yield one


def _as_far(other: Other) -> str:
    return f" as far as it {other.only}" if other.only else ""


def _published_too_wide(host: Exposed) -> Iterator[Verdict]:
    """Planned ports that a container publishes: no rule for the host itself keeps anybody out there."""
    ports = {(one.transport, one.port): one for one in host.seen.listeners if _is_published(one)}
    for (transport, port), one in ports.items():
        planned = host.planned("in", transport, (port, port))
        if planned in ((), EVERYBODY) or _declared(one, host.known):
            continue
        told = (
            f"On {host.seen.host} {one.process} publishes {transport} {port} of a container. {_FORWARDED} Anybody may "
            f"reach it as far as they say, and the plan opens it to {_few(planned)}."
        )
        flow = next((name for key, (name, _peers) in host.flows.items() if _is_at(key, transport, port)), "")
        # Rules for what is forwarded may keep others out: they are not looked at.
        made = _verdict(
            host, "SCOPE_TOO_WIDE", (flow, transport, str(port)), [told], "published", severity=_reasons.WARNING
        )
        advice = f"Keep others out by rules for what {host.seen.host} forwards (with Docker in the chain DOCKER-USER)"
        yield replace(made, advice=f"{advice}, and accept the finding in printnet_accepted where they do.")


_FORWARDED = "What comes for it is forwarded, so rules for the host itself do not hold there."


def _is_at(key: tuple[str, str, PortSpan], transport: str, port: int) -> bool:
    return key[:2] == ("in", transport) and key[2][0] <= port <= key[2][1]


def _is_published(one: Listener) -> bool:
    return one.process in _PUBLISHERS and not one.is_loopback


def _few(networks: Iterable[str]) -> str:
    texts = [peer_text(one) for one in networks]
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "") or "nobody"


def _undeclared(host: Exposed) -> Iterator[Verdict]:
    """Ports with a listener that others reach, and that neither plan nor user knows of."""
    ports: dict[tuple[str, int], list[Listener]] = {}
    for one in host.seen.listeners:
        if not one.is_loopback and (one.transport == "tcp" or one.port < _EPHEMERAL):
            ports.setdefault((one.transport, one.port), []).append(one)
    known = _catalog_ports(host.catalog)
    for (transport, port), waiting in ports.items():
        span = (port, port)
        if host.planned("in", transport, span) or all(_declared(one, host.known) for one in waiting):
            continue
        access = host.rules.at("in", transport, span)
        published = any(map(_is_published, waiting))
        shut = not access.reach.networks and not published
        if host.seen.filters and (shut or _by_hand(host, transport, port)):
            continue
        by_rules = host.seen.filters and not published and access.reach.networks != EVERYBODY
        whom = _few(access.reach.networks) if by_rules else "anybody"
        narrow = not access.now.networks and not published and access.open
        whom += _as_far(access.open[0]) if narrow else ""
        who = " and ".join(dict.fromkeys(one.who for one in waiting))
        told = [f"On {host.seen.host} {who} listens on {transport} {port}, open to {whom}."]
        told += [_FORWARDED] if published and host.seen.filters else []
        told += [f"{other.where} opens it{_as_far(other)}." for other in access.open[:3]]
        print_port = (transport, port) in known
        severity = "" if print_port else _reasons.INFORMATION
        # Who comes by an interface may be a guest of this host, as with the bridges of libvirt and Docker.
        if print_port and host.seen.filters and not access.now.networks:
            severity = _reasons.WARNING  # rules for what is forwarded may keep others out
        if print_port:
            flows = ", ".join(known[transport, port][:3])
            told.append(f"Print products use the port ({flows}), and the plan has none of them here.")
        yield _verdict(host, "UNDECLARED_OPEN", ("", transport, str(port)), told, "", severity=severity)


def _by_hand(host: Exposed, transport: str, port: int) -> bool:
    """Whether rules by hand, which somebody asked for, are what opens it."""
    owners = [
        owner
        for name, owner in host.seen.owners.items()
        if name.removeprefix(_standing.OWNER) not in host.catalog.components
    ]
    return any(
        rule.transport == transport and rule.direction == "in" and _overlaps(rule.ports, (port, port))
        for owner in owners
        for rule in owner.live
    )


def _declared(one: Listener, known: Collection[Known]) -> bool:
    return any(
        entry.transport == one.transport
        and entry.port[0] <= one.port <= entry.port[1]
        and (entry.process in ("", one.process, one.unit) or one.is_kept)
        for entry in known
    )


def _catalog_ports(catalog: Catalog) -> dict[tuple[str, int], list[str]]:
    """The flows by each port that print products use."""
    found: dict[tuple[str, int], list[str]] = {}
    for flow in catalog.flows.values():
        if flow.port[1] - flow.port[0] < _NARROW:
            for port in range(flow.port[0], flow.port[1] + 1):
                found.setdefault((flow.transport, port), []).append(flow.id)
    return found


def _overlaps(ports: Iterable[PortSpan], span: PortSpan) -> bool:
    return any(first <= span[1] and span[0] <= last for first, last in ports)


def suggestions(found: Iterable[Verdict]) -> list[str]:
    """Lines of ``printnet_known_open`` for the open ports that the catalog does not know."""
    hosts: dict[tuple[str, str], list[str]] = {}
    for one in found:
        if one.code == "UNDECLARED_OPEN" and one.grade == _reasons.INFORMATION:
            hosts.setdefault((one.transport, one.port), []).append(one.destination.host)
    lines = []
    for (transport, port), names in sorted(hosts.items(), key=lambda item: (item[0][0], int(item[0][1]))):
        reason = f"open on {len(names)} hosts" if len(names) > 1 else "open on one host"
        lines.append(f'  - {{transport: {transport}, port: {port}, reason: "{reason}"}}')
    return ["printnet_known_open:", *lines] if lines else []
