# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nft prints of our rules and of others', in its own spelling (captured from 0.9.8, 1.0.6 and 1.1.3)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_foreign, _nft_rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_place as place
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule
from ansible_collections.printnet.ports.plugins.module_utils._state import half

from .nft_model import BODY, Nft, match

OWNER = "printnet.ports/vpsx"
ACCEPT: dict[str, Any] = {"accept": None}
DROP: dict[str, Any] = {"drop": None}


def host(*ours: list[Any], comment: str = OWNER, family: str = "inet") -> Nft:
    nft = Nft()
    nft.table(family, "filter")
    nft.chain(family, "filter", "input", "input", "drop")
    nft.rule(family, "filter", "input", *BODY)
    nft.chain(family, "filter", "pnports1-vpsx")
    nft.rule(family, "filter", "input", {"jump": {"target": "pnports1-vpsx"}}, comment=comment)
    for rule in ours:
        nft.rule(family, "filter", "pnports1-vpsx", *rule)
    return nft


def live(nft: Nft) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    found = _nft_rules.live(place.parse(nft.listing()), {OWNER: "vpsx"})[OWNER]
    return half(found.rules).rules, found.odd


@pytest.mark.parametrize(
    ("expr", "peers", "ports", "source_ports"),
    [
        (
            # nft joins neighbours.
            [
                match("ip saddr", {"set": [{"range": ["10.0.1.0", "10.0.3.255"]}, "10.9.9.9"]}),
                match("tcp dport", {"set": [5, {"range": [7, 9]}]}),
            ],
            ("10.0.1.0/24", "10.0.2.0/23", "10.9.9.9/32"),
            ((5, 5), (7, 9)),
            (),
        ),
        (
            [
                match(
                    "ip6 saddr",
                    {"set": ["::1.2.3.4", "::ffff:1.2.3.4", {"prefix": {"addr": "2001:db8::", "len": 33}}]},
                ),
                match("tcp dport", 5),
            ],
            ("::102:304/128", "::ffff:1.2.3.4/128", "2001:db8::/33"),
            ((5, 5),),
            (),
        ),
        (
            [
                match("ip saddr", {"prefix": {"addr": "10.0.0.0", "len": 8}}),
                match("tcp sport", 20),
                match("tcp dport", {"range": [1, 65535]}),
            ],
            ("10.0.0.0/8",),
            ((1, 65535),),
            ((20, 20),),
        ),
        ([match("meta nfproto", "ipv4"), match("tcp dport", 5)], ("0.0.0.0/0",), ((5, 5),), ()),
        ([match("tcp dport", 5)], EVERYBODY, ((5, 5),), ()),
    ],
)
def test_our_rules_as_nft_prints_them(
    expr: list[Any], peers: tuple[str, ...], ports: tuple[Any, ...], source_ports: tuple[Any, ...]
) -> None:
    wanted = half([Rule("in", "tcp", ports, peers, source_ports)]).rules
    assert live(host([*expr, ACCEPT])) == (wanted, ())


@pytest.mark.parametrize(
    "expr",
    [
        [match("tcp dport", 5), {"counter": {"packets": 0, "bytes": 0}}, ACCEPT],
        [match("tcp dport", 5), DROP],
        [match("tcp dport", 5)],
        [ACCEPT],
        [],
        [match("ip saddr", "10.0.0.1"), ACCEPT],
        [match("ip daddr", "10.0.0.1"), match("tcp dport", 5), ACCEPT],
        [match("ip saddr", "@some"), match("tcp dport", 5), ACCEPT],
        [match("ip saddr", "10.0.0.1", "!="), match("tcp dport", 5), ACCEPT],
        [match("tcp dport", "@some"), ACCEPT],
        [match("tcp dport", 5), match("udp sport", 5), ACCEPT],
        [match("meta iifname", "eth0"), match("tcp dport", 5), ACCEPT],
        [{"match": {"op": "==", "left": {"&": ["x", 1]}, "right": 1}}, ACCEPT],
        [{"vmap": {"key": "x"}}],
    ],
)
def test_a_rule_that_is_none_of_ours(expr: list[Any]) -> None:
    rules, odd = live(host([match("tcp dport", 515), ACCEPT], expr))
    assert rules == half([Rule("in", "tcp", ((515, 515),), EVERYBODY)]).rules
    assert len(odd) == 1
    assert "none of ours" in odd[0]


LPR = [match("tcp dport", 515), ACCEPT]
LET_IN = half([Rule("in", "tcp", ((515, 515),), EVERYBODY)]).rules


def test_a_jump_of_another_make() -> None:
    rules, odd = live(host(LPR, comment="<b>mine</b>"))
    assert rules == LET_IN
    assert odd == ("table inet filter, chain input has no jump to pnports1-vpsx right before its end",)


def test_a_chain_that_nothing_leads_to() -> None:
    nft = host(LPR)
    nft.tables["inet", "filter"]["rules"].pop(1)
    rules, odd = live(nft)
    assert rules == ()
    assert len(odd) == 1


