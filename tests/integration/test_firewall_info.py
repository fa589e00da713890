# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What firewall_info shows of booted hosts: ours, what others open and block, and what waits or was taken back."""

from __future__ import annotations

import re
import subprocess
import time
from typing import Any

import pytest

from .conftest import ROOT, Lab, state

VPSX = "printnet.ports/vpsx"
ADDRESSES = {f"vpsx{edition}": (f"192.0.2.{edition}", f"2001:db8:1::{edition}") for edition in (11, 12, 13)}
ALWAYS = {"components": ["vpsx"], "confirm": "always", "confirm_timeout": 30}


def info(lab: Lab, host: str, *options: str, ok: bool = True, **arguments: Any) -> dict[str, Any]:
    """The module's answer."""
    variables = arguments.pop("variables", {})
    return lab.module(host, "firewall_info", arguments, *options, ok=ok, **variables)


def test_shows_what_is_there_and_changes_nothing(lab: Lab, each: str) -> None:
    before = state(lab, each)
    empty = info(lab, each)
    assert state(lab, each) == before
    assert (empty["firewall"], empty["egress"], empty["changed"]) == ("firewalld", "open", False)
    assert [one["name"] for one in empty["firewalls"] if one["active"] and one["starts_at_boot"]] == ["firewalld"]
    for name in ("owners", "foreign", "leftovers", "restored", "pending", "notes"):
        assert not empty[name], name
    done = lab.firewall(each)
    before = state(lab, each)
    found = info(lab, each, "--check", "--diff")
    assert state(lab, each) == before
    (owner,) = found["owners"].values()
    assert {key: owner[key] for key in ("saved", "live")} == done["after"][VPSX]
    assert (owner["short"], owner["in_step"]) == ("vpsx", True)
    # The rules are in the form that the module firewall takes.
    assert lab.firewall(each, arguments={"owner": "copy", "rules": owner["rules"]})["changed"]
    both = info(lab, each)["owners"]
    assert both["printnet.ports/copy"]["rules"] == both[VPSX]["rules"]
    lab.firewall(each, arguments={"owner": "copy", "state": "absent"})


def test_shows_who_is_asked_for(lab: Lab, host: str) -> None:
    lab.firewall(host)
    found = info(lab, host, owners=["dis", VPSX, "backup"])["owners"]
    assert list(found) == ["printnet.ports/backup", "printnet.ports/dis", VPSX]
    empty: dict[str, Any] = {key: [] for key in ("saved", "live", "rules", "saved_rules")}
    assert found["printnet.ports/dis"] == {"short": "dis", "in_step": True, **empty}
    assert found[VPSX]["rules"]
    assert "did you mean 'vpsx'?" in info(lab, host, owners=["vspx"])["told"]


def test_shows_what_is_not_in_step(lab: Lab, each: str) -> None:
    lab.firewall(each)
    lab.host(each, "firewall-cmd -q --policy=pnports1-vpsx --add-rich-rule='rule port port=161 protocol=udp accept'")
    owner = info(lab, each)["owners"][VPSX]
    assert not owner["in_step"]
    assert set(owner["live"]) - set(owner["saved"]) == {"in udp 161 from any"}
    lab.host(each, "firewall-cmd -q --policy=pnports1-vpsx --add-port=8080/tcp")
    assert any(line.startswith("not as it should be") for line in info(lab, each)["owners"][VPSX]["live"])
    lab.host(each, "firewall-cmd -q --reload")
    assert info(lab, each)["owners"][VPSX]["in_step"]


