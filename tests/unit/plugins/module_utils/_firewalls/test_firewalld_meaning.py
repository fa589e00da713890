# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What zones and policies of firewalld mean: in the order in which a packet meets them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _firewalld_meaning as meaning
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_meaning import Look, Place, Service
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY

SERVICES = {
    "ssh": Service(ports=("22/tcp",)),
    "ipp": Service(ports=("631/tcp", "631/udp")),
    "mdns": Service(ports=("5353/udp",), families=("ipv4",)),
    "odd": Service(ports=("7/sctp", "none/tcp", "0/tcp"), protocols=("igmp",)),
}
SETS = {"some": ("192.0.2.0/24", "2001:db8:1::/64"), "empty": ()}
LOOK = Look(lambda name: SERVICES.get(name, Service()), SETS.get)


def zone(*rules: str, **more: Any) -> Place:
    settings = {"rules": rules, **{name: more.pop(name) for name in ("ports", "services", "target") if name in more}}
    return Place(more.pop("where", "zone"), settings, **more)


def means(*places: Place) -> list[str]:
    """A line for each thing, with the place where it stands if there are several."""
    found = meaning.foreign(places, LOOK)
    where = len({place.where for place in places}) > 1
    return [
        f"{'opens' if one.opens else 'blocks'} {one.rule.as_text()}{' ' + one.where.partition(',')[0] if where else ''}"
        for one in found
    ]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('rule port port="515" protocol="tcp" drop', ["blocks in tcp 515 from any"]),
        ('rule port port="500-515" protocol="udp" accept', ["opens in udp 500-515 from any"]),
        ('rule family="ipv4" port port="515" protocol="tcp" reject', ["blocks in tcp 515 from 0.0.0.0/0"]),
        (
            'rule family="ipv4" source address="192.0.2.7" port port="515" protocol="tcp" reject type="tcp-reset"',
            ["blocks in tcp 515 from 192.0.2.7"],
        ),
        (
            'rule family="ipv6" source address="2001:db8::1/64" service name="ipp" drop',
            ["blocks in tcp 631 from 2001:db8::/64", "blocks in udp 631 from 2001:db8::/64"],
        ),
        (
            'rule family="ipv4" source ipset="some" drop',
            ["blocks in tcp 1-65535 from 192.0.2.0/24", "blocks in udp 1-65535 from 192.0.2.0/24"],
        ),
        ('rule source ipset="empty" drop', []),
        ('rule source ipset="of ports" drop', []),
        ('rule source mac="00:11:22:33:44:55" drop', []),
        ('rule family="ipv4" source address="nonsense" drop', []),
        (
            'rule family="ipv4" source NOT address="0.0.0.0/1" port port="515" protocol="tcp" drop',
            ["blocks in tcp 515 from 128.0.0.0/1"],
        ),
        (
            'rule family="ipv6" source NOT ipset="some" protocol value="udp" accept',
            None,
        ),
        (
            'rule family="ipv4" destination not address="192.0.2.1" port port="515" protocol="tcp" drop',
            ["blocks in tcp 515 from 0.0.0.0/0"],
        ),
        ('rule protocol value="tcp" drop', ["blocks in tcp 1-65535 from any"]),
        ('rule protocol value="igmp" drop', []),
        ('rule source-port port="20" protocol="tcp" accept', ["opens in tcp 1-65535 source port 20 from any"]),
        (
            'rule port port="515" protocol="tcp" log prefix="accept {{ 7*7 }} <b>" level="info" limit value="1/m" drop',
            ["blocks in tcp 515 from any"],
        ),
        ('rule port port="515" protocol="tcp" nflog group="1" queue-size="2" audit limit value="1/m" accept',
         ["opens in tcp 515 from any"]),
        ('rule port port="515" protocol="tcp" accept limit value="5/m"', ["opens in tcp 515 from any"]),
        ('rule service name="mdns" drop', ["blocks in udp 5353 from 0.0.0.0/0"]),
        ('rule service name="odd" drop', []),
        ('rule service name="gone" drop', []),
        ('rule port port="515" protocol="tcp" log', []),
        ('rule port port="515" protocol="tcp" mark set="1"', []),
        ('rule port port="515" protocol="sctp" drop', []),
        ('rule port port="70000" protocol="tcp" drop', []),
        ('rule port port="ipp" protocol="tcp" drop', ["blocks in tcp 631 from any"]),
        ('rule port port="no such name" protocol="tcp" drop', []),
        ('rule forward-port port="80" protocol="tcp" to-port="8080"', []),
        ('rule family="ipv6" icmp-type name="redirect" accept', []),
        ('rule masquerade', []),
        ('rule drop port port="515" protocol="tcp"', []),
        ('rule port port="515" protocol="tcp" port port="516" protocol="tcp" drop', []),
        ('rule priority="many" port port="515" protocol="tcp" drop', []),
        ('rule log prefix="a"b" drop', []),
        ("", []),
        ("drop", ["blocks in tcp 1-65535 from any", "blocks in udp 1-65535 from any"]),
    ],
)  # fmt: skip
def test_a_rich_rule(rule: str, said: list[str] | None) -> None:
    found = means(zone(rule))
    if said is None:
        assert all(line.startswith("opens in udp 1-65535 from ") and "2001:db8:1::/64" not in line for line in found)
        assert found
    else:
        assert found == said


