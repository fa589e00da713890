# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module firewall costs on each firewall, beside a play that pings the same hosts, in the same run.

Peers: `ansible.builtin.ping`, and a loop over `ansible.posix.firewalld`, which is taken out of the Python package
`ansible`. Runs take turns, and the shortest of some counts: what the work takes without what else the machine does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
LAB = str(ROOT / "tests/lab/lab")
FIREWALLS = ("firewalld", "nftables", "iptables", "ufw")
TIMES = int(os.environ.get("TIMES", "5"))
PORTS = [str(port) for port in range(20000, 20040, 2)]
PING: dict[str, Any] = {"ansible.builtin.ping": {}}


def task(rules: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """A task with rules by hand."""
    return {"printnet.ports.firewall": {"owner": "bench", "rules": list(rules), **more}}


def rule(ports: Sequence[str], peers: Sequence[str]) -> dict[str, Any]:
    return {"transport": "tcp", "ports": list(ports), "peers": list(peers)}


TWENTY = task([rule(PORTS, ["198.51.100.0/24"])])
GONE: dict[str, Any] = {"printnet.ports.firewall": {"owner": "bench", "state": "absent", "confirm": "never"}}


def many(rules: int, networks: int = 50, same: bool = False) -> dict[str, Any]:
    """Rules with that many networks each, none next to another; each rule has others, unless all have the same."""
    made = []
    for number in range(rules):
        some = range(networks) if same else range(number * networks, (number + 1) * networks)
        peers = [f"10.{one // 128}.{one % 128 * 2}.0/24" for one in some]
        made.append(rule([str(10000 + 2 * number)], peers))
    return task(made)


class Lab:
    """Eight hosts with a firewall, and plays on them."""

    def __init__(self, name: str, folder: Path, collections: str) -> None:
        self.folder = folder
        self.inventory = folder / "inventory.yml"
        self.inventory.write_bytes(subprocess.check_output([LAB, "inventory", name], cwd=ROOT))
        self.environment = {**os.environ, "ANSIBLE_FORKS": "8", "ANSIBLE_HOST_KEY_CHECKING": "0"}
        if collections:
            paths = [collections, os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")]
            self.environment["ANSIBLE_COLLECTIONS_PATH"] = ":".join(filter(None, paths))

    def play(self, hosts: str, *tasks: dict[str, Any]) -> float:
        """The milliseconds that a play takes, from Ansible's start to its end."""
        path = self.folder / "play.yml"
        path.write_text(json.dumps([{"hosts": hosts, "gather_facts": False, "tasks": list(tasks)}]), encoding="utf-8")
        started = time.perf_counter()
        done = subprocess.run(
            [str(BIN / "ansible-playbook"), "-i", str(self.inventory), str(path)],
            check=False, cwd=ROOT, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if done.returncode != 0:
            raise SystemExit(done.stdout)
        return (time.perf_counter() - started) * 1000

    def compare(
        self, hosts: str, ours: dict[str, Any], theirs: dict[str, Any], before: dict[str, Any] | None = None
    ) -> tuple[float, float]:
        """The shortest times of two tasks that take turns; ``before`` is done each time and not counted."""
        times: tuple[list[float], list[float]] = ([], [])
        for _turn in range(TIMES):
            for one, kept in zip((ours, theirs), times, strict=True):
                if before:
                    self.play(hosts, before)
                kept.append(self.play(hosts, one))
        return min(times[0]), min(times[1])


@contextmanager
def lab(firewall: str, collections: str) -> Iterator[Lab]:
    name = f"bench-{firewall}-{os.getpid()}"
    hosts = {
        f"host{number}": {"firewall": firewall, "addresses": [f"192.0.2.{10 + number}", f"2001:db8:1::{10 + number}"]}
        for number in range(1, 9)
    }
    spec = {
        "networks": {"servers": ["192.0.2.0/24", "2001:db8:1::/64"]},
        "defaults": {"distribution": "trixie"},
        "hosts": hosts,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lab.yml"
        path.write_text(yaml.safe_dump(spec), encoding="utf-8")
        up = [LAB, "up", str(path), "--name", name, "--owner", str(os.getpid())]
        subprocess.run(up, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            yield Lab(name, Path(folder), collections)
        finally:
            subprocess.run([LAB, "down", name], check=False, cwd=ROOT, stdout=subprocess.DEVNULL)


def line(firewall: str, what: str, two: tuple[float, float], peer: str) -> None:
    ours, theirs = two
    print(
        f"  {firewall:<10}{what:<56}{ours:>8.0f} ms   {peer:<34}{theirs:>8.0f} ms   ratio {ours / theirs:.2f}",
        flush=True,
    )


def measure(firewall: str, there: Lab, has_posix: bool) -> None:
    """All lines of one firewall."""
    there.play("all", TWENTY)
    line(firewall, "20 ports, 1 host, nothing to change", there.compare("host1", TWENTY, PING), "ping")
    line(firewall, "20 ports, 8 hosts, nothing to change", there.compare("all", TWENTY, PING), "ping")
    first = {"printnet.ports.firewall": {**TWENTY["printnet.ports.firewall"], "confirm": "always"}}
    line(firewall, "20 ports, 1 host, first run, confirmed", there.compare("host1", first, PING, GONE), "ping")
    line(firewall, "20 ports, 1 host, first run", there.compare("host1", TWENTY, PING, GONE), "ping")
    for same, which in ((True, "the same 50"), (False, "50 other")):
        measure_many(firewall, there, many(20, same=same), many(200, same=same), which)
    there.play("host1", GONE)
    one = task([rule(["515"], [f"10.{number // 128}.{number % 128 * 2}.0/24" for number in range(5000)])])
    line(firewall, "5,000 networks in one rule, first run", there.compare("host1", one, PING, GONE), "ping")
    there.play("host1", one)
    line(firewall, "5,000 networks in one rule, nothing to change", there.compare("host1", one, PING), "ping")
    there.play("host1", GONE)
    if firewall == "firewalld" and has_posix:
        loop = {
            "ansible.posix.firewalld": {
                "port": "{{ item }}/tcp",
                "permanent": True,
                "immediate": True,
                "state": "enabled",
            },
            "loop": PORTS,
        }
        undo = {**loop, "ansible.posix.firewalld": {**loop["ansible.posix.firewalld"], "state": "disabled"}}
        theirs = there.play("host1", loop)
        line(
            firewall,
            "20 ports, 1 host, first run",
            (there.play("host1", TWENTY), theirs),
            "loop of ansible.posix.firewalld",
        )
        unchanged = there.play("host1", TWENTY), there.play("host1", loop)
        line(firewall, "20 ports, 1 host, nothing to change", unchanged, "loop of ansible.posix.firewalld")
        there.play("host1", undo)


def measure_many(firewall: str, there: Lab, few: dict[str, Any], lots: dict[str, Any], which: str) -> None:
    """200 rules beside 20 of the same kind, and what Ansible itself takes to hand them to a task."""
    peer, what = f"20 rules of {which} networks", f"200 rules of {which} networks"
    line(firewall, f"{what}, first run", there.compare("host1", lots, few, GONE), peer)
    there.play("host1", lots)
    there.play("host2", few)
    unchanged = there.compare("host1", lots, PING)[0], there.compare("host2", few, PING)[0]
    line(firewall, f"{what}, nothing to change", unchanged, peer)
    kept = [{"ansible.builtin.set_fact": {"kept": one["printnet.ports.firewall"]["rules"]}} for one in (lots, few)]
    line("ansible", f"{what}, kept by set_fact", there.compare("host1", *kept), peer)


def posix(folder: Path) -> bool:
    """Put ansible.posix there; whether that worked."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "ansible"]
    with suppress(StopIteration):
        if subprocess.run(command, check=False).returncode == 0:
            with zipfile.ZipFile(next(folder.glob("ansible-*.whl"))) as wheel:
                names = [name for name in wheel.namelist() if name.startswith("ansible_collections/ansible/posix/")]
                wheel.extractall(folder, names)
            return True
    print("  ansible.posix could not be fetched: no comparison with it")
    return False


def main(firewalls: Sequence[str] = FIREWALLS) -> None:
    with tempfile.TemporaryDirectory() as folder:
        has_posix = "firewalld" in firewalls and posix(Path(folder))
        for firewall in firewalls:
            with lab(firewall, folder if has_posix else "") as there:
                measure(firewall, there, has_posix)


if __name__ == "__main__":
    main(sys.argv[1:] or FIREWALLS)
