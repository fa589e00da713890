# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""However a lab ends, nothing of it is left: no process, namespace, mount, control group or file."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_belongings import Belongings, Machine, left_of, machine, of_lab, wait_until_gone
from lab_hosts import LAB, host, lab, name_of, write

STAYING = "setsid sleep 1000 & exec sleep 1000"  # a command that leaves something running, and does not end


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    listening = host(10, daemons=["tcp/515"], persistent=True, firewall="firewalld")
    path = write(tmp_path_factory.mktemp("death") / "lab.yml", one=listening, two=host(11))
    lab("run", str(path), "--name", name_of("warm"), "--", "true", timeout=600)
    return path


@pytest.fixture
def name(request: pytest.FixtureRequest) -> Iterator[str]:
    name = name_of(f"d{abs(hash(request.node.name)) % 10000}")
    yield name
    subprocess.run([LAB, "down", name], stderr=subprocess.DEVNULL, check=False)


@pytest.fixture
def around() -> Machine:
    return machine()


def assert_gone(before: Belongings, name: str, around: Machine) -> None:
    assert len(before.processes) > 15, "the lab was not counted"
    assert len(before.namespaces) >= 10, "the lab was not counted"
    assert before.cgroups, "the lab was not counted"
    left = wait_until_gone(before, name)
    assert not left, left
    now = machine()
    assert now.interfaces == around.interfaces
    assert now.mounts <= around.mounts
    assert now.files <= around.files


def wait_for_run(runner: subprocess.Popen[bytes], name: str) -> Belongings:
    """What belongs to a lab that `lab run` started, its command included, once both are up."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert runner.poll() is None, "lab run ended early"
        if any(f"{name}\n" == read_command(pid) for pid in os.listdir("/proc") if pid.isdigit()):
            time.sleep(0.3)
            return of_lab(name)
        time.sleep(0.05)
    raise AssertionError("the command did not start")


def read_command(pid: str) -> str:
    """The lab's name and a line's end, where this process is the last command of STAYING."""
    try:
        environment = Path("/proc", pid, "environ").read_bytes().split(b"\0")
        words = Path("/proc", pid, "cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    names = [line.partition(b"=")[2].decode() for line in environment if line.startswith(b"LAB_NAME=")]
    return f"{names[0]}\n" if names and words[:2] == [b"sleep", b"1000"] else ""


def run_in_background(spec: Path, name: str) -> subprocess.Popen[bytes]:
    command = [LAB, "run", str(spec), "--name", name, "--", "sh", "-c", STAYING]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)


def test_nothing_outside_while_it_is_up(spec: Path, name: str, around: Machine) -> None:
    lab("up", str(spec), "--name", name)
    assert machine() == around
    assert left_of(of_lab(name), name).processes == of_lab(name).processes, "what is there is seen"
    assert name in lab("status")


def test_down(spec: Path, name: str, around: Machine) -> None:
    lab("up", str(spec), "--name", name)
    before = of_lab(name)
    lab("down", name)
    assert_gone(before, name, around)


def test_down_with_open_sessions(spec: Path, name: str, around: Machine, tmp_path: Path) -> None:
    lab("up", str(spec), "--name", name)
    control = ["-o", "ControlMaster=yes", "-o", f"ControlPath={tmp_path}/c", "-o", "ControlPersist=60"]
    command = [*lab("ssh", "--show", f"{name}/one").split("\n")[:-1]]
    subprocess.run([*command[:1], *control, *command[1:], "true"], check=True)
    assert Path(f"{tmp_path}/c").exists()
    sleeper = subprocess.Popen([LAB, "exec", name, "--", "sleep", "1000"])
    inside = subprocess.Popen([LAB, "exec", name, "one", "--", "sleep", "1000"])
    time.sleep(1)
    before = of_lab(name)
    lab("down", name)
    assert sleeper.wait(10) != 0
    assert inside.wait(10) != 0
    assert_gone(before, name, around)
    deadline = time.monotonic() + 5
    while Path(f"{tmp_path}/c").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"{tmp_path}/c").exists(), "ssh's shared connection outlived the lab"


def test_end_of_run(spec: Path, name: str, around: Machine) -> None:
    leave_behind = "setsid sleep 1000 & exit 7"
    lab("run", str(spec), "--name", name, "--", "sh", "-c", leave_behind, status=7)
    assert name not in lab("status")
    assert machine().mounts <= around.mounts


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_run_is_killed(spec: Path, name: str, around: Machine, number: signal.Signals) -> None:
    runner = run_in_background(spec, name)
    before = wait_for_run(runner, name)
    os.kill(runner.pid, number)
    runner.wait(30)
    assert_gone(before, name, around)


def test_ctrl_c(spec: Path, name: str, around: Machine) -> None:
    runner = run_in_background(spec, name)
    before = wait_for_run(runner, name)
    os.killpg(runner.pid, signal.SIGINT)  # as a terminal does
    assert runner.wait(30) == 130
    assert_gone(before, name, around)


def test_owner_is_killed(spec: Path, name: str, around: Machine) -> None:
    owner = subprocess.Popen(["sleep", "1000"])
    lab("up", str(spec), "--name", name, "--owner", str(owner.pid))
    before = of_lab(name)
    owner.kill()
    owner.wait()
    assert_gone(before, name, around)


@pytest.mark.parametrize("moment", [0.2, 0.6, 1.2])
def test_up_is_killed(spec: Path, name: str, around: Machine, moment: float) -> None:
    starter = subprocess.Popen([LAB, "up", str(spec), "--name", name], start_new_session=True)
    deadline = time.monotonic() + 20
    while not of_lab(name).cgroups and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(moment)
    before = of_lab(name)
    starter.kill()
    starter.wait()
    left = wait_until_gone(before, name)
    assert not left, left
    assert machine().mounts <= around.mounts


@pytest.mark.parametrize("which", ["keeper", "supervisor"])
def test_a_process_of_the_lab_is_killed(spec: Path, name: str, around: Machine, which: str) -> None:
    lab("up", str(spec), "--name", name)
    before = of_lab(name)
    for pid in sorted(pid for pid, _ignored in before.processes):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if f"printnet_lab.{which}".encode() in words and words[0] != b"unshare":
            os.kill(pid, signal.SIGKILL)
            break
    time.sleep(1)
    lab("status")  # sweeps up the control group of a lab whose keeper is dead
    assert_gone(before, name, around)
