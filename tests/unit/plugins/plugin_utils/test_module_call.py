# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.printnet.ports.plugins.plugin_utils import _module_call
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError


class Text(str):
    """A text that knows more than its characters, as Ansible's do."""

    __slots__ = ("origin",)


@pytest.mark.parametrize("value", [None, True, 7, 2.5, (1, 2), b"bytes"])
def test_what_is_no_text_stays_as_it_is(value: Any) -> None:
    assert _module_call.plain(value) is value


def test_texts_are_the_same_and_plain_at_any_depth() -> None:
    found = _module_call.plain({Text("rules"): [{Text("peers"): [Text("192.0.2.0/24")]}], "state": Text("present")})
    assert found == {"rules": [{"peers": ["192.0.2.0/24"]}], "state": "present"}
    keys = [*found, *found["rules"][0]]
    assert {type(text) for text in (*keys, *found["rules"][0]["peers"], found["state"])} == {str}


def _find(basedir: Path, name: str) -> str:
    loader = DataLoader()
    loader.set_basedir(str(basedir))
    action: Any = SimpleNamespace(_loader=loader)
    return _module_call.places(action).find(name)


def test_a_file_begins_at_the_playbooks_folder(tmp_path: Path) -> None:
    assert _find(tmp_path, "networks.csv") == str(tmp_path / "networks.csv")
    assert _find(tmp_path, "/srv/networks.csv") == "/srv/networks.csv"


def test_with_a_playbook_of_ours_it_begins_where_ansible_was_started(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _find(root / "playbooks", "networks.csv") == str(tmp_path / "networks.csv")
    assert _find(root / "playbooks", "/srv/networks.csv") == "/srv/networks.csv"
    assert _find(root / "playbooks", "~/networks.csv") == str(Path.home() / "networks.csv")
    assert _find(root, "networks.csv") == str(root / "networks.csv")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("~nosuchuser/plan.json", "'~nosuchuser/plan.json': the controller does not know whose home that is"),
        ("plan\0.json", "'plan\\x00.json' is no path"),
    ],
)
def test_what_is_no_path_is_said(root: Path, name: str, told: str, faults_of: Callable[..., list[str]]) -> None:
    assert faults_of(_find, root / "playbooks", name) == [told]


def _call(answer: dict[str, Any]) -> dict[str, Any]:
    action: Any = SimpleNamespace(_execute_module=lambda **_arguments: {"failed": True, **answer})
    return _module_call.call(action, "firewall", {}, {})


@pytest.mark.parametrize(
    "line",
    [
        "/bin/sh: 1: /usr/bin/python3: not found",
        "bash: line 1: /usr/bin/python3.11: No such file or directory",
        "/bin/sh: /usr/bin/python3: not found",
        "-sh: python3: command not found",
        "sh: /usr/bin/python3: inaccessible or not found",
        "/usr/bin/env: 'python3': No such file or directory",
    ],
)
@pytest.mark.parametrize(
    ("out", "error"),
    [("", "{}\n"), ("{}\r\n", "Shared connection to 192.0.2.1 closed.\r\n"), ("", "Warning: odd\r\n{}\r\n")],
)
def test_a_shell_that_finds_no_python_is_a_sentence(line: str, out: str, error: str) -> None:
    with pytest.raises(PortsError, match="The host has no Python where Ansible looks for it, so nothing was changed"):
        _call({"rc": 127, "module_stdout": out.format(line), "module_stderr": error.format(line)})


TRACEBACK = """Traceback (most recent call last):
  File "/usr/lib/python3.11/json/__init__.py", line 1, in <module>
FileNotFoundError: [Errno 2] No such file or directory: '/etc/nftables.conf'
"""


@pytest.mark.parametrize(
    "answer",
    [
        {"rc": 1, "module_stdout": "", "module_stderr": TRACEBACK},
        {"rc": 127, "module_stdout": "", "module_stderr": f"{TRACEBACK}/bin/sh: 1: /usr/bin/python3: not found\n"},
        {"rc": 127, "module_stdout": TRACEBACK, "module_stderr": "/bin/sh: 1: /usr/bin/python3: not found"},
        {"rc": 1, "module_stdout": "", "module_stderr": "/bin/sh: 1: /usr/bin/python3: not found"},
        {"rc": 127, "module_stdout": '{"changed": true}', "module_stderr": "sh: /usr/bin/python3: not found"},
        {"rc": 127, "module_stdout": "", "module_stderr": "/bin/sh: 1: /usr/sbin/nft: not found"},
        {"msg": "python3: not found"},
    ],
)
def test_a_module_that_fails_later_is_not_taken_for_that(answer: dict[str, Any]) -> None:
    assert _call(answer) == {"failed": True, **answer}
