# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every Molecule scenario can fail: it verifies something, on hosts that are there.

Molecule itself ends well without a verify.yml, with a wrong inventory, and with a pattern that matches no host.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MOLECULE = ROOT / "extensions/molecule"
SCENARIOS = sorted(path.parent.name for path in MOLECULE.glob("*/molecule.yml"))


def _plays(name: str, playbook: str) -> Iterator[dict[str, Any]]:
    yield from yaml.safe_load((MOLECULE / name / playbook).read_text(encoding="utf-8"))


def test_there_are_scenarios() -> None:
    assert "vpsx" in SCENARIOS


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_verifies_something(name: str) -> None:
    assert [play for play in _plays(name, "verify.yml") if play.get("tasks")]
    assert list((MOLECULE / name / "tests").glob("test_*.py"))
    sequence = yaml.safe_load((MOLECULE / "config.yml").read_text(encoding="utf-8"))["scenario"]["test_sequence"]
    own = yaml.safe_load((MOLECULE / name / "molecule.yml").read_text(encoding="utf-8"))["scenario"]
    for step in ("create", "converge", "idempotence", "verify", "destroy"):
        assert step in own.get("test_sequence", sequence)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_has_the_hosts_that_it_names(name: str) -> None:
    estate = yaml.safe_load((ROOT / f"tests/lab/estates/{name}.yml").read_text(encoding="utf-8"))
    there = {"all", *estate["hosts"], *(group for host in estate["hosts"].values() for group in host.get("groups", ()))}
    assert {play["hosts"] for play in _plays(name, "converge.yml")} <= there
    assert (MOLECULE / name / "inventory").is_dir()


def test_a_wrong_inventory_or_pattern_ends_the_run() -> None:
    settings = yaml.safe_load((MOLECULE / "config.yml").read_text(encoding="utf-8"))["ansible"]["cfg"]["inventory"]
    assert settings["host_pattern_mismatch"] == "error"
    assert settings["any_unparsed_is_failed"] is True
    assert yaml.safe_load((MOLECULE / "config.yml").read_text(encoding="utf-8"))["prerun"] is False
