# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: networks that no inventory host stands for: ``printnet_networks`` and the file of networks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _schema
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, nearest, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._hosts import entries

COLUMNS = ("network", "component", "site", "owner", "lease_pool")
_NEEDED = ("network", "component")
_COMPONENT = "component, and none of printnet_extra_components"
_HEADER = "the header must name the columns network, component, site, owner"
_QUOTES = "quotes that begin a field must end it in the same line"


@dataclass(frozen=True, slots=True)
class Site:
    """A network of the file, whose site and owner people know it by."""

    network: str
    site: str
    owner: str


@dataclass(slots=True)
class Networks:
    """The networks by component, where people say they are, and which of them hand out addresses for a while."""

    by_component: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sites: list[Site] = field(default_factory=list)
    lease_pools: list[str] = field(default_factory=list)


def read(variable: Mapping[str, Any], file: tuple[str, str] | None, known: Iterable[str], faults: Faults) -> Networks:
    """The networks of the variable and of the file, a pair of its path and its text; faults are added."""
    reader = _Reader(frozenset(known), faults)
    for component, raw in variable.items():
        _schema.check_key(component, reader.known, _COMPONENT, "printnet_networks", faults)
        for entry in entries(raw):
            cidrs = _schema.read_value(network, entry, f"printnet_networks, {component}", faults)
            reader.cidrs.setdefault(str(component), []).extend(cidrs or ())
    if file is not None:
        reader.file(*file)
    reader.found.by_component = {component: _addresses.merge(cidrs) for component, cidrs in reader.cidrs.items()}
    return reader.found


def network(entry: Any) -> tuple[str, ...]:
    """One entry as CIDRs; only the word ``any`` is everybody. Raises ValueError with what would be right."""
    if isinstance(entry, str) and entry.strip().lower() == "any":
        return EVERYBODY
    found = _addresses.networks(entry)
    for one in found:
        if one in EVERYBODY:
            raise ValueError("is everybody; write any where that is meant")
        if reason := _addresses.misplaced(one.partition("/")[0]):
            raise ValueError(f"begins with {reason}, which is no peer")
    return found


@dataclass(slots=True)
class _Reader:
    """Collects what variable and file say."""

    known: frozenset[str]
    faults: Faults
    found: Networks = field(default_factory=Networks)
    cidrs: dict[str, list[str]] = field(default_factory=dict)

    def file(self, path: str, text: str) -> None:
        # A remark is no row, whatever quotes it has.
        lines = ["\n" if line.lstrip('\ufeff \t"').startswith("#") else line for line in io.StringIO(text)]
        first = next((line for line in lines if line.strip()), "")
        separator = max(",;\t", key=first.count)
        rows = csv.reader(lines, delimiter=separator, strict=True)
        header: list[str] = []
        begins = 1
        try:
            for row in rows:
                where, begins = f"{path}, line {begins}", rows.line_num + 1
                if not any(cell.strip() for cell in row):
                    continue
                if any("\n" in cell and separator in cell for cell in row):
                    self.faults.add(where, f"a field holds the next line as well; {_QUOTES}")
                    continue
                if header and any(cell.strip() for cell in row[len(header) :]):
                    self.faults.add(
                        where,
                        f"has {len(row)} fields, and the header names {len(header)} columns; put a field that has the "
                        "separator in it into quotes",
                    )
                    continue
                if header:
                    self.row(dict(zip(header, (cell.strip() for cell in row), strict=False)), where)
                    continue
                header = self.header(row, where)
                if not header:
                    return
        except csv.Error as wrong:
            self.faults.add(f"{path}, line {begins}", f"is not CSV: {wrong}; {_QUOTES}")
            return
        if not header:
            self.faults.add(path, f"{_HEADER}; the file is empty")

    def header(self, row: Iterable[str], where: str) -> list[str]:
        names = [name.lstrip("\ufeff").strip().lower().replace(" ", "_") for name in row]
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            self.faults.add(where, f"{_HEADER}; {missing[0]} is missing")
            return []
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                self.faults.add(where, f"the column {shown(name)} is there twice")
            elif name not in COLUMNS:
                self.faults.add(where, f"the column {shown(name)} is unknown{nearest(name, COLUMNS)}")
        return names

    def row(self, row: Mapping[str, str], where: str) -> None:
        """A row without a component names a site only."""
        cidrs = _schema.read_value(network, row.get("network", ""), f"{where}, network", self.faults) or ()
        component = row.get("component", "")
        if component:
            _schema.check_known(component, self.known, _COMPONENT, f"{where}, component", self.faults)
            self.cidrs.setdefault(component, []).extend(cidrs)
        site, owner = row.get("site", ""), row.get("owner", "")
        if site or owner:
            self.found.sites += [Site(cidr, site, owner) for cidr in cidrs]
        pool = row.get("lease_pool")
        if pool and _schema.read_value(_schema.flag, pool, f"{where}, lease_pool", self.faults):
            self.found.lease_pools += cidrs
