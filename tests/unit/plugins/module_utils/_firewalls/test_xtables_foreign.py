# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules of others in a table of iptables open and block, and how long it takes to see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_foreign as foreign
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_place as place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_table as tables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._backend import Foreign
from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule, overlap
from hypothesis import given, settings
from hypothesis import strategies as st

JUMP = '-A INPUT -m comment --comment "printnet.ports/vpsx" -j pnports1-vpsx'
LOG = "-A INPUT -j LOG"
FIRST = "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"


def table(*lines: str, policy: str = "DROP") -> tables.Table:
    return tables.parse([f":INPUT {policy} [1:2]", ":OUTPUT ACCEPT [0:0]", *lines], 4)


def test_the_rules_of_others() -> None:
    now = table(
        "-A INPUT -i lo -j ACCEPT",
        "-A INPUT -s 192.0.2.9/32 -j LOGDROP",
        "-A INPUT -j F2B",
        "-A F2B -p tcp -m tcp --dport 515 -j REJECT",
        JUMP,
        "-A INPUT -j DROP",
        "-A LOGDROP -j DROP",
    )
    assert [(one.opens, one.rule.transport, one.where) for one in foreign.others(now, "INPUT", "iptables ")] == [
        (False, "tcp", "iptables INPUT rule 2 (-s 192.0.2.9/32 -j LOGDROP)"),
        (False, "udp", "iptables INPUT rule 2 (-s 192.0.2.9/32 -j LOGDROP)"),
        (False, "tcp", "iptables F2B rule 1 (-p tcp -m tcp --dport 515 -j REJECT)"),
    ]


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        (["-A INPUT -s 192.0.2.9/32 -j RETURN"], "INPUT rule 1 (-s 192.0.2.9/32 -j RETURN)"),
        (["-A INPUT -p tcp -g L", FIRST.replace("INPUT", "L"), "-A L -j REJECT"], "L rule 2 (-j REJECT)"),
        (["-A INPUT -p tcp -g L", "-A L -p udp -j ACCEPT"], "INPUT rule 1 (-p tcp -g L)"),
        (["-A INPUT -j L", "-A L -s 192.0.2.9/32 -j RETURN", "-A L -p tcp -j DROP"], "L rule 2 (-p tcp -j DROP)"),
        (
            ["-A INPUT -g L", "-A L -p tcp -m tcp --dport 515 -j DROP"],
            "L rule 1 (-p tcp -m tcp --dport 515 -j DROP), INPUT rule 1 (-g L)",
        ),
    ],
)
def test_what_gets_the_policy_is_blocked_by_who_sends_it_there(rules: list[str], where: str) -> None:
    found = foreign.others(table(*rules, policy="DROP"), "INPUT", "")
    assert ", ".join(dict.fromkeys(one.where for one in found if not one.opens)) == where


def _blocked(*rules: str, base: str = "INPUT") -> list[str]:
    """The ports that rules block, each with what it asks for besides."""
    now = table("-A INPUT -i lo -j ACCEPT", *rules, "-A INPUT -j DROP")
    found = [one for one in foreign.others(now, base, "") if not one.opens and one.rule.transport == "tcp"]
    return [f"{_rules.span_text(span)} {one.only}".strip() for one in found for span in one.rule.ports]


LPR = "-p tcp -m tcp --dport 515"
_ETH0, _ETH1 = "comes by eth0", "comes by eth1"


