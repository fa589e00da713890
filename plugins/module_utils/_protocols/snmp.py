# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: SNMP: a get of sysDescr.0, first as version 1, then as 2c. Nothing is set."""

from __future__ import annotations

import os

from ansible_collections.printnet.ports.plugins.module_utils._protocols import _ber
from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import (
    ANSWERED,
    Asked,
    UnreadableError,
    printable,
)

_DESCRIPTION = bytes((0x2B, 6, 1, 2, 1, 1, 1, 0))
_GET, _RESPONSE = 0xA0, 0xA2


class Snmp(Asked):
    """A wrong community gets no answer, as the protocol has it."""

    _version = -1
    _number = 0

    def ask(self) -> bytes:
        """The question in the next version."""
        self._number = self._number or int.from_bytes(os.urandom(4), "big") & 0x7FFFFFFF or 1
        self._version += 1
        null = _ber.build(_ber.NULL)
        names = _ber.build(_ber.SEQUENCE, _ber.build(_ber.SEQUENCE, _ber.build(_ber.NAME, _DESCRIPTION), null))
        return _ber.build(
            _ber.SEQUENCE,
            _ber.build_number(min(self._version, 1)),
            _ber.build(_ber.OCTETS, self.question.community.encode("utf-8", "replace")),
            _ber.build(_GET, _ber.build_number(self._number), _ber.build_number(0), _ber.build_number(0), names),
        )

    def look(self) -> None:
        """A response to our question, whatever it says, is an answer."""
        try:
            self._read()
        except UnreadableError:
            return

    def _read(self) -> None:
        message, _after = _ber.expect(self.came, 0, _ber.SEQUENCE)
        version, at = _ber.number(message)
        _community, at = _ber.expect(message, at, _ber.OCTETS)
        body, _after = _ber.expect(message, at, _RESPONSE)
        number, at = _ber.number(body)
        if number != self._number or version not in (0, 1):
            return
        status, at = _ber.number(body, at)
        _index, at = _ber.number(body, at)
        self.facts["version"] = ("1", "2c")[version]
        if status:
            self.facts["error_status"] = status
        self.outcome = ANSWERED
        variables, _after = _ber.expect(body, at, _ber.SEQUENCE)
        variable, _after = _ber.expect(variables, 0, _ber.SEQUENCE)
        _name, at = _ber.expect(variable, 0, _ber.NAME)
        tag, value, _after = _ber.element(variable, at)
        if tag == _ber.OCTETS:
            self.facts["description"] = printable(self.hide(value))

    def said(self) -> str:
        """Whoever sends our question back must not give the community away."""
        return printable(self.hide(self.heard)) if self.outcome != ANSWERED else ""

    def hide(self, data: bytes) -> bytes:
        """The bytes without the community; ``public`` is no secret, but a word that means something elsewhere."""
        secret = self.question.community.encode("utf-8", "replace")
        return data.replace(secret, b"*" * 8) if secret and secret != b"public" else data
