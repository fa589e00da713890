# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the final rules of a base chain begin when they stand in chains of their own, or are written in other ways."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_foreign, _nft_rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_place as place

from .nft_model import BODY, Nft, match

Expr = list[dict[str, Any]]
DROP: Expr = [{"counter": {"packets": 3, "bytes": 180}}, {"drop": None}]
REJECT: Expr = [{"reject": {"type": "icmpx", "expr": "admin-prohibited"}}]
ACCEPT: Expr = [{"accept": None}]
RETURN: Expr = [{"counter": {"packets": 3, "bytes": 180}}, {"return": None}]
LOG: Expr = [{"log": {"prefix": "dropped: "}}]
RESET: Expr = [{"reject": {"type": "tcp reset"}}]
"""As nft lists it in tables of the families ip and ip6, without the match of TCP; the next two never have theirs."""
FOUR: Expr = [{"reject": {"type": "icmp", "expr": "host-prohibited"}}]
SIX: Expr = [{"reject": {"type": "icmpv6", "expr": "port-unreachable"}}]
SSH = [match("tcp dport", 22), *ACCEPT]
LPD = [match("tcp dport", 515), *DROP]
INVALID = {"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [["invalid", {"drop": None}]]}}}
AWAY, OUT_AWAY = match("meta iifname", "lo", "!="), match("meta oifname", "lo", "!=")


def to(name: str, how: str = "jump") -> dict[str, Any]:
    return {how: {"target": name}}


def into_set(*fields: str, op: str = "add", **more: Any) -> Expr:
    """Puts what is in these fields of a packet into a set, as nft lists it."""
    parts: list[Any] = [match(field, 0)["match"]["left"] for field in fields]
    element = {"elem": {"val": parts[0], "timeout": 86400}} if len(parts) == 1 else {"concat": parts}
    return [{"set": {"op": op, "elem": element, "set": "@bans", **more}}]


BAN = into_set("ip saddr")
MARK: Expr = [{"mangle": {"key": {"meta": {"key": "mark"}}, "value": 5}}]


def by_device(*elements: tuple[str, dict[str, Any]], key: str = "iifname") -> Expr:
    return [{"vmap": {"key": {"meta": {"key": key}}, "data": {"set": [list(one) for one in elements]}}}]


CHAINS: dict[str, list[Expr]] = {
    "ssh": [SSH],
    "public": [SSH, LOG, DROP],
    "limited": [SSH, [{"limit": {"rate": 5, "per": "minute"}}, *REJECT], DROP],
    "halves": [SSH, [match("meta l4proto", "tcp"), *REJECT], REJECT],
    "nested": [[match("ip saddr", "192.0.2.1"), to("ssh")], [to("public", "goto")]],
    "udp": [SSH, [match("meta l4proto", "udp"), *DROP]],
    "blocks": [LPD, SSH, DROP],
    "invalid": [[INVALID], SSH, DROP],
    "leaves": [[match("ip saddr", "192.0.2.1"), *RETURN], SSH, DROP],
    "all": [SSH, ACCEPT],
    "empty": [],
    "counts": [[match("tcp dport", 515), {"counter": {"packets": 3, "bytes": 180}}]],
    "logs": [LOG],
    "ssh, then empty": [SSH, [to("empty")], DROP],
    "ssh, then counts": [SSH, [to("counts")], DROP],
    "ssh, then deeper": [SSH, [match("ip saddr", "192.0.2.1"), to("ssh and empty")], DROP],
    "ssh and empty": [SSH, [to("empty")]],
    "ssh, then logs": [SSH, [to("logs")], DROP],
    "no icmp": [[match("meta l4proto", "icmp"), *DROP], SSH, DROP],
    "bans": [SSH, [*BAN, *DROP], DROP],
    "only udp": [[match("meta l4proto", "udp"), *DROP]],
}


def base(policy: str, *rules: Expr, hook: str = "input", family: str = "inet") -> list[place.Base]:
    nft = Nft()
    nft.table(family, "filter")
    for name, some in CHAINS.items():
        nft.chain(family, "filter", name)
        for rule in some:
            nft.rule(family, "filter", name, *rule)
    nft.chain(family, "filter", "base", hook, policy)
    for rule in rules:
        nft.rule(family, "filter", "base", *rule)
    (table,) = place.parse(nft.listing())
    return place.bases(table)


@pytest.mark.parametrize("policy", ["accept", "drop"])
@pytest.mark.parametrize(
    ("rules", "tail"),
    [
        ([[to("public", "goto")]], 1),
        ([[to("public", "goto")], SSH], 1),
        ([[to("public")]], 1),
        ([[to("public")], SSH, LOG], 1),
        ([LOG, [to("public")]], 1),
        ([[to("limited")]], 1),
        ([[to("halves")]], 1),
        ([[to("nested")]], 1),
        ([[AWAY, *DROP]], 1),
        ([[AWAY, *DROP], SSH], 1),
        ([[match("meta iif", "lo", "!="), to("public")]], 1),
        ([[match("ct state", "new", "in"), to("public")]], 1),
        ([by_device(("lo", {"accept": None}), ("wg0", {"accept": None}), ("*", to("public", "goto")))], 1),
        ([by_device(("lo", {"accept": None}), ("*", {"drop": None}))], 1),
        ([SSH, [to("blocks")]], 3),
        ([[to("blocks", "goto")]], 2),
        ([[to("invalid")]], 2),
        ([[to("ssh, then logs")]], 1),
        ([[to("no icmp")]], 1),
        ([[to("bans")]], 1),
        ([FOUR, SIX], 1),
        ([FOUR, REJECT], 1),
        ([[match("meta l4proto", "tcp"), *RESET], REJECT], 1),
        # A program may fill what is empty with drops: ours never come before it.
        ([[to("ssh, then empty")]], 2),
        ([[to("ssh, then counts")]], 2),
        ([[to("ssh, then deeper")]], 2),
    ],
)
def test_an_end_in_a_chain_of_its_own(policy: str, rules: list[Expr], tail: int) -> None:
    """Where it drops something in particular first, ours stand behind it: in vain, but they take nothing from it."""
    assert [one.tail for one in base(policy, BODY, *rules)] == [tail]


@pytest.mark.parametrize(
    ("policy", "rules", "tail"),
    [
        ("drop", [RETURN], 1),
        ("drop", [RETURN, SSH], 1),
        ("drop", [[to("ssh", "goto")]], 1),
        ("drop", [[to("empty", "goto")], SSH], 1),
        ("drop", [by_device(("lo", {"accept": None}), ("eth0", to("ssh", "goto")))], 1),
        ("drop", [by_device(("lo", {"accept": None}), ("eth0", to("blocks", "goto")))], 2),
        ("drop", [by_device(("lo", {"accept": None}), ("eth0", to("ssh")))], 2),
        ("drop", [by_device(("lo", {"accept": None}), ("*", {"accept": None}))], 2),
        ("drop", [by_device(("lo", {"accept": None}), key="mark")], 2),
        ("drop", [[to("ssh")]], 2),
        ("drop", [[to("udp")]], 2),
        ("drop", [[to("leaves")]], 2),
        ("drop", [[to("all")]], 2),
        ("drop", [[to("all", "goto")]], 2),
        ("drop", [[match("meta l4proto", "icmp"), to("public")]], 2),
        ("drop", [[match("meta l4proto", "tcp"), to("public")]], 1),
        ("drop", [[match("ip saddr", "192.0.2.1"), to("public")]], 2),
        ("drop", [[{"limit": "lim1"}, *LOG]], 2),
        ("drop", [[{"limit": "lim1"}, *LOG], LOG, DROP], 2),
        ("drop", [[OUT_AWAY, *DROP]], 2),
        ("drop", [[to("empty")]], 2),
        ("drop", [[to("counts")]], 2),
        ("drop", [[to("logs")]], 2),
        ("drop", [[match("meta l4proto", "udp"), to("empty")]], 2),
        ("drop", [SSH, [to("empty")], DROP], 3),
        ("drop", [SSH, [to("empty")], LOG, DROP], 3),
        ("drop", [[to("only udp")]], 1),
        ("drop", [[match("meta l4proto", "icmp"), to("empty")]], 1),
        ("drop", [FOUR, [match("ip6 saddr", "2001:db8::1"), *DROP], SIX], 3),
        ("drop", [SIX, LPD], 3),
        ("accept", [FOUR, LPD], None),
        ("accept", [FOUR], 1),
        ("drop", [[{"reject": {"type": "unheard-of"}}]], 2),
        ("accept", [[match("ip saddr", "192.0.2.1"), to("public")]], None),
        ("accept", [[to("ssh", "goto")]], None),
        ("accept", [[to("udp")]], None),
        ("accept", [[to("leaves")]], None),
        ("accept", [RETURN, DROP], None),
        ("accept", [[{"limit": "lim1"}, *DROP]], None),
        ("accept", [by_device(("lo", {"accept": None}), ("eth0", to("public", "goto")))], None),
    ],
)
def test_what_is_an_end_by_the_policy_or_none(policy: str, rules: list[Expr], tail: int | None) -> None:
    assert [one.tail for one in base(policy, BODY, *rules)] == ([] if tail is None else [tail])


@pytest.mark.parametrize("family", ["ip", "ip6"])
def test_a_reset_is_for_tcp_alone(family: str) -> None:
    assert [one.tail for one in base("drop", SSH, RESET, LPD, [match("udp dport", 123), *ACCEPT], family=family)] == [4]
    assert [one.tail for one in base("drop", SSH, RESET, family=family)] == [1]
    assert [one.tail for one in base("accept", SSH, RESET, REJECT, family=family)] == [1]


@pytest.mark.parametrize(
    ("rules", "families"), [([FOUR], "4"), ([SIX, LOG], "6"), ([REJECT], "46"), ([RESET], "46"), ([[to("bans")]], "46")]
)
def test_which_families_an_end_is_for(rules: list[Expr], families: str) -> None:
    (one,) = base("accept", BODY, *rules)
    assert one.families == families
    assert [place.lets_all_in(one.table, family) for family in "46"] == [family not in families for family in "46"]


@pytest.mark.parametrize(
    ("family", "rules", "tail"),
    [
        ("ip", [[*BAN, *DROP]], 1),
        ("ip", [[*BAN, *RESET], [*BAN, *DROP]], 1),
        ("ip", [[*MARK, *DROP]], 1),
        ("ip", [[*into_set("ip saddr", op="update", stmt=[{"counter": None}]), *DROP]], 1),
        ("ip", [[match("meta l4proto", "udp"), *into_set("ip saddr", "udp dport"), *DROP], DROP], 1),
        ("inet", [[*BAN, *DROP], [*into_set("ip6 saddr"), *DROP]], 1),
        ("ip", [[*BAN, *DROP], LPD, SSH], 1),
        ("ip", [[*MARK, *REJECT], LPD, SSH], 1),
        # As nft lists them, they are for IPv4, and for TCP.
        ("inet", [[*BAN, *DROP], [match("ip6 saddr", "2001:db8::1"), *DROP], DROP], 3),
        ("ip", [[*into_set("ip saddr", "tcp dport"), *DROP], LPD, DROP], 3),
        # More than a drop, or not of all.
        ("ip", [[*BAN, *ACCEPT], SSH], 3),
        ("ip", [[{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"map": {}}}}, *DROP], LPD], 3),
        ("ip", [BAN], 2),
        ("ip", [MARK], 2),
        ("ip", [[*into_set("ip saddr", stmt=[{"limit": {"rate": 10, "per": "minute", "inv": True}}]), *DROP]], 2),
        ("ip", [[*into_set("ip saddr", stmt=[{"ct count": {"val": 20, "inv": True}}]), *DROP]], 2),
        ("ip", [[*into_set("ip saddr", op="delete"), *DROP]], 2),
        ("ip", [[*into_set("ether saddr"), *DROP]], 2),
        ("ip", [[{"mangle": {"key": {"meta": {"key": "mark"}}, "value": {"map": {}}}}, *DROP]], 2),
        ("ip", [[{"mangle": {"key": {"payload": {"protocol": "ip", "field": "dscp"}}, "value": 1}}, *DROP]], 2),
        ("ip", [[{"quota": {"val": 10, "inv": True}}, *DROP]], 2),
        ("ip", [[match("ip saddr", "192.0.2.1"), *BAN, *DROP]], 2),
    ],
)
def test_an_end_that_does_something_else_too(family: str, rules: list[Expr], tail: int) -> None:
    assert [one.tail for one in base("drop", BODY, *rules, family=family)] == [tail]


