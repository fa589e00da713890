# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fails where a file below the folders given holds a byte that is not printable ASCII or a line's end."""

from __future__ import annotations

import sys
from pathlib import Path


def faults(path: Path) -> list[str]:
    """List the lines of a file that hold anything else."""
    return [
        f"{path}:{number}: {line.decode('utf-8', 'backslashreplace')!a}"
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1)
        if any(not 32 <= byte < 127 for byte in line)
    ]


def main(folders: list[str]) -> int:
    """Look through all files of the folders."""
    files = [path for folder in folders for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    found = [fault for path in files for fault in faults(path)]
    print("\n".join([*found, f"{len(files)} files, {len(found)} lines that are not plain ASCII"]))
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
