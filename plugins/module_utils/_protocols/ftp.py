# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: FTP: the greeting, and QUIT."""

from __future__ import annotations

import re

from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import ANSWERED, Talk

_REPLY = re.compile(rb"(120|220|421|530)[ -]")


class Ftp(Talk):
    """A server of mail greets with the same number, but says what it is."""

    is_text = True

    def look(self) -> None:
        """One line is enough."""
        if b"\n" in self.came:
            self.end()

    def end(self) -> None:
        """Decide by the first line."""
        found = _REPLY.match(self.came)
        line = self.came.partition(b"\n")[0].upper()
        if found and not self.outcome and (b"SMTP" not in line):
            self.facts["code"] = int(found[1])
            self.send(b"QUIT\r\n")
            self.outcome = ANSWERED
        super().end()
