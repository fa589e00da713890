# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's programs without their start: a server imports Ansible once, and each run is a fork of it.

To import Ansible takes longer than most of what the tests ask of it, and so does it to pack a module, which is done
once for all runs. What runs is Ansible all the same.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import CompletedProcess

_PROGRAMS = {"ansible": ("ansible.cli.adhoc", "AdHocCLI"), "ansible-playbook": ("ansible.cli.playbook", "PlaybookCLI")}
_PRELOADED = (
    "pytest",  # whose start script a new process reads again
    __name__,
    *(module for module, _name in _PROGRAMS.values()),
    "ansible.executor.task_queue_manager",
    "warm",
)


@cache
def _server() -> ForkServerContext:
    """Started once, in our folder: Python up to 3.13.0 does not tell it where the modules are that it is to import."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return context


_ONE = threading.Lock()
"""Whoever starts a process also asks how the others ended; of two threads that ask at once one is told nothing.

And of two threads that come first at once each would make a server and a folder, and drop the other's.
"""


@cache
def _packed() -> tempfile.TemporaryDirectory[str]:
    """Where modules are kept as they are sent to hosts: to pack one takes most of a run's processor time."""
    return tempfile.TemporaryDirectory(prefix="ansible-packed-")


def _runs(process: BaseProcess) -> bool:
    with _ONE:
        return process.is_alive()


def run(command: Sequence[str], folder: Path, timeout: float) -> CompletedProcess[str]:
    """Run ``ansible`` or ``ansible-playbook`` in a folder; what it printed and its exit status."""
    with tempfile.TemporaryDirectory() as beside:
        out, err = Path(beside) / "out", Path(beside) / "err"
        with _ONE:
            given = (list(command), str(folder), str(out), str(err), _packed().name)
            process = _server().Process(target=_program, args=given)
            process.start()
        until = time.monotonic() + timeout
        while _runs(process):
            if time.monotonic() > until:
                process.kill()
                raise AssertionError(f"{command} took longer than {timeout} s: {out.read_text()}{err.read_text()}")
            time.sleep(0.02)
        return CompletedProcess(command, process.exitcode or 0, out.read_text("utf-8"), err.read_text("utf-8"))


def _program(command: list[str], folder: str, out: str, err: str, packed: str) -> None:
    """Become one of the programs."""
    os.setsid()
    os.chdir(folder)
    os.environ.pop("PYTHONPATH", None)
    for number, path in ((1, out), (2, err)):
        to = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(to, number)
        os.close(to)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    sys.argv = command
    from ansible import constants

    # The server's own folder for a run would be every run's.
    constants.DEFAULT_LOCAL_TMP = tempfile.mkdtemp(prefix="ansible-local-")
    Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache").symlink_to(packed)
    module, name = _PROGRAMS[Path(command[0]).name]
    try:
        getattr(importlib.import_module(module), name).cli_executor(command)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)
