# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks site and remove on booted hosts with different firewalls, judged by connections and by nmap."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .conftest import BIN, LAB, NETWORKS, ROOT, Lab, _run, ready, up

HOSTS = {"firewalld1": "192.0.2.11", "nftables1": "192.0.2.12", "iptables1": "192.0.2.13", "ufw1": "192.0.2.14"}
REMEMBERED = "/var/lib/printnet.ports/left.json"
PRINTING = {"tcp/515", "tcp/631", "tcp/9443"}
ODD = ["ANSIBLE_HOST_PATTERN_MISMATCH=error", "ANSIBLE_STRATEGY=free"]
"""Settings that somebody may have: groups that are not there are an error, and no host waits for another."""
NOT_THERE = {"ansible_host": "192.0.2.99", "ansible_ssh_extra_args": "-o ConnectTimeout=2"}
AT_ONCE = {"printnet_serial": "100%"}
PROBE = """
import json, socket, sys, threading, time
source, port, addresses = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
def probe(address):
    while True:
        began = time.monotonic()
        with socket.socket() as one:
            one.settimeout(1)
            passed = one.connect_ex((address, port)) == 0
        print(json.dumps([time.monotonic(), source, address, passed, began]), flush=True)
        time.sleep(0.1)
for address in addresses:
    threading.Thread(target=probe, args=[address]).start()
"""


@dataclass(frozen=True)
class Done:
    """What a playbook said, how it ended, and how much each host changed."""

    text: str
    status: int

    def changed(self) -> dict[str, int]:
        return {
            host: int(number) for host, number in re.findall(r"^(\S+) +: .* changed=(\d+) ", self.text, re.MULTILINE)
        }

    def plays(self) -> list[str]:
        return re.findall(r"^PLAY \[(.*?)\]", self.text, re.MULTILINE)

    def lines(self, sign: str) -> set[str]:
        """The rules that the differences have with this sign."""
        return set(re.findall(rf"^\{sign}((?:in|out) .*)$", self.text, re.MULTILINE))


Play = Callable[..., Done]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with up(tmp_path_factory, "site") as there:
        yield there


@pytest.fixture
def play(lab: Lab, tmp_path: Path) -> Play:
    """Runs a playbook of the collection on the lab's hosts in the groups that are given."""

    def run(
        name: str, groups: dict[str, Any], *options: str, ok: bool = True, odd: bool = False, **variables: Any
    ) -> Done:
        members = {
            group: {"hosts": hosts if isinstance(hosts, dict) else dict.fromkeys(hosts)}
            for group, hosts in groups.items()
        }
        inventory = tmp_path / "groups.json"
        inventory.write_text(json.dumps({"all": {"children": members, "vars": {"printnet_networks": NETWORKS}}}))
        command = [
            "ansible-playbook", "-i", str(lab.inventory), "-i", str(inventory),
            f"printnet.ports.{name}", *options, "-e", json.dumps(variables),
        ]  # fmt: skip
        if odd:
            done = _run(["env", *ODD, str(BIN / command[0]), *command[1:]], check=False)
        else:
            done = ready.run(command, ROOT, 300)
        text = done.stdout + done.stderr
        assert "Traceback" not in text, text
        assert (done.returncode == 0) is ok, text
        return Done(text, done.returncode)

    return run


def reached(lab: Lab, source: str, host: str, ports: str = "22,515,631,5501,8080,9443") -> set[str]:
    return lab.reached(source, HOSTS[host], ports)


def ours(lab: Lab, host: str) -> str:
    """Everything on the host that has a name of ours."""
    files = r"find /etc /var/lib /run \( -name '*pnp*' -o -name 'printnet.ports*' \) 2>/dev/null"
    text = "grep -rlE 'printnet|pnports1|pnpout1' /etc/firewalld /etc/iptables /etc/ufw 2>/dev/null"
    return lab.host(host, f"{files}; {text}; nft list ruleset 2>/dev/null | grep -E 'printnet|pnports1|pnpout1'; true")


