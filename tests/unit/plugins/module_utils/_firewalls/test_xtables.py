# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of iptables: what they mean, and rules as lines, spelt as iptables-save spells them."""

from __future__ import annotations

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._xtables import (
    EVERY_PORT,
    Line,
    accepts,
    network,
    ports,
    quote,
    read,
    words,
)
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule, canonical
from hypothesis import given
from hypothesis import strategies as st

ANY4, NET = "0.0.0.0/0", "198.51.100.0/24"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"-A c -s {NET} -p tcp -m tcp --dport 631 -j ACCEPT", Rule("in", "tcp", ((631, 631),), (NET,))),
        (
            "-A c -p tcp -m multiport --dports 515,5500:5501 -j d",
            Rule("in", "tcp", ((515, 515), (5500, 5501)), (ANY4,)),
        ),
        (
            "-A c -p udp -m udp --sport 20 --dport 5:6 -j ACCEPT",
            Rule("in", "udp", ((5, 6),), (ANY4,), ((20, 20),)),
        ),
        (
            "[12:34] -A c -s 192.0.2.7 -p udp -m multiport --sports 20,30 -m multiport --dports 9 -j DROP",
            Rule("in", "udp", ((9, 9),), ("192.0.2.7/32",), ((20, 20), (30, 30))),
        ),
        (f"-A c -s {NET} -j DROP", Rule("in", "", EVERY_PORT, (NET,))),
        ("-A c -p tcp -j DROP", Rule("in", "tcp", EVERY_PORT, (ANY4,))),
        ("-A c -p 6 -m conntrack --ctstate NEW --dport 9 -j DROP", Rule("in", "tcp", ((9, 9),), (ANY4,))),
        ("-A c -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP", Rule("in", "tcp", EVERY_PORT, (ANY4,))),
        ("-A c -s10/8 --protocol=udp -jDROP", Rule("in", "udp", EVERY_PORT, ("10.0.0.0/8",))),
        ("-A c -c 1 2 -p tcp -m tcp --dport 0:5 -j DROP", Rule("in", "tcp", ((1, 5),), (ANY4,))),
        (
            '--append c --protocol tcp --destination-port 22 -m comment --comment "-j DROP" --jump ACCEPT',
            Rule("in", "tcp", ((22, 22),), (ANY4,)),
        ),
    ],
)
def test_what_is_understood(text: str, rule: Rule) -> None:
    line = read(text, 4, "in")
    assert line.chain == "c"
    assert line.rule == rule


@pytest.mark.parametrize(
    "rest",
    [
        "! -s 10.0.0.0/8 -p tcp -j ACCEPT",
        "-s 10.0.0.0/255.0.255.0 -j DROP",
        "-s 2001:db8::/64 -j DROP",
        "-s some.name -j DROP",
        "-s 10.0.0.1,10.0.0.2 -j DROP",
        "-d 192.0.2.1/32 -p tcp -j ACCEPT",
        "-i eth0 -j ACCEPT",
        "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-m conntrack ! --ctstate NEW -j ACCEPT",
        "-m addrtype --dst-type BROADCAST -j DROP",
        "-m set --match-set mine src -j ACCEPT",
        "-p icmp -j ACCEPT",
        "-p tcp -m multiport --ports 1,2 -j ACCEPT",
        "-p tcp -m tcp --dport ssh -j ACCEPT",
        "-p tcp -m tcp ! --dport 22 -j ACCEPT",
        "-p tcp -m tcp --tcp-flags SYN,ACK SYN -j ACCEPT",
        "-p tcp -m tcp --dport 5 -m multiport --dports 5,6 -j ACCEPT",
        "-p tcp -m limit --limit 3/min -j ACCEPT",
        "-f -j DROP",
    ],
)
def test_what_is_not_understood(rest: str) -> None:
    line = read(f"-A c {rest}", 4, "in")
    assert (line.chain, line.rule, line.plain) == ("c", None, line.protocol == "icmp")
    assert line.target in ("ACCEPT", "DROP")


def test_destinations_are_the_peers_of_what_is_sent() -> None:
    assert read(f"-A c -d {NET} -p tcp -j ACCEPT", 4, "out").rule == Rule("out", "tcp", EVERY_PORT, (NET,))
    assert read(f"-A c -d {NET} -j ACCEPT", 4, "out").rule == Rule("out", "", EVERY_PORT, (NET,))
    assert read(f"-A c -s {NET} -j ACCEPT", 4, "out").rule is None


