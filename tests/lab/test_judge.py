# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judge is exact: what nmap finds let in is what the firewall was told to let in, over all ports 1 to 10,000."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab_hosts import host, lab, name_of, up, write
from printnet_lab import judge, matrix
from printnet_lab.errors import LabError

LISTENERS = ["tcp/515", "tcp/631", "tcp/8080", "udp/161", "udp/9187"]
OPENED = ["515/tcp", "3000-3010/tcp", "9999-10000/tcp", "1/udp", "161/udp", "5353/udp", "9000-9005/udp"]
SSH = {"tcp/22"}
LET_IN = {
    *SSH,
    *(f"tcp/{port}" for port in (515, *range(3000, 3011), 9999, 10000)),
    *(f"udp/{port}" for port in (1, 161, 5353, *range(9000, 9006))),
}


@pytest.fixture(scope="module")
def name(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = write(
        tmp_path_factory.mktemp("judge") / "lab.yml",
        shut=host(13, firewall="firewalld", daemons=LISTENERS),
        open=host(20, daemons=LISTENERS),
        stranger=host(10, outside=True),
    )
    with up(path, name_of("judge")) as name:
        yield name


def firewall(name: str, on: str, *words: str) -> None:
    lab("exec", name, on, "--", "firewall-cmd", "--quiet", *words)


def test_exact(name: str) -> None:
    """firewalld's own reject, then a zone that drops; a peer that is allowed, and one that is not."""
    addresses = ["192.0.2.13", "2001:db8:1::13"]
    assert judge.scan_all(name, "open", addresses) == dict.fromkeys(addresses, SSH)
    firewall(name, "shut", "--zone=public", *(f"--add-port={port}" for port in OPENED))
    assert judge.scan_all(name, "open", addresses) == dict.fromkeys(addresses, LET_IN)
    firewall(name, "shut", "--set-default-zone=drop")  # first: it drops what is not permanent
    for prefix in ("192.0.2.0/24", "2001:db8:1::/64"):
        family = "ipv6" if ":" in prefix else "ipv4"
        for port in OPENED:
            place, _ignored, transport = port.partition("/")
            rule = f'family="{family}" source address="{prefix}" port port="{place}" protocol="{transport}" accept'
            firewall(name, "shut", "--zone=drop", f"--add-rich-rule=rule {rule}")
    firewall(name, "shut", "--zone=drop", "--add-service=ssh")
    assert judge.scan_all(name, "open", addresses) == dict.fromkeys(addresses, LET_IN)
    assert judge.scan_all(name, "stranger", addresses) == dict.fromkeys(addresses, SSH)


def test_no_firewall_lets_everything_in(name: str) -> None:
    everything = {f"{transport}/{port}" for transport in ("tcp", "udp") for port in range(1, 10001)}
    for address in ("192.0.2.20", "2001:db8:1::20"):
        assert judge.scan(name, "stranger", address) == everything


def test_command(name: str) -> None:
    scan = ["scan", name, "--from", "stranger", "--ports", "20-24,515"]
    assert lab(*scan, "--to", "192.0.2.20").split() == "tcp/20 tcp/21 tcp/22 tcp/23 tcp/24 tcp/515".split() + [
        f"udp/{port}" for port in (20, 21, 22, 23, 24, 515)
    ]
    assert "2001:db8:1::20:\n" in lab(*scan, "--to", "open")
    for ports in ("", "abc", "0-3", "9-8", "70000"):
        assert "ports are numbers and ranges" in lab(*scan, "--to", "open", "--ports", ports, status=1)
    assert "no host 'nobody'" in lab(*scan, "--to", "nobody", status=1)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = write(
        tmp_path_factory.mktemp("judge") / "others.yml",
        ufw=host(10, firewall="ufw", daemons=LISTENERS),
        nftables=host(11, firewall="nftables", daemons=LISTENERS),
        iptables=host(12, firewall="iptables", daemons=LISTENERS),
        legacy=host(13, distribution="bookworm", firewall="iptables-legacy", daemons=LISTENERS),
        peer=host(20),
        **{
            f"shut-{number}": host(number, firewall=firewall, egress="denied")
            for number, firewall in enumerate(("nftables", "ufw", "iptables"), 30)
        },
    )
    with up(path, name_of("others")) as name:
        yield name


@pytest.mark.parametrize("number", [10, 11, 12, 13], ids=["ufw", "nftables", "iptables", "legacy"])
def test_other_firewalls_let_ssh_in_only(others: str, number: int) -> None:
    addresses = [f"192.0.2.{number}", f"2001:db8:1::{number}"]
    assert judge.scan_all(others, "peer", addresses, "1-1000,8080,9187") == dict.fromkeys(addresses, SSH)


def test_many_at_once(others: str) -> None:
    """From all to all, by IPv4 and IPv6; a firewall that lets nothing out is seen at work on its own host."""
    numbers = {"ufw": 10, "nftables": 11, "legacy": 13, "peer": 20, "shut-30": 30, "shut-31": 31, "shut-32": 32}
    places = {name: [f"192.0.2.{number}", f"2001:db8:1::{number}"] for name, number in numbers.items()}
    asked = {name: [place for other in places if other != name for place in places[other]] for name in places}
    everything = {f"{transport}/{port}" for transport in ("tcp", "udp") for port in (*range(20, 31), 515)}
    expected = {
        (name, address): set() if name.startswith("shut") else everything if address in places["peer"] else SSH
        for name, addresses in asked.items()
        for address in addresses
    }
    found = matrix.scan(others, asked, "20-30,515")
    matrix.same(found, expected)
    with pytest.raises(AssertionError, match=r"peer to 192\.0\.2\.10: does not pass: udp/161"):
        matrix.same(found, expected | {("peer", "192.0.2.10"): {*SSH, "udp/161"}})


REPORT = """<nmaprun><host><ports>
<extraports state="closed" count="3"><extrareasons reason="reset" count="3" proto="tcp" ports="1,3-4"/></extraports>
<extraports state="filtered" count="4"><extrareasons reason="admin-prohibited" count="2" proto="tcp" ports="5-6"/>
<extrareasons reason="no-response" count="2" proto="tcp" ports="8-9"/></extraports>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack"/></port>
<port protocol="tcp" portid="7"><state state="filtered" reason="port-unreach"/></port>
</ports></host><runstats><finished exit="success"/></runstats></nmaprun>"""


def test_reading_the_report() -> None:
    assert judge.read(REPORT) == ({1, 3, 4, 22}, {8, 9})


def test_reading_a_report_on_many() -> None:
    two = REPORT.replace("<nmaprun>", '<nmaprun><host><address addr="192.0.2.9"/><ports/></host>')
    many = judge.read_all(two.replace("<host><ports>", '<host><address addr="192.0.2.8"/><ports>'))
    tcp = {"tcp/1", "tcp/3", "tcp/4", "tcp/22"}
    assert many == {"192.0.2.9": (set(), set()), "192.0.2.8": (tcp, {"tcp/8", "tcp/9"})}


def test_an_incomplete_report_is_no_verdict() -> None:
    with pytest.raises(LabError, match="no end"):
        judge.read(REPORT.replace("success", "error"))
    with pytest.raises(LabError, match="too old"):
        judge.read(REPORT.replace('ports="5-6"', ""))