@contextmanager
def probing(
    lab: Lab, tmp_path: Path, sources: Sequence[str], port: int
) -> Iterator[list[tuple[float, str, str, bool]]]:
    """Connects from the sources to all hosts, over and over; the answer is filled when it ends.

    It ends when each source knows of each host what became of a connection that began after the last change.
    """
    log: list[tuple[float, str, str, bool]] = []
    files = [tmp_path / source for source in sources]
    runs = []
    for source, file in zip(sources, files, strict=True):
        with file.open("wb") as output:
            command = [LAB, "exec", lab.name, source, "--", "python3", "-c", PROBE, source, str(port), *HOSTS.values()]
            runs.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output))
    try:
        yield log
        done = time.monotonic()
        for file in files:
            while late := set(HOSTS.values()) - {entry[2] for entry in _seen(file) if entry[-1] > done}:
                assert time.monotonic() < done + 60, f"{file.name} does not hear of {late}"
                time.sleep(0.1)
    finally:
        for source in sources:
            lab.host(source, "pkill -f '[i]mport json, socket'", check=False)
        for run in runs:
            run.wait(10)
        log += sorted(entry[:4] for file in files for entry in _seen(file))


def _seen(file: Path) -> list[tuple[Any, ...]]:
    """When a connection ended, its source, the host's address, whether it came about, and when it began."""
    return [tuple(json.loads(line)) for line in file.read_text().splitlines() if line.endswith("]")]


def vpsx(source: str, hosts: Sequence[str] = tuple(HOSTS)) -> dict[str, Any]:
    """An estate in which ServerX, which VPSX hosts let in, is on one host."""
    return {"vpsx": hosts, "serverx": [source]}


def test_a_source_that_moves_is_never_without_its_rule(lab: Lab, play: Play, tmp_path: Path) -> None:
    first = play("site", vpsx("here1"))
    assert {host: first.changed()[host] for host in HOSTS} == dict.fromkeys(HOSTS, 1)
    foretold = play("site", vpsx("there1"), "--check", "--diff")
    assert {host: foretold.changed()[host] for host in HOSTS} == dict.fromkeys(HOSTS, 1)
    with probing(lab, tmp_path, ["here1", "there1"], 5501) as log:
        moved = play("site", vpsx("there1"), "--diff")
    assert {host: moved.changed()[host] for host in HOSTS} == dict.fromkeys(HOSTS, 2)
    assert foretold.lines("+") <= moved.lines("+")
    assert foretold.lines("-") <= moved.lines("-")
    shut = [moment for moment, source, _address, passed in log if source == "here1" and not passed]
    for address in HOSTS.values():
        opened = [moment for moment, source, at, passed in log if source == "there1" and at == address and passed]
        refused = [moment for moment, source, at, passed in log if source == "there1" and at == address and not passed]
        # On every host the new one is let in before the first host shuts the old one out.
        assert opened[0] < shut[0]
        assert refused[-1] < opened[0]
        assert any(source == "here1" and at == address and not passed for _moment, source, at, passed in log)
    again = play("site", vpsx("there1"))
    assert set(again.changed().values()) == {0}
    assert again.plays().count("Remove what is not needed any more") == 1
    for host in ("nftables1", "ufw1"):
        assert reached(lab, "client1", host) == PRINTING
        assert reached(lab, "there1", host) == {"tcp/5501"}
        assert reached(lab, "here1", host) == set()


def test_one_host_that_fails_stops_all_removals(lab: Lab, play: Play) -> None:
    play("site", vpsx("there1"), **AT_ONCE)
    # The canary fails: nobody else is touched.
    broken = {**dict.fromkeys(HOSTS), "firewalld1": {"ansible_python_interpreter": "/nowhere/python3"}}
    stopped = play("site", {"vpsx": broken, "serverx": ["here1"]}, ok=False)
    assert set(stopped.changed().values()) == {0}
    # One that comes later is not there: what is needed was added before that, and nothing more is done.
    away = {**dict.fromkeys(HOSTS), "nftables1": NOT_THERE}
    stopped = play("site", {"vpsx": away, "serverx": ["here1"]}, ok=False, printnet_serial=[1, 2, "100%"])
    assert "So nothing more is opened or removed anywhere." in stopped.text
    assert stopped.plays() == ["Plan the print estate", *["Open what is needed"] * 3]
    assert stopped.changed() == {"firewalld1": 1, "iptables1": 1, "nftables1": 0, "ufw1": 0}
    # The last one of all is not there.
    away = {**dict.fromkeys(HOSTS), "ufw1": NOT_THERE}
    stopped = play("site", {"vpsx": away, "serverx": ["here1"]}, ok=False, odd=True, **AT_ONCE)
    assert stopped.plays() == ["Plan the print estate", "Open what is needed"]
    for host in ("firewalld1", "nftables1"):
        assert reached(lab, "there1", host) == reached(lab, "here1", host) == {"tcp/5501"}
    later = play("site", vpsx("here1"), printnet_removals="later", **AT_ONCE)
    assert "nftables1: keeps rules that are not needed any more" in later.text
    assert reached(lab, "there1", "ufw1") == reached(lab, "here1", "ufw1") == {"tcp/5501"}


