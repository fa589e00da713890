# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's end: a lab, what is copied into its hosts, and what the hosts ask for in between."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ansible

ROOT = Path(__file__).resolve().parents[2]
LAB = str(ROOT / "tests/lab/lab")
ESTATE = "tests/lab/estates/stress.yml"
ADDRESSES = {
    name: [f"192.0.2.{number}", f"2001:db8:1::{number}"]
    for name, number in {"firewalld": 11, "nftables": 12, "iptables": 13, "ufw": 14}.items()
}
FAR = "/root/stress"
_PACKAGE = "ansible_collections/printnet/ports"


@contextmanager
def lab(there: str = "") -> Iterator[str]:
    """A lab's name: one that is up, or a new one, which goes with this process at the latest."""
    if there:
        yield there
        return
    name = f"stress{os.getpid()}"
    subprocess.run([LAB, "up", ESTATE, "--name", name, "--owner", str(os.getpid())], check=True, cwd=ROOT)
    try:
        yield name
    finally:
        subprocess.run([LAB, "down", name], check=False, cwd=ROOT)


def payload() -> bytes:
    """What runs inside: the collection's host part, Ansible's, and the stress itself."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        core = Path(ansible.__file__).parent
        for source, target in (
            (ROOT / "plugins/module_utils", f"lib/{_PACKAGE}/plugins/module_utils"),
            (ROOT / "plugins/modules", f"lib/{_PACKAGE}/plugins/modules"),
            (core / "module_utils", "lib/ansible/module_utils"),
            (ROOT / "tests/stress/inside", "inside"),
        ):
            for path in sorted(source.rglob("*.py")):
                tar.add(path, f"stress/{target}/{path.relative_to(source)}")
        # Ansible itself ships these, too.
        folders = ["ansible", *(str(one) for one in Path(f"{_PACKAGE}/plugins").parents), f"{_PACKAGE}/plugins"]
        for folder in sorted({*folders, f"{_PACKAGE}/plugins/modules"} - {"."}):
            tar.addfile(tarfile.TarInfo(f"stress/lib/{folder}/__init__.py"))
    return buffer.getvalue()


def furnish(name: str) -> None:
    """Copy it into all hosts."""
    data = payload()
    for host in (*ADDRESSES, "peer1"):
        subprocess.run(
            [LAB, "exec", name, host, "--", "tar", "xf", "-", "-C", "/root"], input=data, check=True, cwd=ROOT
        )


class Lines:
    """A program in a host that is spoken to in lines of JSON."""

    def __init__(self, lab_name: str, host: str, script: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [LAB, "exec", lab_name, host, "--", "python3", "-I", "-B", f"{FAR}/inside/{script}", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip

    def read(self) -> dict[str, Any] | list[Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(f"the program in the host ended with status {self.process.wait()}")
        found: dict[str, Any] | list[Any] = json.loads(line)
        return found

    def write(self, what: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def close(self) -> None:
        assert self.process.stdin
        with suppress(OSError):
            self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process.kill()


class Job:
    """One kind of stress on one firewall."""

    def __init__(self, lab_name: str, inventory: Path, say: Callable[[str], None]) -> None:
        self.lab = lab_name
        self.inventory = inventory
        self.say = say

    def run(self, **job: Any) -> dict[str, Any]:
        """Its counts, times and faults."""
        name = f"{job['kind']} {job['firewall']}"
        host = Lines(self.lab, job["firewall"], "driver.py", json.dumps(job))
        prober = Lines(self.lab, "peer1", "prober.py")
        began = time.monotonic()
        try:
            while True:
                told = host.read()
                assert isinstance(told, dict)
                if "ask" in told:
                    host.write({"answer": self._answer(prober, job["firewall"], told)})
                elif "end" in told:
                    return {**told, "seconds": time.monotonic() - began}
                elif "fault" in told:
                    self.say(f"FAULT {name}: {again(told['fault'])}")
                else:
                    self.say(f"...   {name}: {json.dumps(told)}")
        except EOFError as wrong:
            return {"faults": [{"fault": str(wrong)}], "counts": {}, "times": {}, "seconds": time.monotonic() - began}
        finally:
            host.close()
            prober.close()

    def _answer(self, prober: Lines, firewall: str, told: dict[str, Any]) -> Any:
        if told["ask"] == "probe":
            prober.write({"to": told["to"], "probes": told["probes"]})
            return prober.read()
        if told["ask"] == "nmap":
            command = [LAB, "scan", self.lab, "--from", "peer2", "--to", told["to"], "--ports", told["ports"]]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            return done.stdout.split()
        return self._ansible(firewall, told)

    def _ansible(self, firewall: str, told: dict[str, Any]) -> dict[str, Any]:
        """The task over real SSH; killed after some seconds: Ansible itself, or its connections."""
        paths = self.inventory.parent / f"cp{random.getrandbits(32):x}"
        environment = {
            **os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOST_KEY_CHECKING": "0",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(paths),
        }  # fmt: skip
        command = [str(Path(sys.executable).parent / "ansible"), firewall, "-i", str(self.inventory)]
        command += ["-m", "printnet.ports.firewall", "-a", json.dumps(told["arguments"])]
        began = time.monotonic()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=environment,
            start_new_session=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        killed = False
        if told.get("instant"):
            with suppress(subprocess.TimeoutExpired):
                process.wait(told["instant"])
            killed = process.poll() is None
            if killed and told["whom"] == "ansible":
                os.killpg(process.pid, signal.SIGKILL)
            elif killed:
                killed = _kill_connections(str(paths)) > 0
        try:
            out, _none = process.communicate(timeout=90)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, _none = process.communicate()
            out += "(it did not end)"
        _kill_connections(str(paths))
        return {"status": process.returncode, "out": out, "killed": killed, "seconds": time.monotonic() - began}


def again(case: dict[str, Any]) -> str:
    """A failed case in a line, with the words that play it again; all of it is in the file of results."""
    words = f"--what {case.get('kind')} --firewalls {case.get('firewall')} --seed {case['seed']}"
    return f"{str(case['fault'])[-2500:]} [tests/stress/run {words} --only {case.get('number')}]"


def _kill_connections(control_path: str) -> int:
    """SIGKILL the ssh processes whose control socket is in that folder, which is of one run alone."""
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes()
                if control_path.encode() in words and b"ssh" in words.split(b"\0")[0]:
                    os.kill(int(entry.name), signal.SIGKILL)
                    count += 1
    return count
