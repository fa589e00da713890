# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: LPR: asks for the short state of the queue ``lp``. Nothing else is ever sent to a print queue."""

from __future__ import annotations

import re

from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import ANSWERED, MISMATCH, Talk, printable

SHORT_STATE = b"\x03lp\n"
_TEXT = re.compile(rb"[\t\n\f\r\x20-\x7e\x80-\xff]*")
_OTHERS = re.compile(rb"HTTP/|SSH-|[1-5][0-9][0-9][ -]|<")
_REFUSALS = (b"\0", b"\1", b"\2", b"\3")
"""Some answer by one byte, also that there is no such queue."""


class Lpr(Talk):
    """Any text is a state of a queue, but for those that begin as another protocol does."""

    is_text = True

    def start(self, local: str) -> None:
        """Ask."""
        self.send(SHORT_STATE)

    def look(self) -> None:
        """One line is enough."""
        if b"\n" in self.came:
            self.end()

    def end(self) -> None:
        """Decide by what is there."""
        if self.came and not self.outcome:
            self.outcome = ANSWERED if _is_state(self.came) else MISMATCH
            if self.outcome == ANSWERED:
                self.facts["state"] = printable(self.came.lstrip().partition(b"\n")[0])
        super().end()


def _is_state(data: bytes) -> bool:
    return data in _REFUSALS or (bool(_TEXT.fullmatch(data)) and not _OTHERS.match(data))