def test_rules_that_others_removed_are_named_before_they_are_put_back(lab: Lab, play: Play) -> None:
    play("site", vpsx("here1"), **AT_ONCE)
    lab.host("iptables1", "iptables -F pnports1-vpsx")
    lab.host("ufw1", "ufw delete allow proto tcp from 198.51.100.0/24 to any port 515,631,9443")
    gone = {host: lab.host(host, f"cat {REMEMBERED}") for host in ("iptables1", "ufw1")}
    only = play("site", vpsx("here1"), printnet_apply=False, **AT_ONCE)
    assert set(only.changed().values()) == {0}
    for host in ("iptables1", "ufw1"):
        told = re.search(
            rf"{host}: Since the last run .* somebody else has removed .*515,631,9443 from 198.51.100.0/24", only.text
        )
        assert told, only.text
        assert f"{host}: printnet_apply is false, so nothing was changed. What differs:" in only.text
        assert lab.host(host, f"cat {REMEMBERED}") == gone[host]
    assert "nftables1: Since" not in only.text
    assert "nftables1: printnet_apply" not in only.text
    assert "tcp/515" not in reached(lab, "client1", "ufw1")
    put_back = play("site", vpsx("here1"), **AT_ONCE)
    assert "ufw1: Since the last run" in put_back.text
    assert [host for host, number in put_back.changed().items() if number] == ["iptables1", "ufw1"]
    for host in ("iptables1", "ufw1"):
        assert reached(lab, "client1", host) == PRINTING
    assert "Since the last run" not in play("site", vpsx("here1"), **AT_ONCE).text


def test_what_no_group_asks_for_is_named_and_then_removed(lab: Lab, play: Play) -> None:
    play("site", vpsx("here1"), **AT_ONCE)
    hand = {"owner": "backup", "rules": [{"transport": "tcp", "ports": ["8080"], "peers": ["198.51.100.0/24"]}]}
    lab.firewall("nftables1", arguments=hand)
    # nftables1 is a DIS host now, and ufw1 is in no group any more.
    fewer = {"vpsx": ["firewalld1", "iptables1"], "dis": ["nftables1"], "serverx": ["here1"]}
    named = play("site", fewer, **AT_ONCE)
    assert "nftables1: has rules of vpsx, which no group of the inventory asks for" in named.text
    assert "printnet.ports.remove --limit nftables1" in named.text
    assert reached(lab, "client1", "nftables1") == PRINTING | {"tcp/8080"}
    limited = play("remove", fewer, "--limit", "ufw1")
    assert "ufw1: rules of vpsx were removed" in limited.text
    assert limited.changed() == {"ufw1": 1}
    assert ours(lab, "ufw1") == ""
    away = {"vpsx": {"firewalld1": None, "iptables1": NOT_THERE}, "dis": ["nftables1"], "serverx": ["here1"]}
    foretold = play("remove", fewer, "--check")
    assert "nftables1: rules of vpsx would be removed" in foretold.text
    removed = play("remove", away, ok=False)
    assert removed.status == 4
    assert "iptables1: nothing was removed here" in removed.text
    assert "nftables1: rules of vpsx were removed" in removed.text
    # What is asked for, and what was made by hand, stays.
    assert reached(lab, "client1", "nftables1") == {"tcp/8080"}
    assert "pnports1-dis" in ours(lab, "nftables1")
    assert reached(lab, "client1", "firewalld1") == PRINTING
    everything = play("remove", fewer, printnet_remove="all")
    assert "nftables1: rules of backup, dis were removed" in everything.text
    assert {host: ours(lab, host) for host in HOSTS} == dict.fromkeys(HOSTS, "")
    assert "must be stale or all" in play("remove", fewer, ok=False, printnet_remove="vpsx").text


