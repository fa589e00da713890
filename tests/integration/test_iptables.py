# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iptables on booted hosts, of both kinds: what is let in, what survives, what is left alone, what is said."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from .conftest import NETWORKS, Lab, up

ADDRESSES = {
    "ipt12": ("192.0.2.12", "2001:db8:1::12"),
    "ipt13": ("192.0.2.13", "2001:db8:1::13"),
    "leg12": ("192.0.2.14", "2001:db8:1::14"),
}
SUBMISSION = {"tcp/515", "tcp/631", "tcp/9443"}
QUICK = "22,161,443,515,631,5500,5501,7501,8080,9100,9187,9443"
ABSENT = {"components": ["vpsx", "dis"], "state": "absent"}
# Several tests in ten seconds start it again more often than systemd lets anybody.
UNLIMITED = """
mkdir -p /etc/systemd/system/netfilter-persistent.service.d
printf '[Unit]\\nStartLimitIntervalSec=0\\n' > /etc/systemd/system/netfilter-persistent.service.d/tests.conf
systemctl daemon-reload
"""
LEGACY = """
update-alternatives --set iptables /usr/sbin/iptables-legacy >/dev/null
update-alternatives --set ip6tables /usr/sbin/ip6tables-legacy >/dev/null
nft flush ruleset
systemctl restart netfilter-persistent
"""


@pytest.fixture(scope="session")
def ipt_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with up(tmp_path_factory, "iptables") as there:
        for name in ADDRESSES:
            there.host(name, UNLIMITED)
        there.host("leg12", LEGACY)
        yield there


@pytest.fixture
def lab(ipt_lab: Lab) -> Lab:
    return ipt_lab


@pytest.fixture(params=ADDRESSES)
def each(request: pytest.FixtureRequest, lab: Lab) -> Iterator[str]:
    """A VPSX host, on Debian 12 and 13 and with legacy tables, as the lab made it; and so again after the test."""
    yield from as_before(lab, request.param)


@pytest.fixture
def host(lab: Lab) -> Iterator[str]:
    """The VPSX host on Debian 13, for what does not differ between editions of iptables."""
    yield from as_before(lab, "ipt13")


@pytest.fixture
def legacy(lab: Lab) -> Iterator[str]:
    yield from as_before(lab, "leg12")


def as_before(lab: Lab, name: str) -> Iterator[str]:
    before = state(lab, name)
    lab.host(name, "rm -rf /root/kept; cp -a /etc/iptables /root/kept")
    yield name
    if state(lab, name) == before:
        return
    lab.firewall(name, arguments=ABSENT)
    lab.host(name, "rm -rf /etc/iptables; cp -a /root/kept /etc/iptables; systemctl restart netfilter-persistent")
    lab.host(name, "for t in '' 6; do ip${t}tables -t nat -F; ip${t}tables -t nat -X; done 2>/dev/null", check=False)
    assert state(lab, name) == before, "the test left something behind"


def files(lab: Lab, host: str) -> str:
    """Every file of /etc by name, bytes and mode."""
    return lab.host(
        host, r"find /etc -printf '%M %u %g %p %l\n' | sort -k 4; find /etc -type f | sort | xargs sha256sum"
    )


def dump(lab: Lab, host: str) -> str:
    """The kernel's table of both families, without what was counted."""
    return re.sub(r"\[\d+:\d+\]|#.*", "", lab.host(host, "iptables-save -t filter; ip6tables-save -t filter"))


def state(lab: Lab, host: str) -> tuple[str, str]:
    return files(lab, host), dump(lab, host)


def without_ours(text: str) -> str:
    return re.sub(r"^.*pnports1-.*\n", "", text, flags=re.MULTILINE)


def scan(lab: Lab, source: str, address: str, ports: str = QUICK) -> set[str]:
    return lab.reached(source, address, ports)


def let_in(lab: Lab, source: str, host: str, ports: str = QUICK) -> set[str]:
    """What the source reaches, the same by IPv4 and IPv6, beside SSH, which it always reaches."""
    return lab.let_in(source, ADDRESSES[host], ports)


def tcp(lab: Lab, source: str, address: str, ports: str = "22,515,631,8080,9443") -> set[str]:
    """The same for TCP: where a firewall rejects UDP in the stack's own words, nobody can tell."""
    return {port for port in scan(lab, source, address, ports) if port.startswith("tcp/")}


