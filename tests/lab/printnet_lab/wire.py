# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a lab is found and spoken to: one abstract socket a lab, one JSON request and answer a connection.

An abstract socket has no file, belongs to one process at most, and is gone when that process is: so it is the lab's
name, its lock and its register at once, and nothing of it can be left behind.
"""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path
from typing import Any

from .errors import LabError

PREFIX = "printnet.ports/lab/"
_BIGGEST = 1 << 18


def reserve(name: str) -> socket.socket:
    """Take a lab's name; only one can have it."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        server.bind(f"\0{PREFIX}{name}")
    except OSError:
        server.close()
        raise LabError(f"a lab named {name} is up already: `lab down {name}`, or take another --name") from None
    return server


def names() -> list[str]:
    """The labs that are up."""
    found = set()
    for line in Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace").splitlines():
        _ignored, mark, name = line.partition(f"@{PREFIX}")
        if mark:
            found.add(name)
    return sorted(found)


def ask(name: str, timeout: float | None = 90, **request: Any) -> tuple[dict[str, Any], list[int]]:
    """Send one request to a lab; the answer and the file descriptors that came with it."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.settimeout(timeout)
    with client:
        try:
            client.connect(f"\0{PREFIX}{name}")
        except OSError:
            others = ", ".join(names())
            raise LabError(f"no lab named {name} is up" + (f" (there are: {others})" if others else "")) from None
        try:
            client.send(json.dumps(request).encode())
            text, fds, _ignored, _ignored = socket.recv_fds(client, _BIGGEST, 16)
        except OSError as error:
            raise LabError(f"lab {name} does not answer: {error}") from None
    if not text:
        raise LabError(f"lab {name} has gone down")
    answer: dict[str, Any] = json.loads(text)
    if "error" in answer:
        raise LabError(answer["error"])
    return answer, list(fds)


def receive(connection: socket.socket) -> dict[str, Any]:
    """A request, on the lab's side. Only root is answered."""
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    if struct.unpack("3i", peer)[1] != 0:
        raise LabError("only root may speak to a lab")
    request: dict[str, Any] = json.loads(connection.recv(_BIGGEST))
    return request


def answer(connection: socket.socket, reply: dict[str, Any], fds: list[int]) -> None:
    """The answer to a request."""
    socket.send_fds(connection, [json.dumps(reply).encode()], fds)
