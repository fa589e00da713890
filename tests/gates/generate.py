# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what is made from the catalog: its compiled form and the page docs/flows.md.

With --check it writes nothing and fails, naming the file, when one of them is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog, _catalog_text, _choices
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Flow, Option

ROOT = Path(__file__).resolve().parents[2]
INTRODUCTION = """<!--
Copyright (c) printnet.ports contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
<!-- Made from the catalog by `make generate`. Change the catalog, not this page. -->

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

A flow that is on by default changes in a major release only, and the changelog then names old and new port.
"""


def page(catalog: Catalog) -> str:
    """The page as Markdown."""
    parts = [INTRODUCTION]
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


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(header)]
    lines.append(["---"] * len(lines[0]))
    lines += [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


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
                _port(flow),
                flow.application,
                flow.purpose + (f". *{flow.note}*" if flow.note else ""),
                _on(catalog, flow),
                flow.reading,
                f"`{flow.id}`",
            )
        )
    return _table(header, sorted(rows, key=lambda row: int(row[0].split(",")[0].split("-")[0])))


def _port(flow: Flow) -> str:
    port = f"{flow.transport}/{span_text(flow.port)}"
    if flow.source_port:
        port += f" from {span_text(flow.source_port)}"
    return f"{port}, user-defined" if flow.user_defined else port


def _on(catalog: Catalog, flow: Flow) -> str:
    state = _choices.state(catalog, flow, _choices.Settings(), {})
    if state.enabled:
        return "**on**"
    way = state.reason.partition("; ")[2].removesuffix(" switches it on")
    return f"off; `{way}`"


def _companions(catalog: Catalog) -> str:
    rows = [
        (flow.source, flow.destination, _port(flow), flow.application, flow.purpose, flow.note, _on(catalog, flow))
        for flow in catalog.flows_by("reading", "companion")
    ]
    return _table(("from", "to", "port", "protocol", "what for", "why one might want it", "switch"), rows)


def _components(catalog: Catalog) -> str:
    rows = []
    for component in catalog.components.values():
        remarks = [
            f"a kind of {component.kind_of}" if component.kind_of else "",
            f"has the addresses of {component.lives_on} unless it has its own" if component.lives_on else "",
            component.note,
        ]
        rows.append((f"`{component.name}`", component.title, component.presence, "; ".join(filter(None, remarks))))
    return _table(("component", "is", "presence", "remarks"), rows)


def _options(catalog: Catalog) -> str:
    return _table(
        ("option", "of", "takes", "default", "what it chooses"),
        (
            (f"`{option.name}`", option.component, _takes(option), f"`{_shown(option.default)}`", option.purpose)
            for option in catalog.options.values()
        ),
    )


def _takes(option: Option) -> str:
    values = ", ".join(f"`{value}`" for value in option.values)
    return {"bool": "`true`, `false`", "port": "a port", "str": values, "list": f"a list of {values}"}[option.type]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def _features(catalog: Catalog) -> str:
    rows = (
        (f"`{feature.name}`", "on" if feature.default else "off", feature.purpose)
        for feature in catalog.features.values()
    )
    return _table(("feature", "default", "what it switches"), rows)


def main(arguments: list[str]) -> int:
    """Write the files, or check them; the exit status is 1 when one is stale."""
    files = _catalog.shipped_files()
    made = {
        _catalog.COMPILED: _catalog_text.compile_files(files),
        ROOT / "docs" / "flows.md": page(_catalog.read_files(files)),
    }
    stale = [path for path, content in made.items() if not path.exists() or path.read_text("utf-8") != content]
    for path in stale:
        name = path.relative_to(path.parents[1])
        if "--check" in arguments:
            print(f"{name} is stale: run make generate")
        else:
            path.write_text(made[path], "utf-8")
            print(f"wrote {name}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