def add(lab: Lab, host: str, rules: str) -> None:
    """Others' rules, in the kernel and saved, in both families; a chain is made where a line begins with a colon."""
    lab.host(
        host,
        f"""cat > /root/more <<'END'
*filter
{rules}
COMMIT
END
for t in '' 6; do ip${{t}}tables-restore --noflush < /root/more || exit 1; done
iptables-save -t filter | grep -v '^#' > /etc/iptables/rules.v4
ip6tables-save -t filter | grep -v '^#' > /etc/iptables/rules.v6""",
    )


def chain(lab: Lab, host: str, name: str = "INPUT", program: str = "iptables") -> list[str]:
    """The rules of a chain, ours shortened to their target."""
    lines = lab.host(host, f"{program} -S {name}").splitlines()
    return [re.sub(r".*-j (pnports1-\S+)$", r"\1", line) for line in lines if line.startswith("-A")]


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
    assert not lab.firewall(each_opened)["changed"]


def test_survives_a_restart_and_a_reboot(lab: Lab, each_opened: str) -> None:
    before = state(lab, each_opened)
    lab.host(each_opened, "systemctl restart netfilter-persistent")
    assert state(lab, each_opened) == before
    lab.reboot(each_opened)
    assert state(lab, each_opened) == before
    assert let_in(lab, "client1", each_opened) == SUBMISSION
    assert not lab.firewall(each_opened)["changed"]


def test_absent_leaves_what_was_there(lab: Lab, each: str) -> None:
    before = state(lab, each)
    lab.firewall(each)
    here = state(lab, each)
    assert without_ours(here[1]) == before[1]
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
    assert any(line.startswith("ip6tables-restore --noflush: -A pnports1-vpsx ") for line in foretold["commands"])


def test_others_counters_go_on(lab: Lab, each: str) -> None:
    add(lab, each, "-A INPUT -p udp -m udp --dport 161 -j DROP\n-A INPUT -p tcp -m tcp --dport 5500 -j REJECT")
    lab.scan("client1", ADDRESSES[each][0], "161,5500,8080", ssh=False)
    counted = "iptables-save -c -t filter | grep -e 'dport 161 ' -e 'dport 5500 '"
    policy = r"iptables-save -c -t filter | sed -n 's/^:INPUT DROP .\([0-9]*\):.*/\1/p'"
    before, dropped = lab.host(each, counted), int(lab.host(each, policy))
    assert "[0:0]" not in before
    assert dropped
    lab.firewall(each)
    lab.firewall(each, arguments=ABSENT)
    assert lab.host(each, counted) == before
    assert int(lab.host(each, policy)) >= dropped


CATCH_ALL = {
    "reject": "-A INPUT -j REJECT",
    "log": '-A INPUT -m limit --limit 5/min -j LOG --log-prefix "no: "\n-A INPUT -j DROP',
    "chain": ":LOGDROP - [0:0]\n-A LOGDROP -j LOG\n-A LOGDROP -j DROP\n-A INPUT -g LOGDROP",
    "protocols": "-A INPUT -p tcp -j DROP\n-A INPUT -p udp -j REJECT\n-A INPUT -j DROP",
    "limited": "-A INPUT -m limit --limit 10/sec -j REJECT\n-A INPUT -j DROP",
    "nested": ":RH - [0:0]\n-A RH -p tcp -m tcp --dport 22 -j ACCEPT\n-A RH -j REJECT\n-A INPUT -j RH",
    "for good": ":OWN - [0:0]\n-A OWN -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -g OWN",
    "dead": "-A INPUT -j DROP\n-A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT",
}


@pytest.mark.parametrize("kind", CATCH_ALL)
def test_stands_before_the_catch_all(lab: Lab, host: str, kind: str) -> None:
    before = chain(lab, host)
    add(lab, host, CATCH_ALL[kind])
    after = chain(lab, host)[len(before) :]
    lab.firewall(host)
    assert chain(lab, host) == [*before, "pnports1-vpsx", *after]
    live = dump(lab, host)
    lab.host(host, "systemctl restart netfilter-persistent")
    assert dump(lab, host) == live
    assert [tcp(lab, "client1", address) for address in ADDRESSES[host]] == [SUBMISSION, SUBMISSION]
    lab.firewall(host, arguments=ABSENT)
    assert chain(lab, host) == [*before, *after]