@pytest.mark.parametrize(
    ("rest", "target", "plain"),
    [
        ("-j REJECT --reject-with tcp-reset", "REJECT", True),
        ("-p tcp -j DROP", "DROP", True),
        ('-m comment --comment "a \\"b\\" -s 10.0.0.1" -j DROP', "DROP", True),
        ('-m limit --limit 5/min -j LOG --log-prefix "-j ACCEPT" --log-uid', "LOG", True),
        ("-m limit --limit 5/min -j DROP", "DROP", True),
        ("-m limit --limit 5/min -j ACCEPT", "ACCEPT", False),
        ("-m comment --comment counted", "", True),
        ("-g LOGDROP", "LOGDROP", True),
        (f"-s {NET} -j DROP", "DROP", False),
        ("-m state --state NEW -j DROP", "DROP", True),
        ("-m state --state ESTABLISHED -j DROP", "DROP", False),
        ("-s 0/0 -d 0.0.0.0/0 --jump=DROP", "DROP", True),
        ("-s10/8 -jDROP", "DROP", False),
        ("! -i lo -j REJECT", "REJECT", True),
        ("! -i eth0 -j REJECT", "REJECT", False),
        ("-i lo -j REJECT", "REJECT", False),
        ("-m comment --comment -jACCEPT -j DROP", "DROP", True),
    ],
)
def test_plain_lines_have_no_condition(rest: str, target: str, plain: bool) -> None:
    line = read(f"-A c {rest}", 4, "in")
    assert (line.target, line.plain) == (target, plain)


@given(st.text())
def test_hostile_text_is_read_without_an_error(text: str) -> None:
    for line in (text, f"-A c {text}", f'-A c -m comment --comment "{text} -j ACCEPT'):
        assert isinstance(read(line, 4, "in"), Line)


@given(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), min_size=1))
def test_a_quoted_word_comes_back(text: str) -> None:
    line = f"-A c -m comment --comment {quote(text)} -j c2"
    assert [word for word, _quoted in words(line)][5] == text
    assert (read(line, 4, "in").comment, read(line, 4, "in").target) == (text, "c2")


@pytest.mark.parametrize(
    "text", ["1.2.3.4.", "1.2.3.4/33", "256.0.0.1/32", "1.2.3", "999/8", "", "::1", "a", "1.2.3.4/a"]
)
def test_what_is_no_network(text: str) -> None:
    assert network(text, 4) is None


def test_networks_have_one_spelling() -> None:
    assert network("10.1.2.3/255.0.0.0", 4) == "10.0.0.0/8"
    assert network("10/8", 4) == "10.0.0.0/8"
    assert network("0/0", 4) == "0.0.0.0/0"
    assert network("2001:DB8:0::1", 6) == "2001:db8::1/128"


@pytest.mark.parametrize("text", ["", "ssh", "1:2:3", "5:4", "70000", "1,,2", "0"])
def test_what_is_no_port(text: str) -> None:
    assert ports(text) == ()


@pytest.mark.parametrize(
    ("rule", "lines"),
    [
        (Rule("in", "tcp", ((515, 515),), EVERYBODY), ["-A c -p tcp -m tcp --dport 515 -j ACCEPT"]),
        (Rule("in", "tcp", ((515, 515),), ("2001:db8::/64",)), []),
        (
            Rule("in", "udp", ((5, 6),), (NET, "2001:db8::/64"), ((20, 20),)),
            [f"-A c -s {NET} -p udp -m udp --sport 20 --dport 5:6 -j ACCEPT"],
        ),
        (
            Rule("out", "tcp", ((515, 515), (5500, 5501)), (NET,)),
            [f"-A c -d {NET} -p tcp -m multiport --dports 515,5500:5501 -j ACCEPT"],
        ),
        (
            Rule("in", "tcp", ((9, 9),), (NET,), ((20, 20), (30, 31))),
            [f"-A c -s {NET} -p tcp -m tcp --dport 9 -m multiport --sports 20,30:31 -j ACCEPT"],
        ),
    ],
)
def test_rules_as_lines(rule: Rule, lines: list[str]) -> None:
    assert accepts(rule, 4, "c") == lines


def test_a_match_holds_15_ports_and_a_range_counts_two() -> None:
    spans = tuple((number, number + 1) for number in range(10, 90, 5))
    lines = accepts(Rule("in", "tcp", spans, EVERYBODY), 6, "c", "networks")
    assert [line.count(":") for line in lines] == [7, 7, 2]
    assert all(line.endswith(" -j networks") for line in lines)


SPANS = st.lists(
    st.tuples(st.integers(1, 65535), st.integers(0, 50)).map(lambda pair: (pair[0], min(pair[0] + pair[1], 65535))),
    min_size=1,
    max_size=40,
)


@given(SPANS, st.one_of(st.just([]), SPANS), st.sampled_from(["in", "out"]), st.sampled_from(["tcp", "udp"]))
def test_lines_come_back_as_the_rules(
    spans: list[tuple[int, int]], sources: list[tuple[int, int]], direction: str, transport: str
) -> None:
    (rule,) = canonical([Rule(direction, transport, tuple(spans), (NET, "203.0.113.7/32"), tuple(sources))])
    back = [read(line, 4, direction) for line in accepts(rule, 4, "c")]
    assert canonical(line.rule for line in back if line.rule) == (rule,)
    assert all(line.rule and not line.plain and line.target == "ACCEPT" for line in back)
