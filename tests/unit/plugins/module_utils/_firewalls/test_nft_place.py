# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where our chains stand in nftables, whatever others have, and what is in them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_place as place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_rules
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule
from ansible_collections.printnet.ports.plugins.module_utils._state import half
from hypothesis import given, settings
from hypothesis import strategies as st

from .nft_model import BODY, Nft, match

VPSX, DIS = "printnet.ports/vpsx", "printnet.ports/dis"
SHORTS = {VPSX: "vpsx", DIS: "dis"}
DROP: dict[str, Any] = {"drop": None}
ACCEPT: dict[str, Any] = {"accept": None}
REJECT: dict[str, Any] = {"reject": {"type": "icmpx", "expr": "admin-prohibited"}}
COUNTER = {"counter": {"packets": 3, "bytes": 180}}
LOG = {"log": {"prefix": 'x "{{ y }}"'}}
LIMIT = {"limit": {"rate": 5, "per": "minute"}}
OVER = {"limit": {"rate": 5, "per": "minute", "inv": True}}
SSH = [match("tcp dport", 22), ACCEPT]
TCP, UDP = match("meta l4proto", "tcp"), match("meta l4proto", {"set": ["udp", "icmp"]})


def host(policy: str, *rules: list[dict[str, Any]], family: str = "inet", hook: str = "input") -> Nft:
    nft = Nft()
    nft.table(family, "filter")
    nft.chain(family, "filter", "input", hook, policy)
    nft.chain(family, "filter", "end")
    nft.rule(family, "filter", "end", LOG)
    nft.rule(family, "filter", "end", REJECT)
    nft.chain(family, "filter", "some")
    nft.rule(family, "filter", "some", match("tcp dport", 25), ACCEPT)
    for rule in rules:
        nft.rule(family, "filter", "input", *rule)
    return nft


def plain(*rules: Rule) -> list[dict[str, Any]]:
    return [rule.as_dict() for rule in rules]


def change(nft: Nft, **wanted: list[Rule]) -> None:
    given = {f"printnet.ports/{short}": (short, plain(*rules)) for short, rules in wanted.items()}
    nft.run("\n".join(place.transaction(place.parse(nft.listing()), given)))


def order(nft: Nft) -> list[str]:
    """The input chain: where others' rules were, and ours."""
    return [
        "ours" if "pnports1" in str(expr) else str(handle)
        for chain, handle, expr, _comment in nft.tables[next(iter(nft.tables))]["rules"]
        if chain == "input"
    ]


LPR = Rule("in", "tcp", ((515, 515),), ("192.0.2.0/24", "2001:db8::/32"))


@pytest.mark.parametrize(
    ("policy", "rules", "tail"),
    [
        ("drop", [BODY, SSH], 2),
        ("drop", [], 0),
        ("drop", [BODY, [LOG]], 1),
        ("drop", [BODY, [LIMIT, LOG], [COUNTER]], 1),
        ("drop", [BODY, [COUNTER, LOG, DROP]], 1),
        ("accept", [BODY, SSH], None),
        ("accept", [BODY, [LOG]], None),
        ("accept", [BODY, [REJECT]], 1),
        ("accept", [BODY, [TCP, {"reject": {"type": "tcp reset"}}], [REJECT]], 1),
        ("accept", [BODY, [TCP, {"reject": None}], [UDP, {"reject": None}]], 1),
        ("accept", [BODY, [TCP, DROP]], 1),
        ("accept", [BODY, [match("ip protocol", 6), DROP], [match("ip6 nexthdr", "udp"), DROP], [LOG]], 1),
        ("drop", [BODY, [match("meta l4proto", "icmp"), DROP]], 1),
        ("drop", [BODY, [match("meta nfproto", "ipv6"), DROP], [DROP]], 1),
        ("drop", [BODY, [match("meta pkttype", "host"), LIMIT, COUNTER, REJECT], [COUNTER]], 1),
        ("accept", [BODY, [LIMIT, REJECT], [DROP]], 1),
        ("accept", [BODY, [LIMIT, REJECT]], None),
        ("drop", [BODY, [OVER, DROP]], 2),
        ("drop", [BODY, [match("ip saddr", "192.0.2.1"), DROP]], 2),
        ("drop", [BODY, [match("meta iifname", "eth0"), DROP]], 2),
        ("drop", [BODY, [match("tcp dport", 25), DROP], [LOG]], 2),
        ("drop", [BODY, [match("ip saddr", "@bad"), LOG], [DROP]], 2),
        ("drop", [BODY, [match("meta l4proto", "@some"), DROP]], 2),
        ("drop", [BODY, [match("ct state", ["new"], "in"), LOG], [DROP]], 1),
        ("accept", [BODY, [match("ct state", "new", "in"), DROP]], 1),
        ("drop", [BODY, [match("ct state", "invalid", "in"), DROP]], 2),
        ("accept", [BODY, [{"jump": {"target": "end"}}]], 1),
        ("accept", [BODY, [{"goto": {"target": "end"}}]], 1),
        ("drop", [BODY, [{"jump": {"target": "some"}}]], 2),
        ("drop", [BODY, [{"goto": {"target": "gone"}}]], 2),
        ("drop", [BODY, [match("meta l4proto", "tcp", "!="), {"jump": {"target": "end"}}]], 1),
        ("accept", [BODY, [REJECT], SSH, [LOG]], 1),
        ("drop", [[ACCEPT], SSH], None),
        ("drop", [BODY, [{"vmap": {}}]], 2),
        ("drop", [BODY, [{"log": None}, "unheard-of"]], 2),  # type: ignore[list-item]
    ],
)
def test_the_end_of_a_chain(policy: str, rules: list[list[dict[str, Any]]], tail: int | None) -> None:
    nft = host(policy, *rules)
    (table,) = place.parse(nft.listing())
    assert [base.tail for base in place.bases(table)] == ([] if tail is None else [tail])
    before, others = order(nft), nft.others()
    change(nft, vpsx=[LPR])
    assert order(nft) == (before if tail is None else [*before[:tail], "ours", *before[tail:]])
    assert nft.others() == others
    change(nft, vpsx=[])
    assert order(nft) == before


