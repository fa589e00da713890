# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""500 probes of one lab host, 50 of them filtered, beside nmap on the same list; from the same place, taking turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAB = str(ROOT / "tests/lab/lab")
TIMES = int(os.environ.get("TIMES", "5"))
TIMEOUTS = (1.25, 3.0)
ADDRESS = "192.0.2.10"
OPEN, CLOSED, FILTERED = range(20000, 20400), range(20400, 20450), range(20450, 20500)
SPEC = {
    "networks": {"servers": ["192.0.2.0/24"]},
    "hosts": {
        "host1": {"distribution": "trixie", "addresses": [ADDRESS], "daemons": [f"tcp/{OPEN[0]}-{OPEN[-1]}@{ADDRESS}"]}
    },
}
DROP = (
    "table inet bench { chain input { type filter hook input priority 0; "
    f"tcp dport {FILTERED[0]}-{FILTERED[-1]} drop; }}; }}"
)
PROBE = f"""
import collections, json, sys, time
from ansible_collections.printnet.ports.plugins.module_utils import _probes
timeout = float(sys.argv[1])
targets = [_probes.Target(port, "{ADDRESS}", port, timeout=timeout) for port in range({OPEN[0]}, {FILTERED[-1] + 1})]
began = time.perf_counter()
results = _probes.run(targets, _probes.Limits())
seconds = time.perf_counter() - began
print(json.dumps([seconds, collections.Counter(one.outcome for one in results)]))
"""
NMAP = ("nmap", "-n", "-Pn", "-sT", "-T4", "-p", f"{OPEN[0]}-{FILTERED[-1]}", "-oG", "-", ADDRESS)


def ours(inside: list[str], timeout: float) -> float:
    """Seconds of one run; it finds what is there, or the figure is worth nothing."""
    done = subprocess.check_output([*inside, sys.executable, "-c", PROBE, str(timeout)], text=True)
    seconds, outcomes = json.loads(done)
    assert outcomes == {"connected": len(OPEN), "refused": len(CLOSED), "timeout": len(FILTERED)}, outcomes
    return float(seconds)


def nmap(inside: list[str]) -> float:
    began = time.perf_counter()
    found = subprocess.check_output([*inside, *NMAP], text=True)
    assert found.count("/open/") == len(OPEN), found
    return time.perf_counter() - began


def main() -> None:
    name = f"bench-probes-{os.getpid()}"
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "spec.yml"
        spec.write_text(json.dumps(SPEC), encoding="utf-8")
        command = [LAB, "up", str(spec), "--name", name, "--owner", str(os.getpid())]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        subprocess.run([LAB, "exec", name, "host1", "--", "nft", DROP], check=True)
        inside = [LAB, "exec", name, "--"]
        runs = [[*(ours(inside, timeout) for timeout in TIMEOUTS), nmap(inside)] for _run in range(TIMES)]
    finally:
        subprocess.run([LAB, "down", name], check=True, stdout=subprocess.DEVNULL)
    *mine, theirs = (min(times) for times in zip(*runs, strict=True))
    for timeout, seconds in zip(TIMEOUTS, mine, strict=True):
        what = f"500 targets, 50 filtered, timeout {timeout:g} s: {seconds / timeout:.2f} timeouts"
        print(
            f"  {'probes':<10}{what:<58}{seconds * 1000:>8.0f} ms   nmap -sT -T4 {theirs * 1000:>8.0f} ms   "
            f"ratio {seconds / theirs:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
