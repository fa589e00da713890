# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: one task of an action plugin: its own variables, and the catalog where that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _task_variables

if TYPE_CHECKING:
    from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run keeps what it works out once, and how it finds a file that a variable names."""

    kept: Path | None = None
    find: Callable[[str], str] = str


NOWHERE = Places()
"""Nothing is kept, and a path is what it says."""


class Task:
    """``variables`` are the task's; ``template`` gives a value's templated form."""

    def __init__(self, variables: Mapping[str, Any], template: Callable[[Any], Any], places: Places = NOWHERE) -> None:
        self._variables = variables
        self._template = template
        self._places = places
        self.read = _task_variables.reader(variables, template)
        self.host = str(variables["inventory_hostname"])

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog; who has rules by hand does not wait for it."""
        from ansible_collections.printnet.ports.plugins.plugin_utils import _variables

        return _variables.catalog_of(self.read)
