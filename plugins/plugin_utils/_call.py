# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: one call of an action plugin: its variables, and the estate that they describe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _inventory,
    _kept,
    _survey,
    _task_variables,
    _topology_file,
    _variables,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, unreadable
from ansible_collections.printnet.ports.plugins.plugin_utils._host_variables import HostVariables
from ansible_collections.printnet.ports.plugins.plugin_utils._inventory import Inventory
from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Estate
from ansible_collections.printnet.ports.plugins.plugin_utils._task import NOWHERE, Places, Task
from ansible_collections.printnet.ports.plugins.plugin_utils._task_variables import as_text, is_plain_text
from ansible_collections.printnet.ports.plugins.plugin_utils._topology_file import Recorded

_MAYBE_SLICED = (
    "AWX does not tell this job whether it is a slice of a larger inventory, and a slice lets in its own hosts only, "
    "so rules that a component does not need any more stay until it is told. Say printnet_sliced: false in the job "
    "template if it never is one; else write the topology once with the playbook printnet.ports.plan, name the file in "
    "printnet_topology_file, and say printnet_sliced: true."
)
_REACHED_BY = ("ansible_host", "ansible_connection", "ansible_shell_type")
_EMPTY: tuple[Any, ...] = ({}, [], "")
_WINDOWS = {"ansible_connection": ("winrm", "psrp"), "ansible_shell_type": ("powershell", "cmd")}


