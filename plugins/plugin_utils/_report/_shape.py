# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the shape of a report, and what of a given one is not so; docs/schemas has the same as a JSON schema.

Pure; without the library that the published schema needs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils._errors import shown

FORMAT = "printnet.ports compliance 1"
SEVERITIES = ("fault", "warning", "information", "ok")
CODES = (
    "OK", "NO_RULE", "RULE_LIVE_ONLY", "RULE_SAVED_ONLY", "SCOPE_TOO_WIDE", "SCOPE_TOO_NARROW", "BLOCKED_BY_RULE",
    "FIREWALL_OFF", "GPO_OVERRIDE", "PROFILE_MISMATCH", "NO_LISTENER", "LOOPBACK_ONLY", "WRONG_PROCESS",
    "PATH_BLOCKED", "REFUSED", "TLS_INVALID", "UDP_UNVERIFIABLE", "UNREACHABLE", "NOT_TESTED", "UNDECLARED_OPEN",
    "ACCEPTED",
)  # fmt: skip
STATES = ("observed", "partly", "unreachable", "failed", "limited_out", "not_managed")


@dataclass(frozen=True, slots=True)
class Text:
    """A text; where ``words`` is given one of them, where ``like`` is given one that it matches as a whole."""

    words: tuple[str, ...] = ()
    like: str = ""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A dictionary with keys of the user's own."""

    of: Any


@dataclass(frozen=True, slots=True)
class Maybe:
    """What ``of`` says, or null."""

    of: Any


