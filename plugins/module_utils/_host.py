# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what every module needs of its host: a word for what is wrong, commands, a lock, and what a boot starts."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from glob import glob
from pathlib import Path

LOCK = Path("/run/printnet.ports.lock")
LOCK_SECONDS = 120
_LOCKS = Path("/proc/locks")
_UNITS = ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
UNCHANGED = "Nothing was changed."
"""Ends every error that comes before a change."""


PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are looked for: a login over SSH may have no sbin."""


class HostError(Exception):
    """The host is not fit for the task, or refuses it; the text says why, and what to do."""


Run = Callable[..., tuple[int, str, str]]
"""A module's run_command: exit status, standard output and standard error of a command."""


@contextmanager
def locked(
    path: Path = LOCK, seconds: float = LOCK_SECONDS, say: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Holds the host's lock; a second run waits, and says so. The lock's file is gone afterwards."""
    end = time.monotonic() + seconds
    waited = False
    while True:
        descriptor = _locked_now(path)
        if descriptor is not None:
            break
        if time.monotonic() > end:
            raise HostError(
                f"Another run of printnet.ports has held {path} for {seconds:.0f} seconds. Nothing was changed."
            )
        if not waited and say:
            say("Waited for another run of printnet.ports on this host.")
        waited = True
        time.sleep(0.05)
    try:
        yield
    finally:
        # Somebody may have removed it, or made the file system read-only: the lock goes with its descriptor.
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _locked_now(path: Path) -> int | None:
    """The lock's file, open and locked; None where another run holds it."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as wrong:
        raise HostError(f"The lock of printnet.ports could not be made: {wrong}. {UNCHANGED}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as wrong:
        os.close(descriptor)
        if wrong.errno in (errno.EAGAIN, errno.EACCES):
            return None
        raise HostError(f"The lock of printnet.ports, {path}, could not be taken: {wrong}. {UNCHANGED}") from None
    if _is_current(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def is_held(path: Path = LOCK) -> bool:
    """Whether somebody holds the lock, seen without touching it: a holder that was killed leaves its file only."""
    try:
        number = path.stat().st_ino
        held = _LOCKS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return any(f":{number} " in line and " FLOCK " in line for line in held.splitlines())


def _is_current(descriptor: int, path: Path) -> bool:
    """Whether the file that is locked is still the one of that name: its last holder removes it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


@lru_cache(maxsize=1024)
def has(network: str) -> bool:
    """Whether the host has that address, or may have one of the network: whoever has one can listen there."""
    address, _slash, length = network.partition("/")
    kind, whole = (socket.AF_INET6, "128") if ":" in address else (socket.AF_INET, "32")
    if length not in ("", whole):
        return True
    try:
        with closing(socket.socket(kind, socket.SOCK_DGRAM)) as one:
            one.bind((address, 0))
    except OSError as wrong:
        return wrong.errno != errno.EADDRNOTAVAIL
    return True


def starts_at_boot(unit: str) -> bool:
    """Whether systemd starts the unit at boot, without asking systemd: files say so."""
    if _is_masked(unit):
        return False
    links = (glob(f"{folder}/*.{kind}/{unit}") for folder in _UNITS for kind in ("wants", "requires"))
    return any(os.path.exists(path) for found in links for path in found)


def how_to_start_at_boot(unit: str) -> str:
    """What an administrator has to type for that; a mask outlasts the links of a unit that was enabled."""
    enable = f"systemctl enable {unit}"
    return f"systemctl unmask {unit}; {enable}" if _is_masked(unit) else enable


def _is_masked(unit: str) -> bool:
    return os.path.realpath(f"{_UNITS[0]}/{unit}") == os.devnull
