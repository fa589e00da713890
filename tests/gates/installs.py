# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installs the collection as users do, from a tarball and from a git URL, and asks each copy for its documentation."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

NAME = "printnet.ports"
GIT = ["git", "-c", "user.name=gate", "-c", "user.email=gate@localhost", "-c", "init.defaultBranch=main"]


def run(*command: str, **environment: str) -> str:
    """Run a command, show what it says, and end where it fails."""
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout, flush=True)
    if done.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    return done.stdout


def asked(place: Path) -> None:
    """Ask the copy below this place for each plugin's documentation."""
    paths = {"ANSIBLE_COLLECTIONS_PATH": str(place)}
    for kind in ("module", "lookup", "filter", "role"):
        if NAME not in run("ansible-doc", "--list", "--type", kind, NAME, **paths):
            raise SystemExit(f"{place}: no {kind} is there")


def main() -> int:
    """Install twice and look."""
    install = ["ansible-galaxy", "collection", "install", "--no-deps", "--collections-path"]
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = "/nonexistent"
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        run("ansible-galaxy", "collection", "build", "--output-path", str(top))
        (tarball,) = top.glob("*.tar.gz")
        run(*install, str(top / "from-tarball"), str(tarball))
        asked(top / "from-tarball")
        for words in (["init"], ["add", "--all"], ["commit", "--quiet", "--message", "gate"]):
            run(*GIT, *words)
        run(*install, str(top / "from-git"), f"git+file://{Path.cwd()},main")
        asked(top / "from-git")
    return 0


if __name__ == "__main__":
    sys.exit(main())
