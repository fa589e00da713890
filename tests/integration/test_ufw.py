# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ufw on booted hosts: what is let in, what survives, what is left alone, what ufw itself says of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from .conftest import NETWORKS, Lab, up

ADDRESSES = {"ufw12": ("192.0.2.12", "2001:db8:1::12"), "ufw13": ("192.0.2.13", "2001:db8:1::13")}
SUBMISSION = {"tcp/515", "tcp/631", "tcp/9443"}
QUICK = "22,161,515,631,5501,8080,9187,9443"
FEW = "22,515,8080"
ABSENT = {"components": ["vpsx", "dis"], "state": "absent"}
OWNER = "printnet.ports/vpsx"
PRINTERS = {"printer": ["192.0.2.20", "2001:db8:1::20"]}


@pytest.fixture(scope="module")
def ufw_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with up(tmp_path_factory, "ufw") as there:
        for host in ADDRESSES:
            there.host(host, "ufw reload")
        yield there


@pytest.fixture
def lab(ufw_lab: Lab) -> Lab:
    return ufw_lab


@pytest.fixture(params=ADDRESSES)
def each(request: pytest.FixtureRequest, lab: Lab) -> Iterator[str]:
    """A VPSX host, on Debian 12 and 13, as the lab made it; and so again after the test."""
    yield from as_before(lab, request.param)


@pytest.fixture
def host(lab: Lab) -> Iterator[str]:
    """The VPSX host on Debian 13, for what does not differ between editions of ufw."""
    yield from as_before(lab, "ufw13")


def as_before(lab: Lab, name: str) -> Iterator[str]:
    before = state(lab, name)
    lab.host(name, "rm -rf /root/kept; cp -a /etc/ufw /root/kept; cp -a /etc/default/ufw /root/default")
    yield name
    if state(lab, name) == before:
        return
    lab.host(name, "rm -rf /etc/ufw /var/lib/printnet.ports; cp -a /root/kept /etc/ufw", check=False)
    lab.host(name, "cp -a /root/default /etc/default/ufw; ufw --force enable; ufw reload")
    assert state(lab, name) == before, "the test left something behind"


def files(lab: Lab, host: str) -> str:
    """Every file of ufw and of ours by name, bytes and mode."""
    found = r"find /etc/ufw /etc/default/ufw /run/printnet* /var/lib/printnet* -printf '%M %u %g %p %l\n' 2>/dev/null"
    return lab.host(host, f"{found} | sort -k 4; find /etc/ufw /etc/default/ufw -type f | sort | xargs sha256sum")


def dump(lab: Lab, host: str) -> list[str]:
    """The kernel's tables of both families, chain by chain, without what was counted."""
    text = lab.host(host, "iptables-save -t filter; ip6tables-save -t filter")
    lines = re.sub(r"\[\d+:\d+\]|^#.*\n", "", text, flags=re.MULTILINE).splitlines()
    return sorted(lines, key=lambda line: line.split()[:2])


def state(lab: Lab, host: str) -> tuple[str, list[str]]:
    return files(lab, host), dump(lab, host)


def rules(lab: Lab, host: str) -> str:
    """The rules in both files, without those of ours."""
    text = lab.host(host, "cat /etc/ufw/user.rules /etc/ufw/user6.rules")
    ours = OWNER.encode().hex()
    return re.sub(rf"\n### tuple ### [^\n]* comment={ours}\n-A [^\n]*\n", "", text)


def status(lab: Lab, host: str) -> list[str]:
    """The rules that ufw shows, one blank between words."""
    return [" ".join(line.split()) for line in lab.host(host, "ufw status").splitlines()[4:] if line]


def scan(lab: Lab, source: str, address: str, ports: str = QUICK) -> set[str]:
    return lab.reached(source, address, ports)


def let_in(lab: Lab, source: str, host: str, ports: str = QUICK) -> set[str]:
    """What the source reaches, the same by IPv4 and IPv6, beside SSH, which it always reaches."""
    return lab.let_in(source, ADDRESSES[host], ports)


