# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes what in-env found missing: an environment from its lock file, the link to the collection, system packages.

Runs with nothing but the standard library. Several may run at once: the first works, the others wait. A run that is
killed leaves no `complete` mark, so that the next one starts the environment anew.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import platform
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

APT = ["apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=300"]


def say(text: str) -> None:
    """Print a line of progress."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that this file stands for; wait for whoever holds it.

    What is started meanwhile holds it as well: should this run be killed, the next one waits for a pip that goes on.
    """
    with path.open("w", encoding="utf-8") as handle:
        os.set_inheritable(handle.fileno(), True)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run is making the same; waiting for it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(command: list[str], log: Path) -> None:
    """Run a command with its output in a log file; end with its last lines when it fails."""
    with log.open("ab") as handle:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            check=False,
            close_fds=False,
        )
    if done.returncode:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        raise SystemExit(
            "\n".join([*lines[-15:], f"printnet.ports: failed: {' '.join(command[:4])} ... (all of it: {log})"])
        )


def make_environment(cache: Path, environment: Path, lock: Path) -> None:
    """Make a virtual environment with exactly what the lock file names."""
    mark = environment / "complete"
    if mark.exists():
        return
    started = time.monotonic()
    core = ansible_core(lock)
    say(f"making the environment `{lock.stem}`: Python {platform.python_version()}, ansible-core {core} ...")
    if environment.exists():
        shutil.rmtree(environment)
    log = cache / f"{environment.name}.log"
    log.unlink(missing_ok=True)
    venv.create(environment, symlinks=True, with_pip=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "install", "--no-deps", "--prefer-binary", "--progress-bar=off", "-r", str(lock)], log)
    run([*pip, "check"], log)
    mark.write_text(f"{platform.python_version()} {core}\n", encoding="utf-8")
    say(f"made in {time.monotonic() - started:.0f} s: {environment}")


def ansible_core(lock: Path) -> str:
    """Say which ansible-core the lock file names for this Python."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line.startswith("ansible-core=="):
            version, _semicolon, marker = line.removeprefix("ansible-core==").partition(";")
            if not marker or ("<" in marker) == (sys.version_info < (3, 12)):
                return version.strip()
    return "of no fixed version"


def make_link(collections: Path, root: Path) -> None:
    """Put the checkout where Ansible looks for a collection of its name."""
    link = collections / "ansible_collections" / "printnet" / "ports"
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_name(f".ports.{os.getpid()}")
    fresh.symlink_to(root)
    fresh.replace(link)


def install_packages(cache: Path, root: Path) -> None:
    """Install the system packages that are asked for; where that can't be, say so, and go on: not all needs them."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    wanted = []
    for listing in sorted(root.glob("tests/*/packages.txt")):
        lines = [line.partition("#")[0].strip() for line in listing.read_text(encoding="utf-8").splitlines()]
        wanted += [line for line in lines if line]
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    there = {line.split()[1] for line in asked.stdout.splitlines() if line.startswith("installed ")}
    missing = [name for name in wanted if name not in there]
    if missing:
        say(f"installing system packages: {' '.join(missing)} ...")
        log = cache / "packages.log"
        log.unlink(missing_ok=True)
        try:
            run([*APT, "update"], log)
            run([*APT, "--no-install-recommends", "install", *missing], log)
        except SystemExit as error:
            say(f"{error}\nprintnet.ports: going on without these system packages")
            return
    (cache / "packages").touch()


def main() -> None:
    """Read the arguments that in-env gives."""
    parser = argparse.ArgumentParser(description="called by tests/gates/in-env")
    parser.add_argument("--lab", action="store_true")
    for name in ("cache", "environment", "lock", "collections", "root"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    given.environment.parent.mkdir(parents=True, exist_ok=True)
    with locked(given.cache / "bootstrap.lock"):
        if given.lab:
            install_packages(given.cache, given.root)
        make_environment(given.cache, given.environment, given.lock)
        make_link(given.collections, given.root)


if __name__ == "__main__":
    main()
