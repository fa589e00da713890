# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain listeners, as a service of a lab's host: TCP is read and thrown away, every UDP datagram is answered.

Arguments: tcp/515 udp/5500-5501 (all addresses, IPv4 and IPv6) or tcp/515@192.0.2.10 (one address only).
They stand for the vendors' programs; they speak none of their protocols.
"""

from __future__ import annotations

import selectors
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

Handler = Callable[[selectors.BaseSelector, socket.socket], None]


def sockets(text: str) -> Iterator[tuple[socket.socket, Handler]]:
    """The sockets that one argument asks for."""
    where, _ignored, address = text.partition("@")
    transport, ports = where.split("/")
    first, _ignored, last = ports.partition("-")
    for port in range(int(first), int(last or first) + 1):
        for bound in [address] if address else ["0.0.0.0", "::"]:
            family = socket.AF_INET6 if ":" in bound else socket.AF_INET
            listener = socket.socket(family, socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((bound, port))
            if transport == "tcp":
                listener.listen(128)
            listener.setblocking(False)
            yield listener, answer_tcp if transport == "tcp" else answer_udp


def answer_tcp(selector: selectors.BaseSelector, listener: socket.socket) -> None:
    connection, _ignored = listener.accept()
    connection.setblocking(False)
    selector.register(connection, selectors.EVENT_READ, (read_away, connection))


def read_away(selector: selectors.BaseSelector, connection: socket.socket) -> None:
    try:
        if connection.recv(65536):
            return
    except BlockingIOError:
        return
    except OSError:
        pass
    selector.unregister(connection)
    connection.close()


def answer_udp(_ignored: selectors.BaseSelector, listener: socket.socket) -> None:
    data, peer = listener.recvfrom(65536)
    listener.sendto(b"printnet lab: " + data[:64], peer)


def main() -> None:
    selector = selectors.DefaultSelector()
    for argument in sys.argv[1:]:
        for listener, handler in sockets(argument):
            selector.register(listener, selectors.EVENT_READ, (handler, listener))
    while True:
        for key, _ignored in selector.select():
            handler, endpoint = key.data
            with suppress(OSError):  # the peer may be gone
                handler(selector, endpoint)


main()
