# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a host remembers of a change that it took back, until somebody has been told."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

FOLDER = Path("/var/lib/printnet.ports")
RECORDS = FOLDER / "restored.json"
ELSEWHERE = Path("/run/printnet.ports.restored.json")
"""Where it stands when the disk takes nothing; gone with a reboot."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
MOST = 20


def boot() -> str:
    """What this boot is called."""
    return _BOOT.read_text(encoding="ascii").strip()


def now() -> str:
    """The time as it is written down."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by root only; an OSError where that fails."""
    path.parent.mkdir(mode=0o755, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError:
        with suppress(OSError):
            os.unlink(name)
        raise


def add(run: str, armed: str, owners: Iterable[str], cause: str) -> None:
    """Remember that the change of a run was taken back, and why."""
    entry = {"time": now(), "run": run, "armed": armed, "owners": sorted(owners), "cause": cause}
    entries = [*entries_of(RECORDS), *entries_of(ELSEWHERE), entry][-MOST:]
    text = json.dumps(entries, indent=1, sort_keys=True)
    try:
        write(RECORDS, text)
    except OSError:
        with suppress(OSError):
            write(ELSEWHERE, text)


def entries_of(path: Path) -> list[dict[str, Any]]:
    """What one file remembers; a damaged one remembers nothing."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, list):
            return [entry for entry in found if isinstance(entry, dict)]
    return []


def entries() -> list[dict[str, Any]]:
    """All that is remembered, oldest first."""
    return [*entries_of(RECORDS), *entries_of(ELSEWHERE)]


def sentences() -> list[str]:
    """The same in sentences for an administrator."""
    return [
        f"On {entry.get('time')} this host put its firewall rules of {', '.join(map(str, entry.get('owners', [])))} "
        f"back to what they were: the change that {entry.get('run')} had made at {entry.get('armed')} was taken back "
        f"because {entry.get('cause')}."
        for entry in entries()
    ]


def clear() -> None:
    """Forget it: somebody has been told."""
    for path in (RECORDS, ELSEWHERE):
        with suppress(OSError):
            path.unlink()
    with suppress(OSError):
        FOLDER.rmdir()
