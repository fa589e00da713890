# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: one call of a module on the host, and a sentence where a host can't run one."""

from __future__ import annotations

import getpass
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import ConnectionBase
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._task import Places

_PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
_WINDOWS = (
    "This version of printnet.ports knows firewalls on Linux only. For a Windows host, ask for its flows with the "
    "lookup printnet.ports.flows. Nothing was changed."
)
_NO_PYTHON = (
    "The host has no Python where Ansible looks for it, so nothing was changed. Install it (on Debian: "
    "ansible.builtin.raw with apt-get install -y python3), or set ansible_python_interpreter to where it is."
)
_NOT_FOUND = 127
"""The exit status of a shell that does not find a program."""
_SHELL = re.compile(r"\S[^\n]*: \S*python\S*: (?:No such file or directory|(?:command |inaccessible or )?not found)\s*")


def plain(value: Any) -> Any:
    """The value without what Ansible knows of its texts, with which a copy of thousands takes a second."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def check_host(connection: ConnectionBase) -> None:
    """Refuse a host for which there is no module."""
    if getattr(connection._shell, "_IS_WINDOWS", False):
        raise PortsError(_WINDOWS)


def places(action: ActionBase) -> Places:
    """The folder of the run, which Ansible makes and removes, and its way to find files.

    A relative path begins at the playbook's folder; where the playbook is one of ours, which lies among what is
    installed, it begins where Ansible was started.
    """
    folder = getattr(constants, "DEFAULT_LOCAL_TMP", None)
    ours = Path(action._loader.get_basedir()).resolve().is_relative_to(_PLAYBOOKS)

    def find(path: str) -> str:
        if "\0" in path:
            raise PortsError(f"{shown(path)} is no path")
        try:
            return str(Path.cwd() / Path(path).expanduser() if ours else action._loader.path_dwim(path))
        except RuntimeError:
            raise PortsError(f"{shown(path)}: the controller does not know whose home that is") from None

    return Places(Path(folder) if folder else None, find)


def call(action: ActionBase, module: str, arguments: Mapping[str, Any], variables: Any) -> dict[str, Any]:
    """The answer of a module of the collection; a PortsError where the host has no Python."""
    answer: dict[str, Any] = action._execute_module(
        module_name=f"printnet.ports.{module}", module_args=dict(arguments), task_vars=variables
    )
    if answer.get("failed") and _no_python(answer):
        raise PortsError(_NO_PYTHON)
    return answer


def who() -> str:
    """Who runs this, for what outlives the run: a host's record of a change that it took back, and a report."""
    user = "somebody"
    with suppress(OSError, KeyError):
        user = getpass.getuser()
    return f"{user}@{socket.gethostname()}"


def _no_python(answer: Mapping[str, Any]) -> bool:
    """Whether the host's shell, and nobody else, says that there is no Python to run a module with.

    It may do so on standard output, where Ansible asks for a terminal. A module that fails may name such a file too,
    after it has changed something.
    """
    out, error = (str(answer.get(name) or "").strip() for name in ("module_stdout", "module_stderr"))
    if answer.get("rc") != _NOT_FOUND or "Traceback" in out + error:
        return False
    return any(map(_SHELL.fullmatch, [out] if out else error.splitlines()))
