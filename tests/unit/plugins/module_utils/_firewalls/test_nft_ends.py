# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the final rules of a base chain begin when they stand in chains of their own, or are written in other ways."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_foreign
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_place as place

from .nft_model import BODY, Nft, match

Expr = list[dict[str, Any]]
DROP: Expr = [{"counter": {"packets": 3, "bytes": 180}}, {"drop": None}]
REJECT: Expr = [{"reject": {"type": "icmpx", "expr": "admin-prohibited"}}]
ACCEPT: Expr = [{"accept": None}]
RETURN: Expr = [{"counter": {"packets": 3, "bytes": 180}}, {"return": None}]
LOG: Expr = [{"log": {"prefix": "dropped: "}}]
SSH = [match("tcp dport", 22), *ACCEPT]
LPD = [match("tcp dport", 515), *DROP]
INVALID = {"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [["invalid", {"drop": None}]]}}}
AWAY, OUT_AWAY = match("meta iifname", "lo", "!="), match("meta oifname", "lo", "!=")


def to(name: str, how: str = "jump") -> dict[str, Any]:
    return {how: {"target": name}}


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
}


def base(policy: str, *rules: Expr, hook: str = "input") -> list[place.Base]:
    nft = Nft()
    nft.table("inet", "filter")
    for name, some in CHAINS.items():
        nft.chain("inet", "filter", name)
        for rule in some:
            nft.rule("inet", "filter", name, *rule)
    nft.chain("inet", "filter", "base", hook, policy)
    for rule in rules:
        nft.rule("inet", "filter", "base", *rule)
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
