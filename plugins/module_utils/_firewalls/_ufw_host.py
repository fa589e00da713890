# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: ufw on this host: its settings, its files, its lock, its commands at work."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.printnet.ports.plugins.module_utils import _host
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _ufw_file, _whole_file
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_file import Saved

DEFAULTS = Path("/etc/default/ufw")
FOLDERS = (Path("/etc/ufw"), Path("/lib/ufw"), Path("/var/lib/ufw"))
"""Where the rules of users stand, newest versions first."""
FILES = {4: "user.rules", 6: "user6.rules"}
LOCK = Path("/run/ufw.lock")
LOCK_SECONDS = 30
IPV6 = Path("/proc/sys/net/ipv6")
PROCESSES = Path("/proc")
_TEMPLATES = "/usr/share/ufw/iptables"
"""Where the package has the files as they are before the first rule."""


def setting(path: Path, name: str) -> str:
    """A setting out of one of ufw's files, in small letters; the last one counts, as for a shell."""
    found = ""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    for line in lines:
        key, mark, value = line.split("#")[0].partition("=")
        if mark and key.strip() == name:
            found = value.strip().strip("\"'").lower()
    return found


def file_of(version: int) -> Path:
    """The file with the rules of one family, whether it is there or not."""
    paths = [folder / FILES[version] for folder in FOLDERS]
    return next((path for path in paths if path.exists()), paths[0])


def load(version: int, needed: bool) -> Saved | None:
    """A file, taken apart; None where it is neither there nor needed. A HostError where it is no file of ufw's."""
    path = file_of(version)
    try:
        return _ufw_file.parse(str(path), version, _whole_file.read(str(path)))
    except FileNotFoundError:
        if not needed:
            return None
        raise _host.HostError(
            f"{path} is missing, where ufw keeps its rules. No ufw command works without it: copy "
            f"{_TEMPLATES}/{path.name} there, and ufw allow what it let in, SSH first. {_host.UNCHANGED}"
        ) from None
    except OSError as wrong:
        raise _host.HostError(f"{path} can't be read: {wrong.strerror}. {_host.UNCHANGED}") from None


@contextmanager
def locked(change: bool) -> Iterator[None]:
    """Holds ufw's own lock, so that no ufw command is at work; to look only, it is not made where it is not there."""
    try:
        flags = os.O_RDWR | os.O_CREAT if change else os.O_RDONLY
        descriptor = os.open(LOCK, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as wrong:
        if not change:
            yield
            return
        raise _host.HostError(f"ufw's lock {LOCK} can't be taken: {wrong.strerror}. {_host.UNCHANGED}") from None
    try:
        _wait(descriptor, fcntl.LOCK_EX if change else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, kind: int) -> None:
    end = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.lockf(descriptor, kind | fcntl.LOCK_NB)
        except OSError as wrong:
            if wrong.errno not in (errno.EAGAIN, errno.EACCES):
                raise _host.HostError(
                    f"ufw's lock {LOCK} can't be taken: {wrong.strerror}. {_host.UNCHANGED}"
                ) from None
        else:
            return
        if time.monotonic() > end:
            raise _host.HostError(
                f"A ufw command has held {LOCK} for {LOCK_SECONDS} seconds. Let it end, and run this again. "
                f"{_host.UNCHANGED}"
            )
        time.sleep(0.05)


def commands() -> set[int]:
    """The processes of ufw. Each reads the files before it takes the lock, and writes later what it has read."""
    return {int(name) for name in os.listdir(PROCESSES) if name.isdigit() and _is_ufw(name)}


def _is_ufw(process: object) -> bool:
    """Whether a process is Python at work on ufw's program."""
    try:
        words = (PROCESSES / f"{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    names = [os.path.basename(word) for word in words if not word.startswith(b"-")]
    return names[:1] == [b"ufw"] or (names[1:2] == [b"ufw"] and names[0].startswith(b"python"))


def let_pass(processes: Collection[int]) -> set[int]:
    """Wait until these have ended, as long as for the lock; those that have not."""
    end = time.monotonic() + LOCK_SECONDS
    left = set(processes)
    while left and time.monotonic() < end:
        time.sleep(0.05)
        left = set(filter(_is_ufw, left))
    return left
