# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what an estate says of its own compliance: what is known to be open, what is accepted, what fails a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _probe_plan, _reasons, _schema, _task_variables
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError, nearest, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._exposure import Known
from ansible_collections.printnet.ports.plugins.plugin_utils._hosts import entries
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Place
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import Field
from ansible_collections.printnet.ports.plugins.plugin_utils._task_variables import Read
from ansible_collections.printnet.ports.plugins.plugin_utils._verdict import Verdict

_PORT = re.compile(r"(?:(tcp|udp)/)?([0-9-]+)(?:/(tcp|udp))?\Z")
_WINDOW = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])\Z")
_FINDINGS = tuple(code for code in _reasons.CODES if code not in ("OK", "ACCEPTED"))
FAILS = tuple(code for code, entry in _reasons.CODES.items() if entry.severity == _reasons.FAULT)
"""The codes that fail a run where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that somebody answers for until a day. Names may have ``*`` in them."""

    code: str
    reason: str
    approver: str
    until: date
    flow: str = "*"
    source: str = "*"
    destination: str = "*"

    def fits(self, verdict: Verdict) -> bool:
        return (
            fnmatchcase(verdict.code, self.code)
            and fnmatchcase(verdict.flow, self.flow)
            and _is_end(verdict.source, self.source)
            and _is_end(verdict.destination, self.destination)
        )

    def as_dict(self) -> dict[str, str]:
        return {
            "flow": self.flow,
            "source": self.source,
            "destination": self.destination,
            "code": self.code,
            "reason": self.reason,
            "approver": self.approver,
            "until": self.until.isoformat(),
        }


def _is_end(place: Place, pattern: str) -> bool:
    return pattern == "*" or any(fnmatchcase(name, pattern) for name in (place.host, place.component, place.name))


def _day(value: Any) -> date:
    try:
        if isinstance(value, datetime):
            return value.date()
        return value if isinstance(value, date) else date.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError("must be a day such as 2027-03-31") from None


def _sentence(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a line of text")
    return " ".join(value.split())[:300]


def _pattern(value: Any) -> str:
    return _sentence(value)


def _code(value: Any) -> str:
    code = str(value).strip().upper()
    if code not in _FINDINGS:
        hint = nearest(code, map(str.lower, _FINDINGS))
        for name in _FINDINGS:
            hint = hint.replace(name.lower(), name)
        raise ValueError(f"is no code of a finding{hint}")
    return code


_ACCEPTED = {
    "code": Field(_code),
    "reason": Field(_sentence),
    "approver": Field(_sentence),
    "until": Field(_day),
    "flow": Field(_pattern, "*"),
    "source": Field(_pattern, "*"),
    "destination": Field(_pattern, "*"),
}
_KNOWN = {
    "port": Field(_schema.span),
    "transport": Field(_schema.one_of("tcp", "udp"), "tcp"),
    "process": Field(_sentence, ""),
    "reason": Field(_sentence, ""),
}


def accepted(raw: Any) -> tuple[Accepted, ...]:
    """``printnet_accepted``: who accepted which finding until when; a PortsError has all that is wrong with it."""
    faults = Faults()
    found = []
    for number, entry in enumerate(entries(raw), 1):
        where = f"printnet_accepted, entry {number}"
        values = _schema.read_entry(_ACCEPTED, entry, where, faults)
        if values is not None:
            found.append(Accepted(**values))
    faults.stop()
    return tuple(found)


def known_open(raw: Any, host: str) -> tuple[Known, ...]:
    """``printnet_known_open`` of a host: mappings, or texts such as ``tcp/22``."""
    faults = Faults()
    found = []
    for number, entry in enumerate(entries(raw), 1):
        where = f"host {host}, printnet_known_open, entry {number}"
        if not isinstance(entry, Mapping):
            match = _PORT.match(str(entry).strip())
            if match is None or (match[1] and match[3]):
                faults.add(where, f"{shown(entry)} must be a port such as tcp/22, or a mapping with port and transport")
                continue
            named = {"port": match[2], "transport": match[1] or match[3] or "tcp"}
        else:
            named = dict(entry)
        values = _schema.read_entry(_KNOWN, named, where, faults)
        if values is not None:
            found.append(Known(values["transport"], values["port"], values["process"]))
    faults.stop()
    return tuple(found)


def fail_on(raw: Any, report_only: bool) -> tuple[str, ...]:
    """The codes that end a run as failed: all faults where nobody says otherwise, none where it only reports."""
    if report_only:
        return ()
    faults = Faults()
    if raw is None:
        return FAILS
    found = [_schema.read_value(_code, one, "printnet_fail_on", faults) for one in entries(raw)]
    faults.stop()
    return tuple(dict.fromkeys(code for code in found if code))


def processes(raw: Any, catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """``printnet_processes``: the names that what listens for a flow may have, by flow."""
    faults = Faults()
    found = {}
    given = _schema.read_value(_schema.mapping, raw or {}, "printnet_processes", faults)
    for flow, names in (given or {}).items():
        _schema.check_known(flow, catalog.flows, "flow", "printnet_processes", faults)
        found[str(flow)] = tuple(str(name) for name in entries(names))
    faults.stop()
    return found


def settings(read: Read, minutes: int) -> _probe_plan.Settings:
    """How connections are made; ``minutes`` is the time of day on the controller."""
    hours = _window(read)
    return _probe_plan.Settings(
        timeout=_number(read, "printnet_probe_timeout", 2.0, 0.2, 60),
        at_once=int(_number(read, "printnet_probe_at_once", 64, 1, 1000)),
        rate=_number(read, "printnet_probe_rate", 0, 0, 100_000),
        print_ports=is_on(read, "printnet_probe_print_ports"),
        print_rate=_number(read, "printnet_probe_print_rate", 1.0, 0.01, 1000),
        print_window=str(read("printnet_probe_print_window") or ""),
        outside_window=hours is not None and not _is_within(hours, minutes),
        deadline=_number(read, "printnet_probe_deadline", 300.0, 1, 86_400),
    )


def _window(read: Read) -> tuple[int, int] | None:
    """When the window begins and ends, in minutes of the day; None where there is none."""
    window = str(read("printnet_probe_print_window") or "")
    if not window:
        return None
    match = _WINDOW.match(window)
    if match is None:
        raise PortsError(f"printnet_probe_print_window: {shown(window)} must be hours such as 19:00-05:30")
    return int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])


