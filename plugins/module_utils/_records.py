# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a host remembers of a change that it took back, until somebody has been told."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _whole_file

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
    return _text(datetime.now(timezone.utc))


def booted() -> str:
    """The time of this boot."""
    return _text(datetime.now(timezone.utc) - timedelta(seconds=time.monotonic()))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


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


def remove(path: Path) -> None:
    """Remove a file for good: a loss of power does not bring it back."""
    with suppress(OSError):
        path.unlink()
        _whole_file.sync(str(path.parent))


def entry(
    run: str, armed: str, owners: Iterable[str], cause: str, when: str = "", *, token: str = "", failed: bool = False
) -> dict[str, Any]:
    """What is remembered of one change, which its token tells from others; without ``when`` it was taken back now.

    ``failed``: it was to be, and could not be yet.
    """
    more = {**({"token": token} if token else {}), **({"failed": True} if failed else {})}
    return {"time": when or now(), "run": run, "armed": armed, "owners": sorted(owners), "cause": cause, **more}


def add(
    run: str, armed: str, owners: Iterable[str], cause: str, when: str = "", *, token: str = "", failed: bool = False
) -> None:
    """Remember that the change of a run was taken back, and why."""
    new = entry(run, armed, owners, cause, when, token=token, failed=failed)
    try:
        write(RECORDS, _dump([*entries(), new]))
    except OSError:
        with suppress(OSError):
            write(ELSEWHERE, _dump([*entries_of(ELSEWHERE), new]))
    else:
        with suppress(OSError):
            ELSEWHERE.unlink()


def _dump(found: list[dict[str, Any]]) -> str:
    return json.dumps(found[-MOST:], indent=1, sort_keys=True)


def entries_of(path: Path) -> list[dict[str, Any]]:
    """What one file remembers; a damaged one remembers nothing."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, list):
            return [one for one in found if isinstance(one, dict)]
    return []


def entries() -> list[dict[str, Any]]:
    """All that is remembered, oldest first."""
    return [*entries_of(RECORDS), *entries_of(ELSEWHERE)]


def sentence(one: Mapping[str, Any]) -> str:
    """One entry in a sentence for an administrator."""
    owners = one.get("owners")
    named = ", ".join(map(str, owners if isinstance(owners, list) else ()))
    change = f"the change that {one.get('run')} had made at {one.get('armed')}"
    if one.get("failed"):
        return (
            f"On {one.get('time')} this host could not put its firewall rules of {named} back to what they were, and "
            f"tries again: {change} is to be taken back because {one.get('cause')}."
        )
    return (
        f"On {one.get('time')} this host put its firewall rules of {named} back to what they were: {change} was taken "
        f"back because {one.get('cause')}."
    )


def sentences() -> list[str]:
    """All that is remembered, in sentences."""
    return list(map(sentence, entries()))


def clear() -> None:
    """Forget it: somebody has been told."""
    for path in (RECORDS, ELSEWHERE):
        with suppress(OSError):
            path.unlink()
    sweep()


def sweep() -> None:
    """Remove what a run that was killed while it wrote has left here, and the folder where nothing else is in it."""
    for path in (*FOLDER.glob(".*.json.*"), *ELSEWHERE.parent.glob(f".{ELSEWHERE.name}.*")):
        with suppress(OSError):
            path.unlink()
    with suppress(OSError):
        FOLDER.rmdir()
