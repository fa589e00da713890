# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page on the compliance check has the table of codes as the code has it, and every variable."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.printnet.ports.plugins.plugin_utils import _reasons, _variables

PAGE = (Path(__file__).parents[4] / "docs/compliance.md").read_text(encoding="utf-8")


def test_the_table_of_codes() -> None:
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| `") and line.split("`")[1].isupper()]
    told = {row[0].strip("| `"): (row[1], row[2].removesuffix(" |")) for row in rows}
    assert list(told) == list(_reasons.CODES)
    for code, entry in _reasons.CODES.items():
        assert told[code][1] == entry.meaning
        assert told[code][0].split(" or ")[0] == entry.severity


def test_every_variable_is_told() -> None:
    assert [name for name in _variables.COMPLIANCE if f"`{name}`" not in PAGE] == []
