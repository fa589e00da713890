# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Python a switch can count on."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.common import respawn
from ansible_collections.printnet.ports.plugins.module_utils import _host, _oldest, _python


@pytest.fixture(name="linked")
def _linked(tmp_path: Path) -> Path:
    """A Python as in a virtual environment: a link to the distribution's."""
    (tmp_path / "python3").symlink_to("/usr/bin/env")
    return tmp_path / "python3"


@pytest.mark.parametrize("path", ["/usr/bin/env", "/bin/env", "/usr/bin/../bin/env", "/usr/libexec/platform-python"])
def test_the_distributions_own_is_usual(path: str) -> None:
    if path != "/bin/env" or Path("/bin").is_symlink():
        assert _python.is_usual(path)


@pytest.mark.parametrize(
    "path", ["/usr/local/bin/python3", "/opt/rh/rh-python39/root/usr/bin/python3", "/home/me/venv/bin/python", "", "/"]
)
def test_others_are_not(path: str) -> None:
    assert not _python.is_usual(path)


def test_nor_is_a_link_from_elsewhere(linked: Path) -> None:
    assert not _python.is_usual(str(linked))


def _try_out(monkeypatch: pytest.MonkeyPatch, executable: str, answer: tuple[int, str, str]) -> list[list[str]]:
    ran: list[list[str]] = []

    def run(words: list[str]) -> tuple[int, str, str]:
        ran.append(words)
        return answer

    monkeypatch.setattr(sys, "executable", executable)
    _python.try_out(run, "restore-1-try", [executable, "switch.py", "try"], 30)
    return ran


def test_the_usual_one_is_not_kept_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_python, "_FAPOLICYD", tmp_path / "none")
    assert _try_out(monkeypatch, "/usr/bin/env", (1, "", "")) == []


def test_another_one_is_started_by_systemd(monkeypatch: pytest.MonkeyPatch, linked: Path) -> None:
    (ran,) = _try_out(monkeypatch, str(linked), (0, "", ""))
    assert ran[0] == "systemd-run"
    assert {"--wait", "--collect", "--unit=restore-1-try", "--property=RuntimeMaxSec=30"} < set(ran)
    assert ran[-3:] == [str(linked), "switch.py", "try"]


def test_one_that_systemd_can_not_start_is_refused(monkeypatch: pytest.MonkeyPatch, linked: Path) -> None:
    with pytest.raises(_host.HostError) as wrong:
        _try_out(monkeypatch, str(linked), (203, "", ""))
    for words in (f"systemd could not run {linked}", "ended with 203", "ansible_python_interpreter: /usr/bin/python3"):
        assert words in str(wrong.value)
    assert str(wrong.value).endswith(_host.UNCHANGED)


def test_where_files_are_allowed_one_by_one_the_usual_one_is_tried_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_python, "_FAPOLICYD", tmp_path)
    assert len(_try_out(monkeypatch, "/usr/bin/env", (0, "", ""))) == 1
    with pytest.raises(_host.HostError, match=r"Let fapolicyd allow what stands in /run/printnet\.ports"):
        _try_out(monkeypatch, "/usr/bin/env", (1, "", "Operation not permitted\n"))


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/usr/lib/python3/dist-packages/dbus/__init__.py", ""),
        ("/usr/lib64/python3.9/site-packages/dbus/__init__.py", ""),
        ("/usr/local/lib64/python3.9/site-packages/dbus/__init__.py", "/usr/local/lib64/python3.9/site-packages"),
        ("/root/.local/lib/python3.9/site-packages/dbus/__init__.py", "/root/.local/lib/python3.9/site-packages"),
    ],
)
def test_a_library_in_an_unusual_place_is_known(monkeypatch: pytest.MonkeyPatch, path: str, folder: str) -> None:
    """Where a switch, which has no login, does not look for it."""
    monkeypatch.setattr(_python, "FIREWALLS", {"firewalld": SimpleNamespace(BINDINGS="dbus"), "ufw": Backend})
    monkeypatch.setitem(sys.modules, "dbus", SimpleNamespace(__file__=path))
    assert _python.bindings_folder("firewalld") == folder
    assert _python.bindings_folder("ufw") == ""


def test_a_switch_with_such_a_library_is_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_python, "_FAPOLICYD", tmp_path / "none")
    monkeypatch.setattr(sys, "executable", "/usr/bin/env")
    ran: list[list[str]] = []

    def run(words: list[str]) -> tuple[int, str, str]:
        ran.append(words)
        return len(ran) - 1, "", ""

    _python.try_out(run, "unit", ["/usr/bin/env"], 30, "/usr/local/lib")
    with pytest.raises(_host.HostError, match="/usr/bin/env with the library in /usr/local/lib, so nothing would"):
        _python.try_out(run, "unit", ["/usr/bin/env"], 30, "/usr/local/lib")


class Backend:
    """A firewall whose library this Python lacks."""

    BINDINGS = "sys"

    @staticmethod
    def has_bindings() -> bool:
        return False


def test_a_python_with_the_library_that_is_too_old_is_not_chosen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is asked for a module that an older one does not have."""
    older = tmp_path / "python3"
    older.write_text("#!/bin/sh\ncase $2 in *graphlib*) exit 1;; esac\nexit 0\n", encoding="ascii")
    older.chmod(0o755)
    assert respawn.probe_interpreters_for_module([str(older)], "sys") == str(older)
    monkeypatch.setattr(_python, "FIREWALLS", {"firewalld": Backend})
    monkeypatch.setattr(_python, "_PYTHONS", (str(older),))
    with pytest.raises(_host.HostError) as wrong:
        _python.find_bindings("firewalld")
    for words in ("No Python 3.9 or newer", "the library sys", "python3-dbus", "RHEL 8", "ansible_python_interpreter"):
        assert words in str(wrong.value)
    assert str(wrong.value).endswith(_host.UNCHANGED)


def test_a_python_with_the_library_is(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[str] = []
    monkeypatch.setattr(_python, "FIREWALLS", {"firewalld": Backend})
    monkeypatch.setattr(_python, "_PYTHONS", ("/nowhere/python3", sys.executable))
    monkeypatch.setattr(respawn, "respawn_module", chosen.append)
    _python.find_bindings("firewalld")
    assert chosen == [sys.executable]


class EndedError(Exception):
    """A module has failed with a sentence."""


def _fail(msg: str) -> None:
    raise EndedError(msg)


@pytest.mark.parametrize("version", [(3, 8, 20), (3, 6, 8)])
def test_a_module_under_an_older_python_says_so(monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...]) -> None:
    module: Any = SimpleNamespace(fail_json=_fail)
    assert _oldest.checked(module) is module
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(
        EndedError, match=rf"is Python 3\.{version[1]}, and printnet\.ports needs 3\.9 .* Nothing was changed"
    ):
        _oldest.checked(module)


@pytest.mark.parametrize("name", ["firewall", "firewall_info", "probe", "compliance_info"])
def test_what_comes_before_that_an_older_one_reads(root: Path, name: str) -> None:
    """At its top a module imports nothing of ours but what says it, and the tables of its arguments."""
    for part in (f"modules/{name}", "module_utils/_oldest", "module_utils/_arguments"):
        tree = ast.parse((root / f"plugins/{part}.py").read_text(encoding="utf-8"), feature_version=(3, 8))
        ours = [one for one in tree.body if isinstance(one, ast.ImportFrom) and "printnet" in str(one.module)]
        tables = {"ARGUMENTS", "CONDITIONS", "INFO", "PROBE", "COMPLIANCE_INFO"}
        assert {alias.name for one in ours for alias in one.names} <= {"_oldest", *tables}
