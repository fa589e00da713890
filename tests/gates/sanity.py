# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs all of `ansible-test sanity` that can run here, with no ignore file and no container engine.

ansible-test makes virtual environments of its own, and fetches the pip for them from a place that a machine may not
reach. Its cache is therefore given a stand-in, which takes the pip that comes with Python. The cache stands in a home
directory of the project's own, so that nothing is put into the user's.

What can't run is named in the last line:

- pslint and the PowerShell side of validate-modules need PowerShell; the latter *fails* without it, so that modules in
  PowerShell are left out of it by name where there is none.
- shellcheck runs where there is a program of that name, and files that end in .sh.
- compile and import run for each Python that is found, of those that this ansible-core supports.
"""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import ansible_test

STAND_IN = '''\
"""Stands in for the script that installs pip: the pip that comes with Python fetches the one asked for."""

import subprocess
import sys

wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *wanted], check=False).returncode)
'''
NOISE = re.compile(
    r"\s*(Collecting|Downloading|Installing|Looking in|Processing|Successfully|Using cached|WARNING: Location|\u2501)"
)
SKIPPED = re.compile(r'WARNING: Skipping sanity test "([^"]+)"(?: on Python ([0-9.]+))?')
MISSING = re.compile(r'WARNING: Required program "([^"]+)" not found')


def output(*command: str) -> str:
    """Run a command and return what it prints."""
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def prepare_home(home: Path) -> None:
    """Give ansible-test a home: a cache with the stand-in, and pip's settings, the environment's too: it keeps none."""
    package = Path(next(iter(ansible_test.__path__)))
    asked = (package / "_internal" / "python_requirements.py").read_text(encoding="utf-8")
    folder = home / ".ansible" / "test" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    for version in re.findall(r"\bpip='([0-9.]+)'", asked):
        (folder / f"get_pip_{version.replace('.', '_')}.py").write_text(STAND_IN, encoding="utf-8")
    settings = configparser.RawConfigParser()
    settings.read_dict({"global": {"cache-dir": output("pip", "cache", "dir").strip()}})
    for line in reversed(output("pip", "config", "list").splitlines()):  # the environment comes first there, and wins
        name, _equals, value = line.partition("=")
        section, _dot, key = name.replace(":env:", "global").rpartition(".")
        settings.read_dict({section: {key: ast.literal_eval(value)}})
    place = home / ".config" / "pip" / "pip.conf"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("w", encoding="utf-8") as opened:
        settings.write(opened)


def pythons() -> list[str]:
    """List the folders of Pythons that run: the user's, and before the shims, which need not."""
    own = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return [str(path.parent) for path in sorted(own.glob("versions/3.*/bin/python3"))]


def main() -> int:
    """Run it, and say what was not run."""
    home = Path(os.environ["PRINTNET_PORTS_CACHE"]) / "ansible-test"
    prepare_home(home)
    environment = {
        **os.environ,
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), *pythons(), os.environ["PATH"]]),
    }
    command = ["ansible-test", "sanity", "--color", "no"]
    windows = [] if shutil.which("pwsh") else sorted(Path("plugins/modules").glob("*.ps1"))
    for path in windows:
        command += ["--exclude", str(path)]
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.strip() and not NOISE.match(line)]
    print("\n".join(lines))
    skipped = SKIPPED.findall(done.stdout)
    tests, versions = (list(dict.fromkeys(column)) for column in zip(*skipped, strict=True)) if skipped else ([], [])
    missing = [f"{' and '.join(tests)} on Python {' '.join(versions)}"] if skipped else []
    missing += [f"what needs {program}" for program in MISSING.findall(done.stdout)]
    missing += [f"{path.name}, which needs PowerShell" for path in windows]
    if missing:
        print(f"note: not run: {', '.join(missing)}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
