# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules to tuples of ufw and back, in ufw's own spelling and in that of iptables-save."""

from __future__ import annotations

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _ufw_tuple
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_tuple import Tuple, decode, encode
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule, Span, canonical
from hypothesis import given, settings
from hypothesis import strategies as st

VPSX, MVE = "printnet.ports/vpsx", "printnet.ports/mve"
HEX = "7072696e746e65742e706f7274732f76707378"
LPR, IPP, RANGE = (515, 515), (631, 631), (5500, 5501)
CLIENTS = "198.51.100.0/24"


# As ufw 0.36.2 writes them and iptables-save 1.8.11 prints them.
@pytest.mark.parametrize(
    ("rule", "head", "line", "live"),
    [
        (
            Rule("in", "tcp", (LPR, IPP), (CLIENTS,)),
            "allow tcp 515,631 0.0.0.0/0 any 198.51.100.0/24 in",
            "-A ufw-user-input -p tcp -m multiport --dports 515,631 -s 198.51.100.0/24 -j ACCEPT",
            "-A ufw-user-input -s 198.51.100.0/24 -p tcp -m multiport --dports 515,631 -j ACCEPT",
        ),
        (
            Rule("in", "tcp", (RANGE,), ("192.0.2.20/32",)),
            "allow tcp 5500:5501 0.0.0.0/0 any 192.0.2.20 in",
            "-A ufw-user-input -p tcp -m multiport --dports 5500:5501 -s 192.0.2.20 -j ACCEPT",
            "-A ufw-user-input -s 192.0.2.20/32 -p tcp -m multiport --dports 5500:5501 -j ACCEPT",
        ),
        (
            Rule("in", "udp", (LPR,), ("::/0",)),
            "allow udp 515 ::/0 any ::/0 in",
            "-A ufw6-user-input -p udp --dport 515 -j ACCEPT",
            "-A ufw6-user-input -p udp -m udp --dport 515 -j ACCEPT",
        ),
        (
            Rule("in", "udp", ((80, 90),), ("192.0.2.7/32",), ((5353, 5353),)),
            "allow udp 80:90 0.0.0.0/0 5353 192.0.2.7 in",
            "-A ufw-user-input -p udp -m multiport --dports 80:90 -m multiport --sports 5353 -s 192.0.2.7 -j ACCEPT",
            "-A ufw-user-input -s 192.0.2.7/32 -p udp -m multiport --dports 80:90 -m multiport --sports 5353 -j ACCEPT",
        ),
        (
            Rule("in", "udp", (LPR,), ("2001:db8::1/128",), ((20, 20),)),
            "allow udp 515 ::/0 20 2001:db8::1 in",
            "-A ufw6-user-input -p udp --dport 515 -s 2001:db8::1 --sport 20 -j ACCEPT",
            "-A ufw6-user-input -s 2001:db8::1/128 -p udp -m udp --sport 20 --dport 515 -j ACCEPT",
        ),
        (
            Rule("out", "tcp", (LPR,), (CLIENTS,), ((20, 20),)),
            "allow tcp 515 198.51.100.0/24 20 0.0.0.0/0 out",
            "-A ufw-user-output -p tcp -d 198.51.100.0/24 --dport 515 --sport 20 -j ACCEPT",
            "-A ufw-user-output -d 198.51.100.0/24 -p tcp -m tcp --sport 20 --dport 515 -j ACCEPT",
        ),
    ],
)
def test_a_tuple_is_spelled_as_ufw_and_iptables_save_spell_it(rule: Rule, head: str, line: str, live: str) -> None:
    (one,) = encode([rule])
    assert _ufw_tuple.head(one, [VPSX]) == f"{head} comment={HEX}"
    assert _ufw_tuple.rule_line(one) == line
    assert _ufw_tuple.live_line(one) == live
    named = ' -m comment --comment "printnet.ports/vpsx" -j ACCEPT'
    assert _ufw_tuple.rule_line(one, [VPSX]) == line.replace(" -j ACCEPT", named)
    assert _ufw_tuple.live_line(one, [VPSX]) == live.replace(" -j ACCEPT", named)


def test_a_tuple_holds_15_ports_and_a_range_is_two() -> None:
    spans: list[Span] = [(number, number) for number in range(100, 128, 2)]
    tuples = encode([Rule("in", "tcp", (*spans, RANGE, LPR), (CLIENTS,))])
    assert [one.ports for one in tuples] == [",".join(str(first) for first, _last in spans), "5500:5501,515"]


def test_everybody_is_a_tuple_of_each_family() -> None:
    tuples = encode([Rule("in", "tcp", (LPR,), EVERYBODY)])
    assert [(one.peer, one.version) for one in tuples] == [("0.0.0.0/0", 4), ("::/0", 6)]


PORTS = st.lists(
    st.sampled_from([LPR, IPP, RANGE, (1, 65535), *((port, port) for port in range(8000, 8040, 2))]),
    min_size=1,
    max_size=25,
).map(tuple)
PEERS = st.lists(
    st.sampled_from([CLIENTS, "192.0.2.20/32", "2001:db8::/64", "2001:db8::1/128", "::ffff:192.0.2.0/120", *EVERYBODY]),
    min_size=1,
    max_size=4,
).map(tuple)
RULES = st.lists(
    st.builds(
        Rule,
        direction=st.sampled_from(["in", "out"]),
        transport=st.sampled_from(["tcp", "udp"]),
        ports=PORTS,
        peers=PEERS,
        source_ports=st.sampled_from([(), (LPR,), (RANGE, IPP)]),
        flows=st.just(()),
    ),
    max_size=4,
)


@settings(max_examples=150)
@given(RULES)
def test_rules_in_their_one_form_come_back(rules: list[Rule]) -> None:
    one_form = canonical(rules)
    tuples = encode(one_form)
    assert len(set(tuples)) == len(tuples)
    assert canonical(decode(tuples)) == one_form
    for one in tuples:
        assert one.ports.count(",") + one.ports.count(":") <= 14
        assert one.sources.count(",") + one.sources.count(":") <= 14


@pytest.mark.parametrize(
    ("text", "owners"),
    [
        (VPSX, (VPSX,)),
        (f"{VPSX} {MVE}", (MVE, VPSX)),
        ("", ()),
        (f"{VPSX} and mine", ()),
        ("printnet.ports/", ()),
        ("printnet.ports/../x", ()),
        (f"{VPSX}\n", ()),
        (f"{VPSX}  {MVE}", ()),
    ],
)
def test_whose_a_comment_says_it_is(text: str, owners: tuple[str, ...]) -> None:
    assert _ufw_tuple.owners_in(text) == owners
    assert _ufw_tuple.owners_in_hex(text.encode().hex()) == owners


@pytest.mark.parametrize("text", ["zz", "7", "ff" * 3, "é", ""])
def test_a_damaged_comment_is_nobodys(text: str) -> None:
    assert _ufw_tuple.owners_in_hex(text) == ()


def test_the_commands_are_those_of_ufw() -> None:
    one = Tuple("in", "udp", "1024:65535", "5353", CLIENTS)
    assert (
        _ufw_tuple.command(one, one.peer, (VPSX, MVE))
        == f"ufw allow proto udp from {CLIENTS} port 5353 to any port 1024:65535 comment '{MVE} {VPSX}'"
    )
    one = Tuple("out", "tcp", "515", "any", CLIENTS)
    assert _ufw_tuple.command(one, "any") == "ufw delete allow out proto tcp from any to any port 515"
