# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the collection as it is published, and has the public index's own importer look at it.

Runs in an environment of its own, in a copy of the checkout. A warning counts as a fault.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Build, import, and look for faults in what the importer says."""
    dist = Path.cwd().parents[2] / "dist"
    dist.mkdir(exist_ok=True)
    subprocess.run(["ansible-galaxy", "collection", "build", "--force", "--output-path", dist], check=True)
    (built,) = dist.glob("*.tar.gz")
    done = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", built],
        cwd=dist,
        env={**os.environ, "GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout)
    faults = re.findall(r"^.*\b(?:WARNING|ERROR|CRITICAL)\b.*$", done.stdout, re.MULTILINE)
    print(f"{len(faults)} warnings and errors")
    return 1 if faults or done.returncode or "completed successfully" not in done.stdout else 0


if __name__ == "__main__":
    sys.exit(main())
