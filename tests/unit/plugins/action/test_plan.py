# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plan in a run of ansible-playbook: what it says of the variables of hosts that it does not run on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

INVENTORY = """
[vpsx]
v1 ansible_host=192.0.2.1 printnet_netwroks=5
v2 ansible_host=192.0.2.2 vpsx_submision_port=443

[lexmark_printer]
lex01 ansible_host=192.0.2.9 printnet_adresses=192.0.2.9
"""


def test_misspelt_variables_of_all_hosts_are_told_once(ansible_playbook: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text(INVENTORY, encoding="ascii")
    networks = 'printnet_networks={"workstation":["198.51.100.0/24"]}'
    told = ansible_playbook(tmp_path, "-i", "hosts.ini", "-e", networks, "printnet.ports.plan", COLUMNS="300")
    told = " ".join(told.split())
    for host, name in (("v1", "printnet_netwroks"), ("v2", "vpsx_submision_port"), ("lex01", "printnet_adresses")):
        assert f"{host}: The variable {name} is unknown and has no effect" in told
        assert told.count(name) == 1
    assert "198.51.100.0/24" in told
