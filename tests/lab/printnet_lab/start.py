# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting a lab from outside, and the reports that come back while it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import limits, rootfs, wire
from .errors import LabError
from .spec import Spec


def report(fd: int, **message: Any) -> None:
    """One line to the command that starts the lab."""
    with suppress(OSError):
        os.write(fd, json.dumps(message).encode() + b"\n")


def start(spec: Spec, name: str, owners: Sequence[int], say: rootfs.Say) -> None:
    """Bring a lab up; it dies with any of its owners, and with this process as long as it is not ready."""
    life_lines = [_life_line(pid) for pid in owners]
    recipes = {host.name: rootfs.recipe_of(host) for host in spec.hosts}
    key = rootfs.ssh_key()
    limits.make_room(len(spec.hosts), say)
    with wire.reserve(name) as server:
        trees = rootfs.ensure(set(recipes.values()), say)
        plan = {
            "spec": spec.raw,
            "source": spec.source,
            "trees": {host: str(trees[recipe]) for host, recipe in recipes.items()},
            "public_key": key.with_suffix(".pub").read_text(encoding="utf-8"),
        }
        reader, writer = os.pipe()
        starter = os.pidfd_open(os.getpid())
        fds = [server.fileno(), writer, starter, *life_lines]
        keeper = subprocess.Popen(
            [sys.executable, "-m", "printnet_lab.keeper", name, *map(str, fds)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=writer,
            pass_fds=fds,
            start_new_session=True,
            text=True,
        )
    for fd in (writer, starter, *life_lines):
        os.close(fd)
    assert keeper.stdin
    with suppress(BrokenPipeError):
        keeper.stdin.write(json.dumps(plan))
        keeper.stdin.close()
    with os.fdopen(reader, encoding="utf-8", errors="replace") as reports:
        try:
            _follow(reports, say)
        except BaseException:
            keeper.wait()
            raise


def _follow(reports: Any, say: rootfs.Say) -> None:
    said = []
    for line in reports:
        try:
            message = json.loads(line)
        except ValueError:
            said.append(line.rstrip())
            continue
        if "error" in message:
            raise LabError(message["error"])
        if "ready" in message:
            return
        say(message["say"])
    raise LabError("the lab ended before it was ready" + "".join(f"\n  {line}" for line in said[-12:]))


def _life_line(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError:
        raise LabError(f"--owner {pid}: there is no such process") from None
