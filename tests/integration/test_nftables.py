# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nftables on booted hosts: what is let in, what survives, what is left alone, what is said."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from .conftest import NETWORKS, Lab, up

ADDRESSES = {"nft12": ("192.0.2.12", "2001:db8:1::12"), "nft13": ("192.0.2.13", "2001:db8:1::13")}
SUBMISSION = {"tcp/515", "tcp/631", "tcp/9443"}
QUICK = "22,161,443,515,631,5500,5501,7501,8080,9100,9187,9443"
ABSENT = {"components": ["vpsx", "dis"], "state": "absent"}
CONF = "/etc/nftables.conf"


@pytest.fixture(scope="session")
def nft_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with up(tmp_path_factory, "nftables") as there:
        yield there


@pytest.fixture
def lab(nft_lab: Lab) -> Lab:
    return nft_lab


@pytest.fixture(params=ADDRESSES)
def each(request: pytest.FixtureRequest, lab: Lab) -> Iterator[str]:
    """A VPSX host, on Debian 12 and on Debian 13, as the lab made it; and so again after the test."""
    yield from as_before(lab, request.param)


@pytest.fixture
def host(lab: Lab) -> Iterator[str]:
    """The VPSX host on Debian 13, for what does not differ between editions of nftables."""
    yield from as_before(lab, "nft13")


def as_before(lab: Lab, name: str) -> Iterator[str]:
    before = state(lab, name)
    lab.host(name, f"cp -a {CONF} /root/nftables.conf")
    yield name
    if state(lab, name) == before:
        return
    lab.host(name, f"cp -a /root/nftables.conf {CONF}; nft -f {CONF}")
    lab.firewall(name, arguments=ABSENT)
    assert state(lab, name) == before, "the test left something behind"


def state(lab: Lab, host: str) -> tuple[str, str]:
    """Every file of /etc by name, bytes and mode, and the kernel's rules without handles and what was counted."""
    files = r"find /etc -printf '%M %u %g %p %l\n' | sort -k 4; find /etc -type f | sort | xargs sha256sum"
    return lab.host(host, files), re.sub(r"packets \d+ bytes \d+", "", lab.host(host, "nft list ruleset"))


def let_in(lab: Lab, source: str, host: str, ports: str = QUICK) -> set[str]:
    """What the source reaches, the same by IPv4 and IPv6, beside SSH, which it always reaches."""
    return lab.let_in(source, ADDRESSES[host], ports)


def scan(lab: Lab, source: str, address: str, ports: str = QUICK) -> set[str]:
    return lab.reached(source, address, ports)


def conf(lab: Lab, host: str, text: str) -> None:
    """Give the host a firewall of this text, and make it live as an administrator does."""
    lab.host(host, f"cat > {CONF} <<'END'\nflush ruleset\n{text}\nEND\nsystemctl reload nftables")


def without_ours(listing: str) -> str:
    """What nft lists, without our chains and jumps, and without what was counted."""
    listing = re.sub(r"\n?\tchain pnports1-[^\n]*\{\n(?:\t\t[^\n]*\n)*\t\}\n", "", listing)
    return re.sub(r"packets \d+ bytes \d+", "", re.sub(r"\t\tjump pnports1-[^\n]*\n", "", listing))


@pytest.fixture
def opened(lab: Lab, host: str) -> str:
    """A host with the rules of VPSX."""
    assert lab.firewall(host)["changed"]
    return host


@pytest.fixture
def each_opened(lab: Lab, each: str) -> str:
    """The same on each edition of nftables."""
    assert lab.firewall(each)["changed"]
    return each


BASE = """
        ct state established,related accept
        iif "lo" accept
        meta l4proto { icmp, ipv6-icmp } accept
        tcp dport 22 accept
"""


def table(family: str, name: str, *, end: str = "", policy: str = "drop", begin: str = "", more: str = "") -> str:
    base = BASE if family == "inet" else BASE.replace("icmp, ipv6-icmp", "icmp" if family == "ip" else "ipv6-icmp")
    return f"""table {family} {name} {{
    {more}
    chain input {{
        type filter hook input priority filter; policy {policy};
        {begin}
        {base}
        {end}
    }}
}}
"""


