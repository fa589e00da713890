# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lints the changelog, and asks for a fragment where the collection's own code changed.

What counts as a change is everything since the branch left the public one; on the public branch itself everything
since the last release, or since the beginning.
"""

from __future__ import annotations

import subprocess
import sys

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
CODE = ("plugins/", "roles/")
RECORDS = ("changelogs/fragments/", "changelogs/changelog.yaml")


def git(*words: str) -> str:
    """Ask git; an empty answer where it fails."""
    return subprocess.run(["git", *words], capture_output=True, text=True, check=False).stdout.strip()


def base() -> tuple[str, str]:
    """Find what to compare with, and name it."""
    head = git("rev-parse", "HEAD")
    for upstream in ("origin/HEAD", "origin/main", "main"):
        left = git("merge-base", "HEAD", upstream)
        if left and left != head:
            return left, f"leaving {upstream}"
    tag = git("describe", "--tags", "--abbrev=0")
    return (tag, f"release {tag}") if tag else (EMPTY_TREE, "the beginning")


def main() -> int:
    """Lint, compare, and say what is missing."""
    if subprocess.run(["antsibull-changelog", "lint"], check=False).returncode:
        return 1
    start, named = base()
    paths = git("diff", "--name-only", start, "--").splitlines()
    paths += git("ls-files", "--others", "--exclude-standard").splitlines()
    code = [path for path in paths if path.startswith(CODE) and not path.endswith(".md")]
    if code and not any(path.startswith(RECORDS) for path in paths):
        print(f"{len(code)} files of plugins/ and roles/ changed since {named}, and no fragment says so:")
        print("\n".join(f"  {path}" for path in code))
        print("Add a file below changelogs/fragments/ (see CONTRIBUTING.md).")
        return 1
    print(f"{len(code)} files of plugins/ and roles/ changed since {named}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
