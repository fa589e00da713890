# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the errors of sockets mean."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _probe_socket
from ansible_collections.printnet.ports.plugins.module_utils._probe_socket import Icmp, meaning

US, THEM, ROUTER = "192.0.2.10", "198.51.100.20", "192.0.2.1"


@pytest.mark.parametrize(
    ("number", "transport", "icmp", "outcome"),
    [
        (errno.ECONNREFUSED, "tcp", None, "refused"),
        (errno.ECONNREFUSED, "udp", Icmp(4, 3, 3, THEM), "refused"),
        (errno.ECONNRESET, "tcp", None, "refused"),
        (errno.EHOSTUNREACH, "tcp", Icmp(4, 3, 13, ROUTER), "prohibited"),
        (errno.ENETUNREACH, "udp", Icmp(4, 3, 0, ROUTER), "prohibited"),
        (errno.EACCES, "tcp", Icmp(6, 1, 1, ROUTER), "prohibited"),
        (errno.EHOSTUNREACH, "tcp", None, "prohibited"),
        # Nobody on the link has the address.
        (errno.EHOSTUNREACH, "tcp", Icmp(4, 3, 1, US), "timeout"),
        (errno.EHOSTUNREACH, "udp", Icmp(6, 1, 3, US), "unanswered"),
        # This host's own firewall.
        (errno.EHOSTUNREACH, "tcp", Icmp(4, 3, 13, US), "no_route"),
        (errno.ECONNREFUSED, "udp", Icmp(4, 3, 3, US), "no_route"),
        (errno.EPERM, "udp", None, "no_route"),
        (errno.ETIMEDOUT, "tcp", None, "timeout"),
        (errno.ETIMEDOUT, "udp", None, "unanswered"),
    ],
)
def test_meaning(number: int, transport: str, icmp: Icmp | None, outcome: str) -> None:
    assert meaning(number, transport, icmp, US, THEM) == outcome


def test_to_itself_its_own_messages_are_those_of_the_target() -> None:
    assert meaning(errno.ECONNREFUSED, "udp", Icmp(4, 3, 3, US), US, US) == "refused"


def test_names_of_errors() -> None:
    assert [_probe_socket.name_of(number) for number in (0, errno.EPERM, 9999)] == ["", "EPERM", "9999"]
