# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From every host to every host: what passes is what the vendors' lists ask for, nothing more and nothing less.

What is expected is worked out from flows.txt, which is written by hand, and from the inventory's groups, without the
catalog and the plan. nmap is the judge.
"""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from printnet_lab import client, matrix
from testinfra.host import Host

SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
SHARED = SCENARIO.parent / "lab/inventory"
ESTATE: dict[str, Any] = yaml.safe_load((SCENARIO / "inventory/estate.yml").read_text(encoding="utf-8"))
LAB = client.describe(os.environ["LAB_NAME"])
FLOWS = [
    line.split()
    for line in (SCENARIO / "tests/flows.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
PORTS = (
    "20-23,25,53,80,88,111,139,161,389,443,445,465,515,587,631,636,1433,1434,3050,3389,5353,5500-5502,5555-5557,5600-5602"
    ",5700-5703,5900,6000,6100,6110,7501,8080,9100,9187,9300,9443"
)
ALL = {
    f"{transport}/{port}"
    for transport in ("tcp", "udp")
    for first, _dash, last in (part.partition("-") for part in PORTS.split(","))
    for port in range(int(first), int(last or first) + 1)
}
SERVICES = {destination for _source, destination, *_ports in FLOWS if destination[0].isdigit()}
SERVICE = {"iptables": "netfilter-persistent", "iptables-legacy": "netfilter-persistent"}
OWNERS = {"vspa": "vspa_xendesktop"}
WORDS = {
    "firewalld": "cat /etc/firewalld/policies/*",
    "ufw": "ufw show added",
    "nftables": "nft list ruleset",
    "iptables": "iptables-save",
    "iptables-legacy": "iptables-legacy-save",
}
OUTSIDE = {"workstation", "printer", "lexmark_printer", "mail_server", "mail_gateway", "dns_server", "sql_server"}
OUTSIDE |= {"ldap_server", "load_balancer"}
FIREWALLED = [host.name for host in LAB.spec.hosts if host.firewall != "none" and host.name != "balance1"]
MOVED = {"lexmark1": ["203.0.113.110", "2001:db8:3::110"]}


def members(groups: dict[str, Any], component: str) -> set[str]:
    """The hosts of a component: a Lexmark printer is a printer as well."""
    names = ["printer", "lexmark_printer"] if component == "printer" else [component]
    return {host for name in names for host in (groups[name]["hosts"] or {})}


def expected(groups: dict[str, Any], submission: str, places: dict[str, list[str]]) -> matrix.Matrix:
    """The ports of each address that each host reaches: what its own firewall lets out and the other one lets in."""
    sent: dict[tuple[str, str], set[str]] = {}
    received: dict[tuple[str, str], set[str]] = {}
    for source, destination, *ports in FLOWS:
        named = {submission if port == "submission" else port for port in ports}
        by_address = destination[0].isdigit()
        for one in members(groups, source):
            if by_address:
                sent.setdefault((one, destination), set()).update(named)
                continue
            for other in members(groups, destination.removeprefix("in:")):
                received.setdefault((one, other), set()).update(named)
                if not destination.startswith("in:"):
                    for address in set(places[other]) - SERVICES:
                        sent.setdefault((one, address), set()).update(named)
    found: matrix.Matrix = {}
    for one in LAB.spec.hosts:
        for other in LAB.spec.hosts:
            for address in places[other.name] if one != other else ():
                out = sent.get((one.name, address), set()) if one.egress == "denied" else ALL
                let_in = received.get((one.name, other.name), set()) | {"tcp/22"}
                found[one.name, address] = out & (let_in if other.name in FIREWALLED else ALL)
    return found


def found(places: dict[str, list[str]]) -> matrix.Matrix:
    asked = {one: [place for other in places if other != one for place in places[other]] for one in places}
    return matrix.scan(LAB.name, asked, PORTS, at_once=6)


def play(name: str, inventory: Path) -> str:
    """What a playbook of the collection says."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(SHARED), "-i", str(inventory)]
    done = subprocess.run([*command, f"printnet.ports.{name}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def on(name: str, script: str) -> None:
    process = client.into_host(LAB.name, name).popen(["sh", "-ec", script], stdin=subprocess.DEVNULL)
    assert process.wait() == 0


def addresses() -> dict[str, list[str]]:
    return {host.name: [str(address) for address in host.addresses] for host in LAB.spec.hosts}


@pytest.mark.parametrize("name", FIREWALLED)
def test_rules_and_listeners(host: Host, name: str) -> None:
    mine = LAB.host(name)
    assert host.service(SERVICE.get(mine.firewall, mine.firewall)).is_running
    for daemon in mine.daemons:
        transport, _slash, port = daemon.partition("/")
        number, _at, address = port.partition("@")
        where = f"{address}:" if address else ""
        assert host.socket(f"{transport}://{where}{number.partition('-')[0]}").is_listening
    words = host.check_output(WORDS[mine.firewall])
    groups = ESTATE["all"]["children"]
    wanted = {OWNERS.get(one, one) for one in groups if one not in OUTSIDE and name in groups[one]["hosts"]}
    assert set(re.findall(r"printnet\.ports/(\w+)", words)) == wanted


def test_what_passes_is_what_is_asked_for() -> None:
    places = addresses()
    matrix.same(found(places), expected(ESTATE["all"]["children"], "tcp/9443", places))


def test_the_matrix_follows(tmp_path: Path) -> None:
    """A printer has moved, Mobile Connector has left its host, and VPSX takes encrypted jobs on another port."""
    later = copy.deepcopy(ESTATE)
    groups = later["all"]["children"]
    groups["lexmark_printer"]["hosts"]["lexmark1"] = {"printnet_addresses": MOVED["lexmark1"]}
    groups["mobile_connector"]["hosts"] = {}
    later["all"]["vars"]["vpsx_submission_port"] = 443
    inventory = tmp_path / "later.yml"
    inventory.write_text(yaml.safe_dump(later), encoding="utf-8")
    before = addresses()
    places = before | MOVED
    # The second address outlives the first, and with it the way to other networks.
    on("lexmark1", "sysctl -qw net.ipv4.conf.eth0.promote_secondaries=1")
    for old, new in zip(before["lexmark1"], places["lexmark1"], strict=True):
        length = 64 if ":" in old else 24
        on("lexmark1", f"ip address add {new}/{length} dev eth0 {'nodad' if ':' in new else ''}")
        on("lexmark1", f"ip address del {old}/{length} dev eth0")
    assert "mfp1: has rules of mobile_connector, which no group of the inventory asks for" in play("site", inventory)
    assert "mfp1: rules of mobile_connector were removed" in play("remove", inventory)
    matrix.same(found(places), expected(groups, "tcp/443", places))
