#!/usr/bin/python
# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall
short_description: Open exactly the ports that print components need
author: printnet.ports contributors (@printnet)
version_added: 0.1.0
description:
  - Plans on the controller which rules the named components need on the host, from the catalog of the vendors' flows
    and from the inventory, and makes the host's firewall have exactly these.
  - Each component's rules are kept apart on the host, so one is changed or removed without another.
  - What others have in the firewall is not touched, and their drops win over these rules.
  - The rules are live and saved when the task ends. They survive a reload, a restart and a reboot.
  - This version drives firewalld, and opens what the host receives.
options:
  components:
    description:
      - The components whose rules are meant, such as V(vpsx).
      - The host should be in the group of each, which is the one of the same name or what C(printnet_groups) says;
        otherwise other hosts do not know of it.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(present) makes the rules of each component exactly what it needs, V(absent) removes them.
    type: str
    choices: [present, absent]
    default: present
  firewall:
    description:
      - The firewall to change. With V(auto) it is the one that is active on the host.
      - Where none is active, there is nothing to open, and the task says so in a warning.
    type: str
    choices: [auto, firewalld]
    default: auto
  owners:
    description:
      - What the controller planned. It is filled in by the action plugin and refused in a task.
    type: list
    elements: dict
    default: []
    suboptions:
      owner:
        description: Whose rules they are.
        type: str
        required: true
      short:
        description: The owner's short name, at most nine characters.
        type: str
        required: true
      rules:
        description: The rules.
        type: list
        elements: dict
        default: []
        suboptions:
          direction:
            description: V(in) for what the host receives, V(out) for what it sends.
            type: str
            choices: [in, out]
            required: true
          transport:
            description: The transport.
            type: str
            choices: [tcp, udp]
            required: true
          ports:
            description: The destination's ports, each a number or a range.
            type: list
            elements: str
            required: true
          source_ports:
            description: The source's ports, each a number or a range; empty for all.
            type: list
            elements: str
            default: []
          peers:
            description: The networks at the other end.
            type: list
            elements: str
            required: true
          flows:
            description: The flows that ask for the rule.
            type: list
            elements: str
            default: []
requirements:
  - Root on the host, usually by C(become).
  - The Python library C(netaddr) on the controller.
  - Python 3.9 or later on the host, with the C(dbus) library that firewalld itself depends on; it may belong to another
    interpreter than the one that Ansible uses.
attributes:
  action:
    description: Has a part that runs on the controller.
    support: full
  check_mode:
    description: Predicts exactly what the task would change, and changes nothing.
    support: full
  diff_mode:
    description: Shows the saved and the live rules before and after.
    support: full
  idempotent:
    description: Run again, it changes nothing.
    support: full
  platform:
    description: Where it works.
    platforms: linux
    support: full
notes:
  - The variables C(printnet_groups), C(printnet_networks), C(printnet_addresses), C(printnet_unknown_peers),
    C(printnet_features), C(printnet_overrides), C(printnet_extra_flows), C(printnet_extra_components) and
    C(printnet_documents), and the components' own options, are read from the inventory.
  - A port is opened to everybody only where C(printnet_networks) says V(any).
  - Peers in more than eight networks of an IP version are kept in a set, which firewalld before 1.0 does with C(ipset).
  - To make a policy or a set, firewalld needs one reload. Where others have rules that are live and not saved, which a
    reload would drop, the task fails and names them.
seealso:
  - plugin: printnet.ports.flows
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Open what VPSX receives
  printnet.ports.firewall:
    components: [vpsx]
  become: true

- name: Open what two products on one host receive, in one step
  printnet.ports.firewall:
    components: [vpsx, dis]
  become: true

- name: Take the rules of VPSX away again
  printnet.ports.firewall:
    components: [vpsx]
    state: absent
  become: true
"""

RETURN = r"""
firewall:
  description: The firewall that was changed; empty where none is active.
  type: str
  returned: success
  sample: firewalld
rules:
  description: What is opened, in its one form, with the flows that ask for it.
  type: list
  elements: dict
  returned: success
  contains:
    owner:
      description: Whose rule it is.
      type: str
      sample: printnet.ports/vpsx
    direction:
      description: V(in) or V(out).
      type: str
      sample: in
    transport:
      description: V(tcp) or V(udp).
      type: str
      sample: tcp
    ports:
      description: Ports and ranges of ports.
      type: list
      elements: str
      sample: ["515", "5500-5501"]
    source_ports:
      description: The source's ports; empty for all.
      type: list
      elements: str
      sample: []
    peers:
      description: The networks at the other end, or V(any).
      type: list
      elements: str
      sample: [192.0.2.0/24, "2001:db8::/32"]
    flows:
      description: The identifiers of the flows.
      type: list
      elements: str
      sample: [pdm-vpsx-lpr]
before:
  description: The saved and the live rules before the task, by owner.
  type: dict
  returned: success
  sample: {"printnet.ports/vpsx": {"saved": [], "live": []}}
after:
  description: The saved and the live rules after the task, by owner; in check mode what they would be.
  type: dict
  returned: success
  sample: {"printnet.ports/vpsx": {"saved": ["in tcp 515 from 192.0.2.0/24"], "live": ["in tcp 515 from 192.0.2.0/24"]}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.printnet.ports.plugins.module_utils import _firewall_module


def main() -> None:
    """Make the host's firewall have exactly what the controller planned."""
    _firewall_module.main(AnsibleModule(argument_spec=_firewall_module.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
