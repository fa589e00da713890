# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: rows in the form that a firewall change request wants: a line a rule, and what comes and goes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _render, _row_changes
from ansible_collections.printnet.ports.plugins.plugin_utils._areas import Areas
from ansible_collections.printnet.ports.plugins.plugin_utils._flow_rows import (
    CHECKS,
    DIRECT,
    End,
    Row,
    leaves_network,
    line_of,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Flow
from ansible_collections.printnet.ports.plugins.plugin_utils._row_changes import Asked, Ends, Rows
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan

COLUMNS = (
    "change", "source", "source_networks", "source_before_nat", "source_sites",
    "destination", "destination_networks", "destination_before_nat", "destination_sites",
    "transport", "port", "source_port", "application", "purpose", "document", "flow", "way", "leaves_network",
)  # fmt: skip
ADD, REMOVE = "add", "remove"
_EXACT, _MOST = 20, 480
"""A cell has so many networks one by one, and so many groups of them: of IPv6 a spreadsheet's cell holds no more."""
_SITES = 100
"""So many names of sites are in one cell."""


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


def compared(plan: SitePlan, before: Rows, after: Rows) -> list[Line]:
    """What comes and goes since an earlier plan, in the catalog's order of flows."""
    estate = _Estate(plan)
    found: list[Line] = []
    for asked in sorted(dict.fromkeys((*after, *before)), key=estate.place):
        old, new = before.get(asked, ()), after.get(asked, ())
        for change, some in ((ADD, _row_changes.came(old, new)), (REMOVE, _row_changes.went(old, new))):
            found += [estate.line(asked, change, ends) for ends in some]
    return found


class _Estate:
    """What is known of flows and networks today."""

    def __init__(self, plan: SitePlan) -> None:
        self._flows = plan.estate.catalog.flows
        self._order = {flow: number for number, flow in enumerate(self._flows)}
        self._areas = Areas(plan.networks.sites)

    def place(self, asked: Asked) -> int:
        """Where it stands; what the catalog does not know any more comes last."""
        return self._order.get(asked.flow, len(self._order))

    def line(self, asked: Asked, change: str, ends: Ends) -> Line:
        source, destination = (
            End(component, end.seen, end.own, sites=self._areas.sites_of(end.seen))
            for component, end in zip((asked.source, asked.destination), ends, strict=True)
        )
        flow = self._flows.get(asked.flow)
        return Line(
            source,
            destination,
            asked.transport,
            asked.port,
            asked.source_port,
            (flow,) if flow else (),
            asked.via,
            leaves_network(source, destination, self._areas),
            change,
            "" if flow else asked.flow,
        )


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
        cells[f"{name}_sites"] = _sites(end.sites)
    return cells


def _sites(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SITES} more" if len(names) > _SITES else ""
    return "; ".join(names[:_SITES]) + more
