# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ufw's settings, its lock, and how its files are replaced."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
from pathlib import Path

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _ufw_host, _whole_file
from ansible_collections.printnet.ports.plugins.module_utils._host import HostError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ENABLED=yes\n", "yes"),
        ("# ENABLED=yes\n", ""),
        (' ENABLED="YES" # now\n', "yes"),
        ("ENABLED=yes\nENABLED=no\n", "no"),
        ("XENABLED=yes\nENABLED\n", ""),
        ("ENABLED='yes'\n\udcff\n", "yes"),
    ],
)
def test_settings_are_read_as_a_shell_reads_them(tmp_path: Path, text: str, value: str) -> None:
    path = tmp_path / "ufw.conf"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    assert _ufw_host.setting(path, "ENABLED") == value
    assert _ufw_host.setting(tmp_path / "none", "ENABLED") == ""


def test_a_missing_file_is_an_error_where_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ufw_host, "FOLDERS", (tmp_path / "etc", tmp_path / "lib"))
    assert _ufw_host.load(6, needed=False) is None
    with pytest.raises(HostError, match=r"etc/user\.rules is missing.* SSH first\. Nothing was changed\."):
        _ufw_host.load(4, needed=True)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/user.rules").write_text("### RULES ###\n\n### END RULES ###\n", encoding="utf-8")
    found = _ufw_host.load(4, needed=True)
    assert found
    assert found.path == str(tmp_path / "lib/user.rules")


def _hold(path: Path, kind: int, ready: object, release: object) -> None:
    with path.open("w", encoding="utf-8") as file:
        fcntl.lockf(file, kind)
        ready.set()  # type: ignore[attr-defined]
        release.wait(10)  # type: ignore[attr-defined]


def test_ufws_lock_is_waited_for_and_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "ufw.lock"
    monkeypatch.setattr(_ufw_host, "LOCK", lock)
    monkeypatch.setattr(_ufw_host, "LOCK_SECONDS", 0.3)
    with _ufw_host.locked(change=False):
        assert not lock.exists()
    with _ufw_host.locked(change=True):
        assert lock.exists()
    context = multiprocessing.get_context("fork")
    ready, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(lock, fcntl.LOCK_EX, ready, release))
    other.start()
    assert ready.wait(10)
    for change in (False, True):
        with pytest.raises(HostError, match=r"ufw command has held .* Nothing was changed\."), _ufw_host.locked(change):
            pass
    release.set()
    other.join()
    with _ufw_host.locked(change=True), _ufw_host.locked(change=False):
        pass


@pytest.mark.parametrize(
    ("words", "is_ufw"),
    [
        (["/usr/bin/python3", "/usr/sbin/ufw", "allow", "22"], True),
        (["python3.11", "-I", "/usr/sbin/ufw", "status"], True),
        (["/usr/sbin/ufw", "status"], True),
        (["vim", "/etc/default/ufw"], False),
        (["python3", "/usr/bin/gufw", "ufw"], False),
        (["sudo", "ufw", "reload"], False),
        (["/usr/bin/python3"], False),
        ([""], False),
    ],
)
def test_a_command_of_ufw_is_known(
    words: list[str], is_ufw: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_ufw_host, "PROCESSES", tmp_path)
    for name in ("self", "7", "8"):
        (tmp_path / name).mkdir()
    (tmp_path / "7/cmdline").write_bytes("\0".join([*words, ""]).encode())
    assert _ufw_host.commands() == ({7} if is_ufw else set())


def test_a_command_of_ufw_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ufw_host, "PROCESSES", tmp_path)
    monkeypatch.setattr(_ufw_host, "LOCK_SECONDS", 0.2)
    (tmp_path / "7").mkdir()
    (tmp_path / "7/cmdline").write_bytes(b"python3\0/usr/sbin/ufw\0enable\0")
    assert _ufw_host.let_pass({7, 8}) == {7}
    (tmp_path / "7/cmdline").write_bytes(b"")
    assert _ufw_host.let_pass({7, 8}) == set()


def test_a_replaced_file_keeps_its_mode_its_bytes_and_its_link(tmp_path: Path) -> None:
    there, link = tmp_path / "there.rules", tmp_path / "user.rules"
    there.write_bytes(b"old\xff\r\n")
    there.chmod(0o640)
    link.symlink_to(there)
    text = _whole_file.read(str(link))
    _whole_file.try_out(str(link), text + "new\n")
    assert there.read_bytes() == b"old\xff\r\n"
    _whole_file.replace(str(link), text + "new\n")
    assert there.read_bytes() == b"old\xff\r\nnew\n"
    assert there.stat().st_mode & 0o7777 == 0o640
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["there.rules", "user.rules"]


def test_a_file_that_can_not_be_replaced_leaves_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "user.rules"
    path.write_text("old\n", encoding="utf-8")

    def busy(*_paths: str) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(os, "replace", busy)
    with pytest.raises(OSError, match="busy"):
        _whole_file.replace(str(path), "new\n")
    assert os.listdir(tmp_path) == ["user.rules"]
    assert path.read_text(encoding="utf-8") == "old\n"


def test_what_a_killed_run_left_is_known_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "user.rules"
    path.write_text("old\n", encoding="utf-8")
    half = tmp_path / f"user.rules{_whole_file.SUFFIX}"
    half.write_text("ne", encoding="utf-8")
    assert _whole_file.is_left(str(path))
    _whole_file.clean(str(path))
    assert not half.exists()
    half.symlink_to(path)
    _whole_file.replace(str(path), "new\n")
    assert path.read_text(encoding="utf-8") == "new\n"
    assert not path.is_symlink()
    assert not _whole_file.is_left(str(path))


def test_nothing_is_left_where_the_new_file_can_not_be_made(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        _whole_file.replace(str(tmp_path / "none.rules"), "new\n")
    assert os.listdir(tmp_path) == []
