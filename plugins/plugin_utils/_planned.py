# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the components of one host need, as the host's part of the module firewall takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._standing import OWNER
from ansible_collections.printnet.ports.plugins.plugin_utils import _inventory, _plan
from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call
from ansible_collections.printnet.ports.plugins.plugin_utils._task import Task

_MAYBE_SLICED = "this job may be a slice of a larger inventory; printnet_sliced says whether it is"


def owners(
    task: Task, arguments: Mapping[str, Any], directions: tuple[str, ...]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The owners with their rules, and what the user has to know."""
    components = list(dict.fromkeys(arguments["components"]))
    _inventory.check_components(task.catalog, components)
    shorts = {OWNER + name: task.catalog.components[name].short for name in components}
    if arguments["state"] != "present" or not components:
        return [{"owner": owner, "short": short, "rules": []} for owner, short in shorts.items()], []
    call = Call.of(task)
    estate = call.estate(components, directions)
    shares = [
        _plan.share(estate, call.host, name, call.own_options(name), directions)
        if call.is_here(name)
        else _plan.Share(name, (), ())
        for name in components
    ]
    warnings = [*call.warnings, *call.own_settings(), *_plan.unknown_report(estate, call.host, shares)]
    return [{**owner, "short": shorts[owner["owner"]]} for owner in _plan.rules(shares)], warnings


def kept_because(task: Task, arguments: Mapping[str, Any]) -> str:
    """Why nothing may be removed that the components do not need: their peers may be in another slice. Else empty."""
    if arguments["state"] != "present" or not arguments["components"] or task.read("printnet_topology_file"):
        return ""
    return _MAYBE_SLICED if Call.of(task).maybe_sliced() else ""


def memberships(task: Task, components: Iterable[str]) -> list[str]:
    """Those of the components of which the host is one: by their groups, or else by those of what they live on."""
    names = [name for name in components if name in task.catalog.components]
    inventory = Call.of(task).inventory()
    return [name for name in names if _inventory.counts_as(inventory, name, task.host)]