def told(answer: dict[str, object]) -> str:
    """What was said, in one line: Ansible breaks long warnings."""
    return " ".join(str(answer["told"]).split())


@pytest.fixture
def each_opened(lab: Lab, each: str) -> str:
    """A host with the rules of VPSX, on each edition."""
    assert lab.firewall(each)["changed"]
    return each


@pytest.fixture
def opened(lab: Lab, host: str) -> str:
    assert lab.firewall(host)["changed"]
    return host


def test_lets_in_exactly_the_plan(lab: Lab, each_opened: str) -> None:
    assert let_in(lab, "client1", each_opened, "1-10000") == SUBMISSION
    assert let_in(lab, "stranger1", each_opened) == set()
    assert scan(lab, "serverx1", ADDRESSES[each_opened][1]) == {"tcp/5501"}
    assert not lab.firewall(each_opened)["changed"]
    assert f"515,631,9443/tcp ALLOW 198.51.100.0/24 # {OWNER}" in status(lab, each_opened)


def test_is_what_ufws_own_commands_make(lab: Lab, each: str) -> None:
    commands = lab.firewall(each, "--check")["commands"]
    lab.firewall(each)
    lab.host(each, "rm -r /var/lib/printnet.ports")  # what the host remembers of a run of ours
    ours = state(lab, each)
    lab.firewall(each, arguments=ABSENT)
    lab.host(each, "; ".join(f"{command} >/dev/null" for command in commands))
    theirs = state(lab, each)
    assert theirs[0] == ours[0]
    assert theirs[1] == sorted(
        (re.sub(f' -m comment --comment "{OWNER}"', "", line) for line in ours[1]), key=lambda line: line.split()[:2]
    )
    assert not lab.firewall(each)["changed"]


USERS = (
    "ufw reload",
    "systemctl restart ufw",
    "ufw disable; ufw --force enable",
    "ufw logging medium; ufw logging low",
    "ufw allow 8080/tcp; ufw delete allow 8080/tcp",
    "ufw insert 1 allow 8080/tcp comment first; ufw --force delete 1",
    "r='allow proto udp from any to 192.0.2.99 port 53'; ufw route $r; ufw route delete $r",
)


def test_survives_what_users_do_with_ufw(lab: Lab, each_opened: str) -> None:
    before = files(lab, each_opened)
    for happening in USERS:
        lab.host(each_opened, f"({happening}; ufw delete allow 8080/tcp; true) >/dev/null 2>&1")
        assert files(lab, each_opened) == before, happening
        assert scan(lab, "client1", ADDRESSES[each_opened][1], FEW) == {"tcp/515"}, happening
        assert not lab.firewall(each_opened)["changed"], happening
    assert lab.firewall(each_opened, arguments=ABSENT)["changed"]
    assert let_in(lab, "client1", each_opened) == set()


def test_survives_a_reboot(lab: Lab, each_opened: str) -> None:
    before = files(lab, each_opened)
    lab.reboot(each_opened)
    assert files(lab, each_opened) == before
    assert let_in(lab, "client1", each_opened) == SUBMISSION
    assert let_in(lab, "stranger1", each_opened) == set()
    assert not lab.firewall(each_opened)["changed"]
    lab.firewall(each_opened, vpsx_submission_port=9444)
    assert let_in(lab, "client1", each_opened, "22,515,631,9443,9444") == {"tcp/515", "tcp/631", "tcp/9444"}


def test_absent_leaves_what_was_there(lab: Lab, each: str) -> None:
    before = state(lab, each)
    lab.firewall(each)
    assert lab.firewall(each, arguments=ABSENT)["changed"]
    assert state(lab, each) == before
    assert not lab.firewall(each, arguments=ABSENT)["changed"]
    assert let_in(lab, "client1", each) == set()


