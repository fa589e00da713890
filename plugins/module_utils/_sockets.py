# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: who listens on this host, out of /proc alone: a minimal host has neither ss nor netstat.

Sources: proc_pid_net(5) for the tables of sockets, sock_diag(7) for what they leave out.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _rules

PROC = Path("/proc")
MOST = 5000
"""More listeners than so many are left out: no host has them for a good reason."""
_LISTENS = {"tcp": "0A", "udp": "07"}
_TABLES = (("tcp", 4), ("tcp", 6), ("udp", 4), ("udp", 6))
_LONG = 60
# A request of sock_diag: nlmsghdr, then inet_diag_req_v2 with an empty socket id.
_HEADER, _REQUEST = struct.Struct("=IHHII"), struct.Struct("=BBBBI48x")
_ANSWER = 72
"""Bytes of an inet_diag_msg, behind which attributes stand."""
_BY_FAMILY, _DUMP, _ERROR, _DONE = 20, 0x301, 2, 3
_V6ONLY = 11


@dataclass(frozen=True)
class Listener:
    """A socket that waits for whoever calls.

    ``address`` is the one that it is bound to: ``0.0.0.0`` and ``::`` mean any. ``serves`` are the IP versions that
    reach it. ``process`` is the program's name and ``unit`` its systemd unit, empty where they can't be seen.
    """

    transport: str
    address: str
    port: int
    serves: tuple[int, ...]
    process: str = ""
    pid: int = 0
    unit: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "transport": self.transport,
            "address": self.address,
            "port": self.port,
            "serves": list(self.serves),
            "process": self.process,
            "pid": self.pid,
            "unit": self.unit,
        }


def listeners() -> list[Listener]:
    """All of them, by transport, port and address."""
    owners = dict(_owners())
    alone = _v6only()
    found: dict[tuple[Any, ...], Listener] = {}
    for transport, version in _TABLES:
        for address, port, inode in _table(PROC / "net" / f"{transport}{'6' if version == 6 else ''}", transport):
            serves: tuple[int, ...] = (4,) if version == 4 or address.startswith("::ffff:") else (6,)
            if address == "::" and not alone.get((transport, inode), False):
                serves = (4, 6)
            one = Listener(transport, address.replace("::ffff:", "") if "." in address else address, port, serves)
            pid = owners.get(inode, 0)
            key = (transport, port, one.address, pid)
            if key not in found and len(found) < MOST:
                found[key] = replace(one, process=_process(pid), pid=pid, unit=_unit(pid)) if pid else one
    return sorted(found.values(), key=lambda one: (one.transport, one.port, one.address, one.pid))


def _table(path: Path, transport: str) -> Iterator[tuple[str, int, int]]:
    """Address, port and inode of each socket of a table that listens."""
    with suppress(OSError):
        for line in path.read_text(encoding="ascii", errors="replace").splitlines()[1:]:
            words = line.split()
            # A UDP socket that is connected has somebody at its other end, and takes nothing from others.
            if len(words) > 9 and words[3] == _LISTENS[transport]:
                place, _colon, port = words[1].partition(":")
                yield _address(place), int(port, 16), int(words[9])


def _address(text: str) -> str:
    """The kernel writes addresses as words of four bytes, each in the order of the machine."""
    packed = b"".join(struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8))
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def _owners() -> Iterator[tuple[int, int]]:
    """Inodes of sockets and the process that has each: the one that has had it for longest comes last, and counts.

    Process 1 counts only where nobody else has it: systemd keeps the sockets that it opens for its services. Without
    root only one's own processes can be looked into.
    """
    for pid in sorted((int(name) for name in os.listdir(PROC) if name.isdigit()), key=lambda pid: (pid != 1, -pid)):
        with suppress(OSError):
            for descriptor in os.scandir(PROC / str(pid) / "fd"):
                with suppress(OSError, ValueError):
                    link = os.readlink(descriptor.path)
                    if link.startswith("socket:["):
                        yield int(link[8:-1]), pid


def _process(pid: int) -> str:
    """The program's name; of a script that an interpreter runs, the name that it has given itself."""
    with suppress(OSError):
        return printable((PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace"))
    return ""


def _unit(pid: int) -> str:
    """The unit whose control group the process is in: the last word of its path that names one."""
    with suppress(OSError):
        for line in (PROC / str(pid) / "cgroup").read_text(encoding="utf-8", errors="replace").splitlines():
            for word in reversed(line.split(":", 2)[-1].split("/")):
                if word.endswith((".service", ".socket", ".scope")):
                    return printable(word)
    return ""


def printable(text: str, most: int = _LONG) -> str:
    """What a host's programs call themselves, as it can stand on one line."""
    return _rules.printable(text.strip()[:most])


def _v6only() -> dict[tuple[str, int], bool]:
    """By transport and inode, whether a socket takes IPv6 only, as far as it is known: the tables do not say it."""
    found: dict[tuple[str, int], bool] = {}
    for transport, protocol, states in (("tcp", socket.IPPROTO_TCP, 1 << 10), ("udp", socket.IPPROTO_UDP, 1 << 7)):
        with suppress(OSError, struct.error, AttributeError):
            for inode, alone in _diagnosed(protocol, states):
                found[transport, inode] = alone
    return found


def _diagnosed(protocol: int, states: int) -> Iterator[tuple[int, bool]]:
    request = _REQUEST.pack(socket.AF_INET6, protocol, 0, 0, states)
    with closing(socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 4)) as netlink:
        netlink.settimeout(2)
        netlink.send(_HEADER.pack(_HEADER.size + len(request), _BY_FAMILY, _DUMP, 1, 0) + request)
        while True:
            data = netlink.recv(1 << 17)
            while data:
                length, kind, _flags, _number, _pid = _HEADER.unpack_from(data)
                if kind in (_ERROR, _DONE) or length < _HEADER.size:
                    return
                yield from _answer(data[_HEADER.size : length])
                data = data[length + 3 & ~3 :]


def _answer(message: bytes) -> Iterable[tuple[int, bool]]:
    (inode,) = struct.unpack_from("=I", message, _ANSWER - 4)
    rest = message[_ANSWER:]
    while len(rest) >= 4:
        length, kind = struct.unpack_from("=HH", rest)
        if kind == _V6ONLY:
            return [(inode, bool(rest[4]))]
        if length < 4:
            break
        rest = rest[length + 3 & ~3 :]
    return []
