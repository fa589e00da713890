# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`lab run`: a lab for the time of one command."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import client, rootfs
from .errors import LabError
from .spec import Spec
from .start import start

INVENTORY = Path(__file__).parents[1] / "inventory"


def run_inside(spec: Spec, name: str, command: Sequence[str], say: rootfs.Say) -> int:
    """Bring the lab up, run the command beside it, take the lab down; the command's exit status.

    The command runs in the machine's own network and file system, but in the lab's pid namespace: whatever kills this
    process ends the lab, and the lab takes the command along, with all that it left running.
    """
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    start(spec, name, [os.getpid()], say)
    try:
        environment = {**os.environ, "LAB_NAME": name, "LAB_INVENTORY": str(INVENTORY)}
        process = client.into_lab(name, network=False).popen(command, env=environment)
        try:
            return _exit_status(process.wait())
        except BaseException:
            _let_it_end(process)
            raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        client.down(name)


def _stop(number: int, _ignored: object) -> None:
    raise LabError(f"ended by {signal.Signals(number).name}")


def _let_it_end(process: subprocess.Popen[str]) -> None:
    """A moment for the command to end by itself (Ctrl-C reached it too); what is left of it dies with the lab."""
    for patience in (2, 1):
        try:
            process.wait(patience)
            return
        except subprocess.TimeoutExpired:
            process.terminate()


def _exit_status(code: int) -> int:
    return 128 - code if code < 0 else code
