# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of others for some interfaces, or for one of the host's own addresses."""

from __future__ import annotations

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _only
from ansible_collections.printnet.ports.plugins.module_utils._only import Only
from hypothesis import given
from hypothesis import strategies as st

NAMES = ("eth0", "eth1", "wg0")
SOME = st.builds(
    Only,
    by=st.frozensets(st.sampled_from(NAMES)),
    never=st.just(frozenset()),
    own=st.sampled_from(("", "192.0.2.1/32", "2001:db8::1/128")),
) | st.builds(
    Only,
    by=st.just(frozenset()),
    never=st.frozensets(st.sampled_from(NAMES)),
    own=st.sampled_from(("", "192.0.2.1/32")),
)
PACKETS = [(name, own) for name in (*NAMES, "eth9") for own in ("192.0.2.1/32", "2001:db8::1/128", "192.0.2.9/32")]


def _met(only: Only | None) -> set[tuple[str, str]]:
    """The packets that meet it, by their interface and the host's own end."""
    return {
        (name, own)
        for name, own in PACKETS
        if only is not None and (not only.by or name in only.by) and name not in only.never and only.own in ("", own)
    }


@given(SOME, SOME)
def test_both_and_holds_are_about_packets(one: Only, other: Only) -> None:
    assert _met(one.both(other)) == _met(one) & _met(other)
    assert one.holds(other) == (_met(other) <= _met(one))


def test_what_is_asked_in_words() -> None:
    by, never, own = (
        _only.by_interfaces(["eth1", "eth0"], negated=False),
        _only.by_interfaces(["lo", "eth0"], negated=True),
        _only.at("192.0.2.1/32"),
    )
    assert by
    assert never
    assert own
    assert by.words("in") == "comes by eth0 or eth1"
    assert never.words("out") == "leaves by none of eth0"
    assert (by.both(own) or Only()).words("in") == "comes by eth0 or eth1 and is sent to 192.0.2.1"
    assert own.words("out") == "is sent from 192.0.2.1"
    assert Only().words("in") == ""
    assert Only(by=frozenset({"a\x1b[31m"})).words("in") == "comes by a?[31m"


@pytest.mark.parametrize("own", ["127.0.0.0/8", "224.0.0.251/32", "255.255.255.255/32", "::1/128", "ff02::/16"])
def test_nobody_elsewhere_sends_there(own: str) -> None:
    assert _only.at(own) is None


def test_what_asks_for_nothing() -> None:
    assert _only.at("0.0.0.0/0") == _only.at("::/0") == _only.by_interfaces(["lo"], negated=True) == Only()
    assert _only.by_interfaces(["lo"], negated=False) is None


def test_a_pattern_is_for_all_names_that_begin_so() -> None:
    eth, wild, wg = (Only(by=frozenset({name})) for name in ("eth0", "eth+", "wg0"))
    assert wild.holds(eth)
    assert not eth.holds(wild)
    assert not Only(never=wild.by).holds(eth)
    assert Only(never=wild.by).holds(wg)


def test_a_pattern_beside_another_name_is_not_known() -> None:
    eth, wild = Only(by=frozenset({"eth0"})), Only(by=frozenset({"eth+"}))
    assert eth.both(wild) is None
    assert wild.both(Only()) == wild.both(wild) == wild
    assert eth.both(Only(never=frozenset({"eth*"}))) is None
