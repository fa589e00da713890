# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a plan as a picture in the language of Mermaid: a box a component, whatever number of hosts it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.printnet.ports.plugins.module_utils._rules import join, peer_text, span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _flow_rows
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import listed
from ansible_collections.printnet.ports.plugins.plugin_utils._flow_rows import Row
from ansible_collections.printnet.ports.plugins.plugin_utils._render import label
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan

_GROUPS = ("clients", "servers", "devices", "outside")
_Arrow = tuple[str, str]
_SERVICE = "service of "


def mermaid(plan: SitePlan, rows: Iterable[Row]) -> str:
    """A flow chart: boxes in groups, and an arrow a pair of them with its applications and ports."""
    arrows: dict[_Arrow, dict[str, dict[str, list[PortSpan]]]] = {}
    for row in rows:
        for arrow, application in _arrows(row):
            by_transport = arrows.setdefault(arrow, {}).setdefault(application, {})
            by_transport.setdefault(row.flow.transport, []).append(row.port)
    names = dict.fromkeys(name for arrow in arrows for name in arrow)
    boxes = {name: f"c{number}" for number, name in enumerate(names)}
    lines = ["flowchart LR"]
    for group in _GROUPS:
        inside = [name for name in boxes if _group(plan, name) == group]
        if inside:
            lines.append(f'    subgraph {group}["{group}"]')
            lines += [f'        {boxes[name]}["{_box(plan, name)}"]' for name in inside]
            lines.append("    end")
    for (source, destination), applications in arrows.items():
        text = "<br>".join(label(f"{name} {_ports(ports)}".strip()) for name, ports in applications.items())
        lines.append(f'    {boxes[source]} -->|"{text}"| {boxes[destination]}')
    return "\n".join(lines) + "\n"


def _arrows(row: Row) -> Iterator[tuple[_Arrow, str]]:
    """A service's address is a box of its own; behind it, only the ports are told once more."""
    source, destination = row.source.component, row.destination.component
    if row.via == _flow_rows.DIRECT:
        yield (source, destination), row.flow.application
        return
    service = _SERVICE + destination
    if row.via in (_flow_rows.TO_SERVICE, _flow_rows.TO_CLUSTER):
        yield (source, service), row.flow.application
    if row.via != _flow_rows.TO_SERVICE:
        yield (service, destination), ""


def _ports(by_transport: dict[str, list[PortSpan]]) -> str:
    return ", ".join(
        f"{transport}/{span_text(span)}" for transport, spans in sorted(by_transport.items()) for span in join(spans)
    )


def _group(plan: SitePlan, name: str) -> str:
    catalog = plan.estate.catalog
    component = catalog.components.get(name.removeprefix(_SERVICE))
    if component is None:
        return "outside"
    here = catalog.here(component.name)
    if "printer" in here:
        return "devices"
    if "workstation" in here:
        return "clients"
    return "servers" if component.role else "outside"


def _box(plan: SitePlan, name: str) -> str:
    """What the box says: the component, and how many hosts and networks it has; a service's addresses."""
    topology = plan.estate.topology
    service = topology.services.get(name.removeprefix(_SERVICE)) if name.startswith(_SERVICE) else None
    if service is not None:
        return f"{label(name)}<br>{label(listed([peer_text(address) for address in service.address], 4))}"
    party = topology.parties.get(name)
    if party is None:
        return label(name)
    told = [_count(len(party.hosts), "host"), _count(len(party.networks), "network")]
    told = ["everybody"] if party.everybody else [one for one in told if one]
    return "<br>".join(label(text) for text in (name, ", ".join(told)) if text)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}" if number else ""
