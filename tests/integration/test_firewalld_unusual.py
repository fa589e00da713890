# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""firewalld on hosts that are set up in unusual ways, and changes that sets and reloads make hard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Lab, state

ADDRESSES = {"vpsx11": "192.0.2.11", "vpsx12": "192.0.2.12", "vpsx13": "192.0.2.13"}
OWNER = {"owner": "byhand"}


def by_hand(peers: list[str], **more: Any) -> dict[str, Any]:
    return {**OWNER, "rules": [{"transport": "tcp", "ports": ["515"], "peers": peers}], **more}


@pytest.fixture
def mended(lab: Lab, each: str) -> Iterator[str]:
    """A host that has its files back after the test, and nothing of ours."""
    lab.host(each, "cp -a /etc/firewalld /root/saved")
    yield each
    lab.host(each, "rm -rf /etc/firewalld; mv /root/saved /etc/firewalld; systemctl restart firewalld")


@pytest.fixture
def mended13(lab: Lab, host: str) -> Iterator[str]:
    """The same on Debian 13 alone."""
    lab.host(host, "cp -a /etc/firewalld /root/saved")
    yield host
    lab.host(host, "rm -rf /etc/firewalld; mv /root/saved /etc/firewalld; systemctl restart firewalld")


def set_policy(lab: Lab, host: str, name: str, *settings: str) -> None:
    """Change a policy of somebody else, which comes if it is not there, and reload."""
    policy = f"firewall-cmd -q --permanent --policy={name}"
    new = f"[ -e /etc/firewalld/policies/{name}.xml ] || firewall-cmd -q --permanent --new-policy={name}"
    lab.host(host, "\n".join(["set -e", new, *(f"{policy} {one}" for one in settings), "firewall-cmd -q --reload"]))


def reached(lab: Lab, host: str, source: str = "client1") -> set[str]:
    return lab.reached(source, ADDRESSES[host], "22,515,8080")


FAR = [f"10.{number}.0.0/24" for number in range(12)]


@pytest.mark.parametrize("confirm", ["always", "never"])
def test_a_network_of_a_set_gets_narrower_and_wider(lab: Lab, mended: str, confirm: str) -> None:
    """A set can't hold two networks that overlap, not even for the moment of a change."""
    assert lab.firewall(mended, arguments=by_hand([*FAR, "198.51.100.0/24"], confirm=confirm))["changed"]
    assert reached(lab, mended) == {"tcp/515"}
    narrow = by_hand([*FAR[1:], "10.0.0.0/25", "198.51.100.0/25"], confirm=confirm)
    assert lab.firewall(mended, arguments=narrow)["changed"]
    assert reached(lab, mended) == {"tcp/515"}
    assert not lab.firewall(mended, arguments=narrow)["changed"]
    wide = by_hand([*FAR[2:], "10.0.0.0/15", "198.51.100.128/25"], confirm=confirm)
    assert lab.firewall(mended, arguments=wide)["changed"]
    assert reached(lab, mended) == set()
    lab.host(mended, "firewall-cmd --reload")
    assert reached(lab, mended) == set()
    assert not lab.firewall(mended, arguments=wide)["changed"]
    assert lab.firewall(mended, arguments={**OWNER, "state": "absent"})["changed"]
    assert "pnports1-byhand" not in lab.host(mended, "ls /etc/firewalld/*; nft list ruleset")


