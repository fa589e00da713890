# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's wires: a bridge a network in the lab's own namespace, which is their router and the controller's place."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

from .shell import run
from .spec import Host, Spec

# Unlimited answers of the hosts' own stacks: otherwise a fast UDP scan sees silence where a port is let in.
_HOST_SYSCTLS = {
    "net.ipv4.icmp_ratelimit": "0",
    "net.ipv4.icmp_ratemask": "0",
    "net.ipv6.icmp.ratelimit": "0",
    "net.ipv6.icmp.ratemask": "127",
    "net.ipv6.conf.all.accept_dad": "0",
    "net.ipv6.conf.default.accept_dad": "0",
    "net.ipv6.conf.default.accept_ra": "0",
    "net.ipv6.conf.default.disable_ipv6": "0",
    "net.ipv6.conf.all.disable_ipv6": "0",
}
_ROUTER_SYSCTLS = {
    **_HOST_SYSCTLS,
    "net.ipv4.ip_forward": "1",
    "net.ipv6.conf.all.forwarding": "1",
    "net.ipv4.conf.all.send_redirects": "0",
    "net.ipv4.conf.default.rp_filter": "0",
}


class Wires:
    """Makes the networks, plugs hosts in and out."""

    def __init__(self, spec: Spec) -> None:
        self._bridges = {network: f"net{index}" for index, network in enumerate(spec.networks)}
        self._counter = itertools.count()
        _sysctl(_ROUTER_SYSCTLS)
        lines = ["link set lo up"]
        for network, bridge in self._bridges.items():
            lines.append(f"link add {bridge} type bridge mcast_snooping 0")
            lines += [
                f"addr add {router}/{prefix.prefixlen} dev {bridge} nodad" for router, prefix in network.routers()
            ]
            lines.append(f"link set {bridge} up")
        run(["ip", "-batch", "-"], stdin="\n".join(lines))

    def plug(self, host: Host) -> None:
        """A network namespace for the host, with an interface in each of its networks."""
        run(["ip", "netns", "add", host.name])
        settings = [f"{name}={value}" for name, value in _HOST_SYSCTLS.items()]
        run(["ip", "netns", "exec", host.name, "sysctl", "-q", "-w", *settings])
        outside, inside, routed = [], ["link set lo up"], set()
        for index, interface in enumerate(host.interfaces):
            port, name = f"port{next(self._counter)}", f"eth{index}"
            mac = _hardware_address(host, index)
            outside.append(f"link add {port} type veth peer name {name} address {mac} netns {host.name}")
            outside.append(f"link set {port} master {self._bridges[interface.network]} up")
            inside += [f"addr add {own}/{prefix.prefixlen} dev {name} nodad" for own, prefix in interface.addresses]
            inside.append(f"link set {name} up")
            for router, prefix in interface.network.routers():
                if router.version not in routed and any(address in prefix for address, _ignored in interface.addresses):
                    routed.add(router.version)
                    inside.append(f"route add default via {router} dev {name}")
        run(["ip", "-batch", "-"], stdin="\n".join(outside))
        run(["ip", "-n", host.name, "-batch", "-"], stdin="\n".join(inside))

    def unplug(self, host: Host) -> None:
        """Away with the namespace, and with everything that a kernel keeps in one (interfaces, rules, sets)."""
        if Path("/run/netns", host.name).exists():
            run(["ip", "netns", "del", host.name])


def _hardware_address(host: Host, index: int) -> str:
    """The same after every boot: the neighbours remember it."""
    digest = hashlib.sha256(f"{host.name} {index}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


def _sysctl(settings: dict[str, str]) -> None:
    for name, value in settings.items():
        Path("/proc/sys", name.replace(".", "/")).write_text(value, encoding="ascii")
