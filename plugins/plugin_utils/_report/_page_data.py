# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the rows of a report as its page's program reads them: columns of numbers, each text once. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils._render import plain
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _pairs, _view
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import KINDS, View

# Inside a script element only these end it or begin a comment; JSON may write them otherwise.
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
_NONE = -1


class _Words:
    """Numbers for texts."""

    def __init__(self) -> None:
        self._raw: dict[str, int] = {}
        self.texts: dict[str, int] = {}

    def number(self, text: str) -> int:
        found = self._raw.get(text)
        if found is None:
            found = self._raw[text] = self.texts.setdefault(plain(text), len(self.texts))
        return found

    def numbers(self, texts: Iterable[str]) -> list[int]:
        return [self.number(text) for text in texts]


def page_data(view: View) -> str:
    """JSON that may stand in a script element; ``columns`` has the verdicts worst first."""
    words = _Words()
    codes = {code: number for number, code in enumerate(view.raw["codes"])}
    flows = {name: number for number, name in enumerate(view.raw["flows"])}
    kinds = {name: number for number, name in enumerate(KINDS)}
    accepted: list[dict[str, str]] = []
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for verdict in view.verdicts:
        columns["kind"].append(kinds[_view.kind(verdict)])
        columns["code"].append(codes.get(verdict["code"], _NONE))
        columns["flow"].append(flows.get(verdict["flow"], _NONE))
        for name in ("source", "destination"):
            end = verdict[name]
            columns[name].append(words.number(_view.party(end)))
            columns[f"{name}Component"].append(words.number(end["component"]))
            columns[f"{name}Address"].append(words.number(end["address"]))
        columns["port"].append(words.number(_view.port(verdict)))
        columns["evidence"].append(words.numbers(verdict["evidence"]))
        columns["remedy"].append(words.number(verdict["remedy"]))
        columns["also"].append([codes[code] for code in verdict["also"] if code in codes])
        columns["id"].append(words.number(verdict["id"]))
        columns["accepted"].append(len(accepted) if verdict["accepted"] else _NONE)
        if verdict["accepted"]:
            accepted.append({name: plain(text) for name, text in verdict["accepted"].items()})
    drift = view.raw["drift"] or {"came": ()}
    places = {verdict["id"]: number for number, verdict in enumerate(view.verdicts)}
    data = {
        "kinds": [{"name": kind, "symbol": _pairs.SYMBOLS[kind], "word": _pairs.WORDS[kind]} for kind in KINDS],
        "codes": [{"code": code, "meaning": plain(view.meaning(code))} for code in codes],
        "flows": [_flow(view, name) for name in flows],
        "components": {plain(name): plain(view.component(name)) for name in view.raw["components"]},
        "accepted": accepted,
        "came": {str(places[one["id"]]): one["before"] for one in drift["came"] if one["id"] in places},
        "columns": columns,
        "texts": list(words.texts),
    }
    return json.dumps(data, separators=(",", ":")).translate(_ESCAPES)


_COLUMNS = (
    "kind", "code", "flow", "source", "sourceComponent", "sourceAddress", "destination", "destinationComponent",
    "destinationAddress", "port", "evidence", "remedy", "also", "id", "accepted",
)  # fmt: skip


def _flow(view: View, name: str) -> dict[str, str]:
    flow = view.raw["flows"][name]
    told = {key: plain(flow[key]) for key in ("application", "purpose", "reading")}
    return {"id": plain(name), **told, "documents": plain(view.places(flow))}
