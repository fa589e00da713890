# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one limit of a machine that labs reach: inotify instances, counted per user over all namespaces.

A booted host with a session or two takes a dozen of them, and the usual 128 are gone with some ten hosts: a systemd
that gets none ends without a word.
"""

from __future__ import annotations

import os
from pathlib import Path

from .errors import LabError
from .rootfs import Say

LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
A_HOST = 12
ENOUGH = 4096


def make_room(hosts: int, say: Say) -> None:
    """Raise the limit where so many more hosts would reach it; until the machine restarts, and not silently."""
    limit = int(LIMIT.read_text(encoding="ascii"))
    if in_use() + hosts * A_HOST <= limit:
        return
    why = f"{hosts} more hosts need more inotify instances than the {limit} that this machine allows a user"
    try:
        LIMIT.write_text(str(ENOUGH), encoding="ascii")
    except OSError:
        raise LabError(f"{why}: take labs down, or `sysctl fs.inotify.max_user_instances={ENOUGH}`") from None
    say(f"{why}: fs.inotify.max_user_instances is now {ENOUGH}, until the next start of the machine")


def in_use() -> int:
    """How many instances there are (of all users: close enough)."""
    found = 0
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                links = [os.readlink(link) for link in (process / "fd").iterdir()]
            except OSError:
                continue
            found += links.count("anon_inode:inotify")
    return found
