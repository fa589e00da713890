# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules to firewalld's rich rules and sets and back, in firewalld's own spelling."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterable

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _rich
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._rich import (
    MANY,
    NotExpressibleError,
    Raw,
    set_pattern,
)
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule, canonical, overlap
from hypothesis import given, settings
from hypothesis import strategies as st

POLICY = "pnp1-vpsx"


def encode(policy: str, rules: Iterable[Rule], variant: int = 0) -> Raw:
    return _rich.encode(policy, tuple(rules), variant)


def decode(raw: Raw, direction: str = "in") -> tuple[tuple[Rule, ...], list[str]]:
    """What is decoded, in its one form."""
    rules, foreign = _rich.decode(raw, direction)
    return canonical(rules), foreign


LPR, RANGE = (515, 515), (5500, 5501)
FEW4 = tuple(f"192.0.2.{number}/32" for number in range(0, 2 * MANY, 2))
MANY4 = tuple(f"192.0.2.{number}/32" for number in range(0, 2 * MANY + 2, 2))
MANY6 = tuple(f"2001:db8:{number:x}::/64" for number in range(2, 2 * MANY + 4, 2))


@pytest.mark.parametrize(
    ("rule", "texts"),
    [
        (
            Rule("in", "tcp", (LPR,), ("192.0.2.0/24",)),
            {'rule family="ipv4" source address="192.0.2.0/24" port port="515" protocol="tcp" accept'},
        ),
        (
            Rule("in", "udp", (RANGE,), ("2001:db8::/64",)),
            {'rule family="ipv6" source address="2001:db8::/64" port port="5500-5501" protocol="udp" accept'},
        ),
        (Rule("in", "tcp", (LPR,), EVERYBODY), {'rule port port="515" protocol="tcp" accept'}),
        (
            Rule("in", "tcp", (LPR,), ("0.0.0.0/0",)),
            {'rule family="ipv4" source address="0.0.0.0/0" port port="515" protocol="tcp" accept'},
        ),
        (
            Rule("in", "tcp", (LPR, RANGE), ("192.0.2.1/32", "2001:db8::1/128")),
            {
                f'rule family="{family}" source address="{peer}" port port="{port}" protocol="tcp" accept'
                for family, peer in (("ipv4", "192.0.2.1/32"), ("ipv6", "2001:db8::1/128"))
                for port in ("515", "5500-5501")
            },
        ),
        (
            Rule("in", "tcp", (LPR,), FEW4),
            {f'rule family="ipv4" source address="{peer}" port port="515" protocol="tcp" accept' for peer in FEW4},
        ),
    ],
)
def test_a_few_networks_are_a_rich_rule_each(rule: Rule, texts: set[str]) -> None:
    half = encode(POLICY, [rule])
    assert half == Raw(frozenset(texts))
    assert decode(half) == ((rule,), [])


def test_many_networks_are_a_set_of_each_family() -> None:
    rules = canonical([Rule("in", "tcp", (LPR, RANGE), MANY4 + MANY6)])
    half = encode(POLICY, rules)
    sets = half.entries()
    assert sorted(name[-1] for name in sets) == ["4", "6"]
    assert {frozenset(MANY4), frozenset(MANY6)} == set(sets.values())
    assert set(half.rich or ()) == {
        f'rule family="ipv{name[-1]}" source ipset="{name}" port port="{port}" protocol="tcp" accept'
        for name in sets
        for port in ("515", "5500-5501")
    }
    assert decode(half) == (rules, [])


def test_a_sets_name_is_the_policys_and_short_enough_for_the_kernel() -> None:
    for policy in (POLICY, "x" * 18):
        for name in encode(policy, [Rule("in", "tcp", (LPR,), MANY4 + MANY6)]).entries():
            assert set_pattern(policy).match(name)
            assert not set_pattern("other").match(name)
            assert len(name) <= 31
    assert not set_pattern("a.c").match("abc-0123456")


def test_other_networks_for_the_same_ports_are_other_entries_of_the_same_set() -> None:
    one, other = (encode(POLICY, [Rule("in", "tcp", (LPR,), peers)]) for peers in (MANY4, (*MANY4[:-1], "10.0.0.0/8")))
    assert one.rich == other.rich
    assert one.entries().keys() == other.entries().keys()
    assert one.entries() != other.entries()
    elsewhere = encode(POLICY, [Rule("in", "udp", (LPR,), MANY4)])
    assert not one.entries().keys() & elsewhere.entries().keys()


def test_nothing_is_no_policy() -> None:
    assert encode(POLICY, []) == Raw()
    assert Raw().rich is None
    assert decode(Raw()) == ((), [])
    assert decode(Raw(frozenset())) == ((), [])


def _peers() -> st.SearchStrategy[tuple[str, ...]]:
    counts = st.tuples(st.integers(0, MANY + 2), st.integers(0, MANY + 2)).filter(any)
    some = counts.map(lambda two: (*(MANY4 * 2)[: two[0]], *(MANY6 * 2)[: two[1]]))
    return some | st.sampled_from([EVERYBODY, ("0.0.0.0/0",), ("::/0", *MANY4)])


@settings(max_examples=150)
@given(
    st.lists(
        st.builds(
            Rule,
            direction=st.just("in"),
            transport=st.sampled_from(["tcp", "udp"]),
            ports=st.lists(st.sampled_from([LPR, RANGE, (600, 700), (650, 800)]), min_size=1, max_size=2).map(tuple),
            peers=_peers(),
            source_ports=st.just(()),
            flows=st.just(()),
        ),
        max_size=4,
    )
)
def test_rules_in_their_one_form_come_back(rules: list[Rule]) -> None:
    one_form = canonical(rules)
    half = encode(POLICY, one_form)
    assert decode(half) == (one_form, [])
    assert len(half.sets) == len(half.entries())


