# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the gates that a change has to pass, and says of each whether it did.

`make check` and `make test` call this. A gate works on a copy of the checkout as git would take it (new files too,
ignored ones not), so that none sees what another leaves behind, and none writes into the checkout. What a gate prints
goes to a log, and to the terminal when the gate fails.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import importlib.metadata
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ["PRINTNET_PORTS_CACHE"])
BUILD = CACHE / f"build-{zlib.crc32(bytes(ROOT)):08x}"
IN_ENV = "tests/gates/in-env"
SHOWN = 60
"""Lines of a failed gate's output that are shown from its beginning, and from its end."""


@dataclass(frozen=True)
class Gate:
    """One thing that must hold."""

    name: str
    command: Sequence[str]
    fast: bool = False
    """Part of `make check`."""
    copied: bool = True
    """Runs in a copy of its own; what asks git runs in the checkout."""
    hosts: bool = False
    """Makes real hosts: as root only, and not beside the quick ones."""
    limit: int = 600
    """Seconds after which it is stopped and has failed."""


CORE = importlib.metadata.version("ansible-core")
PLUGINS = "ansible_collections.printnet.ports.plugins"
MYPY_HOSTS = ("mypy", "--config-file=tests/gates/mypy-hosts.ini")
CORES = {"2.18": "3.11,3.12,3.13", "2.19": "3.12,3.11,3.13", "2.20": "3.12,3.13,3.14"}
"""The other ansible-cores that the collection supports, and the Pythons to try each with, the first that is there."""
UNIT_TESTS = ("pytest", "-q", "-m", "not hypothesis", "tests/unit")
"""There without the tests by generated examples: what those hold is pure, and knows nothing of Ansible."""
PURE = ("tests/unit/plugins/module_utils", "tests/unit/plugins/plugin_utils/_report")
"""As little do these: the oldest and the newest run them, with the oldest and the newest Python."""
LONGEST = (
    *("integration firewalld", "integration ufw", "integration confirmed", "integration nftables"),
    *("integration iptables", "integration firewall_info", "integration compliance", "lab tests"),
    *("integration site", "integration ufw_unusual", "molecule estate"),
)
"""The gates with hosts that begin first, so that nothing long is left alone at the end."""
ESTATES = sorted(ROOT.glob("tests/lab/estates/*.yml"))
DOCS = (
    "--plugin-docs",
    "--validate-collection-refs=all",
    "--disallow-unknown-collection-refs",
    "--check-extra-docs-refs",
)

