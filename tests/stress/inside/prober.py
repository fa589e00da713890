# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in the peer: sends packets to a host and tells which ones its stack has seen.

A line of JSON in, ``{"to": address, "probes": [[own address, transport, port, own port or 0], ...]}``, a line of JSON
out: for each probe, whether it was let in. A refusal of the stack itself (a reset, port-unreachable) counts as let in,
silence and a firewall's own message do not. What stays silent is asked once more: a packet can get lost.
"""

from __future__ import annotations

import errno
import json
import select
import socket
import sys
import time
from typing import Any

SILENCE = 0.25
TIMES = 2


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(look(asked["to"], asked["probes"])), flush=True)


def look(target: str, probes: list[list[Any]]) -> list[bool]:
    """Which probes are let in."""
    found: dict[int, bool] = {}
    for _time in range(TIMES):
        left = [number for number in range(len(probes)) if number not in found]
        if left:
            found.update(_once(target, {number: probes[number] for number in left}))
    return [found.get(number, False) for number in range(len(probes))]


def _once(target: str, probes: dict[int, list[Any]]) -> dict[int, bool]:
    """What has answered, by number; a probe without an answer is left out."""
    sockets = {number: _send(target, probe) for number, probe in probes.items()}
    found = {number: one for number, one in sockets.items() if isinstance(one, bool)}
    waiting = {one: number for number, one in sockets.items() if isinstance(one, socket.socket)}
    end = time.monotonic() + SILENCE
    while waiting and time.monotonic() < end:
        readable, writable, _rest = select.select(waiting, [one for one in waiting if _is_tcp(one)], [], 0.02)
        for one in {*readable, *writable}:
            found[waiting.pop(one)] = _verdict(one)
            one.close()
    for one in waiting:
        one.close()
    return found


def _is_tcp(one: socket.socket) -> bool:
    return one.type == socket.SOCK_STREAM


def _send(target: str, probe: list[Any]) -> socket.socket | bool:
    source, transport, port, own = probe
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM)
    one.setblocking(False)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if transport == "tcp":
        # A reset, so that the same source port is free at once for the next probe.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    try:
        one.bind((source, own))
        one.connect((target, port))
        if transport == "udp":
            one.send(b"?")
    except BlockingIOError:
        return one
    except OSError as wrong:
        one.close()
        return wrong.errno == errno.ECONNREFUSED
    return one


def _verdict(one: socket.socket) -> bool:
    if _is_tcp(one):
        wrong = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return wrong in (0, errno.ECONNREFUSED)
    try:
        one.recv(2048)
    except OSError as error:
        return error.errno == errno.ECONNREFUSED
    return True


if __name__ == "__main__":
    main()
