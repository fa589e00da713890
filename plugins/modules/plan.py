#!/usr/bin/python
# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Plan the print ports of all hosts of an inventory, without touching any
author: printnet.ports contributors (@printnet)
version_added: 0.1.0
description:
  - Works out for every host of the inventory which rules it needs, from the catalog of flows and the addresses that the
    inventory knows, and shows who talks to whom, and why.
  - It refuses a plan that is not the approved one, and one in which a component loses its addresses, before anything is
    touched.
  - It runs on the controller alone. The host that the task runs on only lends its variables, so run it once.
options:
  file:
    description:
      - A file for the plan, JSON. Where it holds an earlier plan, RV(changes) has what comes and goes since, and the
        views show only that.
      - A relative path begins at the playbook's folder; with a playbook of this collection, where Ansible was started.
    type: str
  folder:
    description:
      - A folder for the views of the plan. It gets the tables as text, a CSV file for a firewall change request, the
        same as JSON, and a picture of the estate in the language of Mermaid.
      - For each host whose C(printnet_apply) is false it also gets variables for the role
        C(fedora.linux_system_roles.firewall).
    type: str
  write_topology:
    description:
      - Whether to write all addresses to the file that C(printnet_topology_file) names. Later runs read it, so that one
        that sees a part of the inventory only, as a job slice does, comes to the same rules.
      - Without this, such a file is read and not written.
    type: bool
    default: false
  approved:
    description:
      - The digest of the plan that was approved, or its first 12 characters or more. Any other plan is refused.
    type: str
  max_shrink:
    description:
      - How many percent of its addresses a component may lose against the plan in O(file), of all hosts together and of
        the networks that one host names.
    type: float
    default: 10.0
  show:
    description:
      - What is printed. V(flows) has a line a flow, V(hosts) what each host lets in and sends, V(network) what a
        network team has to let through between networks.
    type: list
    elements: str
    choices: [flows, hosts, network]
    default: []
requirements:
  - The Python library C(netaddr) on the controller.
attributes:
  action:
    description: Runs on the controller alone.
    support: full
  check_mode:
    description: Plans and shows, and writes no file.
    support: full
  diff_mode:
    description: What comes and goes is in RV(changes).
    support: none
  idempotent:
    description: A plan that is in its file already is not written again.
    support: full
  platform:
    description: Touches no host.
    platforms: all
    support: full
notes:
  - Names that the controller cannot resolve end the task, all of them in one message.
seealso:
  - module: printnet.ports.firewall
"""

EXAMPLES = r"""
- name: Plan the whole estate, and keep it for a comparison
  printnet.ports.plan:
    file: "{{ playbook_dir }}/print-plan.json"
    show: [flows]
  run_once: true

- name: Write what a network team asks for
  printnet.ports.plan:
    folder: "{{ playbook_dir }}/change-request"
  run_once: true
"""

RETURN = r"""
digest:
  description: The plan's name. Equal plans have equal ones.
  type: str
  returned: success
  sample: 5f2c...
managed:
  description: The hosts that this run sees and that have a part to play, with their components.
  type: list
  elements: dict
  returned: success
  sample: [{"host": "vpsx1", "components": ["vpsx", "dis"]}]
absent:
  description:
    - The hosts that this run sees and on which the rules of components are to go, though they stay in their groups,
      because a variable such as C(vpsx_state) is V(absent) there.
  type: list
  elements: dict
  returned: success
  sample: [{"host": "vpsx2", "components": ["vpsx"]}]
windows:
  description:
    - Those of RV(managed) and RV(absent) that run Windows, as C(ansible_connection) or C(ansible_shell_type) says. This
      version changes nothing there. The playbooks C(printnet.ports.site) and C(printnet.ports.remove) leave them out.
  type: list
  elements: str
  returned: success
  sample: [mve1]
residents:
  description:
    - The hosts that count as having a component because they are of what it lives on, as workstations do where there
      is no group C(pdm). Nothing is planned for it there; the role's own playbook looks after its rules.
  type: list
  elements: dict
  returned: success
  sample: [{"host": "workstation1", "components": ["pdm", "pullsvc"]}]
outside:
  description: Hosts of the inventory that are parties only, such as printers.
  type: list
  elements: str
  returned: success
  sample: [printer1, workstation1]
left_out:
  description:
    - The hosts to which the playbook C(printnet.ports.remove) does not go. Those are printers and Windows hosts that
      C(--limit) does not name, and hosts whose names Ansible takes for patterns.
  type: list
  elements: str
  returned: success
  sample: [printer1]
sources:
  description:
    - Those of RV(outside) from which the compliance check can try flows, all but printers. C(printnet_probe_from) names
      the components where they are others.
  type: list
  elements: str
  returned: success
  sample: [workstation1]
written:
  description: The files that were written; in check mode those that would be.
  type: list
  elements: str
  returned: success
  sample: [/home/admin/print-plan.json]
changes:
  description: What comes and goes since the plan that the file held; empty where there was none.
  type: list
  elements: dict
  returned: success
  contains:
    host:
      description: Whose rule it is.
      type: str
      sample: vpsx1
    component:
      description: For which component.
      type: str
      sample: vpsx
    direction:
      description: V(in) or V(out).
      type: str
      sample: in
    flow:
      description: The flow that asks for it.
      type: str
      sample: pdm-vpsx-lpr
    transport:
      description: V(tcp) or V(udp).
      type: str
      sample: tcp
    port:
      description: The port, or a range.
      type: str
      sample: "515"
    source_port:
      description: The source's port; empty for all.
      type: str
      sample: ""
    came:
      description: Networks that are let in, or sent to, from now on.
      type: list
      elements: str
      sample: [198.51.100.0/24]
    went:
      description: Networks that are so no more.
      type: list
      elements: str
      sample: []
"""