GATES = [
    # What takes longest begins first. To make the hosts' files is half waiting, and all that has hosts waits for it.
    Gate("hosts' files", ("tests/lab/lab", "build", *map(str, ESTATES)), copied=False, limit=1200),
    Gate("ansible-test sanity", ("python", "tests/gates/sanity.py"), limit=900),
    Gate("ansible-lint", ("ansible-lint", "--profile=production", "--strict", "--offline", "--nocolor"), fast=True),
    Gate("mypy, controller", ("mypy", "-p", PLUGINS), fast=True),
    Gate("mypy, hosts", (*MYPY_HOSTS, "-p", f"{PLUGINS}.modules", "-p", f"{PLUGINS}.module_utils"), fast=True),
    Gate("mypy, tests", ("mypy", "-p", "ansible_collections.printnet.ports.tests.gates"), fast=True),
    Gate("unit tests", ("pytest", "-q", "tests/unit"), fast=True),
    Gate("antsibull-docs", ("antsibull-docs", "lint-collection-docs", *DOCS, "."), fast=True),
    Gate("ruff", ("ruff", "check", "--no-cache", "--output-format=concise"), fast=True),
    Gate("ruff format", ("ruff", "format", "--no-cache", "--check"), fast=True),
    Gate("yamllint", ("yamllint", "--strict", "."), fast=True),
    Gate("reuse", ("reuse", "lint", "--lines"), fast=True, copied=False),
    Gate("changelog", ("python", "tests/gates/changelog.py"), fast=True, copied=False),
    Gate("generated files", ("python", "tests/gates/generate.py", "--check"), fast=True),
    Gate("shell", ("python", "tests/gates/shell.py"), fast=True),
    Gate("ASCII", ("python", "tests/gates/ascii.py", "plugins/plugin_utils/catalog"), fast=True),
    Gate("galaxy-importer", (IN_ENV, "galaxy", "--", "python", "tests/gates/importer.py"), limit=600),
    *(
        Gate(
            f"unit tests, {core}",
            (
                *("env", f"PRINTNET_PORTS_PYTHON={pythons}", IN_ENV, f"core-{core}", "--", *UNIT_TESTS),
                *(f"--ignore={path}" for path in PURE if core != min(CORES)),
            ),
        )
        for core, pythons in CORES.items()
        if not CORE.startswith(core) and sys.version_info >= tuple(map(int, min(pythons.split(",")).split(".")))
    ),
    Gate("installs", ("python", "tests/gates/installs.py")),
    Gate("report page", ("pytest", "-q", "tests/page"), limit=900),
    Gate("lab tests", ("pytest", "-q", "tests/lab"), copied=False, hosts=True, limit=1200),
    *(
        Gate(
            f"integration {path.stem[len('test_') :]}",
            ("pytest", "-q", f"tests/integration/{path.name}"),
            copied=False,
            hosts=True,
            limit=1800,
        )
        for path in sorted(ROOT.glob("tests/integration/test_*.py"))
    ),
    Gate(
        "stress, a little",
        # The same cases each time, so that what fails is what a change broke; other seeds are for make stress.
        # How fast a change comes back depends on what else the machine does here.
        (
            *("python", "tests/stress/stress.py", "--count=1", "--fuzz=100", "--seed=1", "--grace=30"),
            "--what=kills,cutoffs,foreign,desired,fuzz",
        ),
        copied=False,
        hosts=True,
        limit=900,
    ),
    *(
        Gate(
            f"molecule {path.parent.name}",
            ("molecule", "test", "-s", path.parent.name),
            copied=False,
            hosts=True,
            limit=1200,
        )
        for path in sorted(ROOT.glob("extensions/molecule/*/molecule.yml"))
    ),
]


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def snapshot(tree: Path) -> None:
    """Copy the checkout as git would take it: what it knows and what is new, without what it ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    shutil.rmtree(tree, ignore_errors=True)
    for name in sorted(set(done.stdout.decode().split("\0")) - {""}):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # removed, and git does not know it yet
            shutil.copy2(ROOT / name, tree / name, follow_symlinks=False)


class Runner:
    """Runs gates and keeps what came of them."""

    def __init__(self, gates: Sequence[Gate]) -> None:
        self.gates = gates
        self.failed: list[Gate] = []
        self.passed: list[Gate] = []
        self.running: dict[Gate, tuple[float, subprocess.Popen[bytes]]] = {}
        self.stopped = False

    def log(self, gate: Gate) -> Path:
        """Name the file that a gate's output goes to."""
        return BUILD / "logs" / f"{slug(gate)}.log"

    def start(self, gate: Gate) -> tuple[int, float]:
        """Run one gate; return its exit status and how many seconds it took."""
        environment = {**os.environ, "MYPY_CACHE_DIR": str(BUILD / f"mypy-{slug(gate)}"), "NO_COLOR": "1"}
        where = ROOT
        if gate.copied:
            top = BUILD / "trees" / slug(gate)
            where = top / "ansible_collections" / "printnet" / "ports"
            shutil.rmtree(where, ignore_errors=True)
            shutil.copytree(BUILD / "snapshot", where, symlinks=True)
            environment |= dict.fromkeys(("ANSIBLE_COLLECTIONS_PATH", "PYTHONPATH", "MYPYPATH"), str(top))
        began = time.monotonic()
        with self.log(gate).open("wb") as log:
            if gate.hosts and os.geteuid() != 0:
                log.write(b"real hosts need root; as root: make test\n")
                return 1, 0.0
            process = subprocess.Popen(
                gate.command,
                cwd=where,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.running[gate] = (began, process)
            try:
                status = process.wait(gate.limit)
            except subprocess.TimeoutExpired:
                log.write(f"stopped: it took longer than {gate.limit} s\n".encode())
                end(process)
                status = 1
            finally:
                del self.running[gate]
        return status, time.monotonic() - began

    def report(self, gate: Gate, status: int, seconds: float) -> None:
        """Say what came of a gate; where it failed, all that it printed."""
        if self.stopped:
            return
        text = self.log(gate).read_text(encoding="utf-8", errors="replace")
        lines = text.splitlines()
        note = "; ".join(line.removeprefix("note: ") for line in lines if line.startswith("note: "))
        if "pytest" in gate.command and lines:
            note = lines[-1].strip("= ")
        (self.failed if status else self.passed).append(gate)
        say(f"{'FAILED' if status else 'ok    '}  {gate.name:<20} {seconds:6.1f} s   {note}".rstrip())
        if status:
            say("\n".join(f"    {line}" for line in shortened(lines)))
            say(f"    (exit status {status}; log: {self.log(gate)})")

    def together(self, gates: Sequence[Gate], at_once: int) -> None:
        """Run gates side by side, as many at once, and say so in between when nothing else is to be said."""
        with ThreadPoolExecutor(at_once) as pool:
            waiting: dict[Future[tuple[int, float]], Gate] = {pool.submit(self.start, gate): gate for gate in gates}
            try:
                while waiting:
                    done, _rest = wait(waiting, timeout=15, return_when=FIRST_COMPLETED)
                    for future in done:
                        self.report(waiting.pop(future), *future.result())
                    if not done:
                        now = time.monotonic()
                        busy = ", ".join(f"{gate.name} ({now - at:.0f} s)" for gate, (at, _p) in self.running.items())
                        say(f"...     {busy}")
            except BaseException:
                self.stopped = True
                pool.shutdown(wait=False, cancel_futures=True)
                for _at, process in list(self.running.values()):
                    end(process)
                raise

    def run(self) -> None:
        """Run all: one more at once than cores, and those with hosts later, and more: half of it is waiting."""
        (BUILD / "logs").mkdir(parents=True, exist_ok=True)
        snapshot(BUILD / "snapshot")
        cores = len(os.sched_getaffinity(0))
        self.together([gate for gate in self.gates if not gate.hosts], cores + 1)
        self.together(sorted((gate for gate in self.gates if gate.hosts), key=turn), 2 * cores)


def turn(gate: Gate) -> int:
    """When a gate's turn comes: the longest first."""
    return LONGEST.index(gate.name) if gate.name in LONGEST else len(LONGEST)


def shortened(lines: list[str]) -> list[str]:
    """Leave out the middle of what is very long; not where nobody can look into the log afterwards."""
    left_out = len(lines) - 2 * SHOWN
    if left_out <= 0 or os.environ.get("CI"):
        return lines
    return [*lines[:SHOWN], f"... {left_out} lines more in the log ...", *lines[-SHOWN:]]


def slug(gate: Gate) -> str:
    """Turn a gate's name into one for files."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in gate.name.replace(", ", "-"))


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a gate and all that it started, as Ctrl-C does at first, so that hosts are taken down."""
    for number, patience in ((signal.SIGINT, 30), (signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other run works for this checkout, and keep others waiting meanwhile."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run of the gates is under way in this checkout; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def interrupted(_number: int, _frame: object) -> None:
    """Treat a request to end as Ctrl-C."""
    raise KeyboardInterrupt


def main() -> int:
    """Read what is asked for, run it, and count."""
    parser = argparse.ArgumentParser(description="Run the gates; see make check and make test.")
    parser.add_argument("--fast", action="store_true", help="only those of make check")
    parser.add_argument("--list", action="store_true", help="name the gates and what each runs")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only gates whose names begin so")
    given = parser.parse_args()
    gates = [gate for gate in GATES if gate.fast or not given.fast]
    if given.names:
        gates = [gate for gate in gates if gate.name.startswith(tuple(given.names))]
    if given.list or not gates:
        for gate in gates or GATES:
            say(f"{gate.name:<20} {' '.join(gate.command)}")
        return 0 if given.list else 2
    # Also where Ctrl-C was ignored from the start, as it is behind a shell's &.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    runner = Runner(gates)
    began = time.monotonic()
    try:
        with alone():
            say(f"Python {platform.python_version()}, ansible-core {CORE}; {len(gates)} gates")
            runner.run()
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    say(f"in {time.monotonic() - began:.0f} s")
    say(f"{len(runner.passed)} passed, {len(runner.failed)} failed")
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
