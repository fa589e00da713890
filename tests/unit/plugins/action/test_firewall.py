# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task of the module firewall is told before its host is asked: by Ansible itself, on hosts without a Python."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.action import firewall

INVENTORY: dict[str, Any] = {
    "vpsx": {
        "hosts": {"print1": {"ansible_host": "192.0.2.1"}, "print2": {"ansible_host": "192.0.2.2"}},
        "vars": {
            "ansible_connection": "local",
            "ansible_python_interpreter": "/nowhere/python3",
            "printnet_networks": {"workstation": ["198.51.100.0/24"], "serverx": ["192.0.2.3"]},
        },
    }
}
NO_PYTHON = "The host has no Python where Ansible looks for it, so nothing was changed."
MISSING = "one of the following is required: components, owner"
OTHERS = "What components need is planned for print1, and delegate_to would change the firewall of {} by it."
RULE = {"transport": "tcp", "ports": ["8080"], "peers": ["192.0.2.0/24"]}
CASES: dict[str, tuple[dict[str, Any], str | None, str]] = {
    "nothing": ({}, None, MISSING),
    "components that are null": ({"components": None}, None, MISSING),
    "an owner that is null": ({"owner": None}, None, MISSING),
    "one of two that is null": ({"components": ["vpsx"], "owner": None, "confirm": None}, None, NO_PYTHON),
    "rules that are null": ({"owner": "x", "rules": None}, None, "owner needs rules: a list, which may be empty."),
    "both": ({"components": ["vpsx"], "owner": "x"}, None, "parameters are mutually exclusive: components|owner"),
    "delegated": ({"components": ["vpsx"]}, "print2", OTHERS.format("print2")),
    "delegated to the controller": ({"components": ["vpsx"]}, "localhost", OTHERS.format("localhost")),
    "delegated to itself": ({"components": ["vpsx"]}, "{{ inventory_hostname }}", NO_PYTHON),
    "rules by hand, delegated": ({"owner": "x", "rules": [RULE]}, "print2", NO_PYTHON),
}


class Connection:
    """One that can be made anew."""

    transport = "ssh"

    def reset(self) -> None:
        """Make it anew."""


@pytest.fixture(scope="module", name="told")
def _told(tmp_path_factory: pytest.TempPathFactory, ansible_playbook: Callable[..., str]) -> dict[str, str]:
    """What each of the tasks is told on the host print1."""
    folder = tmp_path_factory.mktemp("run")
    tasks = [
        {
            "name": name,
            "printnet.ports.firewall": arguments,
            "ignore_errors": True,
            "register": f"case{number}",
            **({"delegate_to": to} if to else {}),
        }
        for number, (name, (arguments, to, _said)) in enumerate(CASES.items())
    ]
    answers = {name: f"{{{{ case{number}.msg }}}}" for number, name in enumerate(CASES)}
    write = {"content": json.dumps(answers), "dest": str(folder / "told.json"), "mode": "0644"}
    # The controller writes down what it was told.
    tasks.append({"ansible.builtin.copy": write, "delegate_to": "localhost", "check_mode": False})
    (folder / "play.yml").write_text(json.dumps([{"hosts": "print1", "gather_facts": False, "tasks": tasks}]))
    (folder / "hosts.yml").write_text(json.dumps(INVENTORY))
    ansible_playbook(folder, "--check", "-i", "hosts.yml", "play.yml")
    found: dict[str, str] = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("to", "left_alone"),
    [("print2", True), ("print3", False), ("print1", False), ("nowhere", False), (None, False)],
)
def test_rules_by_hand_leave_alone_the_host_to_which_they_are_delegated(
    site: Any, to: str | None, left_alone: bool
) -> None:
    here = site({"vpsx": ["print1", "print2", "print3"]}, {"print2": {"printnet_apply": False}})
    call = here.call("print1")
    assert firewall._is_left_alone(call, to, call._variables) is left_alone


@pytest.mark.parametrize(
    ("of_the_play", "asked", "told"),
    [
        ({}, {"components": ["vpsx"]}, ""),
        ({"printnet_removals": "later"}, {"components": ["vpsx"]}, "printnet_removals is later"),
        ({"printnet_removals": "later"}, {"components": None}, "printnet_removals is later"),
        ({"awx_job_id": 7, "printnet_removals": "later"}, {"components": ["vpsx"]}, "this job may be a slice"),
        ({"awx_job_id": 7}, {"components": None}, ""),
    ],
)
def test_it_is_said_why_rules_stay(site: Any, of_the_play: dict[str, Any], asked: dict[str, Any], told: str) -> None:
    call = site({"vpsx": ["print1"]}).call("print1", **of_the_play)
    why = firewall._kept_because(call, {"state": "present", **asked})
    assert why.startswith(told)
    assert bool(why) is bool(told)


@pytest.mark.parametrize(("sliced", "removals"), [(None, "later"), (False, "now")])
def test_what_may_be_a_slice_removes_nothing_whatever_the_task_says(site: Any, sliced: Any, removals: str) -> None:
    """The peers of what would be removed may be in another slice."""
    everywhere = {"printnet_networks": INVENTORY["vpsx"]["vars"]["printnet_networks"], "printnet_sliced": sliced}
    call = site({"vpsx": ["192.0.2.1"]}, {"192.0.2.1": {}}, everywhere).call("192.0.2.1", awx_job_id=7)
    asked = {"components": ["vpsx"], "owner": None, "state": "present", "removals": "now"}
    arguments: dict[str, Any] = {**asked, "confirm": None, "confirm_timeout": None}
    action: Any = SimpleNamespace(_connection=Connection(), _task=SimpleNamespace(delegate_to=None))
    _plan, warnings = firewall.ActionModule._plan(action, call, arguments, call._variables)
    assert arguments["removals"] == removals
    assert any("does not need any more stay until it is told" in one for one in warnings) is (sliced is None)
    assert (arguments["confirm"], arguments["confirm_timeout"]) == ("auto", 30)


@pytest.mark.parametrize("name", CASES)
def test_it_is_said(told: dict[str, str], name: str) -> None:
    assert CASES[name][2] in told[name]
    assert "NoneType" not in told[name]
