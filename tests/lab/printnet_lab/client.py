# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab as its users see it: describe it, enter it, run programs in it, take it down."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from . import spec as specs
from . import wire
from .errors import LabError
from .spec import Host, Spec

_CLEAN = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8")


@dataclass(frozen=True)
class Lab:
    """A lab that is up."""

    name: str
    spec: Spec
    since: float
    states: dict[str, str]

    def host(self, name: str) -> Host:
        return self.spec.host(name)


@dataclass(frozen=True)
class Entrance:
    """What to put before a command so that it runs inside, and the file descriptors that it needs for that."""

    prefix: tuple[str, ...]
    fds: tuple[int, ...]

    def popen(self, command: Sequence[str], **how: object) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen([*self.prefix, *command], pass_fds=self.fds, text=True, **how)  # type: ignore[call-overload,no-any-return]
        finally:
            for fd in self.fds:
                os.close(fd)

    def exec(self, command: Sequence[str]) -> None:
        """Become that command."""
        for fd in self.fds:
            os.set_inheritable(fd, True)
        os.execvp(self.prefix[0], [*self.prefix, *command])


def describe(name: str) -> Lab:
    """A lab that is up, by its name."""
    answer, _ignored = wire.ask(name, do="describe")
    return Lab(answer["name"], specs.parse(answer["spec"], answer["source"]), answer["since"], answer["hosts"])


def only() -> str:
    """The name of the lab, where none was given: $LAB_NAME, or the only one that is up."""
    if os.environ.get("LAB_NAME"):
        return os.environ["LAB_NAME"]
    names = wire.names()
    if len(names) == 1:
        return names[0]
    if not names:
        raise LabError("no lab is up: `lab up SPEC.yml` brings one up")
    raise LabError(f"several labs are up, name one of them: {', '.join(names)}")


def into_lab(name: str, network: bool = True) -> Entrance:
    """For programs of this machine: its file system, the lab's network (or its own), a life within the lab's."""
    _ignored, (net, pid) = wire.ask(name, do="lab namespaces")
    return _machine_program(net, pid, network)


def into_network_of(name: str, host: str) -> Entrance:
    """For programs of this machine that see the network as a host of the lab does."""
    _ignored, (lab_net, pid) = wire.ask(name, do="lab namespaces")
    _ignored, fds = wire.ask(name, do="host namespaces", host=host)
    for unused in (lab_net, *fds[1:]):
        os.close(unused)
    return _machine_program(fds[0], pid, True)


def into_router(name: str, host: str) -> Entrance:
    """For programs of a host that see the network as the lab's router does: this machine itself may have no nft."""
    _ignored, (net, _pid) = wire.ask(name, do="lab namespaces")
    _ignored, (own_net, mount, *unused) = wire.ask(name, do="host namespaces", host=host)
    for fd in (own_net, *unused):
        os.close(fd)
    words = ("nsenter", f"--net=/proc/self/fd/{net}", f"--mount=/proc/self/fd/{mount}", "--", "env", "-i", *_CLEAN)
    return Entrance(words, (net, mount))


def into_host(name: str, host: str) -> Entrance:
    """For programs of the host, run there as root without SSH."""
    _ignored, fds = wire.ask(name, do="host namespaces", host=host)
    kinds = ("net", "mount", "pid", "uts", "ipc", "cgroup")
    places = [f"--{kind}=/proc/self/fd/{fd}" for kind, fd in zip(kinds, fds, strict=True)]
    terminal = f"TERM={os.environ.get('TERM', 'dumb')}"
    return Entrance(("nsenter", *places, "--", "env", "-i", *_CLEAN, terminal), tuple(fds))


def _machine_program(net: int, pid: int, network: bool) -> Entrance:
    # In the lab's pid namespace it dies with the lab; it needs a /proc that agrees with its process numbers.
    places = [f"--pid=/proc/self/fd/{pid}"] + ([f"--net=/proc/self/fd/{net}"] if network else [])
    if not network:
        os.close(net)
    fds = (net, pid) if network else (pid,)
    return Entrance(("nsenter", *places, "--", "unshare", "--mount", "--mount-proc", "--"), fds)


def reboot(name: str, host: str) -> None:
    """Reboot a persistent host, and wait until it is ready again."""
    wire.ask(name, do="reboot", host=host)


def down(name: str) -> None:
    """Take a lab down; everything of it is gone when this returns."""
    try:
        wire.ask(name, do="down")
    except LabError:
        if name not in wire.names():
            raise
    deadline = time.monotonic() + 30
    while name in wire.names():
        if time.monotonic() > deadline:
            raise LabError(f"lab {name} is still there after 30 seconds")
        time.sleep(0.01)
