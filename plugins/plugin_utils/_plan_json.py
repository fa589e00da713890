# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a plan as JSON, exact: what the other forms shorten for people stands here whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _site_plan
from ansible_collections.printnet.ports.plugins.plugin_utils._findings import Finding
from ansible_collections.printnet.ports.plugins.plugin_utils._flow_rows import End, Row
from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Want
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_file import Change
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan

FORMAT = 1


class _Lists:
    """Lists that many entries share: each stands in the table once, and entries have its number, from 0."""

    def __init__(self) -> None:
        self.table: list[tuple[str, ...]] = []
        self._numbers: dict[tuple[str, ...], int] = {}
        self._same: dict[int, int] = {}

    def number(self, items: tuple[str, ...]) -> int:
        # Looked up by identity first: the same thousands of networks are met again and again.
        found = self._same.get(id(items))
        if found is None:
            found = self._numbers.setdefault(items, len(self.table))
            if found == len(self.table):
                self.table.append(items)
                self._same[id(items)] = found
        return found


def dump(plan: SitePlan, rows: Iterable[Row], found: Iterable[Finding], changes: Sequence[Change] | None = None) -> str:
    """The text. ``docs/plan.md`` says what each key holds."""
    networks, names = _Lists(), _Lists()
    members = plan.members
    hosts = {}
    for name, host in plan.hosts.items():
        at = members[host.components[0]][name]
        hosts[name] = {
            "components": host.components,
            "addresses": at.networks,
            "origin": at.origin,
            "before_nat": [{"seen_as": seen, "address": own} for seen, own in at.behind],
            "rules": [_rule(share.component, want, networks) for share in host.shares for want in share.wants],
        }
    flows = [_row(row, networks, names) for row in rows]
    return (
        json.dumps(
            {
                "format": FORMAT,
                "digest": _site_plan.digest(plan.hosts.values()),
                "hosts": hosts,
                "flows": flows,
                "findings": [asdict(one) for one in found],
                "changes": None
                if changes is None
                else [{key: getattr(one, key) for key in Change.__slots__} for one in changes],
                "networks": networks.table,
                "names": names.table,
            },
            indent=1,
        )
        + "\n"
    )


def _rule(component: str, want: Want, networks: _Lists) -> dict[str, Any]:
    return {
        "component": component,
        "direction": want.direction,
        "flow": want.flow.id,
        "transport": want.flow.transport,
        "port": span_text(want.port),
        "source_port": _span(want.source_port),
        "networks": networks.number(want.peers),
    }


def _row(row: Row, networks: _Lists, names: _Lists) -> dict[str, Any]:
    flow = row.flow
    return {
        "flow": flow.id,
        "source": _end(row.source, networks, names),
        "destination": _end(row.destination, networks, names),
        "transport": flow.transport,
        "port": span_text(row.port),
        "source_port": _span(row.source_port),
        "application": flow.application,
        "purpose": flow.purpose,
        "reading": flow.reading,
        "documents": [asdict(place) for place in flow.documents],
        "way": row.via,
        "opened_by": ["destination" if direction == "in" else "source" for direction in row.opened],
        "leaves_network": row.leaves_network,
    }


def _end(end: End, networks: _Lists, names: _Lists) -> dict[str, Any]:
    return {
        "component": end.component,
        "resident": end.resident,
        "networks": networks.number(end.networks),
        "before_nat": networks.number(end.own) if end.own else None,
        "hosts": names.number(end.hosts),
        "sites": end.sites,
    }


def _span(span: PortSpan | None) -> str | None:
    return span_text(span) if span else None
