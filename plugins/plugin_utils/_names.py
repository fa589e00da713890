# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the catalog's components are called, without reading the catalog: no other owner may be called so."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ansible_collections.printnet.ports.plugins.plugin_utils._model import Component

FOLDER = Path(__file__).parent / "catalog"
COMPILED = FOLDER / "compiled.json"
"""What the files compile to. The catalog itself does not use a stale one."""
LONGEST_SHORT = 9


def short(name: str) -> str:
    """The short name of a component that gives none."""
    return name.replace("_", "")[:LONGEST_SHORT]


def of(components: Iterable[Component]) -> frozenset[str]:
    """The names and the short names of components."""
    return frozenset(name for one in components for name in (one.name, one.short))


def shipped() -> frozenset[str]:
    """The same of all components that the collection brings, of whatever edition."""
    if not COMPILED.exists():
        from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog

        return of(_catalog.load().components.values())
    files = json.loads(COMPILED.read_text(encoding="utf-8"))["files"].values()
    entries = [entry for file in files for entry in file.get("components", {}).items()]
    return frozenset(name for key, raw in entries for name in (key, (raw or {}).get("short") or short(key)))
