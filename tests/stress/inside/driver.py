# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's end of the stress: takes one job as JSON in its argument, and speaks to the controller line by line."""

from __future__ import annotations

import importlib
import json
import sys
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]


def say(**what: Any) -> None:
    sys.__stdout__.write(json.dumps(what, default=str) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def ask(what: str, **values: Any) -> Any:
    say(ask=what, **values)
    return json.loads(sys.stdin.readline())["answer"]


def main() -> None:
    job = json.loads(sys.argv[1])
    from host import Host

    kind = importlib.import_module(job["kind"])
    host = Host(job["firewall"], job["addresses"], ask, job["grace"])
    kind.warm_up(host)
    numbers = [job["only"]] if job.get("only") is not None else range(job["count"])
    end = time.monotonic() + job["seconds"] if job.get("seconds") else float("inf")
    for number in numbers:
        case: dict[str, Any] = {"firewall": job["firewall"], "kind": job["kind"], "seed": job["seed"], "number": number}
        began = time.monotonic()
        try:
            kind.case(host, job["seed"], number, case)
        except Exception as wrong:
            fault = str(wrong) if type(wrong).__name__ == "FaultError" else traceback.format_exc()
            say(fault={**case, "fault": fault})
            host.tally.faults.append({**case, "fault": fault})
            recover(host)
        host.tally.counts["cases"] += 1
        host.tally.took("a case", time.monotonic() - began)
        if number % 25 == 24:
            say(progress=number + 1, counts=dict(host.tally.counts))
        if len(host.tally.faults) >= job["most_faults"] or time.monotonic() > end:
            break
    try:
        kind.finish(host)
    except Exception as wrong:
        host.tally.faults.append({"fault": f"at the end: {wrong}", "seed": job["seed"], "kind": job["kind"]})
        say(fault=host.tally.faults[-1])
    say(end=True, counts=dict(host.tally.counts), times=host.tally.times, faults=host.tally.faults)


def recover(host: Any) -> None:
    """After a fault the next case shall not suffer; where that fails, it will say so itself."""
    try:
        host.absent()
    except Exception as wrong:
        say(note=f"after that, absent: {wrong}")


if __name__ == "__main__":
    main()
