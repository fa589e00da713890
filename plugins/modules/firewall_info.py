#!/usr/bin/python
# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_info
short_description: See what a host's firewall has of print components, and what stands in their way
author: printnet.ports contributors (@printnet)
version_added: 0.1.0
description:
  - Shows the rules that M(printnet.ports.firewall) made on the host, saved and live, and the rules of others that open
    or block a port of the catalog.
  - It shows also what is left in a firewall that is not active any more, a change that waits for its confirmation, and
    the changes that the host took back by itself.
  - It changes nothing and keeps no other run waiting.
options:
  owners:
    description:
      - The components, such as V(vpsx), or the owners of rules by hand, such as V(backup), that are to be shown.
      - By default all of which there is something on the host.
    type: list
    elements: str
  firewall:
    description:
      - The firewall to look at, V(firewalld), V(ufw), V(nftables) or V(iptables). It has to be active.
      - With V(auto) it is the one that is active on the host. Where none or more than one is, RV(firewall) is empty and
        RV(notes) say why.
    type: str
    default: auto
requirements:
  - Root on the host, usually by C(become).
  - Python 3.9 or later on the host; for firewalld, any one with the library C(dbus), which RHEL 8 and SLE 15 lack.
extends_documentation_fragment:
  - printnet.ports.known
  - printnet.ports.looks_only
attributes:
  action:
    description: Has a part that runs on the controller.
    support: full
  action_group:
    description: Has defaults in common with others, by C(group/printnet.ports.firewall) in C(module_defaults).
    support: full
    membership:
      - printnet.ports.firewall
notes:
  - A rule of somebody else of which one word is not understood is left out of RV(foreign). Nothing is said rather than
    something wrong.
  - The variables C(printnet_extra_flows), C(printnet_extra_components), C(printnet_documents), C(printnet_features) and
    C(printnet_overrides), and the components' own options, are read from the inventory. They say which flow is on which
    port.
seealso:
  - module: printnet.ports.firewall
  - plugin: printnet.ports.flows
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: See what the firewall has of print components
  printnet.ports.firewall_info:
  become: true
  register: seen

- name: Tell of rules that block print flows
  ansible.builtin.debug:
    msg: "{{ seen.foreign | rejectattr('opens') | map(attribute='where') }}"

- name: Fail where what is saved is not what is live
  ansible.builtin.assert:
    that: seen.owners.values() | rejectattr('in_step') | length == 0

- name: See the rules of VPSX and those of an owner by hand
  printnet.ports.firewall_info:
    owners: [vpsx, backup]
  become: true
"""

RETURN = r"""
firewall:
  description: The firewall that was looked at; empty where none is active, or more than one.
  type: str
  returned: success
  sample: firewalld
firewalls:
  description: The firewalls that the collection knows.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Its name.
      type: str
      sample: firewalld
    active:
      description: Whether it filters now.
      type: bool
      sample: true
    starts_at_boot:
      description: Whether it is switched on for the next boot.
      type: bool
      sample: true
owners:
  description: What the firewall has of each owner, by the owner's name, which is a key such as V(printnet.ports/vpsx).
  type: dict
  returned: success
  contains:
    short:
      description: The owner's short name, which stands in the names that the firewall keeps.
      type: str
      sample: vpsx
    saved:
      description: The saved rules, a line each. A line that begins with C(not as it should be) tells of something else.
      type: list
      elements: str
      sample: ["in tcp 515 from 192.0.2.0/24"]
    live:
      description: The live rules in the same form.
      type: list
      elements: str
      sample: ["in tcp 515 from 192.0.2.0/24"]
    rules:
      description: The live rules in their one form, as O(printnet.ports.firewall#module:rules) takes them.
      type: list
      elements: dict
      sample:
        - direction: in
          transport: tcp
          ports: ["515"]
          source_ports: []
          peers: [192.0.2.0/24]
    saved_rules:
      description: The saved rules in the same form.
      type: list
      elements: dict
      sample:
        - direction: in
          transport: tcp
          ports: ["515"]
          source_ports: []
          peers: [192.0.2.0/24]
    in_step:
      description: Whether what is live is what is saved.
      type: bool
      sample: true
foreign:
  description: The live rules of others that have to do with a port of the catalog.
  type: list
  elements: dict
  returned: success
  contains:
    opens:
      description: Whether the rule lets in, or out, what it is about. If not, it blocks it.
      type: bool
      sample: false
    direction:
      description: V(in) for what the host receives, V(out) for what it sends.
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
      sample: ["515"]
    source_ports:
      description: The source's ports; empty for all.
      type: list
      elements: str
      sample: []
    peers:
      description: The networks at the other end, or V(any).
      type: list
      elements: str
      sample: [198.51.100.0/24]
    where:
      description: Where it stands.
      type: str
      sample: firewalld, zone public, rule port port="515" protocol="tcp" drop
    only:
      description:
        - What a rule asks for besides, as V(comes by eth0) or V(is sent to 192.0.2.10); empty where it is about all of
          it. Of ufw only those that block say so.
      type: str
      sample: ""
    flows:
      description: The identifiers of the flows whose port it touches, whether they are on or off.
      type: list
      elements: str
      sample: [pdm-vpsx-lpr]
egress:
  description: Whether what the host sends is V(denied) by default, or V(open); empty where no firewall was looked at.
  type: str
  returned: success
  sample: open
leftovers:
  description:
    - What firewalls that are not active have of the owners, in lines, by the name of the firewall. It is looked for by
      the owners that are asked for, or by the catalog's and those that were found.
  type: dict
  returned: success
  sample: {"firewalld": ["/etc/firewalld/policies/pnports1-vpsx.xml"]}
restored:
  description:
    - The changes that the host took back by itself, oldest first. They stay until a run of
      M(printnet.ports.firewall) has told of them.
  type: list
  elements: dict
  returned: success
  contains:
    time:
      description: When.
      type: str
      sample: 2026-01-31 12:00:30 UTC
    run:
      description: Whose change it was.
      type: str
      sample: admin@controller
    armed:
      description: When that change was made.
      type: str
      sample: 2026-01-31 12:00:00 UTC
    cause:
      description: Why it was taken back.
      type: str
      sample: nobody confirmed it over a new connection within 30 seconds
    sentence:
      description: All of it in a sentence.
      type: str
      sample: On 2026-01-31 12:00:30 UTC this host put its firewall rules of printnet.ports/vpsx back to what they were.
pending:
  description: The change that waits for its confirmation; empty where none does.
  type: dict
  returned: success
  contains:
    run:
      description: Whose change it is.
      type: str
      sample: admin@controller
    armed:
      description: When it was made.
      type: str
      sample: 2026-01-31 12:00:00 UTC
    seconds_left:
      description: The seconds until the host takes it back.
      type: int
      sample: 17
    firewall:
      description: The firewall that it changes.
      type: str
      sample: firewalld
    owners:
      description: Whose rules it changes.
      type: list
      elements: str
      sample: [printnet.ports/vpsx]
notes:
  description: What else an administrator has to know, a sentence each.
  type: list
  elements: str
  returned: success
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.printnet.ports.plugins.module_utils import _oldest
from ansible_collections.printnet.ports.plugins.module_utils._arguments import INFO


def main() -> None:
    """See what the host's firewall has."""
    module = _oldest.checked(AnsibleModule(argument_spec=INFO, supports_check_mode=True))
    from ansible_collections.printnet.ports.plugins.module_utils import _firewall_info

    _firewall_info.main(module)


if __name__ == "__main__":
    main()
