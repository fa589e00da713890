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
import traceback
from contextlib import suppress
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
            with suppress(OSError):
                wire.answer(connection, reply, fds)
            for fd in fds:
                os.close(fd)

    def _reply(self, do: str, host: str = "", port: int = 0) -> Reply:
        if do == "describe":
            hosts = {name: machine.state for name, machine in self.machines.items()}
            spec = {"source": self.spec.source, "spec": self.spec.raw}
            return {"name": self.name, "since": self.since, "hosts": hosts, **spec}, []
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
    while CGROUPS.is_mount():
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


class Watch:
    """The supervisor's only loop: owners that may die, clients that ask, and the news that all hosts are ready."""

    def __init__(self, name: str, reporter: int, owners: list[int], starter: int) -> None:
        self.name = name
        self.reporter = reporter
        self.starter = starter
        self.lab: Supervisor | None = None
        self.selector = selectors.DefaultSelector()
        self.ready, self.set_ready = os.pipe()
        self.selector.register(self.ready, selectors.EVENT_READ, self.all_ready)
        for owner in (*owners, starter):
            self.selector.register(owner, selectors.EVENT_READ, self.owner_gone)

    def open(self, server: socket.socket) -> None:
        """Answer the clients of this socket."""
        server.listen(64)
        self.selector.register(server, selectors.EVENT_READ, lambda: self.client(server))

    def set_up(self, plan: dict[str, Any]) -> None:
        """Make and boot the lab, in a thread of its own; a fault is the end."""
        try:
            self.lab = Supervisor(self.name, plan)
            self.lab.boot(self.reporter)
        except LabError as error:
            report(self.reporter, error=str(error))
            os._exit(1)
        except BaseException:
            report(self.reporter, error=f"a fault of the lab itself:\n{traceback.format_exc()}")
            os._exit(1)
        os.write(self.set_ready, b"!")

    def all_ready(self) -> None:
        """From now on the lab lives without the command that started it."""
        self.selector.unregister(self.ready)
        self.selector.unregister(self.starter)
        self.open(wire.reserve(self.name))  # the same name in the lab's own network, for commands that run there
        report(self.reporter, ready=True)
        silence(self.reporter)

    def owner_gone(self) -> None:
        """Nobody wants the lab any more."""
        os._exit(0)

    def client(self, server: socket.socket) -> None:
        """Serve the next one, as soon as there is something to serve."""
        connection, _ignored = server.accept()
        if self.lab is None:
            connection.close()
        else:
            threading.Thread(target=self.lab.serve, args=(connection,), daemon=True).start()

    def forever(self) -> None:
        """Until the lab goes, and this process with it."""
        while True:
            for key, _ignored in self.selector.select():
                key.data()


def main() -> None:
    """`python -m printnet_lab.supervisor NAME SOCKET REPORT KEEPER STARTER OWNER…`, the plan on standard input."""
    name, server, reporter, keeper, starter, *owners = sys.argv[1:]
    first_process()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watch = Watch(name, int(reporter), [int(keeper), *map(int, owners)], int(starter))
    watch.open(socket.socket(fileno=int(server)))
    plan = json.load(sys.stdin)
    threading.Thread(target=watch.set_up, args=(plan,), daemon=True).start()
    watch.forever()


if __name__ == "__main__":
    main()