class Call(Task):
    """A task that asks about the estate. Its warnings are what it has found on the way."""

    def __init__(self, variables: Mapping[str, Any], template: Callable[[Any], Any], places: Places = NOWHERE) -> None:
        super().__init__(variables, template, places)
        self.host_variables = HostVariables(
            variables["hostvars"],
            (*_variables.ALL, *_REACHED_BY, *self.catalog.options, *map(_inventory.state_of, self.catalog.roles)),
        )
        self.warnings: list[str] = []

    @classmethod
    def of(cls, task: Task) -> Call:
        """The same task, now with what it takes to ask about the estate."""
        return cls(task._variables, task._template, task._places)

    def inventory(self) -> Inventory:
        """The inventory as this call sees it."""
        return Inventory(
            catalog=self.catalog,
            groups=self._variables["groups"],
            host_variables=self.host_variables,
            read=self.read,
            here=self.host,
            find=self._places.find,
        )

    def estate(self, components: Iterable[str], directions: Iterable[str]) -> Estate:
        """The estate as far as it matters to the components; a PortsError has all faults."""
        components = list(components)
        settings = _variables.settings_of(self.catalog, self.read)
        inventory = self.inventory()
        kept = self._kept(inventory)
        recorded = self.recorded()
        if recorded:
            self.warnings += kept("stale", lambda: _survey.stale(inventory, recorded, self.sees_all()))
        else:
            self.warnings += self.maybe_sliced()
        wanted = _inventory.needed(self.catalog, components, directions)
        topology = _survey.topology(inventory, [*wanted, *components], kept, recorded)
        for component in components:
            self._check_member(inventory, component)
        return Estate(self.catalog, settings, topology, _inventory.unknown_peers(self.read))

    def recorded(self) -> Recorded | None:
        """The topology that ``printnet_topology_file`` holds, None where the inventory itself counts."""
        named = self.read("printnet_topology_file")
        if not named:
            if self.is_sliced():
                raise PortsError(
                    "This run is a slice: it sees a part of the inventory only. Write the topology once with the "
                    "playbook printnet.ports.plan over the whole inventory, and name the file in "
                    "printnet_topology_file. If the inventory is whole, and some of its groups are meant to be "
                    "empty, say printnet_sliced: false."
                )
            return None
        path = Path(self._places.find(str(named)))
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise PortsError(
                f"printnet_topology_file: {path} is not there. The playbook printnet.ports.plan writes it, over the "
                "whole inventory."
            ) from None
        except (OSError, UnicodeError) as wrong:
            raise PortsError(f"printnet_topology_file: {path} {unreadable(wrong)}") from None
        return _topology_file.load(str(path), text)

    def is_sliced(self) -> bool:
        """Said by ``printnet_sliced``; or a run of AWX that finds groups of ours empty."""
        said = self.read("printnet_sliced")
        if said is not None:
            return bool(_task_variables.flag("printnet_sliced", said))
        if not self._in_awx():
            return False
        inventory = self.inventory()
        groups = [
            group
            for name in (*self.catalog.components, *self.catalog.roles)
            for group in _inventory.groups_of(inventory, name)
        ]
        return any(group in inventory.groups and not inventory.groups[group] for group in groups)

    def _in_awx(self) -> bool:
        return "awx_job_id" in self._variables or "tower_job_id" in self._variables

    def maybe_sliced(self) -> list[str]:
        """What a run of AWX without a file has to say, as long as ``printnet_sliced`` says nothing."""
        return [_MAYBE_SLICED] if self._in_awx() and self.read("printnet_sliced") is None else []

    def sees_all(self) -> bool:
        """Whether the inventory is certainly whole: AWX does not tell a job that it is a slice."""
        said = self.read("printnet_sliced")
        return not (self._in_awx() if said is None else _task_variables.flag("printnet_sliced", said))

    def kept_for_host(self) -> _kept.Kept:
        """The host's own entry of what the run has worked out once for all hosts, or works out now."""
        if self._places.kept is None:
            return lambda _name, make: make().get(self.host)
        return _kept.part_in(self._places.kept, self._key(self.inventory()), self.host)

    def _kept(self, inventory: Inventory) -> _kept.Kept:
        if self._places.kept is None:
            return _kept.not_kept
        return _kept.kept_in(self._places.kept, self._key(inventory))

    def _key(self, inventory: Inventory) -> str:
        """What is kept belongs to the groups and the variables that it was made from, and to the playbook's folder."""
        names = (*_task_variables.CATALOG, *_variables.TOPOLOGY)
        told = hashlib.sha256()
        for name in names:
            text = as_text(self._variables.get(name))
            told.update((text if is_plain_text(text) else json.dumps(self.read(name), default=str)).encode())
        told.update(self._places.find(".").encode())
        for name in (*self.catalog.components, *self.catalog.roles):
            for group in _inventory.groups_of(inventory, name):
                told.update("\0".join((name, group, *inventory.groups.get(group, ()))).encode())
        return told.hexdigest()[:16]

    def _check_member(self, inventory: Inventory, component: str) -> None:
        lives_on = self.catalog.components[component].lives_on
        names = [component, *([lives_on] if lives_on else [])]
        if any(_inventory.is_member(inventory, name, self.host) for name in names):
            return
        if self.catalog.components[component].chosen_by:
            return
        groups = [group for name in names for group in _inventory.groups_of(inventory, name)]
        if groups:
            self.warnings.append(
                f"{self.host} is not in the group {' or '.join(groups)}, so other hosts do not know that it is "
                f"a host of {component}. Put it there, or name its group in printnet_groups."
            )

    def is_left_alone(self, host: str) -> bool:
        """Whether the host's firewall belongs to somebody else: ``printnet_apply`` is false there."""
        said = self.host_variables(host).get("printnet_apply")
        return said is not None and not _task_variables.flag("printnet_apply", said)

    def is_windows(self, host: str) -> bool:
        """Whether the host's variables say that Ansible reaches Windows there."""
        said = {name: str(self.host_variables(host).get(name) or "") for name in _WINDOWS}
        return any(said[name].rpartition(".")[2] in words for name, words in _WINDOWS.items())

    def is_here(self, component: str) -> bool:
        """Whether the host is one of the component's, and not of another one that the same role serves."""
        chosen = self.catalog.components[component].chosen_by
        return _inventory.is_here(self.inventory(), component, {name: self.read(name) for name in chosen})

    def own_settings(self) -> list[str]:
        """A sentence for each variable that a play or a role sets for all hosts' sake, which only this call sees."""
        there = self.host_variables(self.host)
        return [
            f"{self.host}: {name} has another value for this call only. Other hosts and the compliance check go by "
            "the inventory: set it in group_vars or host_vars instead."
            for name in (*_task_variables.CATALOG, *_variables.SETTINGS, *_variables.TOPOLOGY)
            # Lists of thousands are templated only where they are not the same as they stand.
            if not there.is_same(name, self._variables.get(name)) and self._differs(name, there)
        ]

    def _differs(self, name: str, there: Mapping[str, Any]) -> bool:
        values = [self.read(name)]
        try:
            values.append(there.get(name))
        except PortsError:
            # What the inventory says has no value; what the call says counts for it.
            return True
        here, everywhere = (None if value in _EMPTY else value for value in values)
        return bool(here != everywhere)

    def own_options(self, component: str) -> dict[str, Any]:
        """The component's options as they hold for this call; what other hosts can't see is said in a warning."""
        values = {name: self.read(name) for name in self.catalog.options if name in self._variables}
        here = _inventory.options_on(self.catalog, component, values)
        known = _inventory.options_on(self.catalog, component, self.host_variables(self.host), f"host {self.host}, ")
        for name, value in here.items():
            default = self.catalog.options[name].default
            everywhere = known.get(name, tuple(default) if isinstance(default, list) else default)
            if value != everywhere:
                self.warnings.append(
                    f"{self.host}: {name} is {value} for this call only. Other hosts and the compliance check go by "
                    f"the inventory, where it is {everywhere}: set it in group_vars or host_vars instead."
                )
        return here
