# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: HTTP, and what is needed of it for IPP: the head of an answer, and its body."""

from __future__ import annotations

import re

from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import ANSWERED, Question, Talk, printable

_STATUS = re.compile(rb"HTTP/1\.[0-9] +([1-5][0-9][0-9])(?:[ \r\n]|$)")
_START = b"HTTP/1."
AGENT = "printnet.ports"


def host_of(question: Question) -> str:
    """The name of the server as the first lines of a request have it."""
    name = question.server_name or question.address.partition("%")[0]
    return f"[{name}]" if ":" in name else name


class Http(Talk):
    """Asks for the head of the first page, and reads the head of the answer only."""

    is_text = True

    def start(self, local: str) -> None:
        """Ask."""
        head = f"HEAD / HTTP/1.1\r\nHost: {host_of(self.question)}:{self.question.port}\r\nUser-Agent: {AGENT}\r\n"
        self.send((head + "Accept: */*\r\nConnection: close\r\n\r\n").encode("ascii"))

    def look(self) -> None:
        """Wait for the end of the head."""
        if not self.came.startswith(_START[: len(self.came)]):
            self.end()
        elif b"\n\r\n" in self.came or b"\n\n" in self.came:
            self.head_came()

    def head_came(self) -> None:
        """All of the head is there, or all that will come of it."""
        self._understand()
        self.end()

    def end(self) -> None:
        """A first line is enough."""
        if not self.outcome:
            self._understand()
        super().end()

    def _understand(self) -> None:
        if self.read_head():
            self.outcome = ANSWERED

    def read_head(self) -> dict[str, str]:
        """The header fields by their name in small letters, and the facts; empty if it is no answer of HTTP."""
        head = re.split(rb"\r?\n\r?\n", self.came, maxsplit=1)[0]
        first, *lines = head.split(b"\n")
        found = _STATUS.match(first)
        if not found:
            return {}
        fields = {"": found[1].decode("ascii")}
        for line in lines[:200]:
            name, _colon, value = line.partition(b":")
            fields.setdefault(printable(name).lower(), printable(value))
        self.facts["status"] = int(found[1])
        if fields.get("server"):
            self.facts["server"] = fields["server"]
        return fields