def test_a_source_port_and_a_port_in_one_rule_is_refused_with_the_flow() -> None:
    rule = Rule("in", "udp", ((1024, 65535),), ("192.0.2.0/24",), ((5353, 5353),), ("mdns-replies",))
    with pytest.raises(NotExpressibleError) as wrong:
        encode(POLICY, [rule])
    assert "mdns-replies" in str(wrong.value)
    assert "another firewall" in str(wrong.value)


def test_what_is_sent_is_about_destinations() -> None:
    few = Rule("out", "tcp", (LPR,), ("192.0.2.1/32",))
    raw = encode(POLICY, [few])
    text = 'rule family="ipv4" destination address="192.0.2.1/32" port port="515" protocol="tcp" accept'
    assert raw == Raw(frozenset([text]))
    assert decode(raw, "out") == ((few,), [])
    assert decode(raw, "in") == ((), [text])
    many = Rule("out", "tcp", (LPR,), MANY4)
    assert 'destination ipset="' in "".join(encode(POLICY, [many]).rich or ())
    assert decode(encode(POLICY, [many]), "out") == (canonical([many]), [])
    old = _rich.encode(POLICY, canonical([many]), sets_of_destinations=False)
    assert not old.sets
    assert decode(old, "out") == (canonical([many]), [])


def test_the_variants_of_a_set_have_different_names() -> None:
    rule = Rule("in", "tcp", (LPR,), MANY4)
    one, other = (encode(POLICY, [rule], variant) for variant in (0, 1))
    assert not one.entries().keys() & other.entries().keys()
    assert decode(one) == decode(other)


@pytest.mark.parametrize(
    "text",
    [
        'rule service name="ssh" accept',
        'rule port port="515" protocol="tcp" drop',
        'rule port port="515" protocol="sctp" accept',
        'rule priority="-5" port port="515" protocol="tcp" accept',
        'rule family="ipv4" source address="192.0.2.0/24" invert="True" port port="515" protocol="tcp" accept',
        'rule family="ipv4" source ipset="printers" port port="515" protocol="tcp" accept',
        'rule family="ipv4" source address="192.0.2" port port="515" protocol="tcp" accept',
        'rule family="ipv4" source address="192.0.2.5/24" port port="515" protocol="tcp" accept',
        'rule family="ipv4" source address="198.51.100.0/255.255.255.0" port port="515" protocol="tcp" accept',
        'rule port port="0" protocol="tcp" accept',
        'rule port port="516-515" protocol="tcp" accept',
        'rule family="ipv4" port port="515" protocol="tcp" accept',
        'rule port port="515" protocol="tcp" log accept',
        'rule port port="515" protocol="tcp" accept limit value="1/m"',
        'rule port port="515" protocol="tcp" accept\nrule port port="1" protocol="tcp" accept',
        "",
    ],
)
def test_what_is_none_of_ours_is_told_apart(text: str) -> None:
    mine = 'rule port port="631" protocol="tcp" accept'
    rules, foreign = decode(Raw(frozenset([text, mine])))
    assert foreign == [text]
    assert rules == (Rule("in", "tcp", ((631, 631),), EVERYBODY),)


def test_an_entry_of_a_set_that_is_no_network_is_told_apart() -> None:
    rule = Rule("in", "tcp", (LPR, (631, 631)), MANY4)
    raw = encode(POLICY, [rule])
    ((name, entries),) = raw.sets
    odd = {"10.9.0.0-10.9.0.7", "10.0.0.1,tcp:80", "10.9.0.0/255.255.0.0"}
    found = Raw(raw.rich, frozenset([(name, entries | odd), (f"{POLICY}-unused4", frozenset(odd))]))
    assert decode(found) == (canonical([rule]), sorted(f"set {name} has the entry {one}" for one in odd))


def test_what_is_no_network_may_be_in_the_way() -> None:
    assert _rich.clash({"192.0.2.0/24"}, {"192.0.2.1/32"})
    assert not _rich.clash({"192.0.2.0/24"}, {"192.0.3.0/24"})
    assert _rich.clash({"192.0.2.0/24"}, {"10.9.0.0-10.9.0.7"})


@pytest.mark.parametrize(
    ("added", "removed", "touch"),
    [
        ([], [], False),
        (["192.0.2.0/24"], [], False),
        (["192.0.2.0/24"], ["192.0.3.0/24"], False),
        (["192.0.2.0/24"], ["192.0.2.7/32"], True),
        (["192.0.2.7/32"], ["192.0.2.0/24"], True),
        (["192.0.2.7/32"], ["192.0.2.7/32"], True),
        (["10.0.0.0/8"], ["9.0.0.0/8", "10.255.255.255/32"], True),
        (["::/0"], ["0.0.0.0/0"], False),
        (["2001:db8::/32"], ["2001:db8:ffff::/48"], True),
    ],
)
def test_whether_a_set_can_hold_both(added: list[str], removed: list[str], touch: bool) -> None:
    for some, others in itertools.permutations((added, removed)):
        assert overlap(some, others) is touch


NETWORKS = st.lists(st.tuples(st.integers(0, 31), st.integers(0, 3)), max_size=5).map(
    lambda parts: [
        *map(
            str,
            ipaddress.collapse_addresses(ipaddress.IPv4Network((n >> bits << bits, 32 - bits)) for n, bits in parts),
        )
    ]
)


@settings(max_examples=150)
@given(NETWORKS, NETWORKS)
def test_overlap_is_that_of_the_addresses(added: list[str], removed: list[str]) -> None:
    held = [{address for text in side for address in ipaddress.ip_network(text)} for side in (added, removed)]
    assert overlap(added, removed) == bool(held[0] & held[1])