ALL = {"tcp/515", "tcp/631", "tcp/9443"}
RICH = "firewall-cmd -q --add-rich-rule='rule {}'"
CLIENT = "family=ipv4 source address=198.51.100.10"
DROP_515 = "family=ipv4 port port=515 protocol=tcp drop"
WORK = "firewall-cmd -q --zone=work"
OTHERS = {
    "a drop": (RICH.format(f"{CLIENT} port port=515 protocol=tcp drop"), {"tcp/515"}, "zone public, rule family"),
    "a service that is rejected": (RICH.format("family=ipv4 service name=ipp reject"), {"tcp/631"}, "zone public"),
    "a protocol": (
        RICH.format('family=ipv4 protocol value=tcp log prefix="<b>{{ 7*7 }}" drop'),
        ALL,
        "<b>{{ 7*7 }}",
    ),
    "somebody else": (RICH.format(DROP_515.replace("port", "source address=203.0.113.0/24 port", 1)), set(), ""),
    # The workstation itself is let in, and the rest of its network is not.
    "all but the peer": (
        RICH.format(DROP_515.replace("port", "source not address=198.51.100.10 port", 1)),
        set(),
        "zone public",
    ),
    "let in before": (
        f"{RICH.format(f'priority=-1 {CLIENT} port port=515 protocol=tcp accept')}; {RICH.format(DROP_515)}",
        set(),
        "zone public",
    ),
    "dropped before": (
        f"{RICH.format(f'priority=-1 {DROP_515}')}; firewall-cmd -q --add-port=515/tcp",
        {"tcp/515"},
        'priority="-1"',
    ),
    "late": (f"firewall-cmd -q --add-port=515/tcp; {RICH.format(f'priority=7 {DROP_515}')}", set(), ""),
    "a zone of others": (
        f"{WORK} --add-source=203.0.113.0/24; {WORK} --add-rich-rule='rule port port=515 protocol=tcp drop'",
        set(),
        "",
    ),
    "the peer's own zone": (
        (
            f"{WORK} --add-source=198.51.100.0/24; {WORK} --add-service=ssh; {RICH.format(DROP_515)}; "
            f"{WORK} --add-rich-rule='rule family=ipv4 port port=631 protocol=tcp drop'"
        ),
        {"tcp/631"},
        "zone work",
    ),
    "a direct rule": (
        "firewall-cmd -q --direct --add-rule ipv4 filter INPUT 0 -p tcp --dport 515 -s 198.51.100.0/24 -j DROP",
        {"tcp/515"},
        "direct rule of ipv4",
    ),
    "a direct rule for one interface": (
        "firewall-cmd -q --direct --add-rule ipv4 filter INPUT 0 -i eth0 -p tcp --dport 515 -j DROP",
        {"tcp/515"},
        "direct rule of ipv4",
    ),
}
KEEP = "firewall-cmd -q --permanent"
GUARD = f"{KEEP} --policy=guard"
SAVED = {
    "a set": (
        (
            f"{KEEP} --new-ipset=foes --type=hash:net; {KEEP} --ipset=foes --add-entry=198.51.100.0/25; "
            f"{KEEP} --add-rich-rule='rule family=ipv4 source ipset=foes port port=515 protocol=tcp drop'"
        ),
        {"tcp/515"},
        'ipset="foes"',
    ),
    "a policy that refuses the rest": (
        (
            f"{KEEP} --new-policy=guard; {GUARD} --add-ingress-zone=ANY; {GUARD} --add-egress-zone=HOST; "
            f"{GUARD} --set-priority=100; {GUARD} --set-target=REJECT; {KEEP} --add-port=631/tcp"
        ),
        {"tcp/515", "tcp/9443"},
        "policy guard, target REJECT",
    ),
    "a policy before the zones": (
        (
            f"{KEEP} --new-policy=guard; {GUARD} --add-ingress-zone=ANY; {GUARD} --add-egress-zone=HOST; "
            f"{GUARD} --set-priority=-5; {GUARD} --add-rich-rule='rule family=ipv4 service name=ipp drop'; "
            f"{KEEP} --add-port=631/tcp"
        ),
        {"tcp/631"},
        "policy guard, rule",
    ),
    # Before 2.0 the default zone has no policies as long as nobody gave it an interface.
    "a policy of the default zone": (
        (
            f"{KEEP} --new-policy=guard; {GUARD} --add-ingress-zone=public; {GUARD} --add-egress-zone=HOST; "
            f"{GUARD} --set-priority=-5; {GUARD} --add-rich-rule='rule family=ipv4 service name=ipp drop'"
        ),
        {"vpsx11": set(), "vpsx12": set(), "vpsx13": {"tcp/631"}},
        "policy guard, rule",
    ),
    # Before 1.0 what a zone does with the rest comes before all policies that are not before the zone.
    "a zone that drops the rest": (
        f"{KEEP} --zone=drop --add-service=ssh; firewall-cmd -q --reload; firewall-cmd -q --set-default-zone=drop",
        {"vpsx11": ALL, "vpsx12": set(), "vpsx13": set()},
        "zone drop, target DROP",
    ),
}


