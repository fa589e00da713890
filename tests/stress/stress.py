# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stress: kills, cut connections, foreign configurations, desired sets and hostile arguments by the hundred.

Each kind prints a line for each firewall, with what it counted, its seed, and times; a failed case is printed with all
that it takes to play it again. The large counts run the real module inside booted hosts, forked from one process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import by_hand
import hosts

FIREWALLS = tuple(hosts.ADDRESSES)
KINDS = ("kills", "ssh", "cutoffs", "foreign", "desired", "fuzz")
"""Those that run on hosts; by_hand runs here."""
_lock = threading.Lock()


def say(text: str) -> None:
    with _lock:
        print(text, flush=True)


def line(kind: str, firewall: str, seed: str, result: dict[str, Any]) -> str:
    """One kind on one firewall in a line."""
    counts = ", ".join(f"{value} {name}" for name, value in sorted(result.get("counts", {}).items()))
    times = "; ".join(
        f"{name} {statistics.median(values):.3f} s, worst {max(values):.3f} s"
        for name, values in sorted(result.get("times", {}).items())
        if values
    )
    verdict = "FAILED" if result["faults"] else "ok    "
    faults = f", {len(result['faults'])} failed" if result["faults"] else ""
    return f"{verdict}  {kind:<8}{firewall:<10} seed {seed}: {counts}{faults}; {times}; in {result['seconds']:.0f} s"


def main() -> int:
    given = parse()
    results: dict[str, dict[str, Any]] = {}
    if "fuzz" in given.what:
        results["by_hand/controller"] = by_hand.fuzz(given.seed, given.fuzz or 50 * given.count)
        say(line("by_hand", "controller", given.seed, results["by_hand/controller"]))
    with hosts.lab(given.lab) as name, tempfile.TemporaryDirectory() as folder:
        inventory = Path(folder) / "inventory.yml"
        inventory.write_bytes(subprocess.check_output([hosts.LAB, "inventory", name], cwd=hosts.ROOT))
        hosts.furnish(name)

        def one(kind: str, firewall: str) -> None:
            result = hosts.Job(name, inventory, say).run(
                kind=kind, firewall=firewall, addresses=hosts.ADDRESSES[firewall], seed=given.seed,
                count=(given.fuzz or 10 * given.count) if kind == "fuzz" else count(kind, given.count),
                only=given.only, seconds=given.seconds, most_faults=given.faults, grace=given.grace,
            )  # fmt: skip
            results[f"{kind}/{firewall}"] = result
            say(line(kind, firewall, given.seed, result))

        for kind in given.what:
            # The firewalls side by side, the kinds one after the other: a cut connection is measured in seconds.
            with ThreadPoolExecutor(len(given.firewalls)) as pool:
                list(pool.map(one, [kind] * len(given.firewalls), given.firewalls))
    if given.out:
        Path(given.out).write_text(json.dumps({"seed": given.seed, "results": results}, indent=1), encoding="utf-8")
    failed = [name for name, result in results.items() if result["faults"]]
    say(f"{len(results) - len(failed)} held, {len(failed)} failed{': ' + ', '.join(failed) if failed else ''}")
    return 1 if failed or not results else 0


def count(kind: str, asked: int) -> int:
    """A run over SSH takes seconds: fewer of them do."""
    return max(1, asked // 20) if kind == "ssh" else asked


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="cases of each kind and firewall")
    parser.add_argument("--fuzz", type=int, default=0, help="hostile arguments, here and in each host (default: more)")
    parser.add_argument("--firewalls", type=lambda text: text.split(","), default=list(FIREWALLS))
    parser.add_argument("--what", type=lambda text: text.split(","), default=list(KINDS))
    parser.add_argument("--seed", default=f"{time.time_ns() % 10**9}")
    parser.add_argument("--only", type=int, help="this one case alone, to play it again")
    parser.add_argument("--seconds", type=float, help="no new case after so long, for each kind and firewall")
    parser.add_argument("--faults", type=int, default=5, help="end a kind after so many failed cases")
    parser.add_argument("--grace", type=float, default=2, help="seconds after its time for a change to be back")
    parser.add_argument("--lab", default="", help="a lab of tests/lab/estates/stress.yml that is up")
    parser.add_argument("--out", help="a file for the results as JSON")
    given = parser.parse_args()
    for word, known in ((given.firewalls, FIREWALLS), (given.what, KINDS)):
        for one in word:
            if one not in known:
                parser.error(f"{one!r} is none of {', '.join(known)}")
    return given


if __name__ == "__main__":
    sys.exit(main())
