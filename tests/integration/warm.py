# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each run of Ansible would load again: a process that imports this has it, and so have its forks."""

from __future__ import annotations

from pathlib import Path

import ansible.cli
from ansible.plugins import loader

_COLLECTION = "printnet.ports"
_ACTIONS = Path(__file__).parents[2] / "plugins/action"

loader.init_plugin_loader()
for _path in sorted(_ACTIONS.glob("*.py")):
    loader.action_loader.get(f"{_COLLECTION}.{_path.stem}", class_only=True)
for _kind, _name in (
    (loader.connection_loader, "ssh"),
    (loader.shell_loader, "sh"),
    (loader.become_loader, "sudo"),
    (loader.strategy_loader, "linear"),
):
    _kind.get(_name, class_only=True)
# Once is enough, and Ansible warns of a second time.
ansible.cli.init_plugin_loader = lambda *_arguments: None
