# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the collection's own variables out of a play's, checked: the edge between Ansible and the pure core."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog, _choices
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import listed
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._task_variables import CATALOG, Read, is_plain, structured

SETTINGS = ("printnet_features", "printnet_overrides")
TOPOLOGY = (
    "printnet_groups",
    "printnet_networks",
    "printnet_networks_file",
    "printnet_services",
    "printnet_topology_file",
    "printnet_sliced",
    "printnet_unknown_peers",
)
FIREWALL = (
    "printnet_outbound",
    "printnet_removals",
    "printnet_apply",
    "printnet_confirm",
    "printnet_confirm_timeout",
)
PLANNED = (*SETTINGS, "printnet_services", "printnet_unknown_peers", "printnet_outbound")
"""What may differ from host to host and changes the host's plan, beside networks and options."""
PLAYBOOKS = (
    "printnet_serial",
    "printnet_remove",
    "printnet_plan_file",
    "printnet_plan_folder",
    "printnet_plan_show",
    "printnet_approved_plan",
    "printnet_max_shrink",
)
COMPLIANCE = (
    "printnet_probe_from",
    "printnet_probe_sample",
    "printnet_probe_timeout",
    "printnet_probe_at_once",
    "printnet_probe_rate",
    "printnet_probe_deadline",
    "printnet_probe_print_ports",
    "printnet_probe_print_rate",
    "printnet_probe_print_window",
    "printnet_probe_tls_names",
    "printnet_probe_from_controller",
    "printnet_snmp_community",
    "printnet_processes",
    "printnet_report_only",
    "printnet_report_folder",
    "printnet_report_formats",
    "printnet_report_store",
    "printnet_report_title",
    "printnet_report_merge",
    "printnet_baseline",
    "printnet_accepted",
    "printnet_fail_on",
    "printnet_known_open",
    "printnet_model",
)
HOST = ("printnet_addresses",)
ALL = (*CATALOG, *SETTINGS, *TOPOLOGY, *FIREWALL, *PLAYBOOKS, *COMPLIANCE, *HOST)


def catalog_of(read: Read) -> Catalog:
    return _catalog.load(*(read(name) for name in CATALOG))


def settings_of(catalog: Catalog, read: Read) -> _choices.Settings:
    return _choices.settings(catalog, *(read(name) for name in SETTINGS))


def options_of(catalog: Catalog, variables: Mapping[str, Any], read: Read, where: str = "") -> dict[str, Any]:
    """The options that the variables set, checked."""
    names = catalog.options.keys() & variables.keys()
    return _choices.choices(catalog, {name: read(name) for name in names}, where)


def misspelt(catalog: Catalog, variables: Mapping[str, Any]) -> list[str]:
    """A sentence for each variable that looks like one of ours and is none."""
    begins = _begins(catalog)
    near = {name: _meant(catalog, name, value) for name, value in variables.items() if name.startswith(begins)}
    return [_unknown(name, ours) for name, ours in near.items() if ours]


def misspelt_by_hosts(
    catalog: Catalog, variables: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """The same with what hosts have, by name and host; each is told once, with the hosts."""
    told: list[str] = []
    named: set[str] = set()
    for name, values in sorted(others.items()):
        hosts: dict[str, list[str]] = {}
        meant: dict[int, str] = {}
        for host, value in values.items():
            # Hosts of a group share the value.
            ours = meant.get(id(value))
            if ours is None:
                ours = meant[id(value)] = _meant(catalog, name, value)
            hosts.setdefault(ours, []).append(host)
            named.update([name] if ours else [])
        told += [f"{listed(some, 3)}: {_unknown(name, ours)}" for ours, some in hosts.items() if ours]
    own = {name: value for name, value in variables.items() if name not in named}
    return [*told, *misspelt(catalog, own)]


def is_near(catalog: Catalog, name: str) -> bool:
    """Whether a variable of this name, which is none of ours, may be meant as one, whatever its value."""
    return name.startswith(_begins(catalog)) and bool(_nearest(catalog, name))


def _unknown(name: str, ours: str) -> str:
    return f"The variable {name} is unknown and has no effect; did you mean {ours}?"


def _begins(catalog: Catalog) -> tuple[str, ...]:
    return ("printnet_", *_by_prefix(catalog))


def _meant(catalog: Catalog, name: str, value: Any) -> str:
    """The variable of ours that is meant, empty where it is one, or none is near."""
    return next((ours for ours in _nearest(catalog, name) if _could_be(catalog, ours, value)), "")


def _nearest(catalog: Catalog, name: str) -> list[str]:
    """The variables of ours that a name is near to."""
    if name.startswith("printnet_"):
        return [] if name in ALL else get_close_matches(name, ALL, n=1, cutoff=0.85)
    near: list[str] = []
    for prefix, names in _by_prefix(catalog).items():
        word = name.removeprefix(prefix)
        if word == name or word in (*names, "hosts"):
            continue
        # Only what follows the role's name, and closely: users have variables of their own that begin with it.
        near += [names[found] for found in get_close_matches(word, names, n=1, cutoff=0.88)]
    return near


@lru_cache(maxsize=8)
def _by_prefix(catalog: Catalog) -> Mapping[str, Mapping[str, str]]:
    """The variables of each role by what they are called after the role's name."""
    found: dict[str, dict[str, str]] = {}
    for role, served in catalog.roles.items():
        components = {one.name for one in served}
        names = [option.name for option in catalog.options.values() if option.component in components]
        found[f"{role}_"] = {name.removeprefix(f"{role}_"): name for name in (*names, f"{role}_state")}
    return found


def _could_be(catalog: Catalog, name: str, value: Any) -> bool:
    """Whether the value is one for the option, so that a user's own variable of a name like it is none of ours."""
    if name in ALL or not is_plain(value):
        return True
    if name not in catalog.options:
        return value in ("present", "absent")
    try:
        _choices.option_value(catalog.options[name], structured(name, value))
    except ValueError:
        return False
    return True