def test_a_file_written_by_hand_loads_with_ours(lab: Lab, host: str) -> None:
    """In sections, each with its chains, and a catch-all that iptables-save would spell otherwise."""
    lines = "-A INPUT -s 0/0 -d 0/0 --jump=DROP\\n:late - [0:0]\\n-A late -j ACCEPT\\n-A FORWARD -j late"
    restart = "systemctl restart netfilter-persistent"
    lab.host(host, f"sed -i 's|^COMMIT|{lines}\\nCOMMIT|' /etc/iptables/rules.v4; {restart}")
    lab.firewall(host)
    live = dump(lab, host)
    lab.host(host, f"iptables -F; iptables -X; {restart}")
    assert dump(lab, host) == live
    assert tcp(lab, "client1", ADDRESSES[host][0]) == SUBMISSION
    assert not lab.firewall(host)["changed"]
    lab.host(host, "sed -i 's/^-A INPUT -s/-I INPUT -s/' /etc/iptables/rules.v4")
    more = {"owner": "more", "rules": [{"transport": "tcp", "ports": ["8080"], "peers": ["any"]}]}
    answer = lab.firewall(host, arguments=more, ok=False)
    assert "inserts a rule before those above it: -I INPUT -s 0/0" in answer["msg"]


def test_others_drops_win(lab: Lab, each: str) -> None:
    drops = "-A INPUT -p tcp -m tcp --dport 515 -j DROP\n-A INPUT -i eth0 -p tcp -m tcp --dport 631 -j DROP"
    add(lab, each, f"{drops}\n-A INPUT -i eth9 -p tcp -m tcp --dport 9443 -j DROP\n-A INPUT -j REJECT")
    answer = lab.firewall(each)
    assert tcp(lab, "client1", ADDRESSES[each][0]) == SUBMISSION - {"tcp/515", "tcp/631"}
    assert "iptables INPUT rule 5 (-p tcp -m tcp --dport 515 -j DROP) blocks tcp 515" in told(answer)
    for port, interface in (("631", "eth0"), ("9443", "eth9")):
        sentence = rf"--dport {port} -j DROP\) blocks tcp {port} that .*, as far as it comes by {interface}:"
        assert re.search(sentence, told(answer))


def test_a_jump_that_others_left_behind_moves(lab: Lab, each_opened: str) -> None:
    lab.host(each_opened, "iptables -A INPUT -p tcp -m tcp --dport 631 -j DROP")
    assert "tcp/631" in scan(lab, "client1", ADDRESSES[each_opened][0], "22,631")
    assert lab.firewall(each_opened)["changed"]
    assert chain(lab, each_opened)[-1] == "pnports1-vpsx"
    assert "tcp/631" not in scan(lab, "client1", ADDRESSES[each_opened][0], "22,631")
    # Accepts behind ours change nothing for anybody.
    lab.host(each_opened, "iptables -A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT")
    assert not lab.firewall(each_opened)["changed"]


def test_what_somebody_put_among_ours_goes(lab: Lab, opened: str) -> None:
    right = state(lab, opened)
    lab.host(opened, "iptables -I pnports1-vpsx -p tcp --dport 8080 -j ACCEPT; iptables -D INPUT 5")
    assert let_in(lab, "client1", opened, "22,8080") == set()
    assert lab.firewall(opened)["changed"]
    assert state(lab, opened) == right


def test_what_is_sent(lab: Lab, each: str) -> None:
    add(
        lab,
        each,
        "-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A OUTPUT -o lo -j ACCEPT\n"
        "-A OUTPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A OUTPUT -p ipv6-icmp -j ACCEPT\n-A OUTPUT -j REJECT",
    )
    assert lab.scan(each, "192.0.2.20", "22,9100,9101") == {"tcp/22"}
    printers = {"printer": ["192.0.2.20", "2001:db8:1::20"]}
    lab.firewall(each, printnet_networks={**NETWORKS, **printers})
    assert chain(lab, each, "OUTPUT")[-2:] == [
        "pnports1-vpsx-o",
        "-A OUTPUT -j REJECT --reject-with icmp-port-unreachable",
    ]
    for address in ("192.0.2.20", "2001:db8:1::20"):
        assert "tcp/9100" in lab.scan(each, address, "22,9100")
    assert lab.scan(each, "192.0.2.20", "8080", ssh=False) == set()
    assert let_in(lab, "client1", each) == SUBMISSION
    lab.firewall(each, arguments=ABSENT)
    assert "pnports1" not in dump(lab, each)


