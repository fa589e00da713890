# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a scenario's hosts must look like after the role, by programs that are not ours: testinfra and nmap.

What is expected is written out by hand in the scenario's tests/expected.yml, independently of the catalog and the plan:

let_in: host or address -> host that asks -> the ports that are let in beside SSH, and no others (but itself).
runs: host -> the service of its firewall.
listens: host -> sockets, as testinfra names them.
says: host -> command -> the lines that it prints, in any order.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from printnet_lab import matrix
from printnet_lab.client import Lab
from testinfra.host import Host

SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
EXPECTED: dict[str, Any] = yaml.safe_load((SCENARIO / "tests/expected.yml").read_text(encoding="utf-8"))
PORTS = "1-200,389,443-445,465,500-520,587,630-640,993,1433-1434,3050,3389,5353,5490-5510,5550-5560,5590-5610,5690-5710"
PORTS += ",5900,6000,6100,6110,7501,7627,8080,8443,9100-9110,9187,9300,9443"
"""All that the vendors name, their neighbours, and some others."""
NOBODYS = "none"
"""The firewall of a host that has none."""


def entries(part: str) -> list[tuple[str, str]]:
    """Each host with each of the entries that it has there."""
    return [(name, value) for name, values in EXPECTED[part].items() for value in values]


def addresses(lab: Lab, place: str) -> list[str]:
    """An address, or all those of a host that are not listed by themselves."""
    if place not in lab.states:
        return [place]
    return [text for text in map(str, lab.host(place).addresses) if text not in EXPECTED["let_in"]]


@pytest.mark.parametrize(("name", "service"), list(EXPECTED["runs"].items()))
def test_the_firewall_runs_now_and_at_boot(host: Host, service: str) -> None:
    assert host.service(service).is_running
    assert host.service(service).is_enabled


@pytest.mark.parametrize(("name", "listener"), entries("listens"))
def test_something_listens(host: Host, listener: str) -> None:
    assert host.socket(listener).is_listening


@pytest.mark.parametrize(("name", "command"), entries("says"))
def test_what_the_host_says(host: Host, name: str, command: str) -> None:
    said = host.check_output(command).splitlines()
    assert sorted(line.strip() for line in said) == sorted(EXPECTED["says"][name][command])


def test_what_is_expected_is_complete(lab: Lab) -> None:
    """Each pair of hosts is named of which one has a firewall that could refuse something."""
    hosts = lab.spec.hosts
    pairs = {(place, source) for place, sources in EXPECTED["let_in"].items() for source in sources}
    for one in hosts:
        for source in hosts:
            if one != source and (one.firewall != NOBODYS or source.egress == "denied"):
                assert (one.name, source.name) in pairs, f"let_in says nothing of {source.name} to {one.name}"


def test_packets(lab: Lab) -> None:
    expected: matrix.Matrix = {}
    for place, sources in EXPECTED["let_in"].items():
        for source, ports in sources.items():
            # SSH is open on every host before a role comes; from some of them it does not get out.
            ssh = set() if lab.host(source).egress == "denied" else {"tcp/22"}
            if source != place:
                expected |= {(source, address): {*ports, *ssh} for address in addresses(lab, place)}
    asked: dict[str, list[str]] = {}
    for source, address in expected:
        asked.setdefault(source, []).append(address)
    matrix.same(matrix.scan(lab.name, asked, PORTS), expected)