@pytest.mark.parametrize(
    ("rules", "blocked"),
    [
        ([f"-A INPUT -i eth0 {LPR} -j DROP"], [f"515 {_ETH0}"]),
        (["-A INPUT -i eth0 -j REJECT"], [f"1-65535 {_ETH0}"]),
        ([f"-A INPUT ! -i eth0 {LPR} -j DROP"], ["515 comes by none of eth0"]),
        ([f"-A INPUT -i lo {LPR} -j DROP"], []),
        ([f"-A INPUT ! -i lo {LPR} -j DROP"], ["515"]),
        ([f"-A INPUT -d 192.0.2.1/32 {LPR} -j DROP"], ["515 is sent to 192.0.2.1"]),
        # Noise that a host need not hear.
        (["-A INPUT -d 192.0.2.255/32 -j DROP"], []),
        ([f"-A INPUT -d 224.0.0.0/4 {LPR} -j DROP"], []),
        # What one interface lets in, it does not block; another one may.
        ([f"-A INPUT -i eth0 {LPR} -j ACCEPT", f"-A INPUT -i eth0 {LPR} -j DROP"], []),
        ([f"-A INPUT -i eth0 {LPR} -j ACCEPT", f"-A INPUT -i eth1 {LPR} -j DROP"], [f"515 {_ETH1}"]),
        ([f"-A INPUT -i eth0 {LPR} -j ACCEPT", f"-A INPUT {LPR} -j DROP"], ["515 comes by none of eth0"]),
        (["-A INPUT -i wg0 -j ACCEPT", f"-A INPUT {LPR} -j DROP"], ["515 comes by none of wg0"]),
        ([f"-A INPUT ! -i eth+ {LPR} -j ACCEPT", f"-A INPUT -i eth0 {LPR} -j DROP"], [f"515 {_ETH0}"]),
        ([f"-A INPUT -i eth+ {LPR} -j ACCEPT", f"-A INPUT -i eth0 {LPR} -j DROP"], []),
        ([f"-A INPUT -i eth0 {LPR} -j ACCEPT", "-A INPUT -p tcp -m tcp --dport 514:515 -j DROP"],
         ["514", "515 comes by none of eth0"]),
        ([f"-A INPUT {LPR} -j ACCEPT", "-A INPUT -i eth0 -j DROP"], [f"1-514 {_ETH0}", f"516-65535 {_ETH0}"]),
        # Through chains: what leads there counts inside.
        (["-A INPUT -i eth0 -j EXT", f"-A EXT {LPR} -j ACCEPT", "-A EXT -p tcp -m tcp --dport 500:515 -j DROP"],
         [f"500-514 {_ETH0}"]),
        (["-A INPUT -i eth0 -j EXT", f"-A EXT -i eth1 {LPR} -j DROP"], []),
        (["-A INPUT -j EXT", f"-A EXT -i eth0 {LPR} -j RETURN", f"-A EXT {LPR} -j DROP"], ["515"]),
        (["-A INPUT -j EXT", "-A EXT -i eth0 -j RETURN", "-A EXT -j DROP", LOG], []),
        (["-A INPUT -i eth0 -g EXT", f"-A EXT {LPR} -j ACCEPT"], [f"1-514 {_ETH0}", f"516-65535 {_ETH0}"]),
    ],
)  # fmt: skip
def test_what_is_blocked_at_an_interface(rules: list[str], blocked: list[str]) -> None:
    assert _blocked(*rules) == blocked


def test_what_is_sent_from_an_own_address_or_by_an_interface() -> None:
    assert _blocked(f"-A OUTPUT -o eth0 {LPR} -j DROP", base="OUTPUT") == ["515 leaves by eth0"]
    assert _blocked(f"-A OUTPUT -s 192.0.2.1/32 {LPR} -j DROP", base="OUTPUT") == ["515 is sent from 192.0.2.1"]


def test_what_is_open_at_an_interface_is_told_with_it() -> None:
    """One that is let in with all its ports is trusted, and says nothing of a service."""
    now = table(f"-A INPUT -i eth0 {LPR} -j ACCEPT", "-A INPUT -i wg0 -j ACCEPT", "-A INPUT -j DROP")
    (one,) = foreign.others(now, "INPUT", "")
    assert (one.opens, one.rule.as_text(), one.only) == (True, "in tcp 515 from 0.0.0.0/0", "comes by eth0")


PORT = "-p tcp -m tcp --dport 9100"
TRUSTED = "-s 10.0.0.0/8"


