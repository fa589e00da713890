# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What chains of others open and block that are led to, or come before; and what was let in before a drop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_foreign, _nft_rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_place as place

from .nft_model import BODY, Nft, match
from .test_nft_ends import (
    ACCEPT,
    AWAY,
    BAN,
    DROP,
    FOUR,
    INVALID,
    LPD,
    MARK,
    RESET,
    RETURN,
    SIX,
    SSH,
    by_device,
    into_set,
    to,
)

Expr = list[dict[str, Any]]
HERE = match("ip saddr", {"prefix": {"addr": "192.0.2.0", "len": 24}})
ELSEWHERE = match("ip saddr", {"prefix": {"addr": "192.0.2.0", "len": 24}}, "!=")
OUTSIDE = " ".join(_rules.fewest(_rules.without(_rules.EVERYBODY, ["192.0.2.0/24"])))
OUTSIDE4 = " ".join(sorted(_rules.without(["0.0.0.0/0"], ["192.0.2.0/24"])))
LPR = [match("tcp dport", 515), *ACCEPT]
BOTH = match("tcp dport", {"set": [515, 631]})
WG = match("meta iifname", "wg0")
ALL = ["tcp 1-65535 from any", "udp 1-65535 from any"]
V6 = [one.replace("any", "::/0") for one in ALL]
CHAINS: dict[str, list[Expr]] = {
    "lpd": [LPD],
    "two": [[HERE, to("lpd")]],
    "shut": [SSH, DROP],
    "blocks": [LPD, SSH, DROP],
    "back": [[HERE, *RETURN], [BOTH, *DROP], DROP],
    "back or in": [[HERE, *RETURN], LPR],
    "some back or in": [[WG, *RETURN], LPR],
    "much back": [[WG, *RETURN], [HERE, *RETURN], [BOTH, *DROP]],
    "some back": [[WG, *RETURN], DROP],
    "some in": [[WG, *ACCEPT], DROP],
    "some in, some not": [LPD, [WG, *ACCEPT], DROP],
    "lpr": [LPR],
    "leads back": [RETURN, DROP],
    "goes on": [[to("leads back", "goto")], LPD],
    "ssh": [SSH],
}


def host(*rules: Expr, policy: str = "drop", hook: str = "input", family: str = "inet") -> list[place.Table]:
    nft = Nft()
    nft.table(family, "filter")
    for name, some in CHAINS.items():
        nft.chain(family, "filter", name)
        for rule in some:
            nft.rule(family, "filter", name, *rule)
    nft.chain(family, "filter", "base", hook, policy)
    for rule in (BODY, *rules):
        nft.rule(family, "filter", "base", *rule)
    return place.parse(nft.listing())


def by_key(key: str, *elements: tuple[str, dict[str, Any]]) -> list[Expr]:
    return [by_device(*elements, key=key)]


def found(tables: list[place.Table], opens: bool) -> list[str]:
    def elements(_table: place.Table, name: str, _kind: str) -> Any:
        raise _nft_rules.UnknownError(name)

    some = _nft_foreign.foreign(tables, elements)
    return [one.rule.as_text().removeprefix("in ") for one in some if one.opens is opens]


