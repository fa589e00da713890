# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report's files: chosen forms, sums that sha256sum confirms, whole or not at all, and never twice."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _store
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils._report import reports

FaultsOf = Callable[..., list[str]]


def test_all_forms_and_a_manifest(tmp_path: Path) -> None:
    made = _store.files(reports.report(60))
    assert list(made) == [
        "compliance.json", "compliance.csv", "compliance.xml", "compliance.html", "compliance.txt", "SHA256SUMS",
    ]  # fmt: skip
    where = _store.write(tmp_path / "new" / "folder", "run-1", made)
    assert where == tmp_path / "new" / "folder" / "run-1"
    assert {path.name: path.read_bytes() for path in where.iterdir()} == made
    assert os.listdir(where.parent) == ["run-1"]
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=where, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count(b": OK") == 5


def test_the_chosen_forms_only() -> None:
    assert list(_store.files(reports.report(30), ["junit", "json"])) == [
        "compliance.json", "compliance.xml", "SHA256SUMS",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("forms", "says"),
    [
        (["jsn"], "formats: 'jsn' is no form of a report; did you mean 'json'"),
        ([], "formats: name at least one of json"),
    ],
)
def test_forms_that_are_none(faults_of: FaultsOf, forms: list[str], says: str) -> None:
    assert says in faults_of(_store.files, reports.report(30), forms)[0]


def test_a_report_is_never_overwritten(tmp_path: Path, faults_of: FaultsOf) -> None:
    _store.write(tmp_path, "run", {"a": b"1"})
    assert "is there already; a report is never overwritten" in faults_of(_store.write, tmp_path, "run", {"a": b"2"})[0]
    assert (tmp_path / "run" / "a").read_bytes() == b"1"
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert "is there already" in faults_of(_store.write, tmp_path, "gone", {"a": b"2"})[0]
    assert sorted(os.listdir(tmp_path)) == ["gone", "run"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "../up"])
def test_a_run_is_not_a_way_out(tmp_path: Path, faults_of: FaultsOf, name: str) -> None:
    assert "is no name for the folder" in faults_of(_store.write, tmp_path, name, {"a": b""})[0]
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_a_file(tmp_path: Path, faults_of: FaultsOf) -> None:
    (tmp_path / "file").write_text("")
    assert "that is a file, and must be a folder" in faults_of(_store.write, tmp_path / "file", "run", {"a": b""})[0]


def test_a_failure_leaves_nothing(tmp_path: Path, faults_of: FaultsOf) -> None:
    files: dict[str, Any] = {"a": b"1", "no/folder": b"2"}
    assert "can't be written" in faults_of(_store.write, tmp_path, "run", files)[0]
    assert os.listdir(tmp_path) == []
