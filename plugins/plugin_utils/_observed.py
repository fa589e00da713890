# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a host told of itself, read as one reads a stranger's letter: it may say anything. Pure."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _certificate, _rules
from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule

OBSERVED, PARTLY, UNREACHABLE, FAILED = "observed", "partly", "unreachable", "failed"
LIMITED_OUT, NOT_MANAGED = "limited_out", "not_managed"
_LINE, _NOTES = 300, 20


@dataclass(frozen=True, slots=True)
class Other:
    """A live rule of somebody else: what it ``opens`` or blocks, where it stands, and what it asks for besides."""

    opens: bool
    rule: Rule
    where: str
    only: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """What the firewall has of one owner of ours."""

    saved: tuple[Rule, ...]
    live: tuple[Rule, ...]
    in_step: bool
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that waits; see the host's own table of them."""

    transport: str
    address: str
    port: int
    serves: tuple[int, ...]
    process: str = ""
    pid: int = 0
    unit: str = ""

    @property
    def is_loopback(self) -> bool:
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def is_any(self) -> bool:
        return ipaddress.ip_address(self.address).is_unspecified

    @property
    def is_kept(self) -> bool:
        """Whether systemd alone holds it, for a service that is not seen: it runs only while somebody calls."""
        return self.pid == 1 and self.process == "systemd"

    @property
    def who(self) -> str:
        """The process for people."""
        name = self.process or "a process that could not be seen"
        return f"{name} ({self.unit})" if self.unit else name


@dataclass(frozen=True, slots=True)
class Probe:
    """What one connection came to; the words are those of the module probe."""

    outcome: str
    errno: str = ""
    ms: float | None = None
    local: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""


@dataclass(frozen=True)
class Seen:
    """One host as it was seen. ``rules_why`` says why its rules could not be, ``why`` why the host could not.

    ``firewalls`` are those that are active: the rules are those of the one, where it is one. ``meant`` says that a
    firewall is, or was, to run there. ``asked`` is when the controller began with it, in seconds since 1970.
    """

    host: str
    state: str = OBSERVED
    why: str = ""
    rules_why: str = ""
    firewalls: tuple[str, ...] = ()
    meant: bool = False
    egress: str = ""
    owners: Mapping[str, Owner] = field(default_factory=dict)
    others: tuple[Other, ...] = ()
    listeners: tuple[Listener, ...] = ()
    probes: Mapping[str, Probe] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    system: str = ""
    asked: float = 0.0

    @property
    def looked_at(self) -> bool:
        return self.state in (OBSERVED, PARTLY)

    @property
    def rules_seen(self) -> bool:
        """Whether it is known what the host's firewall lets through; that none is active is known, too."""
        return self.looked_at and not self.rules_why and len(self.firewalls) < 2

    @property
    def filters(self) -> bool:
        return len(self.firewalls) == 1


def line(value: Any, most: int = _LINE) -> str:
    """A host's word as it can stand on one line: control characters and the like are shown as ``?``."""
    text = str.__str__(value) if isinstance(value, str) else str(value)
    return _rules.printable(text[:most])


def absent(host: str, state: str, why: str) -> Seen:
    """A host that could not be looked at."""
    return Seen(host, state, line(why), notes=())


def read(host: str, answer: Mapping[str, Any]) -> Seen:
    """The host out of the answer of the module compliance_info; what is not as it should be is left out."""
    rules = _mapping(answer.get("rules"))
    seen = rules.get("seen") is True
    firewalls = tuple(
        line(one.get("name"), 30) for one in map(_mapping, _list(rules.get("firewalls"))) if one.get("active") is True
    )
    why = "" if seen else line(rules.get("why") or "the host told nothing of its rules")
    notes = [line(note) for note in _list(rules.get("notes"))[:_NOTES]]
    notes += [line(_mapping(one).get("sentence", "")) for one in _list(rules.get("restored"))[:_NOTES]]
    if rules.get("pending"):
        notes.append("A change of its rules waits for its confirmation, so what was seen may be taken back.")
    for name, lines in _mapping(rules.get("leftovers")).items():
        notes.append(f"{line(name, 30)} is not active, and has rules of ours: {len(_list(lines))} lines.")
    said_why = line(answer.get("why") or "")
    return Seen(
        host=host,
        state=OBSERVED if seen and answer.get("root") is True else PARTLY,
        why=said_why or why,
        rules_why=why,
        firewalls=firewalls if seen else (),
        meant=bool(rules.get("leftovers"))
        or any(_mapping(one).get("starts_at_boot") is True for one in _list(rules.get("firewalls"))),
        egress=line(rules.get("egress", ""), 10),
        owners={
            line(name, 80): owner
            for name, one in _mapping(rules.get("owners")).items()
            if (owner := _owner(_mapping(one))) is not None
        },
        others=tuple(other for one in _list(rules.get("foreign")) if (other := _other(_mapping(one))) is not None),
        listeners=tuple(
            found for one in _list(answer.get("listeners")) if (found := _listener(_mapping(one))) is not None
        ),
        probes={str(key): probe(_mapping(one)) for key, one in _mapping(answer.get("probes")).items()},
        notes=tuple(note for note in notes if note),
        system=line(answer.get("system", ""), 80),
        asked=_number(answer.get("asked")) or 0.0,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _rules_of(value: Any) -> tuple[Rule, ...]:
    found = []
    for one in _list(value):
        with suppress(_rules.RuleError, KeyError, TypeError):
            # What the host says of flows is not asked for, and could be anything.
            found.append(_rules.parse({**one, "flows": ()}))
    return tuple(found)


def _owner(one: Mapping[str, Any]) -> Owner | None:
    lines = [line(text) for half in ("saved", "live") for text in _list(one.get(half))]
    odd = tuple(dict.fromkeys(text for text in lines if text.startswith("not as it should be")))
    return Owner(_rules_of(one.get("saved_rules")), _rules_of(one.get("rules")), one.get("in_step") is True, odd)


def _other(one: Mapping[str, Any]) -> Other | None:
    rules = _rules_of([one])
    texts = line(one.get("where", "")), line(one.get("only", ""))
    return Other(one.get("opens") is True, rules[0], *texts) if rules else None


def _listener(one: Mapping[str, Any]) -> Listener | None:
    with suppress(ValueError, TypeError, KeyError, OverflowError):
        # A zone is of no use here, and may be any text.
        address = str(ipaddress.ip_address(str(one["address"]).partition("%")[0]))
        serves = tuple(version for version in (4, 6) if version in _list(one["serves"]))
        transport, port = str(one["transport"]), int(one["port"])
        if transport in _rules.TRANSPORTS and 1 <= port <= 65535:
            names = (line(one.get("process") or "", 60), int(one.get("pid") or 0), line(one.get("unit") or "", 60))
            return Listener(transport, address, port, serves, *names)
    return None


def _number(value: Any) -> float | None:
    """A number that is one: not true, not infinite, not so long that no machine has it."""
    with suppress(OverflowError):
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return None


def probe(one: Mapping[str, Any]) -> Probe:
    """What one connection came to, out of an answer."""
    facts = {line(name, 30): _fact(value) for name, value in list(_mapping(one.get("facts")).items())[:_NOTES]}
    return Probe(
        line(one.get("outcome", ""), 20),
        line(one.get("errno", ""), 30),
        _number(one.get("ms")),
        line(one.get("local", ""), 60),
        facts,
        line(one.get("said", ""), 120),
    )


def _fact(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [line(item, 120) for item in value[: _certificate.MOST_NAMES]]
    return value if isinstance(value, int) else line(value, 120)
