# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules to firewalld's rich rules and back, in firewalld's own spelling."""

from __future__ import annotations

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._rich import (
    NotExpressibleError,
    from_rich,
    to_rich,
)
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule, canonical

LPR, RANGE = (515, 515), (5500, 5501)


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
    ],
)
def test_one_rich_rule_a_network_and_range(rule: Rule, texts: set[str]) -> None:
    assert to_rich([rule]) == texts
    assert from_rich(texts) == ((rule,), [])


def test_many_rules_come_back_in_their_one_form() -> None:
    rules = [
        Rule("in", "tcp", ((515, 515), (600, 700)), ("192.0.2.0/25", "192.0.2.128/25")),
        Rule("in", "tcp", ((650, 800),), ("192.0.2.0/24", "2001:db8::/32")),
        Rule("in", "udp", ((161, 161),), EVERYBODY),
    ]
    one_form = canonical(rules)
    assert from_rich(to_rich(one_form)) == (one_form, [])
    assert from_rich(to_rich(rules))[0] == one_form


def test_a_source_port_and_a_port_in_one_rule_is_refused_with_the_flow() -> None:
    rule = Rule("in", "udp", ((1024, 65535),), ("192.0.2.0/24",), ((5353, 5353),), ("mdns-replies",))
    with pytest.raises(NotExpressibleError) as wrong:
        to_rich([rule])
    assert "mdns-replies" in str(wrong.value)
    assert "another firewall" in str(wrong.value)


@pytest.mark.parametrize(
    "text",
    [
        'rule service name="ssh" accept',
        'rule port port="515" protocol="tcp" drop',
        'rule port port="515" protocol="sctp" accept',
        'rule priority="-5" port port="515" protocol="tcp" accept',
        'rule family="ipv4" source address="192.0.2.0/24" invert="True" port port="515" protocol="tcp" accept',
        'rule family="ipv4" source ipset="printers" port port="515" protocol="tcp" accept',
        'rule family="ipv4" port port="515" protocol="tcp" accept',
        'rule port port="515" protocol="tcp" log accept',
        'rule port port="515" protocol="tcp" accept limit value="1/m"',
        'rule port port="515" protocol="tcp" accept\nrule port port="1" protocol="tcp" accept',
        "",
    ],
)
def test_what_is_none_of_ours_is_told_apart(text: str) -> None:
    mine = 'rule port port="631" protocol="tcp" accept'
    rules, foreign = from_rich([text, mine])
    assert foreign == [text]
    assert rules == (Rule("in", "tcp", ((631, 631),), EVERYBODY),)
