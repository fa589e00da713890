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
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from xml.etree import ElementTree

from .client import Lab, into_network_of
from .errors import LabError

PORTS = "1-10000"
_LET_IN = {
    ("tcp", "open", "syn-ack"),
    ("tcp", "closed", "reset"),
    ("udp", "open", "udp-response"),
    ("udp", "closed", "port-unreach"),
}
_HOW = {"tcp": "-sS", "udp": "-sU"}
_NMAP = ["nmap", "-n", "-Pn", "--disable-arp-ping", "--reason", "-T5", "--host-timeout", "120s"]
_NMAP += ["--min-rtt-timeout", "20ms", "--initial-rtt-timeout", "50ms", "--max-rtt-timeout", "100ms", "-oX", "-"]
# How many packets a second at least, and how often again. Where a firewall rejects, too many at once get no answer;
# where it drops, there is nothing to wait for.
_ANSWERED = [["--min-rate", "3000", "--max-retries", "1"], *[["--min-rate", "10000", "--max-retries", "1"]] * 5]
_DROPPED = [["--min-rate", "20000", "--max-retries", "0"], *_ANSWERED[1:]]
_SAMPLE = 100
_GLANCE = ["--min-rate", "1000", "--max-retries", "1"]


def scan(lab: str, source: str, address: str, ports: str = PORTS) -> set[str]:
    """The ports of an address that a source host is let in to: {'tcp/22', 'udp/161'}."""
    with ThreadPoolExecutor(len(_HOW)) as pool:
        both = pool.map(lambda transport: _let_in(lab, source, address, ports, transport), _HOW)
        return set().union(*both)


def scan_all(lab: str, source: str, targets: Iterable[str], ports: str = PORTS) -> dict[str, set[str]]:
    """The same for several addresses at once, by address."""
    listed = list(targets)
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(listed, pool.map(lambda target: scan(lab, source, target, ports), listed), strict=True))


def addresses(lab: Lab, target: str) -> list[str]:
    """An address as it is, or all addresses of a host of the lab."""
    try:
        return [str(ipaddress.ip_address(target))]
    except ValueError:
        return [str(address) for address in lab.host(target).addresses]


def in_order(ports: Iterable[str]) -> list[str]:
    """Tcp before udp, by number."""
    return sorted(ports, key=lambda port: (port.partition("/")[0], int(port.partition("/")[2])))


def _let_in(lab: str, source: str, address: str, ports: str, transport: str) -> set[str]:
    how = [_HOW[transport], *(["-6"] if ":" in address else []), address]
    asked = sorted(_asked(ports))
    looks = _ANSWERED
    if len(asked) > _SAMPLE:
        _ignored, silent = read(nmap(lab, source, *how, *_GLANCE, "-p", _ranges(asked[:: len(asked) // _SAMPLE + 1])))
        looks = _DROPPED if len(silent) > _SAMPLE / 4 else _ANSWERED
    found: set[int] = set()
    before = set(asked)
    for look in looks:
        let_in, silent = read(nmap(lab, source, *how, *look, "-p", _ranges(before)))
        found |= let_in
        # A packet lost on a busy machine looks like a drop: ask the silent ones until a look finds nothing new.
        if not silent or silent == before:
            break
        before = silent
    return {f"{transport}/{port}" for port in found}


def _asked(text: str) -> set[int]:
    try:
        ports = set(_numbers(text))
    except ValueError:
        ports = set()
    if not ports or min(ports) < 1 or max(ports) > 65535:
        raise LabError(f"{text!r}: ports are numbers and ranges, for example 1-1000,8080")
    return ports


def nmap(lab: str, source: str, *what: str) -> str:
    """What nmap, run in the network of a host of the lab, reports as XML."""
    command = [*_NMAP, *what]
    entrance = into_network_of(lab, source)
    process = entrance.popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, complaint = process.communicate()
    if process.returncode:
        raise LabError(f"nmap ended with status {process.returncode}: {complaint.strip() or output.strip()[-300:]}")
    return output


def read(xml: str) -> tuple[set[int], set[int]]:
    """From nmap's own report on one address: the ports that are let in, and those that nothing came back from."""
    let_in, silent = next(iter(read_all(xml).values()))
    return _only_numbers(let_in), _only_numbers(silent)


def read_all(xml: str) -> dict[str, tuple[set[str], set[str]]]:
    """The same by address, of a report on one or more: {'tcp/22', 'udp/161'}."""
    report = ElementTree.fromstring(xml)
    finished = report.find("runstats/finished")
    hosts = report.findall("host")
    if not hosts or finished is None or finished.get("exit") != "success":
        raise LabError("nmap came to no end: its report is not complete")
    found: dict[str, tuple[set[str], set[str]]] = {}
    for host in hosts:
        if host.get("timedout") == "true":
            raise LabError("nmap came to no end: its report is not complete")
        let_in: set[str] = set()
        silent: set[str] = set()
        for transport, state, reason, ports in _verdicts(host):
            named = {f"{transport}/{port}" for port in ports}
            if (transport, state, reason) in _LET_IN:
                let_in |= named
            elif reason == "no-response":
                silent |= named
        place = host.find("address")
        found["" if place is None else place.get("addr", "")] = let_in, silent
    return found


def _only_numbers(ports: Iterable[str]) -> set[int]:
    return {int(port.partition("/")[2]) for port in ports}


def _verdicts(host: ElementTree.Element) -> Iterator[tuple[str, str, str, list[int]]]:
    """(transport, state, reason, ports) of every port: the notable ones come alone, those that are alike in a lump."""
    for port in host.iterfind("ports/port"):
        state = port.find("state")
        if state is not None:
            number = int(port.get("portid", "0"))
            yield port.get("protocol", ""), state.get("state", ""), state.get("reason", ""), [number]
    for lump in host.iterfind("ports/extraports"):
        for reasons in lump.iterfind("extrareasons"):
            ports = list(_numbers(reasons.get("ports", "")))
            if len(ports) != int(reasons.get("count", "0")):
                raise LabError("this nmap is too old: it does not list the ports it sums up (7.93 does)")
            yield reasons.get("proto", ""), lump.get("state", ""), reasons.get("reason", ""), ports


def _numbers(text: str) -> Iterator[int]:
    for part in filter(None, text.split(",")):
        first, _ignored, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _ranges(ports: Iterable[int]) -> str:
    """'1-21,23-10000', as nmap takes it."""
    ordered = sorted(ports)
    starts = [ordered[0], *(port for before, port in pairwise(ordered) if port != before + 1)]
    ends = [*(before for before, port in pairwise(ordered) if port != before + 1), ordered[-1]]
    return ",".join(f"{start}-{end}" for start, end in zip(starts, ends, strict=True))
