# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: questions to the catalog, answered as plain dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _choices, _schema
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError, nearest, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Flow

DIRECTIONS = ("in", "out", "both")
FIELDS = ("source", "destination", "transport", "port", "application", "feature", "document", "reading")


def as_dict(flow: Flow, state: _choices.State) -> dict[str, Any]:
    """The flow as users get it; a port is a number, a range the text ``first-last``."""
    return {
        "id": flow.id,
        "source": flow.source,
        "destination": flow.destination,
        "transport": flow.transport,
        "port": _port(state.port),
        "source_port": _port(state.source_port) if state.source_port else None,
        "application": flow.application,
        "purpose": flow.purpose,
        "feature": flow.feature,
        "one_of": flow.one_of,
        "user_defined": flow.user_defined,
        "reading": flow.reading,
        "enabled": state.enabled,
        "documents": [
            {"document": place.document, "table": place.table, "line": place.line} for place in flow.documents
        ],
        "note": flow.note,
    }


def _port(value: _schema.PortSpan) -> int | str:
    return value[0] if value[0] == value[1] else span_text(value)


def select(
    catalog: Catalog, terms: Sequence[Any], direction: str, where: Mapping[str, Any], faults: Faults
) -> list[Flow]:
    """The flows that the terms name and whose fields have the values, each once.

    Without terms they are in the catalog's order.

    Each condition is answered by an index; the shortest answer is then narrowed by the others.
    """
    answers: list[tuple[Flow, ...]] = []
    if terms:
        answers.append(tuple(flow for term in terms for flow in _of_term(catalog, term, direction, faults)))
    for name, value in where.items():
        if value is not None:
            answers.append(_of_field(catalog, name, value, faults))
    faults.stop()
    if not answers:
        return list(catalog.flows.values())
    answers.sort(key=len)
    others = [{flow.id for flow in answer} for answer in answers[1:]]
    found = {flow.id: flow for flow in answers[0] if all(flow.id in other for other in others)}
    return list(found.values())


def _of_term(catalog: Catalog, term: Any, direction: str, faults: Faults) -> Iterable[Flow]:
    if isinstance(term, str) and term in catalog.flows:
        return (catalog.flows[term],)
    if instead := role_instead(catalog, term):
        faults.add("flows", instead)
        return ()
    if not isinstance(term, str) or term not in catalog.components:
        faults.add(
            "flows", f"{shown(term)} is no component and no flow{nearest(term, (*catalog.components, *catalog.flows))}"
        )
        return ()
    kinds = catalog.kinds(term)
    sides = {"in": ("destination",), "out": ("source",), "both": ("destination", "source")}[direction]
    found = [flow for side in sides for kind in kinds for flow in catalog.flows_by(side, kind)]
    if direction == "out":
        # What its hosts receive from others they send each other as well.
        found += [flow for kind in kinds for flow in catalog.flows_by("destination", kind) if flow.peer_feature]
    return found


def role_instead(catalog: Catalog, name: Any) -> str:
    """What to name in place of a role's name that is no component; empty where it is none such."""
    if not isinstance(name, str) or name in catalog.components or name not in catalog.roles:
        return ""
    served = [component.name for component in catalog.roles[name]]
    which = "these, or one of them" if len(served) > 1 else "that"
    return f"{shown(name)} is a role for {' and '.join(served)}: name {which}"


def _named(catalog: Catalog, terms: Sequence[Any]) -> set[str]:
    """The flows and components that the terms name, and what these are kinds of."""
    return {name for term in terms for name in (catalog.kinds(term) if term in catalog.components else (term,))}


def _of_field(catalog: Catalog, name: str, value: Any, faults: Faults) -> tuple[Flow, ...]:
    where = f"flows, {name}"
    if name == "application":
        value = str(value).lower()
    known: Iterable[Any] = {
        "source": catalog.components,
        "destination": catalog.components,
        "transport": _schema.TRANSPORTS,
        "application": catalog.values_of("application"),
        "feature": catalog.features,
        "document": {*catalog.documents, *catalog.values_of("document")},
        "reading": _schema.READINGS,
    }[name]
    what = {"source": "component", "destination": "component", "feature": "feature", "document": "document"}
    instead = role_instead(catalog, value) if name in ("source", "destination") else ""
    if instead:
        faults.add(where, instead)
    else:
        _schema.check_known(value, known, what.get(name, f"value of {name}"), where, faults)
    return catalog.flows_by(name, value)


def query(
    catalog: Catalog,
    settings: _choices.Settings,
    options: Mapping[str, Any],
    terms: Sequence[Any] = (),
    *,
    direction: str = "both",
    enabled_only: bool = True,
    **where: Any,
) -> list[dict[str, Any]]:
    """The flows in question as dictionaries, as features, overrides and options make them."""
    if direction not in DIRECTIONS:
        there = f"{', '.join(DIRECTIONS)}{nearest(direction, DIRECTIONS)}"
        raise PortsError(f"flows, direction: {shown(direction)} must be one of {there}")
    faults = Faults()
    port = where.pop("port", None)
    number = None if port is None else _schema.read_value(_schema.port, port, "flows, port", faults)
    asked = list(terms) or any(value is not None for value in where.values())
    on_port = [*catalog.flows_on(number), *_moved(catalog, settings, options)] if number else []
    if asked or port is None:
        found = select(catalog, terms, direction, where, faults)
    else:
        faults.stop()
        found = list({flow.id: flow for flow in on_port}.values())
    if number:
        names = {flow.id for flow in on_port}
        found = [flow for flow in found if flow.id in names]
    senders = _named(catalog, terms) if direction == "out" else set()
    answers = [(flow, _state(catalog, flow, settings, options, senders)) for flow in found]
    if number:
        answers = [(flow, state) for flow, state in answers if state.port[0] <= number <= state.port[1]]
    return [as_dict(flow, state) for flow, state in answers if state.enabled or not enabled_only]


def _state(
    catalog: Catalog, flow: Flow, settings: _choices.Settings, options: Mapping[str, Any], senders: set[str]
) -> _choices.State:
    state = _choices.state(catalog, flow, settings, options)
    if not senders or flow.peer_feature is None or not senders.isdisjoint((flow.id, flow.source)):
        return state
    # Of the senders, it is only the flow's own destination whose hosts send it, to each other.
    return replace(state, enabled=state.enabled and _choices.peers_on(catalog, flow, settings, options))


def _moved(catalog: Catalog, settings: _choices.Settings, options: Mapping[str, Any]) -> list[Flow]:
    """The flows whose port an override or an option sets: of these the index of ports does not know."""
    names = [name for name in settings.overrides if name in catalog.flows]
    names += [flow for name in options for flow in catalog.options[name].ports]
    return [catalog.flows[name] for name in names]


def ports(catalog: Catalog, settings: _choices.Settings, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each port of the catalog, as overrides and options set it, with all its flows, whether they are on or off."""
    found: dict[tuple[str, str], list[str]] = {}
    for flow in catalog.flows.values():
        port = span_text(_choices.state(catalog, flow, settings, options).port)
        found.setdefault((flow.transport, port), []).append(flow.id)
    return [
        {"transport": transport, "port": port, "flows": sorted(flows)}
        for (transport, port), flows in sorted(found.items())
    ]


def silent(catalog: Catalog, terms: Sequence[Any]) -> list[str]:
    """A sentence for each component asked for of which no document names a flow."""
    return [
        f"No flow of {term} is in the catalog. {catalog.components[term].note}".strip()
        for term in terms
        if isinstance(term, str) and term in catalog.components and not list(_of_term(catalog, term, "both", Faults()))
    ]
