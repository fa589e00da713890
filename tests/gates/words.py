# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the pages say a flow, an option and a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _choices
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Flow, Option

NOTICE = """<!--
Copyright (c) printnet.ports contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
"""


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows as a table of Markdown."""
    lines = [list(header)]
    lines.append(["---"] * len(lines[0]))
    lines += [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def port_of(flow: Flow) -> str:
    port = f"{flow.transport}/{span_text(flow.port)}"
    if flow.source_port:
        port += f" from {span_text(flow.source_port)}"
    return f"{port}, user-defined" if flow.user_defined else port


def way_on(catalog: Catalog, flow: Flow) -> str:
    state = _choices.state(catalog, flow, _choices.Settings(), {})
    if state.enabled:
        return "**on**"
    way = state.reason.partition("; ")[2].removesuffix(" switches it on")
    return f"off; `{way}`"


def takes(option: Option) -> str:
    values = ", ".join(f"`{value}`" for value in option.values)
    plain = {"bool": "`true`, `false`", "port": "a port", "addresses": "a list of addresses", "str": values}
    return plain.get(option.type, f"a list of {values}")


def shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
