# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the hosts' part share."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _commit, _ledger, _records, _switch


@pytest.fixture
def kept_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An open change and what is remembered stand in this folder, not on the machine that runs the test."""
    run, var = tmp_path / "run", tmp_path / "var"
    for module, name, path in (
        (_commit, "FOLDER", run),
        (_commit, "PENDING", run / "pending.json"),
        (_commit, "LAUNCHER", run / "switch.py"),
        (_commit, "KEPT", var / "pending.json"),
        (_switch, "_CONFIRMING", run / "confirmed.json"),
        (_records, "FOLDER", var),
        (_records, "RECORDS", var / "restored.json"),
        (_records, "ELSEWHERE", tmp_path / "elsewhere.json"),
        (_ledger, "PATH", var / "left.json"),
    ):
        monkeypatch.setattr(module, name, path)
    return tmp_path
