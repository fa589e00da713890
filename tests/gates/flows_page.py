# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page docs/flows.md: every flow of the catalog, with what switches it."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Flow
from ansible_collections.printnet.ports.tests.gates.words import NOTICE, markdown_table, port_of, shown, takes, way_on

INTRODUCTION = """<!-- Made from the catalog by `make generate`. Change the catalog, not this page. -->

# Every flow

Who talks to whom in a print estate, on which port, and which line of the vendor's document says so. A line is counted
from the first line of the document's text.

**On** means that the port is opened without further ado, where both ends have addresses. What is off says how to
switch it on. *Reading* says how sure the document is:

| reading | means |
| --- | --- |
| literal | as it is printed |
| repaired | a damaged letter, figure or merged cell is restored |
| derived | concluded from the wording |
| doubtful | printed, but hardly meant so; off |
| companion | in no document, though an estate may need it; off |

*From 9187* beside a port is the port that the sender uses by the document. Rules do not ask for it, since a translation
of addresses changes it; only those of companions do. `source_port` in `printnet_overrides` makes others ask for it too.
firewalld can't do that, so such a rule is refused there.

A flow that is on by default changes in a major release only, and the changelog then names old and new port.
"""


def page(catalog: Catalog) -> str:
    """The page as Markdown."""
    parts = [NOTICE + INTRODUCTION]
    for document in catalog.documents.values():
        parts.append(f"## {document.title}\n\n{_edition(document.edition, document.date, document.note)}\n")
        for table in document.tables.values():
            flows = [
                flow
                for flow in catalog.flows_by("document", document.id)
                if any(place.table == table for place in flow.documents)
            ]
            parts.append(f"### {table}\n\n{_flow_table(catalog, flows, table)}")
    parts.append(f"## Companions\n\nIn no document. All are off.\n\n{_companions(catalog)}")
    parts.append(f"## Gaps\n\nWhat no document says, though an estate may need it.\n\n{_gaps(catalog)}")
    parts.append(f"## Components\n\n{_components(catalog)}")
    parts.append(
        "## Options\n\nSet them in `group_vars` or `host_vars` of the component's hosts: both ends of a flow go by "
        f"them.\n\n{_options(catalog)}"
    )
    parts.append(
        "## Features\n\nWhat options switch. `printnet_features` sets them by name, for what no option sets.\n\n"
        f"{_features(catalog)}"
    )
    return "\n".join(parts)


def _edition(edition: str, date: str | None, note: str) -> str:
    return f"Edition {edition}{f' of {date}' if date else ''}.{f' {note}' if note else ''}"


def _flow_table(catalog: Catalog, flows: Iterable[Flow], table: str) -> str:
    header = ("line", "from", "to", "port", "protocol", "what for", "on", "reading", "flow")
    rows: list[tuple[str, ...]] = []
    for flow in flows:
        here = [place.line for place in flow.documents if place.table == table]
        rows.append(
            (
                ", ".join(here),
                flow.source,
                flow.destination,
                port_of(flow),
                flow.application,
                flow.purpose + (f". *{flow.note}*" if flow.note else ""),
                way_on(catalog, flow),
                flow.reading,
                f"`{flow.id}`",
            )
        )
    return markdown_table(header, sorted(rows, key=lambda row: int(row[0].split(",")[0].split("-")[0])))


def _companions(catalog: Catalog) -> str:
    rows = [
        (flow.source, flow.destination, port_of(flow), flow.application, flow.purpose, flow.note, way_on(catalog, flow))
        for flow in catalog.flows_by("reading", "companion")
    ]
    return markdown_table(("from", "to", "port", "protocol", "what for", "why one might want it", "switch"), rows)


def _gaps(catalog: Catalog) -> str:
    rows = ((f"`{component.name}`", gap) for component in catalog.components.values() for gap in component.gaps)
    return markdown_table(("component", "gap"), rows)


def _components(catalog: Catalog) -> str:
    rows = []
    for component in catalog.components.values():
        remarks = [
            f"a kind of {component.kind_of}" if component.kind_of else "",
            f"has the addresses of {component.lives_on} unless it has its own" if component.lives_on else "",
            component.note,
        ]
        rows.append((f"`{component.name}`", component.title, component.presence, "; ".join(filter(None, remarks))))
    return markdown_table(("component", "is", "presence", "remarks"), rows)


def _options(catalog: Catalog) -> str:
    return markdown_table(
        ("option", "of", "takes", "default", "what it chooses"),
        (
            (
                f"`{option.name}`",
                catalog.components[option.component].role,
                takes(option),
                f"`{shown(option.default)}`",
                f"{option.purpose}. {option.note}" if option.note else option.purpose,
            )
            for option in catalog.options.values()
        ),
    )


def _features(catalog: Catalog) -> str:
    rows = (
        (f"`{feature.name}`", "on" if feature.default else "off", feature.purpose)
        for feature in catalog.features.values()
    )
    return markdown_table(("feature", "default", "what it switches"), rows)
