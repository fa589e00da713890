# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: DNS over UDP and TCP, and multicast DNS asked by one host of one other."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import struct

from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import (
    ANSWERED,
    Asked,
    Question,
    UnreadableError,
)

_PTR, _NS = 12, 2
_IN, _UNICAST = 1, 0x8001
"""The class of the Internet; and the same with the wish to be answered alone."""
_CODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")


def _name(text: str) -> bytes:
    labels = [label.encode("ascii") for label in text.split(".") if label]
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def _skip_name(data: bytes, at: int) -> int:
    while at < len(data):
        length = data[at]
        if length & 0xC0 == 0xC0:
            return at + 2
        if length & 0xC0:
            raise UnreadableError
        at += length + 1
        if not length:
            return at
    raise UnreadableError


class Dns(Asked):
    """Asks who the root's name servers are. Every response to that counts, a refusal too."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.number = os.urandom(2)

    def ask(self) -> bytes:
        """The question, with its length where it goes over a connection."""
        text = self.number + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + self.questions()
        return text if self.question.transport == "udp" else struct.pack("!H", len(text)) + text

    def questions(self) -> bytes:
        """What is asked."""
        return _name("") + struct.pack("!HH", _NS, _IN)

    def is_ours(self, number: bytes) -> bool:
        """Whether an answer with that number answers our question."""
        return number == self.number

    def look(self) -> None:
        """Wait for the whole of a response."""
        data = self.came
        if self.question.transport == "tcp":
            if len(data) < 2:
                return
            (length,) = struct.unpack_from("!H", data)
            if length < 12:
                self.end()
                return
            data = data[2 : 2 + length]
            if len(data) < length:
                return
        with contextlib.suppress(UnreadableError):
            self._read(data)
        if self.question.transport == "tcp":
            self.end()

    def _read(self, data: bytes) -> None:
        if len(data) < 12:
            return
        flags, questions, answers = struct.unpack_from("!HHH", data, 2)
        if not self.is_ours(data[:2]) or not flags & 0x8000 or flags & 0x7800:
            return
        at = 12
        for _each in range(questions):
            at = _skip_name(data, at) + 4
        if at > len(data):
            return
        code = flags & 0xF
        self.facts["rcode"] = _CODES[code] if code < len(_CODES) else str(code)
        self.facts["answers"] = answers
        self.outcome = ANSWERED


class Mdns(Dns):
    """Asks one host, not the link: which services it has, and what its own address is called."""

    def questions(self) -> bytes:
        """Two questions; a host without services knows at least its name."""
        address = ipaddress.ip_address(self.question.address.partition("%")[0])
        names = ("_services._dns-sd._udp.local", address.reverse_pointer)
        return b"".join(_name(name) + struct.pack("!HH", _PTR, _UNICAST) for name in names)

    def ask(self) -> bytes:
        """Both in one message."""
        return self.number + struct.pack("!HHHHH", 0, 2, 0, 0, 0) + self.questions()

    def is_ours(self, number: bytes) -> bool:
        """Multicast answers have no number."""
        return number in (self.number, b"\0\0")