def test_check_mode_changes_nothing_and_foretells(lab: Lab, host: str) -> None:
    before = state(lab, host)
    foretold = lab.firewall(host, "--check", "--diff")
    assert foretold["changed"]
    assert state(lab, host) == before
    assert lab.firewall(host)["after"] == foretold["after"]
    assert (
        f"ufw allow proto tcp from 198.51.100.0/24 to any port 515,631,9443 comment '{OWNER}'" in foretold["commands"]
    )


OTHERS = r"""
ufw limit 2222/tcp comment '"a" <b>{{ lookup("x") }}</b> \\ %s $(id) € ä'
ufw allow OpenSSH
ufw allow log 8443/tcp
ufw deny log-all from 203.0.113.66
ufw reject out to 203.0.113.67 port 25 proto tcp
ufw allow in on eth0 to 192.0.2.99 port 53
ufw route allow in on eth0 out on eth0 from 203.0.113.0/24
ufw allow proto esp from 203.0.113.68
ufw deny 8081
"""


def test_others_keep_every_byte_and_counter(lab: Lab, each: str) -> None:
    lab.host(each, OTHERS)
    lab.scan("client1", ADDRESSES[each][0], "2222,8081,8443", ssh=False)
    before, live, text = files(lab, each), dump(lab, each), rules(lab, each)
    counted = "iptables-save -c -t filter | grep -e 'dport 8081 ' -e 'dport 8443 ' -e ' ufw-user-limit'"
    numbers = lab.host(each, counted)
    assert re.search(r"^\[[1-9]\d*:\d+\] -A ufw-user-input .*dport 8081 -j DROP", numbers, re.MULTILINE)
    lab.firewall(each)
    assert rules(lab, each) == text
    assert [line for line in dump(lab, each) if OWNER not in line] == live
    assert lab.host(each, counted) == numbers
    assert "€ ä" in "\n".join(status(lab, each))
    assert let_in(lab, "client1", each) == SUBMISSION
    lab.host(each, "ufw reload")
    assert rules(lab, each) == text
    assert not lab.firewall(each)["changed"]
    lab.firewall(each, arguments=ABSENT)
    assert files(lab, each) == before
    assert dump(lab, each) == live


def test_others_drops_win(lab: Lab, each: str) -> None:
    lab.host(each, "ufw deny proto tcp from 198.51.100.10 to any port 515")
    lab.host(each, "ufw deny in on eth9 to any port 9443 proto tcp")
    answer = lab.firewall(each)
    assert "ufw: deny on eth9 9443/tcp from any blocks tcp 9443 that" in told(answer)
    assert ", as far as it comes by eth9: the rules of others win." in told(answer)
    assert "ufw: deny 515/tcp from 198.51.100.10 blocks tcp 515 that printnet.ports/vpsx asks for" in told(answer)
    assert scan(lab, "client1", ADDRESSES[each][0]) == SUBMISSION - {"tcp/515"}
    assert scan(lab, "client1", ADDRESSES[each][1]) == SUBMISSION
    # One that comes later wins from the next run on, live and after a reload.
    lab.host(each, "ufw reject proto tcp from 198.51.100.10 to any port 631")
    assert "tcp/631" in scan(lab, "client1", ADDRESSES[each][0])
    assert lab.firewall(each)["changed"]
    assert "tcp/9443" in scan(lab, "client1", ADDRESSES[each][0], "22,515,9443")
    judge = 'for p in 515 631 9443; do timeout 2 bash -c "</dev/tcp/%s/$p" 2>/dev/null && echo $p; done'
    assert lab.host("client1", judge % ADDRESSES[each][0], check=False).split() == ["9443"]
    assert not lab.firewall(each)["changed"]
    lab.host(each, "ufw reload")
    assert lab.host("client1", judge % ADDRESSES[each][0], check=False).split() == ["9443"]
    assert not lab.firewall(each)["changed"]


