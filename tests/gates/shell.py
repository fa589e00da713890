# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks every shell script of the tree: those that end in .sh, and those whose first line says so."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

SHELL = re.compile(rb"#!\S*[/ ](?:env )?(?:ba|da)?sh\b")


def is_shell(path: Path) -> bool:
    """Say whether a file is a shell script."""
    if not path.is_file() or path.suffix not in {"", ".sh"}:
        return False
    with path.open("rb") as opened:
        return bool(SHELL.match(opened.readline(64))) or path.suffix == ".sh"


def main() -> int:
    """Check them all at once; by their syntax only, where there is no shellcheck."""
    scripts = [str(path) for path in sorted(Path().rglob("*")) if is_shell(path)]
    print("\n".join(scripts))
    if not scripts:
        return 1
    if shutil.which("shellcheck"):
        return subprocess.run(["shellcheck", "--", *scripts], check=False).returncode
    print("note: syntax only: there is no shellcheck")
    return max(subprocess.run(["bash", "-n", script], check=False).returncode for script in scripts)


if __name__ == "__main__":
    sys.exit(main())
