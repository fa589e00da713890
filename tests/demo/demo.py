# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job on real hosts: open what the plan says, and let nmap show that this and nothing else is let in.

Then somebody blocks a port by hand, and the compliance check finds it.

Without root, or where no hosts can be made, it shows the plan of the example estate instead and touches nothing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import proof

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
LAB = str(ROOT / "tests/lab/lab")
ESTATE = "tests/lab/estates/vpsx.yml"
NETWORKS = {"workstation": ["198.51.100.0/24", "2001:db8:2::/64"]}
SOURCES = {"client1": "a workstation", "serverx1": "ServerX", "stranger1": "a stranger"}
PORTS = "1-10000"


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def step(what: str) -> Iterator[list[str]]:
    """A line of progress: what is done, what came of it, how long it took."""
    print(f"  {what} ...", end="", flush=True)
    outcome: list[str] = []
    started = time.monotonic()
    yield outcome
    say(f" {''.join(outcome) or 'done'}, {time.monotonic() - started:.1f} s")


def run(*command: str) -> str:
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    if done.returncode:
        sys.exit(f"\n{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def why_no_hosts() -> str:
    """Why real hosts can't be made here; empty where they can."""
    if os.geteuid() != 0:
        return "real hosts need root"
    missing = [tool for tool in ("systemd-nspawn", "mmdebstrap", "nmap") if not _found(tool)]
    return f"{', '.join(missing)} is missing" if missing else ""


def _found(tool: str) -> bool:
    return any(os.access(Path(folder) / tool, os.X_OK) for folder in os.environ["PATH"].split(os.pathsep))


def answers(text: str) -> dict[str, dict[str, Any]]:
    """What the module answered for each host, out of the output of the command ansible."""
    found = re.finditer(r"^(\S+) \| [A-Z!]+ => (\{.*?^\})", text, re.DOTALL | re.MULTILINE)
    return {match[1]: json.loads(match[2]) for match in found}


def planned(rules: list[Mapping[str, Any]], source: str) -> set[str]:
    """What the plan lets the address in to, beside SSH, which was open before."""
    here = ip_address(source)
    ports = {"tcp/22"}
    for rule in rules:
        if any(here.version == ip_network(peer).version and here in ip_network(peer) for peer in rule["peers"]):
            for port in rule["ports"]:
                first, _dash, last = port.partition("-")
                ports |= {f"{rule['transport']}/{number}" for number in range(int(first), int(last or first) + 1)}
    return ports


def in_order(ports: set[str]) -> str:
    return " ".join(sorted(ports, key=lambda port: (port.split("/")[0], int(port.split("/")[1])))) or "nothing"


def scan(name: str, source: str, address: str) -> set[str]:
    """The ports of the address that nmap, on the source host, finds let in."""
    return set(run(LAB, "scan", name, "--from", source, "--to", address, "--ports", PORTS).split())


def demo(name: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="printnet-demo-") as folder:
        inventory = Path(folder) / "inventory.json"
        hosts = json.loads(run(LAB, "inventory", name, "--script"))
        inventory.write_text(run(LAB, "inventory", name), encoding="utf-8")
        addresses = {host: values["printnet_addresses"] for host, values in hosts["_meta"]["hostvars"].items()}
        ansible = ["-i", str(inventory), "-e", json.dumps({"printnet_networks": NETWORKS})]
        with step("role printnet.ports.vpsx on vpsx12 and vpsx13"):
            run(str(BIN / "ansible-playbook"), *ansible, "playbooks/vpsx.yml")
        with step("once more") as outcome:
            call = ("-m", "printnet.ports.firewall", "-a", "components=vpsx")
            told = answers(run(str(BIN / "ansible"), "vpsx", *ansible, *call))
            outcome.append("something changed" if any(one["changed"] for one in told.values()) else "nothing changes")
        pairs = [
            (source, target, mine, theirs)
            for target in sorted(told)
            for source in SOURCES
            for mine in addresses[source]
            for theirs in addresses[target]
            if ip_address(mine).version == ip_address(theirs).version
        ]
        with step(f"nmap: TCP and UDP ports {PORTS}, IPv4 and IPv6, {len(pairs)} ways"), ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda pair: scan(name, pair[0], pair[3]), pairs))
        right = table(pairs, found, told)
        say("")
        return proved(name, ansible, inventory) and right


def proved(name: str, ansible: list[str], inventory: Path) -> bool:
    """Somebody drops a port by hand; the compliance check has to find that, and nothing else."""
    beside = inventory.with_name("workstations.json")
    beside.write_text(json.dumps({"workstation": {"hosts": {"client1": {}}}}), encoding="utf-8")
    with step(f"somebody on {proof.HOST} types: firewall-cmd --add-rich-rule='{proof.FAULT}'"):
        run(LAB, "exec", name, proof.HOST, "--", "firewall-cmd", f"--add-rich-rule={proof.FAULT}")
    folder = Path(tempfile.mkdtemp(prefix="printnet-report-"))
    with step("playbook printnet.ports.compliance: rules, listeners, real connections"):
        play = [str(BIN / "ansible-playbook"), *ansible, "-i", str(beside)]
        made, page = proof.report(play, folder, ROOT)
    for line in proof.shown(made, page):
        say(line)
    return proof.is_right(made)


def table(pairs: list[tuple[str, str, str, str]], found: list[set[str]], told: Mapping[str, Any]) -> bool:
    """Print what nmap found, a row a way, IPv4 and IPv6 together where they are the same."""
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    right = not any(one["changed"] for one in told.values())
    for (source, target, mine, _theirs), ports in zip(pairs, found, strict=True):
        expected = planned(told[target]["rules"], mine)
        right = right and ports == expected
        verdict = "yes" if ports == expected else f"NO: planned {in_order(expected)}"
        key = (f"{source}, {SOURCES[source]}", target, in_order(ports), verdict)
        rows.setdefault(key, []).append(f"IPv{ip_address(mine).version}")
    say(f"\n  {'from':<26}{'to':<9}{'by':<12}{'let in':<38}as planned")
    for (who, target, ports_text, verdict), families in rows.items():
        say(f"  {who:<26}{target:<9}{', '.join(families):<12}{ports_text:<38}{verdict}")
    return right


def make_hosts(name: str) -> int:
    """Bring the lab up; only what takes long is told of it."""
    command = [LAB, "up", ESTATE, "--name", name, "--owner", str(os.getpid())]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as lab:
        assert lab.stderr is not None
        lines = []
        for line in lab.stderr:
            lines.append(line)
            if "build" in line or "built" in line:
                print(f"\n    {line.strip()}", end="", flush=True)
    if lab.returncode:
        say("\n" + "".join(lines))
    return lab.returncode


def main() -> int:
    reason = why_no_hosts()
    if reason:
        say(f"No hosts are made ({reason}): this is the plan of the example estate, docs/examples/estate.yml.\n")
        return subprocess.call([sys.executable, "tests/demo/plan.py", "docs/examples/estate.yml"], cwd=ROOT)
    started = time.monotonic()
    name = f"demo{os.getpid()}"
    say("printnet.ports: from an inventory to opened ports, on real hosts")
    with step("five hosts, two of them VPSX with firewalld on Debian 12 and 13"):
        status = make_hosts(name)
    if status:
        return status
    try:
        right = demo(name)
    finally:
        run(LAB, "down", name)
    say("")
    verdict = "Exactly the plan and nothing else, and the fault is found" if right else "NOT AS PLANNED"
    say(f"{verdict}. {time.monotonic() - started:.0f} s; nothing but the report is left behind.")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