def _is_within(hours: tuple[int, int], minutes: int) -> bool:
    begin, end = hours
    return begin <= minutes < end if begin <= end else minutes >= begin or minutes < end


def window_left(read: Read, now: datetime) -> float | None:
    """The seconds until the window ends, on the controller's clock; None where there is none."""
    hours, minutes = _window(read), now.hour * 60 + now.minute
    if hours is None:
        return None
    return float((hours[1] - minutes) % (24 * 60) * 60 - now.second) if _is_within(hours, minutes) else 0.0


def is_on(read: Read, name: str) -> bool:
    """A variable that is true or false, false where it is not set."""
    value = read(name)
    return value is not None and _task_variables.flag(name, value)


def sample(read: Read) -> int:
    """How many hosts of a network and model of an outside party are looked at; 0 means all."""
    return int(_number(read, "printnet_probe_sample", 5, 0, 1_000_000))


def _number(read: Read, name: str, default: float, least: float, most: float) -> float:
    value = read(name)
    if value is None:
        return default
    try:
        found = float(value) if not isinstance(value, bool) else float("nan")
    except (TypeError, ValueError):
        found = float("nan")
    if not least <= found <= most:
        raise PortsError(f"{name}: {shown(value)} must be a number from {least:g} to {most:g}")
    return found


def apply(found: Iterable[Verdict], agreed: Iterable[Accepted], today: date, report_only: bool) -> list[Verdict]:
    """The verdicts, with those that somebody accepted as ACCEPTED.

    Where a run only reports, no fault is more than a warning.
    """
    agreed = list(agreed)
    return [_applied(one, agreed, today, report_only) for one in found]


def _applied(one: Verdict, agreed: Iterable[Accepted], today: date, report_only: bool) -> Verdict:
    fitting = [entry for entry in agreed if one.code in _FINDINGS and entry.fits(one)]
    # Of several that fit, one that is over does not stand in the way of one that is not.
    entry = max(fitting, key=lambda entry: entry.until) if fitting else None
    if entry is not None and entry.until >= today:
        told = (f"Accepted by {entry.approver} until {entry.until}: {entry.reason}", *one.evidence)
        named = {name: text for name, text in entry.as_dict().items() if name in ("reason", "approver", "until")}
        kept = {"code": one.code, **named}
        return replace(one, code="ACCEPTED", severity=_reasons.INFORMATION, evidence=told, accepted=kept)
    told = one.evidence
    if entry is not None:
        told = (*told, f"It was accepted by {entry.approver} until {entry.until}, which is over.")
    lowered = report_only and one.grade == _reasons.FAULT
    return replace(one, evidence=told, severity=_reasons.WARNING if lowered else one.severity)
