#!/usr/bin/python
# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compliance_info
short_description: Look at a host for the compliance check, and try its flows from there
author: printnet.ports contributors (@printnet)
version_added: 0.1.0
description:
  - Looks at the host's firewall rules, saved and live, and at what listens on the host.
  - Then it makes a real connection from the host to each place where one of its flows goes, many at once. It speaks the
    protocol of the flow where there is a public one.
  - It changes nothing. M(printnet.ports.compliance) makes a report of what all hosts tell.
options:
  timeout:
    description: How many seconds each connection may take. By default what C(printnet_probe_timeout) says, or 2.
    type: float
    default: 2
  at_once:
    description: How many connections are made at once. By default what C(printnet_probe_at_once) says.
    type: int
    default: 64
  rate:
    description: How many connections a second are begun; V(0) is no limit. C(printnet_probe_rate) says otherwise.
    type: float
    default: 0
  gentle_rate:
    description: How many print ports of printers are tried a second. C(printnet_probe_print_rate) says otherwise.
    type: float
    default: 1
  deadline:
    description: How many seconds all connections may take together. C(printnet_probe_deadline) says otherwise.
    type: float
    default: 300
  gentle_deadline:
    description: How many seconds printers' print ports may be tried. The action plugin fills it in, as O(targets).
    type: float
  snmp_community:
    description: The community that printers are asked with. By default what C(printnet_snmp_community) says.
    type: str
    default: public
  targets:
    description: What the controller worked out. It is filled in by the action plugin and refused in a task.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: An IP address.
        type: str
        required: true
      port:
        description: The port.
        type: int
        required: true
      transport:
        description: The transport.
        type: str
        choices: [tcp, udp]
        default: tcp
      protocol:
        description: What is spoken; see M(printnet.ports.probe).
        type: str
        default: connect
      timeout:
        description: Seconds.
        type: float
      source_port:
        description: The port to send from.
        type: int
      server_name:
        description: The name to ask for in TLS.
        type: str
      gentle:
        description: Whether it is tried slowly.
        type: bool
        default: false
requirements:
  - Root on the host, usually by C(become), to see its rules and its processes. Without it all else is told.
  - Python 3.9 or later on the host.
  - The Python library C(netaddr) on the controller.
extends_documentation_fragment:
  - printnet.ports.known
  - printnet.ports.looks_only
attributes:
  action:
    description: Has a part that runs on the controller.
    support: full
  action_group:
    description: Has defaults in common with others, by C(group/printnet.ports.probe) in C(module_defaults).
    support: full
    membership:
      - printnet.ports.probe
notes:
  - The variables C(printnet_probe_print_ports), C(printnet_probe_print_window) and C(printnet_probe_sample) say which
    printers are tried; C(docs/compliance.md) has all of them.
seealso:
  - module: printnet.ports.compliance
  - module: printnet.ports.probe
  - module: printnet.ports.firewall_info
"""

EXAMPLES = r"""
- name: Look at the host, and try its flows
  printnet.ports.compliance_info:
  become: true
  register: printnet_observed

- name: Write the report
  printnet.ports.compliance:
    observed: printnet_observed
    folder: reports
  run_once: true
"""

RETURN = r"""
not_managed:
  description: Whether the host is one that this version does not look at, such as one with Windows.
  type: bool
  returned: where it is V(true)
  sample: true
asked:
  description: The controller's time when the host was asked, in seconds since 1970; what its clock is compared with.
  type: float
  returned: where the host was looked at
  sample: 1769860800.25
root:
  description: Whether it was looked at as root. If not, rules and processes of others are not among what was seen.
  type: bool
  returned: where the host was looked at
  sample: true
why:
  description: Why the host was not looked at, or not as root; empty where it was.
  type: str
  returned: success
  sample: ""
time:
  description: The host's own time, UTC.
  type: str
  returned: where the host was looked at
  sample: "2026-01-31T12:00:00Z"
system:
  description: The name of the system.
  type: str
  returned: where the host was looked at
  sample: Debian GNU/Linux 13 (trixie)
rules:
  description: What M(printnet.ports.firewall_info) returns, with RV(ignore:seen) and RV(ignore:why).
  type: dict
  returned: where the host was looked at
  sample: {"seen": true, "why": "", "firewall": "ufw"}
listeners:
  description: What listens on the host.
  type: list
  elements: dict
  returned: where the host was looked at
  contains:
    transport:
      description: V(tcp) or V(udp).
      type: str
      sample: tcp
    address:
      description: The address that it is bound to; V(0.0.0.0) and V(::) are any.
      type: str
      sample: 0.0.0.0
    port:
      description: The port.
      type: int
      sample: 515
    serves:
      description: The IP versions that reach it.
      type: list
      elements: int
      sample: [4]
    process:
      description: The program; empty where it can't be seen.
      type: str
      sample: cupsd
    pid:
      description: The number of its process, or 0.
      type: int
      sample: 812
    unit:
      description: Its systemd unit; empty where there is none.
      type: str
      sample: cups.service
probes:
  description: What the connections came to, as M(printnet.ports.probe) returns it, by what was tried.
  type: dict
  returned: where the host was looked at
  sample: {"snmp udp/161 192.0.2.7": {"outcome": "answered", "ms": 1.5}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.printnet.ports.plugins.module_utils import _oldest
from ansible_collections.printnet.ports.plugins.module_utils._arguments import COMPLIANCE_INFO


def main() -> None:
    """Look at the host."""
    module = _oldest.checked(AnsibleModule(argument_spec=COMPLIANCE_INFO, supports_check_mode=True))
    from ansible_collections.printnet.ports.plugins.module_utils import _compliance_info

    _compliance_info.main(module)


if __name__ == "__main__":
    main()
