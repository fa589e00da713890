# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that firewalld keeps of ours: which it can't read, and what is left of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _firewalld_files as files

WHOLE = '<?xml version="1.0" encoding="utf-8"?>\n<policy target="CONTINUE"><rule/></policy>\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    for name in ("policies", "ipsets"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.mark.parametrize("text", ["", WHOLE[:60], "\0" * 4096])
def test_a_file_that_is_not_whole_is_found_by_name(folder: Path, text: str) -> None:
    for path in ("policies/pnports1-one.xml", "policies/pnpout1-two.xml", "ipsets/pnports1-one-abcdef4.xml"):
        (folder / path).write_text(WHOLE)
    assert files.broken() == []
    for path in ("policies/pnports1-one.xml", "ipsets/pnports1-one-abcdef4.xml", "policies/somebodys.xml"):
        (folder / path).write_text(text)
    ours = [folder / "policies/pnports1-one.xml", folder / "ipsets/pnports1-one-abcdef4.xml"]
    assert files.broken() == files.broken(["pnports1-one"]) == ours
    assert files.broken(["pnpout1-two", "pnports1-none"]) == []
    files.remove([*ours, ours[0]])
    assert files.broken() == []


def test_there_is_what_firewalld_has_kept_as_well(folder: Path) -> None:
    names = ["policies/pnports1-one.xml", "policies/pnports1-one.xml.old", "ipsets/pnports1-one-abcdef4.xml.old"]
    for name in [*names, "policies/pnports1-oneself.xml"]:
        (folder / name).write_text(WHOLE)
    assert files.there(["pnports1-one"]) == [folder / name for name in names]
    files.sync("pnports1-one")


def test_a_missing_folder_is_nothing(folder: Path) -> None:
    for name in ("policies", "ipsets"):
        (folder / name).rmdir()
    assert files.there(["pnports1-one"]) == files.broken() == []
    files.sync("pnports1-one")
