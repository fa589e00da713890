# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: which connection proves a pair, and why there is none where nobody can or may make it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Pair

_PROTOCOLS = {
    "raw": "raw",
    "snmp": "snmp",
    "lpr": "lpr",
    "ipp": "ipp",
    "ipps": "ipps",
    "http": "http",
    "https": "https",
    "dns": "dns",
    "smtp": "smtp",
    "smtps": "smtps",
    "smtp with starttls": "smtp-starttls",
    "ldap": "ldap",
    "ldaps": "ldaps",
    "kerberos": "kerberos",
    "mdns": "mdns",
    "ftp": "ftp",
}
"""By what the catalog calls the application; all else is connected to only."""
_UDP = ("snmp", "dns", "kerberos", "mdns")
_TCP = tuple(sorted({*_PROTOCOLS.values()} - {"snmp", "mdns"}))
PRINT = ("raw", "lpr", "ipp", "ipps")
"""What printers take jobs by."""
PRINT_PORTS = (
    "a connection can hold up a printer that serves one at a time, so printers' print ports are tried only with "
    "printnet_probe_print_ports: true"
)
OUTSIDE_WINDOW = "it is outside of the window in which printers' print ports may be tried"
_TLS = ("https", "ipps", "smtps", "smtp-starttls", "ldaps", "tls")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DNS_NAME = re.compile(rf"(?=.{{1,253}}\Z)({_LABEL}\.)+(?=[A-Za-z]){_LABEL}")


@dataclass(frozen=True, slots=True)
class Settings:
    """How connections are made. ``print_window`` are the hours in which print ports may be tried, empty for all."""

    timeout: float = 2.0
    at_once: int = 64
    rate: float = 0.0
    print_ports: bool = False
    print_rate: float = 1.0
    print_window: str = ""
    outside_window: bool = False
    deadline: float = 300.0


@dataclass(frozen=True, slots=True)
class Target:
    """One connection that a host makes; ``gentle`` ones come one at a time. ``server_name`` is asked for in TLS."""

    address: str
    port: int
    transport: str
    protocol: str
    source_port: int | None = None
    gentle: bool = False
    server_name: str = ""

    @property
    def key(self) -> str:
        return f"{self.protocol} {self.transport}/{self.port} {self.address} {self.source_port or ''}".rstrip()

    def as_dict(self, number: int, timeout: float) -> dict[str, Any]:
        return {
            "number": number,
            "address": self.address,
            "port": self.port,
            "transport": self.transport,
            "protocol": self.protocol,
            "timeout": timeout,
            "source_port": self.source_port,
            "gentle": self.gentle,
            "server_name": self.server_name or None,
        }


def server_name(host: str, protocol: str) -> str:
    """The name that TLS asks for: what the inventory calls the host, where that can be a name of DNS.

    Servers of several names may refuse whoever names none.
    """
    return host if protocol in _TLS and _DNS_NAME.fullmatch(host) else ""


def protocol_of(application: str, transport: str) -> str:
    """What is spoken: the flow's own protocol where the module probe knows it for the transport."""
    found = _PROTOCOLS.get(application.strip().lower(), "")
    if found in (_TCP if transport == "tcp" else _UDP):
        return found
    return "connect" if transport == "tcp" else "datagram"


def target(pair: Pair, catalog: Catalog, settings: Settings) -> Target | str:
    """The connection that proves the pair, whoever makes it; or why there is none."""
    if pair.untested:
        return pair.untested
    protocol = protocol_of(pair.flow.application, pair.flow.transport)
    prints = protocol in PRINT and "printer" in catalog.kinds(pair.destination.component)
    if prints and not settings.print_ports:
        return PRINT_PORTS
    if prints and settings.outside_window:
        return f"{OUTSIDE_WINDOW} ({settings.print_window})"
    source_port = pair.source_port[0] if pair.source_port else None
    name = server_name(pair.destination.host, protocol)
    return Target(pair.address, pair.port[0], pair.flow.transport, protocol, source_port, prints, name)


def targets(
    pairs: Iterable[Pair], catalog: Catalog, settings: Settings, sources: Collection[str]
) -> dict[str, list[Target]]:
    """What each of the source hosts connects to, each target once."""
    found: dict[str, dict[str, Target]] = {}
    for pair in pairs:
        if pair.source.host in sources:
            aim = target(pair, catalog, settings)
            if isinstance(aim, Target):
                found.setdefault(pair.source.host, {}).setdefault(aim.key, aim)
    return {host: list(by_key.values()) for host, by_key in found.items()}
