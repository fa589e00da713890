# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running other programs, with an error that shows what they said."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence

from .errors import LabError


def run(command: Sequence[str], stdin: str | None = None, timeout: float | None = 60) -> str:
    """Run a program to its end; its output, or a LabError with what it complained about."""
    try:
        done = subprocess.run(
            command,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise LabError(f"{command[0]} is missing here: tests/lab/packages.txt lists what a lab needs") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"{shlex.join(command)}: no end after {timeout:.0f} seconds") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-5:]
        raise LabError(f"{shlex.join(command)} ended with status {done.returncode}: " + " / ".join(said))
    return done.stdout
