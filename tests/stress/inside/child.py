# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the real module in processes of their own: forked from here, so that nothing has to be loaded again."""

from __future__ import annotations

import atexit
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils import basic
from ansible_collections.printnet.ports.plugins.module_utils import _state
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import FIREWALLS
from ansible_collections.printnet.ports.plugins.modules import firewall

LIMIT = 60
"""Seconds within which every run has to end."""


@dataclass
class Answer:
    """How a run ended: its result (empty where it was killed or said nothing that is one), and all that it said."""

    status: int
    seconds: float
    result: dict[str, Any] = field(default_factory=dict)
    out: str = ""
    told: str = ""

    @property
    def good(self) -> bool:
        return bool(self.result) and not self.result.get("failed")

    @property
    def text(self) -> str:
        """What it said, as far as a report can hold it."""
        return f"status {self.status}: {self.out[-3000:]} {self.told[-3000:]}"


class Running:
    """A forked process with its own session; what it prints goes into files in memory."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._files = [os.memfd_create(name) for name in ("out", "told")]
        self.began = time.monotonic()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._child(work)

    def _child(self, work: Callable[[], Any]) -> None:
        status = 99
        try:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number, file in enumerate(self._files, 1):
                os.dup2(file, number)
            work()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 98
        except BaseException:
            traceback.print_exc()
        finally:
            try:
                atexit._run_exitfuncs()
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(status)

    def kill_at(self, instant: float) -> bool:
        """SIGKILL it and all that it started at that time; whether it was still running."""
        while time.monotonic() < instant:
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return False
            time.sleep(min(0.0005, max(0.0, instant - time.monotonic())))
        alive = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        self._kill()
        return alive

    def _kill(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            # It has not come as far as to have a group of its own.
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, limit: float = LIMIT) -> Answer:
        """Its end; one that takes too long is killed."""
        end = self.began + limit
        pause = 0.0005
        while True:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() > end:
                self._kill()
                end += 10
            time.sleep(pause)
            pause = min(0.005, pause * 1.2)
        seconds = time.monotonic() - self.began
        texts = []
        for file in self._files:
            os.lseek(file, 0, os.SEEK_SET)
            with os.fdopen(file, "rb") as reader:
                texts.append(reader.read().decode(errors="replace"))
        answer = Answer(os.waitstatus_to_exitcode(status), seconds, out=texts[0], told=texts[1])
        try:
            found = json.loads(texts[0].strip().splitlines()[-1])
        except (ValueError, IndexError):
            found = None
        if isinstance(found, dict):
            answer.result = found
        return answer


def preload(name: str) -> None:
    """Load a firewall's part once; it speaks to nobody yet."""
    FIREWALLS[name]


def module(arguments: dict[str, Any], check: bool = False) -> Running:
    """The module itself with these arguments, as Ansible would start it."""
    internal = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": "/root/.ansible/tmp"}

    def work() -> None:
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, **internal}}).encode()
        if hasattr(basic, "_ANSIBLE_PROFILE"):
            basic._ANSIBLE_PROFILE = "legacy"
        firewall.main()

    return Running(work)


def command(words: list[str]) -> Running:
    """A program of the host."""

    def work() -> None:
        os.execvp(words[0], words)

    return Running(work)


def run(words: list[str], data: str | None = None) -> tuple[int, str, str]:
    """What a backend runs commands with when it is asked from here."""
    import subprocess

    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(
        words, input=data, capture_output=True, text=True, errors="replace", env=environment, check=False
    )
    return done.returncode, done.stdout, done.stderr


def apart(work: Callable[[], Any]) -> Any:
    """A function's answer, as far as JSON holds it, from a process of its own; a D-Bus connection can't be shared."""
    answer = Running(lambda: print(json.dumps([work()]))).wait()
    if answer.status != 0:
        raise RuntimeError(answer.text)
    return json.loads(answer.out.splitlines()[-1])[0]


def states(name: str, shorts: dict[str, str]) -> dict[str, Any]:
    """What the backend reads of these owners: {owner: {"saved": [rules, odd], "live": [rules, odd]}}."""
    found: dict[str, Any] = apart(lambda: _state.dump(FIREWALLS[name](run, shorts).read()))
    return found