def test_lets_in_exactly_the_plan(lab: Lab, each: str) -> None:
    before = {source: let_in(lab, source, each) for source in ("client1", "stranger1", "serverx1")}
    assert set().union(*before.values()) == set()
    assert lab.firewall(each)["firewall"] == "nftables"
    assert let_in(lab, "client1", each, "1-10000") == SUBMISSION
    assert let_in(lab, "serverx1", each) == {"tcp/5501"}
    assert let_in(lab, "stranger1", each) == scan(lab, "stranger1", ADDRESSES[each][0], "1-10000") == set()


def test_check_mode_predicts_exactly_and_changes_nothing(lab: Lab, each: str) -> None:
    before = state(lab, each)
    for arguments in ({"components": ["vpsx"]}, {"components": ["vpsx"], "state": "absent"}):
        predicted = lab.firewall(each, "--check", "--diff", arguments=arguments)
        assert state(lab, each) == before
        done = lab.firewall(each, "--diff", arguments=arguments)
        keys = ("changed", "before", "after", "diff", "rules", "firewall", "commands")
        assert {key: predicted.get(key) for key in keys} == {key: done.get(key) for key in keys}
        assert done["changed"]
        again = lab.firewall(each, arguments=arguments)
        assert not again["changed"]
        assert again["before"] == again["after"] == done["after"]
        before = state(lab, each)


def test_survives(lab: Lab, each_opened: str) -> None:
    before = state(lab, each_opened)
    for event in ("systemctl reload nftables", "systemctl restart nftables", "reboot"):
        if event == "reboot":
            lab.reboot(each_opened)
        else:
            lab.host(each_opened, event)
        assert let_in(lab, "client1", each_opened) == SUBMISSION, event
        assert let_in(lab, "stranger1", each_opened) == set(), event
        assert not lab.firewall(each_opened)["changed"], event
        assert state(lab, each_opened)[1] == before[1], event


def test_absent_leaves_the_same_bytes(lab: Lab, each: str) -> None:
    before = state(lab, each)
    lab.firewall(each)
    lab.firewall(each, vpsx_submission_port=443)
    assert state(lab, each)[0] != before[0]
    lab.firewall(each, arguments={"components": ["vpsx"], "state": "absent"})
    assert state(lab, each) == before
    assert "printnet" not in lab.host(each, "systemctl show nftables -p ExecReload -p ExecStartPost -p DropInPaths")


FOREIGN = (
    table(
        "inet",
        "filter",
        begin='counter name seen\n        ip saddr @blocked drop\n        iifname "<b>none</b>" tcp dport 1 accept',
        more="""counter seen { }
    set blocked { type ipv4_addr; flags interval; elements = { 203.0.113.0/24, 198.51.100.77 }; }
    map doors { type inet_service : verdict; elements = { 7 : drop }; }
    chain other { tcp dport vmap @doors comment "say <b>{{ lookup('pipe', 'id') }}</b> $(id) 'x'"; }""",
        end='jump other comment "{{ 1 / 0 }}"\n        limit rate 5/minute log prefix "denied: "\n'
        '        counter log prefix "x" drop',
    )
    + table("ip", "old", end="counter reject with icmp type admin-prohibited", policy="accept")
    + table("ip6", "old", end="meta l4proto tcp drop\n        reject with icmpv6 type admin-prohibited")
    + """table inet f2b-table {
    set addr-set-sshd { type ipv4_addr; elements = { 203.0.113.99 }; }
    chain f2b-chain {
        type filter hook input priority filter - 1; policy accept;
        tcp dport 22 ip saddr @addr-set-sshd reject with icmp type port-unreachable
    }
}
table ip asleep {
    flags dormant;
    chain input { type filter hook input priority 0; policy drop; }
}
table ip docker {
    chain forward { type filter hook forward priority filter; policy accept; }
    chain nat { type nat hook prerouting priority dstnat; policy accept; }
}
"""
)


