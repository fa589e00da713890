#!/usr/bin/python
# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Try from a host what it reaches
author: printnet.ports contributors (@printnet)
version_added: 0.1.0
description:
  - Connects from the host to many targets at once, over TCP and UDP, IPv4 and IPv6, and tells what came of each.
  - Where a protocol is named, it is spoken, gently and without changing anything at the other end. C(docs/probes.md) of
    the collection says for each protocol what is sent, what counts as an answer, and what that can do to the other end.
  - It changes nothing on the host either, and ends in time whatever hangs.
options:
  targets:
    description: Who is to be tried.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description:
          - An IP address. A name is refused, since the host may know another address of that name than the controller
            has planned with; look it up on the controller, for instance by the lookup C(community.general.dig).
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
        description:
          - What is spoken. Over TCP V(connect), V(raw), V(dns), V(ftp), V(http), V(https), V(ipp), V(ipps),
            V(kerberos), V(ldap), V(ldaps), V(lpr), V(smtp), V(smtps), V(smtp-starttls) or V(tls); over UDP V(datagram),
            V(dns), V(kerberos), V(mdns) or V(snmp).
          - V(connect) and V(raw) connect and close again; never a byte is sent. V(datagram) sends an empty datagram, to
            see whether it is refused.
        type: str
        default: connect
      timeout:
        description: The seconds for this target. By default O(timeout).
        type: float
      source_port:
        description:
          - The port to send from, for a flow whose document fixes one. Ports below 1024 need C(become).
        type: int
      server_name:
        description:
          - The name that is asked for in TLS and HTTP; for V(kerberos) the realm. By default the address, and for
            V(kerberos) a realm that does not exist.
        type: str
      gentle:
        description:
          - Whether the target can serve one at a time only, as many printers do. Gentle targets are tried one after
            another, at O(gentle_rate), beside the others.
        type: bool
        default: false
  timeout:
    description:
      - The seconds after which a target without an answer is given up. An answer over a connection that took long to
        make has half of it for itself.
    type: float
    default: 1.25
  at_once:
    description:
      - How many targets are tried at a time. It is lowered where the host's limit of open files asks for that.
    type: int
    default: 64
  rate:
    description: How many targets are begun in a second; V(0) for no limit.
    type: float
    default: 0
  gentle_rate:
    description: How many gentle targets are begun in a second.
    type: float
    default: 1
  deadline:
    description: The seconds for the whole call. What has not been done by then is V(not_tried).
    type: float
    default: 300
  snmp_community:
    description: The community for V(snmp). It is not logged, and no result shows it.
    type: str
    default: public
requirements:
  - Python 3.9 or later on the host. No root, but for source ports below 1024.
extends_documentation_fragment:
  - printnet.ports.looks_only
attributes:
  action:
    description: Has a part that runs on the controller.
    support: none
  action_group:
    description: Has defaults in common with others, by C(group/printnet.ports.probe) in C(module_defaults).
    support: full
    membership:
      - printnet.ports.probe
notes:
  - Results have the number of their target, counted from 0 in the order of O(targets).
  - Nothing that other ends say is trusted. Texts are cut at 120 characters and have printable ASCII only.
seealso:
  - module: printnet.ports.firewall_info
"""

EXAMPLES = r"""
- name: Try what this VPSX host needs of others
  printnet.ports.probe:
    targets:
      - {address: 192.0.2.20, port: 389, protocol: ldap}
      - {address: 192.0.2.53, port: 53, transport: udp, protocol: dns}
      - {address: 198.51.100.40, port: 161, transport: udp, protocol: snmp}
      - {address: 198.51.100.40, port: 9100, protocol: raw, gentle: true}
  register: tried

- name: Tell of those that did not answer
  ansible.builtin.debug:
    msg: "{{ tried.results | rejectattr('outcome', 'in', ['answered', 'connected']) }}"

- name: See until when the certificate of a web server is good
  printnet.ports.probe:
    targets:
      - address: "2001:db8:1::20"
        port: 443
        protocol: https
        server_name: markvision.example.com
  register: web

- name: Fail a month before it ends
  ansible.builtin.assert:
    that: web.results[0].facts.not_after > '%Y-%m-%dT%H:%M:%SZ' | strftime(now().timestamp() + 30 * 86400)
"""

RETURN = r"""
results:
  description: What came of each target, in the order of O(targets).
  type: list
  elements: dict
  returned: success
  contains:
    number:
      description: The target's place in O(targets), counted from 0.
      type: int
      sample: 0
    outcome:
      description:
        - V(answered) where the answer of the protocol came, V(connected) where a connection was made and none was asked
          for.
        - V(silent) where a connection was made and nothing came, or IPP was refused in HTTP, which says nothing of the
          service; V(mismatch) where what came is another protocol.
        - V(refused) where the connection was reset or the port is said to be unreachable, V(prohibited) where the
          network says that the host or the network is, or that somebody forbids it.
        - V(timeout) where nothing came over TCP, V(unanswered) where nothing came over UDP, which proves nothing.
        - V(no_route) where the host itself could not or would not send, V(not_tried) where RV(results[].said) says why.
      type: str
      sample: answered
    errno:
      description: The error that the host's system gave, or an empty text.
      type: str
      sample: ""
    ms:
      description: The milliseconds until the outcome was known.
      type: float
      sample: 12.3
    local:
      description: The address that the host sent from.
      type: str
      sample: 192.0.2.10
    facts:
      description:
        - What the answer told, each where it exists. C(status) and C(server) of HTTP; C(ipp_status) and
          C(printer_state); C(description), C(version) and C(error_status) of SNMP; C(rcode) and C(answers) of DNS;
          C(greeting) and C(starttls) of SMTP; C(code) of FTP; C(result) and C(naming_contexts) of LDAP; C(error) of
          Kerberos; C(state) of LPR.
        - Of TLS C(tls_version), or C(tls_error) where no handshake was possible; and of the certificate C(not_before),
          C(not_after), C(issuer), and C(names), its common name and alternative names. C(certificate) tells of one that
          can't be read to its end.
        - C(icmp) and C(icmp_from) are the message and the sender where somebody refused instead of the target.
      type: dict
      sample: {"status": 200, "server": "nginx"}
    said:
      description:
        - What the other end said first, where that is text or was not understood. It is text from somebody else, and
          may be hostile.
      type: str
      sample: HTTP/1.1 200 OK
seconds:
  description: How long all of it took.
  type: float
  returned: success
  sample: 3.01
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.printnet.ports.plugins.module_utils import _oldest
from ansible_collections.printnet.ports.plugins.module_utils._arguments import PROBE


def main() -> None:
    """Try the targets."""
    module = _oldest.checked(AnsibleModule(argument_spec=PROBE, supports_check_mode=True))
    from ansible_collections.printnet.ports.plugins.module_utils import _probe_module

    _probe_module.main(module)


if __name__ == "__main__":
    main()