def _blocked(lab: Lab, host: str, said: str, expected: Any) -> None:
    """The workstation reaches by IPv4 what is expected, and the task warns of what blocks a part of its network."""
    if isinstance(expected, dict):
        expected = expected[host]
        said = said if expected else ""
    for _attempt in range(5):
        reached = lab.scan("client1", ADDRESSES[host][0], "22,515,631,9443")
        if reached & ALL == ALL - expected:
            break
        time.sleep(1)
    assert reached & ALL == ALL - expected
    answer = lab.firewall(host)
    assert not answer["changed"]
    told = " ".join(answer["told"].split())
    found = info(lab, host)["foreign"]
    assert all(one["flows"] for one in found)
    if said:
        assert re.search(r" blocks tcp [0-9,-]+ that printnet\.ports/vpsx asks for \([a-z]", told)
        assert said in told
        assert [one for one in found if not one["opens"] and said in one["where"]]
    else:
        assert "asks for" not in told


def _names(table: dict[str, Any], host: str, also_on_the_oldest: set[str]) -> list[str]:
    """On the newest edition all, on the others those that may differ there."""
    return [
        name
        for name in table
        if host == "vpsx13" or isinstance(table[name][1], dict) or (host == "vpsx11" and name in also_on_the_oldest)
    ]


@pytest.mark.parametrize("there", ["vpsx11", "vpsx13"])
def test_others_that_block_are_named(lab: Lab, there: str) -> None:
    before = state(lab, there)
    lab.firewall(there)
    opened = state(lab, there)
    try:
        for name in _names(OTHERS, there, {"all but the peer", "a direct rule"}):
            setting, expected, said = OTHERS[name]
            lab.host(there, setting)
            _blocked(lab, there, said, expected)
            # Direct rules outlive a reload of the tables that they stand in.
            lab.host(there, "firewall-cmd -q --direct --remove-rules ipv4 filter INPUT; firewall-cmd -q --reload")
            assert state(lab, there)[0] == opened[0], name
    finally:
        lab.host(there, "firewall-cmd -q --direct --remove-rules ipv4 filter INPUT; firewall-cmd -q --reload")
        lab.firewall(there, arguments={"components": ["vpsx"], "state": "absent", "confirm": "never"})
    assert state(lab, there)[0] == before[0]


def _hosts(table: dict[str, Any], also_on_the_oldest: set[str]) -> list[Any]:
    pairs = [(host, name) for host in ADDRESSES for name in _names(table, host, also_on_the_oldest)]
    return [pytest.param(*pair, id=" ".join(pair)) for pair in pairs]


@pytest.mark.parametrize(("there", "name"), _hosts(SAVED, {"a set"}))
def test_saved_settings_of_others_that_block_are_named(lab: Lab, there: str, name: str) -> None:
    setting, expected, said = SAVED[name]
    lab.host(there, f"rm -rf /root/saved; cp -a /etc/firewalld /root/saved; {setting}; firewall-cmd -q --reload")
    try:
        lab.firewall(there)
        _blocked(lab, there, said, expected)
    finally:
        lab.host(there, "rm -rf /etc/firewalld; mv /root/saved /etc/firewalld; systemctl restart firewalld")


def test_others_that_open_are_shown_with_the_flows(lab: Lab, each: str) -> None:
    lab.host(each, "for one in service=ipp port=8080/tcp source-port=20/tcp; do firewall-cmd -q --add-$one; done")
    lab.host(each, RICH.format(f"{CLIENT} port port=515 protocol=tcp accept"))
    found = info(lab, each)["foreign"]
    assert all(one["opens"] for one in found)
    lines = {(one["transport"], *one["ports"], *one["peers"], *one["source_ports"]) for one in found}
    assert {("tcp", "631", "any"), ("tcp", "515", "198.51.100.10/32"), ("tcp", "1-65535", "any", "20")} <= lines
    (one,) = [one for one in found if one["ports"] == ["515"]]
    assert one["flows"]
    own = {"printnet_extra_flows": [
        {"id": "own-8080", "source": "workstation", "destination": "vpsx", "transport": "tcp", "port": 8080}
    ]}  # fmt: skip
    more = info(lab, each, variables=own)["foreign"]
    assert [one["flows"] for one in more if one["ports"] == ["8080"]] != [
        one["flows"] for one in found if one["ports"] == ["8080"]
    ]


