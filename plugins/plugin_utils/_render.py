# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: flows in other forms: port lists, CSV, Mermaid. Pure text in, pure text out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import join, span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _schema
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan

COLUMNS = (
    "id", "source", "destination", "transport", "port", "source_port", "application", "purpose",
    "feature", "reading", "enabled", "documents",
)  # fmt: skip
# A spreadsheet takes a cell that begins so for a formula; a leading apostrophe makes it text.
_FORMULA = re.compile(r"^[\s\x00-\x1f]*[=+\-@|%\uFF0B\uFF0D\uFF1D\uFF20]")
# Another separator than the writer's, behind which a spreadsheet begins another cell, and what makes it a formula, also
# within quotes.
_NEXT_CELL = re.compile(r'([,;|][\s"]*)(?=[=+\-@\uFF0B\uFF0D\uFF1D\uFF20])')
# What moves a cursor, breaks a line, turns the direction of writing or can't be seen.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


def checked(flows: Any, name: str, keys: Sequence[str]) -> list[Mapping[str, Any]]:
    """The flows when they are a list of dictionaries with the keys; a PortsError names filter, entry and key."""
    if isinstance(flows, Mapping):
        flows = [flows]
    if isinstance(flows, (str, bytes)) or not isinstance(flows, Iterable):
        raise PortsError(f"{name}: {shown(flows)} must be a list of flows, as query('printnet.ports.flows') gives it")
    found = list(flows)
    faults = Faults()
    for number, flow in enumerate(found, 1):
        if not isinstance(flow, Mapping):
            faults.add(f"{name}, entry {number}", f"{shown(flow)} must be a flow, a dictionary")
            continue
        missing = [key for key in keys if key not in flow]
        if missing:
            faults.add(f"{name}, entry {number}", f"{', '.join(missing)} is missing")
    faults.stop()
    return found


def ports(flows: Any) -> list[str]:
    """``['tcp/515', 'tcp/5500-5501', 'udp/9187']``: each port once, sorted by transport and number."""
    by_transport: dict[str, list[PortSpan]] = {}
    faults = Faults()
    for number, flow in enumerate(checked(flows, "ports", ("transport", "port")), 1):
        where = f"ports, entry {number}"
        transport = _schema.read_value(
            _schema.one_of(*_schema.TRANSPORTS), flow["transport"], f"{where}, transport", faults
        )
        span = _schema.read_value(_schema.span, flow["port"], f"{where}, port", faults)
        if span:
            by_transport.setdefault(transport, []).append(span)
    faults.stop()
    return [
        f"{transport}/{span_text(span)}" for transport in sorted(by_transport) for span in join(by_transport[transport])
    ]


def plain(text: Any) -> str:
    """Text on one line, without anything that a terminal would obey."""
    return _CONTROL.sub(" ", str(text))


def cell(value: Any) -> str:
    """A value as one spreadsheet cell: on one line, and never a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = _NEXT_CELL.sub(r"\1'", plain(value))
    return f"'{text}" if _FORMULA.match(text) else text


def places(documents: Any) -> str:
    """``lrs, AlertX, line 83; lrs, AlertX, line 84``."""
    if not isinstance(documents, (list, tuple)):
        return str(documents or "")
    return "; ".join(
        ", ".join(
            str(part)
            for part in (
                place.get("document"),
                place.get("table"),
                f"line {place['line']}" if place.get("line") else "",
            )
            if part
        )
        for place in documents
        if isinstance(place, Mapping)
    )


def to_csv(flows: Any, columns: Sequence[str] | None = None, delimiter: Any = ",") -> str:
    """CSV with a header line and LF line ends; every cell is text to a spreadsheet."""
    if not isinstance(delimiter, str) or delimiter not in (",", ";", "\t", "|"):
        raise PortsError(f"csv, delimiter: {shown(delimiter)} must be a comma, a semicolon, a tab or a bar")
    flows = checked(flows, "csv", ("id",) if columns is None else ())
    names = _columns(columns, flows)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=str(delimiter), lineterminator="\n")
    writer.writerow([cell(name) for name in names])
    for flow in flows:
        row = {**flow, "documents": places(flow.get("documents"))}
        writer.writerow([cell(row.get(name)) for name in names])
    return out.getvalue()


def _columns(columns: Any, flows: Sequence[Mapping[str, Any]]) -> list[str]:
    if columns is None:
        return list(COLUMNS)
    if isinstance(columns, str):
        columns = columns.split(",")
    if not isinstance(columns, (list, tuple)):
        raise PortsError(f"csv, columns: {shown(columns)} must be a list of names")
    if not columns:
        raise PortsError(f"csv, columns: {shown(columns)} must name at least one column")
    names = [str(name).strip() for name in columns]
    known = {*COLUMNS, *(str(key) for flow in flows for key in flow)}
    faults = Faults()
    for name in names:
        _schema.check_known(name, known, "column", "csv, columns", faults)
    faults.stop()
    return names


def label(text: Any) -> str:
    """Text that Mermaid shows as it is: everything but plain letters becomes a character entity."""
    return re.sub(r"[^A-Za-z0-9 _./,:()-]", lambda found: f"#{ord(found[0])};", plain(text))


def mermaid(flows: Any, direction: str = "LR") -> str:
    """A Mermaid flow chart: a box a component, an arrow a pair of them with its applications and ports."""
    if direction not in ("LR", "RL", "TB", "TD", "BT"):
        raise PortsError(f"mermaid, direction: {shown(direction)} must be one of LR, RL, TB, TD, BT")
    pairs: dict[tuple[str, str], dict[str, list[Mapping[str, Any]]]] = {}
    for flow in checked(flows, "mermaid", ("source", "destination", "transport", "port")):
        key = (str(flow["source"]), str(flow["destination"]))
        pairs.setdefault(key, {}).setdefault(str(flow.get("application") or ""), []).append(flow)
    boxes = {name: f"c{number}" for number, name in enumerate(dict.fromkeys(name for pair in pairs for name in pair))}
    lines = [f"flowchart {direction}"]
    lines += [f'    {box}["{label(name)}"]' for name, box in boxes.items()]
    for (source, destination), applications in pairs.items():
        text = "<br>".join(label(f"{name} {', '.join(ports(group))}".strip()) for name, group in applications.items())
        lines.append(f'    {boxes[source]} -->|"{text}"| {boxes[destination]}')
    return "\n".join(lines) + "\n"
