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
    and from the inventory, and makes the host's firewall have exactly these. Rules by hand, under an owner of their
    own, are possible as well.
  - Drives firewalld, ufw, nftables and iptables, whichever is active on the host.
  - Each owner's rules are kept apart on the host, so one is changed or removed without another.
  - What others have in the firewall stays as it is, and their drops win over these rules. Where a firewall keeps
    everybody's rules in one file, as iptables and ufw do, lines are added to it and the others stay as they are.
  - The rules are live and saved when the task ends. They survive a reload, a restart and a reboot. Where nothing loads
    the rules of nftables or iptables at boot, a warning says so, with the command that mends it.
  - A change that takes something away is confirmed over a new connection. Where none can be made, the host puts back
    what it had, by itself.
options:
  components:
    description:
      - The components whose rules are meant, such as V(vpsx).
      - The host should be in the group of each, which is the one of the same name or what C(printnet_groups) says;
        otherwise other hosts do not know of it.
      - Either this or O(owner) is required.
    type: list
    elements: str
  owner:
    description:
      - Whose rules O(rules) are, in a word of your own, such as V(backup). Small letters, figures and C(_), at most 32.
      - The name of a component is refused.
    type: str
  rules:
    description:
      - The rules of O(owner), all of them. What it had before and is not in the list is removed.
    type: list
    elements: dict
    suboptions:
      direction:
        description:
          - V(in) for what the host receives, V(out) for what it sends.
        type: str
        choices: [in, out]
        default: in
      transport:
        description: The transport.
        type: str
        choices: [tcp, udp]
        required: true
      ports:
        description: The destination's ports, each a number or a range such as V(5500-5501).
        type: list
        elements: str
        required: true
      peers:
        description: The networks at the other end, each such as V(192.0.2.0/24) or V(2001:db8::/64), or V(any).
        type: list
        elements: str
        required: true
      source_ports:
        description: The source's ports, each a number or a range; empty for all.
        type: list
        elements: str
        default: []
      comment:
        description: Why, in a line. It stands in RV(rules[].flows).
        type: str
        default: ""
  state:
    description:
      - V(present) makes the rules of each owner exactly what is asked for, V(absent) removes them.
      - V(untouched) leaves the rules of O(components) as they are. It is for a task that only removes what is stale.
    type: str
    choices: [present, absent, untouched]
    default: present
  stale:
    description:
      - What becomes of rules that are on the host for a component which O(components) does not name.
      - With V(keep) they stay, and RV(stale) names them. With V(remove) they go in the same step.
      - V(all) removes the owners of rules by hand as well, so that of all that this collection has made only the rules
        of O(components) are left.
      - With an empty list of O(components) nothing is opened.
    type: str
    choices: [keep, remove, all]
    default: keep
  removals:
    description:
      - With V(later) rules that are not wanted any more stay, until a run with V(now). So a source that moves from one
        host to another is never without its rule.
      - Without it the variable C(printnet_removals) decides; where that is not set either, it is V(now).
      - In a job of AWX that may be a slice it is V(later) for O(state=present) with O(components), until
        C(printnet_sliced) or C(printnet_topology_file) is set.
    type: str
    choices: [now, later]
  firewall:
    description:
      - The firewall to change, V(firewalld), V(ufw), V(nftables) or V(iptables). With V(auto) it is the one that is
        active on the host.
      - Where none is active, there is nothing to open, and the task says so in a warning.
    type: str
    default: auto
  confirm:
    description:
      - Whether the controller has to come back over a new connection before a change is kept.
      - With V(auto) a change has to be confirmed where it takes something away. One that only adds does not.
      - It needs systemd on the host, and a connection that can be made anew, such as C(ssh). Where either is missing,
        the change is refused; V(never) makes it without a way back.
      - Without it the variable C(printnet_confirm) decides; where that is not set either, it is V(auto).
    type: str
    choices: [auto, always, never]
  confirm_timeout:
    description:
      - The seconds, from 2 to 3600, after which the host puts back what it had. A reboot before that does the same.
      - Where something else has saved the change meanwhile, such as a script at shutdown, it is the next run that puts
        it back. Where iptables' own C(IPTABLES_SAVE_ON_STOP) is set to do that, the change is refused.
      - Without it the variable C(printnet_confirm_timeout) decides; where that is not set either, it is 30.
    type: int
  plan:
    description:
      - What the controller planned. It is filled in by the action plugin and refused in a task.
    type: dict
    suboptions:
      owners:
        description: The owners and their rules.
        type: list
        elements: dict
        required: true
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
                description: What the host receives or sends.
                type: str
                choices: [in, out]
                default: in
              transport:
                description: The transport.
                type: str
                choices: [tcp, udp]
                required: true
              ports:
                description: The destination's ports.
                type: list
                elements: str
                required: true
              source_ports:
                description: The source's ports.
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
      known:
        description: The owners of all components.
        type: list
        elements: dict
        default: []
        suboptions:
          owner:
            description: The owner.
            type: str
            required: true
          short:
            description: Its short name, at most nine characters.
            type: str
            required: true
      apply:
        description: The value of C(printnet_apply).
        type: bool
        default: true
      outbound:
        description: The value of C(printnet_outbound).
        type: str
        choices: [auto, "true", "false"]
        default: auto
      run:
        description: Who runs this.
        type: str
        default: an unknown run
      can_confirm:
        description: Whether the connection can be made anew.
        type: bool
        default: false