TEXT, FLAG, NUMBER, COUNT = Text(), bool, float, int
CODE = Text(CODES)
ID = Text(like="[0-9a-f]{16}")
TIME = Text(like=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
DAY = Text(like=r"(\d{4}-\d\d-\d\d)?")
DIGEST = Text(like="([0-9a-f]{64})?")
PORT = Text(like=r"(\d{1,5}(-\d{1,5})?)?")
TRANSPORT = Text(("tcp", "udp", ""))
END = {"component": TEXT, "host": TEXT, "address": TEXT}
RUN_ID = Text(like="[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
PART = {
    "id": RUN_ID, "by": TEXT, "started": TIME, "ended": TIME, "seconds": NUMBER, "check_mode": FLAG, "title": TEXT,
}  # fmt: skip
ACCEPTED = {
    "flow": TEXT, "source": TEXT, "destination": TEXT, "code": TEXT, "reason": TEXT, "approver": TEXT, "until": DAY,
}  # fmt: skip
VERDICT = {
    "id": ID,
    "code": CODE,
    "severity": Text(SEVERITIES),
    "flow": TEXT,
    "source": END,
    "destination": END,
    "transport": TRANSPORT,
    "port": PORT,
    "source_port": PORT,
    "evidence": [TEXT],
    "remedy": TEXT,
    "also": [CODE],
    "accepted": Maybe({"code": CODE, "reason": TEXT, "approver": TEXT, "until": DAY}),
}
GONE = {
    "id": ID, "code": CODE, "now": TEXT, "flow": TEXT, "source": END, "destination": END, "transport": TRANSPORT,
    "port": PORT,
}  # fmt: skip
REPORT: Mapping[str, Any] = {
    "format": Text((FORMAT,)),
    "run": {**PART, "merged": [PART]},
    "versions": {"collection": TEXT, "ansible_core": TEXT, "python": TEXT},
    "digests": {"collection": DIGEST, "catalog": DIGEST, "topology": DIGEST, "plan": DIGEST},
    "coverage": {
        "hosts": [
            {
                "host": TEXT, "components": [TEXT], "state": Text(STATES), "reason": TEXT, "firewall": TEXT,
                "egress": TEXT, "notes": [TEXT], "distribution": TEXT,
            }
        ],
        "probes": {
            "made": COUNT, "at_once": COUNT, "timeout": NUMBER, "rate": NUMBER, "print_ports": FLAG,
            "print_rate": NUMBER, "print_window": TEXT, "seconds": NUMBER,
        },
        "samples": [{"component": TEXT, "network": TEXT, "model": TEXT, "size": COUNT, "chosen": [TEXT]}],
    },
    "policy": {"fail_on": [CODE], "accepted": [ACCEPTED], "known_open": [Keyed(None)]},
    "compliant": FLAG,
    "counts": Keyed(COUNT),
    "components": Keyed({"title": TEXT, "role": TEXT}),
    "documents": Keyed({"title": TEXT, "edition": TEXT, "date": TEXT}),
    "flows": Keyed(
        {
            "source": TEXT, "destination": TEXT, "transport": TRANSPORT, "port": PORT, "application": TEXT,
            "purpose": TEXT, "reading": TEXT, "documents": [{"document": TEXT, "table": TEXT, "line": TEXT}],
        }
    ),
    "codes": Keyed({"severity": Text(SEVERITIES), "meaning": TEXT}),
    "verdicts": [VERDICT],
    "suggestions": {"known_open": [TEXT]},
    "drift": Maybe(
        {
            "baseline": {"id": TEXT, "ended": TEXT, "sha256": DIGEST},
            "came": [{"id": ID, "before": TEXT}],
            "went": [GONE],
        }
    ),
}  # fmt: skip
_KINDS = {bool: "true or false", int: "a whole number", float: "a number"}


def fails(verdict: Mapping[str, Any], fail_on: Collection[str], codes: Mapping[str, Any]) -> bool:
    """Whether a verdict ends a run as failed: its code is among those that do, and it is no milder than its code.

    An open port that no print product uses is, and so is a host that never had a firewall.
    """
    code = verdict["code"]
    full = codes[code]["severity"] if code in codes else SEVERITIES[-1]
    return code in fail_on and SEVERITIES.index(verdict["severity"]) <= SEVERITIES.index(full)


def faults(report: object, most: int = 5) -> list[str]:
    """At most so many sentences about what is not as a report has it; none where all is."""
    found = []
    for fault in _faults(report, REPORT, ""):
        found.append(fault)
        if len(found) == most:
            break
    return found


def _faults(value: object, shape: Any, at: str) -> Iterator[str]:
    if isinstance(shape, Maybe):
        if value is not None:
            yield from _faults(value, shape.of, at)
    elif isinstance(shape, Mapping):
        yield from _faults_of_dictionary(value, shape, at)
    elif isinstance(shape, Keyed):
        yield from _faults_of_keyed(value, shape, at)
    elif isinstance(shape, list):
        yield from _faults_of_list(value, shape[0], at)
    elif isinstance(shape, Text):
        yield from _faults_of_text(value, shape, at)
    elif not _is(value, shape):
        yield f"{_at(at)}{shown(value)} must be {_KINDS[shape]}"


def _faults_of_keyed(value: object, shape: Keyed, at: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{_at(at)}{shown(value)} must be a dictionary"
    elif shape.of is not None:
        for key in value:
            yield from _faults(value[key], shape.of, f"{at}.{key}")


def _faults_of_list(value: object, shape: Any, at: str) -> Iterator[str]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        yield f"{_at(at)}{shown(value)} must be a list"
        return
    for number, one in enumerate(value, 1):
        yield from _faults(one, shape, f"{at}, entry {number}")


def _faults_of_dictionary(value: object, shape: Mapping[str, Any], at: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{_at(at)}{shown(value)} must be a dictionary"
        return
    missing = [key for key in shape if key not in value]
    if missing:
        yield f"{_at(at)}{', '.join(missing)} is missing"
    foreign = [shown(key) for key in value if key not in shape]
    if foreign:
        yield f"{_at(at)}{', '.join(foreign[:5])} does not belong here"
    for key, part in shape.items():
        if key in value:
            yield from _faults(value[key], part, f"{at}.{key}" if at else key)


def _faults_of_text(value: object, shape: Text, at: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{_at(at)}{shown(value)} must be a text"
    elif shape.words and value not in shape.words:
        yield f"{_at(at)}{shown(value)} must be one of {', '.join(word or 'nothing' for word in shape.words)}"
    elif shape.like and not re.fullmatch(shape.like, value, re.ASCII):
        yield f"{_at(at)}{shown(value)} does not look right"


def _is(value: object, kind: type) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and value >= 0
    return isinstance(value, (int, float)) and 0 <= value < float("inf")


def _at(at: str) -> str:
    return f"{at[:200]}: " if at else ""
