# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures, and compares with a peer in the same run. Prints ratios; nothing here passes or fails."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import compliance
import estate
import firewalls
import probes

ROOT = Path(__file__).resolve().parents[2]

LOAD = """
import time
from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog
files = _catalog.shipped_files()
started = time.perf_counter()
{what}
print((time.perf_counter() - started) * 1000)
"""


def best(function: Callable[[], Any], times: int) -> float:
    """The shortest of some runs, in milliseconds: what the work takes without what else the machine does."""
    shortest = float("inf")
    for _run in range(times):
        started = time.perf_counter()
        function()
        shortest = min(shortest, (time.perf_counter() - started) * 1000)
    return shortest


def in_fresh_process(what: str) -> float:
    command = [sys.executable, "-c", LOAD.format(what=what)]
    return min(float(subprocess.check_output(command, text=True)) for _run in range(7))


def line(what: str, ours: float, peer: str, theirs: float) -> None:
    print(f"  {what:<44}{ours:>10.3f} ms   {peer:<40}{theirs:>10.3f} ms   ratio {ours / theirs:.2f}", flush=True)


def catalog() -> None:
    from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog, _choices, _query

    line(
        "load and index the catalog, fresh process",
        in_fresh_process("_catalog.load()"),
        "PyYAML reads the same files",
        in_fresh_process("import yaml; [yaml.load(text, yaml.CSafeLoader) for _, text in files]"),
    )
    loaded, settings = _catalog.load(), _choices.Settings()

    def scan() -> list[Any]:
        flows = [_query.as_dict(flow, _choices.state(loaded, flow, settings, {})) for flow in loaded.flows.values()]
        return [flow for flow in flows if flow["destination"] == "vpsx" and flow["enabled"]]

    line(
        "one question (vpsx, direction in)",
        best(lambda: _query.query(loaded, settings, {}, ["vpsx"], direction="in"), 200),
        "the same by looking at all flows",
        best(scan, 200),
    )


def main() -> None:
    catalog()
    estate.main()
    if os.geteuid() == 0:
        firewalls.main()
        probes.main()
        compliance.main()
    else:
        print("  real hosts need root: the runs on hosts are left out")


if __name__ == "__main__":
    main()