def test_a_narrower_set_that_nobody_confirms_is_put_back(lab: Lab, mended13: str) -> None:
    """What somebody else made meanwhile is only live, so nothing may be reloaded for it."""
    wide = by_hand([*FAR, "198.51.100.0/24"])
    assert lab.firewall(mended13, arguments=wide)["changed"]
    before = lab.host(mended13, "cat /etc/firewalld/*/pnports1-*")
    ban = 'rule family="ipv4" source address="203.0.113.66" drop'
    live = "firewall-cmd --info-ipset"
    asked = f"for one in $(firewall-cmd --get-ipsets); do {live}=$one; done"
    lab.host(
        mended13,
        f"( until {asked} | grep -q 198.51.100.64/26; do sleep 0.1; done; firewall-cmd -q --add-rich-rule='{ban}' ) "
        ">/dev/null 2>&1 & ( until [ -s /run/printnet.ports/pending.json ]; do sleep 0.01; done; "
        "systemctl stop ssh ssh.socket ) >/dev/null 2>&1 &",
    )
    narrow = by_hand([*FAR, "198.51.100.64/26"], confirm_timeout=8)
    answer = lab.firewall(mended13, arguments=narrow, ok=False)
    lab.host(mended13, "while [ -e /run/printnet.ports/pending.json ]; do sleep 0.2; done; systemctl start ssh")
    assert "so the host puts back what it had" in answer["msg"]
    assert lab.host(mended13, "firewall-cmd --list-rich-rules").strip() == ban
    assert reached(lab, mended13) == {"tcp/515"}
    assert lab.host(mended13, "cat /etc/firewalld/*/pnports1-*") == before
    assert not lab.firewall(mended13, arguments=wide)["changed"]


def test_drops_of_a_policy_at_the_end_win(lab: Lab, mended: str) -> None:
    """Ours would stand before a policy that has the last priority already."""
    ends = ("--add-ingress-zone=ANY", "--add-egress-zone=HOST")
    set_policy(lab, mended, "last", "--set-priority=32767", "--set-target=DROP", *ends)
    assert lab.firewall(mended, arguments=by_hand(["198.51.100.0/24"]))["changed"]
    assert reached(lab, mended) == {"tcp/515"}
    said = lab.firewall(mended, arguments=by_hand(["198.51.100.0/24"]))
    assert not said["changed"]
    assert "blocks" not in str(said)
    drop = 'rule family="ipv4" source address="198.51.100.10" port port="515" protocol="tcp" drop'
    set_policy(lab, mended, "last", f"--add-rich-rule='{drop}'")
    answer = lab.firewall(mended, arguments=by_hand(["198.51.100.0/24"]), ok=False)
    assert "The policy last of priority 32767 has rules of its own that drop" in answer["msg"]
    assert lab.firewall(mended, arguments={**OWNER, "state": "absent"})["changed"]
    assert reached(lab, mended) == set()


def test_one_direction_goes_at_nobody_elses_cost(lab: Lab, mended13: str) -> None:
    """Its policy stays, empty, until the next reload; the other direction is changed meanwhile."""
    ends = ("--add-ingress-zone=HOST", "--add-egress-zone=ANY")
    set_policy(lab, mended13, "deny", "--set-target=DROP", *ends, "--add-protocol=ipv6-icmp")
    rules = [
        {"transport": "tcp", "ports": ["515"], "peers": ["198.51.100.0/24"]},
        {"direction": "out", "transport": "tcp", "ports": ["9100"], "peers": ["198.51.100.0/24"]},
    ]
    assert lab.firewall(mended13, arguments={**OWNER, "rules": rules})["changed"]
    lab.host(mended13, "firewall-cmd -q --add-port=8080/tcp")
    rules[0]["ports"] = ["515", "22"]
    left = {**OWNER, "rules": rules[:1]}
    foretold = lab.firewall(mended13, "--check", arguments=left)
    made = lab.firewall(mended13, arguments=left)
    assert foretold["after"] == made["after"]
    assert made["confirmed"]
    assert not lab.firewall(mended13, arguments=left)["changed"]
    assert reached(lab, mended13) >= {"tcp/515", "tcp/8080"}
    assert lab.host(mended13, "firewall-cmd --policy=pnpout1-byhand --list-rich-rules") == "\n"
    lab.host(mended13, "firewall-cmd -q --reload")
    assert "pnpout1" not in lab.host(mended13, "nft list ruleset; ls /etc/firewalld/policies")
    assert not lab.firewall(mended13, arguments=left)["changed"]


