# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: sockets of probes: how they are opened, and what the errors of opening and using one mean."""

from __future__ import annotations

import errno
import ipaddress
import os
import resource
import socket
import struct
from dataclasses import dataclass

_RECVERR = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
"""The option by which Linux tells which ICMP message an error came from, and the level that it is told at."""
_TELLS_ICMP = hasattr(socket, "MSG_ERRQUEUE")
"""Elsewhere, as on a controller with macOS, these numbers mean something else."""
_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_SPARE = 16
"""File descriptors that are left to others."""
_LINK = {4: (3, 1), 6: (1, 3)}
"""ICMP type and code of: nobody has this address."""


@dataclass(frozen=True)
class Icmp:
    """A message that somebody sent instead of an answer."""

    version: int
    kind: int
    code: int
    sender: str


class NotOpenedError(Exception):
    """No connection was even begun; says which outcome that is."""

    def __init__(self, outcome: str, number: int = 0, said: str = "") -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.number = number
        self.said = said


class ScarceError(Exception):
    """The host has no room for one more now."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def name_of(number: int) -> str:
    """An error's name, such as ``ECONNREFUSED``; empty for none."""
    return errno.errorcode.get(number, str(number)) if number else ""


def room() -> int:
    """How many connections may be open at a time, by the host's limit of file descriptors."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most == resource.RLIM_INFINITY:
        most = 1 << 20
    try:
        used = len(os.listdir("/proc/self/fd"))
    except OSError:
        used = 64
    return max(1, most - used - _SPARE)


def open_towards(address: str, port: int, transport: str, source_port: int | None) -> socket.socket:
    """A socket that connects, or is connected; raises :class:`NotOpenedError` or :class:`ScarceError`."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        opened = socket.socket(family, socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM)
    except OSError as wrong:
        if wrong.errno in _SCARCE:
            raise ScarceError(wrong.errno) from wrong
        raise NotOpenedError("no_route", wrong.errno or 0) from wrong
    try:
        opened.setblocking(False)
        if _TELLS_ICMP:
            opened.setsockopt(*_RECVERR[family], 1)
        if source_port:
            _bind(opened, source_port)
        number = opened.connect_ex((address, port))
        if number in (0, errno.EINPROGRESS):
            return opened
        if number in _SCARCE:
            raise ScarceError(number)
        if source_port and number == errno.EADDRNOTAVAIL:
            raise NotOpenedError("not_tried", number, _in_use(source_port, "to the same target "))
        raise NotOpenedError("refused" if number == errno.ECONNREFUSED else "no_route", number)
    except OSError as wrong:
        opened.close()
        raise NotOpenedError("no_route", wrong.errno or 0) from wrong
    except (NotOpenedError, ScarceError):
        opened.close()
        raise


def _bind(opened: socket.socket, port: int) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind(("", port))
    except OSError as wrong:
        number = wrong.errno or 0
        if number in (errno.EACCES, errno.EPERM):
            said = f"Only root may send from port {port} of this host: set become: true."
        elif number == errno.EADDRINUSE:
            said = _in_use(port)
        else:
            said = f"Port {port} of this host can't be sent from: {os.strerror(number)}."
        raise NotOpenedError("not_tried", number, said) from wrong


def _in_use(port: int, whereto: str = "") -> str:
    return f"Port {port} of this host is in use {whereto}or was a minute ago, so nothing can be sent from it."


def is_to_itself(opened: socket.socket) -> bool:
    """Whether a connection has met itself: the source port came to be the one that nobody listens on."""
    try:
        return bool(opened.getsockname() == opened.getpeername())
    except OSError:
        return False


def local_address(opened: socket.socket) -> str:
    """The address that it sends from; empty for none."""
    try:
        address = str(opened.getsockname()[0]).partition("%")[0]
    except OSError:
        return ""
    return "" if ipaddress.ip_address(address).is_unspecified else address


def icmp_message(opened: socket.socket) -> Icmp | None:
    """The last message that an error of the socket came from, if the kernel tells."""
    last = None
    for _each in range(8 if _TELLS_ICMP else 0):
        try:
            _data, told, _flags, _peer = opened.recvmsg(512, 512, socket.MSG_ERRQUEUE)
        except OSError:
            break
        for level, kind, data in told:
            last = _message(data) if (level, kind) in _RECVERR.values() else last
    return last


def _message(data: bytes) -> Icmp | None:
    if len(data) < 24:
        return None
    _number, origin, kind, code = struct.unpack_from("=IBBB", data)
    if origin == 2:
        return Icmp(4, kind, code, str(ipaddress.ip_address(data[20:24])))
    if origin == 3 and len(data) >= 40:
        return Icmp(6, kind, code, str(ipaddress.ip_address(data[24:40])))
    return None


def meaning(number: int, transport: str, icmp: Icmp | None, local: str, target: str) -> str:
    """The outcome that an error stands for which came after the first packet was sent."""
    nothing = "timeout" if transport == "tcp" else "unanswered"
    if number == errno.ETIMEDOUT:
        return nothing
    if icmp and icmp.sender == local != target:
        # Of its own: nobody answered on the link, or its own firewall refuses.
        return nothing if (icmp.kind, icmp.code) == _LINK[icmp.version] else "no_route"
    if number in (errno.ECONNREFUSED, errno.ECONNRESET):
        return "refused"
    return "no_route" if number == errno.EPERM else "prohibited"