def test_ports_and_services_are_opened() -> None:
    assert means(zone(ports=["515/tcp", "161-162/udp"], services=["ipp", "gone"])) == [
        "opens in tcp 515 from any",
        "opens in udp 161-162 from any",
        "opens in tcp 631 from any",
        "opens in udp 631 from any",
    ]


def test_a_port_that_is_led_elsewhere_is_not_reached() -> None:
    place = zone(ports=["515/tcp"])
    assert not meaning.denies(place)
    place = Place("zone", {**place.settings, "forward_ports": ["515/tcp/5515/", "80/tcp//192.0.2.7"]})
    assert meaning.denies(place)
    found = meaning.foreign([place], LOOK)
    assert [(one.opens, one.rule.ports) for one in found] == [
        (False, ((515, 515),)), (False, ((80, 80),)), (True, ((515, 515),)),
    ]  # fmt: skip
    assert found[0].where == "zone, forward port 515/tcp to 5515"
    assert found[1].where == "zone, forward port 80/tcp to 192.0.2.7"


ACCEPT = 'rule family="ipv4" source address="192.0.2.0/24" port port="515" protocol="tcp" accept'
DROP = 'rule family="ipv4" port port="500-515" protocol="tcp" drop'


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        # At the same priority what drops comes first.
        ([ACCEPT, DROP], ["blocks in tcp 500-515 from 0.0.0.0/0", "opens in tcp 515 from 192.0.2.0/24"]),
        (
            [ACCEPT.replace("rule", 'rule priority="-1"'), DROP.replace("0", "0")],
            ["opens in tcp 515 from 192.0.2.0/24", "blocks in tcp 500-514 from 0.0.0.0/0", "blocks in tcp 515 from …"],
        ),
        (
            [ACCEPT, DROP.replace("rule", 'rule priority="1"')],
            ["opens in tcp 515 from 192.0.2.0/24", "blocks in tcp 500-514 from 0.0.0.0/0", "blocks in tcp 515 from …"],
        ),
        # Who lets only some through leaves the others to the drop.
        (
            [ACCEPT + ' limit value="1/m"', DROP.replace("rule", 'rule priority="1"')],
            ["opens in tcp 515 from 192.0.2.0/24", "blocks in tcp 500-515 from 0.0.0.0/0"],
        ),
        ([DROP.replace("rule", 'rule priority="-1"'), ACCEPT], [
            "blocks in tcp 500-515 from 0.0.0.0/0", "opens in tcp 515 from 192.0.2.0/24",
        ]),
    ],
)  # fmt: skip
def test_what_was_let_in_before_is_not_blocked(rules: Iterable[str], said: list[str]) -> None:
    found = [line if len(line) < 60 else f"{line.partition(' from ')[0]} from …" for line in means(zone(*rules))]
    assert found == said


def test_a_zones_port_comes_before_its_late_rules_and_after_its_drops() -> None:
    late = 'rule priority="10" port port="515" protocol="tcp" drop'
    assert means(zone(late, ports=["515/tcp"])) == ["opens in tcp 515 from any"]
    now = 'rule port port="515" protocol="tcp" drop'
    assert means(zone(now, ports=["515/tcp"])) == ["blocks in tcp 515 from any", "opens in tcp 515 from any"]


def policy(*rules: str, priority: int, **more: Any) -> Place:
    return zone(*rules, priority=priority, where="policy", **more)


def test_policies_come_before_and_after_the_zones() -> None:
    drop = 'rule port port="515" protocol="tcp" drop'
    there = zone(ports=["515/tcp"])
    assert means(there, policy(drop, priority=-5)) == [
        "blocks in tcp 515 from any policy",
        "opens in tcp 515 from any zone",
    ]
    assert means(policy(drop, priority=5), there) == ["opens in tcp 515 from any zone"]
    # Nobody knows through which of two zones a peer comes.
    others = [zone(ports=["515/tcp"], sure=False), zone(sure=False)]
    assert "blocks in tcp 515 from any policy" in means(policy(drop, priority=5), *others)