ODD = r"""# my rules, <b>bold</b> & "quoted"
*nat
:PREROUTING ACCEPT [1:60]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:mine - [0:0]
-A PREROUTING -p tcp -m tcp --dport 8000 -j REDIRECT --to-ports 80
COMMIT
# COMMIT
*filter
:INPUT DROP [12:3456]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:f2b "sshd" - [0:0]

  -A INPUT -i lo -j ACCEPT
[3:180] -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -m comment --comment "<script>alert('\"x\"') -j DROP $(id) \\" -j ACCEPT
--append INPUT --protocol tcp --destination-port 22 --jump ACCEPT
# the last word
-A INPUT --jump REJECT
COMMIT""".replace(':f2b "sshd" - [0:0]', ":f2b-sshd - [0:0]")


def test_odd_files_keep_each_byte(lab: Lab, each: str) -> None:
    # Legacy programs load no file that does not end its last line.
    odd = ODD + "\n" if each == "leg12" else ODD
    lab.host(each, f"printf %s '{odd.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}' > /etc/iptables/rules.v4")
    lab.host(each, "chmod 600 /etc/iptables/rules.v4; systemctl restart netfilter-persistent")
    before, live = state(lab, each)
    assert lab.firewall(each)["changed"]
    text = lab.host(each, "cat /etc/iptables/rules.v4")
    assert without_ours(text) == odd
    assert "\n".join(text.splitlines()[-12:]).count("printnet.ports/vpsx") == 1
    lab.host(each, "systemctl restart netfilter-persistent")
    assert tcp(lab, "client1", ADDRESSES[each][0]) == SUBMISSION
    assert not lab.firewall(each)["changed"]
    lab.firewall(each, arguments=ABSENT)
    assert files(lab, each) == before
    assert dump(lab, each) == live
    lab.host(each, "iptables -t nat -F; iptables -t nat -X")


def test_files_that_are_not_there_are_made_and_go_again(lab: Lab, host: str) -> None:
    lab.host(host, "rm /etc/iptables/rules.v6; printf '# nothing yet' > /etc/iptables/rules.v4")
    before = state(lab, host)
    lab.firewall(host)
    assert not lab.firewall(host)["changed"]
    assert ":INPUT ACCEPT" in lab.host(host, "cat /etc/iptables/rules.v6")
    for program, file in (("iptables", "rules.v4"), ("ip6tables", "rules.v6")):
        lab.host(host, f"{program}-restore --test < /etc/iptables/{file}")
    lab.firewall(host, arguments=ABSENT)
    assert state(lab, host) == before


def test_5000_networks(lab: Lab, each: str) -> None:
    many = [f"10.{number // 100}.{number % 100}.0/28" for number in range(5000)]
    values = {"printnet_networks": {"workstation": [*many, "198.51.100.10"]}}
    assert lab.firewall(each, **values)["changed"]
    assert scan(lab, "client1", ADDRESSES[each][0]) == SUBMISSION
    assert scan(lab, "stranger1", ADDRESSES[each][0]) == set()
    assert not lab.firewall(each, **values)["changed"]


def test_two_owners_do_not_disturb_each_other(lab: Lab, host: str) -> None:
    both = {"components": ["vpsx", "dis"]}
    groups = {
        "printnet_groups": {"dis": ["vpsx"]},
        "printnet_networks": {**NETWORKS, "lexmark_printer": ["203.0.113.0/24"]},
    }
    lab.firewall(host, arguments=both, **groups)
    owners = [line for line in chain(lab, host) if line.startswith("pnports1-")]
    assert "pnports1-vpsx" in owners
    lab.firewall(host, arguments={"components": ["dis"], "state": "absent"}, **groups)
    assert [line for line in chain(lab, host) if line.startswith("pnports1-")] == ["pnports1-vpsx"]
    assert let_in(lab, "client1", host) == SUBMISSION


def test_says_that_nothing_loads_the_rules(lab: Lab, host: str) -> None:
    before = files(lab, host)
    lab.host(host, "systemctl disable --now netfilter-persistent")
    try:
        answer = lab.firewall(host)
        assert "Nothing loads the rules of iptables and ip6tables at boot" in told(answer)
        assert answer["after"]["printnet.ports/vpsx"]["saved"] == []
        assert let_in(lab, "client1", host) == SUBMISSION
        assert not lab.firewall(host)["changed"]
        assert "pnports1" not in lab.host(host, "cat /etc/iptables/*")
        lab.firewall(host, arguments=ABSENT)
    finally:
        lab.host(host, "systemctl enable --now netfilter-persistent")
    assert files(lab, host) == before


