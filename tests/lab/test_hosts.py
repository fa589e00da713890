# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a lab's hosts can do: log in, listen, stay, reboot, do without Python; and what the command says."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from lab_hosts import LAB, host, lab, name_of, up, write


@pytest.fixture(scope="module")
def name(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = write(
        tmp_path_factory.mktemp("hosts") / "lab.yml",
        stays=host(10, firewall="firewalld", persistent=True, groups=["vpsx"], vars={"colour": "green"}),
        bare=host(11, python=False),
        listens=host(12, daemons=["tcp/515@192.0.2.12", "udp/161"], groups=["vpsx", "serverx"]),
        old=host(13, distribution="bookworm"),
    )
    with up(path, name_of("hosts")) as name:
        yield name


def test_ssh(name: str) -> None:
    assert lab("ssh", f"{name}/stays", "--", "hostname; id -un") == "stays\nroot\n"
    lab("ssh", f"{name}/stays", "--", "exit 7", status=7)


def test_exec(name: str) -> None:
    assert lab("exec", name, "old", "--", "sh", "-c", ". /etc/os-release; echo $VERSION_ID $(pwd)") == "12 /\n"
    lab("exec", name, "stays", "--", "sh", "-c", "exit 7", status=7)
    lab("exec", name, "--", "sh", "-c", "exit 8", status=8)
    assert "192.0.2.1/24" in lab("exec", name, "--", "ip", "-br", "address")


def test_every_host_is_its_own(name: str) -> None:
    hosts = ("stays", "bare", "listens", "old")
    for file in ("/etc/machine-id", "/etc/hostname"):
        assert len({lab("exec", name, one, "--", "cat", file) for one in hosts}) == len(hosts)
    assert "192.0.2.12 listens" in lab("exec", name, "stays", "--", "cat", "/etc/hosts")


def test_inventory(name: str) -> None:
    everything = yaml.safe_load(lab("inventory", name))["all"]
    assert everything["hosts"]["stays"]["colour"] == "green"
    assert everything["hosts"]["stays"]["printnet_addresses"] == ["192.0.2.10", "2001:db8:1::10"]
    assert list(everything["children"]["vpsx"]["hosts"]) == ["stays", "listens"]
    assert list(everything["children"]["ungrouped"]["hosts"]) == ["bare", "old"]
    common = everything["vars"]
    options = shlex.split(common["ansible_ssh_common_args"])
    command = ["ssh", *options, "-i", common["ansible_ssh_private_key_file"], "root@192.0.2.13", "hostname"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "old\n"


def test_inventory_script(name: str) -> None:
    again = f"{LAB} ssh {name}/stays -- uptime -p 2>/dev/null"
    script = f"for i in $(seq 100); do {again} && exit 0; sleep 0.1; done; exit 1"
    subprocess.run(["sh", "-c", script], check=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("down", "nowhere"), "no lab named nowhere is up"),
        (("ssh", "{name}/stay"), "no host 'stay' in this lab (did you mean 'stays'?)"),
        (("exec", "{name}", "nobody", "--", "true"), "no host 'nobody' in this lab"),
        (("exec", "{name}"), "what shall be run?"),
        (("reboot", "{name}", "old"), "old is not `persistent: true`"),
        (("up", "/nowhere.yml"), "/nowhere.yml: can't be read: No such file"),
        (("up", "{estate}", "--name", "{name}"), "a lab named {name} is up already"),
        (("up", "{estate}", "--name", "A b"), "'A b' can't name a lab"),
        (("up", "{estate}", "--name", "x", "--owner", "4194304"), "there is no such process"),
        (("run", "{estate}"), "what shall be run?"),
    ],
)
def test_error(name: str, words: tuple[str, ...], said: str) -> None:
    estate = str(Path(LAB).parent / "estates/vpsx.yml")
    output = lab(*(word.format(name=name, estate=estate) for word in words), status=1)
    assert said.format(name=name) in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("path", "said"),
    [("/etc/localtime", "/etc/localtime is a link out of the host's tree"), ("/etc", "Is a directory")],
)
def test_a_file_that_cannot_be_written_ends_the_lab(tmp_path: Path, path: str, said: str) -> None:
    broken = write(tmp_path / "lab.yml", one=host(10, files={path: "hello"}))
    assert said in lab("up", str(broken), "--name", name_of("broken"), status=1, timeout=60)