def test_what_others_have_stays_as_it_is(lab: Lab, each: str) -> None:
    """Several tables that all refuse by default, each with an end of its own, and much else beside."""
    conf(lab, each, FOREIGN)
    assert let_in(lab, "client1", each) == set()
    before = lab.host(each, "nft list ruleset")
    assert lab.firewall(each)["changed"]
    assert let_in(lab, "client1", each, "1-10000") == SUBMISSION
    assert let_in(lab, "serverx1", each) == {"tcp/5501"}
    after = lab.host(each, "nft list ruleset")
    assert without_ours(after) == without_ours(before)
    assert after.count("jump pnports1-vpsx ") == 3
    assert "asleep" in after
    counted = int(re.findall(r"packets (\d+)", before)[0])
    assert int(re.findall(r"packets (\d+)", after)[0]) >= counted > 0
    assert not lab.firewall(each)["changed"]
    lab.host(each, "systemctl reload nftables")
    assert not lab.firewall(each)["changed"]
    assert lab.firewall(each, arguments=ABSENT)["changed"]
    assert without_ours(lab.host(each, "nft list ruleset")) == without_ours(before)
    assert "pnports1" not in lab.host(each, "nft list ruleset")


ENDS = {
    "log only": ("drop", 'limit rate 5/minute burst 3 packets log prefix "dropped: "'),
    "reject pair": (
        "accept",
        "meta l4proto tcp reject with tcp reset\n        reject with icmpx type port-unreachable",
    ),
    "limited reject": ("drop", "meta pkttype host limit rate 50/second counter reject\n        counter"),
    "a chain of its own": ("accept", 'jump end\n    }\n    chain end {\n        log prefix "x"\n        drop'),
    "something behind the end": ("accept", "reject with icmpx type admin-prohibited\n        tcp dport 8080 accept"),
    # Every packet has to pass all of these.
    "chains that let something in first": (
        "drop",
        f"""iifname vmap {{ "lo" : accept, * : goto public }}
        }}
        chain public {{
            tcp dport 22 accept
            counter drop
        }}
    }}
    table inet second {{
        chain public {{
            tcp dport 22 accept
            limit rate 5/minute log prefix "x"
            reject with icmpx type admin-prohibited
        }}
        chain input {{
            type filter hook input priority filter; policy accept;
            {BASE}
            jump public
        }}
    }}
    table inet third {{
        limit some {{ rate 5/minute; }}
        chain input {{
            type filter hook input priority filter; policy drop;
            {BASE}
            limit name "some" log prefix "x"
            counter return
            tcp dport 8080 accept
        }}
    }}
    table inet fourth {{
        chain input {{
            type filter hook input priority filter; policy accept;
            {BASE}
            iifname != "lo" drop""",
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_stands_before_the_final_catch_all(lab: Lab, host: str, end: str) -> None:
    """Connections tell: to a scanner some of these ends look like a closed port."""
    policy, rules = ENDS[end]
    conf(lab, host, table("inet", "filter", end=rules, policy=policy))
    assert connects(lab, "client1", host) == set()
    assert lab.firewall(host)["changed"]
    assert connects(lab, "client1", host) == {515}
    assert connects(lab, "stranger1", host) == set()
    assert not lab.firewall(host)["changed"]


def connects(lab: Lab, source: str, host: str) -> set[int]:
    """Which of two ports that listen take a connection, the same by IPv4 and IPv6."""
    script = "import socket; socket.create_connection(({address!r}, {port}), 1).close()"
    taken = {
        address: {
            port
            for port in (515, 8080)
            if "fine"
            in lab.host(source, f'python3 -c "{script}" && echo fine'.format(address=address, port=port), False)
        }
        for address in ADDRESSES[host]
    }
    old, new = taken.values()
    assert old == new
    return old


def test_others_rules_come_first_whatever_they_add(lab: Lab, each_opened: str) -> None:
    """Inserted, appended, in another table: after a reload ours stand behind them again."""
    drop = "ip saddr 198.51.100.10 tcp dport 515 drop\n        ip6 saddr 2001:db8:2::10 tcp dport 515 drop"
    conf(lab, each_opened, table("inet", "filter", end=f'{drop}\n        log prefix "x" drop') + table("ip", "more"))
    assert let_in(lab, "client1", each_opened) == SUBMISSION - {"tcp/515"}
    assert let_in(lab, "serverx1", each_opened) == {"tcp/5501"}
    answer = lab.firewall(each_opened)
    assert not answer["changed"]
    assert "blocks tcp 515 that printnet.ports/vpsx asks for" in answer["told"]


def test_what_blocks_elsewhere_is_named(lab: Lab, host: str) -> None:
    early = """table inet early {
    chain early { type filter hook prerouting priority -150; ip saddr 198.51.100.0/24 tcp dport 631 drop; }
}
"""
    chain, end = "chain printers { tcp dport 515 drop; }", "ip saddr 198.51.100.0/24 jump printers"
    chain += "\n    map doors { type ifname . inet_service : verdict; elements = { eth9 . 5501 : drop }; }"
    end += "\niifname . tcp dport vmap @doors"
    end += '\niifname "eth0" tcp dport 5501 drop'
    conf(
        lab, host, early + table("inet", "filter", more=chain, end=f"tcp dport 9443 accept\n{end}\ntcp dport 9443 drop")
    )
    told = lab.firewall(host)["told"]
    assert scan(lab, "client1", ADDRESSES[host][0]) == {"tcp/9443"}
    assert "tcp/5501" not in let_in(lab, "serverx1", host)
    for interface in ("eth0", "eth9"):
        sentence = rf"chain input, handle \d+ blocks tcp 5501 that .*, as far as it comes by {interface}:"
        assert re.search(sentence, told)
    assert re.search(r"chain printers, handle \d+ blocks tcp 515 that", told)
    assert "chain early, handle 2 blocks tcp 631 that" in told
    assert "blocks tcp 9443" not in told
    chain = "chain public { tcp dport 25 drop; tcp dport 22 accept; counter drop; }"
    conf(lab, host, table("inet", "filter", more=chain, end="jump public", policy="accept"))
    answer = lab.firewall(host)
    assert let_in(lab, "client1", host) == set()
    assert "chain public, handle 5 blocks tcp 515,631,5501,9443 that" in answer["told"]
    assert "open already" not in answer["told"]
    assert not lab.firewall(host)["changed"]


@pytest.mark.parametrize(
    ("family", "end"),
    [
        # nft lists each of these without what it is for.
        ("inet", "reject with icmp type admin-prohibited\n{drops}\nreject with icmpv6 type admin-prohibited"),
        ("ip", "reject with tcp reset\n{drops}\nudp dport 123 accept"),
        ("inet", "add @bans {{ ip saddr timeout 1d }} counter drop\n{drops}\ndrop"),
    ],
)
def test_a_refusal_of_one_family_or_transport_is_no_end(lab: Lab, each: str, family: str, end: str) -> None:
    """What others drop behind it comes before ours."""
    drops = "ip6 saddr 2001:db8:2::10 drop" if family == "inet" else "ip saddr 198.51.100.10 drop"
    bans = "set bans { type ipv4_addr; flags dynamic,timeout; }"
    conf(lab, each, table(family, "filter", more=bans, end=end.format(drops=drops)))
    told = lab.firewall(each)["told"]
    listing = lab.host(each, f"nft list chain {family} filter input")
    assert listing.index("jump pnports1-vpsx ") > listing.index(drops)
    assert "blocks tcp 515,631,5501,9443 that printnet.ports/vpsx asks for" in told
    assert not lab.firewall(each)["changed"]


def test_a_chain_that_is_filled_later_comes_before_ours(lab: Lab, each: str) -> None:
    conf(lab, each, table("inet", "filter", more="chain bans { }", end="jump bans"))
    lab.firewall(each)
    bans = "nft add rule inet filter bans {}"
    ban = f"{bans.format('ip saddr 198.51.100.10 drop')}; {bans.format('ip6 saddr 2001:db8:2::10 drop')}"
    for event in ("true", "systemctl reload nftables", "systemctl restart nftables"):
        lab.host(each, event)
        assert let_in(lab, "client1", each) == SUBMISSION, event
        lab.host(each, ban)
        assert let_in(lab, "client1", each) == set(), event
        assert let_in(lab, "serverx1", each) == {"tcp/5501"}, event
        answer = lab.firewall(each)
        assert not answer["changed"], event
        assert "chain bans, handle" in answer["told"]


def test_a_final_drop_that_bans_and_marks(lab: Lab, each: str) -> None:
    more = "set bans { type ipv4_addr; flags dynamic,timeout; }"
    end = "add @bans { ip saddr timeout 1d } counter drop\nmeta mark set 5 drop"
    conf(lab, each, table("inet", "filter", more=more, end=end, policy="accept"))
    assert lab.firewall(each)["changed"]
    assert let_in(lab, "client1", each) == SUBMISSION
    assert let_in(lab, "stranger1", each) == set()
    assert not lab.firewall(each)["changed"]


def test_what_refuses_where_nothing_of_ours_stands_is_said(lab: Lab, each: str) -> None:
    early = """table inet early {
    chain early { type filter hook prerouting priority -150; policy drop; jump base; }
    chain base { ct state established,related accept; tcp dport 22 accept; meta l4proto { icmp, ipv6-icmp } accept; }
}
table netdev early {
    chain wire { type filter hook ingress device "lo" priority 0; policy drop; meta length > 0 accept; }
}
"""
    conf(lab, each, early + table("inet", "filter"))
    told = lab.firewall(each)["told"]
    assert let_in(lab, "client1", each) == set()
    assert "table inet early, chain early refuses by default at the hook prerouting" in told
    assert "table netdev early, chain wire refuses by default at the hook ingress" in told


def test_a_rule_behind_ours_moves_it(lab: Lab, each_opened: str) -> None:
    lab.host(each_opened, "nft add rule inet filter input ip saddr 198.51.100.10 tcp dport 515 drop")
    assert scan(lab, "client1", ADDRESSES[each_opened][0]) == SUBMISSION
    predicted = lab.firewall(each_opened, "--check")
    answer = lab.firewall(each_opened)
    assert answer["changed"]
    assert predicted["changed"]
    assert "not as it should be" in str(answer["before"])
    assert scan(lab, "client1", ADDRESSES[each_opened][0]) == SUBMISSION - {"tcp/515"}
    assert scan(lab, "client1", ADDRESSES[each_opened][1]) == SUBMISSION
    assert not lab.firewall(each_opened)["changed"]


def test_a_broken_file_leaves_theirs_standing(lab: Lab, each_opened: str) -> None:
    lab.host(each_opened, f"echo 'nonsense {{' >> {CONF}; ! systemctl reload nftables")
    assert let_in(lab, "client1", each_opened) == SUBMISSION
    assert not lab.firewall(each_opened)["changed"]


BROKEN = {
    "damaged rules": "echo '{' > /etc/printnet.ports/nftables.json",
    "no rules": "rm /etc/printnet.ports/nftables.json",
    "no program": "rm /etc/printnet.ports/nftables_load.py",
    "hostile rules": "sed -i 's/198.51.100.0.24/::1}; flush ruleset/' /etc/printnet.ports/nftables.json",
}


def test_ours_never_breaks_theirs(lab: Lab, opened: str) -> None:
    for damage, script in BROKEN.items():
        cursor = lab.host(opened, "journalctl -u nftables -n 0 --show-cursor").split()[-1]
        lab.host(opened, f"cp -a /etc/printnet.ports /root/; {script}")
        for event in ("reload", "restart"):
            lab.host(opened, f"systemctl {event} nftables")
            assert let_in(lab, "client1", opened, "22,515") == set(), damage
        said = lab.host(opened, f"journalctl -u nftables -o cat --after-cursor='{cursor}'")
        assert "Traceback" not in said
        assert damage == "no program" or "printnet.ports could not open" in said
        lab.host(opened, "cp -a /root/printnet.ports /etc/; rm -r /root/printnet.ports; systemctl reload nftables")
        assert let_in(lab, "client1", opened) == SUBMISSION, damage


def test_what_is_lost_live_is_seen_and_mended(lab: Lab, each_opened: str) -> None:
    lab.host(each_opened, f"nft -f {CONF}")
    assert let_in(lab, "client1", each_opened) == set()
    answer = lab.firewall(each_opened)
    found = answer["before"]["printnet.ports/vpsx"]
    assert answer["changed"]
    assert found["saved"]
    assert not found["live"]
    assert let_in(lab, "client1", each_opened) == SUBMISSION


def test_a_hand_in_our_chain_is_undone(lab: Lab, opened: str) -> None:
    lab.host(opened, "nft add rule inet filter pnports1-vpsx tcp dport 8080 accept")
    lab.host(opened, "nft insert rule inet filter pnports1-vpsx udp dport 161 counter accept")
    assert let_in(lab, "stranger1", opened) == {"tcp/8080", "udp/161"}
    assert lab.firewall(opened)["changed"]
    assert let_in(lab, "stranger1", opened) == set()
    assert let_in(lab, "client1", opened) == SUBMISSION
    assert not lab.firewall(opened)["changed"]


def test_a_copy_of_ours_in_their_file_is_said(lab: Lab, opened: str) -> None:
    """Administrators save what is live; what is loaded twice stands once."""
    lab.host(opened, f"(echo flush ruleset; nft list ruleset) > /root/live; cat /root/live > {CONF}")
    lab.host(opened, "systemctl reload nftables")
    answer = lab.firewall(opened)
    assert not answer["changed"]
    assert f"{CONF} holds a copy of rules of printnet.ports" in answer["told"]
    assert lab.host(opened, "nft list ruleset").count("jump pnports1-vpsx ") == 1


def test_opens_the_way_out_where_it_is_shut(lab: Lab, each: str) -> None:
    shut = """chain output { type filter hook output priority 0; policy drop; ct state established,related accept; }
    chain out { udp dport 53 accept; counter reject; }
    chain more { type filter hook output priority 1; ct state established,related accept; jump out; }
"""
    conf(lab, each, table("inet", "filter", more=shut))
    assert lab.scan(each, "192.0.2.20", QUICK, ssh=False) == set()
    answer = lab.firewall(each)
    out = {
        rule["transport"] + "/" + port
        for rule in answer["rules"]
        if rule["direction"] == "out"
        for port in rule["ports"]
    }
    assert out
    assert {port for port in out if "-" not in port} >= lab.scan(each, "192.0.2.20", ssh=False) > set()
    assert not lab.firewall(each)["changed"]
    lab.host(each, "systemctl reload nftables")
    assert not lab.firewall(each)["changed"]


def test_where_nothing_is_refused_nothing_is_made_live(lab: Lab, host: str) -> None:
    conf(lab, host, table("inet", "filter", policy="accept"))
    before = lab.host(host, "nft list ruleset")
    answer = lab.firewall(host)
    assert "everything is open already" in answer["told"]
    assert lab.host(host, "nft list ruleset") == before
    assert not lab.firewall(host)["changed"]
    lab.host(host, f"cp -a /root/nftables.conf {CONF}; systemctl reload nftables")
    assert let_in(lab, "client1", host) == SUBMISSION
    assert not lab.firewall(host)["changed"]


def test_components_on_one_host_do_not_disturb_each_other(lab: Lab, opened: str) -> None:
    answer = lab.firewall(opened, arguments={"components": ["dis", "vpsx"]}, printnet_extra_components={})
    assert set(answer["after"]) == {"printnet.ports/dis", "printnet.ports/vpsx"}
    lab.firewall(opened, arguments={"components": ["dis"], "state": "absent"})
    assert let_in(lab, "client1", opened) == SUBMISSION
    assert not lab.firewall(opened)["changed"]


def test_says_that_nothing_loads_it_at_boot(lab: Lab, host: str) -> None:
    lab.host(host, "systemctl disable nftables")
    try:
        assert "systemctl enable nftables.service" in lab.firewall(host)["told"]
    finally:
        lab.host(host, "systemctl enable nftables")
    assert "systemctl enable" not in lab.firewall(host)["told"]


def test_a_changed_port_is_confirmed_and_saved(lab: Lab, each_opened: str) -> None:
    assert lab.firewall(each_opened, vpsx_submission_port=443)["changed"]
    assert let_in(lab, "client1", each_opened) == {"tcp/515", "tcp/631", "tcp/443"}
    lab.host(each_opened, "systemctl reload nftables")
    assert not lab.firewall(each_opened, vpsx_submission_port=443)["changed"]


def test_many_networks_are_one_set(lab: Lab, each: str) -> None:
    many = [f"10.{number // 250}.{number % 250}.0/25" for number in range(5000)]
    here = {"printnet_networks": {"workstation": [*NETWORKS["workstation"], *many]}}
    assert lab.firewall(each, **here)["changed"]
    assert let_in(lab, "client1", each) == SUBMISSION
    assert let_in(lab, "stranger1", each) == set()
    assert not lab.firewall(each, **here)["changed"]
    lab.host(each, "systemctl reload nftables")
    assert not lab.firewall(each, **here)["changed"]