def test_sets_whose_policy_somebody_removed_go(lab: Lab, mended: str) -> None:
    assert lab.firewall(mended, arguments=by_hand([*FAR, "198.51.100.0/24"]))["changed"]
    lab.host(mended, "firewall-cmd -q --permanent --delete-policy=pnports1-byhand; firewall-cmd -q --reload")
    assert "pnports1-byhand" in lab.host(mended, "firewall-cmd --get-ipsets")
    gone = {**OWNER, "state": "absent"}
    assert lab.firewall(mended, arguments=gone)["changed"]
    assert "pnports1" not in lab.host(mended, "ls /etc/firewalld/*; firewall-cmd --get-ipsets")
    assert not lab.firewall(mended, arguments=gone)["changed"]


def test_a_reload_that_keeps_what_is_live_is_not_trusted(lab: Lab, mended: str) -> None:
    lab.host(
        mended,
        "sed -i s/^FlushAllOnReload=.*/FlushAllOnReload=no/ /etc/firewalld/firewalld.conf; systemctl restart firewalld",
    )
    assert lab.firewall(mended, arguments=by_hand([*FAR, "198.51.100.0/24"]))["changed"]
    more = by_hand([*FAR, "198.51.100.0/24", "203.0.113.0/24"])
    assert lab.firewall(mended, arguments=more)["changed"]
    before = state(lab, mended)
    for arguments in (by_hand([*FAR, "198.51.0.0/16"]), {**OWNER, "state": "absent"}):
        answer = lab.firewall(mended, arguments=arguments, ok=False)
        assert "FlushAllOnReload is no in /etc/firewalld/firewalld.conf" in answer["msg"]
        assert lab.firewall(mended, "--check", arguments=arguments, ok=False)["msg"] == answer["msg"]
    assert state(lab, mended) == before
    assert reached(lab, mended) == {"tcp/515"}
    assert not lab.firewall(mended, arguments=more)["changed"]


BRIDGE = """
    ip link add virbr9 type bridge
    zone="firewall-cmd -q --permanent --zone=inner"
    firewall-cmd -q --permanent --new-zone=inner
    $zone --set-target=ACCEPT
    $zone --add-rich-rule='rule priority="32767" reject'
    firewall-cmd -q --reload
    firewall-cmd -q --zone=inner --add-interface=virbr9
"""


@pytest.mark.parametrize("zone", ["libvirt", "libvirt-office"])
def test_a_bridge_of_virtual_machines_blocks_no_printer(lab: Lab, mended13: str, zone: str) -> None:
    """Its zone refuses the rest, as libvirt's does; no peer comes out of it."""
    lab.host(mended13, BRIDGE.replace("inner", zone))
    try:
        said = lab.firewall(mended13, arguments=by_hand(["198.51.100.0/24"]))
        assert said["changed"]
        assert "blocks" not in str(said)
        assert reached(lab, mended13) == {"tcp/515"}
    finally:
        lab.host(mended13, "ip link delete virbr9")


def test_an_interface_keeps_its_zone(lab: Lab, mended: str) -> None:
    """Somebody's tunnel that a script has put into a zone would fall into the default one with a reload."""
    lab.host(mended, "ip link add wg0 type bridge; firewall-cmd -q --zone=trusted --add-interface=wg0")
    try:
        answer = lab.firewall(mended, arguments=by_hand(["198.51.100.0/24"]), ok=False)
        assert "zone trusted: interfaces only live wg0" in answer["msg"]
        lab.host(mended, "firewall-cmd -q --zone=public --change-interface=wg0")
        assert lab.firewall(mended, arguments=by_hand(["198.51.100.0/24"]))["changed"]
    finally:
        lab.host(mended, "ip link delete wg0")