def test_what_an_older_nft_does_not_print_of_a_set() -> None:
    """Before, the limit that an element is put into a set with is missing in what it prints."""
    nft = Nft()
    nft.table("ip", "filter")
    nft.chain("ip", "filter", "base", "input", "drop")
    nft.rule("ip", "filter", "base", *BAN, *DROP)
    for version, tail in (("1.0.6", 0), ("1.1.3", 0), ("1.0.2", 1), ("0.9.8", 1), ("", 1)):
        (table,) = place.parse(nft.listing().replace("1.0.6", version))
        assert [one.tail for one in place.bases(table)] == [tail], version


def test_what_is_filled_later_comes_before_ours() -> None:
    """What an older version has put before it moves once, and stays."""
    nft = Nft()
    nft.table("inet", "filter")
    for name in ("bans", "pnports1-dis"):
        nft.chain("inet", "filter", name)
    nft.rule("inet", "filter", "pnports1-dis", match("udp dport", 161), *ACCEPT)
    nft.chain("inet", "filter", "base", "input", "drop")
    nft.rule("inet", "filter", "base", *SSH)
    nft.rule("inet", "filter", "base", to("pnports1-dis"), comment="printnet.ports/dis")
    nft.rule("inet", "filter", "base", to("bans"))
    dis = {"printnet.ports/dis": "dis"}
    rule = {"direction": "in", "transport": "udp", "ports": ["161"], "source_ports": [], "peers": ["any"]}
    odd = _nft_rules.live(place.parse(nft.listing()), dis)["printnet.ports/dis"].odd
    assert odd == ("table inet filter, chain base has no jump to pnports1-dis right before its end",)
    nft.run("\n".join(place.transaction(place.parse(nft.listing()), {"printnet.ports/dis": ("dis", [rule])})))
    for fill in (None, [match("ip saddr", "192.0.2.1"), *DROP]):
        if fill:
            nft.rule("inet", "filter", "bans", *fill)
        (table,) = place.parse(nft.listing())
        (one,) = place.bases(table)
        assert [place.target(each) for each in one.chain.rules] == ["", "bans", "pnports1-dis"]
        assert place.stands_right(one, "printnet.ports/dis", "pnports1-dis")
        assert _nft_rules.live([table], dis)["printnet.ports/dis"].odd == ()


