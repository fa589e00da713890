# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Python the drop-in of nftables.service names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_files as files

SAVED: Any = {"printnet.ports/vpsx": ("vpsx", [])}


@pytest.fixture(autouse=True)
def pythons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the Pythons of a host whose own is too old, and whose homes are below another folder."""
    paths = {name: tmp_path / f"etc/{name}" for name in ("SAVED", "LOADER", "DROP_IN")}
    for name, path in paths.items():
        monkeypatch.setattr(files, name, path)
    monkeypatch.setattr(files, "_FILES", tuple(paths.values()))
    monkeypatch.setattr(files, "daemon_reload", lambda _run: None)
    here = tmp_path / "usr/bin"
    program(here / "python3.6")
    monkeypatch.setattr(files, "_PYTHONS", (link(here / "python3", "python3.6"),))
    monkeypatch.setattr(files, "_MORE_PYTHONS", f"{here}/python3.[0-9]*")
    monkeypatch.setattr(files, "_HIDDEN", (f"{tmp_path}/home/",))
    return here


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def link(path: Path, to: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(to)
    return str(path)


def named() -> str:
    """The Python that is named once the rules are saved."""
    files.write(lambda _words: (0, "", ""), SAVED)
    assert files.odd(SAVED) == []
    line = files.DROP_IN.read_text(encoding="utf-8").splitlines()[2]
    return line.removeprefix("ExecStartPost=-").split()[0]


def runs_under(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(sys, "executable", name)


def test_neither_a_home_nor_a_link_there_is_named(
    tmp_path: Path, pythons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = program(tmp_path / "opt/python/bin/python3.12")
    runs_under(monkeypatch, link(tmp_path / "home/me/venv/bin/python", outside))
    assert named() == outside
    assert files.unseen_python() == []
    files.DROP_IN.unlink()
    runs_under(monkeypatch, program(tmp_path / "home/me/.pyenv/bin/python3.13"))
    program(pythons / "python3.9")
    program(pythons / "python3.12-config")
    newest = program(pythons / "python3.11")
    assert named() == newest
    files.DROP_IN.unlink()
    assert named() != link(pythons / "python3", "python3.9")
    files.DROP_IN.unlink()
    assert named() == str(pythons / "python3")


def test_a_home_is_named_where_there_is_nothing_else(
    tmp_path: Path, pythons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = program(tmp_path / "home/a/bin/python3")
    for name in (hidden, program(tmp_path / "home/b/bin/python3")):
        runs_under(monkeypatch, name)
        assert named() == hidden
    (said,) = files.unseen_python()
    assert f"{files.UNIT} loads the rules by {hidden}, which it does not see where it has ProtectHome" in said
    assert named() != program(pythons / "python3.11")
    assert files.unseen_python() == []


@pytest.mark.parametrize(
    ("there", "stays"), [("opt/a/bin/python3.11", True), ("home/me/bin/python3", False), ("usr/bin/true", False)]
)
def test_what_another_controller_has_chosen_stays_as_long_as_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str, stays: bool
) -> None:
    runs_under(monkeypatch, program(tmp_path / there))
    assert named() == str(tmp_path / there)
    other = program(tmp_path / "opt/b/bin/python3.12")
    runs_under(monkeypatch, other)
    assert (files.odd(SAVED) == []) is stays
    assert (named() == other) is not stays
    (tmp_path / there).unlink()
    assert files.odd(SAVED) == ([f"{files.DROP_IN} is missing, or not as this version writes it"] if stays else [])
    assert named() == other