def test_shows_what_waits_and_what_was_taken_back(lab: Lab, host: str) -> None:
    before = state(lab, host)
    run = lab.start(host, ALWAYS)
    lab.kill_unconfirmed(host, run, "until nft list ruleset | grep -q 'dport 515'; do sleep 0.1; done")
    open_now = info(lab, host)
    pending = open_now["pending"]
    assert 0 < pending["seconds_left"] <= 30
    assert pending["owners"] == [VPSX]
    assert "@" in pending["run"]
    owner = open_now["owners"][VPSX]
    assert not owner["in_step"]
    assert any("515" in line for line in owner["live"])
    assert not any("515" in line for line in owner["saved"])
    assert open_now["restored"] == []
    lab.host(host, "while [ -e /run/printnet.ports/pending.json ]; do sleep 0.2; done; sleep 1")
    for _twice in range(2):
        after = info(lab, host)
        assert after["pending"] == {}
        (taken_back,) = after["restored"]
        assert "nobody confirmed it over a new connection within 30 seconds" in taken_back["cause"]
        assert taken_back["cause"] in taken_back["sentence"]
        assert VPSX in taken_back["sentence"]
    absent = lab.firewall(host, arguments={"components": ["vpsx"], "state": "absent"})
    assert "nobody confirmed" in absent["told"]
    assert info(lab, host)["restored"] == []
    assert state(lab, host) == before


def test_waits_for_nobody_and_keeps_nobody_waiting(lab: Lab, host: str) -> None:
    hold = "import fcntl, time; file = open('/run/printnet.ports.lock', 'w'); fcntl.flock(file, 2); time.sleep(600)"
    holder = subprocess.Popen(
        [str(ROOT / "tests/lab/lab"), "exec", lab.name, host, "--", "python3", "-c", hold], stdin=subprocess.DEVNULL
    )
    try:
        lab.host(host, "until [ -e /run/printnet.ports.lock ]; do sleep 0.1; done")
        assert any("Another run" in note for note in info(lab, host)["notes"])
    finally:
        lab.host(host, "pkill -KILL -f '[s]leep.600'")
        holder.wait(10)
    # A holder that was killed leaves the file, which nobody holds.
    assert info(lab, host)["notes"] == []
    lab.host(host, "rm /run/printnet.ports.lock")


def test_says_what_is_there_where_that_is_no_firewall_or_two(lab: Lab, host: str) -> None:
    lab.firewall(host)
    lab.host(host, "sed -i s/ENABLED=no/ENABLED=yes/ /etc/ufw/ufw.conf; systemctl enable ufw")
    try:
        two = info(lab, host)
        assert (two["firewall"], two["owners"]) == ("", {})
        assert [one["name"] for one in two["firewalls"] if one["active"]] == ["firewalld", "ufw"]
        assert "at once" in two["notes"][0]
        assert info(lab, host, firewall="firewalld")["owners"][VPSX]["live"]
    finally:
        lab.host(host, "sed -i s/ENABLED=yes/ENABLED=no/ /etc/ufw/ufw.conf; systemctl disable ufw")
    lab.host(host, "systemctl stop firewalld")
    try:
        stopped = info(lab, host)
        assert (stopped["firewall"], stopped["egress"]) == ("", "")
        assert stopped["notes"] == ["firewalld starts at boot, and does not run now."]
        assert stopped["leftovers"] == {"firewalld": ["/etc/firewalld/policies/pnports1-vpsx.xml"]}
        assert "task asks for firewalld" in info(lab, host, ok=False, firewall="firewalld")["msg"]
    finally:
        lab.host(host, "systemctl start firewalld; firewall-cmd --state")
    nothing = info(lab, "serverx1")
    assert (nothing["firewall"], nothing["owners"]) == ("", {})
    assert "No firewall is active" in nothing["notes"][0]


def test_says_what_to_do(lab: Lab, host: str) -> None:
    lab.host(
        host,
        "id joe || useradd -m joe; mkdir -p ~joe/.ssh; cp ~root/.ssh/authorized_keys ~joe/.ssh; chown -R joe: ~joe",
    )
    assert "set become: true" in info(lab, host, ok=False, variables={"ansible_user": "joe"})["msg"]
    python = {"ansible_python_interpreter": "/usr/bin/python3.99"}
    assert "set ansible_python_interpreter" in info(lab, host, ok=False, variables=python)["msg"]
    assert "must begin with a small letter" in info(lab, host, ok=False, owners=["<b>"])["msg"]
