# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's outermost process: starts the supervisor in a cgroup and namespaces of its own, and sweeps up behind it.

Started by `start.py` as `python -m printnet_lab.keeper NAME SOCKET REPORT OWNER…` (file descriptors), with the plan of
the lab on its standard input. It holds the lab's name until the very end, so a free name means a clean machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from .errors import LabError
from .start import report
from .wire import names

CGROUP_PREFIX = "printnet-lab-"
CAGE = "unshare --mount --net --pid --ipc --uts --cgroup --fork --kill-child --mount-proc --propagation private --"


def main() -> int:
    name, server, reporter, *owners = sys.argv[1:]
    cgroup = cgroup_root() / f"{CGROUP_PREFIX}{name}"
    try:
        sweep()
        cgroup.mkdir(exist_ok=True)
    except OSError as error:
        report(int(reporter), error=f"{cgroup}: can't make a control group there: {error.strerror}")
        return 1
    own_life = os.pidfd_open(os.getpid())
    fds = [int(server), int(reporter), own_life, *map(int, owners)]
    supervisor = [sys.executable, "-m", "printnet_lab.supervisor", name, server, reporter, str(own_life), *owners]
    join = f'echo $$ > "{cgroup}/cgroup.procs" && exec {CAGE} "$@"'
    process = subprocess.Popen(["sh", "-c", join, "sh", *supervisor], pass_fds=fds)
    silence(int(reporter))
    process.wait()
    remove(cgroup)
    return 0


def silence(*fds: int) -> None:
    """Let go of what was inherited from the command that started the lab."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2, *fds):
        os.dup2(null, fd)
    os.close(null)


def cgroup_root() -> Path:
    """Where the second version of control groups is mounted (alone, or beside the first)."""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _ignored, place, kind, *_ignored = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise LabError("this machine has no cgroup2 mounted (`mount -t cgroup2 cgroup2 /sys/fs/cgroup`)")


def sweep() -> None:
    """Remove empty control groups of labs whose keeper was killed itself: all that can be left of one."""
    up = names()
    for cgroup in cgroup_root().glob(f"{CGROUP_PREFIX}*"):
        if cgroup.name.removeprefix(CGROUP_PREFIX) not in up:
            remove(cgroup)


def remove(cgroup: Path) -> None:
    """Remove a control group with all below it; its processes are dead or just dying."""
    deadline = time.monotonic() + 5
    while cgroup.exists() and time.monotonic() < deadline:
        for place, _ignored, _ignored in os.walk(cgroup, topdown=False):
            try:
                os.rmdir(place)
            except OSError:
                time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
