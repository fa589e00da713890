# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes reports of any size as an estate would give them: every code, real flows, the same in every run."""

from __future__ import annotations

import copy
import hashlib
import random
from collections import Counter
from functools import cache
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _shape

Report = dict[str, Any]
# Code: severity, meaning, an evidence, a remedy. {} is filled with what the verdict is about.
CODES = {
    "OK": ("ok", "The rule is there, live and saved, something listens, and a connection came through.",
           "Connected from {source} to {to} in {ms} ms.", ""),
    "NO_RULE": ("fault", "The destination's firewall has no rule for this flow.",
                "firewalld on {destination} has no rule for {port} from {address}.",
                "Run the playbook printnet.ports.{component} with --limit {destination}."),
    "RULE_LIVE_ONLY": ("fault", "The rule is live, but it will be gone after a reload or a reboot.",
                       "nftables on {destination} has {port} live; /etc/nftables.conf does not.",
                       "Run the playbook printnet.ports.{component} with --limit {destination}."),
    "RULE_SAVED_ONLY": ("fault", "The rule is saved, but not live.",
                        "ufw on {destination} has saved {port}; it is not in the kernel.", "Run: ufw reload"),
    "SCOPE_TOO_WIDE": ("warning", "The rule lets in more than the plan says.",
                       "The rule for {port} on {destination} lets in 0.0.0.0/0; the plan says {address}.",
                       "Replace the address of the rule by {address}."),
    "SCOPE_TOO_NARROW": ("fault", "The rule lets in less than the plan says.",
                         "The rule for {port} on {destination} lets in 192.0.2.0/28; {address} is not in it.",
                         "Run the playbook printnet.ports.{component} with --limit {destination}."),
    "BLOCKED_BY_RULE": ("fault", "Somebody else's rule refuses the flow before ours is asked.",
                        "table inet filter, chain input, handle 14 on {destination}: tcp dport 0-1023 drop",
                        "Ask the owner of that rule to let {port} from {address} through."),
    "FIREWALL_OFF": ("warning", "The host has no active firewall.",
                     "No firewall is active on {destination}; firewalld is installed and stopped.",
                     "Start it: systemctl enable --now firewalld"),
    "GPO_OVERRIDE": ("fault", "Group Policy overrides the host's own rules.",
                     "Group Policy says AllowLocalPolicyMerge=0 for the profile Domain on {destination}.",
                     "Add the rule to the Group Policy, or let it merge local rules."),
    "PROFILE_MISMATCH": ("fault", "The rule is for another network profile than the active one.",
                         "The rule is for Domain; the active profile of {destination} is Public.",
                         "Give the rule all profiles."),
    "NO_LISTENER": ("fault", "Nothing listens on the port.",
                    "Nothing on {destination} listens on {port}; the connection was refused (ECONNREFUSED) in {ms} ms.",
                    "Start the service that serves {application} on {destination}."),
    "LOOPBACK_ONLY": ("fault", "The service listens on the loopback address only.",
                      "cupsd (pid 812, cups.service) listens on 127.0.0.1 {port} only.",
                      "Let it listen on {to}."),
    "WRONG_PROCESS": ("warning", "Another program than the expected one has the port.",
                      "python3 (pid 4711, no unit) listens on {port}.",
                      "Stop it, or give it another port."),
    "PATH_BLOCKED": ("fault", "Both hosts are right, but packets do not arrive: something in between drops them.",
                     "No answer on {to} within 3 s from {source} ({address}); the rule is live and the port listens.",
                     "Ask the network team for {port} from {address} to {to}."),
    "REFUSED": ("fault", "Something refuses the connection on the way.",
                "ICMP administratively prohibited came from 192.0.2.254 in {ms} ms.",
                "Ask whoever looks after 192.0.2.254."),
    "TLS_INVALID": ("warning", "The certificate is expired, not yet valid, or for another name.",
                    "The certificate for CN=old.example expired on 2026-10-01.",
                    "Renew the certificate on {destination}."),
    "UDP_UNVERIFIABLE": ("information", "UDP without an answer: it may work.",
                         "No answer to a datagram to {to} within 3 s.", ""),
    "UNREACHABLE": ("information", "Ansible could not reach the host.",
                    "Ansible could not reach {source}: no route to host.", "Look whether {source} is up."),
    "NOT_TESTED": ("information", "Nobody could look.",
                   "{source} is not managed by Ansible, so no connection could be made from it.", ""),
    "UNDECLARED_OPEN": ("information", "A port is open that no flow asks for.",
                        "sshd (pid 640, ssh.service) listens on 0.0.0.0 {port} on {destination}.",
                        "Add it to printnet_known_open, or close it."),
    "ACCEPTED": ("information", "Somebody accepted the finding.", "Nothing on {destination} listens on {port}.", ""),
}  # fmt: skip
HOSTS = {"printer": 60, "workstation": 12, "vpsx": 4, "serverx": 2}
EVERYWHERE = {"PATH_BLOCKED": 3, "NO_LISTENER": 5, "NO_RULE": 4, "UDP_UNVERIFIABLE": 8, "NOT_TESTED": 10}
"""How many of a thousand verdicts have these codes, beside one of each."""


