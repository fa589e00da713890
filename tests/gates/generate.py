# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what is made from the catalog: its compiled form, the roles and their playbooks, and pages of the docs.

With --check it writes nothing and fails, naming the file, when one of them is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog, _catalog_text, _names
from ansible_collections.printnet.ports.tests.gates import flows_page, report_schema, role_files

ROOT = Path(__file__).resolve().parents[2]


def made() -> dict[Path, str]:
    """The path and the content of everything that is made."""
    files = _catalog.shipped_files()
    catalog = _catalog.read_files(files)
    return {
        ROOT / _names.COMPILED.relative_to(_names.COMPILED.parents[3]): _catalog_text.compile_files(files),
        ROOT / "docs" / "flows.md": flows_page.page(catalog),
        ROOT / report_schema.FILE: report_schema.render(),
        **role_files.files(catalog, ROOT),
    }


def main(arguments: list[str]) -> int:
    """Write the files, or check them; the exit status is 1 when one is stale."""
    contents = made()
    stale = [path for path, content in contents.items() if not path.exists() or path.read_text("utf-8") != content]
    for path in stale:
        name = path.relative_to(ROOT)
        if "--check" in arguments:
            print(f"{name} is stale: run make generate")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(contents[path], "utf-8")
            print(f"wrote {name}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
