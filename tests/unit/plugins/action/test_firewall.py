# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task of the module firewall is told before its host is asked: by Ansible itself, on hosts without a Python."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

INVENTORY = {
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


@pytest.mark.parametrize("name", CASES)
def test_it_is_said(told: dict[str, str], name: str) -> None:
    assert CASES[name][2] in told[name]
    assert "NoneType" not in told[name]
