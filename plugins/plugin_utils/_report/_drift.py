# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what came and what went since an earlier report. Pure, but for what a caller read from a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, damaged, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _shape
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import Verdict, is_finding

UNSEEN = ("UNREACHABLE", "NOT_TESTED")
"""Nobody looked: what was found earlier may be there still."""


def load(path: str, content: bytes) -> dict[str, Any]:
    """Reads compliance.json; a PortsError says what else the file is."""
    try:
        raw = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise PortsError(f"{path} can't be read: it is not UTF-8. Name the compliance.json of a report.") from None
    except (ValueError, RecursionError) as wrong:
        raise PortsError(
            f"{path} is no report, or a damaged one{damaged(wrong)}. Name the compliance.json of a report."
        ) from None
    name = raw.get("format") if isinstance(raw, dict) else None
    family = _shape.FORMAT.rpartition(" ")[0]
    if not isinstance(name, str) or not name.startswith(f"{family} "):
        raise PortsError(f"{path} is JSON, but no report of this collection. Name the compliance.json of a report.")
    if name != _shape.FORMAT:
        raise PortsError(
            f"{path} has the format {shown(name)}; this version reads {_shape.FORMAT!r}. "
            "Use the version of the collection that wrote it, or a newer one."
        )
    found = _shape.faults(raw)
    if found:
        raise PortsError([f"{path} is a damaged report: {fault}" for fault in found])
    report: dict[str, Any] = raw
    return report


def baseline(content: bytes, report: Mapping[str, Any]) -> dict[str, str]:
    """The earlier report as ``drift`` names it."""
    run = report["run"]
    return {"id": run["id"], "ended": run["ended"], "sha256": hashlib.sha256(content).hexdigest()}


def drift(earlier: Mapping[str, Any], report: Mapping[str, Any], named: Mapping[str, str]) -> dict[str, Any]:
    """What came and what went, for ``report["drift"]``; ``named`` is ``baseline`` of the earlier one.

    A finding is a verdict that is neither OK nor ACCEPTED. One came when it was none before, or another code. One went
    when its verdict is OK or ACCEPTED now, has another code, or is there no more. What nobody looked at this time has
    not gone: the host was left out, could not be reached, or was seen in part only. That a host could not be reached
    has gone where it was looked at, also in part.
    """
    before = {one["id"]: one for one in earlier["verdicts"]}
    now = {one["id"]: one for one in report["verdicts"]}
    hosts = report["coverage"]["hosts"]
    unseen = {host["host"] for host in hosts} - whole(report)
    passed = {host["host"] for host in hosts if host["state"] not in ("observed", "partly")}
    came = [
        {"id": name, "before": before[name]["code"] if name in before else ""}
        for name, one in now.items()
        if is_finding(one) and (name not in before or before[name]["code"] != one["code"])
    ]
    went = [_gone(one, now.get(name)) for name, one in before.items() if _went(one, now.get(name), unseen, passed)]
    return {"baseline": dict(named), "came": came, "went": went}


def whole(report: Mapping[str, Any]) -> set[str]:
    """The hosts of which all was seen: what is not said of them is not there."""
    blind = {
        one["destination"]["host"]
        for one in report["verdicts"]
        if one["code"] in UNSEEN and not any(one["source"].values())
    }
    return {one["host"] for one in report["coverage"]["hosts"] if one["state"] == "observed"} - blind


def _went(was: Verdict, now: Verdict | None, unseen: set[str], passed: set[str]) -> bool:
    """``unseen`` are hosts of which not all was seen, ``passed`` those of which nothing was."""
    if not is_finding(was):
        return False
    if was["code"] == "UNREACHABLE" and (now is None or now["code"] in UNSEEN):
        ends = {was[way]["host"] for way in ("source", "destination")}
        return ends.isdisjoint(passed) and (now is None or now["code"] != "UNREACHABLE")
    if now is None:
        return was["destination"]["host"] not in unseen
    return bool(now["code"] != was["code"] and now["code"] not in UNSEEN)


def _gone(was: Verdict, now: Verdict | None) -> dict[str, Any]:
    kept = ("id", "code", "flow", "source", "destination", "transport", "port")
    return {name: was[name] for name in kept} | {"now": now["code"] if now else ""}