def test_the_way_out() -> None:
    assert [one.direction for one in base("accept", [to("public")], hook="output")] == ["out"]
    assert [one.tail for one in base("accept", [OUT_AWAY, *DROP], hook="output")] == [0]
    assert base("accept", [AWAY, *DROP], hook="output") == []


ODD: list[Any] = [
    {"limit": "lim1"},
    {"limit": None},
    {"match": "lim1"},
    {"match": {"op": "!=", "left": "x", "right": []}},
    {"match": {"op": "==", "left": {"meta": "key"}, "right": [[]]}},
    {"match": {"op": "==", "left": {"payload": 7}, "right": {"set": 7}}},
    {"jump": None},
    {"goto": "ssh"},
    {"jump": {"target": "gone"}},
    {"vmap": "doors"},
    {"vmap": {"key": {"meta": {"key": "iifname"}}, "data": "@doors"}},
    {"vmap": {"key": {"meta": {"key": "iifname"}}, "data": {"set": [["*"], 7]}}},
    {"quota": None},
    "unheard-of",
    7,
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("policy", ["accept", "drop"])
def test_an_odd_rule_is_not_understood_and_no_more(monkeypatch: pytest.MonkeyPatch, policy: str, odd: Any) -> None:
    monkeypatch.setitem(CHAINS, "odd", [[odd, *DROP], SSH])
    for rule in ([odd], [odd, *LOG], [to("odd")], [to("odd", "goto")], [match("ip saddr", "192.0.2.1"), to("odd")]):
        assert [one.tail for one in base(policy, BODY, rule)] == ([2] if policy == "drop" else [])
        (one,) = base(policy, BODY, rule, DROP)
        assert one.tail == 2
        assert isinstance(_nft_foreign.foreign([one.table], lambda _table, name: name), list)
        assert not place.lets_all_in(one.table)
