# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything on this machine that belongs to one lab, to be counted while it is up and after it is gone."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from printnet_lab import wire
from printnet_lab.keeper import CGROUP_PREFIX, cgroup_root

KINDS = ("mnt", "net", "pid", "ipc", "uts", "cgroup")


@dataclass
class Belongings:
    """What was found of a lab."""

    processes: set[tuple[int, str]] = field(default_factory=set)  # (pid, start time)
    namespaces: set[str] = field(default_factory=set)
    cgroups: set[str] = field(default_factory=set)
    name_taken: bool = False
    counted: int = 0
    """When it was counted, in the kernel's ticks since the boot."""

    def __bool__(self) -> bool:
        return bool(self.processes or self.namespaces or self.cgroups or self.name_taken)


def of_lab(name: str) -> Belongings:
    """All that belongs to a lab that is up: its processes are those below its pid namespace, and their keepers."""
    ours = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in KINDS}
    found = Belongings(name_taken=name in wire.names())
    found.cgroups = {str(path) for path in cgroup_root().glob(f"{CGROUP_PREFIX}{name}/**/")}
    members = {pid for path in found.cgroups for pid in _text(Path(path, "cgroup.procs")).split()}
    for pid in _pids():
        command = _read(pid, "cmdline").replace("\0", " ")
        if pid in members or f"printnet_lab.keeper {name} " in command:
            found.processes.add((int(pid), _started(pid)))
            found.namespaces |= {link for kind, link in _namespaces(pid).items() if link != ours[kind]}
    for pid in _pids():  # what runs in these namespaces without being in the control group
        if set(_namespaces(pid).values()) & found.namespaces:
            found.processes.add((int(pid), _started(pid)))
            found.namespaces |= {link for kind, link in _namespaces(pid).items() if link != ours[kind]}
    found.counted = int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))
    return found


def left_of(before: Belongings, name: str) -> Belongings:
    """What is still there of it: running, or held by any process's file descriptors or mounts."""
    left = Belongings(name_taken=name in wire.names())
    left.cgroups = {str(path) for path in cgroup_root().glob(f"{CGROUP_PREFIX}{name}/**/")}
    for pid in _pids():
        started = _started(pid)
        if (int(pid), started) in before.processes:
            left.processes.add((int(pid), started))
        if not started or int(started) > before.counted:
            continue  # of another lab, whose namespaces have the numbers of those that are gone
        left.namespaces |= set(_namespaces(pid).values()) & before.namespaces
        left.namespaces |= _open_files(pid) & before.namespaces
        left.namespaces |= {link for link in before.namespaces if link in _read(pid, "mountinfo")}
    return left


def wait_until_gone(before: Belongings, name: str, seconds: float = 10) -> Belongings:
    """What is left after a moment: nothing, if all is well."""
    deadline = time.monotonic() + seconds
    while (left := left_of(before, name)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


@dataclass(frozen=True)
class Machine:
    """The machine around the labs: what a lab must not touch, whatever else goes on."""

    mounts: frozenset[str]
    interfaces: frozenset[str]
    files: frozenset[str]


def machine() -> Machine:
    """What is to be seen outside of all labs."""
    mounts = {line.split(" ", 3)[3] for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    places = ("/run", "/run/netns", "/run/systemd", "/run/systemd/nspawn", "/run/lock", "/run/lab", "/var/lib/machines")
    files = {str(file) for place in places if Path(place).is_dir() for file in Path(place).iterdir()}
    files |= {str(file) for place in ("/tmp", "/var/tmp") for file in Path(place).glob("*nspawn*")}
    return Machine(frozenset(mounts), frozenset(os.listdir("/sys/class/net")), frozenset(files))


def _pids() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit()]


def _text(file: Path) -> str:
    """What a file of the kernel says: nothing once what it tells of has gone, which may be at any moment."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _read(pid: str, name: str) -> str:
    return _text(Path("/proc", pid, name))


def _started(pid: str) -> str:
    return "".join(_read(pid, "stat").rpartition(")")[2].split()[19:20])


def _namespaces(pid: str) -> dict[str, str]:
    links = {}
    for kind in KINDS:
        try:
            links[kind] = os.readlink(f"/proc/{pid}/ns/{kind}")
        except OSError:
            continue
    return links


def _open_files(pid: str) -> set[str]:
    found = set()
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            found.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    except OSError:
        pass
    return found
