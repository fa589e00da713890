# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: TLS around another conversation or none: what is offered is told, not judged."""

from __future__ import annotations

import re
import ssl
import warnings
from contextlib import suppress
from functools import lru_cache

from ansible_collections.printnet.ports.plugins.module_utils import _certificate
from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import (
    ANSWERED,
    MISMATCH,
    Question,
    Talk,
    printable,
)

_OLD_SERVERS = 0x4
"""Connect also where a server knows no secure renegotiation."""
_RECORDS = (0x14, 0x15, 0x16, 0x17)
_HANDSHAKE = 0x16
_OF_CLIENT = re.compile(r"alert.*(handshake failure|certificate|unknown ca|access denied)")
"""How servers refuse whoever has no certificate, after they have said who they are themselves."""

NOT_FINISHED = "the handshake was not finished"
WANTS_CERTIFICATE = "the server wants a certificate of its client"


@lru_cache(maxsize=1)
def context() -> ssl.SSLContext:
    """As tolerant as OpenSSL can be: old versions and bad certificates are to be seen, and nothing secret is sent."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.options |= _OLD_SERVERS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with suppress(ValueError, ssl.SSLError):
            made.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        with suppress(ValueError, ssl.SSLError):
            made.set_ciphers("ALL:@SECLEVEL=0")
    return made


class Tls(Talk):
    """A handshake, and what is to be said inside."""

    def __init__(self, question: Question, inner: Talk | None = None) -> None:
        super().__init__(question)
        self.inner = inner
        self._stands = False
        self._local = ""

    def start(self, local: str) -> None:
        """Begin the handshake."""
        self._local = local
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        name = self.question.server_name or None
        try:
            self._tls = context().wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        except ValueError:  # not a name that TLS can ask for
            self._tls = context().wrap_bio(self._incoming, self._outgoing)
        self._go_on()

    def look(self) -> None:
        """Hand what came to OpenSSL, if it is TLS at all."""
        data, self.came = self.came, b""
        if not data:
            return
        if self.heard[0] not in _RECORDS or (len(self.heard) > 1 and self.heard[1] != 3):
            self.outcome = MISMATCH
            return
        self._incoming.write(data)
        self._go_on()

    def _go_on(self) -> None:
        try:
            if not self._stands:
                self._tls.do_handshake()
                self._stands = True
                self._tell()
            self._talk_inside()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as wrong:
            self._break(printable((wrong.reason or str(wrong)).replace("_", " ").lower().encode("ascii", "replace")))
        self.send(self._outgoing.read())

    def _tell(self) -> None:
        self.facts["tls_version"] = self._tls.version() or ""
        certificate = self._tls.getpeercert(binary_form=True)
        if certificate:
            self.facts.update(_certificate.read(certificate))
        if self.inner:
            self.inner.start(self._local)
        else:
            self._leave(ANSWERED)

    def _talk_inside(self) -> None:
        while self.inner and not self.outcome:
            out = self.inner.take()
            if out:
                self._tls.write(out)
            if self.inner.outcome:
                self._leave(self.inner.outcome)
                return
            data = self._tls.read(16384)
            if data:
                self.inner.receive(data)
            else:
                self.inner.end()

    def _leave(self, outcome: str) -> None:
        """Say goodbye, and take over what was learnt inside."""
        self.outcome = outcome
        if self.inner:
            self.facts.update(self.inner.facts)
        try:
            self._tls.unwrap()
        except (ssl.SSLError, ValueError):
            return

    def _break(self, reason: str) -> None:
        if not self._stands:
            wants = self.heard[:1] == bytes((_HANDSHAKE,)) and _OF_CLIENT.search(reason)
            self.facts["tls_error"] = f"{WANTS_CERTIFICATE}: {reason}" if wants else reason
            self.outcome = ANSWERED
        elif self.inner and not self.outcome:
            self.inner.end()
            self._leave(self.inner.outcome)

    def end(self) -> None:
        """Without a byte nothing is known; TLS that stops in the handshake is TLS."""
        if not self.outcome and self.heard:
            self._break(NOT_FINISHED)
        super().end()

    def said(self) -> str:
        """What was said inside."""
        return self.inner.said() if self._stands and self.inner else super().said()
