# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks for the whole estate make of variables and tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import template
from ansible.parsing.dataloader import DataLoader


def _plays(root: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((root / "playbooks" / f"{name}.yml").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("variables", "removals"),
    [
        ({}, "later"),
        ({"printnet_apply": None}, "later"),
        ({"printnet_apply": True}, "later"),
        ({"printnet_apply": "yes"}, "later"),
        ({"printnet_apply": False}, "left out"),
        ({"printnet_apply": "no"}, "left out"),
        ({"ansible_check_mode": True}, "left out"),
    ],
)
def test_site_removes_nothing_before_all_is_opened(root: Path, variables: dict[str, Any], removals: str) -> None:
    (play,) = (play for play in _plays(root, "site") if play["name"] == "Open what is needed")
    (task,) = (task["printnet.ports.firewall"] for task in play["tasks"] if "printnet.ports.firewall" in task)
    known = {"ansible_check_mode": False, "omit": "left out", **variables}
    # Since ansible-core 2.19 what is to be templated has to be trusted.
    text = getattr(template, "trust_as_template", str)(task["removals"])
    assert template.Templar(loader=DataLoader(), variables=known).template(text) == removals


@pytest.mark.parametrize("name", ["compliance", "plan", "remove"])
def test_the_tag_of_all_runs_a_playbook_whole(root: Path, name: str) -> None:
    assert {play["tags"] for play in _plays(root, name)} == {"printnet"}
