# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what an estate accepts, and what fails a run, on reports that were merged: as on one of its own. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _exposure, _policy
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, listed
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Place
from ansible_collections.printnet.ports.plugins.plugin_utils._policy import Accepted
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _shape
from ansible_collections.printnet.ports.plugins.plugin_utils._verdict import Verdict

Told = Mapping[str, Any]


def check_graded(parts: Sequence[Told], fail_on: Sequence[str] | None) -> None:
    """Raises PortsError where a part only reported and this run does not: nobody knows its faults from warnings."""
    only = [part["run"]["id"] for part in parts if not part["policy"]["fail_on"]]
    if only and (fail_on is None or fail_on):
        raise PortsError(
            f"The report of the run {listed(only, 3)} was made with printnet_report_only, or with an empty "
            "printnet_fail_on, so it can't say which of its findings fail a run. Run the check on its slice again "
            "without them, or merge with printnet_report_only as well."
        )


def agree(
    report: Told, fail_on: Sequence[str] | None, accepted: Sequence[Accepted], today: date, report_only: bool
) -> dict[str, Any]:
    """The report with what this run accepts as well, and the ports that are left to explain.

    ``fail_on`` is None where that of the reports holds.
    """
    judged = _policy.apply(map(_verdict, report["verdicts"]), accepted, today, report_only)
    verdicts = [_changed(told, one) for told, one in zip(report["verdicts"], judged, strict=True)]
    policy = report["policy"]
    entries = [one for one in (entry.as_dict() for entry in accepted) if one not in policy["accepted"]]
    fails = list(policy["fail_on"] if fail_on is None else fail_on)
    return {
        **report,
        "policy": {**policy, "fail_on": fails, "accepted": [*policy["accepted"], *entries]},
        "compliant": not any(_shape.fails(one, fails, report["codes"]) for one in verdicts),
        "counts": dict(sorted(Counter(one["code"] for one in verdicts).items())),
        "verdicts": verdicts,
        # A report out of a file may have such a finding without a port.
        "suggestions": {"known_open": _exposure.suggestions(one for one in judged if one.port.isdigit())},
    }


def _verdict(told: Told) -> Verdict:
    """As much of it as is needed to say whether somebody accepted it."""
    return Verdict(
        id=told["id"],
        code=told["code"],
        flow=told["flow"],
        source=_place(told["source"]),
        destination=_place(told["destination"]),
        address=told["destination"]["address"],
        transport=told["transport"],
        port=told["port"],
        evidence=tuple(told["evidence"]),
        severity=told["severity"],
        accepted=told["accepted"],
    )


def _place(end: Told) -> Place:
    return Place(end["component"], end["host"], (end["address"],) if end["address"] else ())


def _changed(told: Told, one: Verdict) -> Told:
    kept = {"severity": one.grade, "evidence": list(dict.fromkeys(one.evidence))}
    if one.code == told["code"]:
        return {**told, **kept}
    return {**told, **kept, "code": one.code, "accepted": dict(one.accepted or {}), "remedy": ""}
