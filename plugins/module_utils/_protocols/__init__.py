# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the protocols that probes speak, one file each or one a family.

Ansible ships to a host what is imported, so each is imported here. Adding one is a file, its import, and an entry in
the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.printnet.ports.plugins.module_utils._protocols import plain
from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import Question, Talk


@dataclass(frozen=True)
class Protocol:
    """How it is spoken, and over what."""

    make: Callable[[Question], Talk]
    transports: tuple[str, ...] = ("tcp",)


PROTOCOLS = {
    "connect": Protocol(plain.Connect),
    "raw": Protocol(plain.Connect),
    "datagram": Protocol(plain.Datagram, ("udp",)),
}