def verdict_id(*about: str) -> str:
    return hashlib.sha256("\0".join(about).encode("utf-8", "replace")).hexdigest()[:16]


@cache
def _catalog_parts() -> tuple[Report, Report, Report]:
    catalog = _catalog.load()
    flows: Report = {
        flow.id: {
            "source": flow.source, "destination": flow.destination, "transport": flow.transport,
            "port": span_text(flow.port), "application": flow.application, "purpose": flow.purpose,
            "reading": flow.reading,
            "documents": [
                {"document": place.document, "table": place.table or "", "line": str(place.line or "")}
                for place in flow.documents
            ],
        }
        for flow in catalog.flows.values()
    }  # fmt: skip
    named = {name for flow in flows.values() for name in (flow["source"], flow["destination"])}
    components = {
        name: {"title": catalog.components[name].title, "role": name if name in ("vpsx", "serverx") else ""}
        for name in sorted(named)
    }
    documents = {
        name: {"title": one.title, "edition": str(one.edition or ""), "date": str(one.date or "")}
        for name, one in catalog.documents.items()
    }
    return flows, components, documents


def _end(component: str, number: int) -> dict[str, str]:
    at = int(hashlib.sha256(component.encode()).hexdigest()[:2], 16)
    name = component.replace("_", "-")
    return {
        "component": component,
        "host": f"{name}{number + 1}",
        "address": f"10.{at}.{number // 250}.{number % 250 + 1}",
    }


