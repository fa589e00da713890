# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A catalog file's text to values that know their line; and the compiled form that spares reading it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog_text
from ansible_collections.printnet.ports.plugins.plugin_utils._catalog_text import Located

FaultsOf = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("515", 515), ("0", 0), ("'515'", "515"), ("true", True), ("false", False), ("null", None), ("", None),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("1.5", "1.5"), ("0x1f", "0x1f"), ("-5", "-5"), ("1e3", "1e3"),
        ("2020-06-10", "2020-06-10"), ("12:30", "12:30"), ("'true'", "true"), ("~", "~"), ("'null'", "null"),
        ("V1 R2.021", "V1 R2.021"), ("1_000", "1_000"), ("[1, a]", [1, "a"]), ("{a: 1}", {"a": 1}),
    ],
)  # fmt: skip
def test_only_whole_numbers_true_false_and_null_are_no_text(scalar: str, value: Any) -> None:
    found = _catalog_text.read("f.yml", f"key: {scalar}")["key"]
    assert found == value
    assert type(found) in (type(value), Located)


def test_a_mapping_knows_the_line_that_it_begins_on() -> None:
    found = _catalog_text.read("f.yml", "# a comment\na:\n  b: {c: 1}\nd:\n  - e: 1\n\n  - f: 2\n")
    assert found.line == 2
    assert found["a"].line == 3
    assert [item.line for item in found["d"]] == [5, 7]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "f.yml: must be a mapping with document, components, features, options and flows"),
        ("- a", "f.yml: must be a mapping with document, components, features, options and flows"),
        ("text", "f.yml: must be a mapping with document, components, features, options and flows"),
        ("a: 1\nb: 2\na: 3", "f.yml line 3: the key 'a' is there twice"),
        ("a:\n  b: 1\n  b: 2", "f.yml line 3: the key 'b' is there twice"),
        ("a:\n  - {b: 1, b: 2}", "f.yml line 2: the key 'b' is there twice"),
        ("a: [1", "f.yml line "),
        ("a: b: c", "f.yml line 1: this is not YAML: "),
        ("a: 1\n---\nb: 2", "f.yml line 2: this is not YAML: "),
        ("a: \x07", "f.yml: this is not YAML: "),
    ],
)
def test_what_can_not_be_read_names_file_and_line(text: str, told: str, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_catalog_text.read, "f.yml", text)
    assert fault.startswith(told)


FILES = [("a.yml", "x: {y: 1}\n"), ("b.yml", "z: [true, null]\n")]


def test_the_compiled_form_has_the_same_values() -> None:
    compiled = _catalog_text.compile_files(FILES)
    read = _catalog_text.read_compiled(FILES, None)
    assert (
        _catalog_text.read_compiled(FILES, compiled)
        == read
        == [("a.yml", {"x": {"y": 1}}), ("b.yml", {"z": [True, None]})]
    )
    assert compiled.isascii()


@pytest.mark.parametrize(
    "files",
    [[("a.yml", "x: {y: 2}\n"), FILES[1]], [FILES[0]], [("c.yml", FILES[0][1]), FILES[1]], [*FILES, ("c.yml", "a: 1")]],
)
def test_a_stale_compiled_form_is_not_used(files: list[tuple[str, str]]) -> None:
    stale = _catalog_text.compile_files(FILES)
    assert _catalog_text.read_compiled(files, stale) == [(name, _catalog_text.read(name, text)) for name, text in files]


def test_the_compiled_form_is_really_used() -> None:
    changed = json.loads(_catalog_text.compile_files(FILES))
    changed["files"]["a.yml"]["x"]["y"] = 99
    assert dict(_catalog_text.read_compiled(FILES, json.dumps(changed)))["a.yml"] == {"x": {"y": 99}}
