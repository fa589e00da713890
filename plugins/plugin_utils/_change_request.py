# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: rows in the form that a firewall change request wants: a line a rule, and what comes and goes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _render
from ansible_collections.printnet.ports.plugins.plugin_utils._areas import Areas
from ansible_collections.printnet.ports.plugins.plugin_utils._flow_rows import CHECKS, DIRECT, End, Row, line_of
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Flow
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_file import Between, Change, Pair
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host

COLUMNS = (
    "change", "source", "source_networks", "source_before_nat", "source_sites",
    "destination", "destination_networks", "destination_before_nat", "destination_sites",
    "transport", "port", "source_port", "application", "purpose", "document", "flow", "way", "leaves_network",
)  # fmt: skip
ADD, REMOVE = "add", "remove"
_NOBODY = End("", ())
_EXACT, _MOST = 20, 900
"""A cell has so many networks one by one, and so many groups of them: more than a spreadsheet's cell can hold."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a firewall lets through, on one port, and which flows ask for it.

    ``unknown`` is the flow's name where the catalog does not know it any more. ``change`` is empty where the line is
    simply there.
    """

    source: End
    destination: End
    transport: str
    port: str
    source_port: str
    flows: tuple[Flow, ...]
    via: str = DIRECT
    leaves_network: bool = True
    change: str = ""
    unknown: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The flows' names."""
        return (*(flow.id for flow in self.flows), *([self.unknown] if self.unknown else []))


def lines(rows: Iterable[Row]) -> list[Line]:
    """A line a row."""
    return [
        Line(
            replace(row.source, resident=""),
            replace(row.destination, resident=""),
            row.flow.transport,
            span_text(row.port),
            span_text(row.source_port) if row.source_port else "",
            (row.flow,),
            row.via,
            row.leaves_network,
        )
        for row in rows
    ]


def together(some: Iterable[Line]) -> list[Line]:
    """The lines with those made one that ask a firewall for the same."""
    found: dict[Line, list[Flow]] = {}
    for line in some:
        found.setdefault(replace(line, flows=()), []).extend(line.flows)
    return [replace(line, flows=tuple(dict.fromkeys(flows))) for line, flows in found.items()]


