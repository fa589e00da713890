#!/usr/bin/python
# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: compliance
short_description: Prove each print flow of an estate, or say why it does not work
author: printnet.ports contributors (@printnet)
version_added: 0.1.0
description:
  - Judges what M(printnet.ports.compliance_info) saw on the hosts against the plan of the whole estate. It gives a
    verdict for each flow and each two hosts, and for each port that is open though no flow asks for it.
  - It writes one report in several forms, prints it in short, and fails where the estate is not compliant.
  - It runs on the controller alone. The host that the task runs on only lends its variables, so run it once.
options:
  observed:
    description:
      - The name of the variable that each host has registered. A host of the play that has none counts as failed, and
        one outside the play as left out by a limit.
    type: str
    default: printnet_observed
  folder:
    description:
      - A folder for reports. Each run makes a folder of its own in it, named as the run, and never writes over another.
      - A relative path begins at the playbook's folder; with a playbook of this collection, where Ansible was started.
    type: str
  formats:
    description: The forms that are written; by default all of them.
    type: list
    elements: str
    choices: [json, csv, junit, html, text]
  baseline:
    description: The file C(compliance.json) of an earlier report. The report then says what came and what went since.
    type: str
  accepted:
    description:
      - Findings that somebody answers for. They are V(ACCEPTED) until their day is over, and then what they were.
    type: list
    elements: dict
    default: []
    suboptions:
      code:
        description: The code of the finding.
        type: str
        required: true
      reason:
        description: Why it is accepted.
        type: str
        required: true
      approver:
        description: Who answers for it.
        type: str
        required: true
      until:
        description: The last day on which it is accepted, such as V(2027-03-31), on the controller's clock.
        type: str
        required: true
      flow:
        description: The flow. It may have V(*) in it, as the two ends may.
        type: str
        default: '*'
      source:
        description: The source, a host or a component.
        type: str
        default: '*'
      destination:
        description: The destination, a host or a component.
        type: str
        default: '*'
  fail_on:
    description:
      - The codes that make the task fail. By default all that are faults.
      - An open port that no print product uses is never among them.
    type: list
    elements: str
  report_only:
    description: Whether faults are told as warnings, so that the task does not fail. Meant for the first week.
    type: bool
    default: false
  store:
    description: A second folder that gets the same files, one that outlives the controller.
    type: str
  title:
    description: A line that the report begins with.
    type: str
    default: ''
  merge:
    description:
      - Files C(compliance.json) of several slices of one estate. The report is made of them, without judging anew.
      - O(accepted), O(fail_on) and O(report_only) hold for it too, besides what the slices have accepted.
      - Slices that were made with O(report_only), or with an empty O(fail_on), merge only where nothing fails this run.
    type: list
    elements: str
    default: []
  show:
    description: Whether the report is printed in short.
    type: bool
    default: true
requirements:
  - The Python library C(netaddr) on the controller.
attributes:
  action:
    description: Runs on the controller alone.
    support: full
  check_mode:
    description: Changes no host in any mode, and writes its report in each.
    support: full
  diff_mode:
    description: There is no difference to show.
    support: none
  platform:
    description: Touches no host.
    platforms: all
    support: full
notes:
  - C(docs/compliance.md) has the codes, what each means, and in which order causes are looked for.
seealso:
  - module: printnet.ports.compliance_info
  - module: printnet.ports.plan
"""

EXAMPLES = r"""
- name: Look at the host, and try its flows
  printnet.ports.compliance_info:
  become: true
  register: printnet_observed

- name: Judge all hosts, and write the report
  printnet.ports.compliance:
    folder: reports
  run_once: true

- name: Accept that one host has no firewall for now
  printnet.ports.compliance:
    accepted:
      - code: FIREWALL_OFF
        destination: vpsx3
        reason: moves to another network in March
        approver: J. Smith
        until: "2027-03-31"
  run_once: true

- name: Put the reports of two slices together
  printnet.ports.compliance:
    merge:
      - slices/1/compliance.json
      - slices/2/compliance.json
    folder: reports
  run_once: true
"""

RETURN = r"""
compliant:
  description: Whether nothing was found that makes the task fail.
  type: bool
  returned: when a report was made
  sample: true
counts:
  description: How many verdicts have each code.
  type: dict
  returned: when a report was made
  sample: {"OK": 212, "NO_LISTENER": 1}
run_id:
  description: The run's name, which is that of its folder.
  type: str
  returned: when a report was made
  sample: 20260131T120000Z-3f8a01
written:
  description: The folders that were written.
  type: list
  elements: str
  returned: when a report was made
  sample: [/home/admin/reports/20260131T120000Z-3f8a01]
msg:
  description: The verdict in a sentence.
  type: str
  returned: always
  sample: Compliant
"""
