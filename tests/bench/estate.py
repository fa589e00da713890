# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a large inventory costs the controller, beside one pass of Ansible over the same hosts' variables.

Each line is a process of its own. Times are those of the processor, in which waiting for others does not count.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROLES = ("vpsx", "serverx", "netx", "webconnect", "dis", "mfpsecure", "mve")
CURVE = ((10, 100, 20), (100, 1_000, 80), (1_000, 10_000, 80), (1_000, 10_000, 20_000), (1_000, 100_000, 80))
"""Servers, printers as hosts of the inventory, and networks of workstations."""


def inventory(servers: int, printers: int, networks: int) -> dict[str, Any]:
    """An inventory as a script gives it. No two printers are next to each other, so nothing can be merged."""
    hosts = {f"server{n}": {"ansible_host": f"10.254.{n // 250}.{n % 250 + 1}"} for n in range(servers)}
    hosts |= {f"printer{n}": {"ansible_host": f"10.{n >> 15}.{n >> 7 & 255}.{n % 128 * 2}"} for n in range(printers)}
    groups: dict[str, Any] = {
        role: {"hosts": [f"server{n}" for n in range(servers) if n % len(ROLES) == number]}
        for number, role in enumerate(ROLES)
    }
    groups["printer"] = {"hosts": [f"printer{n}" for n in range(printers)]}
    workstations = [f"172.{16 + (n >> 11)}.{n >> 3 & 255}.{n % 8 * 32}/28" for n in range(networks)]
    known = {"workstation": workstations, "dns_server": ["10.255.0.53"]}
    return {**groups, "all": {"vars": {"printnet_networks": known}}, "_meta": {"hostvars": hosts}}


def measure(source: str, folder: str) -> dict[str, float]:
    """Milliseconds and megabytes of what a run does with the inventory."""
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader
    from ansible.template import Templar
    from ansible.vars.hostvars import HostVars
    from ansible.vars.manager import VariableManager

    init_plugin_loader()
    from ansible_collections.printnet.ports.plugins.plugin_utils import _plan, _site_plan
    from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call, Places

    loader = DataLoader()
    known = InventoryManager(loader=loader, sources=[source])
    manager = VariableManager(loader=loader, inventory=known)
    hostvars = HostVars(known, manager, loader)
    found: dict[str, float] = {}

    def timed(what: str, began: float) -> None:
        found[what] = (time.process_time() - began) * 1000

    def call(host: str) -> Call:
        variables = {**manager.get_vars(host=known.get_host(host)), "hostvars": hostvars}
        return Call(variables, Templar(loader=loader, variables=variables).template, Places(Path(folder)))

    def rules(one: Call, component: str) -> None:
        estate = one.estate([component], ["in", "out"])
        _plan.rules([_plan.share(estate, one.host, component, one.own_options(component))])

    first, second, third = (call(f"server{number}") for number in (0, 7, 1))
    for name in known.hosts:  # whatever Ansible does only once is done before the clock starts
        hostvars.raw_get(name)
    began = time.process_time()
    for name in known.hosts:
        hostvars.raw_get(name)
    timed("pass", began)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    rules(first, "vpsx")
    timed("first", began)
    began = time.process_time()
    rules(second, "vpsx")
    timed("next", began)
    began = time.process_time()
    _site_plan.site_plan(third.inventory())
    timed("site", began)
    found["memory"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    return found


def main() -> None:
    print(
        "  servers  printers  networks   Ansible's pass   first host beside it   each further host   all hosts   memory"
    )
    for servers, printers, networks in CURVE:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "inventory"
            text = json.dumps(inventory(servers, printers, networks))
            path.write_text(f"#!/usr/bin/env python3\nprint({text!r})\n", encoding="ascii")
            path.chmod(0o755)
            found = json.loads(subprocess.check_output([sys.executable, __file__, str(path), folder], text=True))
        print(
            f"  {servers:>7,}  {printers:>8,}  {networks:>8,}   {found['pass']:>11,.0f} ms   "
            f"{found['first'] - found['pass']:>17,.0f} ms   {found['next']:>14,.0f} ms   "
            f"{found['site'] - found['pass']:>6,.0f} ms   {found['memory']:>3,.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1], sys.argv[2])))
    else:
        main()
