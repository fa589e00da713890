# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: Kerberos: asks for a ticket for somebody who does not exist; the error is the answer."""

from __future__ import annotations

import os
import struct

from ansible_collections.printnet.ports.plugins.module_utils._protocols import _ber
from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import (
    ANSWERED,
    MISMATCH,
    Asked,
    UnreadableError,
)

_AS_REQ, _AS_REP, _ERROR = 0x6A, 0x6B, 0x7E
_TEXT, _TIME = 0x1B, 0x18
NOBODY = "printnet-ports-probe"
REALM = "PRINTNET.PORTS.INVALID"
_ERRORS = {
    6: "KDC_ERR_C_PRINCIPAL_UNKNOWN",
    7: "KDC_ERR_S_PRINCIPAL_UNKNOWN",
    12: "KDC_ERR_POLICY",
    14: "KDC_ERR_ETYPE_NOSUPP",
    18: "KDC_ERR_CLIENT_REVOKED",
    25: "KDC_ERR_PREAUTH_REQUIRED",
    29: "KDC_ERR_SVC_UNAVAILABLE",
    41: "KRB_AP_ERR_MODIFIED",
    52: "KRB_ERR_RESPONSE_TOO_BIG",
    60: "KRB_ERR_GENERIC",
    68: "KDC_ERR_WRONG_REALM",
}


def _part(index: int, *content: bytes) -> bytes:
    return _ber.build(0xA0 | index, *content)


def _name(kind: int, *names: str) -> bytes:
    texts = _ber.build(_ber.SEQUENCE, *(_ber.build(_TEXT, name.encode("ascii")) for name in names))
    return _ber.build(_ber.SEQUENCE, _part(0, _ber.build_number(kind)), _part(1, texts))


class Kerberos(Asked):
    """The realm is the server's name in capitals, where one is given. No password is involved, and none is guessed."""

    def ask(self) -> bytes:
        """The request, with its length where it goes over a connection."""
        realm = (self.question.server_name or REALM).upper()
        kinds = _ber.build(_ber.SEQUENCE, *(_ber.build_number(kind) for kind in (18, 17, 20, 19, 23)))
        body = _ber.build(
            _ber.SEQUENCE,
            _part(0, _ber.build(_ber.BITS, b"\0\0\0\0\0")),
            _part(1, _name(1, NOBODY)),
            _part(2, _ber.build(_TEXT, realm.encode("ascii"))),
            _part(3, _name(2, "krbtgt", realm)),
            _part(5, _ber.build(_TIME, b"20370913024805Z")),
            _part(7, _ber.build_number(int.from_bytes(os.urandom(3), "big"))),
            _part(8, kinds),
        )
        message = _ber.build(
            _AS_REQ,
            _ber.build(_ber.SEQUENCE, _part(1, _ber.build_number(5)), _part(2, _ber.build_number(10)), _part(4, body)),
        )
        return message if self.question.transport == "udp" else struct.pack("!I", len(message)) + message

    def look(self) -> None:
        """Wait for the whole of an answer."""
        data = self.came
        if self.question.transport == "tcp":
            if len(data) < 4:
                return
            length = int.from_bytes(data[:4], "big")
            data = data[4 : 4 + length]
            if data and data[0] not in (_AS_REP, _ERROR):
                self.outcome = MISMATCH
            if len(data) < length:
                return
        try:
            self._read(data)
        except UnreadableError:
            if self.question.transport == "tcp":
                self.outcome = MISMATCH

    def _read(self, data: bytes) -> None:
        tag, message, _after = _ber.element(data)
        if tag not in (_AS_REP, _ERROR):
            raise UnreadableError
        fields, _after = _ber.expect(message, 0, _ber.SEQUENCE)
        parts = dict(_ber.each(fields))
        version, _after = _ber.number(parts.get(0xA0, b""))
        kind, _after = _ber.number(parts.get(0xA1, b""))
        if version != 5 or kind != tag & 0x1F:
            raise UnreadableError
        if tag == _ERROR:
            code, _after = _ber.number(parts.get(0xA6, b""))
            self.facts["error"] = _ERRORS.get(code, str(code))
        self.outcome = ANSWERED
