# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: SMTP: the greeting, EHLO and QUIT; no mail is begun. And the step to TLS by STARTTLS."""

from __future__ import annotations

import re

from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import ANSWERED, Question, Talk
from ansible_collections.printnet.ports.plugins.module_utils._protocols.tls import Tls

_LAST = re.compile(rb"^([2-5][0-9][0-9])(?: [^\n]*)?\r?\n", re.MULTILINE)
_LINES = re.compile(rb"(?:[2-5][0-9][0-9](?:[ -][^\n]*)?\r?\n)+")
_UNKNOWN = (500, 501, 502, 503, 504, 530)
"""What is said to a command that is not known: EHLO is not by an old SMTP server, nor by one of FTP."""
BEFORE_TLS = "STARTTLS"
"""What errors name that come before a handshake, from a server that goes on without TLS."""
_NOT_NOW = f"{BEFORE_TLS} is not offered"


class Smtp(Talk):
    """The server is done with when it has answered to our name."""

    is_text = True

    def __init__(self, question: Question, is_secured: bool = False) -> None:
        super().__init__(question)
        self._is_secured = is_secured
        self._step = self._greeted
        self._name = ""
        self.is_ready_for_tls = False

    def start(self, local: str) -> None:
        """The server speaks first."""
        self._name = f"[IPv6:{local}]" if ":" in local else f"[{local or '127.0.0.1'}]"

    def look(self) -> None:
        """Wait for the last line of each reply."""
        while not self.outcome and not self.is_ready_for_tls:
            found = _LAST.search(self.came)
            if not found:
                if not _may_be_reply(self.came):
                    self.end()
                return
            reply, self.came = self.came[: found.end()], self.came[found.end() :]
            if not _LINES.fullmatch(reply):
                self.end()
                return
            self._step(int(found[1]), reply)

    def _greeted(self, code: int, reply: bytes) -> None:
        self.facts["greeting"] = code
        if code == 220:
            self.send(f"EHLO {self._name}\r\n".encode("ascii"))
            self._step = self._met
        elif code in (421, 554):
            self._leave()
        else:
            self.end()

    def _met(self, code: int, reply: bytes) -> None:
        if code in _UNKNOWN:
            self.send(f"HELO {self._name}\r\n".encode("ascii"))
            self._step = self._met_by_an_old_one
            return
        offered = bool(re.search(rb"^250[ -]STARTTLS\b", reply, re.MULTILINE | re.IGNORECASE))
        self.facts["starttls"] = "offered" if offered else "not offered"
        if self._is_secured and offered:
            self.send(b"STARTTLS\r\n")
            self._step = self._allowed
            return
        if self._is_secured:
            self.facts["tls_error"] = _NOT_NOW
        self._leave()

    def _met_by_an_old_one(self, code: int, reply: bytes) -> None:
        if code in _UNKNOWN:
            self.end()
            return
        self.facts["starttls"] = "not offered"
        if self._is_secured:
            self.facts["tls_error"] = _NOT_NOW
        self._leave()

    def _allowed(self, code: int, reply: bytes) -> None:
        if code == 220:
            self.is_ready_for_tls = True
        else:
            self.facts["tls_error"] = f"{BEFORE_TLS} was answered with {code}"
            self._leave()

    def _leave(self) -> None:
        self.send(b"QUIT\r\n")
        self.outcome = ANSWERED


class _Goodbye(Talk):
    """After the handshake there is nothing more to learn."""

    def start(self, local: str) -> None:
        """Leave in the server's own way."""
        self.send(b"QUIT\r\n")
        self.outcome = ANSWERED


class StartTls(Talk):
    """SMTP up to STARTTLS, then the handshake."""

    is_text = True

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self._mail = Smtp(question, is_secured=True)
        self._tls: Tls | None = None
        self._local = ""

    def start(self, local: str) -> None:
        """The server speaks first."""
        self._local = local
        self._mail.start(local)

    def receive(self, data: bytes) -> None:
        """To the one of the two whose turn it is."""
        self.heard = self.heard or data[:1024]
        (self._tls or self._mail).receive(data)
        self._collect()
        if self._mail.is_ready_for_tls and not self._tls:
            self._tls = Tls(self.question, _Goodbye(self.question))
            self._tls.start(self._local)
            self._collect()

    def end(self) -> None:
        """Judge where it stands."""
        if self._tls and not self._tls.outcome and not self._tls.heard:
            self.facts["tls_error"] = f"no handshake followed {BEFORE_TLS}"
            self.outcome = ANSWERED
            return
        (self._tls or self._mail).end()
        self._collect()

    def _collect(self) -> None:
        talk = self._tls or self._mail
        self.send(talk.take())
        self.facts.update(talk.facts)
        if talk.outcome and not self.outcome:
            self.outcome = talk.outcome


def _may_be_reply(data: bytes) -> bool:
    line = data.rpartition(b"\n")[2]
    return bool(re.match(rb"$|[2-5]($|[0-9]($|[0-9]($|[ \r-])))", line))
