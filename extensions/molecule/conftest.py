# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of all scenarios share: they see a lab's hosts through its own client, and through testinfra."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest
import testinfra
from testinfra.host import Host

sys.path.insert(0, str(Path(__file__).parents[2] / "tests/lab"))
from printnet_lab import client, inventory, rootfs


@pytest.fixture(scope="session")
def lab() -> client.Lab:
    return client.describe(os.environ["LAB_NAME"])


@pytest.fixture(scope="session")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where connections are kept from one question to the next."""
    return tmp_path_factory.mktemp("ssh")


@pytest.fixture
def host(lab: client.Lab, name: str, ways: Path) -> Host:
    """The host that a test is about, by SSH."""
    return testinfra.get_host(
        f"ssh://root@{lab.host(name).main_address}",
        ssh_extra_args=shlex.join(inventory.ssh_options(lab)),
        ssh_identity_file=str(rootfs.ssh_key()),
        controlpath=f"{ways}/%%h",
    )
