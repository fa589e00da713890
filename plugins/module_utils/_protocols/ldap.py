# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: LDAP: reads the entry that says what the server can, as nobody, and leaves."""

from __future__ import annotations

from ansible_collections.printnet.ports.plugins.module_utils._protocols import _ber
from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import (
    ANSWERED,
    Talk,
    UnreadableError,
    printable,
)

_SEARCH, _ENTRY, _DONE, _UNBIND, _NOTICE = 0x63, 0x64, 0x65, 0x42, 0x78
_BOOLEAN, _PRESENT = 0x01, 0x87
_RESULTS = {
    0: "success",
    1: "operationsError",
    2: "protocolError",
    8: "strongerAuthRequired",
    32: "noSuchObject",
    48: "inappropriateAuthentication",
    50: "insufficientAccessRights",
    51: "busy",
    52: "unavailable",
    53: "unwillingToPerform",
}


class Ldap(Talk):
    """A search without a bind; that the server refuses it is an answer too."""

    def start(self, local: str) -> None:
        """Ask for the root entry's versions and names only."""
        names = (b"supportedLDAPVersion", b"namingContexts")
        search = _ber.build(
            _SEARCH,
            _ber.build(_ber.OCTETS),
            _ber.build_number(0, _ber.ENUMERATED),
            _ber.build_number(0, _ber.ENUMERATED),
            _ber.build_number(1),
            _ber.build_number(5),
            _ber.build(_BOOLEAN, b"\0"),
            _ber.build(_PRESENT, b"objectClass"),
            _ber.build(_ber.SEQUENCE, *(_ber.build(_ber.OCTETS, name) for name in names)),
        )
        self.send(_ber.build(_ber.SEQUENCE, _ber.build_number(1), search))

    def look(self) -> None:
        """Message by message, until the search is done."""
        try:
            while self.came and not self.outcome:
                message, after = _ber.expect(self.came, 0, _ber.SEQUENCE)
                self._read(message)
                self.came = self.came[after:]
        except _ber.ShortError:
            # A length that will never come is waited for no longer than any other silence.
            if self.came[:1] != bytes((_ber.SEQUENCE,)):
                self.end()
        except UnreadableError:
            self.end()

    def _read(self, message: bytes) -> None:
        try:
            number, at = _ber.number(message)
            tag, content, _after = _ber.element(message, at)
            if (number, tag) == (1, _ENTRY):
                self._names(content)
            elif (number, tag) in ((1, _DONE), (0, _NOTICE)):
                code, _after = _ber.number(content, 0, _ber.ENUMERATED)
                self.facts["result"] = _RESULTS.get(code, str(code))
                self.send(_ber.build(_ber.SEQUENCE, _ber.build_number(2), _ber.build(_UNBIND)))
                self.outcome = ANSWERED
            else:
                raise UnreadableError
        except _ber.ShortError as wrong:
            raise UnreadableError from wrong

    def _names(self, entry: bytes) -> None:
        _name, at = _ber.expect(entry, 0, _ber.OCTETS)
        attributes, _after = _ber.expect(entry, at, _ber.SEQUENCE)
        for tag, attribute in _ber.each(attributes):
            if tag != _ber.SEQUENCE:
                raise UnreadableError
            name, at = _ber.expect(attribute, 0, _ber.OCTETS)
            values, _after = _ber.expect(attribute, at, _ber.SET)
            if name.lower() == b"namingcontexts":
                self.facts["naming_contexts"] = [printable(value) for _tag, value in _ber.each(values)][:10]
