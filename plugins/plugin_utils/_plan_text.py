# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a plan as text for a terminal: flow by flow, host by host, and what a network team has to let through."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.printnet.ports.plugins.module_utils._rules import join, span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _site_plan
from ansible_collections.printnet.ports.plugins.plugin_utils._areas import Areas
from ansible_collections.printnet.ports.plugins.plugin_utils._change_request import ADD, Line
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import listed
from ansible_collections.printnet.ports.plugins.plugin_utils._findings import WARNING, Finding
from ansible_collections.printnet.ports.plugins.plugin_utils._flow_rows import CHECKS, DIRECT, End, Row, line_of
from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Want
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_file import Change
from ansible_collections.printnet.ports.plugins.plugin_utils._render import plain
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import HostPlan, SitePlan
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host

_EXACT, _MOST = 6, 12
"""So many networks and sites are shown one by one, and so many groups of networks."""
_NARROWEST = 40


@dataclass(frozen=True, slots=True)
class Page:
    """Writes lines of at most ``width`` columns; words that are longer stay whole."""

    areas: Areas
    width: int

    def wrapped(self, text: str, first: str = "", indent: int = 0) -> list[str]:
        """One paragraph, behind ``first`` in its first line and ``indent`` columns in the others."""
        return textwrap.wrap(
            plain(text),
            max(self.width, _NARROWEST),
            initial_indent=first.ljust(indent),
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [first.rstrip()]

    def end(self, word: str, end: End) -> list[str]:
        """One end's networks, its sites, and what its addresses are before a translation."""
        sites = f"{listed(end.sites, _EXACT)}: " if end.sites else ""
        before = f" (before NAT {self.networks(end.own)})" if end.own else ""
        return self.wrapped(f"{sites}{self.networks(end.networks)}{before}", f"  {word}", 8)

    def networks(self, networks: Sequence[str]) -> str:
        return self.areas.listed(networks, _EXACT, _MOST)


def blocks(some: Iterable[Line], page: Page) -> Iterator[str]:
    """The lines by their two ends; with a sign where they come or go."""
    by_ends: dict[tuple[End, End, str], list[Line]] = {}
    for line in some:
        by_ends.setdefault((line.source, line.destination, line.via), []).append(line)
    for (source, destination, via), lines in by_ends.items():
        way = "" if via == DIRECT else f" ({via})"
        yield plain(f"{source.component} -> {destination.component}{way}")
        yield from page.end("from", source)
        yield from page.end("to", destination)
        ports = [f"  {_sign(line)}{line.transport}/{line.port}{_source_port(line.source_port)}" for line in lines]
        indent = max(map(len, ports)) + 2
        # A port that is checked for several flows is checked once.
        for port, why in dict.fromkeys(zip(ports, map(_why, lines), strict=True)):
            yield from page.wrapped(why, port, indent)
        yield ""


def _sign(line: Line) -> str:
    return {"": "", ADD: "+ "}.get(line.change, "- ")


def _source_port(port: str) -> str:
    return f" from port {port}" if port else ""


def _why(line: Line) -> str:
    if line.via == CHECKS:
        return "whether the port answers"
    told = [f"{flow.application}: {flow.purpose} ({line_of(flow)})" for flow in line.flows]
    return "; ".join(told) or f"{line.unknown}, which the catalog does not have any more"


def hosts(plan: SitePlan, page: Page, only: str | None = None) -> Iterator[str]:
    """What each host receives and sends."""
    members = plan.members
    for name, host in plan.hosts.items():
        if only in (None, name):
            at = members[host.components[0]][name]
            yield from page.wrapped(", ".join(host.components), f"{plain(name)}: ", 2)
            yield from page.wrapped(_addresses_of(at, page), "  at", 12)
            yield from _rules(plan, host, "in", page)
            yield from _rules(plan, host, "out", page)
            yield ""


def _addresses_of(host: Host, page: Page) -> str:
    own = [own for _seen, own in host.behind]
    return page.networks(host.networks) + (f" (before NAT {page.networks(own)})" if own else "")


def _rules(plan: SitePlan, host: HostPlan, direction: str, page: Page) -> Iterator[str]:
    groups: dict[tuple[str, tuple[str, ...], PortSpan | None], list[Want]] = {}
    for share in host.shares:
        for want in share.wants:
            if want.direction == direction:
                there = _other_end(plan, share.component, want)
                groups.setdefault((there, want.peers, want.source_port), []).append(want)
    word, preposition = ("  receives", "from") if direction == "in" else ("  sends", "to")
    for (there, peers, source_port), wants in groups.items():
        source = f" from port {span_text(source_port)}" if source_port else ""
        yield from page.wrapped(f"{_ports(wants)}{source} {preposition} {there}: {page.networks(peers)}", word, 12)
        word = ""


def _other_end(plan: SitePlan, component: str, want: Want) -> str:
    """Who is at the other end: where a load balancer stands in between, it is said."""
    estate, name = plan.estate, want.other
    known = estate.topology.sources(estate.catalog, name)
    if known and not any(name in estate.catalog.kinds(party.component) for party in known):
        name = known[0].component  # what it lives on
    service = estate.topology.services.get(component) if want.direction == "in" else None
    if service is None or not service.balancers or not service.carries(want.flow, want.other == component):
        return name
    return f"the load balancer of {component}" if service.translated else f"{name} and the load balancer"


def _ports(wants: Iterable[Want]) -> str:
    by_transport: dict[str, list[PortSpan]] = {}
    for want in wants:
        by_transport.setdefault(want.flow.transport, []).append(want.port)
    return " ".join(
        f"{transport}/{','.join(span_text(span) for span in join(spans))}" for transport, spans in by_transport.items()
    )


def changes_of_hosts(changes: Iterable[Change], page: Page) -> Iterator[str]:
    """What comes and goes, host by host."""
    name = None
    for change in changes:
        if change.host != name:
            if name is not None:
                yield ""
            name = change.host
            yield plain(name)
        preposition = "from" if change.direction == "in" else "to"
        for sign, networks in (("+", change.came), ("-", change.went)):
            if networks:
                text = f"{change.transport}/{change.port}{_source_port(change.source_port)} {preposition} "
                yield from page.wrapped(f"{text}{page.networks(networks)} ({change.flow})", f"  {sign}", 4)
    if name is not None:
        yield ""


def summary(plan: SitePlan, rows: Sequence[Row], found: Sequence[Finding], page: Page) -> list[str]:
    """The counts, and the plan's name."""
    warnings = sum(one.severity == WARNING for one in found)
    leaving = sum(row.leaves_network for row in rows)
    components = {name for host in plan.hosts.values() for name in host.components}
    text = (
        f"{_count(len(plan.hosts), 'host')} of {_count(len(components), 'component')}; "
        f"{_count(len({row.flow.id for row in rows}), 'flow')} on ({_count(len(rows), 'row')}, {leaving} of them "
        f"between networks); {_count(warnings, 'warning')}, {_count(len(found) - warnings, 'note')}."
    )
    return [*page.wrapped(text), f"Digest {_site_plan.digest(plan.hosts.values())}", ""]


def told(found: Iterable[Finding], page: Page) -> Iterator[str]:
    """The findings, each with what to do."""
    for one in found:
        yield from page.wrapped(one.text, "Warning: " if one.severity == WARNING else "Note: ", 4)
        for advice in one.advice.splitlines():
            # Lines to copy keep their indentation.
            margin = 4 + len(advice) - len(advice.lstrip())
            yield from page.wrapped(advice, indent=margin)
        yield ""


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
