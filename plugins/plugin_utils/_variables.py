# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the collection's own variables out of a play's, checked: the edge between Ansible and the pure core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog, _choices
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog

CATALOG = ("printnet_documents", "printnet_extra_components", "printnet_extra_flows")
SETTINGS = ("printnet_features", "printnet_overrides")
TOPOLOGY = ("printnet_groups", "printnet_networks", "printnet_unknown_peers")
FIREWALL = ("printnet_outbound",)
HOST = ("printnet_addresses",)

Read = Callable[[str], Any]
"""Gives a variable's templated value by name, None where it is not set."""


def reader(variables: Mapping[str, Any], template: Callable[[Any], Any]) -> Read:
    """Reads single variables out of a play's without templating the others."""

    def read(name: str) -> Any:
        value = variables.get(name)
        return None if value is None else template(value)

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
    known = {*CATALOG, *SETTINGS, *TOPOLOGY, *FIREWALL, *HOST}
    found = []
    for name in variables:
        if name.startswith("printnet_") and name not in known:
            near = get_close_matches(name, sorted(known), n=1, cutoff=0.85)
            if near:
                found.append(f"The variable {name} is unknown and has no effect; did you mean {near[0]}?")
    return found


def outbound_of(read: Read) -> str:
    """Whether what a host sends is opened: ``auto`` (where it is refused by default), ``true`` or ``false``."""
    value = read("printnet_outbound")
    text = "auto" if value is None else str(value).lower()
    text = {"yes": "true", "no": "false"}.get(text, text)
    if text not in ("auto", "true", "false"):
        raise PortsError(f"printnet_outbound is {shown(value)}: it must be auto, true or false")
    return text
