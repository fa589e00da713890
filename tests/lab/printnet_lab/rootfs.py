# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root file systems: built once with mmdebstrap, kept in the user's cache under a hash of what they contain."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError
from .shell import run
from .spec import Host

VERSIONS = {"bullseye": 11, "bookworm": 12, "trixie": 13}
FINISH = Path(__file__).parent / "files/finish.sh"
COMMON = (
    "conntrack dbus iproute2 iptables kmod libpam-systemd nftables openssh-server procps systemd systemd-sysv".split()
)
PYTHON = ("python3", "python3-apt")
LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*")

Say = Callable[[str], None]

_running: set[subprocess.Popen[bytes]] = set()  # the builds that go on in this process


@dataclass(frozen=True)
class Recipe:
    """What a root file system is made of."""

    distribution: str
    packages: tuple[str, ...]

    @property
    def key(self) -> str:
        parts = [self.distribution, list(self.packages), list(LEFT_OUT), FINISH.read_text(encoding="utf-8")]
        return f"{self.distribution}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]}"

    def command(self, tree: Path) -> list[str]:
        leave_out = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
        return [
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            f"--include={','.join(self.packages)}",
            *leave_out,
            f"--customize-hook={FINISH}",
            self.distribution,
            str(tree),
        ]


def recipe(distribution: str, firewall: str = "none", python: bool = True, extra: tuple[str, ...] = ()) -> Recipe:
    """The recipe of a host. ufw and iptables-persistent can't be installed side by side, so iptables has its own."""
    packages = {*COMMON, *extra, "policykit-1" if distribution == "bullseye" else "polkitd"}
    of_iptables = firewall.startswith("iptables")
    if of_iptables:
        packages.add("iptables-persistent")
    if python:
        packages.update(PYTHON)
        if not of_iptables:
            packages.update({"firewalld", "ufw"})
    return Recipe(distribution, tuple(sorted(packages)))


def recipe_of(host: Host) -> Recipe:
    return recipe(host.distribution, host.firewall, host.python, host.packages)


def cache() -> Path:
    """Where root file systems and the labs' SSH key are kept."""
    chosen = os.environ.get("PRINTNET_PORTS_CACHE")
    return Path(chosen or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "printnet.ports")


def ensure(recipes: set[Recipe], say: Say) -> dict[Recipe, Path]:
    """The trees of these recipes; those that are missing are built, two at a time."""
    ordered = sorted(recipes, key=lambda recipe: recipe.key)
    with ThreadPoolExecutor(2) as pool:
        try:
            return dict(zip(ordered, pool.map(lambda recipe: tree(recipe, say), ordered), strict=True))
        except BaseException:  # one build failed, or Ctrl-C: don't wait for the other one
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(_running):
                process.kill()
            raise


def tree(recipe: Recipe, say: Say) -> Path:
    """The tree of one recipe, built where it is missing; a second builder waits for the first."""
    shelf = cache() / "rootfs"
    done = shelf / recipe.key
    if done.is_dir():
        return done
    shelf.mkdir(parents=True, exist_ok=True)
    with _lock(shelf / f".{recipe.key}.lock", lambda: say(f"waiting for another build of {recipe.key} …")):
        if not done.is_dir():
            _build(recipe, done, say)
    return done


def _build(recipe: Recipe, done: Path, say: Say) -> None:
    what = f"Debian {VERSIONS[recipe.distribution]} root file system ({recipe.key})"
    _sweep(done.parent)
    building = done.parent / f".{recipe.key}.building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    building.chmod(0o755)
    say(f"building {what}, 20 to 60 s …")
    started = time.monotonic()
    # In namespaces of its own: whatever kills the build takes its mounts and processes along.
    cage = "setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc --".split()
    process = None
    try:
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen(
                [*cage, *recipe.command(building)], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
            _running.add(process)
            while process.returncode is None:
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    say(f"  still building {recipe.key}: {time.monotonic() - started:.0f} s")
            if process.returncode:
                log.seek(0)
                last = "".join(f"\n  {line.rstrip()}" for line in log.readlines()[-12:])
                raise LabError(f"building {what} failed; mmdebstrap said last:{last}")
        building.rename(done)
    except FileNotFoundError as error:
        raise LabError(f"{error.filename} is missing: tests/lab/packages.txt lists what a lab needs") from None
    finally:
        if process is not None:
            process.kill()
            process.wait()
            _running.discard(process)
        shutil.rmtree(building, ignore_errors=True)
    say(f"built {recipe.key} in {time.monotonic() - started:.0f} s")


def _sweep(shelf: Path) -> None:
    """Remove what killed builds left."""
    for half_built in shelf.glob(".*.building"):
        with suppress(BlockingIOError), half_built.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(half_built)


def ssh_key() -> Path:
    """The key pair that opens every host of every lab of this user."""
    shelf = cache() / "ssh"
    key = shelf / "id_ed25519"
    if not key.exists():
        shelf.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _lock(shelf / ".lock"):
            if not key.exists():
                with tempfile.TemporaryDirectory(dir=shelf) as scratch:
                    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "printnet.ports lab"]
                    run([*make, "-f", f"{scratch}/key"])
                    Path(f"{scratch}/key.pub").rename(key.with_suffix(".pub"))
                    Path(f"{scratch}/key").rename(key)
    return key


@contextmanager
def _lock(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
