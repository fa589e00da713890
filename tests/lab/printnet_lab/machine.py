# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One booted host: its tree, its systemd-nspawn process, and how to tell that it is ready."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

from .errors import LabError
from .guest import furnish
from .network import Wires
from .shell import run
from .spec import Host, Spec

RUN = Path("/run/lab")
CGROUPS = Path("/sys/fs/cgroup")
NAMESPACES = ("net", "mnt", "pid", "uts", "ipc", "cgroup")
_REBOOT = 133  # systemd-nspawn's exit status where the system inside asked for a reboot
_PATIENCE = 60


class Machine:
    """A host of the lab, from its first boot to the lab's end; it starts again when it reboots."""

    def __init__(self, host: Host, spec: Spec, wires: Wires, lower: str, public_key: str) -> None:
        self.host = host
        self.state = "starting"
        self._spec = spec
        self._wires = wires
        self._lower = lower
        self._public_key = public_key
        self._place = RUN / "hosts" / host.name
        self._root = self._place / "root"
        self._process: subprocess.Popen[bytes] | None = None
        self._boots = 0
        self._booted = threading.Condition()

    def run(self) -> None:
        """Boot it, and boot it again whenever it ends with a reboot; returns when it is halted."""
        status = _REBOOT
        try:
            while status == _REBOOT:
                status = self._one_life()
            self._change("halted")
        except (LabError, OSError) as error:
            self._change(f"failed: {error}")

    def _one_life(self) -> int:
        self._wires.unplug(self.host)
        self._wires.plug(self.host)
        if not self.host.persistent or not self._root.exists():
            self._fresh_tree()
        cgroup = CGROUPS / self.host.name
        cgroup.mkdir(exist_ok=True)
        nspawn = (
            f"systemd-nspawn --boot --directory={self._root} --machine={self.host.name}"
            " --register=no --keep-unit"
            f" --network-namespace-path=/run/netns/{self.host.name} --capability=CAP_NET_ADMIN,CAP_NET_RAW"
            " --resolv-conf=off --timezone=off --link-journal=no --console=pipe"
        )
        # systemd-nspawn leaves a directory in /tmp when it is killed: it gets a /tmp of its own.
        script = f"echo $$ > {cgroup}/cgroup.procs && mount -t tmpfs tmpfs /tmp && exec {nspawn}"
        environment = {**os.environ, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"}  # its own sysctls of the network
        with (self._place / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", script],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        try:
            self._wait_until_ready(self._process)
        except LabError:
            self._process.kill()
            self._process.wait()
            raise
        self._boots += 1
        self._change("running")
        status = self._process.wait()
        self._change("rebooting" if status == _REBOOT else "halted")
        return status

    def _fresh_tree(self) -> None:
        """The root file system under a layer of this host's own, in memory."""
        if self._root.exists():
            run(["umount", str(self._root)])
            shutil.rmtree(self._place)
        for part in ("upper", "work", "root"):
            (self._place / part).mkdir(parents=True)
        layers = f"lowerdir={self._lower},upperdir={self._place}/upper,workdir={self._place}/work"
        run(["mount", "-t", "overlay", "overlay", "-o", layers, str(self._root)])
        furnish(self._root, self.host, self._spec, self._public_key)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        checks = {"starting its SSH server": self._answers_ssh, "booting": self._booted_up}
        if self.host.firewall == "firewalld":
            checks["starting firewalld"] = self._firewalld_runs
        deadline = time.monotonic() + _PATIENCE
        for what, check in checks.items():
            while not check():
                if process.poll() is not None:
                    status = f"ended (status {process.returncode}) while {what}"
                    raise LabError(f"{self.host.name} {status}{self._last_words()}")
                if time.monotonic() > deadline:
                    raise LabError(f"{self.host.name}: still {what} after {_PATIENCE} s{self._last_words()}")
                time.sleep(0.05)

    def _booted_up(self) -> bool:
        leader = self.leader()
        if leader is None:
            return False
        state = self.inside(leader, "systemctl", "is-system-running", "--wait")
        if state == "degraded":
            failed = self.inside(leader, "systemctl", "list-units", "--failed", "--plain", "--no-legend")
            raise LabError(f"{self.host.name} booted with failed units:\n{failed}")
        return state == "running"

    def _answers_ssh(self) -> bool:
        try:
            with socket.create_connection((str(self.host.main_address), 22), 2) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def _firewalld_runs(self) -> bool:
        leader = self.leader()
        return leader is not None and self.inside(leader, "firewall-cmd", "--state") == "running"

    def inside(self, leader: int, *command: str) -> str:
        """What a command says that is run on the host; '' where it can't be run (yet)."""
        enter = ["nsenter", "--target", str(leader), "--net", "--mount", "--pid", "--uts", "--ipc", "--cgroup"]
        try:
            done = subprocess.run(
                [*enter, *command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout.strip()

    def leader(self) -> int | None:
        """The host's process 1, as this side numbers it: systemd-nspawn's child in another pid namespace."""
        process = self._process
        if process is None or process.poll() is not None:
            return None
        ours = os.readlink("/proc/self/ns/pid")
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    parent = int((entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
                    if parent == process.pid and os.readlink(entry / "ns/pid") != ours:
                        booted = (entry / "comm").read_text(encoding="utf-8").strip() == "systemd"
                        return int(entry.name) if booted else None
                except OSError:
                    continue
        return None

    def namespaces(self) -> list[int]:
        """Open file descriptors of the host's namespaces, in the order of NAMESPACES."""
        leader = self.leader()
        if leader is None:
            raise LabError(f"{self.host.name} is {self.state}")
        return [os.open(f"/proc/{leader}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in NAMESPACES]

    def reboot(self) -> None:
        """Reboot it as its own administrator would, and wait until it is ready again."""
        if not self.host.persistent:
            raise LabError(f"{self.host.name} is not `persistent: true`: it would come back as a new host")
        leader = self.leader()
        if leader is None:
            raise LabError(f"{self.host.name} is {self.state}")
        before = self._boots
        self.inside(leader, "systemctl", "reboot")
        with self._booted:
            if not self._booted.wait_for(lambda: self._boots > before or self.ended, _PATIENCE):
                raise LabError(f"{self.host.name} did not come back within {_PATIENCE} s{self._last_words()}")
        if self.ended:
            raise LabError(f"{self.host.name} did not come back: {self.state}")

    def wait_for_first_boot(self) -> None:
        with self._booted:
            self._booted.wait_for(lambda: self._boots > 0 or self.ended)
        if self.ended:
            raise LabError(self.state.removeprefix("failed: "))

    @property
    def ended(self) -> bool:
        return self.state == "halted" or self.state.startswith("failed")

    def _change(self, state: str) -> None:
        with self._booted:
            self.state = state
            self._booted.notify_all()

    def _last_words(self) -> str:
        console = self._place / "console.log"
        lines = console.read_text(encoding="utf-8", errors="replace").splitlines()[-15:] if console.exists() else []
        return "; its console said last:\n  " + "\n  ".join(lines) if lines else ""
