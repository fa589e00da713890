# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller tells a module that looks at a firewall: the owners and the ports of the catalog."""

from __future__ import annotations


class ModuleDocFragment:
    """The option that the action plugin fills in."""

    DOCUMENTATION = r"""
options:
  plan:
    description:
      - What the controller knows. It is filled in by the action plugin and refused in a task.
    type: dict
    suboptions:
      asked:
        description: The owners that the task asks for, where it asks for some.
        type: list
        elements: dict
        suboptions: &owner
          owner:
            description: Whose rules they are.
            type: str
            required: true
          short:
            description: The owner's short name, at most nine characters.
            type: str
            required: true
      known:
        description: The owners that the catalog knows of.
        type: list
        elements: dict
        default: []
        suboptions: *owner
      ports:
        description: The ports that the catalog knows of.
        type: list
        elements: dict
        default: []
        suboptions:
          transport:
            description: The transport.
            type: str
            choices: [tcp, udp]
            required: true
          port:
            description: A port or a range of ports.
            type: str
            required: true
          flows:
            description: The flows on the port.
            type: list
            elements: str
            required: true
attributes:
  action:
    description: Has a part that runs on the controller.
    support: full
"""
