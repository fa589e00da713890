# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo's end: the compliance check finds a fault that was made on purpose, and says what to do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FAULT = "rule port port=631 protocol=tcp drop"
"""What somebody adds to the firewall of the host by hand."""
HOST, CODE, PORT = "vpsx13", "BLOCKED_BY_RULE", "631"


def report(ansible: list[str], folder: Path, root: Path) -> tuple[dict[str, Any], Path]:
    """Runs the playbook compliance; the report, and the page that people read."""
    command = [*ansible, "playbooks/compliance.yml", "-e", json.dumps({"printnet_report_folder": str(folder)})]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    found = sorted(folder.glob("*/compliance.json"))
    if not found:
        raise SystemExit(f"\n{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return json.loads(found[-1].read_text(encoding="utf-8")), found[-1].with_name("compliance.html")


def faults(made: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in made["verdicts"] if one["severity"] == "fault"]


def is_right(made: Mapping[str, Any]) -> bool:
    """Whether the fault that was made is found, over IPv4 and IPv6, and nothing else is."""
    wrong = faults(made)
    told = {(one["code"], one["destination"]["host"], one["port"]) for one in wrong}
    return told == {(CODE, HOST, PORT)} and {":" in one["destination"]["address"] for one in wrong} == {True, False}


def shown(made: Mapping[str, Any], page: Path) -> Iterator[str]:
    """What the terminal shows of it."""
    counts = ", ".join(f"{number} {code}" for code, number in made["counts"].items())
    yield f"  {len(made['verdicts'])} checks: {counts}"
    for one in faults(made)[:1]:
        flow = made["flows"][one["flow"]]
        pair = f"{one['source']['host']} -> {one['destination']['host']}"
        yield f"  {one['code']}: {pair}, {one['transport']}/{one['port']}"
        yield f"    for:   {flow['purpose']}"
        yield f"    seen:  {one['evidence'][0]}"
        yield f"    to do: {one['remedy']}"
    yield f"  the page: {page}"
