# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules by hand: what is taken, and what is said about what is not."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.plugin_utils import _by_hand, _catalog, _names
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from hypothesis import given
from hypothesis import strategies as st

TAKEN = _names.of(_catalog.load().components.values())
RULE = {"direction": "in", "transport": "tcp", "ports": ["515"], "peers": ["192.0.2.0/24"], "source_ports": []}


def test_what_is_taken_is_known_without_the_catalog() -> None:
    assert _names.shipped() == TAKEN


def test_an_owner_has_a_full_and_a_short_name() -> None:
    assert _by_hand.owner("backup", TAKEN) == ("printnet.ports/backup", "backup")
    full, short = _by_hand.owner("remote_ssh_login", TAKEN)
    assert full == "printnet.ports/remote_ssh_login"
    assert len(short) == 9
    assert short != _by_hand.owner("remote_ssh_logout", TAKEN)[1]


@pytest.mark.parametrize(
    "name", ["", "Backup", "9lives", "-j", "a b", "a;b", "a\n", "x" * 33, "a'b", "vpsx\x00", "\u00e4"]
)
def test_an_odd_owner_is_refused(name: str) -> None:
    with pytest.raises(PortsError, match="must begin with a small letter"):
        _by_hand.owner(name, TAKEN)


@pytest.mark.parametrize("name", ["vpsx", "mve", "innovate_audit", *sorted(TAKEN)])
def test_a_component_is_no_owner(name: str) -> None:
    with pytest.raises(PortsError, match=r"is the name of a component: use components: \["):
        _by_hand.owner(name, TAKEN)


def test_a_comment_says_who_asks() -> None:
    assert _by_hand.rules([{**RULE, "comment": "The backup server"}])[0]["flows"] == ["The backup server"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ports": []}, "ports must not be empty"),
        ({"peers": []}, "peers must not be empty"),
        ({"ports": ["0"]}, "port '0' must be a number from 1 to 65535"),
        ({"ports": ["5501-5500"]}, "must be a number"),
        ({"ports": ["515; reboot"]}, "must be a number"),
        ({"peers": ["192.0.2.1/24"]}, "has host bits set"),
        ({"peers": ["printers"]}, "must be a network such as"),
        ({"source_ports": ["-j"]}, "must be a number"),
        ({"transport": "sctp"}, "must be one of tcp, udp"),
        ({"comment": "two\nlines"}, "must be one line"),
        ({"comment": "x" * 121}, "at most 120"),
    ],
)
def test_a_wrong_rule_is_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(PortsError) as found:
        _by_hand.rules([RULE, {**RULE, **wrong}])
    assert str(found.value).startswith("rules[1]: ")
    assert said in str(found.value)


def test_all_wrong_rules_are_named_at_once() -> None:
    with pytest.raises(PortsError) as found:
        _by_hand.rules([{**RULE, "ports": ["x"]}, RULE, {**RULE, "peers": ["y"]}])
    assert len(found.value.faults) == 2


@given(st.text(), st.lists(st.text()), st.lists(st.text()), st.text())
def test_whatever_comes_it_is_a_rule_or_a_sentence(
    transport: str, ports: list[str], peers: list[str], comment: str
) -> None:
    rule = {**RULE, "transport": transport, "ports": ports, "peers": peers, "comment": comment}
    with suppress(PortsError):
        for one in _by_hand.rules([rule, {**rule, "transport": "tcp", "peers": ["any"]}]):
            assert _rules.parse(one)