@pytest.mark.parametrize(
    ("rules", "blocked"),
    [
        ([[HERE, to("lpd")]], ["tcp 515 from 192.0.2.0/24"]),
        ([[BOTH, to("two")]], ["tcp 515 from 192.0.2.0/24"]),
        ([[match("ip saddr", "192.0.2.7"), to("two")]], ["tcp 515 from 192.0.2.7"]),
        ([[match("tcp dport", {"range": [600, 700]}), to("lpd")]], []),
        ([[match("udp dport", 515), to("lpd")]], []),
        ([[HERE, to("shut")]], ["tcp 1-21,23-65535 from 192.0.2.0/24", "udp 1-65535 from 192.0.2.0/24"]),
        ([[ELSEWHERE, to("lpd")]], [f"tcp 515 from {OUTSIDE4}"]),
        ([[ELSEWHERE, *DROP]], [f"{what} 1-65535 from {OUTSIDE4}" for what in ("tcp", "udp")]),
        ([[match("ip6 saddr", "@lan", "!="), *LPD]], []),
        ([[match("tcp dport", 515, "!="), *DROP]], []),
        ([[match("meta nfproto", "ipv4"), *LPD]], ["tcp 515 from 0.0.0.0/0"]),
        ([[match("meta protocol", "ip6"), *LPD]], ["tcp 515 from ::/0"]),
        ([[match("meta nfproto", "ipv4", "!="), *LPD]], ["tcp 515 from ::/0"]),
        ([[match("meta nfproto", {"set": ["ipv4", "ipv6"]}), *LPD]], ["tcp 515 from any"]),
        ([[match("ip6 nexthdr", "tcp"), *DROP], LPR], ["tcp 1-65535 from ::/0"]),
        ([[match("meta l4proto", "icmp"), *DROP], LPR], []),
        (by_key("nfproto", ("ipv4", to("lpd")), ("ipv6", {"accept": None})), ["tcp 515 from 0.0.0.0/0"]),
        (by_key("protocol", ("ip", {"accept": None}), ("ip6", {"drop": None})), V6),
        # As nft lists what is for one family or for TCP.
        ([FOUR, LPR], [one.replace("any", "0.0.0.0/0") for one in ALL]),
        ([SIX, LPR], V6),
        ([[match("ip saddr", "192.0.2.7"), match("meta l4proto", "tcp"), *RESET]], ["tcp 1-65535 from 192.0.2.7"]),
        ([[HERE, *RESET]], ["tcp 1-65535 from 192.0.2.0/24"]),
        ([[*BAN, *DROP], SSH], [one.replace("any", "0.0.0.0/0") for one in ALL]),
        ([[BOTH, *into_set("ip saddr", "tcp dport"), *DROP]], ["tcp 515,631 from 0.0.0.0/0"]),
        ([[BOTH, *MARK, *DROP]], ["tcp 515,631 from any"]),
        ([[BOTH, *BAN, *ACCEPT], LPD], ["tcp 515 from ::/0"]),
        ([[*into_set("ip saddr", stmt=[{"limit": {"rate": 10, "inv": True}}]), *DROP], SSH], []),
        ([[to("blocks")], SSH], ["tcp 515 from any", "tcp 1-21,23-65535 from any", "udp 1-65535 from any"]),
        ([[to("blocks", "goto")]], ["tcp 515 from any", "tcp 1-21,23-65535 from any", "udp 1-65535 from any"]),
        ([[to("lpd", "goto")]], ["tcp 515 from any", *ALL]),
        (
            [[HERE, to("lpd", "goto")]],
            [f"{what} from 192.0.2.0/24" for what in ("tcp 515", "tcp 1-65535", "udp 1-65535")],
        ),
        ([by_device(("lo", {"accept": None}), ("*", to("lpd")))], ["tcp 515 from any"]),
        ([by_device(("lo", {"accept": None}), ("eth0", to("lpd")), ("*", to("shut")))], []),
        (
            [
                [
                    {
                        "vmap": {
                            "key": BOTH["match"]["left"],
                            "data": {"set": [[515, {"drop": None}], [22, {"accept": None}]]},
                        }
                    }
                ]
            ],
            ["tcp 515 from any"],
        ),
        ([[INVALID]], []),
        ([[{"vmap": {"key": BOTH["match"]["left"], "data": "@doors"}}], LPD], ["tcp 515 from any"]),
        ([[AWAY, BOTH, *DROP]], ["tcp 515,631 from any"]),
        ([[match("th dport", 515), *DROP]], ["tcp 515 from any", "udp 515 from any"]),
        ([[HERE, *RETURN]], ["tcp 1-65535 from 192.0.2.0/24", "udp 1-65535 from 192.0.2.0/24"]),
        ([[to("back")]], [f"{what} from {OUTSIDE}" for what in ("tcp 515,631", "tcp 1-65535", "udp 1-65535")]),
        ([[to("some back")]], []),
        ([[to("much back")]], [f"tcp 515,631 from {OUTSIDE}"]),
        ([[to("some in")]], []),
        ([[to("some in, some not")]], ["tcp 515 from any", *ALL]),
        ([[to("leads back")]], []),
        ([[to("goes on")]], []),
        ([[to("shut")]], []),
        ([RETURN], []),
        ([DROP], []),
        ([[AWAY, *DROP]], []),
    ],
)
def test_what_chains_block_that_are_led_to(rules: list[Expr], blocked: list[str]) -> None:
    assert found(host(*rules), opens=False) == blocked


