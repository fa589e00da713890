# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What chains of others open and block that are led to, or come before; and what was let in before a drop."""

from __future__ import annotations

from time import monotonic
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_foreign, _nft_rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_place as place

from .nft_model import BODY, Nft, match
from .test_nft_ends import ACCEPT, AWAY, DROP, INVALID, LPD, RETURN, SSH, by_device, to

Expr = list[dict[str, Any]]
HERE = match("ip saddr", {"prefix": {"addr": "192.0.2.0", "len": 24}})
ELSEWHERE = match("ip saddr", {"prefix": {"addr": "192.0.2.0", "len": 24}}, "!=")
OUTSIDE = " ".join(_rules.fewest(_rules.without(_rules.EVERYBODY, ["192.0.2.0/24"])))
LPR = [match("tcp dport", 515), *ACCEPT]
BOTH = match("tcp dport", {"set": [515, 631]})
WG = match("meta iifname", "wg0")
ALL = ["tcp 1-65535 from any", "udp 1-65535 from any"]
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


def found(tables: list[place.Table], opens: bool) -> list[str]:
    def elements(_table: place.Table, name: str) -> Any:
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
        ([[ELSEWHERE, to("lpd")]], []),
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
def test_thousands_of_rules_are_read_quickly(monkeypatch: pytest.MonkeyPatch, shape: str) -> None:
    many: list[Expr] = []
    for number in range(3000):
        peer = match("ip saddr", f"10.0.{number // 250}.{number % 250}")
        many.append([peer, match("tcp dport", 1000 + number), *ACCEPT] if shape != "jumps" else [peer, to("long")])
        many.append([peer, match("tcp dport", 515), *(DROP if number % 2 else ACCEPT)])
    monkeypatch.setitem(CHAINS, "long", [[match("ip saddr", "192.0.2.1"), *DROP]] * 500)
    tables = host(*many)
    begin = monotonic()
    assert len(found(tables, opens=False)) >= 1500
    assert monotonic() - begin < 5


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
