# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _firewall_module


@pytest.mark.parametrize("count", [0, 1, _firewall_module.COMMANDS])
def test_commands_that_somebody_reads_are_all_told(count: int) -> None:
    commands = [f"command {number}" for number in range(count)]
    assert _firewall_module._few(commands) == commands


def test_of_thousands_the_first_are_told_and_the_rest_counted() -> None:
    commands = [f"command {number}" for number in range(_firewall_module.COMMANDS + 9900)]
    assert _firewall_module._few(commands) == [*commands[: _firewall_module.COMMANDS], "# and 9900 more"]