@pytest.mark.parametrize(
    ("rules", "policy", "opened"),
    [
        ([[to("shut")]], "accept", ["tcp 22 from any"]),
        ([[to("some in", "goto")], LPR], "drop", []),
        ([[HERE, to("ssh")], LPR], "drop", ["tcp 22 from 192.0.2.0/24", "tcp 515 from any"]),
        ([DROP, LPR], "accept", []),
        ([[to("ssh")]], "accept", []),
    ],
)
def test_what_is_open_behind_a_jump_and_at_the_end(rules: list[Expr], policy: str, opened: list[str]) -> None:
    assert found(host(*rules, policy=policy), opens=True) == opened


@pytest.mark.parametrize(
    ("before", "blocked"),
    [
        ([[HERE, BOTH, *ACCEPT], [HERE, BOTH, *DROP]], []),
        ([[BOTH, *ACCEPT], LPD], []),
        ([[to("ssh")], [match("tcp dport", 22), *DROP]], []),
        ([[HERE, to("lpr")], LPD], [f"tcp 515 from {OUTSIDE}"]),
        ([[to("back or in")], LPD], ["tcp 515 from 192.0.2.0/24"]),
        ([[to("some back or in")], LPD], ["tcp 515 from any"]),
        ([[HERE, BOTH, *ACCEPT], LPD], [f"tcp 515 from {OUTSIDE}"]),
        ([[match("tcp sport", 20), *LPR], LPD], ["tcp 515 from any"]),
        ([[match("ct state", ["new"], "in"), *LPR], LPD], ["tcp 515 from any"]),
        ([[WG, *LPR], LPD], ["tcp 515 from any"]),
        ([[match("udp dport", 515), *ACCEPT], LPD], ["tcp 515 from any"]),
        ([LPD, LPR], ["tcp 515 from any"]),
    ],
)
def test_what_was_let_in_before_is_not_blocked(before: list[Expr], blocked: list[str]) -> None:
    assert found(host(*before), opens=False) == blocked


ETH0, ETH1 = match("meta iifname", "eth0"), match("meta iifname", "eth1")
MINE = match("ip daddr", "192.0.2.1")
AT_ETH0 = "tcp 515 comes by eth0"
ALL_AT_ETH0 = ["tcp 1-65535 comes by eth0", "udp 1-65535 comes by eth0"]


@pytest.mark.parametrize(
    ("rules", "blocked"),
    [
        ([[ETH0, *LPD]], [AT_ETH0]),
        ([[match("meta iif", {"set": ["lo", "eth0"]}), *LPD]], [AT_ETH0]),
        ([[match("meta iifname", {"set": ["eth1", "eth0"]}), *LPD]], ["tcp 515 comes by eth0 or eth1"]),
        ([[match("meta iifname", "eth0", "!="), *LPD]], ["tcp 515 comes by none of eth0"]),
        ([[match("meta iifname", "eth0", "<"), *LPD]], []),
        ([[match("meta iifname", 7), *LPD]], []),
        ([[match("meta iifname", "lo"), *LPD]], []),
        ([[ETH0, *DROP], LPR], ALL_AT_ETH0),
        ([[MINE, *LPD]], ["tcp 515 is sent to 192.0.2.1"]),
        ([[MINE, *DROP], LPR], []),
        ([[match("ip daddr", "224.0.0.251"), *LPD]], []),
        ([[match("ip daddr", {"set": ["192.0.2.1", "192.0.2.9"]}), *LPD]], []),
        ([[ETH0, *LPR], [ETH0, *LPD]], []),
        ([[ETH0, *LPR], [ETH1, *LPD]], ["tcp 515 comes by eth1"]),
        ([[ETH0, *LPR], LPD], ["tcp 515 comes by none of eth0"]),
        ([LPR, [ETH0, *LPD]], []),
        ([[ETH0, ETH1, *LPD]], []),
        ([[ETH0, to("lpd")]], [AT_ETH0]),
        ([[ETH0, to("two", "goto")], LPR], [AT_ETH0, *ALL_AT_ETH0]),
        (by_key("iifname", ("eth0", to("lpd")), ("eth1", to("ssh"))), [AT_ETH0]),
    ],
)  # fmt: skip
def test_what_is_blocked_at_an_interface(rules: list[Expr], blocked: list[str]) -> None:
    some = [one for one in _nft_foreign.foreign(host(*rules), lambda *_which: {}) if not one.opens]
    asked = [f"{one.rule.transport} {','.join(map(_rules.span_text, one.rule.ports))} {one.only}" for one in some]
    assert [text.strip() for text in asked] == blocked


def _pairs(*some: Any) -> list[dict[str, Any]]:
    return [{"concat": list(one)} for one in some]


