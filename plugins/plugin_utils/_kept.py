# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what is worked out once a run, though every host of it has a process of its own.

The first process that needs a value makes it, the others wait for it and read it. It lies in the folder that Ansible
makes for the run, which only its user can enter and which is gone after it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

Kept = Callable[[str, Callable[[], Any]], Any]
"""Gives the JSON value of a name, which the function makes where nobody has made it yet."""


def not_kept(_name: str, make: Callable[[], Any]) -> Any:
    """Makes the value each time."""
    return make()


def kept_in(folder: Path, key: str) -> Kept:
    """Keeps values in a folder; ``key`` tells what they were made from, so that another inventory has its own."""

    def value(name: str, make: Callable[[], Any]) -> Any:
        path = folder / f"printnet.ports-{key}-{name}.json"
        with contextlib.suppress(OSError, ValueError):
            return json.loads(path.read_bytes())
        try:
            with (folder / f"printnet.ports-{key}.lock").open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                with contextlib.suppress(OSError, ValueError):
                    return json.loads(path.read_bytes())
                text = json.dumps(made := make())
                beside = path.with_suffix(f".{os.getpid()}")
                beside.write_text(text, encoding="utf-8")
                beside.replace(path)
                return made
        except OSError:  # no room, or no such folder: then each makes its own
            return make()

    return value