def test_saves_as_red_hat_does(lab: Lab, host: str) -> None:
    unit = (
        '[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/sh -c "/usr/sbin/%stables-restore '
        '< /etc/sysconfig/%stables"\\n[Install]\\nWantedBy=multi-user.target\\n'
    )
    lab.host(host, "systemctl disable --now netfilter-persistent")
    lab.host(
        host,
        "mkdir /etc/sysconfig; cp /etc/iptables/rules.v4 /etc/sysconfig/iptables; chmod 600 /etc/sysconfig/iptables; "
        "cp /etc/iptables/rules.v6 /etc/sysconfig/ip6tables; "
        + "".join(
            f"printf '{unit}' {name} {name} > /etc/systemd/system/{name}tables.service; " for name in ("ip", "ip6")
        )
        + "systemctl daemon-reload; systemctl enable --now iptables ip6tables",
    )
    try:
        before = state(lab, host)
        lab.firewall(host)
        assert not lab.firewall(host)["changed"]
        assert "pnports1" not in lab.host(host, "cat /etc/iptables/*")
        lab.reboot(host)
        assert let_in(lab, "client1", host) == SUBMISSION
        config = "/etc/sysconfig/iptables-config"
        lab.host(host, f"echo 'IPTABLES_SAVE_ON_STOP=\"yes\"' > {config}")
        for options in (["--check"], []):
            answer = lab.firewall(host, *options, arguments=ABSENT, ok=False)
            assert f"IPTABLES_SAVE_ON_STOP is yes in {config}" in answer["msg"]
        assert let_in(lab, "client1", host) == SUBMISSION
        lab.host(host, f"rm {config}")
        lab.firewall(host, arguments=ABSENT)
        assert state(lab, host) == before
    finally:
        lab.host(
            host,
            "systemctl disable --now iptables ip6tables; rm -r /etc/sysconfig /etc/systemd/system/ip*tables.service; "
            "systemctl daemon-reload; systemctl enable --now netfilter-persistent",
        )


def test_another_firewall_has_taken_over(lab: Lab, opened: str) -> None:
    lab.host(opened, "systemctl disable --now netfilter-persistent; cp /etc/nftables.conf /root/nftables.conf")
    lab.host(
        opened,
        "printf 'table inet f {\\n chain input {\\n type filter hook input priority 0; policy drop;\\n"
        " ct state established,related accept; tcp dport 22 accept; meta l4proto ipv6-icmp accept;\\n }\\n}\\n'"
        " > /etc/nftables.conf; systemctl enable --now nftables; "
        "iptables -P INPUT ACCEPT; ip6tables -P INPUT ACCEPT",
    )
    try:
        answer = lab.firewall(opened)
        assert answer["firewall"] == "nftables"
        assert "pnports1" not in lab.host(opened, "cat /etc/iptables/*; iptables-save; ip6tables-save")
        assert not lab.firewall(opened)["changed"]
        lab.firewall(opened, arguments=ABSENT)
    finally:
        lab.host(
            opened,
            "systemctl disable --now nftables; cp /root/nftables.conf /etc/nftables.conf; nft flush ruleset; "
            "systemctl enable --now netfilter-persistent",
        )


def test_refuses_two_sets_of_tables(lab: Lab, host: str) -> None:
    before = state(lab, host)
    lab.host(host, "iptables-legacy -A INPUT -s 203.0.113.99 -j DROP")
    try:
        answer = lab.firewall(host, ok=False)
        assert "Two sets of tables filter on this host at once" in answer["msg"]
        assert state(lab, host) == before
        # What only forwards, as Docker's rules do, is none of ours.
        lab.host(host, "iptables-legacy -F INPUT; iptables-legacy -P FORWARD DROP; iptables-legacy -A FORWARD -j DROP")
        lab.firewall(host)
        lab.firewall(host, arguments=ABSENT)
        assert state(lab, host) == before
    finally:
        lab.host(host, "iptables-legacy -P FORWARD ACCEPT")
        lab.host(host, "iptables-legacy -F; iptables-legacy -P INPUT ACCEPT")
    assert lab.firewall(host)["changed"]


