# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: which flows are on, on which port: the catalog under a user's features, overrides and options.

Precedence, strongest first: an override of the flow, a feature, an option, the catalog's default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _schema
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Flow, Option, Override
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import Field, PortSpan, check_known

_OVERRIDE = {
    "port": Field(_schema.optional(_schema.span), None),
    "source_port": Field(_schema.optional(_schema.span), None),
    "enabled": Field(_schema.optional(_schema.flag), None),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What counts for the whole estate: ``printnet_features`` and ``printnet_overrides``, checked."""

    features: Mapping[str, bool] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """A flow as the choices make it. ``reason`` says why it is off, and what would switch it on."""

    enabled: bool
    port: PortSpan
    source_port: PortSpan | None
    match_source_port: bool
    reason: str = ""


def settings(catalog: Catalog, features: Any = None, overrides: Any = None) -> Settings:
    """Checks the values of ``printnet_features`` and ``printnet_overrides``; raises PortsError with all faults."""
    faults = Faults()
    named = _schema.read_value(_schema.mapping, features or {}, "printnet_features", faults) or {}
    for name in named:
        check_known(str(name), catalog.features, "feature", "printnet_features", faults)
    switched = {
        name: _schema.read_value(_schema.flag, value, f"printnet_features, {name}", faults)
        for name, value in named.items()
    }
    changes: dict[str, Override] = {}
    for name, raw in (_schema.read_value(_schema.mapping, overrides or {}, "printnet_overrides", faults) or {}).items():
        check_known(str(name), catalog.flows, "flow", "printnet_overrides", faults)
        values = _schema.read_entry(_OVERRIDE, raw, f"printnet_overrides, {name}", faults)
        if values is not None:
            changes[name] = Override(**values)
    faults.stop()
    return Settings(switched, changes)


def option_value(option: Option, raw: Any) -> Any:
    """The option's value in its one form; raises ValueError with what would be right."""
    if option.type == "bool":
        return _schema.flag(raw)
    if option.type == "port":
        return _schema.port(raw)
    if option.type == "addresses":
        return _service_addresses(raw)
    choices = _schema.one_of(*option.values)
    if option.type == "str":
        return choices(raw)
    items = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(items, (list, tuple)):
        raise ValueError(f"must be a list of {', '.join(option.values)}")
    return tuple(dict.fromkeys(choices(item.strip() if isinstance(item, str) else item) for item in items))


def _service_addresses(raw: Any) -> tuple[str, ...]:
    # Only who names an address needs netaddr, and waits for it.
    from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses

    items = [item.strip() for item in raw.split(",") if item.strip()] if isinstance(raw, str) else raw
    if not isinstance(items, (list, tuple)):
        raise ValueError("must be a list of IPv4 and IPv6 addresses")
    found = {item if isinstance(item, str) else repr(item): _addresses.address(item) for item in items}
    for item, address in found.items():
        if address is None:
            raise ValueError(f"must be a list of IPv4 and IPv6 addresses; {shown(item)} is none")
        if reason := _addresses.misplaced(address):
            raise ValueError(f"must be a list of addresses that others can reach; {address} is {reason}")
    return tuple(dict.fromkeys(address for address in found.values() if address))


def choices(catalog: Catalog, values: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """The options among the variables, checked; raises PortsError with all faults."""
    faults = Faults()
    found: dict[str, Any] = {}
    for name in catalog.options.keys() & values.keys():
        raw = values[name]
        if raw is None:
            continue
        parse = partial(option_value, catalog.options[name])
        found[name] = _schema.read_value(parse, raw, f"{where}{name}", faults)
    faults.stop()
    return found


_NO_SETTINGS = Settings()


def state(catalog: Catalog, flow: Flow, chosen: Settings, options: Mapping[str, Any]) -> State:
    """The flow under the settings and the options (name to value, unnamed ones at their defaults)."""
    touched = catalog.touched_by[flow.id]
    if flow.id in chosen.overrides or not touched.isdisjoint(chosen.features) or not touched.isdisjoint(options):
        return _state(catalog, flow, chosen, options)
    return _default_states(catalog)[flow.id]


@lru_cache(maxsize=8)
def _default_states(catalog: Catalog) -> Mapping[str, State]:
    return {flow.id: _state(catalog, flow, _NO_SETTINGS, {}) for flow in catalog.flows.values()}


def _state(catalog: Catalog, flow: Flow, chosen: Settings, options: Mapping[str, Any]) -> State:
    switches = {name: catalog.features[name].default for name in catalog.switches_of(flow)}
    port, left_out = flow.port, ""
    for option in catalog.options_of_flow[flow.id]:
        if any(_value(catalog, name, options) != value for name, value in option.when.items()):
            continue
        value = _value(catalog, option.name, options)
        if option.ports:
            port = (value, value)
            continue
        if option.feature:
            switches[option.feature] = value
            continue
        effects = [option.values[item] for item in (value if option.type == "list" else (value,))]
        on = {name for effect in effects for name in effect.features}
        switches.update({name: name in on for name in option.switches & switches.keys()})
        if any(flow.id in effect.leaves_out for effect in effects):
            left_out = f"{option.name} is {value}"
    switches.update({name: chosen.features[name] for name in switches.keys() & chosen.features.keys()})
    off = sorted(name for name, value in switches.items() if not value)
    reason = left_out or (_way_on(catalog, flow, off[0], options) if off else "")
    override = chosen.overrides.get(flow.id, Override())
    if override.enabled is not None:
        reason = "" if override.enabled else "printnet_overrides switches it off"
    return State(
        enabled=not reason,
        port=override.port or port,
        source_port=override.source_port or flow.source_port,
        match_source_port=flow.match_source_port or override.source_port is not None,
        reason=reason,
    )


def peers_on(catalog: Catalog, flow: Flow, chosen: Settings, options: Mapping[str, Any]) -> bool:
    """Whether what the flow goes to hears it from its peers as well; ``options`` are those of the one that listens."""
    feature = flow.peer_feature
    if feature is None:
        return True
    if feature in chosen.features:
        return chosen.features[feature]
    for option in catalog.options.values():
        if option.feature == feature:
            return bool(options.get(option.name, option.default))
    return catalog.features[feature].default


def _value(catalog: Catalog, name: str, options: Mapping[str, Any]) -> Any:
    option = catalog.options[name]
    value = options.get(name, option.default)
    return tuple(value) if option.type == "list" else value


def _way_on(catalog: Catalog, flow: Flow, feature: str, options: Mapping[str, Any]) -> str:
    for option in catalog.options_of_flow[flow.id]:
        if option.feature == feature:
            return f"feature {feature} is off; {option.name}: true switches it on"
        named = [value for value, effect in option.values.items() if feature in effect.features]
        if named:
            # A list names all that is on, so what is in it already has to stay.
            items = (*_value(catalog, option.name, options), named[0]) if option.type == "list" else ()
            value = f"[{', '.join(items)}]" if items else named[0]
            return f"feature {feature} is off; {option.name}: {value} switches it on"
    return f"feature {feature} is off; printnet_features: {{{feature}: true}} switches it on"


def own_options(catalog: Catalog, component: str) -> tuple[Option, ...]:
    """The options that belong to the component's hosts."""
    return tuple(option for option in catalog.options.values() if option.component == component)