def test_a_rule_that_comes_behind_ours_moves_it() -> None:
    nft = host("drop", BODY, [LOG, DROP])
    change(nft, vpsx=[LPR], dis=[LPR])
    assert order(nft) == ["4", "ours", "ours", "5"]
    handle = nft.rule("inet", "filter", "input", *SSH)
    rules = nft.tables["inet", "filter"]["rules"]
    rules.insert([rule[1] for rule in rules].index(5), rules.pop())
    assert order(nft) == ["4", "ours", "ours", str(handle), "5"]
    assert all(one.odd for one in _nft_rules.live(place.parse(nft.listing()), SHORTS).values())
    change(nft, vpsx=[LPR])
    assert order(nft) == ["4", "ours", str(handle), "ours", "5"]
    change(nft, dis=[LPR])
    assert order(nft) == ["4", str(handle), "ours", "ours", "5"]
    assert not any(one.odd for one in _nft_rules.live(place.parse(nft.listing()), SHORTS).values())


@pytest.mark.parametrize(
    ("family", "rule", "texts"),
    [
        ("inet", LPR, ["ip saddr 192.0.2.0/24 tcp dport 515 accept", "ip6 saddr 2001:db8::/32 tcp dport 515 accept"]),
        ("ip", LPR, ["ip saddr 192.0.2.0/24 tcp dport 515 accept"]),
        ("ip6", LPR, ["ip6 saddr 2001:db8::/32 tcp dport 515 accept"]),
        ("inet", Rule("in", "udp", ((1, 2), (9, 9)), EVERYBODY), ["udp dport { 1-2, 9 } accept"]),
        ("ip", Rule("in", "udp", ((9, 9),), EVERYBODY), ["udp dport 9 accept"]),
        ("inet", Rule("in", "udp", ((9, 9),), ("0.0.0.0/0",)), ["meta nfproto ipv4 udp dport 9 accept"]),
        ("ip6", Rule("in", "udp", ((9, 9),), ("0.0.0.0/0",)), []),
        (
            "inet",
            Rule("out", "tcp", ((9, 9),), ("192.0.2.1/32", "192.0.2.9/32"), ((20, 20),)),
            ["ip daddr { 192.0.2.1/32, 192.0.2.9/32 } tcp sport 20 tcp dport 9 accept"],
        ),
    ],
)
def test_words_of_a_rule(family: str, rule: Rule, texts: list[str]) -> None:
    assert place.texts_of(rule.as_dict(), family) == texts


@pytest.mark.parametrize(
    "wrong",
    [
        {"peers": ["192.0.2.0/24 } accept; flush ruleset"]},
        {"ports": ["1; flush ruleset"]},
        {"ports": []},
        {"transport": "tcp dport 1 accept; add"},
    ],
)
def test_hostile_words_reach_nobody(wrong: dict[str, Any]) -> None:
    tables = place.parse(host("drop").listing())
    with pytest.raises(place.PlaceError):
        place.transaction(tables, {VPSX: ("vpsx", [{**LPR.as_dict(), **wrong}])})
    with pytest.raises(place.PlaceError):
        place.transaction(tables, {'printnet.ports/" x': ("vpsx", plain(LPR))})
    with pytest.raises(place.PlaceError):
        place.transaction(tables, {VPSX: ("x y", plain(LPR))})


@pytest.mark.parametrize(
    ("name", "flags", "expr", "said"),
    [
        ("some words; flush ruleset", "", SSH, "can't write such a name"),
        ("filter", "owner", SSH, "only the program that made this table"),
        ("filter", "", [{"xt": {"type": "match", "name": "conntrack"}}, ACCEPT], "belongs to iptables"),
    ],
)
def test_what_nothing_can_be_put_into(name: str, flags: str, expr: list[dict[str, Any]], said: str) -> None:
    nft = Nft()
    nft.table("ip", name, flags)
    nft.chain("ip", name, "INPUT", "input", "drop")
    nft.rule("ip", name, "INPUT", *expr)
    (table,) = place.parse(nft.listing())
    (base,) = place.bases(table)
    assert said in place.obstacle(base)
    assert place.transaction([table], {VPSX: ("vpsx", plain(LPR))}) == []


