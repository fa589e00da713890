# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: which interfaces a reload of firewalld leaves in their zone, though nothing that is saved names them.

Those are the ones in the default zone; those of NetworkManager's connections, whose zones firewalld asks for; and those
of Docker, libvirt and connections that NetworkManager shares: all three hear of a reload. Source of names: the D-Bus
interface of NetworkManager.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _host
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_bus import Bus

Sides = Mapping[str, Mapping[str, Mapping[str, Any]]]
_NAME = "org.freedesktop.NetworkManager"
_PATH = "/org/freedesktop/NetworkManager"
_BINDS_AGAIN = ("docker", "libvirt", "libvirt-routed", "nm-shared")
"""The zones of who binds its interfaces again."""
_FOUND, _PASSING = 0x2, 0x4
"""Flags of a connection that NetworkManager made for what it found, or keeps for as long as it lasts only."""


def staying(bus: Bus, live: Sides, saved: Sides, default: str) -> set[str]:
    """The interfaces that are in the same zone after a reload; the sides are settings by kind and name."""
    bound = {one for settings in saved["zone"].values() for one in settings.get("interfaces", ())}
    zones = dict(of_networkmanager(bus, default)) if bus.is_on_the_bus(_NAME) else {}
    again = {*_BINDS_AGAIN, *({default} - _named(live["policy"].values()))}
    return {
        one
        for zone, settings in live["zone"].items()
        for one in settings.get("interfaces", ())
        if zones.get(one) == zone or (one not in bound and (zone in again or _is_of_libvirt(zone, one)))
    }


def _is_of_libvirt(zone: str, interface: str) -> bool:
    """Whether libvirt binds it again to a zone of somebody's, which its network names."""
    return zone.startswith("libvirt") and is_inner(interface)


def is_inner(interface: str) -> bool:
    """Whether it is a bridge that no interface of the host's own belongs to, as libvirt and Docker make them."""
    bridge = Path("/sys/class/net") / interface
    return (bridge / "bridge").is_dir() and all(
        re.match(r"(veth|vnet|tap)", one.name) for one in (bridge / "brif").glob("*")
    )


def _named(policies: Iterable[Mapping[str, Any]]) -> set[str]:
    """The zones that policies name: to some editions a zone without an interface is none."""
    return {zone for one in policies for key in ("ingress_zones", "egress_zones") for zone in one.get(key, ())}


def of_networkmanager(bus: Bus, default: str) -> Iterator[tuple[str, str]]:
    """The interfaces of its connections, each with its zone; what it leaves to others is not among them."""
    for path in bus.ask(_NAME, _PATH, _NAME, "ActiveConnections"):
        # A connection may go while it is asked for.
        with suppress(_host.HostError):
            active = f"{_NAME}.Connection.Active"
            connection = bus.ask(_NAME, path, active, "Connection")
            kind = f"{_NAME}.Settings.Connection"
            if bus.ask(_NAME, path, active, "Vpn") or bus.ask(_NAME, connection, kind, "Flags") & (_FOUND | _PASSING):
                continue
            zone = bus.call(bus.tell(_NAME, connection, kind).GetSettings)["connection"].get("zone", "")
            for device in bus.ask(_NAME, path, active, "Devices"):
                yield str(bus.ask(_NAME, device, f"{_NAME}.Device", "Interface")), str(zone or default)
