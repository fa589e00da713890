# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heart of a lab: the first process of its own namespaces. When it goes, the kernel takes everything else along.

It holds the mounts, the networks and the hosts; it answers requests; it goes when told to, or when an owner is gone.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from . import spec as specs
from . import wire
from .errors import LabError
from .keeper import silence
from .machine import CGROUPS, RUN, Machine
from .network import Wires
from .shell import run
from .start import report

Reply = tuple[dict[str, Any], list[int]]


class Supervisor:
    """A running lab."""

    def __init__(self, name: str, plan: dict[str, Any]) -> None:
        self.name = name
        self.spec = specs.parse(plan["spec"], plan["source"])
        self.since = time.time()
        trees = {host: os.open(place, os.O_PATH) for host, place in plan["trees"].items()}
        _private_mounts()
        wires = Wires(self.spec)
        self.machines = {
            host.name: Machine(host, self.spec, wires, f"/proc/{os.getpid()}/fd/{trees[host.name]}", plan["public_key"])
            for host in self.spec.hosts
        }

    def boot(self, reporter: int) -> None:
        """Start all hosts at once; report when the last one is ready, or the first fault."""
        for machine in self.machines.values():
            threading.Thread(target=machine.run, daemon=True).start()
        for machine in self.machines.values():
            machine.wait_for_first_boot()
            report(reporter, say=f"{machine.host.name} is up")

    def serve(self, connection: socket.socket) -> None:
        """One request of one client."""
        fds: list[int] = []
        with connection:
            try:
                connection.settimeout(90)
                request = wire.receive(connection)
                reply, fds = self._reply(**request)
            except LabError as error:
                reply = {"error": str(error)}
            except (OSError, ValueError, TypeError) as error:
                reply = {"error": f"the lab can't do that: {error}"}
            try:
                wire.answer(connection, reply, fds)
            except OSError:
                pass
            for fd in fds:
                os.close(fd)

    def _reply(self, do: str, host: str = "", port: int = 0) -> Reply:
        if do == "describe":
            hosts = {name: machine.state for name, machine in self.machines.items()}
            return {"name": self.name, "source": self.spec.source, "since": self.since, "spec": self.spec.raw, "hosts": hosts}, []
        if do == "connect":
            return self._connect(host, port)
        if do == "lab namespaces":
            return {}, [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in ("net", "pid")]
        if do == "host namespaces":
            return {}, self._machine(host).namespaces()
        if do == "reboot":
            self._machine(host).reboot()
            return {}, []
        if do == "down":
            os._exit(0)
        raise LabError(f"no such request: {do}")

    def _machine(self, name: str) -> Machine:
        return self.machines[self.spec.host(name).name]

    def _connect(self, host: str, port: int) -> Reply:
        try:
            connection = socket.create_connection((host, port), 20)
        except OSError as error:
            raise LabError(f"{host} port {port}: {error}") from None
        connection.settimeout(None)
        return {}, [connection.detach()]


def _private_mounts() -> None:
    """Everything that a lab would leave in the file system goes to memory of its own."""
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"])
    for place in (RUN, Path("/run/netns")):
        place.mkdir()
    if not (CGROUPS / "cgroup.procs").exists():
        run(["umount", "--lazy", "--recursive", str(CGROUPS)])
    run(["mount", "-t", "cgroup2", "cgroup2", str(CGROUPS)])



def first_process() -> None:
    """Split off a process 1 that only buries the dead, and ends when the supervisor does."""
    supervisor = os.fork()
    if not supervisor:
        return
    while True:
        pid, status = os.wait()
        if pid == supervisor:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def main() -> int:
    name, server_fd, reporter_fd, keeper, starter, *owners = sys.argv[1:]
    first_process()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    reporter = int(reporter_fd)
    watch = selectors.DefaultSelector()
    for owner in (keeper, starter, *owners):
        watch.register(int(owner), selectors.EVENT_READ, "owner")
    plan = json.load(sys.stdin)
    server = socket.socket(fileno=int(server_fd))
    server.listen(64)
    watch.register(server, selectors.EVENT_READ, "client")
    lab: Supervisor | None = None
    ready_reader, ready_writer = os.pipe()
    watch.register(ready_reader, selectors.EVENT_READ, "ready")

    def set_up() -> None:
        nonlocal lab
        try:
            lab = Supervisor(name, plan)
            lab.boot(reporter)
        except LabError as error:
            report(reporter, error=str(error))
            os._exit(1)
        os.write(ready_writer, b"!")

    threading.Thread(target=set_up, daemon=True).start()
    while True:
        for key, _ in watch.select():
            if key.data == "owner":
                return 0
            if key.data == "ready":
                watch.unregister(int(starter))
                watch.unregister(ready_reader)
                inner = wire.reserve(name)  # the same name in the lab's own network, for commands that run there
                inner.listen(64)
                watch.register(inner, selectors.EVENT_READ, "client")
                report(reporter, ready=True)
                silence(reporter)
            if key.data == "client":
                connection, _ = key.fileobj.accept()  # type: ignore[union-attr]
                if lab is None:
                    connection.close()
                else:
                    threading.Thread(target=lab.serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    os._exit(main())
