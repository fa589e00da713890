# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets tests import the collection as Ansible does: `ansible_collections.printnet.ports.plugins...`."""

from __future__ import annotations

import os

import pytest
from ansible.plugins.loader import init_plugin_loader


def pytest_configure() -> None:
    """Install Ansible's own loader, with nothing but this collection."""
    paths = os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")
    if not paths:
        pytest.exit("the collection is not in ANSIBLE_COLLECTIONS_PATH; run: tests/gates/in-env dev -- pytest", 4)
    init_plugin_loader(paths.split(os.pathsep))