SUBNET = {"prefix": {"addr": "192.0.2.0", "len": 24}}
WHO = "tcp 515 from 192.0.2.0/24"
WHO_AND_WHAT = {"concat": [HERE["match"]["left"], LPR[0]["match"]["left"]]}
DOOR = {"concat": [ETH0["match"]["left"], LPR[0]["match"]["left"]]}
NAMED = {
    ("set", "pairs"): [*_pairs((SUBNET, 515)), {"elem": {"val": {"concat": ["198.51.100.7", 631]}, "comment": "x"}}],
    ("map", "doors"): [[{"concat": ["eth0", 515]}, {"drop": None}], [{"concat": ["eth1", 631]}, {"accept": None}]],
    ("map", "ports"): [[515, {"drop": None}], [631, {"accept": None}], [{"range": [700, 701]}, to("lpd")]],
    ("map", "odd"): [[{"concat": ["eth0"]}, {"drop": None}]],
}


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ({"match": {"op": "==", "left": WHO_AND_WHAT, "right": {"set": _pairs((SUBNET, 515))}}}, [WHO]),
        ({"match": {"op": "==", "left": WHO_AND_WHAT, "right": "@pairs"}}, [WHO, "tcp 631 from 198.51.100.7"]),
        ({"match": {"op": "==", "left": WHO_AND_WHAT, "right": _pairs((SUBNET, 515))[0]}}, [WHO]),
        ({"match": {"op": "!=", "left": WHO_AND_WHAT, "right": "@pairs"}}, []),
        ({"vmap": {"key": DOOR, "data": "@doors"}}, ["tcp 515 from any comes by eth0"]),
        ({"vmap": {"key": LPR[0]["match"]["left"], "data": "@ports"}}, ["tcp 515 from any"]),
        ({"vmap": {"key": DOOR, "data": "@odd"}}, []),
        ({"vmap": {"key": DOOR, "data": "@gone"}}, []),
    ],
)  # fmt: skip
def test_what_named_maps_and_concatenations_block(statement: dict[str, Any], told: list[str]) -> None:
    def elements(_table: place.Table, name: str, kind: str) -> Any:
        if (kind, name) not in NAMED:
            raise _nft_rules.UnknownError(name)
        return {"set": NAMED[kind, name]}

    rule = [statement] if "vmap" in statement else [statement, *DROP]
    some = [one for one in _nft_foreign.foreign(host(rule, LPR), elements) if not one.opens]
    asked = [f"{one.rule.as_text()} {one.only}".removeprefix("in ").strip() for one in some]
    assert asked == told


def test_a_reset_of_a_table_of_one_family_is_about_tcp() -> None:
    assert found(host(RESET, LPR, family="ip"), opens=False) == ["tcp 1-65535 from 0.0.0.0/0"]
    assert found(host([HERE, *RESET], family="ip"), opens=False) == ["tcp 1-65535 from 192.0.2.0/24"]


def test_the_ports_of_a_named_set() -> None:
    elements = [80, {"elem": {"val": 161, "comment": "snmp"}}, {"elem": {"val": {"range": [600, 700]}, "timeout": 9}}]
    tables = host([match("udp dport", "@some"), *DROP])
    (one,) = _nft_foreign.foreign(tables, lambda *_which: {"set": elements})
    assert one.rule.as_text() == "in udp 80,161,600-700 from any"
    assert one.where.endswith("set @some")


@pytest.mark.parametrize(
    ("family", "hook", "policy", "rules", "said"),
    [
        ("inet", "prerouting", "drop", [SSH], True),
        ("inet", "ingress", "drop", [], True),
        ("netdev", "ingress", "drop", [SSH], True),
        ("netdev", "egress", "drop", [], True),
        ("inet", "postrouting", "accept", [SSH, DROP], True),
        ("inet", "prerouting", "accept", [LPD], False),
        ("inet", "prerouting", "drop", [ACCEPT], False),
        ("inet", "input", "drop", [], False),
        ("inet", "output", "drop", [], False),
        ("inet", "forward", "drop", [], False),
    ],
)
def test_what_is_refused_where_nothing_of_ours_stands(
    family: str, hook: str, policy: str, rules: list[Expr], said: bool
) -> None:
    tables = host(*rules, family=family, hook=hook, policy=policy)
    told = [f"table {family} filter, chain base refuses by default at the hook {hook}, " in one for one in
            _nft_foreign.elsewhere(tables)]  # fmt: skip
    assert told == [True] * said


