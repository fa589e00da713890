# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole compliance run of 20 hosts and 5,000 pairs, beside a play that only pings the same hosts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LAB = str(ROOT / "tests/lab/lab")
BIN = Path(sys.executable).parent
TIMES = int(os.environ.get("TIMES", "3"))
HOSTS = 20
FIREWALLS = ("firewalld", "nftables", "iptables", "ufw")
PORTS = range(6001, 6007)
FLOWS = [
    {"id": f"vpsx-vpsx-{port}", "source": "vpsx", "destination": "vpsx", "transport": "tcp", "port": port,
     "purpose": "One VPSX asks another"}
    for port in PORTS
]  # fmt: skip
VARIABLES = {
    "printnet_extra_flows": FLOWS,
    "printnet_networks": {"workstation": ["198.51.100.0/24"], "serverx": ["203.0.113.0/24"]},
    "printnet_serial": "100%",
}


def spec() -> dict[str, Any]:
    daemons = ["tcp/515", "tcp/631", "tcp/5501", "tcp/9443", f"tcp/{PORTS[0]}-{PORTS[-1]}"]
    hosts = {
        f"vpsx{number}": {
            "distribution": "trixie", "firewall": FIREWALLS[number % len(FIREWALLS)], "groups": ["vpsx"],
            "addresses": [f"192.0.2.{number + 20}", f"2001:db8:1::{number + 20}"], "daemons": daemons,
        }
        for number in range(HOSTS)
    }  # fmt: skip
    return {"networks": {"servers": ["192.0.2.0/24", "2001:db8:1::/64"]}, "hosts": hosts}


def play(inventory: Path, *words: str) -> float:
    """Seconds of a run of Ansible."""
    environment = {**os.environ, "ANSIBLE_FORKS": "10", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOST_KEY_CHECKING": "0"}
    began = time.perf_counter()
    done = subprocess.run(
        [*words, "-i", str(inventory), "-e", json.dumps(VARIABLES)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - began


def main() -> None:
    print(f"Compliance: {HOSTS} hosts on four firewalls, IPv4 and IPv6, forks 10, best of {TIMES}")
    name = f"bench-compliance-{os.getpid()}"
    with tempfile.TemporaryDirectory() as folder:
        inventory, estate, reports = Path(folder, "inventory.yml"), Path(folder, "spec.yml"), Path(folder, "reports")
        estate.write_text(json.dumps(spec()), encoding="utf-8")
        subprocess.run(
            [LAB, "up", str(estate), "--name", name, "--owner", str(os.getpid())], check=True, capture_output=True
        )
        try:
            inventory.write_text(subprocess.check_output([LAB, "inventory", name], text=True), encoding="utf-8")
            playbook = str(BIN / "ansible-playbook")
            play(inventory, playbook, "printnet.ports.site")
            check = [playbook, "printnet.ports.compliance", "-e", f"printnet_report_folder={reports}"]
            whole = min(play(inventory, *check) for _again in range(TIMES))
            ping = min(
                play(inventory, str(BIN / "ansible"), "all", "-m", "ansible.builtin.ping") for _again in range(TIMES)
            )
            report = json.loads(max(reports.glob("*/compliance.json")).read_text(encoding="utf-8"))
            pairs, codes = len(report["verdicts"]), report["counts"]
            tried = report["coverage"]["probes"]["made"]
            print(f"  {pairs} checks, {tried} connections, {codes}")
            print(
                f"  the playbook compliance {whole:.1f} s   a ping of the same hosts {ping:.1f} s   "
                f"ratio {whole / ping:.1f}"
            )
        finally:
            subprocess.run([LAB, "down", name], check=True, capture_output=True)


if __name__ == "__main__":
    main()
