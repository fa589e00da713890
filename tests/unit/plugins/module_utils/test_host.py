# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock against a second run, with real processes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _host
from ansible_collections.printnet.ports.plugins.module_utils._host import HostError

# Holds the lock, says so, and keeps it until its input ends. The module is pure Python, so it is read as a plain file.
HOLDER = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("host", sys.argv[1])
host = importlib.util.module_from_spec(spec)
spec.loader.exec_module(host)
with host.locked(Path(sys.argv[2]), 20):
    print("held", flush=True)
    sys.stdin.readline()
print("released", flush=True)
"""


@pytest.fixture(name="lock")
def _lock(tmp_path: Path) -> Path:
    return tmp_path / "ports.lock"


@pytest.fixture(name="holder")
def _holder(lock: Path) -> Iterator[subprocess.Popen[str]]:
    with _start(lock) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def _start(lock: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", "-c", HOLDER, str(_host.__file__), str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_lock_leaves_no_file(lock: Path) -> None:
    with _host.locked(lock):
        assert lock.stat().st_mode & 0o777 == 0o600
    assert not lock.exists()
    with pytest.raises(ZeroDivisionError), _host.locked(lock):
        raise ZeroDivisionError
    assert not lock.exists()


def test_a_second_run_gives_up_in_the_end_and_says_why(lock: Path, holder: subprocess.Popen[str]) -> None:
    said: list[str] = []
    with pytest.raises(HostError) as wrong, _host.locked(lock, 0.1, said.append):
        pytest.fail("the lock was held twice")
    assert str(lock) in str(wrong.value)
    assert "Nothing was changed" in str(wrong.value)
    assert said == ["Waited for another run of printnet.ports on this host."]
    assert lock.exists()
    assert holder.poll() is None


def test_a_second_run_waits_and_says_so(lock: Path, holder: subprocess.Popen[str]) -> None:
    said: list[str] = []
    assert holder.stdin is not None
    release = threading.Timer(0.2, holder.stdin.close)
    release.start()
    with _host.locked(lock, 20, said.append):
        assert lock.exists()
    release.join()
    assert len(said) == 1
    assert not lock.exists()


def test_a_killed_holder_holds_nothing(lock: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert lock.exists()
    said: list[str] = []
    with _host.locked(lock, 5, said.append):
        pass
    assert said == []
    assert not lock.exists()


def test_many_at_once_go_one_by_one(lock: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal"

    def work() -> None:
        for _round in range(5):
            with _host.locked(lock, 30):
                with journal.open("a", encoding="ascii") as lines:
                    lines.write("in ")
                time.sleep(0.001)
                with journal.open("a", encoding="ascii") as lines:
                    lines.write("out ")

    workers = [threading.Thread(target=work) for _number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert journal.read_text(encoding="ascii") == "in out " * 20
    assert not lock.exists()


def test_the_lock_follows_no_link(lock: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="ascii")
    lock.symlink_to(victim)
    said = r"could not be made: .*(symbolic links|Too many levels).*\. Nothing was changed\.$"
    with pytest.raises(HostError, match=said), _host.locked(lock, 0):
        pass
    assert victim.read_text(encoding="ascii") == "mine"


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.ENOLCK])
def test_a_host_that_makes_no_lock_says_so_at_once(lock: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> int:
        raise OSError(code, os.strerror(code))

    module, name = (_host.fcntl, "flock") if code == errno.ENOLCK else (_host.os, "open")
    with monkeypatch.context() as patched:
        patched.setattr(module, name, refuse)
        with pytest.raises(HostError) as wrong, _host.locked(lock):
            pytest.fail("nothing was locked")
    assert os.strerror(code) in str(wrong.value)
    assert str(wrong.value).endswith(_host.UNCHANGED)


def test_somebody_may_remove_the_locks_file(lock: Path) -> None:
    with _host.locked(lock):
        lock.unlink()
    with _host.locked(lock, 0):
        assert lock.exists()


def test_the_lock_is_on_a_file_system_that_a_reboot_empties() -> None:
    assert Path(os.sep, "run") in _host.LOCK.parents
