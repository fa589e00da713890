# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: connections and datagrams without a protocol."""

from __future__ import annotations

from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import ANSWERED, CONNECTED, Asked, Talk


class Connect(Talk):
    """Connects and closes again. Never a byte is sent: a printer would print it."""

    def start(self, local: str) -> None:
        """That it stands is all."""
        self.outcome = CONNECTED


class Datagram(Asked):
    """Empty datagrams, to see whether somebody refuses them."""

    is_text = True

    def look(self) -> None:
        """Whatever answers has answered."""
        self.outcome = ANSWERED
