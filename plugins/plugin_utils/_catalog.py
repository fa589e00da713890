# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: reads and checks the catalog, the shipped files and a user's own entries by the same rules.

All faults of all entries are found before anything is raised.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog_text, _names, _schema
from ansible_collections.printnet.ports.plugins.plugin_utils._choices import option_value
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError, nearest, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._model import (
    Catalog,
    Component,
    Document,
    Effect,
    Feature,
    Flow,
    Option,
    Place,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import Field, check_known, read_entry

OPTION_TYPES = ("bool", "str", "list", "port", "addresses")

_DOCUMENT = {
    "id": Field(_schema.word),
    "title": Field(_schema.text),
    "edition": Field(_schema.text),
    "date": Field(_schema.optional(_schema.text)),
    "note": Field(_schema.text, ""),
    "tables": Field(_schema.mapping),
}
_COMPONENT = {
    "title": Field(_schema.text, None),
    "short": Field(_schema.optional(_schema.word), None),
    "presence": Field(_schema.one_of("required", "optional", "outside"), "outside"),
    "kind_of": Field(_schema.word, None),
    "lives_on": Field(_schema.word, None),
    "feature": Field(_schema.word, None),
    "note": Field(_schema.text, ""),
    "role": Field(_schema.optional(_schema.word), None),
    "chosen_by": Field(_schema.mapping, {}),
    "gaps": Field(_schema.many(_schema.text), ()),
}
_FEATURE = {"default": Field(_schema.flag), "purpose": Field(_schema.text)}
_EFFECT = {
    "features": Field(_schema.many(_schema.word), ()),
    "leaves_out": Field(_schema.many(_schema.flow_id), ()),
}
_OPTION = {
    "component": Field(_schema.word),
    "type": Field(_schema.one_of(*OPTION_TYPES)),
    "default": Field(_schema.anything),
    "purpose": Field(_schema.text),
    "feature": Field(_schema.word, None),
    "ports": Field(_schema.many(_schema.flow_id), ()),
    "values": Field(_schema.mapping, {}),
    "when": Field(_schema.mapping, {}),
    "note": Field(_schema.text, ""),
}
_FLOW = {
    "id": Field(_schema.flow_id),
    "source": Field(_schema.word),
    "destination": Field(_schema.word),
    "transport": Field(_schema.one_of(*_schema.TRANSPORTS)),
    "port": Field(_schema.span),
    "source_port": Field(_schema.optional(_schema.span), None),
    "match_source_port": Field(_schema.flag, False),
    "application": Field(_schema.text),
    "purpose": Field(_schema.text),
    "feature": Field(_schema.optional(_schema.word), None),
    "one_of": Field(_schema.optional(_schema.flow_id), None),
    "peer_feature": Field(_schema.word, None),
    "beside": Field(_schema.optional(_schema.flow_id), None),
    "user_defined": Field(_schema.flag, False),
    "reading": Field(_schema.one_of(*_schema.READINGS)),
    "note": Field(_schema.text, ""),
    "documents": Field(_schema.anything, ()),
}
# What a user has to write of a flow of her own: who, where, what.
_OWN_FLOW = {
    **_FLOW,
    "match_source_port": Field(_schema.flag, None),
    "application": Field(_schema.text, "not stated"),
    "purpose": Field(_schema.text, "added by printnet_extra_flows"),
    "reading": Field(_schema.one_of(*_schema.READINGS), "literal"),
}
_OWN_PLACE = {"document": Field(_schema.text), "table": Field(_schema.text, ""), "line": Field(str, "")}
_PLACE = {"table": Field(_schema.text), "line": Field(str)}


class _Entries:
    """Entries of one or more files on their way to a catalog, with where each one stands."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.documents: dict[str, Document] = {}
        self.components: dict[str, Component] = {}
        self.features: dict[str, Feature] = {}
        self.options: dict[str, Option] = {}
        self.flows: dict[str, Flow] = {}
        # Where each entry stands, by its kind and name.
        self.where: dict[tuple[str, str], str] = {}
        # What an entry points at, also one with other faults: kind, name and where.
        self.pointers: list[tuple[str, Any, str]] = []

    def start_from(self, catalog: Catalog) -> None:
        for name in ("documents", "components", "features", "options", "flows"):
            getattr(self, name).update(getattr(catalog, name))
            self.where.update({(name[:-1], entry): "the catalog" for entry in getattr(catalog, name)})

    def add_file(self, name: str, content: Mapping[str, Any]) -> None:
        for key in content:
            if key not in ("document", "components", "features", "options", "flows"):
                self.faults.add(name, f"the key {shown(key)} is unknown")
        document = self._document(name, content["document"]) if "document" in content else None
        for part, add in (("components", self.add_component), ("features", self._feature), ("options", self._option)):
            entries = _schema.read_value(_schema.mapping, content.get(part) or {}, f"{name}, {part}", self.faults)
            for entry, raw in (entries or {}).items():
                add(entry, raw, f"{name}{_line(raw)}, {part[:-1]} {entry}")
        flows = _schema.read_value(_schema.sequence, content.get("flows") or (), f"{name}, flows", self.faults)
        for raw in flows or ():
            entry = raw.get("id", "without id") if isinstance(raw, Mapping) else "?"
            self.add_flow(raw, f"{name}{_line(raw)}, flow {entry}", document)

    def _document(self, name: str, raw: Any) -> Document | None:
        values = read_entry(_DOCUMENT, raw, f"{name}{_line(raw)}, document", self.faults)
        if values is None:
            return None
        document = Document(**values)
        self.documents[document.id] = document
        return document

    def add_component(self, name: str, raw: Any, where: str, own: bool = False) -> None:
        _schema.read_value(_schema.word, name, where, self.faults)
        if self._twice("component", name, where):
            return
        self._point(raw, where, {"kind_of": "component", "lives_on": "component", "feature": "feature"})
        values = read_entry(_COMPONENT, raw or {}, where, self.faults)
        if values is None:
            return
        values["title"] = values["title"] or name
        values["short"] = values["short"] or _names.short(name)
        if "role" not in (raw or {}) and not own and values["presence"] != "outside":
            values["role"] = name
        values["role"] = values["role"] or ""
        if len(values["short"]) > _names.LONGEST_SHORT:
            self.faults.add(where, f"short {shown(values['short'])} has more than {_names.LONGEST_SHORT} characters")
        self.components[name] = Component(name=name, **values)

    def _feature(self, name: str, raw: Any, where: str) -> None:
        if self._twice("feature", name, where):
            return
        values = read_entry(_FEATURE, raw, where, self.faults)
        if values is not None:
            self.features[name] = Feature(name=name, **values)

    def _option(self, name: str, raw: Any, where: str) -> None:
        if self._twice("option", name, where):
            return
        self._point(raw, where, {"component": "component", "feature": "feature"})
        values = read_entry(_OPTION, raw, where, self.faults)
        if values is None:
            return
        effects = {
            value: read_entry(_EFFECT, effect, f"{where}, value {value}", self.faults)
            for value, effect in values["values"].items()
        }
        values["values"] = {value: Effect(**effect) for value, effect in effects.items() if effect is not None}
        effects_set = sum(bool(values[key]) for key in ("feature", "ports", "values"))
        if values["type"] == "addresses" and effects_set:
            self.faults.add(where, "an option of type addresses sets no feature, ports or values")
        elif values["type"] != "addresses" and effects_set != 1:
            self.faults.add(where, "must set exactly one of feature, ports and values")
        self.options[name] = Option(name=name, **values)

    def add_flow(self, raw: Any, where: str, document: Document | None = None, own: bool = False) -> None:
        name = raw.get("id") if isinstance(raw, Mapping) else None
        if name is not None and self._twice("flow", str(name), where):
            return
        ends = {"source": "component", "destination": "component"}
        self._point(raw, where, {**ends, "feature": "feature", "peer_feature": "feature", "beside": "flow"})
        values = read_entry(_OWN_FLOW if own else _FLOW, raw, where, self.faults)
        if values is None:
            return
        places = values["documents"] if isinstance(values["documents"], (list, tuple)) else [values["documents"]]
        values["documents"] = tuple(
            place for item in places if (place := self._place(item, f"{where}, documents", document, own))
        )
        if values["match_source_port"] is None:
            values["match_source_port"] = values["source_port"] is not None
        self.flows[values["id"]] = Flow(**values)

    def _place(self, raw: Any, where: str, document: Document | None, own: bool) -> Place | None:
        values = read_entry(_OWN_PLACE if own else _PLACE, raw, where, self.faults)
        if values is None or own:
            return Place(**values) if values else None
        if document is None:
            self.faults.add(where, "the file has no document, so a flow of it can stand in none")
            return None
        check_known(values["table"], document.tables, "table of the document", where, self.faults)
        return Place(document.id, document.tables.get(values["table"], ""), values["line"])

    def _twice(self, kind: str, name: str, where: str) -> bool:
        """Notes the name, with or without faults behind it, so that what points at it is no second fault."""
        twice = (kind, name) in self.where
        if twice:
            self.faults.add(where, f"{shown(name)} is there already; a name is given once")
        self.where.setdefault((kind, name), where)
        return twice

    def _point(self, raw: Any, where: str, keys: Mapping[str, str]) -> None:
        if isinstance(raw, Mapping):
            self.pointers += [
                (kind, raw[key], f"{where}, {key}") for key, kind in keys.items() if raw.get(key) is not None
            ]

    def _known(self, kind: str) -> list[str]:
        return [name for other, name in self.where if other == kind]

    def check_references(self) -> None:
        """Names may point forwards, so this comes after all entries."""
        known = {kind: self._known(kind) for kind in ("component", "feature", "flow")}
        for kind, name, where in self.pointers:
            check_known(name, known[kind], kind, where, self.faults)
        self._check_circles()
        self._check_shorts()
        self._check_alternatives()
        for component in self.components.values():
            self._check_chosen(component, f"{self.where['component', component.name]}, chosen_by")
        for option in self.options.values():
            self._check_option(option, self.where["option", option.name])

    def _check_alternatives(self) -> None:
        groups: dict[str, list[Flow]] = {}
        for flow in self.flows.values():
            if flow.one_of:
                groups.setdefault(flow.one_of, []).append(flow)
        for name, flows in groups.items():
            if len(flows) < 2:
                self.faults.add(
                    f"{self.where['flow', flows[0].id]}, one_of",
                    f"{shown(name)} dangles: no other flow is an alternative of that name"
                    f"{nearest(name, groups.keys() - {name})}",
                )

    def _check_circles(self) -> None:
        for key in ("kind_of", "lives_on"):
            for name in self.components:
                seen, step = [name], getattr(self.components[name], key)
                while step in self.components and step not in seen:
                    seen.append(step)
                    step = getattr(self.components[step], key)
                if step == name:
                    where = self.where["component", name]
                    self.faults.add(f"{where}, {key}", f"goes in a circle: {' -> '.join([*seen, name])}")

    def _check_shorts(self) -> None:
        owners: dict[str, str] = {}
        for component in self.components.values():
            other = owners.setdefault(component.short, component.name)
            if other != component.name:
                where = self.where["component", component.name]
                self.faults.add(where, f"short {shown(component.short)} is that of {other} already; give another")

    def _check_chosen(self, component: Component, where: str) -> None:
        for name, value in component.chosen_by.items():
            check_known(name, self._known("option"), "option", where, self.faults)
            option = self.options.get(name)
            if option is not None:
                check_known(value or "", option.values, f"value of {name}", where, self.faults)

    def _check_option(self, option: Option, where: str) -> None:
        for name in sorted(option.switches - {option.feature}):
            check_known(name, self._known("feature"), "feature", where, self.faults)
        for name in (*option.ports, *sorted(option.omits)):
            check_known(name, self._known("flow"), "flow", where, self.faults)
        for name in option.when:
            check_known(name, self._known("option"), "option", f"{where}, when", self.faults)
        sets = {"bool": "feature", "port": "ports"}.get(option.type, "values")
        if option.type != "addresses" and not getattr(option, sets):
            self.faults.add(where, f"an option of type {option.type} must have {sets}")
        else:
            _schema.read_value(partial(option_value, option), option.default, f"{where}, default", self.faults)

    def catalog(self) -> Catalog:
        self.check_references()
        self.faults.stop()
        return Catalog(self.documents, self.components, self.features, self.options, self.flows)


def read_files(
    files: Iterable[tuple[str, str]], pins: Mapping[str, str] | None = None, compiled: str | None = None
) -> Catalog:
    """The catalog that the files make: pairs of a name and a content.

    ``pins`` maps a document's id to the edition wanted, where several files hold editions of one document; without a
    pin the one with the latest date counts. ``compiled`` spares reading YAML when it was made of these files.
    """
    contents = _catalog_text.read_compiled(files, compiled)
    entries = _Entries()
    for name, content in _editions(contents, pins or {}, entries.faults):
        entries.add_file(name, content)
    return entries.catalog()


def _editions(
    contents: Sequence[tuple[str, Mapping[str, Any]]], pins: Mapping[str, str], faults: Faults
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    editions: dict[str, list[Mapping[str, Any]]] = {}
    for _name, content in contents:
        document = content.get("document")
        if isinstance(document, Mapping):
            editions.setdefault(str(document.get("id")), []).append(document)
    chosen = {
        key: max(documents, key=lambda document: str(document.get("date") or "")) for key, documents in editions.items()
    }
    for key, edition in pins.items():
        if key not in editions:
            faults.add("printnet_documents", f"{shown(key)} is no document{nearest(key, editions)}")
            continue
        found = [document for document in editions[key] if str(document.get("edition")) == str(edition)]
        if found:
            chosen[key] = found[0]
        else:
            there = ", ".join(shown(document.get("edition")) for document in editions[key])
            faults.add(f"printnet_documents, {key}", f"there is no edition {shown(edition)}; there is {there}")
    keep = {id(document) for document in chosen.values()}
    return [
        (name, content)
        for name, content in contents
        if not isinstance(content.get("document"), Mapping) or id(content["document"]) in keep
    ]


@lru_cache(maxsize=4)
def _shipped(pins: tuple[tuple[str, str], ...]) -> Catalog:
    compiled = _names.COMPILED.read_text(encoding="utf-8") if _names.COMPILED.exists() else None
    return read_files(shipped_files(), dict(pins), compiled)


def shipped_files() -> list[tuple[str, str]]:
    """The names and contents of the catalog's files."""
    return [(path.name, path.read_text(encoding="utf-8")) for path in sorted(_names.FOLDER.glob("*.yml"))]


@lru_cache(maxsize=8)
def _extended(pins: tuple[tuple[str, str], ...], extras: str) -> Catalog:
    components, flows = json.loads(extras)
    entries = _Entries()
    entries.start_from(_shipped(pins))
    for name, raw in components.items():
        entries.add_component(name, raw, f"printnet_extra_components, {name}", own=True)
    for number, raw in enumerate(flows, 1):
        entry = f" ({raw['id']})" if isinstance(raw, dict) and "id" in raw else ""
        entries.add_flow(raw, f"printnet_extra_flows, entry {number}{entry}", own=True)
    return entries.catalog()


def load(documents: Any = None, extra_components: Any = None, extra_flows: Any = None) -> Catalog:
    """The shipped catalog with a user's own entries: once a process for the same arguments.

    Takes the values of ``printnet_documents`` (document id to edition), ``printnet_extra_components`` (name to entry)
    and ``printnet_extra_flows`` (list of entries) as they come; raises PortsError with all faults.
    """
    faults = Faults()
    pins = _schema.read_value(_schema.mapping, documents or {}, "printnet_documents", faults)
    components = _schema.read_value(_schema.mapping, extra_components or {}, "printnet_extra_components", faults)
    if not isinstance(extra_flows or [], (list, tuple)):
        faults.add("printnet_extra_flows", f"{shown(extra_flows)} must be a list of flows")
    faults.stop()
    key = tuple(sorted((str(name), str(edition)) for name, edition in pins.items()))
    if not components and not extra_flows:
        return _shipped(key)
    try:
        extras = json.dumps([dict(components), list(extra_flows or [])], default=str)
    except (TypeError, ValueError) as wrong:
        raise PortsError(f"printnet_extra_flows, printnet_extra_components: {wrong}") from None
    return _extended(key, extras)


def _line(raw: Any) -> str:
    return f" line {raw.line}" if isinstance(raw, _catalog_text.Located) else ""
