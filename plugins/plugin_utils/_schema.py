# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a field of a catalog entry may hold, for the shipped files and for a user's own entries alike.

A parser takes a raw value and returns it in its one form, or raises ValueError with what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, nearest, shown

Parser = Callable[[Any], Any]
PortSpan = tuple[int, int]
"""First and last port, both included; a single port is a span of itself."""

TRANSPORTS = ("tcp", "udp")
READINGS = ("literal", "repaired", "derived", "doubtful", "companion")
_ODD = re.compile(r"[^ -~]")
_FLOW_ID = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*\Z")
_WORD = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


def text(value: Any) -> str:
    """One line of printable ASCII: look-alike letters must not make two names of one."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a line of text")
    odd = _ODD.search(value)
    if odd:
        raise ValueError(
            f"has the character U+{ord(odd[0]):04X} at position {odd.start() + 1}; only printable ASCII is allowed"
        )
    return str(value).strip()


def flow_id(value: Any) -> str:
    if not _FLOW_ID.match(text(value)):
        raise ValueError("must be lower-case words joined by hyphens, such as vpsx-printer-raw")
    return str(value)


def word(value: Any) -> str:
    if not _WORD.match(text(value)):
        raise ValueError("must be lower-case words joined by underscores, such as card_enrolment")
    return str(value)


def flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in _TRUE | _FALSE:
        return str(value).lower() in _TRUE
    raise ValueError("must be true or false")


def port(value: Any) -> int:
    digits = str(value).strip()
    if (
        isinstance(value, (bool, float))
        or not digits.isascii()
        or not digits.isdigit()
        or not 1 <= int(digits) <= 65535
    ):
        raise ValueError("must be a port from 1 to 65535")
    return int(digits)


def span(value: Any) -> PortSpan:
    """``5500`` or ``5500-5501``, as first and last port."""
    first, dash, last = str(value).partition("-")
    try:
        found = (port(first if dash else value), port(last if dash else value))
    except ValueError:
        raise ValueError("must be a port from 1 to 65535, or a range such as 5500-5501") from None
    if found[0] > found[1]:
        raise ValueError("is a range whose first port is above its last")
    return found


def one_of(*allowed: str) -> Parser:
    def parse(value: Any) -> str:
        if isinstance(value, str) and value.lower() in allowed:
            return value.lower()
        near = nearest(value, allowed) if value else ""
        raise ValueError(f"must be one of {', '.join(allowed)}{near if 'did you mean' in near else ''}")

    return parse


def many(parser: Parser) -> Parser:
    """A list of what the parser takes; a lone value counts as a list of one."""

    def parse(value: Any) -> tuple[Any, ...]:
        items = value if isinstance(value, (list, tuple)) else [value]
        return tuple(parser(item) for item in items)

    return parse


def optional(parser: Parser) -> Parser:
    return lambda value: None if value is None else parser(value)


def mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("must be a mapping of names to values")
    return value


def sequence(value: Any) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise ValueError("must be a list")
    return value


def anything(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Field:
    """How one key of an entry is read; without a default it must be there."""

    parse: Parser
    default: Any = ...


def read_entry(fields: Mapping[str, Field], raw: Any, where: str, faults: Faults) -> dict[str, Any] | None:
    """The entry's values, or None when it has a fault; every fault is added, none is raised."""
    if not isinstance(raw, Mapping):
        faults.add(where, f"{shown(raw)} must be a mapping with {', '.join(fields)}")
        return None
    before = len(faults.found)
    for key in raw:
        if key not in fields:
            faults.add(where, f"the key {shown(key)} is unknown{nearest(key, fields)}")
    values: dict[str, Any] = {}
    for key, spec in fields.items():
        if key not in raw:
            if spec.default is ...:
                faults.add(where, f"{key} is missing")
            values[key] = spec.default
            continue
        values[key] = read_value(spec.parse, raw[key], f"{where}, {key}", faults)
    return values if len(faults.found) == before else None


def read_value(parse: Parser, raw: Any, where: str, faults: Faults) -> Any:
    try:
        return parse(raw)
    except ValueError as wrong:
        faults.add(where, f"{shown(raw)} {wrong}")
        return None


def check_known(name: Any, known: Iterable[str], what: str, where: str, faults: Faults) -> None:
    """A name that points at something must find it; None points at nothing."""
    if name is not None:
        check_key(name, known, what, where, faults)


def check_key(name: Any, known: Iterable[str], what: str, where: str, faults: Faults) -> None:
    """The same for a mapping's key, where None is one that names nothing."""
    if not isinstance(name, str) or name not in known:
        faults.add(where, f"{shown(name)} is no {what}{nearest(name, known)}")