def test_limits_and_tags_keep_to_their_share(lab: Lab, play: Play) -> None:
    estate = {"vpsx": list(HOSTS), "dis": ["nftables1"], "serverx": ["here1"]}
    play("remove", estate, printnet_remove="all")
    tagged = play("site", estate, "--tags", "dis")
    assert [host for host, number in tagged.changed().items() if number] == ["nftables1"]
    assert "which no group" not in play("site", estate, "--tags", "vpsx", "--limit", "nftables1").text
    limited = play("site", estate, "--limit", "ufw1")
    assert limited.changed()["ufw1"] == 1
    # The one host has the rules that a run without a limit gives it.
    rest = play("site", estate, **AT_ONCE)
    assert [host for host, number in rest.changed().items() if number] == ["firewalld1", "iptables1"]
    other = play("site", estate, "--tags", "webserver")
    assert "No host that can be changed is in a group of a component that the tags name" in other.text
    none = play("site", {"web": list(HOSTS), "printer": []}, odd=True)
    windows = {"ansible_connection": "winrm", "ansible_host": "192.0.2.99"}
    mixed = play("site", {**estate, "mve": {"win1": windows}}, **AT_ONCE)
    assert "win1: this version of printnet.ports changes no firewall on Windows." in re.sub(r"\s+", " ", mixed.text)
    assert "win1" not in mixed.changed()
    assert set(mixed.changed().values()) == {0}
    assert "No host is in a group that is named as a component, such as vpsx." in none.text
    assert set(other.changed().values()) | set(none.changed().values()) == {0}


def test_a_component_that_is_absent_on_a_host_goes_there_and_stays_away(lab: Lab, play: Play) -> None:
    play("site", vpsx("here1", ["firewalld1", "nftables1", "ufw1"]), **AT_ONCE)
    estate = {"vpsx": {"nftables1": {"vpsx_state": "absent"}, "ufw1": None}, "dis": ["nftables1"], "serverx": ["here1"]}
    foretold = play("site", estate, "--check", "--diff", **AT_ONCE)
    gone = play("site", estate, **AT_ONCE)
    assert foretold.changed()["nftables1"] == gone.changed()["nftables1"] > 0
    assert "which no group" not in gone.text
    assert reached(lab, "client1", "nftables1") == set()
    assert "pnports1-dis" in ours(lab, "nftables1")
    assert "pnports1-vpsx" not in ours(lab, "nftables1")
    assert reached(lab, "client1", "ufw1") == PRINTING
    assert set(play("site", estate, **AT_ONCE).changed().values()) == {0}
    # A host that left its component for a group without a role, and one that nobody reaches and nobody has to.
    estate = {"vpsx": {"ufw1": {"vpsx_state": "absent"}}, "serverx": ["here1"], "printer": ["firewalld1"]}
    removed = play("remove", {**estate, "sql_server": {"nftables1": None, "iptables1": NOT_THERE}})
    assert "nftables1: rules of dis were removed" in removed.text
    assert "ufw1: rules of vpsx were removed" in removed.text
    assert "iptables1: nothing was removed here, see above. Nothing is planned there" in removed.text
    assert reached(lab, "client1", "firewalld1") == PRINTING
    assert {host: ours(lab, host) for host in ("nftables1", "ufw1")} == {"nftables1": "", "ufw1": ""}


def test_the_page_that_shows_it_without_the_collection_is_right(lab: Lab, play: Play) -> None:
    play("site", vpsx("here1"), **AT_ONCE)
    page = (ROOT / "docs/remove.md").read_text(encoding="utf-8")
    commands = dict(re.findall(r"^### (\w+)\n.*?```shell\n(.*?)```", page, re.DOTALL | re.MULTILINE))
    for host in HOSTS:
        lab.host(host, f"set -e\n{commands[host[:-1]]}")
        assert ours(lab, host) == ""
        assert reached(lab, "client1", host) == set()
