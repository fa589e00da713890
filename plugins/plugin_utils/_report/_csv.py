# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a report as CSV, one row a flow and pair, first what a firewall change request asks for. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from ansible_collections.printnet.ports.plugins.plugin_utils import _render
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import Verdict, View

COLUMNS = (
    "source", "source_host", "source_address", "destination", "destination_host", "destination_address",
    "transport", "port", "source_port", "application", "purpose", "document",
    "code", "severity", "evidence", "remedy", "also",
    "accepted_code", "accepted_reason", "accepted_approver", "accepted_until", "flow", "id", "run",
)  # fmt: skip


def to_csv(view: View) -> str:
    """CSV with a header line and LF line ends, the worst rows first; every cell is text to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    places = {name: view.places(flow) for name, flow in view.raw["flows"].items()}
    for verdict in view.verdicts:
        cells = _cells(view, verdict, places)
        writer.writerow([_render.cell(cells[name]) for name in COLUMNS])
    return out.getvalue()


def _cells(view: View, verdict: Verdict, places: Mapping[str, str]) -> Mapping[str, str]:
    flow, accepted = view.flow(verdict), verdict["accepted"] or {}
    cells = {name: verdict[name] for name in ("transport", "port", "source_port", "code", "severity", "remedy")}
    cells |= {name: verdict[name] for name in ("flow", "id")}
    for name in ("source", "destination"):
        end = verdict[name]
        cells |= {name: end["component"], f"{name}_host": end["host"], f"{name}_address": end["address"]}
    cells |= {f"accepted_{name}": accepted.get(name, "") for name in ("code", "reason", "approver", "until")}
    return cells | {
        "application": flow.get("application", ""),
        "purpose": flow.get("purpose", ""),
        "document": places.get(verdict["flow"], ""),
        "evidence": " ".join(verdict["evidence"]),
        "also": ", ".join(verdict["also"]),
        "run": view.run["id"],
    }
