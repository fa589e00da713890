# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules of others mean for ours."""

from __future__ import annotations

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _foreign
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._backend import Foreign
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule

LPR = Rule("in", "tcp", ((515, 515), (9443, 9443)), ("192.0.2.0/24",), (), ("pdm-vpsx-lpr",))
WANTED = {"printnet.ports/vpsx": [LPR]}


def _drop(**fields: object) -> Foreign:
    values = {"direction": "in", "transport": "tcp", "ports": ((515, 515),), "peers": ("192.0.2.7/32",), **fields}
    return Foreign(False, Rule(**values), "table inet filter, chain input, handle 7")  # type: ignore[arg-type]


def test_a_drop_that_hits_is_named() -> None:
    where = "table inet filter, chain input, handle 7"
    what = "blocks tcp 515 that printnet.ports/vpsx asks for (pdm-vpsx-lpr): the rules of others win."
    assert _foreign.voided(WANTED, [_drop()]) == [f"{where} {what}"]
    assert len(_foreign.voided(WANTED, [_drop(peers=EVERYBODY, ports=((1, 65535),))])) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"peers": ("198.51.100.0/24",)},
        {"ports": ((516, 600),)},
        {"transport": "udp"},
        {"direction": "out"},
        {"peers": ("::/0",)},
    ],
)
def test_a_drop_that_misses_is_not(fields: dict[str, object]) -> None:
    assert _foreign.voided(WANTED, [_drop(**fields)]) == []


def test_what_opens_blocks_nothing() -> None:
    assert _foreign.voided(WANTED, [Foreign(True, _drop().rule, "x")]) == []


def test_a_wall_of_drops_is_counted() -> None:
    found = _foreign.voided(WANTED, [_drop() for _number in range(300)])
    assert len(found) == _foreign.MOST + 1
    assert found[-1] == "290 more rules of others block what is asked for here."


def test_which_rules_touch_the_port_of_a_flow() -> None:
    some = [_drop(), _drop(ports=((22, 22),)), _drop(transport="udp")]
    (found,) = _foreign.touching(some, {("tcp", (500, 600)): ["a"], ("tcp", (515, 515)): ["b"], ("udp", (9, 9)): ["c"]})
    assert found.rule.flows == ("a", "b")
    assert found.where == some[0].where


def test_what_a_host_calls_its_rules_does_not_reach_the_terminal() -> None:
    (told,) = _foreign.voided(WANTED, [Foreign(False, _drop().rule, "a\x1b[31m\x07\n<b>{{ 7*7 }}")])
    assert told.startswith("a?[31m??<b>{{ 7*7 }} blocks tcp 515")