def test_what_a_target_does() -> None:
    assert means(zone(target="DROP")) == means(zone(target="%%REJECT%%")) == means(zone(target="default")) == []
    assert means(zone(target="ACCEPT", peers=("192.0.2.0/24",))) == [
        "opens in tcp 1-65535 from 192.0.2.0/24",
        "opens in udp 1-65535 from 192.0.2.0/24",
    ]
    assert means(policy(priority=5, target="DROP"), zone(ports=["515/tcp"])) == [
        "opens in tcp 515 from any zone",
        "blocks in tcp 1-514,516-65535 from any policy",
        "blocks in udp 1-65535 from any policy",
    ]
    # What a zone lets in at its end comes after the policies.
    assert "blocks in udp 1-65535 from any policy" in means(policy(priority=5, target="DROP"), zone(target="ACCEPT"))
    # What is sent is let out right before such a target.
    assert means(policy(priority=5, target="REJECT", direction="out")) == []


def test_in_an_old_firewalld_a_zones_target_comes_before_policies() -> None:
    assert means(zone(target="%%REJECT%%", final=True, ports=["515/tcp"])) == [
        "opens in tcp 515 from any",
        "blocks in tcp 1-514,516-65535 from any",
        "blocks in udp 1-65535 from any",
    ]
    assert "policy" not in str(means(policy(priority=5, target="DROP"), zone(target="ACCEPT", final=True)))
    assert meaning.denies(zone(target="DROP", final=True))


def test_a_zone_is_about_its_own_peers() -> None:
    drop = 'rule family="ipv4" source address="192.0.2.0/24" port port="515" protocol="tcp" drop'
    assert means(zone(drop, peers=("192.0.2.128/25", "198.51.100.0/24"))) == ["blocks in tcp 515 from 192.0.2.128/25"]
    assert means(zone(drop, peers=("198.51.100.0/24",))) == []
    assert means(zone(drop, holes=("192.0.2.0/25",))) == ["blocks in tcp 515 from 192.0.2.128/25"]
    assert means(zone(drop, holes=("192.0.0.0/16",))) == []
    assert means(zone(drop, holes=("203.0.113.0/24", "2001:db8::/32"))) == ["blocks in tcp 515 from 192.0.2.0/24"]


def test_what_is_sent_goes_by_its_destination() -> None:
    drop = 'rule family="ipv4" destination address="192.0.2.0/24" port port="9100" protocol="tcp" drop'
    assert means(policy(drop, priority=-1, direction="out")) == ["blocks out tcp 9100 to 192.0.2.0/24"]


@pytest.mark.parametrize(
    ("place", "denies"),
    [
        (zone(DROP), True),
        (zone(ACCEPT), False),
        (zone('rule log prefix="drop" accept'), False),
        (zone(target="DROP"), False),
        (policy(priority=1, target="DROP"), True),
        (policy(priority=1, target="CONTINUE"), False),
    ],
)
def test_whether_there_is_something_that_could_block(place: Place, denies: bool) -> None:
    assert meaning.denies(place) == denies


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["192.0.2.9/24", "192.0.2.7"], ("192.0.2.0/24",)),
        (["192.0.2.9/255.255.255.0", "10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/9"], ("10.0.0.0/8", "192.0.2.0/24")),
        (["192.0.2.9/33"], None),
        (["0.0.0.0/0", "::/0", "0.0.0.0"], EVERYBODY),
        (["2001:DB8::1"], ("2001:db8::1/128",)),
        (EVERYBODY, EVERYBODY),
        ([], ()),
        (["00:11:22:33:44:55"], None),
        (["192.0.2.1,tcp:80"], None),
        (["10.0.0.1-10.0.0.5", "10.0.0.0/30"], ("10.0.0.0/30", "10.0.0.4/31")),
        (["192.0.2.1,tcp:80-90"], None),
    ],
)
def test_networks(texts: Iterable[str], found: Any) -> None:
    assert meaning.networks(texts) == found


def test_many_networks_take_no_time() -> None:
    """A set of thousands, in a zone beside zones with sources of their own."""
    many = tuple(f"10.{one}.{other}.0/24" for one in range(0, 200, 2) for other in range(0, 200, 2))
    look = Look(LOOK.service, lambda _name: many)
    place = zone('rule source ipset="many" drop', ports=["515/tcp"], holes=("192.0.2.0/24",))
    found = meaning.foreign([place], look)
    assert [len(one.rule.peers) for one in found] == [10000, 10000, 24 + 1]
