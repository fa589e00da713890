# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The description of a lab: reads the YAML file, checks all of it, and says every fault at once."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from .errors import LabError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Prefix = ipaddress.IPv4Network | ipaddress.IPv6Network

DISTRIBUTIONS = ("bullseye", "bookworm", "trixie")
FIREWALLS = ("firewalld", "ufw", "nftables", "iptables", "iptables-legacy", "none")
EGRESS = ("open", "denied")
DENIES_EGRESS = ("ufw", "nftables", "iptables", "iptables-legacy")
NEEDS_PYTHON = ("firewalld", "ufw")
DOCUMENTATION = tuple(
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
HOST_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
GROUP_NAME = re.compile(r"[a-z_][a-z0-9_]*")
PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
LISTENER = re.compile(r"(tcp|udp)/(\d{1,5})(?:-(\d{1,5}))?(?:@(.+))?")


@dataclass(frozen=True)
class Network:
    """A network of the lab: its own bridge, its prefixes, and the router's address in each (the first one)."""

    name: str
    prefixes: tuple[Prefix, ...]

    def routers(self) -> list[tuple[Address, Prefix]]:
        return [(prefix.network_address + 1, prefix) for prefix in self.prefixes]


@dataclass(frozen=True)
class Interface:
    """A host's foot in one network."""

    network: Network
    addresses: tuple[tuple[Address, Prefix], ...]


@dataclass(frozen=True)
class Host:
    """One booted host."""

    name: str
    distribution: str
    firewall: str
    addresses: tuple[Address, ...]
    interfaces: tuple[Interface, ...]
    groups: tuple[str, ...] = ()
    daemons: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    persistent: bool = False
    python: bool = True
    egress: str = "open"
    files: dict[str, str] = field(default_factory=dict)
    vars: dict[str, Any] = field(default_factory=dict)

    @property
    def main_address(self) -> Address:
        """The address by which it is managed: the first IPv4 one, else the first."""
        return next((address for address in self.addresses if address.version == 4), self.addresses[0])


@dataclass(frozen=True)
class Spec:
    """A whole lab."""

    source: str
    networks: tuple[Network, ...]
    hosts: tuple[Host, ...]
    raw: dict[str, Any]

    def host(self, name: str) -> Host:
        for host in self.hosts:
            if host.name == name:
                return host
        raise LabError(f"no host {name!r} in this lab{nearest(name, [host.name for host in self.hosts])}")


def load(path: str | Path) -> Spec:
    """Read and check a lab's file."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LabError(f"{path}: can't be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise LabError(f"{path}: no valid YAML: {error}") from None
    return parse(raw, str(path))


def parse(raw: Any, source: str) -> Spec:
    """Check a lab's description that is already read."""
    reader = _Reader()
    spec = reader.spec(raw, source)
    if reader.faults or spec is None:
        raise LabError("\n".join(f"{source}: {fault}" for fault in reader.faults))
    return spec


def nearest(word: str, known: list[str]) -> str:
    """' (did you mean …?)', or the list of what there is."""
    close = get_close_matches(str(word), known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else f" (known: {', '.join(known) or 'none'})"


class _Reader:
    """Goes through a description once and collects its faults."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def fault(self, where: str, what: str) -> None:
        self.faults.append(f"{where}: {what}")

    def mapping(self, value: Any, where: str, known: tuple[str, ...] | None = None) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.fault(where, f"must be a mapping, is {value!r}")
            return {}
        for key in value:
            if known is not None and key not in known:
                self.fault(where, f"unknown key {key!r}{nearest(key, list(known))}")
        return {str(key): item for key, item in value.items()}

    def strings(self, value: Any, where: str, example: str) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fault(where, f"must be a list of strings, for example {example}; is {value!r}")
            return []
        return value

    def flag(self, value: Any, where: str) -> bool:
        if not isinstance(value, bool):
            self.fault(where, f"must be true or false, is {value!r}")
        return value is True

    def choice(self, value: Any, where: str, known: tuple[str, ...]) -> str:
        if value not in known:
            what = "is missing" if value is None else f"{value!r} is not known"
            self.fault(where, f"{what}: one of {', '.join(known)}")
        return str(value)

    def spec(self, raw: Any, source: str) -> Spec | None:
        top = self.mapping(raw, "the file", ("networks", "defaults", "hosts"))
        networks = tuple(self.networks(top.get("networks")))
        defaults = self.mapping(top.get("defaults", {}), "defaults", _HOST_KEYS)
        hosts = self.mapping(top.get("hosts", {}), "hosts")
        if not hosts:
            self.fault("hosts", "a lab needs a host, for example `hosts: {server1: {distribution: trixie, …}}`")
        built = []
        for name, body in hosts.items():
            own = self.mapping(body or {}, f"hosts: {name}", _HOST_KEYS)
            built.append(self.host(name, {**defaults, **own}, networks))
        self.no_address_twice(built)
        return Spec(source, networks, tuple(built), raw) if not self.faults else None

    def networks(self, raw: Any) -> Iterator[Network]:
        seen: list[tuple[str, Prefix]] = []
        entries = self.mapping(raw, "networks")
        if not entries:
            self.fault(
                "networks", "a lab needs one, for example `networks: {office: [192.0.2.0/24, '2001:db8:1::/64']}`"
            )
        for name, prefixes in entries.items():
            where = f"networks: {name}"
            found: list[Prefix] = []
            for text in self.strings(prefixes, where, "[192.0.2.0/24, '2001:db8:1::/64']"):
                try:
                    prefix = ipaddress.ip_network(text)
                except ValueError as error:
                    self.fault(where, f"{text!r} is no prefix: {error}")
                    continue
                if not any(_within(prefix, allowed) for allowed in DOCUMENTATION):
                    ranges = ", ".join(str(allowed) for allowed in DOCUMENTATION)
                    self.fault(where, f"{text} is no documentation range: take a part of {ranges}")
                for other, taken in seen:
                    if prefix.version == taken.version and prefix.overlaps(taken):
                        self.fault(where, f"{text} overlaps {taken} of network {other}")
                seen.append((name, prefix))
                found.append(prefix)
            yield Network(name, tuple(found))

    def host(self, name: str, body: dict[str, Any], networks: tuple[Network, ...]) -> Host:
        where = f"hosts: {name}"
        if not HOST_NAME.fullmatch(name):
            self.fault(where, "a host's name is lower-case letters, digits and hyphens, a letter first")
        firewall = self.choice(body.get("firewall", "none"), f"{where}: firewall", FIREWALLS)
        python = self.flag(body.get("python", True), f"{where}: python")
        daemons = self.strings(body.get("daemons", []), f"{where}: daemons", "[tcp/515, udp/161]")
        if not python and firewall in NEEDS_PYTHON:
            self.fault(f"{where}: python", f"{firewall} is written in Python: take nftables, iptables or none")
        if not python and daemons:
            self.fault(f"{where}: daemons", "the plain listeners are written in Python, which this host has not")
        egress = self.choice(body.get("egress", "open"), f"{where}: egress", EGRESS)
        if egress == "denied" and firewall not in DENIES_EGRESS:
            self.fault(f"{where}: egress", f"only {', '.join(DENIES_EGRESS)} can be made to deny it")
        addresses = tuple(self.addresses(body.get("addresses"), where))
        self.daemons(daemons, f"{where}: daemons", addresses)
        groups = self.strings(body.get("groups", []), f"{where}: groups", "[vpsx]")
        for group in groups:
            if not GROUP_NAME.fullmatch(group):
                self.fault(f"{where}: groups", f"{group!r} is no group name (lower-case letters, digits, underscores)")
        packages = self.strings(body.get("packages", []), f"{where}: packages", "[snmpd]")
        for package in packages:
            if not PACKAGE_NAME.fullmatch(package):
                self.fault(f"{where}: packages", f"{package!r} is no name of a Debian package")
        return Host(
            name=name,
            distribution=self.choice(body.get("distribution"), f"{where}: distribution", DISTRIBUTIONS),
            firewall=firewall,
            addresses=addresses,
            interfaces=tuple(self.interfaces(addresses, networks, where)),
            groups=tuple(groups),
            daemons=tuple(daemons),
            packages=tuple(packages),
            persistent=self.flag(body.get("persistent", False), f"{where}: persistent"),
            python=python,
            egress=egress,
            files=self.files(body.get("files", {}), f"{where}: files"),
            vars=self.mapping(body.get("vars", {}), f"{where}: vars"),
        )

    def addresses(self, raw: Any, where: str) -> Iterator[Address]:
        where = f"{where}: addresses"
        texts = self.strings(raw, where, "[192.0.2.10, '2001:db8:1::10']")
        if raw == []:
            self.fault(where, "a host needs at least one address")
        for text in texts:
            try:
                yield ipaddress.ip_address(text)
            except ValueError:
                self.fault(where, f"{text!r} is no address (without a prefix length, for example 192.0.2.10)")

    def files(self, raw: Any, where: str) -> dict[str, str]:
        files = self.mapping(raw, where)
        for path, text in files.items():
            if not path.startswith("/") or not isinstance(text, str):
                self.fault(where, f"{path!r}: a file has a whole path and a text, for example {{/etc/motd: hello}}")
        return files

    def interfaces(
        self, addresses: tuple[Address, ...], networks: tuple[Network, ...], where: str
    ) -> Iterator[Interface]:
        where = f"{where}: addresses"
        for address in addresses:
            homes = [prefix for network in networks for prefix in network.prefixes if address in prefix]
            if not homes:
                listed = ", ".join(str(prefix) for network in networks for prefix in network.prefixes)
                self.fault(where, f"{address} is in none of the lab's networks ({listed or 'none'})")
            elif int(address) <= int(router := homes[0].network_address + 1):
                self.fault(where, f"{address} is the network's or its router's: take one above {router}")
        for network in networks:
            mine = [(address, prefix) for address in addresses for prefix in network.prefixes if address in prefix]
            if mine:
                yield Interface(network, tuple(mine))

    def daemons(self, daemons: list[str], where: str, addresses: tuple[Address, ...]) -> None:
        for daemon in daemons:
            match = LISTENER.fullmatch(daemon)
            first, last = (int(match[2]), int(match[3] or match[2])) if match else (0, 0)
            if not match or not 1 <= first <= last <= 65535:
                self.fault(where, f"{daemon!r} is no listener: write tcp/515, udp/5500-5501 or tcp/515@ADDRESS")
            elif match[4] and match[4] not in ["127.0.0.1", "::1", *map(str, addresses)]:
                self.fault(where, f"{daemon!r}: {match[4]} is no address of this host (nor 127.0.0.1 or ::1)")

    def no_address_twice(self, hosts: list[Host]) -> None:
        owners: dict[Address, str] = {}
        for host in hosts:
            for address in host.addresses:
                if address in owners:
                    self.fault(f"hosts: {host.name}: addresses", f"{address} is {owners[address]}'s already")
                owners[address] = host.name


_HOST_KEYS = (
    "distribution",
    "firewall",
    "addresses",
    "groups",
    "daemons",
    "packages",
    "persistent",
    "python",
    "egress",
    "files",
    "vars",
)


def _within(inner: Prefix, outer: Prefix) -> bool:
    return inner.version == outer.version and (
        inner.network_address in outer and inner.broadcast_address in outer and inner.prefixlen >= outer.prefixlen
    )