def test_stands_before_what_refuses_everything_at_the_end(lab: Lab, each: str) -> None:
    lab.host(each, "ufw deny proto tcp from 198.51.100.10 to any port 515; ufw deny log from any")
    lab.firewall(each)
    for _time in range(2):
        assert scan(lab, "client1", ADDRESSES[each][0]) == SUBMISSION - {"tcp/515"}
        assert scan(lab, "client1", ADDRESSES[each][1]) == SUBMISSION
        # What is allowed behind it has no effect, and moves nothing of ours.
        lab.host(each, "ufw allow 8080/tcp")
        assert not lab.firewall(each)["changed"]
        lab.host(each, "ufw reload")
    lab.host(each, "iptables -I ufw-user-input 2 -j DROP")
    assert lab.firewall(each)["changed"]
    assert scan(lab, "client1", ADDRESSES[each][0], "22,631,8080") == {"tcp/631"}
    lab.firewall(each, vpsx_submission_port=9444)
    assert scan(lab, "client1", ADDRESSES[each][1], "22,631,9443,9444") == {"tcp/631", "tcp/9444"}


def test_the_same_rule_of_somebody_else_is_left_to_them(lab: Lab, each: str) -> None:
    same = "proto tcp from 198.51.100.0/24 to any port 515,631,9443"
    lab.host(each, f"ufw allow {same} comment theirs")
    before = state(lab, each)
    answer = lab.firewall(each)
    assert answer["changed"]
    assert not any("198.51.100.0/24" in command for command in answer["commands"])
    assert lab.host(each, "grep -c '^### tuple.*198.51.100.0/24' /etc/ufw/user.rules").strip() == "1"
    assert let_in(lab, "client1", each) == SUBMISSION
    assert not lab.firewall(each)["changed"]
    lab.host(each, "ufw reload")
    assert not lab.firewall(each)["changed"]
    lab.firewall(each, arguments=ABSENT)
    assert files(lab, each) == before[0]
    assert scan(lab, "client1", ADDRESSES[each][0]) == SUBMISSION
    # Ours come back when theirs goes, and go when they take ours over.
    lab.firewall(each)
    lab.host(each, f"ufw delete allow {same}")
    assert lab.firewall(each)["changed"]
    assert let_in(lab, "client1", each) == SUBMISSION
    lab.host(each, f"ufw allow {same} comment theirs")
    assert not lab.firewall(each)["changed"]
    assert let_in(lab, "client1", each) == SUBMISSION


def test_what_somebody_did_to_ours_is_mended(lab: Lab, opened: str) -> None:
    right = state(lab, opened)
    lab.host(opened, "ufw delete allow proto tcp from 198.51.100.0/24 to any port 515,631,9443")
    assert scan(lab, "client1", ADDRESSES[opened][0]) == set()
    assert lab.firewall(opened)["changed"]
    assert let_in(lab, "client1", opened) == SUBMISSION
    lab.host(opened, f"iptables -I ufw-user-input -p tcp --dport 8080 -m comment --comment {OWNER} -j ACCEPT")
    lab.host(opened, "sed -i 's/--dports 515,631,9443 .*/--dport 1 -j ACCEPT/' /etc/ufw/user6.rules")
    lab.host(opened, "echo half > /etc/ufw/user.rules.pnports1")
    assert lab.firewall(opened)["changed"]
    assert let_in(lab, "client1", opened) == SUBMISSION
    lab.host(opened, "ufw reload")
    assert let_in(lab, "client1", opened) == SUBMISSION
    assert lab.firewall(opened, arguments=ABSENT)["changed"]
    lab.firewall(opened)
    assert state(lab, opened)[0] == right[0]


