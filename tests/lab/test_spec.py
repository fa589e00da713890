# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab's description is checked as a whole, and every fault says what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from printnet_lab import spec
from printnet_lab.errors import LabError

ESTATES = sorted((Path(__file__).parent / "estates").glob("*.yml"))
GOOD = """
networks: {office: [192.0.2.0/24, "2001:db8:1::/64"]}
hosts:
  one: {distribution: trixie, addresses: [192.0.2.10, "2001:db8:1::10"]}
"""


def parse(**one: Any) -> spec.Spec:
    """The good lab, with some keys of its host changed."""
    raw = yaml.safe_load(GOOD)
    raw["hosts"]["one"].update(one)
    return spec.parse(raw, "lab.yml")


@pytest.mark.parametrize("path", ESTATES, ids=lambda path: path.name)
def test_estates(path: Path) -> None:
    assert spec.load(path).hosts


def test_host() -> None:
    host = parse(daemons=["tcp/515", "udp/5500-5501@192.0.2.10"], groups=["vpsx"]).host("one")
    assert str(host.main_address) == "192.0.2.10"
    assert [len(interface.addresses) for interface in host.interfaces] == [2]
    assert host.firewall == "none"


def test_defaults() -> None:
    raw = yaml.safe_load(GOOD)
    raw["defaults"] = {"firewall": "ufw", "distribution": "bookworm"}
    host = spec.parse(raw, "lab.yml").host("one")
    assert (host.firewall, host.distribution) == ("ufw", "trixie")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"firewal": "ufw"}, "lab.yml: hosts: one: unknown key 'firewal' (did you mean 'firewall'?)"),
        ({"firewall": "pf"}, "hosts: one: firewall: 'pf' is not known: one of firewalld, ufw"),
        ({"distribution": "sid"}, "hosts: one: distribution: 'sid' is not known: one of bullseye"),
        ({"distribution": None}, "hosts: one: distribution: is missing: one of"),
        ({"addresses": []}, "hosts: one: addresses: a host needs at least one address"),
        ({"addresses": ["192.0.2.300"]}, "'192.0.2.300' is no address"),
        ({"addresses": ["198.51.100.7"]}, "198.51.100.7 is in none of the lab's networks (192.0.2.0/24"),
        ({"addresses": ["192.0.2.1"]}, "192.0.2.1 is the network's or its router's"),
        ({"daemons": ["515/tcp"]}, "'515/tcp' is no listener: write tcp/515"),
        ({"daemons": ["tcp/70000"]}, "'tcp/70000' is no listener"),
        ({"daemons": ["tcp/515@192.0.2.99"]}, "192.0.2.99 is no address of this host"),
        ({"daemons": "tcp/515"}, "hosts: one: daemons: must be a list of strings"),
        ({"python": False, "firewall": "ufw"}, "hosts: one: python: ufw is written in Python"),
        ({"python": False, "daemons": ["tcp/1"]}, "which this host has not"),
        ({"persistent": "yes"}, "hosts: one: persistent: must be true or false, is 'yes'"),
        ({"egress": "shut"}, "hosts: one: egress: 'shut' is not known: one of open, denied"),
        ({"egress": "denied", "firewall": "firewalld"}, "hosts: one: egress: only ufw, nftables, iptables"),
        ({"files": {"motd": "hello"}}, "hosts: one: files: 'motd': a file has a whole path and a text"),
        ({"groups": ["a-b"]}, "'a-b' is no group name"),
        ({"packages": ["--hook=x"]}, "'--hook=x' is no name of a Debian package"),
    ],
)
def test_fault(change: dict[str, Any], said: str) -> None:
    with pytest.raises(LabError) as fault:
        parse(**change)
    assert said in str(fault.value)


def test_all_faults_at_once() -> None:
    with pytest.raises(LabError) as fault:
        parse(firewall="pf", distribution="sid")
    assert len(str(fault.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "no valid YAML"),
        ("[]", "the file: must be a mapping"),
        ("networks: {a: [192.0.2.0/24]}", "a lab needs a host"),
        ("networks: {a: [10.0.0.0/24]}", "10.0.0.0/24 is no documentation range"),
        ("networks: {a: [192.0.2.5/24]}", "'192.0.2.5/24' is no prefix"),
        ("networks: {a: [192.0.2.0/24], b: [192.0.2.128/25]}", "192.0.2.128/25 overlaps 192.0.2.0/24 of network a"),
    ],
)
def test_faulty_file(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "lab.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LabError, match=str(file)) as fault:
        spec.load(file)
    assert said in str(fault.value)


def test_missing_file() -> None:
    with pytest.raises(LabError, match="No such file"):
        spec.load("/nowhere/lab.yml")


def test_same_address_twice() -> None:
    raw = yaml.safe_load(GOOD)
    raw["hosts"]["two"] = {"distribution": "trixie", "addresses": ["192.0.2.10"]}
    with pytest.raises(LabError, match=r"192\.0\.2\.10 is one's already"):
        spec.parse(raw, "lab.yml")
