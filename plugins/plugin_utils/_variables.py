# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the collection's own variables out of a play's, checked: the edge between Ansible and the pure core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog, _choices, _schema
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._host_variables import is_plain, reason
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog

CATALOG = ("printnet_documents", "printnet_extra_components", "printnet_extra_flows")
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
FIREWALL = ("printnet_outbound", "printnet_removals", "printnet_apply")
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

Read = Callable[[str], Any]
"""Gives a variable's templated value by name, None where it is not set."""


def reader(variables: Mapping[str, Any], template: Callable[[Any], Any]) -> Read:
    """Reads single variables out of a play's without templating the others."""

    def read(name: str) -> Any:
        value = variables.get(name)
        if is_plain(value):
            return value
        try:
            return template(value)
        except AnsibleError as wrong:
            raise PortsError(f"{name}: {reason(wrong)}") from None

    return read


def catalog_of(read: Read) -> Catalog:
    return _catalog.load(*(read(name) for name in CATALOG))


def settings_of(catalog: Catalog, read: Read) -> _choices.Settings:
    return _choices.settings(catalog, *(read(name) for name in SETTINGS))


def options_of(catalog: Catalog, variables: Mapping[str, Any], read: Read, where: str = "") -> dict[str, Any]:
    """The options that the variables set, checked."""
    names = catalog.options.keys() & variables.keys()
    return _choices.choices(catalog, {name: read(name) for name in names}, where)


def misspelt(variables: Mapping[str, Any]) -> list[str]:
    """A sentence for each variable that looks like one of ours and is none."""
    known = set(ALL)
    found = []
    for name in variables:
        if name.startswith("printnet_") and name not in known:
            near = get_close_matches(name, sorted(known), n=1, cutoff=0.85)
            if near:
                found.append(f"The variable {name} is unknown and has no effect; did you mean {near[0]}?")
    return found


def flag(name: str, value: Any) -> bool:
    """A variable that is true or false; a PortsError where it is neither."""
    try:
        return _schema.flag(value)
    except ValueError as wrong:
        raise PortsError(f"{name}: {shown(value)} {wrong}") from None


def outbound_of(read: Read) -> str:
    """Whether what a host sends is opened: ``auto`` (where it is refused by default), ``true`` or ``false``."""
    value = read("printnet_outbound")
    text = "auto" if value is None else str(value).lower()
    text = {"yes": "true", "no": "false"}.get(text, text)
    if text not in ("auto", "true", "false"):
        raise PortsError(f"printnet_outbound is {shown(value)}: it must be auto, true or false")
    return text


def removals_of(read: Read, asked: str | None) -> str:
    """``now`` or ``later``: what the task says, else the variable ``printnet_removals``."""
    value = read("printnet_removals")
    if value is not None and value not in ("now", "later"):
        raise PortsError(f"printnet_removals is {shown(value)}: it must be now or later")
    return asked or str(value or "now")


def applies(read: Read) -> bool:
    """Whether hosts are to be changed: the variable ``printnet_apply``; without it, yes."""
    value = read("printnet_apply")
    return True if value is None else flag("printnet_apply", value)