def test_what_is_sent(lab: Lab, each: str) -> None:
    values = {"printnet_networks": {**NETWORKS, **PRINTERS}}
    lab.firewall(each, **values)
    assert "output" not in "".join(line for line in dump(lab, each) if OWNER in line)
    lab.host(each, "ufw default deny outgoing; ufw allow out 22/tcp; ufw allow out 53; ufw reload")
    assert lab.scan(each, "192.0.2.20", "22,9100,9101") == {"tcp/22"}
    assert lab.firewall(each, **values)["changed"]
    assert any(line.endswith(f"OUT Anywhere # {OWNER}") and "9100" in line for line in status(lab, each))
    for _time in range(2):
        for address in PRINTERS["printer"]:
            assert "tcp/9100" in lab.scan(each, address, "22,9100")
        assert lab.scan(each, "192.0.2.20", "8080", ssh=False) == set()
        assert let_in(lab, "client1", each) == SUBMISSION
        assert not lab.firewall(each, **values)["changed"]
        lab.host(each, "ufw reload")
    lab.firewall(each, arguments=ABSENT)
    assert lab.scan(each, "192.0.2.20", "22,9100") == {"tcp/22"}
    # A rule that refuses what is sent counts as much as the default.
    lab.host(each, "ufw default allow outgoing; ufw deny out to any")
    assert lab.scan(each, "192.0.2.20", "22,9100") == {"tcp/22"}
    assert lab.firewall(each, **values)["changed"]
    assert "tcp/9100" in lab.scan(each, "192.0.2.20", "22,9100")


def test_without_ipv6_in_ufw(lab: Lab, each: str) -> None:
    lab.host(each, "sed -i 's/^IPV6=.*/IPV6=no/' /etc/default/ufw; ufw reload")
    before = state(lab, each)
    answer = lab.firewall(each)
    assert "ufw has no rules for IPv6 on this host (IPV6=no in /etc/default/ufw" in told(answer)
    assert scan(lab, "client1", ADDRESSES[each][0]) == SUBMISSION
    assert not lab.firewall(each)["changed"]
    assert lab.firewall(each, arguments=ABSENT)["changed"]
    assert state(lab, each) == before
    # What is there of IPv6 from before is taken out of the file by ufw, or by us.
    back = "sed -i 's/^IPV6=.*/IPV6=yes/' /etc/default/ufw; ufw reload"
    lab.host(each, f"{back}; ip6tables -D INPUT -i lo -j ACCEPT; ip6tables -D OUTPUT -o lo -j ACCEPT")
    lab.firewall(each)
    lab.host(each, "cp -a /etc/ufw/user6.rules /root/user6; sed -i 's/^IPV6=.*/IPV6=no/' /etc/default/ufw; ufw reload")
    assert not lab.firewall(each)["changed"]
    lab.host(each, "cp -a /root/user6 /etc/ufw/user6.rules")
    assert lab.firewall(each)["changed"]
    assert OWNER.encode().hex() not in lab.host(each, "cat /etc/ufw/user6.rules")
    assert scan(lab, "client1", ADDRESSES[each][0]) == SUBMISSION
    lab.host(each, f"{back}; ip6tables -D INPUT -i lo -j ACCEPT; ip6tables -D OUTPUT -o lo -j ACCEPT")


def test_5000_networks(lab: Lab, each: str) -> None:
    many = [f"10.{number // 100}.{number % 100}.0/28" for number in range(5000)]
    values = {"printnet_networks": {"workstation": [*many, "198.51.100.10"]}}
    before = state(lab, each)
    assert lab.firewall(each, **values)["changed"]
    assert scan(lab, "client1", ADDRESSES[each][0]) == SUBMISSION
    assert scan(lab, "stranger1", ADDRESSES[each][0]) == set()
    assert not lab.firewall(each, **values)["changed"]
    lab.host(each, "ufw allow 8080/tcp; ufw delete allow 8080/tcp")
    assert not lab.firewall(each, **values)["changed"]
    lab.firewall(each, arguments=ABSENT)
    assert state(lab, each) == before