def report(size: int = 400, *, seed: int = 6, rates: dict[str, int] | None = None, every_code: bool = True) -> Report:
    """A report of so many verdicts; ``rates`` is of a thousand. With ``every_code`` each occurs."""
    flows, components, documents = copy.deepcopy(_catalog_parts())
    dice = random.Random(seed)
    rates = EVERYWHERE if rates is None else rates
    wheel = [code for code, many in rates.items() for _number in range(many)]
    names = list(flows)
    seen: set[str] = set()
    verdicts: list[Report] = []
    first = [code for code in CODES if every_code and code != "OK"]
    scale = max(1, size // 3000)
    while len(verdicts) < size:
        code = first.pop() if first else (wheel + ["OK"] * (1000 - len(wheel)))[dice.randrange(1000)]
        flow = flows[names[dice.randrange(len(names))]]
        flow_id = next(name for name in names if flows[name] is flow)
        source, destination = (
            _end(flow[way], dice.randrange(HOSTS.get(flow[way], 3) * scale)) for way in ("source", "destination")
        )
        one = _verdict(code, (flow_id, flow), source, destination, dice)
        if one["id"] not in seen:
            seen.add(one["id"])
            verdicts.append(one)
    return _whole(verdicts, flows, components, documents)


def _verdict(code: str, of: tuple[str, Report], source: Report, destination: Report, dice: random.Random) -> Report:
    flow_id, flow = of
    severity, _meaning, evidence, remedy = CODES[code]
    transport, port = flow["transport"], flow["port"]
    if code in ("UNDECLARED_OPEN", "FIREWALL_OFF"):
        flow_id, source = "", dict.fromkeys(source, "")
        transport, port = ("tcp", str(dice.choice((22, 111, 8080)))) if code == "UNDECLARED_OPEN" else ("", "")
    elif dice.random() < 0.1 and code not in ("UNREACHABLE", "NOT_TESTED"):
        source = {"component": source["component"], "host": "", "address": "198.51.100.0/24"}
    words = {
        "source": source["host"] or source["component"], "destination": destination["host"],
        "component": destination["component"], "to": destination["address"], "address": source["address"],
        "port": f"{transport}/{port}", "ms": dice.randrange(1, 40), "application": flow["application"],
    }  # fmt: skip
    accepted = None
    if code == "ACCEPTED":
        accepted = {"code": "NO_LISTENER", "reason": "The service moves in spring", "approver": "M. Weber",
                    "until": "2027-03-31"}  # fmt: skip
    return {
        "id": verdict_id(flow_id, source["host"] or source["address"], destination["host"], transport, port),
        "code": code, "severity": severity, "flow": flow_id, "source": source, "destination": destination,
        "transport": transport, "port": port, "source_port": "", "evidence": [evidence.format(**words)],
        "remedy": remedy.format(**words), "also": ["NO_RULE"] if code == "NO_LISTENER" else [], "accepted": accepted,
    }  # fmt: skip


def _whole(verdicts: list[Report], flows: Report, components: Report, documents: Report) -> Report:
    ends = {
        end["host"]: end["component"]
        for verdict in verdicts
        for end in (verdict["source"], verdict["destination"])
        if end["host"]
    }
    managed = [name for name, component in ends.items() if component not in ("printer", "lexmark_printer")]
    hosts = [
        {"host": name, "components": [ends[name]], "state": "observed", "reason": "", "firewall": "firewalld",
         "egress": "open", "notes": [], "distribution": "Debian 13"}
        for name in sorted(managed)
    ]  # fmt: skip
    states = (("unreachable", "no route to host"), ("partly", "sudo was refused: processes could not be seen"),
              ("limited_out", "not in --limit"), ("failed", "Python 3.6 is too old"))  # fmt: skip
    for host, (state, reason) in zip(hosts, states, strict=False):
        host |= {"state": state, "reason": reason}
    faults = [code for code, (severity, *_rest) in CODES.items() if severity == "fault"]
    return {
        "format": _shape.FORMAT,
        "run": {"id": "20261121T220538Z-3f8a01", "by": "admin@controller", "started": "2026-11-21T22:05:38Z",
                "ended": "2026-11-21T22:06:10Z", "seconds": 32.1, "check_mode": False, "title": "", "merged": []},
        "versions": {"collection": "0.1.0", "ansible_core": "2.21.0", "python": "3.13.1"},
        "digests": {name: hashlib.sha256(name.encode()).hexdigest()
                    for name in ("collection", "catalog", "topology", "plan")},
        "coverage": {
            "hosts": hosts,
            "probes": {"made": len(verdicts), "at_once": 64, "timeout": 3.0, "rate": 0, "print_ports": False,
                       "print_rate": 1.0, "print_window": "", "seconds": 12.0},
            "samples": [{"component": "printer", "network": "198.51.100.0/24", "model": "", "size": 400,
                         "chosen": ["printer1", "printer17"]}],
        },
        "policy": {"fail_on": faults,
                   "accepted": [{"flow": "", "source": "", "destination": "", "code": "NO_LISTENER",
                                 "reason": "The service moves in spring", "approver": "M. Weber",
                                 "until": "2027-03-31"}],
                   "known_open": []},
        "compliant": not any(verdict["code"] in faults for verdict in verdicts),
        "counts": dict(Counter(verdict["code"] for verdict in verdicts)),
        "components": components, "documents": documents, "flows": flows,
        "codes": {code: {"severity": severity, "meaning": meaning}
                  for code, (severity, meaning, *_rest) in CODES.items()},
        "verdicts": verdicts,
        "suggestions": {"known_open": ["- {host: vpsx1, transport: tcp, port: 22, reason: SSH}"]},
        "drift": None,
    }  # fmt: skip


def poisoned(text: str, size: int = 60) -> Report:
    """A report in which every text that may come from outside is this one."""
    made = report(size)
    made["run"] |= {"by": text, "title": text}
    for host in made["coverage"]["hosts"]:
        host |= {"host": text, "reason": text, "firewall": text, "notes": [text], "distribution": text}
    made["coverage"]["probes"]["print_window"] = text
    made["coverage"]["samples"][0] |= {"network": text, "model": text, "chosen": [text]}
    made["policy"]["accepted"][0] |= {"reason": text, "approver": text, "source": text, "destination": text}
    made["policy"]["accepted"].append({**made["policy"]["accepted"][0], "source": f"nobody{text}"})
    for component in made["components"].values():
        component["title"] = text
    for flow in made["flows"].values():
        flow |= {"purpose": text, "application": text}
    for document in made["documents"].values():
        document |= {"title": text, "edition": text}
    for code in made["codes"].values():
        code["meaning"] = text
    for verdict in made["verdicts"]:
        verdict |= {"evidence": [text, text], "remedy": text}
        for way in ("source", "destination"):
            verdict[way] = {**verdict[way], "host": text, "address": text}
        if verdict["accepted"]:
            verdict["accepted"] |= {"reason": text, "approver": text}
    made["suggestions"]["known_open"] = [text]
    return made
