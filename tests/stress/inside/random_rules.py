# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random sets of rules, from a seed."""

from __future__ import annotations

import ipaddress
import random
from typing import Any

Rules = list[dict[str, Any]]

PORTS = [
    "515",
    "631",
    "161",
    "9100",
    "5500-5501",
    "1",
    "9443",
    "8080",
    "5000-6000",
    "9187",
    "65000",
    "7501",
    "1024-1030",
]
"""Foreign configurations have ports from 50000 to 59999, which no set here touches."""
NEAR = [
    "198.51.100.10/32", "198.51.100.0/26", "198.51.100.64/26", "198.51.100.128/25", "198.51.100.0/24",
    "198.51.100.77/32", "2001:db8:2::10/128", "2001:db8:2::/64", "2001:db8:2::80/121", "2001:db8:2::beef/128",
    "198.51.0.0/16", "2001:db8::/32",
]  # fmt: skip
"""Networks around the addresses of the peer that sends packets."""
PEERS = ["198.51.100.10", "198.51.100.77", "2001:db8:2::10", "2001:db8:2::beef"]
"""These addresses: the estate has them."""


def port(rng: random.Random) -> str:
    if rng.random() < 0.7:
        return rng.choice(PORTS)
    first = rng.choice([rng.randint(1, 49999), rng.randint(60000, 65535)])
    if rng.random() < 0.6:
        return str(first)
    last = min(first + rng.choice([0, 1, 7, 300]), 49999 if first < 50000 else 65535)
    return f"{first}-{last}"


def network(rng: random.Random) -> str:
    """Any network, of either family."""
    if rng.random() < 0.6:
        length = rng.choice([8, 16, 24, 24, 30, 31, 32, 32])
        return str(ipaddress.ip_network((rng.getrandbits(24) + (10 << 24), length), strict=False))
    length = rng.choice([32, 48, 64, 64, 127, 128, 128])
    return str(ipaddress.ip_network(((0x20010DB8 << 96) + rng.getrandbits(96), length), strict=False))


def peers(rng: random.Random, most: int) -> list[str]:
    if rng.random() < 0.15:
        return ["any"]
    near = rng.sample(NEAR, rng.randint(0, 3))
    far = [network(rng) for _one in range(rng.randint(0 if near else 1, most))]
    if far and rng.random() < 0.15:
        far.append(rng.choice(["0.0.0.0/0", "::/0"]))
    return near + far


def rule(rng: random.Random, firewall: str, most: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "direction": "out" if rng.random() < 0.05 else "in",
        "transport": rng.choice(["tcp", "tcp", "udp"]),
        "ports": [port(rng) for _one in range(rng.choice([1, 1, 2, 3, 6, 20] if rng.random() < 0.3 else [1, 2]))],
        "source_ports": [],
        "peers": peers(rng, most),
    }
    if firewall != "firewalld" and rng.random() < 0.12:
        found["source_ports"] = [rng.choice(["5353", "1024-65535", "20", "1-1023"])]
    return found


def rules(rng: random.Random, firewall: str, large: bool = False) -> Rules:
    """A set; a large one may have hundreds of networks."""
    most = rng.choice([3, 3, 3, 12, 40, 300]) if large else rng.choice([2, 2, 4, 12])
    return [rule(rng, firewall, most) for _one in range(rng.choice([0, 1, 1, 2, 3, 5]))]


def changed(rng: random.Random, old: Rules, firewall: str) -> Rules:
    """Another set: wholly new, or the old one with something added, taken away or changed."""
    how = rng.choice(["new", "add", "remove", "change", "networks"])
    if how == "new" or not old:
        return rules(rng, firewall)
    new = [dict(one) for one in old]
    if how == "add":
        return [*new, rule(rng, firewall, 3)]
    place = rng.randrange(len(new))
    if how == "remove":
        return new[:place] + new[place + 1 :]
    if how == "change":
        new[place] = rule(rng, firewall, 12)
    elif rng.random() < 0.5:
        new[place]["peers"] = [near(rng, peer) if rng.random() < 0.5 else peer for peer in old[place]["peers"]]
    else:
        new[place]["peers"] = [*rng.sample(old[place]["peers"], (len(old[place]["peers"]) + 1) // 2), *peers(rng, 12)]
    return new


def near(rng: random.Random, peer: str) -> str:
    """A network that holds this one, or half of it."""
    if peer == "any":
        return peer
    network = ipaddress.ip_network(peer)
    wider = network.prefixlen == network.max_prefixlen or (network.prefixlen > 1 and rng.random() < 0.5)
    return str(network.supernet() if wider else rng.choice(list(network.subnets())))
