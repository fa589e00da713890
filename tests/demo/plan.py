# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints what each host of an inventory would receive, from whom and why. Touches no host."""

from __future__ import annotations

import sys
from typing import Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.printnet.ports.plugins.module_utils._rules import peer_text, span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _plan
from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError


def main(source: str) -> int:
    """Print the plan of the inventory."""
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[source])
    manager = VariableManager(loader=loader, inventory=inventory)
    HostVars(inventory=inventory, variable_manager=manager, loader=loader)
    status = 0
    for host in inventory.get_hosts():
        variables: dict[str, Any] = manager.get_vars(host=host)
        call = Call(variables, Templar(loader=loader, variables=variables).template)
        components = [group.name for group in host.get_groups() if group.name in call.catalog.components]
        try:
            show(call, host.name, components)
        except PortsError as wrong:
            print(f"{wrong.message}\n")
            status = 1
    return status


def show(call: Call, host: str, components: list[str]) -> None:
    """Print one host's share."""
    if not components:
        return
    estate = call.estate(components, ("in",))
    shares = [_plan.share(estate, host, name, call.own_options(name), ("in",)) for name in components]
    print(f"{host} ({', '.join(components)})")
    for share in shares:
        for want in share.wants:
            flow = want.flow
            place = flow.documents[0] if flow.documents else None
            line = f"{place.document} line {place.line}" if place else "no document"
            port = f"{flow.transport}/{span_text(want.port)}"
            print(f"  {port:<10}{flow.source:<17}{flow.purpose}  [{line}]")
            print(f"  {'':<10}{' '.join(map(peer_text, want.peers))}")
    for warning in _plan.unknown_report(estate, host, shares):
        print("  " + warning.replace("\n", "\n  "))
    print()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
