# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A call of an action plugin over a real Ansible inventory: templates, groups of groups, warnings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.plugin_utils import _plan, _planned, _task_variables, _variables
from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog

FaultsOf = Callable[..., list[str]]
CallOn = Callable[..., Call]

INVENTORY = """
all:
  children:
    print_servers:
      children:
        prod:
          hosts:
            v1: {ansible_host: 192.0.2.11, printnet_addresses: ["192.0.2.11", "{{ prefix }}:11"]}
        test:
          hosts:
            v2: {ansible_host: "{{ base }}.12", vpsx_submission_port: 443}
    serverx:
      hosts:
        s1: {ansible_host: "{{ base }}.20"}
    webs:
      hosts:
        w1: {ansible_host: 192.0.2.30}
  vars:
    base: 192.0.2
    prefix: "2001:db8:"
    client_net: 198.51.100.0/24
    printnet_groups: {vpsx: [prod, "{{ second }}"]}
    second: test
    printnet_networks:
      workstation: ["{{ client_net }}", "2001:db8:51::/64"]
      kiosk: 203.0.113.7
    printnet_extra_components: {kiosk: {title: "Kiosk {{ second }}"}}
    printnet_extra_flows:
      - {id: kiosk-vpsx, source: kiosk, destination: "{{ 'vpsx' }}", transport: tcp, port: "{{ 5000 + 1 }}"}
    printnet_overrides: {serverx-vpsx-api: {port: "{{ api }}"}}
    api: 5511
"""


@pytest.fixture(name="call_on")
def _call_on(tmp_path: Path) -> CallOn:
    path = tmp_path / "inventory.yml"

    def make(host: str, inventory: str = INVENTORY, **of_the_play: Any) -> Call:
        path.write_text(inventory, encoding="ascii")
        loader = DataLoader()
        known = InventoryManager(loader=loader, sources=[str(path)])
        manager = VariableManager(loader=loader, inventory=known)
        hostvars = HostVars(known, manager, loader)
        variables = {**manager.get_vars(host=known.get_host(host)), "hostvars": hostvars, **of_the_play}
        return Call(variables, Templar(loader=loader, variables=variables).template)

    return make


def _lines(call: Call, component: str) -> list[str]:
    estate = call.estate([component], ["in"])
    share = _plan.share(estate, call.host, component, call.own_options(component), ["in"])
    (owner,) = _plan.rules([share])
    return _rules.lines(_rules.canonical(_rules.parse(rule) for rule in owner["rules"]))


def test_templates_and_groups_of_groups(call_on: CallOn) -> None:
    call = call_on("v1")
    assert _lines(call, "vpsx") == [
        "in tcp 515,631,9443 from 198.51.100.0/24 2001:db8:51::/64",
        "in tcp 5001 from 203.0.113.7",
        "in tcp 5501 from 192.0.2.12",
        "in tcp 5511 from 192.0.2.20",
    ]
    assert call.warnings == []
    other = call_on("v2")
    assert _lines(other, "vpsx") == [
        "in tcp 443,515,631 from 198.51.100.0/24 2001:db8:51::/64",
        "in tcp 5001 from 203.0.113.7",
        "in tcp 5501 from 192.0.2.11 2001:db8::11",
        "in tcp 5511 from 192.0.2.20",
    ]


SESSIONS = """
all:
  children:
    vspa:
      hosts:
        a1: {ansible_host: 192.0.2.1, vspa_sessions: "{{ kind }}"}
        d1: {ansible_host: 192.0.2.2}
    vspa_xenapp: {hosts: {a2: {ansible_host: 192.0.2.3}}}
    vspa_xendesktop: {hosts: {d2: {ansible_host: 192.0.2.4}}}
    serverx: {hosts: {s1: {ansible_host: 192.0.2.20}}}
  vars: {kind: XenApp}
"""


@pytest.mark.parametrize(
    ("host", "of_the_play", "here"),
    [
        ("a1", {}, "vspa_xenapp"),
        ("a1", {"vspa_sessions": "xendesktop"}, "vspa_xenapp"),
        ("d1", {}, "vspa_xendesktop"),
        ("a2", {"vspa_sessions": "xendesktop"}, "vspa_xenapp"),
        ("d2", {"vspa_sessions": "xendesktop"}, "vspa_xendesktop"),
        ("s1", {"vspa_sessions": "xenapp"}, "vspa_xenapp"),
        ("s1", {}, "vspa_xendesktop"),
    ],
)
def test_a_host_is_one_of_the_two_that_the_role_vspa_serves(
    call_on: CallOn, host: str, of_the_play: dict[str, Any], here: str
) -> None:
    call = call_on(host, SESSIONS, **of_the_play)
    assert [name for name in ("vspa_xenapp", "vspa_xendesktop") if call.is_here(name)] == [here]


def test_a_wrong_choice_of_sessions_is_told(call_on: CallOn, faults_of: FaultsOf) -> None:
    call = call_on("s1", SESSIONS.replace("XenApp", "xenap"))
    (fault,) = faults_of(call.estate, ["serverx"], ["in"])
    assert fault == "host a1, vspa_sessions: 'xenap' must be one of xenapp, xendesktop; did you mean 'xenapp'?"