def test_two_owners_share_what_both_need(lab: Lab, host: str) -> None:
    shared = {"transport": "tcp", "ports": ["515"], "peers": ["198.51.100.0/24"]}
    alone = {"transport": "tcp", "ports": ["631"], "peers": ["203.0.113.0/24"]}
    both = {"one": [shared], "two": [shared, alone]}
    for owner, needed in both.items():
        lab.firewall(host, arguments={"owner": owner, "rules": needed})
    lines = [line for line in status(lab, host) if "515" in line]
    assert len(lines) == 1
    assert re.search(r"# printnet\.ports/\S*one printnet\.ports/\S*two$", lines[0])
    lab.host(host, "ufw reload")
    for owner, needed in both.items():
        assert not lab.firewall(host, arguments={"owner": owner, "rules": needed})["changed"]
    lab.firewall(host, arguments={"owner": "two", "state": "absent"})
    assert scan(lab, "client1", ADDRESSES[host][0]) == {"tcp/515"}
    assert not lab.firewall(host, arguments={"owner": "one", "rules": [shared]})["changed"]
    lab.firewall(host, arguments={"owner": "one", "state": "absent"})
    assert scan(lab, "client1", ADDRESSES[host][0]) == set()


def test_waits_for_ufw(lab: Lab, host: str) -> None:
    hold = (
        "import fcntl, time; f = open('/run/ufw.lock', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep({}); "
        "open('/run/let-go', 'w')"
    )
    lab.host(host, f'python3 -c "{hold.format(8)}" >/dev/null 2>&1 &')
    time.sleep(0.5)
    assert lab.firewall(host)["changed"]
    lab.host(host, "rm /run/let-go")
    lab.host(host, f'python3 -c "{hold.format(60)}" >/dev/null 2>&1 & echo $! > /run/held')
    time.sleep(0.5)
    answer = lab.firewall(host, ok=False)
    lab.host(host, "kill $(cat /run/held); rm /run/held")
    assert "A ufw command has held /run/ufw.lock for 30 seconds" in answer["msg"]
    assert answer["msg"].endswith("Nothing was changed.")


BROKEN = f"### tuple ### allow tcp 515,x 0.0.0.0/0 any 192.0.2.0/24 in comment={OWNER.encode().hex()}"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("sed -i '/^### RULES/d' /etc/ufw/user.rules", "/etc/ufw/user.rules has no line '### RULES ###'"),
        (
            f"sed -i '/^### RULES/a {BROKEN}' /etc/ufw/user.rules",
            "/etc/ufw/user.rules, line 19: ufw can't have written this tuple of printnet.ports",
        ),
        ("mv /etc/ufw/user6.rules /root", "/etc/ufw/user6.rules is missing"),
        ("/lib/ufw/ufw-init force-stop", "run ufw reload"),
        ("chattr +i /etc/ufw/user6.rules 2>/dev/null || mount --bind -r /etc/ufw /etc/ufw", "/etc/ufw/user"),
    ],
)
def test_says_what_is_wrong_and_changes_nothing(lab: Lab, host: str, wrong: str, said: str) -> None:
    lab.host(host, wrong)
    before = state(lab, host)
    try:
        answer = lab.firewall(host, ok=False)
        assert said in answer["msg"]
        assert "Nothing was changed." in answer["msg"] or "What was there before was put back." in answer["msg"]
        assert state(lab, host) == before
    finally:
        lab.host(host, "umount /etc/ufw || chattr -i /etc/ufw/user6.rules", check=False)


def test_another_firewall_has_taken_over(lab: Lab, opened: str) -> None:
    lab.host(opened, "ufw disable; cp /etc/nftables.conf /root/nftables.conf")
    lab.host(
        opened,
        "printf 'table inet f {\\n chain input {\\n type filter hook input priority 0; policy drop;\\n"
        " ct state established,related accept; tcp dport 22 accept; meta l4proto ipv6-icmp accept;\\n }\\n}\\n'"
        " > /etc/nftables.conf; systemctl enable --now nftables",
    )
    try:
        answer = lab.firewall(opened)
        assert answer["firewall"] == "nftables"
        assert OWNER.encode().hex() not in lab.host(opened, "cat /etc/ufw/user.rules /etc/ufw/user6.rules")
        assert not lab.firewall(opened)["changed"]
        lab.firewall(opened, arguments=ABSENT)
    finally:
        lab.host(
            opened,
            "systemctl disable --now nftables; cp /root/nftables.conf /etc/nftables.conf; nft flush ruleset; "
            "ufw --force enable",
        )