def test_waits_for_the_lock_and_says_who_may_hold_it(lab: Lab, legacy: str) -> None:
    lab.host(legacy, "systemd-run -q --unit holder flock /run/xtables.lock sleep 60")
    answer = lab.firewall(legacy, ok=False)
    assert "has held the lock of iptables" in answer["msg"]
    lab.host(legacy, "systemctl stop holder")
    assert "pnports1" not in lab.host(legacy, "cat /etc/iptables/*; iptables-save")


def test_a_host_without_ip6tables(lab: Lab, host: str) -> None:
    lab.host(host, "mv /usr/sbin/ip6tables-save /usr/sbin/ip6tables-save.away")
    try:
        answer = lab.firewall(host)
        assert "This host has no ip6tables: only rules for IPv4 were made" in told(answer)
        assert not lab.firewall(host)["changed"]
        assert scan(lab, "client1", ADDRESSES[host][0]) == SUBMISSION
        lab.firewall(host, arguments=ABSENT)
    finally:
        lab.host(host, "mv /usr/sbin/ip6tables-save.away /usr/sbin/ip6tables-save")


def test_a_file_that_would_not_load_is_not_written(lab: Lab, host: str) -> None:
    lab.host(host, "sed -i 's/^-A INPUT -i lo.*/-A INPUT --nonsense/' /etc/iptables/rules.v4")
    before = state(lab, host)
    for options in (["--check"], []):
        answer = lab.firewall(host, *options, ok=False)
        assert "/etc/iptables/rules.v4 does not load as it is" in answer["msg"]
        assert state(lab, host) == before


def test_ours_leave_a_file_that_does_not_load(lab: Lab, opened: str) -> None:
    lab.host(opened, "sed -i 's/^-A INPUT -i lo.*/-A INPUT --nonsense/' /etc/iptables/rules.v4")
    assert lab.firewall(opened, "--check", arguments=ABSENT)["changed"]
    assert lab.firewall(opened, arguments=ABSENT)["changed"]
    assert "pnports1" not in lab.host(opened, "cat /etc/iptables/*; iptables-save; ip6tables-save")
    assert not lab.firewall(opened, arguments=ABSENT)["changed"]


def test_a_folder_that_takes_nothing_is_foretold(lab: Lab, host: str) -> None:
    lab.host(host, "mount --bind /etc/iptables /etc/iptables && mount -o remount,ro,bind /etc/iptables")
    try:
        for options in (["--check"], []):
            answer = lab.firewall(host, *options, ok=False)
            assert "The rules can't be saved in /etc/iptables/rules.v4: Read-only" in answer["msg"]
    finally:
        lab.host(host, "umount /etc/iptables")


def test_a_trial_touches_nothing(lab: Lab, host: str) -> None:
    """Not even the tables that iptables makes with its first rule."""
    lab.host(host, "nft flush ruleset")
    try:
        assert lab.firewall(host, "--check")["changed"]
        assert lab.host(host, "nft list ruleset") == ""
    finally:
        lab.host(host, "systemctl restart netfilter-persistent")


def test_ours_leave_files_that_nothing_loads_any_more(lab: Lab, opened: str) -> None:
    """Else they would open the ports again when the unit is enabled later. What is wanted stays there."""
    lab.host(opened, "systemctl disable --now netfilter-persistent")
    try:
        kept = lab.host(opened, "cat /etc/iptables/*")
        lab.firewall(opened)
        assert not lab.firewall(opened)["changed"]
        assert lab.host(opened, "cat /etc/iptables/*") == kept
        assert lab.firewall(opened, "--check", arguments=ABSENT)["changed"]
        assert lab.firewall(opened, arguments=ABSENT)["changed"]
        assert "pnports1" not in lab.host(opened, "cat /etc/iptables/*; iptables-save; ip6tables-save")
        assert not lab.firewall(opened, arguments=ABSENT)["changed"]
    finally:
        lab.host(opened, "systemctl enable --now netfilter-persistent")


def test_a_bare_x_does_not_take_ours_away(lab: Lab, host: str) -> None:
    restart = "systemctl restart netfilter-persistent"
    # With nf_tables it takes policies away as well.
    lab.host(host, f"sed -i '0,/^-A/s//-F\\n-X\\n-A/' /etc/iptables/rules.v4; {restart}")
    lab.firewall(host)
    live = dump(lab, host)
    lab.host(host, restart)
    assert dump(lab, host) == live
    assert "pnports1-vpsx" in live
    assert not lab.firewall(host)["changed"]
