# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the right thing listens: where, over which version of IP, and which process."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _listening, _observed
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Seen
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils.checks import listener

OWN = ("192.0.2.1", "2001:db8::1")


def _seen(*listeners: dict[str, Any]) -> Seen:
    return _observed.read("h", {"listeners": list(listeners)})


@pytest.mark.parametrize(
    ("addresses", "version", "code"),
    [
        (["0.0.0.0"], 4, ""),
        (["0.0.0.0"], 6, "NO_LISTENER"),
        (["::"], 4, ""),
        (["::"], 6, ""),
        (["192.0.2.1"], 4, ""),
        (["192.0.2.9"], 4, "NO_LISTENER"),
        (["192.0.2.9"], 0, ""),
        (["2001:db8::1"], 6, ""),
        (["2001:db8::1"], 4, "NO_LISTENER"),
        (["127.0.0.1"], 4, "LOOPBACK_ONLY"),
        (["127.0.0.53", "::1"], 6, "LOOPBACK_ONLY"),
        (["127.0.0.1", "192.0.2.1"], 4, ""),
        (["192.0.2.9", "2001:db8::1"], 4, "NO_LISTENER"),
        ([], 4, "NO_LISTENER"),
        ([], 0, "NO_LISTENER"),
    ],
)
def test_where_something_has_to_listen(addresses: list[str], version: int, code: str) -> None:
    found, told = _listening.judge(_seen(*(listener("tcp", 515, one) for one in addresses)), "tcp", 515, OWN, version)
    assert found == code
    assert bool(told) == bool(code)


def test_other_ports_and_transports_do_not_count() -> None:
    here = _seen(listener("udp", 515), listener("tcp", 516))
    assert _listening.judge(here, "tcp", 515, OWN, 4)[0] == "NO_LISTENER"


@pytest.mark.parametrize(
    ("names", "expected", "strange"),
    [
        (["lrsd"], ["lrsd"], False),
        (["lrsd"], ["lrs*", "x"], False),
        (["nginx"], ["lrsd"], True),
        (["nginx", "lrsd"], ["lrsd"], False),
        # Whose name could not be seen is not accused.
        ([""], ["lrsd"], False),
        (["python3/vpsx.service"], ["vpsx.service"], False),
    ],
)
def test_strangers_are_told(names: list[str], expected: list[str], strange: bool) -> None:
    parts = [name.partition("/") for name in names]
    waiting = [listener("tcp", 515, process=process, unit=unit) for process, _slash, unit in parts]
    told = _listening.strangers(_seen(*waiting), "tcp", 515, expected)
    assert bool(told) == strange
    assert not strange or told == "On h nginx listens on tcp 515; expected is lrsd."
