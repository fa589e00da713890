# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets tests import the collection as Ansible does: `ansible_collections.printnet.ports.plugins...`.

Ansible's own loader is installed as soon as this is read, which pytest does before it reads the conftest.py of a folder
below, so that those may import the collection too.
"""

from __future__ import annotations

import os

import pytest
from ansible.plugins.loader import init_plugin_loader

if "ANSIBLE_COLLECTIONS_PATH" not in os.environ:
    pytest.exit("the collection is not in ANSIBLE_COLLECTIONS_PATH; run: tests/gates/in-env dev -- pytest", 4)

init_plugin_loader(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep))