def test_a_host_outside_of_the_group_is_told(call_on: CallOn) -> None:
    call = call_on("w1")
    call.estate(["vpsx", "netx"], ["in"])
    advice = "Put it there, or name its group in printnet_groups."
    assert call.warnings == [
        f"w1 is not in the group prod or test, so other hosts do not know that it is a host of vpsx. {advice}",
        f"w1 is not in the group netx, so other hosts do not know that it is a host of netx. {advice}",
    ]


def test_an_option_of_the_play_counts_with_a_warning(call_on: CallOn) -> None:
    call = call_on("v1", vpsx_submission_port=8443)
    assert "in tcp 515,631,8443 from 198.51.100.0/24 2001:db8:51::/64" in _lines(call, "vpsx")
    (warning,) = call.warnings
    assert warning.startswith("v1: vpsx_submission_port is 8443 for this call only.")
    assert "it is 9443" in warning
    assert "group_vars or host_vars" in warning


@pytest.mark.parametrize(
    ("of_the_play", "told"),
    [
        ({}, []),
        ({"printnet_groups": {"vpsx": "prod"}}, ["printnet_groups"]),
        ({"printnet_groups": {"vpsx": ["prod", "test"]}}, []),
        (
            {"printnet_networks": {"workstation": "any"}, "printnet_unknown_peers": "any"},
            ["_networks", "_unknown_peers"],
        ),
        ({"printnet_features": {}, "printnet_services": None, "printnet_topology_file": ""}, []),
        ({"printnet_extra_flows": []}, ["printnet_extra_flows"]),
    ],
)
def test_what_a_play_says_for_all_hosts_counts_with_a_warning(
    call_on: CallOn, of_the_play: dict[str, Any], told: list[str]
) -> None:
    warnings = call_on("v1", **of_the_play).own_settings()
    assert len(warnings) == len(told)
    for warning, name in zip(warnings, told, strict=True):
        assert f"{name} has another value for this call only." in warning
        assert warning.startswith("v1: printnet_")
        assert warning.endswith("go by the inventory: set it in group_vars or host_vars instead.")


def test_what_the_inventory_has_without_a_value_may_be_set_by_a_play(call_on: CallOn) -> None:
    call = call_on("v1", INVENTORY.replace('"{{ api }}"', '"{{ nosuch }}"'), printnet_overrides={})
    assert len(call.own_settings()) == 1


@pytest.mark.parametrize(
    ("of_the_play", "arguments", "kept"),
    [
        ({}, {}, False),
        ({"awx_job_id": 7}, {}, True),
        ({"tower_job_id": 7}, {"stale": "remove"}, True),
        ({"awx_job_id": 7, "printnet_sliced": False}, {}, False),
        ({"awx_job_id": 7, "printnet_topology_file": "t.json"}, {}, False),
        ({"awx_job_id": 7}, {"state": "absent"}, False),
        ({"awx_job_id": 7}, {"state": "untouched"}, False),
        ({"awx_job_id": 7}, {"components": []}, False),
    ],
)
def test_what_may_be_a_slice_removes_nothing(
    call_on: CallOn, of_the_play: dict[str, Any], arguments: dict[str, Any], kept: bool
) -> None:
    asked = {"components": ["vpsx"], "state": "present", **arguments}
    assert bool(_planned.kept_because(call_on("v1", **of_the_play), asked)) is kept


@pytest.mark.parametrize(
    ("of_the_play", "asked", "comes_to"),
    [
        ({}, (None, None), ("auto", 30)),
        ({"printnet_confirm": None, "printnet_confirm_timeout": None}, (None, None), ("auto", 30)),
        ({"printnet_confirm": "never", "printnet_confirm_timeout": "60"}, (None, None), ("never", 60)),
        ({"printnet_confirm": "never", "printnet_confirm_timeout": 60}, ("always", 5), ("always", 5)),
        ({"printnet_confirm": "no"}, (None, None), "printnet_confirm is 'no': it must be auto, always or never"),
        (
            {"printnet_confirm_timeout": "1m"},
            (None, 5),
            "printnet_confirm_timeout is '1m': it must be from 2 to 3600 seconds",
        ),
        (
            {"printnet_confirm_timeout": True},
            (None, None),
            "printnet_confirm_timeout is True: it must be from 2 to 3600 seconds",
        ),
        ({}, (None, 1), "confirm_timeout must be from 2 to 3600 seconds"),
    ],
)
def test_how_a_change_is_confirmed_is_said_by_the_task_or_a_variable(
    of_the_play: dict[str, Any], asked: tuple[Any, Any], comes_to: Any, faults_of: FaultsOf
) -> None:
    def come_to() -> tuple[str, int]:
        read = of_the_play.get
        return _task_variables.confirm_of(read, asked[0]), _task_variables.confirm_timeout_of(read, asked[1])

    if isinstance(comes_to, str):
        assert faults_of(come_to) == [comes_to]
    else:
        assert come_to() == comes_to


