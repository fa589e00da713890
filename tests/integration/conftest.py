# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real hosts for the tests: one lab for all of them, and Ansible over SSH."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LAB = str(ROOT / "tests/lab/lab")
# By plain names, which also the processes know that run Ansible.
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/lab")]
import ready  # noqa: E402
from printnet_lab import client, judge  # noqa: E402

BIN = Path(sys.executable).parent
# Before the first run: what is ready keeps the environment that it was started with. Pipelining saves a fifth of a run;
# Molecule's scenarios go without, as most users do.
os.environ |= {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOST_KEY_CHECKING": "0", "ANSIBLE_PIPELINING": "1"}
PENDING = "/run/printnet.ports/pending.json"
"""There as long as a change waits for its confirmation."""
OPENED = f"until [ -s {PENDING} ]; do sleep 0.002; done"
"""A script that ends as soon as a change waits."""
SWITCH = "/run/printnet.ports/switch.py"
"""What confirms it, or takes it back."""
NETWORKS = {"workstation": ["198.51.100.0/24", "2001:db8:2::/64"]}


OLDER = ("vpsx11", "vpsx12", "nft12", "ipt12", "leg12", "ufw12")
"""Hosts with older editions of a firewall."""
ALWAYS = ("test_lets_in_exactly_the_plan", "test_absent_leaves_the_same_bytes", "test_absent_leaves_what_was_there")
"""What every run asks of all editions. With EDITIONS=all it asks everything of all, which takes an hour."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("EDITIONS") == "all":
        return
    left = [item for item in items if any(name in item.name for name in OLDER) and not item.name.startswith(ALWAYS)]
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=left)


@dataclass(frozen=True)
class Lab:
    """A lab that is up, and an inventory of it."""

    name: str
    inventory: Path

    def host(self, name: str, script: str, check: bool = True) -> str:
        """What a shell script prints on the host, as root and without SSH."""
        process = client.into_host(self.name, name).popen(
            ["sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = process.communicate(timeout=300)
        assert not check or process.returncode == 0, f"{name}: {script}: {out}{err}"
        return out

    def scan(self, source: str, address: str, ports: str = "1-10000", ssh: bool = True) -> set[str]:
        """The ports of the address that nmap, on the source host, finds let in.

        SSH is among them, unless it is not asked for or not let out. Where it is not seen, neighbours had to find each
        other first, or the machine is busy, and it is looked again.
        """
        for _attempt in range(10):
            found = judge.scan(self.name, source, address, ports)
            if "tcp/22" in found or not ssh:
                break
            time.sleep(1)
        return found

    def reached(self, source: str, address: str, ports: str) -> set[str]:
        """The same beside SSH, which is always reached."""
        found = self.scan(source, address, ports)
        assert "tcp/22" in found, f"{source} does not even reach SSH on {address}"
        return found - {"tcp/22"}

    def let_in(self, source: str, addresses: tuple[str, str], ports: str) -> set[str]:
        """What the source reaches beside SSH, the same by IPv4 and IPv6."""
        with ThreadPoolExecutor(len(addresses)) as pool:
            old, new = pool.map(lambda address: self.reached(source, address, ports), addresses)
        assert old == new
        return old

    def reboot(self, name: str) -> None:
        _run([LAB, "reboot", self.name, name])

    def firewall(self, host: str, *options: str, ok: bool = True, **variables: Any) -> dict[str, Any]:
        """The answer of the module firewall; by default it makes a VPSX host of the host."""
        arguments = variables.pop("arguments", {"components": ["vpsx"]})
        return self.module(host, "firewall", arguments, *options, ok=ok, **variables)

    def module(
        self, host: str, module: str, arguments: dict[str, Any], *options: str, ok: bool = True, **variables: Any
    ) -> dict[str, Any]:
        """The answer of a module for one host; the options are those of the command ansible."""
        done = ready.run(self.command(host, module, arguments, *options, **variables), ROOT, 300)
        found = re.search(r"^\S+ \| [A-Z!]+ => (\{.*?^\})", done.stdout, re.DOTALL | re.MULTILINE)
        assert found, done.stdout + done.stderr
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        answer: dict[str, Any] = json.loads(found[1])
        return {**answer, "told": done.stdout + done.stderr}

    def start(self, host: str, arguments: dict[str, Any]) -> subprocess.Popen[str]:
        """A run of the module firewall of its own, to be killed; as most users start it, without pipelining."""
        command = self.command(host, "firewall", arguments)
        return subprocess.Popen(
            [str(BIN / command[0]), *command[1:]], cwd=ROOT, text=True, start_new_session=True,
            env={**os.environ, "ANSIBLE_PIPELINING": "0"},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill_unconfirmed(self, host: str, run: subprocess.Popen[str], when: str) -> None:
        """Kill a run while its change waits for the confirmation, once a script on the host has seen what it waits for.

        So that it is not confirmed the switch is out of the way meanwhile, and comes back when nothing asks for it
        any more.
        """
        self.host(host, f"{OPENED}; mv {SWITCH} {SWITCH}.away; {when}")
        kill(run)
        asks = "pkill -KILL -f '[s]witch.py confirm'"
        self.host(host, f"sleep 0.2; while {asks}; do sleep 0.2; done; mv {SWITCH}.away {SWITCH}")

    def command(self, host: str, module: str, arguments: dict[str, Any], *options: str, **variables: Any) -> list[str]:
        """The words of the command."""
        values = json.dumps({"printnet_networks": NETWORKS, **variables})
        given = [f"-a{json.dumps(arguments)}"] if arguments else []
        start = ["ansible", host, "-i", str(self.inventory), "-m", f"printnet.ports.{module}"]
        return [*start, *options, "-e", values, *given]


def kill(run: subprocess.Popen[str]) -> None:
    """Kill a run and its workers, each of which has a session of its own."""
    found = subprocess.run(["pgrep", "-P", str(run.pid)], stdout=subprocess.PIPE, text=True, check=False).stdout
    for group in (*map(int, found.split()), run.pid):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    run.wait()


def _run(command: list[str], check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=300,
    )
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


@contextmanager
def up(factory: pytest.TempPathFactory, estate: str) -> Iterator[Lab]:
    """The lab that a description in tests/lab/estates makes."""
    if os.geteuid() != 0:
        pytest.fail("Real hosts need root: run make test as root.")
    name = f"it-{estate}-{os.getpid()}"
    _run([LAB, "up", f"tests/lab/estates/{estate}.yml", "--name", name, "--owner", str(os.getpid())])
    try:
        inventory = factory.mktemp("lab") / "inventory.yml"
        inventory.write_text(_run([LAB, "inventory", name]).stdout, encoding="utf-8")
        yield Lab(name, inventory)
    finally:
        _run([LAB, "down", name])


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with up(tmp_path_factory, "firewalld") as there:
        yield there


@pytest.fixture(params=["vpsx11", "vpsx12", "vpsx13"])
def each(request: pytest.FixtureRequest, lab: Lab) -> Iterator[str]:
    """A VPSX host, on Debian 11, 12 and 13, as the lab made it; and so again after the test."""
    yield from _unchanged(lab, request.param)


@pytest.fixture
def host(lab: Lab) -> Iterator[str]:
    """The VPSX host on Debian 13, for what does not differ between editions of firewalld."""
    yield from _unchanged(lab, "vpsx13")


def _unchanged(lab: Lab, name: str) -> Iterator[str]:
    before = state(lab, name)
    yield name
    if state(lab, name) == before:
        return
    lab.host(name, "firewall-cmd --reload >/dev/null")
    lab.firewall(name, arguments={"components": ["vpsx", "mve", "dis"], "state": "absent"})
    assert state(lab, name) == before, "the test left something behind"


def state(lab: Lab, host: str) -> tuple[str, str]:
    """Every file of firewalld by name, bytes and mode, and the kernel's rules without counters and handles."""
    modes = r"find /etc/firewalld /run/printnet* -printf '%M %u %g %p\n' 2>/dev/null | sort -k 4"
    sums = "find /etc/firewalld -type f | sort | xargs sha256sum"
    rules = lab.host(host, "nft list ruleset")
    return lab.host(host, f"{modes}; {sums}"), re.sub(r"counter packets \d+ bytes \d+", "counter", rules)