def test_a_table_of_one_device_blocks_nothing_for_sure() -> None:
    tables = host(LPD, family="netdev", hook="ingress", policy="accept")
    assert found(tables, opens=False) == []
    assert not place.lets_all_in(tables[0])


def test_what_another_chain_lets_in_is_blocked_all_the_same() -> None:
    tables = host([BOTH, *ACCEPT]) + host([HERE, *LPD], hook="prerouting", policy="accept")
    assert found(tables, opens=False) == ["tcp 515 from 192.0.2.0/24"]


@pytest.mark.parametrize(
    ("rules", "blocked"),
    [
        ([SSH, [HERE, *LPD]], ["tcp 515 from 192.0.2.0/24"]),
        ([SSH, DROP], ["tcp 1-21,23-65535 from any", "udp 1-65535 from any"]),
        ([[WG, *ACCEPT], DROP], []),
        ([[WG, *ACCEPT], LPD], ["tcp 515 from any"]),
        ([[{"limit": {"rate": 1}}, *DROP], DROP], ALL),
    ],
)
@pytest.mark.parametrize("hook", ["prerouting", "ingress"])
def test_a_filter_before_the_way_in_blocks(hook: str, rules: list[Expr], blocked: list[str]) -> None:
    tables = host(*rules, hook=hook, policy="accept")
    assert found(tables, opens=False) == blocked
    assert found(tables, opens=True) == []


@pytest.mark.parametrize("shape", ["accepts and drops", "jumps"])
def test_a_rule_more_costs_the_same_among_thousands(
    monkeypatch: pytest.MonkeyPatch, calls_of: Callable[[Callable[[], object]], int], shape: str
) -> None:
    many: list[Expr] = []
    for number in range(300):
        peer = match("ip saddr", f"10.0.{number // 250}.{number % 250}")
        many.append([peer, match("tcp dport", 1000 + number), *ACCEPT] if shape != "jumps" else [peer, to("long")])
        many.append([peer, match("tcp dport", 515), *(DROP if number % 2 else ACCEPT)])
    monkeypatch.setitem(CHAINS, "long", [[match("ip saddr", "192.0.2.1"), *DROP]] * 500)
    assert len(found(host(*many), opens=False)) >= 150
    few, more, most = (
        calls_of(lambda number=number: found(host(*many[:number]), opens=False)) for number in (200, 400, 600)
    )
    assert most - more < 1.5 * (more - few)


ETH = match("meta iifname", "eth0")


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ([[ETH, to("blocks")]], ["eth0"]),
        ([[match("meta iifname", {"set": ["lo", "eth0", "eth1"]}), to("shut", "goto")]], ["eth0", "eth1"]),
        ([[ETH, to("lpd", "goto")], LPR], ["eth0"]),
        ([by_device(("lo", {"accept": None}), ("eth0", to("blocks", "goto")), ("*", to("lpd")))], ["eth0"]),
        ([by_device(("lo", {"accept": None}), ("eth0", to("lpd")), ("*", to("shut")))], ["another"]),
        ([by_device(("lo", {"accept": None}), ("*", to("blocks", "goto")))], []),
        ([by_device(("lo", {"accept": None}), ("eth0", to("shut", "goto")))], []),
        ([[ETH, to("lpd")]], []),
        ([[ETH, HERE, to("shut")]], []),
        ([[match("meta iifname", "eth0", "!="), to("shut")]], []),
        ([[match("meta iifname", "lo"), to("shut")]], []),
        ([[ETH, *DROP]], []),
    ],
)
def test_what_comes_by_a_device_may_never_come_to_ours(rules: list[Expr], named: list[str]) -> None:
    said = _nft_foreign.astray(host(*rules))
    assert [sentence.split(" comes by ")[1].split()[0] for sentence in said] == named


@pytest.mark.parametrize(
    ("verdict", "said"),
    [(to("ssh", "goto"), 1), (to("shut"), 1), (to("ssh"), 0), ({"accept": None}, 0), ({"drop": None}, 0)],
)
def test_new_connections_may_never_come_to_ours(verdict: dict[str, Any], said: int) -> None:
    states = by_device(("established", {"accept": None}), ("new", verdict), ("invalid", {"drop": None}))
    states[0]["vmap"]["key"] = {"ct": {"key": "state"}}
    told = _nft_foreign.astray(host(states))
    assert len(told) == said
    assert all("leads new connections elsewhere, and nothing comes back from there" in one for one in told)
