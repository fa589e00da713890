# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: one conversation with another end, without a socket: what to send now, and what the answer means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

Facts = dict[str, Union[str, int, list[str]]]
ANSWERED = "answered"
CONNECTED = "connected"
MISMATCH = "mismatch"
SILENT = "silent"
LONGEST = 120
"""The characters of a text that is kept; whoever answers may be hostile."""


class UnreadableError(Exception):
    """Bytes that are not what they should be."""


@dataclass(frozen=True)
class Question:
    """Who is asked, and what a protocol has to know for it."""

    address: str
    port: int
    transport: str = "tcp"
    server_name: str = ""
    community: str = "public"


def printable(data: bytes) -> str:
    """What of the bytes is printable ASCII, cut; the rest are spaces, and many of these are one."""
    text = bytes(byte if 32 <= byte < 127 else 32 for byte in data[: 8 * LONGEST]).decode("ascii")
    return " ".join(text.split())[:LONGEST]


class Talk:
    """One conversation; :data:`outcome` is empty until it is decided."""

    is_text = False
    """Whether an answer of this protocol is a text that somebody can read."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.facts: Facts = {}
        self.outcome = ""
        self.heard = b""
        """What the other end said first."""
        self.came = b""
        """All that came so far; the caller bounds it."""
        self._out: list[bytes] = []

    def start(self, local: str) -> None:
        """The connection stands, from that address of ours."""

    def again(self) -> None:
        """Half the time is over and nothing came: where a datagram may be lost, say it a second time."""

    def receive(self, data: bytes) -> None:
        """Some bytes came, of a datagram all."""
        self.heard = self.heard or data[: 8 * LONGEST]
        self.came += data
        self.look()

    def look(self) -> None:
        """Decide from what came, or wait for more."""

    def end(self) -> None:
        """No more will come: the other end has closed, or the time or the room is used up."""
        self.outcome = self.outcome or (MISMATCH if self.heard else SILENT)

    def send(self, data: bytes) -> None:
        """Have it sent."""
        self._out.append(data)

    def take(self) -> bytes:
        """What is to be sent now, of a connection."""
        return b"".join(self.take_each())

    def take_each(self) -> list[bytes]:
        """What is to be sent now, datagram by datagram."""
        out, self._out = self._out, []
        return out

    def said(self) -> str:
        """What the other end said first, where that is a text or was not understood."""
        return printable(self.heard) if self.is_text or self.outcome != ANSWERED else ""


class Asked(Talk):
    """A conversation of datagrams, which may be lost: the question is asked at most twice."""

    def ask(self) -> bytes:
        """The question."""
        return b""

    def start(self, local: str) -> None:
        """Ask."""
        self.send(self.ask())

    def again(self) -> None:
        """Ask again, where a datagram may be lost."""
        if self.question.transport == "udp":
            self.send(self.ask())

    def receive(self, data: bytes) -> None:
        """A datagram stands alone."""
        if self.question.transport == "udp":
            self.came = b""
        super().receive(data)
