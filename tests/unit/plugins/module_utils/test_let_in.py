# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What earlier rules have let in, at some interfaces or at all, is not blocked by a later one."""

from __future__ import annotations

from ansible_collections.printnet.ports.plugins.module_utils._let_in import LetIn
from ansible_collections.printnet.ports.plugins.module_utils._only import Only
from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule
from hypothesis import given
from hypothesis import strategies as st

NAMES = ("eth0", "eth1", "wg0")
ONLY = st.sampled_from(
    [
        Only(),
        *(Only(by=frozenset({name})) for name in NAMES),
        Only(by=frozenset(NAMES[:2])),
        Only(never=frozenset({"eth0"})),
        Only(never=frozenset({"eth0", "wg0"})),
    ]
)
PORTS = st.tuples(st.integers(1, 6), st.integers(1, 6)).map(sorted).map(tuple)
ASKED = st.tuples(ONLY, PORTS)
Asked = tuple[Only, tuple[int, int]]


def _rule(ports: tuple[int, int]) -> Rule:
    return Rule("in", "tcp", (ports,), ("0.0.0.0/0",))


def _packets(only: Only, rule: Rule) -> set[tuple[str, int]]:
    names = {name for name in (*NAMES, "eth9") if (not only.by or name in only.by) and name not in only.never}
    return {(name, port) for name in names for first, last in rule.ports for port in range(first, last + 1)}


@given(st.lists(ASKED, max_size=4), ASKED)
def test_what_is_left_are_the_packets_that_nobody_has_let_in(accepted: list[Asked], blocked: Asked) -> None:
    let_in, gone = LetIn(), set[tuple[str, int]]()
    for only, ports in accepted:
        let_in.at(only).add(_rule(ports))
        gone |= _packets(only, _rule(ports))
    only, ports = blocked
    parts = let_in.beyond(_rule(ports), only)
    left: set[tuple[str, int]] = set().union(*(_packets(asked, part) for part, asked in parts))
    wanted = _packets(only, _rule(ports))
    # Nothing that is blocked is passed over, and no more is told than the rule has.
    assert wanted - gone <= left <= wanted
    if not only and all(one.by or not one for one, _ports in accepted):
        assert left == wanted - gone
