# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the catalog is made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document says something: ``line`` is one line, or a range such as ``33-36``."""

    document: str
    table: str
    line: str


@dataclass(frozen=True, slots=True)
class Document:
    id: str
    title: str
    edition: str
    date: str | None
    note: str
    tables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Component:
    """A party of the documents.

    ``presence`` says what it means when the inventory names no address for it: an ``optional`` product is not there;
    a ``required`` product and a party ``outside`` are there, but unknown.

    ``role`` is the role that opens its ports, empty where none does. Where a role serves several components,
    ``chosen_by`` has the option, and the value of it, that makes a host of the role's group this one.

    ``gaps`` are sentences about what no document says of it, though an estate may need it.
    """

    name: str
    title: str
    short: str
    presence: str
    kind_of: str | None = None
    lives_on: str | None = None
    feature: str | None = None
    note: str = ""
    role: str = ""
    chosen_by: Mapping[str, str] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feature:
    name: str
    default: bool
    purpose: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What a chosen value of an option does: switches features on, leaves flows out."""

    features: tuple[str, ...] = ()
    leaves_out: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Option:
    """A choice in the component's own words. Exactly one of ``feature``, ``ports`` and ``values`` says what it sets.

    One of type ``addresses`` sets none of them: it says where a component is reached, which changes no flow.
    """

    name: str
    component: str
    type: str
    default: Any
    purpose: str
    feature: str | None = None
    ports: tuple[str, ...] = ()
    values: Mapping[str, Effect] = field(default_factory=dict)
    when: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    @cached_property
    def switches(self) -> frozenset[str]:
        """All features that some value of the option sets."""
        named = {name for effect in self.values.values() for name in effect.features}
        return frozenset(named | ({self.feature} if self.feature else set()))

    @cached_property
    def omits(self) -> frozenset[str]:
        return frozenset(name for effect in self.values.values() for name in effect.leaves_out)


@dataclass(frozen=True, slots=True)
class Flow:
    """Who talks to whom. ``source_port`` documents what the sender binds; a rule matches it only if so told.

    ``beside`` names the flow that a companion goes with.
    """

    id: str
    source: str
    destination: str
    transport: str
    port: PortSpan
    application: str
    purpose: str
    reading: str
    source_port: PortSpan | None = None
    match_source_port: bool = False
    feature: str | None = None
    one_of: str | None = None
    peer_feature: str | None = None
    user_defined: bool = False
    beside: str | None = None
    note: str = ""
    documents: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Override:
    port: PortSpan | None = None
    source_port: PortSpan | None = None
    enabled: bool | None = None


@dataclass(frozen=True, eq=False)
class Catalog:
    """Everything that was read, and indexes for whatever is asked often. Nothing changes after it is made."""

    documents: Mapping[str, Document]
    components: Mapping[str, Component]
    features: Mapping[str, Feature]
    options: Mapping[str, Option]
    flows: Mapping[str, Flow]
    _by: dict[str, dict[Any, tuple[Flow, ...]]] = field(init=False, repr=False, compare=False)

    INDEXED = ("source", "destination", "transport", "application", "feature", "document", "reading")

    def __post_init__(self) -> None:
        index: dict[str, dict[Any, list[Flow]]] = {name: defaultdict(list) for name in (*self.INDEXED, "port", "wide")}
        for flow in self.flows.values():
            for name in ("source", "destination", "transport", "reading"):
                index[name][getattr(flow, name)].append(flow)
            for feature in self.switches_of(flow) | ({flow.peer_feature} if flow.peer_feature else set()):
                index["feature"][feature].append(flow)
            index["application"][flow.application.lower()].append(flow)
            for document in {place.document for place in flow.documents}:
                index["document"][document].append(flow)
            index["port"][flow.port].append(flow)
            if flow.port[0] != flow.port[1]:
                index["wide"][flow.port].append(flow)
        frozen = {name: {key: tuple(flows) for key, flows in table.items()} for name, table in index.items()}
        object.__setattr__(self, "_by", frozen)

    def flows_by(self, name: str, value: Any) -> tuple[Flow, ...]:
        """The flows whose field has the value, without looking at any other flow."""
        return self._by[name].get(value, ())

    def flows_on(self, port: int) -> tuple[Flow, ...]:
        """The flows that use the port, alone or within a range."""
        wide = (flow for (first, last), flows in self._by["wide"].items() if first <= port <= last for flow in flows)
        return (*self.flows_by("port", (port, port)), *wide)

    def values_of(self, name: str) -> Iterable[Any]:
        """All values that the field has somewhere."""
        return self._by[name]

    def kinds(self, component: str) -> tuple[str, ...]:
        """The component and what it is a kind of: a flow to any of them reaches it."""
        found: list[str] = []
        step: str | None = component
        while step is not None and step not in found:
            found.append(step)
            step = self.components[step].kind_of
        return tuple(found)

    def here(self, component: str) -> tuple[str, ...]:
        """All that a host of the component is: the component, what it is a kind of, and what it lives on."""
        host = self.components[component].lives_on
        return (*self.kinds(component), *(self.here(host) if host else ()))

    @cached_property
    def _members(self) -> Mapping[str, tuple[str, ...]]:
        members: dict[str, list[str]] = defaultdict(list)
        for name in self.components:
            for kind in self.kinds(name):
                members[kind].append(name)
        return {kind: tuple(names) for kind, names in members.items()}

    def residents(self, component: str) -> tuple[str, ...]:
        """The components that live on its hosts."""
        kinds = self.kinds(component)
        return tuple(entry.name for entry in self.components.values() if entry.lives_on in kinds)

    def members(self, component: str) -> tuple[str, ...]:
        """The component and all that are a kind of it: a flow to it reaches them all."""
        return self._members[component]

    @cached_property
    def roles(self) -> Mapping[str, tuple[Component, ...]]:
        """For each role the components that it serves."""
        served: dict[str, list[Component]] = defaultdict(list)
        for component in self.components.values():
            if component.role:
                served[component.role].append(component)
        return {role: tuple(components) for role, components in served.items()}

    @cached_property
    def options_of_flow(self) -> Mapping[str, tuple[Option, ...]]:
        """For each flow the options that can change it, in the order in which they are applied."""
        found: dict[str, tuple[Option, ...]] = {}
        for flow in self.flows.values():
            switches = self.switches_of(flow)
            found[flow.id] = tuple(
                option
                for option in self.options.values()
                if flow.id in option.ports or flow.id in option.omits or option.switches & switches
            )
        return found

    @cached_property
    def touched_by(self) -> Mapping[str, frozenset[str]]:
        """For each flow the names of options and features that can change it."""
        return {
            flow.id: self.switches_of(flow).union(
                *({option.name, *option.when} for option in self.options_of_flow[flow.id])
            )
            for flow in self.flows.values()
        }

    def switches_of(self, flow: Flow) -> frozenset[str]:
        """The features that must all be on for the flow to be on."""
        ends = (self.components[flow.source].feature, self.components[flow.destination].feature)
        return frozenset(name for name in (flow.feature, *ends) if name)