@pytest.mark.parametrize(
    "same",
    [{"vpsx_submission_port": 9443}, {"vpsx_print_protocols": ["lpr", "ipp", "raw", "ipps"]}, {"vpsx_lrsq": "yes"}],
)
def test_a_roles_defaults_are_no_reason_for_a_warning(call_on: CallOn, same: dict[str, Any]) -> None:
    call = call_on("v1", **same)
    call.own_options("vpsx")
    assert call.warnings == []
    elsewhere = call_on("v2", **same)
    elsewhere.own_options("vpsx")
    assert len(elsewhere.warnings) == ("vpsx_submission_port" in same)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("vpsx_submission_port: 443", 'vpsx_email: "{{ nosuch }}"', "host v2, vpsx_email: "),
        ('"{{ base }}.12"', "\"{{ lookup('file', '/no/such/file') }}\"", "host v2, ansible_host: "),
        ('"{{ api }}"', "\"{{ lookup('file', '/no/such/file') }}\"", "printnet_overrides: "),
    ],
)
def test_a_variable_that_has_no_value_is_named(
    call_on: CallOn, old: str, new: str, told: str, faults_of: FaultsOf
) -> None:
    call = call_on("v1", INVENTORY.replace(old, new))
    (fault,) = faults_of(call.estate, ["vpsx"], ["in"])
    assert fault.startswith(told)
    assert fault.isprintable()


def test_faults_of_the_catalog_come_first_and_all(call_on: CallOn, faults_of: FaultsOf) -> None:
    bad = INVENTORY.replace("transport: tcp", "transport: tpc").replace("{{ 5000 + 1 }}", "{{ 5000 * 20 }}")
    faults = faults_of(call_on, "v1", bad)
    assert [fault.split(": ")[0] for fault in faults] == [
        "printnet_extra_flows, entry 1 (kiosk-vpsx), transport",
        "printnet_extra_flows, entry 1 (kiosk-vpsx), port",
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "printnet_network",
            ["The variable printnet_network is unknown and has no effect; did you mean printnet_networks?"],
        ),
        (
            "printnet_adresses",
            ["The variable printnet_adresses is unknown and has no effect; did you mean printnet_addresses?"],
        ),
        ("printnet_networks", []),
        ("printnet_mine", []),
        ("network", []),
    ],
)
def test_a_misspelt_variable_is_told(catalog: Catalog, name: str, told: list[str]) -> None:
    assert _variables.misspelt(catalog, {name: 1, "ansible_host": "x"}) == told


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("vpsx_submision_port", 443, "vpsx_submission_port"),
        ("vpsx_submision_port", "{{ port }}", "vpsx_submission_port"),
        ("serverx_apiport", "5700", "serverx_api_port"),
        ("webconnect_protocol", ["http"], "webconnect_protocols"),
        ("mobile_connector_prot", 5901, ""),
        ("mobile_connector_emails", False, "mobile_connector_email"),
        ("vpsx_stat", "absent", "vpsx_state"),
        # Those that there are, and a user's own.
        ("vpsx_state", "absent", ""),
        ("vpsx_hosts", "print_servers", ""),
        ("vpsx_host", "print01", ""),
        ("vpsx_states", {"changed": False}, ""),
        ("vpsx_stats", "absent", ""),
        ("vpsx_model", "B", ""),
        ("vpsx_lpr_port", 515, ""),
        ("vpsx_modes", {"changed": False}, ""),
        ("vpsx_audits", {"changed": False}, ""),
        ("mve_http_port", 80, ""),
        ("vpsx_", 1, ""),
    ],
)
def test_a_misspelt_option_of_a_role_is_told(catalog: Catalog, name: str, value: Any, meant: str) -> None:
    told = f"The variable {name} is unknown and has no effect; did you mean {meant}?"
    assert _variables.misspelt(catalog, {name: value}) == ([told] if meant else [])


def test_no_variable_of_ours_is_misspelt(catalog: Catalog) -> None:
    states = {f"{role}_{word}": "present" for role in catalog.roles for word in ("state", "hosts")}
    ours = {name: option.default for name, option in catalog.options.items()}
    assert _variables.misspelt(catalog, {**states, **ours, **dict.fromkeys(_variables.ALL)}) == []


def test_the_readme_says_what_comes_of_its_inventory(call_on: CallOn, root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    (inventory,) = [yaml.safe_load(block) for block in blocks if block.startswith("# inventory.yml")]
    (everywhere,) = [yaml.safe_load(block) for block in blocks if block.startswith("# group_vars/all.yml")]
    inventory["all"]["vars"] = everywhere
    planned = _lines(call_on("print01", yaml.safe_dump(inventory)), "vpsx")
    (diff,) = [block.split("```")[0] for block in text.split("```diff\n")[1:]]
    assert [line[1:] for line in diff.splitlines() if line.startswith("+in ")] == planned
