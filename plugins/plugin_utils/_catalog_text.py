# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the text of a catalog file to plain values that still know their line.

PyYAML's own constructor forgets where a mapping stood and lets the second of two equal keys win; both matter to
somebody who mends an entry, so its parser is used and the last step is done here. Of YAML's plain scalars only whole
numbers, true, false and null are not text: a catalog needs no more, and reading it is twice as fast.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import yaml
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, shown

Loader: type[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class Located(dict[str, Any]):
    """A mapping of a catalog file, with the line that it begins on."""

    __slots__ = ("line",)
    line: int


def read_compiled(files: Iterable[tuple[str, str]], compiled: str | None) -> list[tuple[str, dict[str, Any]]]:
    """The files' values, from their compiled form when that was made of exactly these files.

    Reading YAML is most of the time that the catalog takes to load; JSON takes a tenth of it.
    """
    files = list(files)
    if compiled is not None:
        kept = json.loads(compiled)
        if kept["digest"] == digest(files):
            return list(kept["files"].items())
    return [(name, read(name, content)) for name, content in files]


def compile_files(files: Iterable[tuple[str, str]]) -> str:
    """The compiled form of the files."""
    files = list(files)
    values = {name: read(name, content) for name, content in files}
    return json.dumps({"digest": digest(files), "files": values}, separators=(",", ":")) + "\n"


def digest(files: Iterable[tuple[str, str]]) -> str:
    """A sum over names and contents of the files."""
    return sha256("\0".join(part for file in files for part in file).encode()).hexdigest()


def read(name: str, content: str) -> Located:
    """The file's one document; a PortsError names file and line of what is no YAML or no mapping."""
    try:
        loader = Loader(content)
        root = loader.get_single_node()
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise PortsError(f"{name}{line}: this is not YAML: {getattr(wrong, 'problem', None) or wrong}") from None
    if not isinstance(root, yaml.MappingNode):
        raise PortsError(f"{name}: must be a mapping with document, components, features, options and flows")
    found: Located = _value(name, root)
    return found


def _value(name: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(name, item) for item in node.value]
    found = Located()
    found.line = node.start_mark.line + 1
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in found:
            raise PortsError(f"{name} line {key_node.start_mark.line + 1}: the key {shown(key)} is there twice")
        found[key] = _value(name, value_node)
    return found


_PLAIN: dict[str, bool | None] = {"true": True, "false": False, "null": None, "": None}


def _scalar(node: yaml.ScalarNode) -> Any:
    value: str = node.value
    if node.style:  # quoted or folded
        return value
    return int(value) if value.isdigit() else _PLAIN.get(value, value)
