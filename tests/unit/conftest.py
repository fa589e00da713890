# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all unit tests share: the shipped catalog, the checkout's top, and a list of what is wrong with an input.

pytest reads this before Ansible's loader is installed, so the collection is imported where it is needed only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog

FaultsOf = Callable[..., list[str]]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The shipped catalog."""
    from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog

    return _catalog.load()


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout's top."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def faults_of() -> FaultsOf:
    """Calls something and gives the faults that it raises, none where it raises none."""
    from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError

    def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> list[str]:
        try:
            function(*args, **kwargs)
        except PortsError as wrong:
            return list(wrong.faults)
        return []

    return call
