# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible inventory of a running lab: reaches its hosts from the machine's own network, through the lab."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

from .client import Lab
from .rootfs import ssh_key
from .spec import Host

CONNECT = Path(__file__).parent / "connect.py"


def ssh_options(lab: Lab) -> list[str]:
    """What ssh needs to reach any host of the lab."""
    proxy = shlex.join([sys.executable, "-I", "-S", str(CONNECT), lab.name])
    options = {
        "ProxyCommand": f"{proxy.replace('%', '%%')} %h %p",
        "ProxyUseFdpass": "yes",
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "GlobalKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
    }
    return ["-F", "none", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]


def ssh_command(lab: Lab, host: Host) -> list[str]:
    return ["ssh", *ssh_options(lab), "-i", str(ssh_key()), f"root@{host.main_address}"]


def inventory(lab: Lab) -> dict[str, Any]:
    """The inventory as a mapping, in the form of Ansible's YAML inventories."""
    groups: dict[str, Any] = {}
    ungrouped: dict[str, None] = {}
    for host in lab.spec.hosts:
        for group in host.groups:
            groups.setdefault(group, {"hosts": {}})["hosts"][host.name] = None
        if not host.groups:
            ungrouped[host.name] = None
    if ungrouped:
        groups["ungrouped"] = {"hosts": ungrouped}
    hosts = {host.name: _host_vars(host) for host in lab.spec.hosts}
    return {"all": {"hosts": hosts, "children": groups, "vars": _common_vars(lab)}}


def script_inventory(lab: Lab) -> dict[str, Any]:
    """The same, in the form that Ansible wants from an executable inventory."""
    everything = inventory(lab)["all"]
    groups = {name: {"hosts": list(group["hosts"])} for name, group in everything["children"].items()}
    return {
        **groups,
        "all": {"children": list(groups), "vars": everything["vars"]},
        "_meta": {"hostvars": everything["hosts"]},
    }


def _host_vars(host: Host) -> dict[str, Any]:
    return {
        "ansible_host": str(host.main_address),
        "printnet_addresses": [str(address) for address in host.addresses],
        **host.vars,
    }


def _common_vars(lab: Lab) -> dict[str, Any]:
    # A control path of this very lab: two labs may well use the same addresses.
    control_path = f"%(directory)s/{lab.name}-{int(lab.since * 10) % 0xFFFFF:x}-%%r-%%h"
    return {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(ssh_key()),
        "ansible_ssh_common_args": shlex.join(ssh_options(lab)),
        "ansible_control_path": control_path,
        "ansible_python_interpreter": "/usr/bin/python3",
    }
