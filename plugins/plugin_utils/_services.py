# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: components that others reach at an address which is not their hosts' own: ``printnet_services``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _networks, _schema
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._hosts import entries
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import Field
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Service

_ALERTX_FLOWS = frozenset({"load_balancer-alertx-service"})
"""What the LRS list says aims at AlertX' service address; its other flows go to the hosts."""


def _addresses_of(value: Any) -> tuple[str, ...]:
    found = [one for entry in entries(value) for one in _networks.network(entry)]
    if not found:
        raise ValueError("must name at least one address")
    return _addresses.merge(found)


def _single(value: Any) -> tuple[str, ...]:
    """The same without networks: nobody can aim at one."""
    for entry in entries(value):
        cidrs = _networks.network(entry)
        if len(cidrs) != 1 or not cidrs[0].endswith("/128" if ":" in cidrs[0] else "/32"):
            raise ValueError("must be an address, or a list of addresses, each a single one; a network or any is none")
    return _addresses_of(value)


_SERVICE = {
    "address": Field(_single),
    "balancers": Field(lambda value: _addresses_of(value) if entries(value) else (), ()),
    "client_addresses": Field(_schema.one_of("translated", "preserved"), "preserved"),
    "flows": Field(_schema.many(_schema.flow_id), ()),
}


def read(catalog: Catalog, variable: Mapping[str, Any], faults: Faults) -> dict[str, Service]:
    """The services of ``printnet_services`` by component; faults are added."""
    found: dict[str, Service] = {}
    for component, raw in variable.items():
        where = f"printnet_services, {component}"
        _schema.check_key(component, catalog.components, "component", "printnet_services", faults)
        values = _schema.read_entry(_SERVICE, raw, where, faults)
        if values is None:
            continue
        _check_flows(catalog, str(component), values["flows"], where, faults)
        translated = values["client_addresses"] == "translated"
        if translated and not values["balancers"]:
            faults.add(where, "client_addresses is translated, so balancers must name the addresses that hosts see")
        found[str(component)] = Service(values["address"], values["balancers"], translated, frozenset(values["flows"]))
    return found


def of_options(catalog: Catalog, component: str, options: Iterable[Mapping[str, Any]]) -> Service | None:
    """The service that an option of the component names, as ``alertx_service_address`` does."""
    for option in catalog.options.values():
        if option.component == component and option.type == "addresses":
            addresses = [address for one in options for address in one.get(option.name, ())]
            flows = _ALERTX_FLOWS if component == "alertx" else frozenset()
            return Service(_addresses_of(addresses), flows=flows) if addresses else None
    return None


def _check_flows(catalog: Catalog, component: str, flows: Iterable[str], where: str, faults: Faults) -> None:
    for flow in flows:
        _schema.check_known(flow, catalog.flows, "flow", f"{where}, flows", faults)
        if flow in catalog.flows and catalog.flows[flow].destination not in catalog.kinds(component):
            faults.add(f"{where}, flows", f"{shown(flow)} does not go to {component}")
