# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before a change is made, its switch is there, and what it runs can be run."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import (
    _commit,
    _host,
    _python,
    _state,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import FIREWALLS

OWNER = "printnet.ports/vpsx"
CHANGE = _commit.Change("nftables", {OWNER: "vpsx"}, {OWNER: _state.Found()}, {OWNER: _state.Found()}, "me@here", 30)


@pytest.fixture(autouse=True)
def folder(root: Path, kept_here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a change is written down, and a Python of which nobody knows whether systemd can start it."""

    def copy(library: Path, name: str) -> None:
        """What finds modules here is Ansible, whose sources are bytes."""
        source, path = (top.joinpath(*name.split(".")[skip:]) for top, skip in ((root, 3), (library, 0)))
        if "module_utils" in name or source.is_dir():
            target = path / "__init__.py" if source.is_dir() else path.with_suffix(".py")
            target.parent.mkdir(parents=True, exist_ok=True)
            text = source / "__init__.py" if source.is_dir() else source.with_suffix(".py")
            target.write_bytes(text.read_bytes() if text.exists() else b"")

    monkeypatch.setattr(_commit, "_copy", copy)
    monkeypatch.setattr(_python, "is_usual", lambda _executable: False)
    return kept_here


class Systemd:
    """What is asked of systemd; it tries what it is given as it would start it."""

    def __init__(self, *, starts: bool = True) -> None:
        self.starts = starts
        self.asked: list[str] = []
        self.began = time.monotonic() - 1000
        self.ends: list[float] = []
        self.command = ""

    def __call__(self, words: list[str]) -> tuple[int, str, str]:
        if "--wait" in words:
            assert not _commit.PENDING.exists(), "a change that is only tried is not open"
            self.asked.append("try")
            command = words[words.index(sys.executable) :]
            environment = {"PATH": "/usr/bin:/bin"}
            done = subprocess.run(command, check=False, env=environment, capture_output=True)
            return (done.returncode if self.starts else 203), "", ""
        if words[0] == "systemd-run":
            assert _commit.PENDING.exists()
            self.asked.append("timer")
            marks = ("--timer-property=OnStartupSec=", "s")
            self.ends = [float(one[len(marks[0]) : -1]) for one in words if one.startswith(marks[0])]
            self.command = " ".join(words[words.index(sys.executable) :])
            return 0, "", ""
        self.asked.append(words[1])
        if words[-1] == "--property=UserspaceTimestampMonotonic":
            return 0, f"UserspaceTimestampMonotonic={self.began * 1_000_000:.0f}\n", ""
        ends = " ".join(f"OnStartupUSec={end}" for end in self.ends)
        return 0, f"ActiveState=active OnActiveUSec=30s {ends} argv[]={self.command}", ""


@pytest.mark.parametrize("firewall", ["nftables", "iptables", "ufw"])
def test_the_switch_is_tried_and_then_armed(firewall: str) -> None:
    # A run has read it before it changes anything, and the switch gets what a run has imported.
    assert FIREWALLS[firewall].has_bindings()
    systemd = Systemd()
    change = replace(CHANGE, firewall=firewall)
    armed = _commit.arm(systemd, change)
    assert systemd.asked == ["try", "show", "timer", "show"]
    # systemd counts from its own start, and once more a little later.
    first, later = (systemd.began + end for end in systemd.ends)
    assert abs(first - armed.deadline) < 0.01
    assert later > first
    assert _commit.open_change() == armed
    assert not _commit.late(armed)


def test_a_switch_without_its_firewalls_library_is_refused(folder: Path) -> None:
    """As the Python of the tests is one without the library that firewalld is spoken to with."""
    if FIREWALLS["firewalld"].has_bindings():
        pytest.skip("this Python has the library")
    with pytest.raises(_host.HostError, match=r"systemd could not run .* Nothing was changed\.$"):
        _commit.arm(Systemd(), replace(CHANGE, firewall="firewalld"))
    assert list(folder.iterdir()) == []


def test_a_switch_that_can_not_be_started_leaves_nothing(folder: Path) -> None:
    systemd = Systemd(starts=False)
    with pytest.raises(_host.HostError, match=r"systemd could not run .* Nothing was changed\.$"):
        _commit.arm(systemd, CHANGE)
    assert "timer" not in systemd.asked
    assert list(folder.iterdir()) == []


def test_a_switch_knows_where_its_library_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = str(tmp_path / "it's")
    monkeypatch.setattr(_python, "bindings_folder", lambda _name: place)
    _commit.arm(Systemd(), CHANGE)
    assert f"sys.path.extend({[place]!r})" in _commit.LAUNCHER.read_text(encoding="utf-8")
