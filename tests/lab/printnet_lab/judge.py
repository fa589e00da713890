# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge: which ports does an address let in, as nmap sees it from a host of the lab.

A port is let in where the host's own stack is reached: something listens and answers (open), or nothing listens and the
stack itself says so (TCP reset, ICMP port-unreachable). It is not let in where nobody answers, or where a firewall
rejects with any other message (firewalld's admin-prohibited).

Two things look the same from outside and can't be told apart: a stack that refuses, and a firewall that rejects with
the stack's own words (`reject with tcp reset`; for UDP `reject` with port-unreachable). And a UDP listener that stays
silent looks like a drop: the lab's own listeners answer.
"""

from __future__ import annotations

import ipaddress
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from .client import Lab, into_network_of
from .errors import LabError

PORTS = "1-10000"
_LET_IN = {
    "tcp": {("open", "syn-ack"), ("closed", "reset")},
    "udp": {("open", "udp-response"), ("closed", "port-unreach")},
}
_QUICK = "-n -Pn --disable-arp-ping --reason -T5 --min-rate 8000 --max-retries 2 --initial-rtt-timeout 50ms".split()
_QUICK += "--min-rtt-timeout 20ms --max-rtt-timeout 100ms --host-timeout 120s".split()


def scan(lab: str, source: str, address: str, ports: str = PORTS) -> set[str]:
    """The ports of an address that a source host is let in to: {'tcp/22', 'udp/161'}."""
    with ThreadPoolExecutor(2) as pool:
        both = pool.map(lambda how: _nmap(lab, source, address, ports, how), ("-sS", "-sU"))
        return set().union(*both)


def addresses(lab: Lab, target: str) -> list[str]:
    """An address as it is, or all addresses of a host of the lab."""
    try:
        return [str(ipaddress.ip_address(target))]
    except ValueError:
        return [str(address) for address in lab.host(target).addresses]


def in_order(ports: Iterable[str]) -> list[str]:
    """tcp before udp, by number."""
    return sorted(ports, key=lambda port: (port.partition("/")[0], int(port.partition("/")[2])))


def _nmap(lab: str, source: str, address: str, ports: str, how: str) -> set[str]:
    family = ["-6"] if ":" in address else []
    command = ["nmap", how, *_QUICK, *family, "-p", ports, "-oX", "-", address]
    entrance = into_network_of(lab, source)
    process = entrance.popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, complaint = process.communicate()
    if process.returncode:
        raise LabError(f"nmap ended with status {process.returncode}: {complaint.strip() or output.strip()[-300:]}")
    return let_in(output)


def let_in(xml: str) -> set[str]:
    """Read nmap's own report."""
    report = ElementTree.fromstring(xml)
    finished = report.find("runstats/finished")
    host = report.find("host")
    if host is None or finished is None or finished.get("exit") != "success" or host.get("timedout") == "true":
        raise LabError("nmap came to no end: its report is not complete")
    found = set()
    for port in host.iterfind("ports/port"):
        transport, state = port.get("protocol", ""), port.find("state")
        if state is not None and (state.get("state"), state.get("reason")) in _LET_IN[transport]:
            found.add(f"{transport}/{port.get('portid')}")
    # Ports that are alike come summed up, with a list of their numbers only in newer editions of nmap.
    for summary in host.iterfind("ports/extraports"):
        for reasons in summary.iterfind("extrareasons"):
            transport = reasons.get("proto", "")
            word = {"resets": "reset", "port-unreaches": "port-unreach"}.get(reasons.get("reason", ""), "")
            if (summary.get("state"), word) in _LET_IN.get(transport, set()):
                found |= {f"{transport}/{port}" for port in _numbers(reasons.get("ports", ""))}
    return found


def _numbers(text: str) -> Iterable[int]:
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