def between(plan: SitePlan, rows: Iterable[Row]) -> Between:
    """The rows that are no rule of a host of ours: a comparison of hosts' rules says nothing of them."""
    found: dict[Pair, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for row in rows:
        ends = {"in": row.destination, "out": row.source}
        if any(plan.hosts.keys() & ends[direction].hosts for direction in row.opened):
            continue
        source_port = span_text(row.source_port) if row.source_port else ""
        ports = (row.flow.transport, span_text(row.port), source_port)
        key = (row.source.component, row.destination.component, row.flow.id, *ports, row.via)
        sources, destinations = found.get(key, ((), ()))
        found[key] = (
            _addresses.merge([*sources, *row.source.networks]),
            _addresses.merge([*destinations, *row.destination.networks]),
        )
    return found


def changed_between(plan: SitePlan, before: Between, after: Between) -> list[Line]:
    """What comes and goes of them since an earlier plan."""
    estate = _Estate(plan)
    found: list[Line] = []
    for key in sorted({*before, *after}):
        old, new = before.get(key, ((), ())), after.get(key, ((), ()))
        for what, some, others in ((ADD, new, old), (REMOVE, old, new)):
            sources, destinations = (_addresses.without(*pair) for pair in zip(some, others, strict=True))
            found += [estate.line_between(key, what, sources, some[1])] if sources else []
            same = _addresses.without(some[0], sources)
            found += [estate.line_between(key, what, same, destinations)] if same and destinations else []
    return found


def changed(plan: SitePlan, changes: Iterable[Change]) -> list[Line]:
    """What comes and goes since an earlier plan; what both ends' hosts say of the same is one line."""
    groups: dict[tuple[str, Change], list[str]] = {}
    for change in changes:
        for what, networks in ((ADD, change.came), (REMOVE, change.went)):
            if networks:
                same = replace(change, host="", came=networks, went=())
                groups.setdefault((what, same), []).append(change.host)
    estate = _Estate(plan)
    found = dict.fromkeys(estate.line(change, what, hosts) for (what, change), hosts in groups.items())
    # What the other end's hosts say of a host that is gone has its addresses.
    told = {(_nobody(line), line.destination) for line in found if line.source.networks}
    told |= {(_nobody(line), line.source) for line in found if line.destination.networks}
    return [
        line
        for line in found
        if (line.source.networks or (_nobody(line), line.destination) not in told)
        and (line.destination.networks or (_nobody(line), line.source) not in told)
    ]


def _nobody(line: Line) -> Line:
    """The line without its ends, and what follows from these."""
    return replace(line, source=_NOBODY, destination=_NOBODY, leaves_network=True)


class _Estate:
    """Where the hosts of changes are."""

    def __init__(self, plan: SitePlan) -> None:
        self._flows = plan.estate.catalog.flows
        self._areas = Areas(plan.networks.sites)
        self._hosts: dict[str, Host] = {name: host for some in plan.members.values() for name, host in some.items()}
        self._hidden = {seen: own for host in self._hosts.values() for seen, own in host.behind}

    def line(self, change: Change, what: str, names: Iterable[str]) -> Line:
        """``change.came`` has the networks of the other end."""
        flow = self._flows.get(change.flow)
        there = (flow.source if change.direction == "in" else flow.destination) if flow else ""
        here = [cidr for name in names if name in self._hosts for cidr in self._hosts[name].networks]
        # The addresses of a host that the inventory has no more are known to nobody; its name is.
        gone = [name for name in names if name not in self._hosts]
        end = self._end(change.component + (f" ({', '.join(gone)})" if gone else ""), _addresses.merge(here))
        other = self._end(there, change.came)
        source, destination = (other, end) if change.direction == "in" else (end, other)
        return Line(
            source,
            destination,
            change.transport,
            change.port,
            change.source_port,
            (flow,) if flow else (),
            leaves_network=self._areas.is_left(source.networks, destination.networks),
            change=what,
            unknown="" if flow else change.flow,
        )

    def line_between(self, key: Pair, what: str, sources: tuple[str, ...], destinations: tuple[str, ...]) -> Line:
        source, destination, flow, transport, port, source_port, via = key
        known = self._flows.get(flow)
        return Line(
            self._end(source, sources),
            self._end(destination, destinations),
            transport,
            port,
            source_port,
            (known,) if known else (),
            via,
            self._areas.is_left(sources, destinations),
            what,
            "" if known else flow,
        )

    def _end(self, component: str, networks: tuple[str, ...]) -> End:
        hidden = self._hidden if any(network in self._hidden for network in networks) else {}
        own = _addresses.merge(hidden.get(network, network) for network in networks) if hidden else ()
        return End(component, networks, own, sites=self._areas.sites_of(networks))


def to_csv(some: Iterable[Line], areas: Areas) -> str:
    """CSV with a header line and LF line ends; every cell is text to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in some:
        cells = _cells(line, areas)
        writer.writerow([_render.cell(cells[name]) for name in COLUMNS])
    return out.getvalue()


def _cells(line: Line, areas: Areas) -> Mapping[str, object]:
    cells: dict[str, object] = {
        "change": line.change,
        "transport": line.transport,
        "port": line.port,
        "source_port": line.source_port,
        "application": "; ".join(dict.fromkeys(flow.application for flow in line.flows)),
        "purpose": "The load balancer checks whether the port answers"
        if line.via == CHECKS
        else "; ".join(dict.fromkeys(flow.purpose for flow in line.flows)),
        "document": "; ".join(dict.fromkeys(map(line_of, line.flows))),
        "flow": "; ".join(line.names),
        "way": line.via,
        "leaves_network": line.leaves_network,
    }
    for name, end in (("source", line.source), ("destination", line.destination)):
        cells[name] = end.component
        cells[f"{name}_networks"] = areas.listed(end.networks, _EXACT, _MOST)
        cells[f"{name}_before_nat"] = areas.listed(end.own, _EXACT, _MOST)
        cells[f"{name}_sites"] = "; ".join(end.sites)
    return cells
