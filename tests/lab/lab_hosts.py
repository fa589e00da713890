# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Labs for the tests: described in a few words, named after this very run, and tied to its life."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

LAB = str(Path(__file__).parent / "lab")
NETWORKS = {"inside": ["192.0.2.0/24", "2001:db8:1::/64"], "outside": ["203.0.113.0/24", "2001:db8:3::/64"]}


def host(number: int, outside: bool = False, **more: Any) -> dict[str, Any]:
    """A host's description, with an address of each family."""
    prefixes = ("203.0.113.", "2001:db8:3::") if outside else ("192.0.2.", "2001:db8:1::")
    return {"distribution": "trixie", "addresses": [f"{prefix}{number}" for prefix in prefixes], **more}


def write(path: Path, **hosts: dict[str, Any]) -> Path:
    """A lab's file."""
    path.write_text(yaml.safe_dump({"networks": NETWORKS, "hosts": hosts}, sort_keys=False), encoding="utf-8")
    return path


def name_of(purpose: str) -> str:
    return f"t{os.getpid()}-{purpose}"


def lab(*words: str, status: int = 0, timeout: float = 300) -> str:
    """Call the lab's command; what it printed (both streams)."""
    done = subprocess.run(
        [LAB, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False
    )
    assert done.returncode == status, f"lab {' '.join(words)} ended with status {done.returncode}:\n{done.stdout}"
    return done.stdout


@contextmanager
def up(path: Path, name: str) -> Iterator[str]:
    """A lab for the time of some tests."""
    lab("up", str(path), "--name", name, "--owner", str(os.getpid()), timeout=600)
    try:
        yield name
    finally:
        lab("down", name)