def test_a_chain_behind_the_end_lets_nothing_in() -> None:
    nft = host(LPR)
    handle = nft.rule("inet", "filter", "input", DROP)
    rules = nft.tables["inet", "filter"]["rules"]
    rules.insert(1, rules.pop([rule[1] for rule in rules].index(handle)))
    assert live(nft)[0] == ()
    assert live(nft)[1]


def test_an_empty_chain() -> None:
    assert live(host()) == ((), ("table inet filter has the chain pnports1-vpsx without a rule",))


def test_a_chain_where_nothing_is_refused_any_more() -> None:
    nft = host(LPR)
    nft.tables["inet", "filter"]["chains"]["input"]["policy"] = "accept"
    rules, odd = live(nft)
    assert rules == ()
    assert len(odd) == 2


def test_what_one_of_two_tables_lacks_is_not_let_in() -> None:
    nft = host(LPR, [match("tcp dport", 631), ACCEPT])
    nft.table("ip", "old")
    nft.chain("ip", "old", "in", "input", "drop")
    rules, odd = live(nft)
    assert (
        rules == half([Rule("in", "tcp", ((515, 515),), ("::/0",)), Rule("in", "tcp", ((631, 631),), ("::/0",))]).rules
    )
    assert odd == ("table ip old, chain in has other rules for IPv4 than table inet filter, chain input",)


def foreign(*rules: list[Any], policy: str = "drop", family: str = "inet") -> list[tuple[bool, str, str]]:
    nft = Nft()
    nft.table(family, "filter")
    nft.chain(family, "filter", "input", "input", policy)
    nft.chain(family, "filter", "more")
    nft.rule(family, "filter", "more", match("tcp dport", 25), ACCEPT)
    for rule in rules:
        nft.rule(family, "filter", "input", *rule)

    def elements(_table: place.Table, name: str, _kind: str) -> Any:
        if name == "bad":
            return {
                "set": [{"prefix": {"addr": "198.51.100.0", "len": 24}}, {"elem": {"val": "192.0.2.1", "expires": 5}}]
            }
        if name == "empty":
            return {"set": []}
        raise _nft_rules.UnknownError(name)

    found = _nft_foreign.foreign(place.parse(nft.listing()), elements)
    return [(one.opens, one.rule.as_text(), one.where) for one in found]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ([match("tcp dport", 22), ACCEPT], [(True, "in tcp 22 from any")]),
        (
            [match("ip saddr", "@bad"), {"counter": None}, DROP],
            [
                (False, "in tcp 1-65535 from 192.0.2.1 198.51.100.0/24"),
                (False, "in udp 1-65535 from 192.0.2.1 198.51.100.0/24"),
            ],
        ),
        ([match("ip saddr", "@empty"), DROP], []),
        ([match("ip saddr", "@huge"), DROP], []),
        (
            [match("ct state", ["new"], "in"), match("udp dport", {"set": [{"range": [1, 4]}, 9]}), {"reject": None}],
            [(False, "in udp 1-4,9 from any")],
        ),
        (BODY, []),
        ([match("meta iifname", "eth0"), match("tcp dport", 22), ACCEPT], [(True, "in tcp 22 from any")]),
        ([match("meta iifname", "eth0"), ACCEPT], []),
        ([match("tcp dport", 22, "!="), DROP], []),
        ([match("tcp dport", 22), {"log": None}], []),
        ([match("tcp dport", 22), {"limit": {"rate": 1, "per": "second"}}, ACCEPT], []),
        ([match("meta l4proto", {"set": ["icmp", "ipv6-icmp"]}), ACCEPT], []),
        (
            [match("meta l4proto", "tcp"), match("ip saddr", "192.0.2.1"), DROP],
            [(False, "in tcp 1-65535 from 192.0.2.1")],
        ),
        ([{"jump": {"target": "pnports1-vpsx"}}], []),
        ([match("tcp dport", 22), {"jump": {"target": "more"}}], []),
    ],
)
def test_what_others_open_and_block(rule: list[Any], found: list[tuple[bool, str]]) -> None:
    assert [one[:2] for one in foreign(rule, [{"log": None}, DROP])] == found


def test_where_others_rules_stand() -> None:
    assert foreign([{"jump": {"target": "more"}}], [match("ip saddr", "@bad"), match("tcp dport", 515), DROP]) == [
        (True, "in tcp 25 from any", "table inet filter, chain more, handle 1"),
        (
            False,
            "in tcp 515 from 192.0.2.1 198.51.100.0/24",
            "table inet filter, chain input, handle 3, set @bad",
        ),
    ]


def test_an_accept_where_nothing_is_refused_opens_nothing() -> None:
    assert foreign([match("tcp dport", 22), ACCEPT], [match("tcp dport", 23), DROP], policy="accept") == [
        (False, "in tcp 23 from any", "table inet filter, chain input, handle 3")
    ]
