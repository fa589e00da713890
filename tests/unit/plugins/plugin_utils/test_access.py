# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom rules let through: networks of networks, and rules of ours and of others at a port."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.plugin_utils import _access, _observed
from ansible_collections.printnet.ports.plugins.plugin_utils._access import ALL, NONE, SOME, Access, Cover
from hypothesis import given
from hypothesis import strategies as st

PORT = (515, 515)


def _networks(most: int) -> st.SearchStrategy[list[str]]:
    four = st.tuples(st.integers(0, 15), st.integers(28, 32)).map(
        lambda one: str(ipaddress.ip_network((0xC0000200 + one[0], one[1]), strict=False))
    )
    six = st.tuples(st.integers(0, 15), st.integers(124, 128)).map(
        lambda one: str(ipaddress.ip_network((0x20010DB8 << 96 | one[0], one[1]), strict=False))
    )
    return st.lists(st.one_of(four, six), max_size=most)


def _each(networks: list[str]) -> set[Any]:
    return {address for network in networks for address in ipaddress.ip_network(network)}


@given(held=_networks(6), asked=_networks(3))
def test_networks_hold_others_as_counting_addresses_says(held: list[str], asked: list[str]) -> None:
    have, want = _each(held), _each(asked)
    expected = ALL if want and want <= have else SOME if want & have else NONE
    assert Cover(held).of(asked) == expected


def test_all_addresses_hold_every_network() -> None:
    everybody = Cover(("0.0.0.0/0", "::/0"))
    assert everybody.of(("192.0.2.1/32", "2001:db8::/64")) == ALL
    assert Cover(("0.0.0.0/0",)).of(("192.0.2.1/32", "2001:db8::/64")) == SOME
    assert everybody.of(()) == NONE


def _rule(*peers: str, ports: str = "515", source: str = "", **more: Any) -> dict[str, Any]:
    sources = [source] if source else []
    plain = {"direction": "in", "transport": "tcp", "ports": [ports], "peers": list(peers), "source_ports": sources}
    return plain | more


def _access_of(
    saved: Any = (), live: Any = (), foreign: Any = (), in_step: bool = True, source_port: Any = None
) -> Access:
    owners = {"o": {"saved_rules": list(saved), "rules": list(live), "in_step": in_step}}
    rules = {"seen": True, "owners": owners, "foreign": list(foreign)}
    return _access.Rules(_observed.read("h", {"rules": rules})).at("in", "tcp", PORT, source_port)


A, B = "192.0.2.1/32", "192.0.2.2/32"


@pytest.mark.parametrize(
    ("given_", "live", "saved", "now", "later"),
    [
        ({"saved": [_rule(A)], "live": [_rule(A)]}, (A,), (A,), (A,), (A,)),
        ({"live": [_rule(A)]}, (A,), (), (A,), ()),
        ({"saved": [_rule(A)], "in_step": False}, (), (A,), (), (A,)),
        # Where nothing is refused, what is saved and in step counts as live.
        ({"saved": [_rule(A)]}, (A,), (A,), (A,), (A,)),
        ({"live": [_rule(A, ports="1-65535")]}, (A,), (), (A,), ()),
        ({"live": [_rule(A, ports="516-600")]}, (), (), (), ()),
        ({"live": [_rule(A, transport="udp"), _rule(A, direction="out")]}, (), (), (), ()),
        ({"live": [_rule(A, source="721-731")]}, (), (), (), ()),
        ({"live": [_rule(A, source="721-731")], "source_port": (721, 731)}, (A,), (), (A,), ()),
        ({"foreign": [_rule(B, opens=True)]}, (), (), (B,), (B,)),
        ({"foreign": [_rule(B, opens=False)]}, (), (), (), ()),
    ],
)
def test_whom_rules_let_through(given_: Any, live: Any, saved: Any, now: Any, later: Any) -> None:
    access = _access_of(**given_)
    found = (access.live.networks, access.saved.networks, access.now.networks, access.later.networks)
    assert found == (live, saved, now, later)


@pytest.mark.parametrize(
    ("rule", "source_port", "blocks"),
    [
        (_rule("192.0.2.0/24"), None, True),
        (_rule("198.51.100.0/24"), None, False),
        (_rule("any", ports="1-1024"), None, True),
        (_rule("any", ports="516"), None, False),
        (_rule("any", source="1-1023"), None, False),
        (_rule("any", source="1-1023"), (721, 731), True),
        (_rule("any", opens=True), None, False),
    ],
)
def test_which_rules_of_others_block(rule: Any, source_port: Any, blocks: bool) -> None:
    access = _access_of(foreign=[{"opens": False, "where": "there", **rule}], source_port=source_port)
    other = access.blocking((A,))
    assert (other.where if other else "") == ("there" if blocks else "")


def test_only_what_is_blocked_whole_is_blocked() -> None:
    """A list of banned addresses says nothing of all the others that are let through."""
    block = {"opens": False, "where": "there"}
    access = _access_of(foreign=[{**block, **_rule(A)}, {**block, **_rule(B), "where": "elsewhere"}])
    assert access.blocking(("0.0.0.0/0",)) is None
    assert access.barred(("0.0.0.0/0",)) == ("there", ("192.0.2.1", "192.0.2.2"), 0)
    assert access.blocking((B,)).where == "elsewhere"  # type: ignore[union-attr]
    # Together they block it.
    assert access.blocking((A, B)).where == "there"  # type: ignore[union-attr]
    assert access.barred(("198.51.100.0/24",)) is None
    assert access.barred((A, B)) is None


def test_a_long_list_of_blocked_networks_is_read_once_and_told_short(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    span_of = _rules.span_of

    def counted(network: str) -> tuple[int, int, int]:
        read.append(network)
        return span_of(network)

    monkeypatch.setattr(_rules, "span_of", counted)
    many = [f"10.{number >> 8}.{number & 255}.1" for number in range(15_000)]
    access = _access_of(foreign=[{"opens": False, "where": "there", **_rule(*many)}])
    before = len(read)
    for number in range(100):
        assert access.blocking((f"192.0.2.{number}/32",)) is None
        assert access.barred(("0.0.0.0/0",)) == ("there", ("10.0.0.1", "10.0.1.1", "10.0.2.1"), 14_997)
    assert len(read) - before < 1_000


def test_a_rule_for_a_thousand_ports_is_about_hosts() -> None:
    rules = [
        _observed.read("h", {"rules": {"foreign": [_rule("any", ports=text)]}}).others for text in ("1-65535", "9")
    ]
    assert [_access.is_wide(one.rule) for (one,) in rules] == [True, False]
