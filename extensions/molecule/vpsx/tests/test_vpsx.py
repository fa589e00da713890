# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a VPSX host must look like after the role, by programs that are not ours: testinfra and nmap.

What is expected is written out here, independently of the catalog and the plan.
"""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import testinfra
from testinfra.host import Host

TESTS = Path(__file__).parent
LAB = str(TESTS.parents[3] / "tests/lab/lab")
NAME = os.environ["LAB_NAME"]
ADDRESSES = {"vpsx12": ("192.0.2.12", "2001:db8:1::12"), "vpsx13": ("192.0.2.13", "2001:db8:1::13")}
OTHERS = {"vpsx12": "vpsx13", "vpsx13": "vpsx12"}
LISTENERS = ("tcp://515", "tcp://631", "tcp://5500", "tcp://5501", "tcp://9443", "tcp://8080", "udp://161")

# Who may reach what. SSH was open before the role came, everything else that listens was shut.
LET_IN = {
    "client1": {"tcp/22", "tcp/515", "tcp/631", "tcp/9443"},
    "serverx1": {"tcp/22", "tcp/5501"},
    "the other VPSX": {"tcp/22", "tcp/5501"},
    "stranger1": {"tcp/22"},
}


@pytest.fixture(params=ADDRESSES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def host(name: str) -> Host:
    return testinfra.get_host(f"ansible://{name}?ansible_inventory={TESTS.parent / 'inventory'}")


@pytest.mark.parametrize("listener", LISTENERS)
def test_something_listens(host: Host, listener: str) -> None:
    assert host.socket(listener).is_listening


def test_firewalld_runs_now_and_at_boot(host: Host) -> None:
    assert host.service("firewalld").is_running
    assert host.service("firewalld").is_enabled


@pytest.mark.parametrize("saved", ["", "--permanent "], ids=["live", "saved"])
def test_the_policy_has_exactly_the_rules(host: Host, name: str, saved: str) -> None:
    listed = host.check_output(f"firewall-cmd {saved}--policy=pnports1-vpsx --list-rich-rules").splitlines()
    peers = {
        "515": ("198.51.100.0/24", "2001:db8:2::/64"),
        "631": ("198.51.100.0/24", "2001:db8:2::/64"),
        "9443": ("198.51.100.0/24", "2001:db8:2::/64"),
        "5501": (
            "192.0.2.20/32",
            "2001:db8:1::20/128",
            *(f"{address}/{128 if ':' in address else 32}" for address in ADDRESSES[OTHERS[name]]),
        ),
    }
    assert set(listed) == {
        f'rule family="{"ipv6" if ":" in peer else "ipv4"}" source address="{peer}" '
        f'port port="{port}" protocol="tcp" accept'
        for port, networks in peers.items()
        for peer in networks
    }
    assert len(listed) == len(set(listed))


def test_nothing_else_of_ours_is_there(host: Host) -> None:
    policies = host.check_output("firewall-cmd --permanent --get-policies").split()
    assert [policy for policy in policies if policy.startswith("pnports")] == ["pnports1-vpsx"]
    assert host.check_output("firewall-cmd --list-ports") == ""
    assert host.check_output("firewall-cmd --list-rich-rules") == ""
    assert not host.file("/run/printnet.ports.lock").exists
    assert host.file("/etc/firewalld/policies").listdir() == ["pnports1-vpsx.xml"]


def scan(source: str, address: str) -> set[str]:
    """All ports from 1 to 10,000, TCP and UDP, that nmap on the source host finds let in."""
    command = [LAB, "scan", NAME, "--from", source, "--to", address, "--ports", "1-10000"]
    return set(subprocess.check_output(command, text=True).split())


@pytest.mark.parametrize("source", LET_IN)
def test_packets(name: str, source: str) -> None:
    sender = OTHERS[name] if source == "the other VPSX" else source
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda address: scan(sender, address), ADDRESSES[name]))
    assert found == [LET_IN[source], LET_IN[source]]
