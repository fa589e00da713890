# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a host receives as variables for the role fedora.linux_system_roles.firewall.

For hosts whose firewall is somebody else's: that team's role opens what the plan says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY
from ansible_collections.printnet.ports.plugins.module_utils._standing import OWNER
from ansible_collections.printnet.ports.plugins.plugin_utils import _plan
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, nearest, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._render import plain
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan

_MANY = 500
_HEAD = """\
# What {host} receives: {components}.
# Variables for the role fedora.linux_system_roles.firewall, which works with firewalld.
# - They add rules to the default zone. Where packets come in by another, add zone: to each entry.
# - The role removes nothing that is not named: what an earlier plan opened has to be named with state: disabled.
# - What the host sends is not in it: the role has no words for outgoing packets.
"""


def as_system_role(plan: SitePlan, host: str) -> str:
    """YAML, a list ``firewall`` of one entry an owner and peers; a PortsError where the plan has no such host."""
    if host not in plan.hosts:
        raise PortsError(f"The plan has no host {shown(host)}{nearest(host, plan.hosts)}")
    planned = plan.hosts[host]
    lines: list[str] = []
    left_out: list[str] = []
    rules = 0
    for owner in _plan.rules(planned.shares):
        for rule in owner["rules"]:
            if rule["direction"] != "in":
                continue
            flows = f"{owner['owner'].removeprefix(OWNER)}: {', '.join(rule['flows'])}"
            if rule["source_ports"]:
                left_out.append(
                    f"# - Not in it: {flows}. A rich rule of firewalld matches no source port beside a port."
                )
                continue
            entry, count = _entry(rule)
            lines += [f"  # {flows}", *entry]
            rules += count
    if rules > _MANY:
        left_out.append(
            f"# - It has {rules} rules. Ask the team for a set of addresses instead, an ipset of firewalld."
        )
    head = _HEAD.format(host=plain(host), components=", ".join(planned.components))
    body = "\n".join(["firewall:", *lines]) if lines else "firewall: []"
    return "---\n" + head + "".join(f"{line}\n" for line in left_out) + body + "\n"


def _entry(rule: Mapping[str, Any]) -> tuple[list[str], int]:
    """One entry's lines, and how many rules of firewalld it makes."""
    key, values = ("port", [f"{port}/{rule['transport']}" for port in rule["ports"]])
    if tuple(rule["peers"]) != EVERYBODY:
        key, values = ("rich_rule", list(_rich_rules(rule)))
    # JSON's text is YAML's as well, quoted.
    lines = [f"  - {key}:", *(f"      - {json.dumps(value)}" for value in values), "    state: enabled"]
    return [*lines, "    permanent: true", "    runtime: true"], len(values)


def _rich_rules(rule: Mapping[str, Any]) -> Iterator[str]:
    for peer in rule["peers"]:
        family = "ipv6" if ":" in peer else "ipv4"
        for port in rule["ports"]:
            to = f'port port="{port}" protocol="{rule["transport"]}"'
            yield f'rule family="{family}" source address="{peer}" {to} accept'
