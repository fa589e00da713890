# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the reason codes of the compliance check, how grave each is, and what to do about it: one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

OK, INFORMATION, WARNING, FAULT = "ok", "information", "warning", "fault"
SEVERITIES = (OK, INFORMATION, WARNING, FAULT)
"""From good to bad."""


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the table.

    ``remedy`` is a sentence in which ``{source}``, ``{destination}``, ``{port}`` and ``{end}`` stand for the names at
    hand; ``end`` is the host whose rules are meant.
    """

    severity: str
    meaning: str
    remedy: str = ""


CODES: Mapping[str, Code] = {
    "OK": Code(
        OK,
        "It works: a connection was made, and where the flow has a public protocol its own answer came. Where only the "
        "answer is missing it is marked as information.",
    ),
    "NO_RULE": Code(
        FAULT,
        "No rule for this port is there, neither saved nor live.",
        "Run the playbook printnet.ports.site for {end}.",
    ),
    "RULE_LIVE_ONLY": Code(
        FAULT,
        "It is let through now, and will not be after a reboot or a reload: the rule is not saved.",
        "Run the playbook printnet.ports.site for {end}: it saves what is live. Where it warns that nothing loads the "
        "rules at boot, do what the warning says, and run it again.",
    ),
    "RULE_SAVED_ONLY": Code(
        FAULT,
        "The rule is saved, and is not live: somebody took it out, or the firewall was not loaded since.",
        "Run the playbook printnet.ports.site for {end}: it makes live what is saved.",
    ),
    "SCOPE_TOO_WIDE": Code(
        FAULT,
        "The port is open to more than the plan says.",
        "Remove the wider rule from {end}, or name its networks in printnet_networks if they are meant; rules of ours "
        "are put right by the playbook printnet.ports.site.",
    ),
    "SCOPE_TOO_NARROW": Code(
        FAULT,
        "Rules for the port are there, and leave out some of those that the plan names.",
        "Run the playbook printnet.ports.site for {end}.",
    ),
    "BLOCKED_BY_RULE": Code(
        FAULT,
        "A rule of somebody else drops or refuses it before ours is asked.",
        "Ask whoever owns that rule on {end} to change it: printnet.ports never puts a rule in front of another's.",
    ),
    "FIREWALL_OFF": Code(
        FAULT,
        "No firewall is active on the host, so nothing is refused there. It is a fault where one is switched on for "
        "the next boot or holds rules of ours, and a warning where the host has none.",
        "Start a firewall on {end}, once its rules are seen to let SSH in, or whatever you and Ansible come in by; "
        "accept it in printnet_accepted if the host is meant to have none.",
    ),
    "GPO_OVERRIDE": Code(
        FAULT,
        "Group Policy leaves local rules out (Windows; this version does not look at Windows hosts).",
        "Give the flow to whoever owns the Group Policy.",
    ),
    "PROFILE_MISMATCH": Code(
        FAULT,
        "The rule is not for the network profile in use (Windows; this version does not look at Windows hosts).",
        "Put the network into the profile that the rule is for.",
    ),
    "NO_LISTENER": Code(
        FAULT,
        "Nothing listens on the port.",
        "Start the service on {destination}, or set the port that it really uses.",
    ),
    "LOOPBACK_ONLY": Code(
        FAULT,
        "What listens takes calls from its own host only.",
        "Make the service on {destination} listen on the host's addresses, not on loopback.",
    ),
    "WRONG_PROCESS": Code(
        FAULT,
        "What listens is not what the flow is for.",
        "Find out what uses port {port} on {destination}, and give the port back to the print service.",
    ),
    "PATH_BLOCKED": Code(
        FAULT,
        "Both ends are right as far as they can be seen, and nothing comes through: something between them drops it.",
        "Ask the network team to let {port} pass from {source} to {destination}.",
    ),
    "REFUSED": Code(
        FAULT,
        "The connection is refused at the other end, or on the way.",
        "Look whether the service on {destination} runs and takes calls on {port}.",
    ),
    "TLS_INVALID": Code(
        FAULT,
        "TLS is not spoken where it has to be, or clients may refuse it: the certificate is out of date, the version "
        "too old, or the handshake fails.",
        "Renew the certificate of the service on {destination}, or allow TLS 1.2 or later there.",
    ),
    "UDP_UNVERIFIABLE": Code(
        INFORMATION,
        "Nothing came back, which with UDP says nothing: rules and listener are right as far as they can be seen.",
    ),
    "UNREACHABLE": Code(
        FAULT,
        "Ansible could not reach the host, so it was not looked at. It is a warning where the host is of an outside "
        "party, and may be in the inventory for its address only.",
        "Look why Ansible does not reach {end}, and run the check again.",
    ),
    "NOT_TESTED": Code(INFORMATION, "No connection was tried, or it told nothing; the evidence says why."),
    "UNDECLARED_OPEN": Code(
        FAULT,
        "A port is open that no flow of the plan explains. It is a fault where print products use that port, and "
        "information where the catalog does not know it.",
        "Name it in printnet_known_open if it is meant, as SSH is, by which Ansible comes in; else stop what listens "
        "on {port} on {destination}, or close the port.",
    ),
    "ACCEPTED": Code(INFORMATION, "Somebody accepted this finding until a date: printnet_accepted."),
}
"""By code, in the order of the documents."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is not well, and at which host. ``advice`` is what to do where that is not what the table says."""

    code: str
    evidence: str
    end: str = ""
    advice: str = ""


def remedy(code: str, **names: str) -> str:
    """What to do, with the names in place; empty where nothing is to be done."""
    # Not str.format: a name may have braces of its own, and is not filled in again.
    return re.sub(r"{([a-z]+)}", lambda found: names.get(found[1], found[0]), CODES[code].remedy)
