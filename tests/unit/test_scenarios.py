# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every Molecule scenario can fail: it verifies something, on hosts that are there.

Molecule itself ends well without a verify.yml, with a wrong inventory, and with a pattern that matches no host.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MOLECULE = ROOT / "extensions/molecule"
SCENARIOS = sorted(path.parent.name for path in MOLECULE.glob("*/molecule.yml"))


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _hosts(name: str) -> dict[str, Any]:
    hosts: dict[str, Any] = _read(ROOT / f"tests/lab/estates/{name}.yml")["hosts"]
    return hosts


def test_there_are_scenarios() -> None:
    assert {"vpsx", "serverx", "netx", "mfpsecure", "alertx", "mve", "estate"} <= set(SCENARIOS)


def test_all_are_verified_by_a_playbook_that_does_something() -> None:
    shared = _read(MOLECULE / "config.yml")["ansible"]["playbooks"]
    for playbook in ("create", "verify", "destroy"):
        assert (MOLECULE / "vpsx" / shared[playbook]).is_file()
    (verify,) = _read(MOLECULE / "lab/verify.yml")
    assert verify["tasks"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_verifies_something(name: str) -> None:
    own = _read(MOLECULE / name / "molecule.yml")
    assert own["scenario"]["name"] == name
    assert "ansible" not in own
    sequence = _read(MOLECULE / "config.yml")["scenario"]["test_sequence"]
    for step in ("create", "converge", "idempotence", "verify", "destroy"):
        assert step in own["scenario"].get("test_sequence", sequence)
    if (MOLECULE / name / "tests/expected.yml").is_file():
        expected = _read(MOLECULE / name / "tests/expected.yml")
        assert all(expected[part] for part in ("let_in", "runs", "listens", "says"))
        assert set(expected["runs"]) | set(expected["listens"]) | set(expected["says"]) <= set(_hosts(name))
        assert any(ports for sources in expected["let_in"].values() for ports in sources.values())
    else:
        assert list((MOLECULE / name / "tests").glob("test_*.py"))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_has_the_hosts_that_it_names(name: str) -> None:
    there = {"all", *_hosts(name), *(group for host in _hosts(name).values() for group in host.get("groups", ()))}
    for play in _read(MOLECULE / name / "converge.yml"):
        playbook = play.get("ansible.builtin.import_playbook", "")
        assert play.get("hosts") in there or (ROOT / f"playbooks/{playbook.rpartition('.')[2]}.yml").is_file()
    (inventory,) = (MOLECULE / name / "inventory").glob("*.yml")
    groups = _read(inventory)["all"].get("children", {})
    assert {host for group in groups.values() for host in group["hosts"]} <= set(_hosts(name))


def test_a_wrong_inventory_or_pattern_ends_the_run() -> None:
    settings = yaml.safe_load((MOLECULE / "config.yml").read_text(encoding="utf-8"))["ansible"]["cfg"]["inventory"]
    assert settings["host_pattern_mismatch"] == "error"
    assert settings["any_unparsed_is_failed"] is True
    assert yaml.safe_load((MOLECULE / "config.yml").read_text(encoding="utf-8"))["prerun"] is False
