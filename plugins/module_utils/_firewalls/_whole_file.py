# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: replaces a configuration file so that it is whole at any moment, and otherwise as it was."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress

from ansible_collections.printnet.ports.plugins.module_utils import _host

SUFFIX = ".pnports1"
"""Ends the name of the file beside it that becomes the new one. A run that is killed may leave it."""
_KEPT = ("security.selinux", "system.posix_acl_access")


def read(path: str) -> str:
    """The file's text; bytes that are no UTF-8 come back unchanged when it is replaced. Raises OSError."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def replace(path: str, text: str, mode: int | None = None) -> None:
    """Put the text in place of the file's, with its mode, owner and label; symbolic links stay. Raises OSError.

    ``mode`` is for a file that may be new; without one it has to be there.
    """
    path, name = prepare(path, text, mode)
    try:
        os.replace(name, path)
    except OSError:
        # A file that is mounted by itself can't be replaced.
        with suppress(OSError):
            os.unlink(name)
        raise
    sync(os.path.dirname(path))


def sync(path: str) -> None:
    """Have the disk hold a file, or a folder's names. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def try_out(path: str, text: str) -> None:
    """Raise the OSError that a replacement would raise, as far as that can be known."""
    path, name = prepare(path, text)
    os.unlink(name)
    if not os.access(path, os.W_OK):
        raise PermissionError(f"{path} can't be written")


def prepare(path: str, text: str, mode: int | None = None) -> tuple[str, str]:
    """Write the new file beside the old one; the old one's real path, and the new one's."""
    path = os.path.realpath(path)
    name = path + SUFFIX
    clean(path)
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
            file.flush()
            if mode is None or os.path.exists(path):
                _like(path, name, descriptor)
            else:
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    return path, name


def _like(path: str, name: str, descriptor: int) -> None:
    """Give the new file the mode, owner and label of the old one."""
    there = os.stat(path)
    os.fchown(descriptor, there.st_uid, there.st_gid)
    os.fchmod(descriptor, there.st_mode & 0o7777)
    for attribute in _KEPT:
        # A file without one, and a file system without any.
        with suppress(OSError):
            os.setxattr(name, attribute, os.getxattr(path, attribute))


def is_left(path: str) -> bool:
    """Whether a run that was killed has left its half beside the file."""
    return os.path.lexists(os.path.realpath(path) + SUFFIX)


def clean(path: str) -> None:
    """Remove what such a run has left. Raises OSError."""
    with suppress(FileNotFoundError):
        os.unlink(os.path.realpath(path) + SUFFIX)


def room(folder: str, size: int) -> None:
    """Raise a HostError where a file of that size can't be made in a folder, or in the one that it would be made in."""
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * size)
            file.flush()
            os.fsync(file.fileno())
    except OSError as wrong:
        raise _host.HostError(
            f"{folder} takes no file, so nothing could be saved: {wrong.strerror}. {_host.UNCHANGED}"
        ) from None


def need_writable(path: str) -> None:
    """Refuse where the file can't be replaced, as far as that can be seen without touching anything."""
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    wrong = ""
    if not os.path.isdir(folder):
        wrong = f"the folder {folder} is not there"
    elif os.statvfs(folder).f_flag & os.ST_RDONLY:
        wrong = os.strerror(errno.EROFS)
    elif not os.access(folder, os.W_OK) or (os.path.exists(path) and not os.access(path, os.W_OK)):
        wrong = os.strerror(errno.EACCES)
    if wrong:
        raise _host.HostError(f"The rules can't be saved in {path}: {wrong}. {_host.UNCHANGED}")