@pytest.mark.parametrize(
    ("rules", "ours", "others"),
    [
        ([f"-A INPUT {TRUSTED} {PORT} -j ACCEPT", f"-A INPUT {PORT} -j DROP"], False, True),
        ([f"-A INPUT {TRUSTED} -j ACCEPT", f"-A INPUT {PORT} -j DROP"], False, True),
        ([f"-A INPUT -p udp {TRUSTED} -j ACCEPT", f"-A INPUT {PORT} -j DROP"], True, True),
        ([f"-A INPUT {PORT} -j DROP", f"-A INPUT {TRUSTED} {PORT} -j ACCEPT"], True, True),
        ([f"-A INPUT {TRUSTED} -m set --match-set a src -j ACCEPT", f"-A INPUT {PORT} -j DROP"], True, True),
        # What a chain leads out again, it does not refuse.
        (["-A INPUT -j L", f"-A L {TRUSTED} -j RETURN", "-A L -s 10.1.2.3/32 -j DROP"], False, False),
        (["-A INPUT -j L", f"-A L {TRUSTED} -j RETURN", f"-A L {PORT} -j DROP"], False, True),
        (["-A INPUT -j L", f"-A L {TRUSTED} -j RETURN", "-A L -j DROP", "-A INPUT -j LOG"], False, True),
        (["-A INPUT -j L", f"-A L {TRUSTED} -j RETURN", f"-A INPUT {PORT} -j DROP"], True, True),
        (["-A INPUT -j L", "-A L -m set --match-set a src -j RETURN", "-A L -j DROP"], False, False),
        (["-A INPUT -j L", "-A L -m set --match-set a src -j RETURN", f"-A L {PORT} -j DROP"], True, True),
        # What a chain lets in is let in, but for what it led out before.
        (["-A INPUT -j L", f"-A L {TRUSTED} -j ACCEPT", f"-A INPUT {PORT} -j DROP"], False, True),
        (
            ["-A INPUT -j L", "-A L -s 10.1.0.0/16 -j RETURN", f"-A L {TRUSTED} -j ACCEPT", f"-A INPUT {PORT} -j DROP"],
            True,
            True,
        ),
        (
            [
                "-A INPUT -j L",
                "-A L -m mark --mark 1 -j RETURN",
                f"-A L {TRUSTED} -j ACCEPT",
                f"-A INPUT {PORT} -j DROP",
            ],
            True,
            True,
        ),
        # Chains that are led to under a condition.
        (["-A INPUT -p tcp -j L", f"-A L {TRUSTED} {PORT} -j ACCEPT", f"-A INPUT {PORT} -j DROP"], False, True),
        (["-A INPUT -p udp -j L", f"-A L {TRUSTED} -j ACCEPT", f"-A INPUT {PORT} -j DROP"], True, True),
        ([f"-A INPUT {TRUSTED} -j L", f"-A L {PORT} -j DROP", "-A L -j RETURN"], True, False),
        ([f"-A INPUT {TRUSTED} -j L", f"-A L -s 192.0.2.0/24 {PORT} -j DROP"], False, False),
        ([f"-A INPUT {TRUSTED} -g L", f"-A L {PORT} -j ACCEPT"], False, False),
        ([f"-A INPUT {TRUSTED} -g L", f"-A L {PORT} -j RETURN"], True, False),
        (["-A INPUT -j L", f"-A L {TRUSTED} -g M", f"-A M {PORT} -j RETURN", f"-A L {PORT} -j DROP"], False, True),
        # What never comes to a rule, or ends before.
        ([f"-A INPUT {TRUSTED} -j ACCEPT", "-A INPUT -j L", f"-A L {PORT} -j DROP", "-A L -j RETURN"], False, True),
        (["-A INPUT -j DROP", f"-A INPUT {PORT} -j DROP"], False, False),
        (["-A INPUT -j L", "-A L -j L"], False, False),
    ],
)
def test_what_is_let_in_before_is_blocked_by_nobody(rules: list[str], ours: bool, others: bool) -> None:
    """Whether port 9100 is blocked from a trusted network, and from all others."""
    found = [one.rule for one in foreign.others(table(*rules), "INPUT", "") if not one.opens]
    assert [any(_is_hit(one, peer) for one in found) for peer in ("10.1.2.3/32", "203.0.113.7/32")] == [ours, others]


def _is_hit(rule: Rule, peer: str) -> bool:
    return rule.transport == "tcp" and overlap(rule.peers, [peer]) and any(a <= 9100 <= b for a, b in rule.ports)


