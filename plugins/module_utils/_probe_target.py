# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a probe is asked to do, and what came of it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._protocols import PROTOCOLS
from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import Facts

_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?")


@dataclass(frozen=True)
class Target:
    """Who is asked, and how. The address is an IP address, never a name; the timeout is in seconds."""

    number: int
    address: str
    port: int
    transport: str = "tcp"
    protocol: str = "connect"
    timeout: float = 1.25
    source_port: int | None = None
    server_name: str | None = None
    gentle: bool = False


@dataclass(frozen=True)
class Limits:
    """How many at once, how many new ones a second (0: no limit), and the seconds for all of it.

    ``gentle_deadline`` are the seconds in which gentle ones may begin, where there are fewer.
    """

    at_once: int = 64
    rate: float = 0
    gentle_rate: float = 1.0
    deadline: float = 300.0
    gentle_deadline: float | None = None


@dataclass
class Result:
    """What came of a target."""

    number: int
    outcome: str
    errno: str = ""
    ms: float | None = None
    local: str = ""
    facts: Facts = field(default_factory=dict)
    said: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self))


def problem(target: Target) -> str:
    """What is wrong with a target, in a sentence; empty if nothing."""
    return _speech(target) or _place(target) or _rest(target)


def _speech(target: Target) -> str:
    protocol = PROTOCOLS.get(target.protocol)
    if protocol is None:
        return f"{target.protocol!r} is no protocol that can be asked; there are {', '.join(sorted(PROTOCOLS))}."
    if target.transport not in protocol.transports:
        over = " and ".join(protocol.transports)
        return f"{target.protocol} is not spoken over {target.transport!r}, only over {over}."
    return ""


def _place(target: Target) -> str:
    try:
        address = ipaddress.ip_address(target.address)
    except ValueError:
        return (
            f"{target.address!r} is no IP address. Names are not looked up on the host, whose answer may be another "
            "one than the controller's: give the address, for instance by a lookup on the controller."
        )
    if address.is_multicast or address.is_unspecified:
        return f"{target.address} is not the address of one host."
    return ""


def _rest(target: Target) -> str:
    for port in (target.port, target.source_port):
        if port is not None and not 1 <= port <= 65535:
            return f"{port} is no port; ports are 1 to 65535."
    if not 0 < target.timeout <= 3600:
        return f"{target.timeout} is no timeout; it is more than 0 seconds, and 3600 at most."
    if target.server_name and not _NAME.fullmatch(target.server_name):
        return f"{target.server_name!r} is no name of a server."
    return ""