requirements:
  - Root on the host, usually by C(become). On the controller the Python library C(netaddr).
  - Python 3.9 or later on the host; for firewalld, any one with the library C(dbus), which RHEL 8 and SLE 15 lack.
attributes:
  action:
    description: Has a part that runs on the controller.
    support: full
  action_group:
    description: Has defaults in common with others, by C(group/printnet.ports.firewall) in C(module_defaults).
    support: full
    membership:
      - printnet.ports.firewall
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
  - Variables that begin with C(printnet_), among them C(printnet_groups), C(printnet_networks) and
    C(printnet_addresses), and the components' own options are read from the inventory; the README has them all.
  - A port is opened to everybody only where C(printnet_networks) or C(printnet_networks_file) says V(any) of its peers,
    or where these have no address and C(printnet_unknown_peers) is V(any). A warning names the latter.
  - What a host sends is opened where its firewall refuses that by default. C(printnet_outbound) says V(true) or
    V(false) for always or never. Replies need no rule. Passive FTP's helper and multicast discovery are left to you.
  - firewalld needs one reload to make a policy or a set. Where what others have live differs from what they have saved,
    so that a reload would drop the one or bring the other, the task fails and names it. The reload sets the counters of
    direct rules to nought.
  - With the variable C(printnet_apply) set to V(false) nothing is changed, and RV(differs) says whether the firewall
    has something else than what is asked for. It is for hosts whose firewall belongs to somebody else, and counts there
    too where C(delegate_to) brings rules of O(owner) to such a host.
  - A host remembers what the last run left on it, in C(/var/lib/printnet.ports/left.json), to tell when somebody else
    has removed some of it. The file goes with the last owner.
  - A run waits while another one is at work on the same host, or while a change is not confirmed yet.
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

- name: Open a port that no catalog knows
  printnet.ports.firewall:
    owner: backup
    rules:
      - transport: tcp
        ports: [10050, 10080-10081]
        peers: [192.0.2.40/32]
        comment: The backup server fetches the spool
  become: true

- name: Take the rules of VPSX away again
  printnet.ports.firewall:
    components: [vpsx]
    state: absent
  become: true

- name: Take all rules of components away but those of VPSX, which stay as they are
  printnet.ports.firewall:
    components: [vpsx]
    state: untouched
    stale: remove
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
      description: The identifiers of the flows, or the comment of a rule by hand.
      type: list
      elements: str
      sample: [pdm-vpsx-lpr]
confirmed:
  description: Whether the change was confirmed over a new connection.
  type: bool
  returned: success
  sample: true
differs:
  description:
    - Whether the firewall had something else than what is asked for before the task. It is what RV(ignore:changed) is,
      but also where C(printnet_apply) is V(false), and nothing was changed.
  type: bool
  returned: success
  sample: true
stale:
  description:
    - The owners that had rules on the host though the task does not name them. Those of rules by hand are among them
      with O(stale=all) only.
  type: list
  elements: str
  returned: success
  sample: [printnet.ports/dis]
later:
  description: Whether rules stay only because of O(removals=later), so that O(removals=now) would remove them.
  type: bool
  returned: success
  sample: false
notes:
  description:
    - What an administrator should read of all this, in sentences that begin with the host's name. They are about rules
      that no group asks for, rules that stay because C(printnet_removals) is V(later) or because a job of AWX may be a
      slice, and what differs where C(printnet_apply) is V(false).
  type: list
  elements: str
  returned: success
  sample: []
removed_by_others:
  description:
    - The rules, saved or live, that the last run left on the host and that somebody else has removed since, by owner. A
      warning says it as well. What of it is still asked for is put back.
  type: dict
  returned: success
  sample: {"printnet.ports/vpsx": ["in tcp 515 from 192.0.2.0/24"]}
commands:
  description:
    - What an administrator would type, or hand to the firewall's own program, to make the same change.
    - The first hundred; a comment says how many more there are.
  type: list
  elements: str
  returned: success
  sample: ["firewall-cmd --permanent --new-policy=pnports1-vpsx"]
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
from ansible_collections.printnet.ports.plugins.module_utils import _oldest
from ansible_collections.printnet.ports.plugins.module_utils._arguments import ARGUMENTS, CONDITIONS


def main() -> None:
    """Make the host's firewall have exactly what the controller planned."""
    module = _oldest.checked(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, **CONDITIONS))
    from ansible_collections.printnet.ports.plugins.module_utils import _firewall_module

    _firewall_module.main(module)


if __name__ == "__main__":
    main()