def test_tables_that_sleep_and_what_old_editions_print_of_them() -> None:
    nft = host("drop")
    nft.tables["inet", "filter"]["flags"] = "Lester Gooch"
    asked = []

    def ask(words: list[str]) -> str:
        asked.append(words)
        return nft.listing() if "ruleset" in words else "table inet filter {\n\tflags dormant\n\n\tchain input {\n"

    (table,) = place.look(ask)
    assert asked[1:] == [["--terse", "list", "table", "inet", "filter"]]
    assert place.bases(table) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"nftables": [{"chain": {}}]}', '{"nftables": 7}', '{"nftables": [7]}']
)
def test_what_is_no_list_of_rules(text: str) -> None:
    with pytest.raises(place.PlaceError, match="form that is not known"):
        place.parse(text)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "owners": {}}', '{"format": 1, "owners": {"a": 1}}'])
def test_what_is_not_as_it_was_saved(text: str) -> None:
    with pytest.raises(place.PlaceError):
        place.load(text)


SPANS = st.sampled_from([((515, 515),), ((5500, 5501), (9443, 9443)), ((1, 65535),), ((7, 7), (9, 9))])
PEERS = st.lists(
    st.sampled_from(
        ["192.0.2.0/24", "198.51.100.7/32", "198.51.100.8/31", "2001:db8::/32", "2001:db9::1/128", "0.0.0.0/0", "::/0"]
    ),
    min_size=1,
    max_size=4,
    unique=True,
).map(tuple)
RULE = st.builds(
    Rule, st.sampled_from(["in", "out"]), st.sampled_from(["tcp", "udp"]), SPANS, PEERS,
    st.sampled_from([(), ((20, 20),), ((1024, 65535),)]), st.just(()),
)  # fmt: skip
OTHERS = st.lists(
    st.sampled_from(
        [
            *(BODY, SSH, [LOG], [DROP], [REJECT], [TCP, REJECT], [COUNTER], [OVER, DROP], [{"return": None}]),
            *([{key: {"target": name}}] for key in ("jump", "goto") for name in ("end", "some")),
            [match("meta iifname", "lo", "!="), DROP],
            *([{"reject": {"type": kind}}] for kind in ("tcp reset", "icmp", "icmpv6")),
            *([{"jump": {"target": name}}] for name in ("empty", "some, then empty")),
            [{"mangle": {"key": {"meta": {"key": "mark"}}, "value": 5}}, DROP],
        ]
    ),
    max_size=5,
)
CHAINS = st.lists(
    st.tuples(
        st.sampled_from(["inet", "ip", "ip6"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["input", "output"]),
        st.sampled_from(["accept", "drop"]),
        OTHERS,
    ),
    max_size=5,
)


@settings(max_examples=300)
@given(CHAINS, st.lists(st.tuples(st.lists(RULE, max_size=4), st.lists(RULE, max_size=4)), min_size=1, max_size=3))
def test_whatever_is_there_it_reads_back_and_goes_without_a_trace(
    chains: list[tuple[str, str, str, str, list[list[dict[str, Any]]]]], steps: list[tuple[list[Rule], list[Rule]]]
) -> None:
    nft = Nft()
    for number, (family, table, hook, policy, rules) in enumerate(chains):
        if (family, table) not in nft.tables:
            nft.table(family, table)
            nft.chain(family, table, "end")
            nft.rule(family, table, "end", REJECT)
            nft.chain(family, table, "some")
            nft.rule(family, table, "some", *SSH)
            nft.rule(family, table, "some", COUNTER, DROP)
            nft.chain(family, table, "empty")
            nft.chain(family, table, "some, then empty")
            for rule in (SSH, [{"jump": {"target": "empty"}}], [DROP]):
                nft.rule(family, table, "some, then empty", *rule)
        nft.chain(family, table, f"c{number}", hook, policy)
        for rule in rules:
            nft.rule(family, table, f"c{number}", *rule)
    others, listing = nft.others(), nft.listing()
    tables = place.parse(listing)
    covered = {
        (base.direction, family)
        for table in tables
        for base in place.bases(table)
        for family in place.FAMILIES[table.family]
    }
    for vpsx, dis in steps:
        wanted = {VPSX: half(vpsx), DIS: half(dis)}
        change(nft, vpsx=list(wanted[VPSX].rules), dis=list(wanted[DIS].rules))
        live = _nft_rules.live(place.parse(nft.listing()), SHORTS)
        for owner, one in wanted.items():
            reached = [
                Rule(rule.direction, rule.transport, rule.ports, peers, rule.source_ports)
                for rule in one.rules
                for peers in [tuple(p for p in rule.peers if (rule.direction, "6" if ":" in p else "4") in covered)]
                if peers
            ]
            assert live[owner].odd == ()
            assert half(live[owner].rules) == half(reached)
        assert nft.others() == others
    change(nft, vpsx=[], dis=[])
    assert nft.listing() == listing
