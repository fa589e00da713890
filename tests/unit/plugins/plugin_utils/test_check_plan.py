# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a compliance run is to look at: the same for every host, and other settings make other targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _check_plan
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils import checks


def estate(site: Any, **everywhere: Any) -> Any:
    hosts = {name: {"ansible_host": at} for name, at in checks.ADDRESSES.items()}
    variables = {"printnet_networks": checks.NETWORKS, "printnet_outbound": True, **everywhere}
    return site({"all": list(hosts), **checks.GROUPS}, hosts, variables)


@pytest.mark.parametrize(
    ("probe_from", "hosts"),
    [
        (None, {"v1", "v2", "s1", "w1"}),
        ([], {"v1", "v2", "s1"}),
        ("workstation", {"v1", "v2", "s1", "w1"}),
        (["printer"], {"v1", "v2", "s1", "p1"}),
    ],
)
def test_the_hosts_from_which_connections_are_made(site: Any, probe_from: Any, hosts: set[str]) -> None:
    more = {} if probe_from is None else {"printnet_probe_from": probe_from}
    assert set(_check_plan.plan(estate(site, **more).call("v1")).hosts) == hosts


def test_what_is_absent_is_no_source_and_no_end_of_a_connection(site: Any) -> None:
    here = estate(site)
    here.hosts["v2"]["vpsx_state"] = "absent"
    check = _check_plan.plan(here.call("v1"))
    assert set(check.hosts) == {"v1", "s1", "w1"}
    assert {end.host for pair in check.pairs.pairs for end in (pair.source, pair.destination)} & {*here.hosts} == {
        "v1",
        "s1",
        "w1",
        "p1",
    }
    here.groups["sql_server"] = ["v2"]
    assert "v2" in _check_plan.plan(here.call("v1")).hosts


def test_a_name_that_is_a_pattern_is_told(site: Any) -> None:
    here = estate(site)
    here.groups |= {"all": [*checks.ADDRESSES, "PC 7"], "workstation": ["w1", "PC 7"]}
    here.hosts["PC 7"] = {"ansible_host": "192.0.2.77"}
    check = _check_plan.plan(here.call("v1"))
    assert set(check.hosts) == {"v1", "v2", "s1", "w1"}
    (told,) = set(check.warnings) - set(check.run.warnings)
    assert told.startswith("PC 7: no connection is made from there. Ansible reads such a name as a pattern of names")
    assert not _check_plan.plan(estate(site).call("v1")).passed


def test_every_host_gets_its_own_of_one_plan(site: Any, tmp_path: Path) -> None:
    here = estate(site)
    kept = {name: _check_plan.targets(here.call(name, tmp_path)) for name in checks.ADDRESSES}
    alone = {name: _check_plan.targets(here.call(name)) for name in checks.ADDRESSES}
    assert kept == alone
    assert [aim.address for aim in kept["s1"] if aim.port == 5501] == ["192.0.2.1", "192.0.2.2"]
    assert kept["p1"] == []
    assert not any(aim.gentle for aims in kept.values() for aim in aims)


@pytest.mark.parametrize(
    "more",
    [
        {"printnet_probe_print_ports": True},
        {"printnet_probe_from": []},
        {"vpsx_submission_port": 443},
        {
            "printnet_extra_flows": [
                {"id": "x", "source": "workstation", "destination": "vpsx", "transport": "tcp", "port": 7}
            ]
        },
    ],
)
def test_what_was_kept_is_not_for_other_settings(site: Any, tmp_path: Path, more: dict[str, Any]) -> None:
    before = _check_plan.targets(estate(site).call("w1", tmp_path))
    after = _check_plan.targets(estate(site, **more).call("w1", tmp_path))
    assert after == _check_plan.targets(estate(site, **more).call("w1"))
    assert after != before


def test_samples_are_taken_by_the_printers_models(site: Any) -> None:
    hosts = {"v1": {"ansible_host": "192.0.2.1"}}
    for number in range(1, 21):
        hosts[f"p{number}"] = {"ansible_host": f"203.0.113.{number}", "printnet_model": "MX" if number < 9 else "CX"}
    groups = {"all": list(hosts), "vpsx": ["v1"], "printer": [name for name in hosts if name != "v1"]}
    variables = {"printnet_networks": {"workstation": "198.18.0.0/24"}, "printnet_probe_sample": 2}
    found = _check_plan.plan(site(groups, hosts, variables).call("v1")).pairs.samples
    assert {(one.model, one.size, len(one.chosen)) for one in found} == {("MX", 8, 2), ("CX", 12, 2)}