WALKED = st.lists(
    st.tuples(
        st.sampled_from(["INPUT", "INPUT", "A", "B"]),
        st.sampled_from(["", "-s 10.0.0.0/8 ", "-s 10.1.0.0/16 "]),
        st.sampled_from(["", "-p tcp ", "-p udp ", "-p tcp -m tcp --dport 9100 "]),
        st.sampled_from(["-j ACCEPT", "-j DROP", "-j RETURN", "-j A", "-j B", "-g A", "-g B", "-j LOG"]),
    ),
    max_size=12,
).map(
    lambda some: [
        f"-A {chain} {peer}{port}{target}"
        for chain, peer, port, target in some
        if target[-1] not in "AB" or chain == "INPUT" or (chain == "A" and target[-1] == "B")
    ]
)


def verdict(now: tables.Table, chain: str, peer: str, port: int, lines: int | None = None) -> str:
    """What a table does with a packet: ACCEPT, DROP, or nothing where it comes to the end."""
    for line in now.lines(chain)[:lines]:
        rule = line.rule
        if rule is None or rule.transport == "udp" or not overlap(rule.peers, [peer]):
            continue
        if not any(first <= port <= last for first, last in rule.ports):
            continue
        target = line.target
        if target in ("ACCEPT", "DROP"):
            return target
        inner = verdict(now, target, peer, port) if target in ("A", "B") else ""
        if inner in ("ACCEPT", "DROP"):
            return inner
        if line.goto or target == "RETURN":
            return "RETURN"
    return ""


@settings(max_examples=300)
@given(WALKED, st.sampled_from(["ACCEPT", "DROP"]))
def test_what_is_called_blocked_is_what_never_comes_to_ours(rules: list[str], policy: str) -> None:
    now = table(":A - [0:0]", ":B - [0:0]", *rules, policy=policy)
    found = [one.rule for one in foreign.others(now, "INPUT", "") if not one.opens and one.rule.transport == "tcp"]
    limit = place.place(now, "INPUT", now.lines("INPUT"))
    for peer in ("10.1.2.3/32", "10.2.3.4/32", "203.0.113.7/32"):
        for port in (22, 9100):
            told = any(overlap(one.peers, [peer]) and any(a <= port <= b for a, b in one.ports) for one in found)
            end = verdict(now, "INPUT", peer, port, limit)
            assert told is (end == "DROP" or (end == "RETURN" and policy == "DROP"))


def test_a_rule_behind_the_catch_all_is_none_though_its_like_stands_before() -> None:
    found = foreign.others(
        table("-A INPUT -s 192.0.2.9/32 -j DROP", "-A INPUT -j DROP", FIRST, policy="ACCEPT"), "INPUT", ""
    )
    assert {one.where for one in found} == {"INPUT rule 1 (-s 192.0.2.9/32 -j DROP)"}


@pytest.mark.parametrize("first", [f"-A INPUT {TRUSTED} -j ACCEPT", "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"])
@pytest.mark.parametrize("chain", ["INPUT", "BLOCK"])
def test_a_line_more_costs_the_same_among_thousands(
    calls_of: Callable[[Callable[[], object]], int], first: str, chain: str
) -> None:
    def look(number: int) -> list[Foreign]:
        many = [f"-A {chain} -s 198.{one >> 8 & 255}.{one & 255}.{one >> 16}/32 -j DROP" for one in range(number)]
        now = table(first, "-A INPUT -j BLOCK", *many, "-A INPUT -j DROP", "-A BLOCK -j RETURN")
        return foreign.others(now, "INPUT", "")

    assert len(look(4000)) >= 8000
    few, more, most = (calls_of(lambda number=number: look(number)) for number in (1000, 2000, 3000))
    assert most - more < 1.5 * (more - few)


def test_what_is_sent_is_looked_at_in_its_own_direction() -> None:
    now = table("-A OUTPUT -j L", "-A L -d 192.0.2.9/32 -p tcp -m tcp --dport 9100 -j DROP")
    assert [(one.opens, one.rule.as_text()) for one in foreign.others(now, "OUTPUT", "")] == [
        (False, "out tcp 9100 to 192.0.2.9")
    ]
