# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: IPP: asks a printer for its name and state by Get-Printer-Attributes."""

from __future__ import annotations

import os
import re
import struct

from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import (
    ANSWERED,
    MISMATCH,
    SILENT,
    UnreadableError,
)
from ansible_collections.printnet.ports.plugins.module_utils._protocols.http import AGENT, Http, host_of

_GET_PRINTER_ATTRIBUTES = 0x000B
_OPERATION, _END = 0x01, 0x03
_CHARSET, _LANGUAGE, _URI, _KEYWORD, _ENUM = 0x47, 0x48, 0x45, 0x44, 0x23
_STATES = {3: "idle", 4: "processing", 5: "stopped"}
_STATUS = {
    0x0000: "successful-ok",
    0x0001: "successful-ok-ignored-or-substituted-attributes",
    0x0401: "client-error-forbidden",
    0x0402: "client-error-not-authenticated",
    0x0403: "client-error-not-authorized",
    0x0406: "client-error-not-found",
    0x0500: "server-error-internal-error",
    0x0501: "server-error-operation-not-supported",
    0x0502: "server-error-service-unavailable",
    0x0503: "server-error-version-not-supported",
}
_REFUSED = (401, 403, 426)
"""A server of IPP that wants to know who asks, or TLS, says so in HTTP."""
_MOST_INTERIM = 3
"""Answers that say only that another one comes; who sends more of them means no good."""


def _attribute(tag: int, name: str, value: str) -> bytes:
    first, second = name.encode("ascii"), value.encode("ascii")
    return struct.pack("!BH", tag, len(first)) + first + struct.pack("!H", len(second)) + second


class Ipp(Http):
    """The printer is the one at the server's root; that there is none is an answer too."""

    scheme = "ipp"
    _interim = 0

    def start(self, local: str) -> None:
        """Ask."""
        self._number = os.urandom(3)
        host = host_of(self.question)
        body = (
            struct.pack("!BBH", 1, 1, _GET_PRINTER_ATTRIBUTES)
            + b"\0"
            + self._number
            + bytes((_OPERATION,))
            + _attribute(_CHARSET, "attributes-charset", "utf-8")
            + _attribute(_LANGUAGE, "attributes-natural-language", "en")
            + _attribute(_URI, "printer-uri", f"{self.scheme}://{host}/")
            + _attribute(_KEYWORD, "requested-attributes", "printer-state")
            + _attribute(_KEYWORD, "", "printer-name")
            + bytes((_END,))
        )
        head = f"POST / HTTP/1.1\r\nHost: {host}:{self.question.port}\r\nUser-Agent: {AGENT}\r\n"
        head += f"Content-Type: application/ipp\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.send(head.encode("ascii") + body)

    def head_came(self) -> None:
        """Go on to the body."""
        fields = self.read_head()
        if not fields:
            super(Http, self).end()
            return
        status = int(fields[""])
        rest = re.split(rb"\r?\n\r?\n", self.came, maxsplit=1)[1]
        if 100 <= status < 200:
            # There is more to come, after this one.
            self.came = rest
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                self.outcome = MISMATCH
            elif rest:
                self.look()
            return
        if fields.get("content-type", "").partition(";")[0].strip().lower() != "application/ipp":
            # Printers that have theirs at another path than the root refuse it in HTTP (RFC 8010, 3.4.3).
            self.outcome = ANSWERED if status in _REFUSED else MISMATCH if 200 <= status < 300 else SILENT
            return
        try:
            self._read(_unchunked(rest) if "chunked" in fields.get("transfer-encoding", "").lower() else rest)
        except UnreadableError:
            return

    def end(self) -> None:
        """The first bytes of the body are enough."""
        if not self.outcome and "ipp_status" in self.facts:
            self.outcome = ANSWERED
        super(Http, self).end()

    def _read(self, body: bytes) -> None:
        if len(body) < 8:
            return
        major, _minor, status, number = struct.unpack_from("!BBHI", body)
        if major not in (1, 2) or number != int.from_bytes(self._number, "big"):
            self.outcome = MISMATCH
            return
        self.facts["ipp_status"] = _STATUS.get(status, f"0x{status:04x}")
        state = _printer_state(body)
        if state is not None:
            self.facts["printer_state"] = _STATES.get(state, str(state))
        self.outcome = ANSWERED


class Ipps(Ipp):
    """The same, where it goes through TLS."""

    scheme = "ipps"


def _printer_state(body: bytes) -> int | None:
    """The state that an answer tells, if it does; raises UnreadableError where it is cut."""
    at = 8
    while at < len(body):
        tag = body[at]
        at += 1
        if tag == _END:
            return None
        if tag < 0x10:
            continue
        name, at = _counted(body, at)
        value, at = _counted(body, at)
        if name == b"printer-state" and tag == _ENUM and len(value) == 4:
            return int.from_bytes(value, "big")
    raise UnreadableError


def _counted(body: bytes, at: int) -> tuple[bytes, int]:
    if len(body) < at + 2:
        raise UnreadableError
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    if len(body) < end:
        raise UnreadableError
    return body[at + 2 : end], end


def _unchunked(data: bytes) -> bytes:
    """The pieces of a chunked body that are there, without their sizes."""
    pieces: list[bytes] = []
    at = 0
    while True:
        line, found, _rest = data[at : at + 20].partition(b"\r\n")
        size = re.match(rb"[0-9A-Fa-f]{1,6}", line)
        if not found or not size or not int(size[0], 16):
            return b"".join(pieces)
        at += len(line) + 2
        pieces.append(data[at : at + int(size[0], 16)])
        at += int(size[0], 16) + 2
