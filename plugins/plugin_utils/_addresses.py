# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: addresses and networks in their one form: the fewest CIDRs, IPv4 before IPv6."""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError

_RESOLVERS = 16
_MULTICAST = 224
_FEW = 8
"""So many holes are cut one by one."""
_LENGTH = re.compile(r"(?:0|[1-9][0-9]{0,2})\Z")
_NAME = re.compile(r"(?=[^.]*[A-Za-z])[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?\Z")
_FIGURES = re.compile(r"[\d.]+\Z")
_RESERVED = ipaddress.ip_network("240.0.0.0/4")
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")


def networks(value: Any) -> tuple[str, ...]:
    """One entry as CIDRs: an address, a network with length or mask, or a range ``first-last``.

    Raises ValueError with what would be right.
    """
    text = str(value).strip()
    if (plain := _rules.plain_network(text)) is not None:
        return (plain,)
    netaddr = _netaddr()
    try:
        if "-" in text:
            first, last = (_address(part.strip()) for part in text.split("-", 1))
            if first.version != last.version or first > last:
                raise ValueError
            return tuple(str(cidr) for cidr in netaddr.iprange_to_cidrs(first, last))
        if "/" not in text:
            return (str(netaddr.IPNetwork(_address(text))),)
        start, _ignored, length = text.partition("/")
        if not (_LENGTH.match(length) or _address(length).is_netmask()):
            raise ValueError
        network = netaddr.IPNetwork(f"{_address(start)}/{length}")
    except (netaddr.AddrFormatError, ValueError, TypeError):
        raise ValueError(
            "must be an address, a network such as 192.0.2.0/24 or 2001:db8::/64, or a range such as "
            "192.0.2.10-192.0.2.20" + ("; write its address; a name is not resolved here" if _NAME.match(text) else "")
        ) from None
    if network.ip != network.network:
        raise ValueError(f"has host bits set: write {network.cidr} for the network or {network.ip} for the one address")
    return (str(network.cidr),)


def _netaddr() -> Any:
    """The library. Only what is not spelt in its one form needs it, and waits for it."""
    try:
        import netaddr
    except ImportError:
        raise PortsError(
            "The Python library netaddr is missing on the controller: install netaddr for the Python that Ansible runs "
            f"with, which is {sys.executable}"
        ) from None
    return netaddr


def _address(text: str) -> Any:
    netaddr = _netaddr()
    return netaddr.IPAddress(text, flags=netaddr.INET_PTON)


def address(value: Any) -> str | None:
    """The address in its one form, or None where the value is none."""
    try:
        found = networks(value) if "/" not in str(value) and "-" not in str(value) else ()
    except ValueError:
        return None
    return found[0].rpartition("/")[0] if found else None


def is_half_one(text: str) -> bool:
    """Whether the text, which is no address, is meant as one, or a resolver reads one out of it.

    It takes 010.0.0.1 for 8.0.0.1, 10.1 for 10.0.0.1, and the name 4711 for 0.0.18.103.
    """
    if _FIGURES.match(text):
        return True
    try:
        socket.getaddrinfo(text, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return False
    return True


def misplaced(value: str) -> str:
    """Why the address can't be that of a peer; empty where it can."""
    first, dot, _rest = value.partition(".")
    if dot and first.isdigit() and 0 < int(first) < _MULTICAST and first != "127":
        return ""  # of thousands nearly all
    found = ipaddress.ip_address(value)
    mapped = getattr(found, "ipv4_mapped", None)
    reasons = (
        (found.is_loopback, "a loopback address"),
        (found.is_multicast, "a multicast address"),
        (int(found) == 0, "the unspecified address"),
        (found in _THIS_NETWORK, f"an address of {_THIS_NETWORK}"),
        (found == _RESERVED.broadcast_address, "the broadcast address"),
        (found in _RESERVED, "a reserved address"),
        (found.version == 6 and found.is_link_local, "a link-local address, which means nothing without its interface"),
        (mapped, f"an IPv4 address in IPv6 form; write {mapped}"),
    )
    return next((reason for holds, reason in reasons if holds), "")


def merge(cidrs: Iterable[str]) -> tuple[str, ...]:
    """The fewest networks that hold the same addresses, IPv4 first, each family in order."""
    return _rules.fewest(frozenset(cidrs))


def without(cidrs: tuple[str, ...], holes: Iterable[str]) -> tuple[str, ...]:
    """The networks, in their fewest, without the addresses of the holes, in their fewest."""
    holes = tuple(holes)
    if len(holes) > _FEW:
        return merge(_rules.without(cidrs, holes))
    for hole in holes:
        cidrs = _cut(cidrs, *_rules.span_of(hole))
    return cidrs


def _cut(cidrs: tuple[str, ...], version: int, begin: int, end: int) -> tuple[str, ...]:
    """Only the networks that the hole touches are looked at: thousands of hosts each leave themselves out."""
    spans = _spans(cidrs)
    left = max(bisect_left(spans, (version, begin, end)) - 1, 0)
    right = bisect_right(spans, (version, end, 1 << 128))
    parts: list[str] = []
    for one, first, last in spans[left:right]:
        if one != version or last < begin or end < first:
            parts += _rules.networks_of(one, first, last)
        else:
            parts += _rules.networks_of(one, first, begin - 1)
            parts += _rules.networks_of(one, end + 1, last)
    return (*cidrs[:left], *parts, *cidrs[right:])


@lru_cache(maxsize=256)
def _spans(cidrs: tuple[str, ...]) -> list[tuple[int, int, int]]:
    return [_rules.span_of(cidr) for cidr in cidrs]


def resolve(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The addresses that the controller's resolver has for each name; none for a name that it does not know."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    with ThreadPoolExecutor(max_workers=min(_RESOLVERS, len(wanted))) as pool:
        return dict(zip(wanted, pool.map(_resolve, wanted), strict=True))


@cache
def _resolve(name: str) -> tuple[str, ...]:
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))
