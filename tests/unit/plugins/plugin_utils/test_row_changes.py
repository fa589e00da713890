# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one plan's rows have beyond another's: exact in addresses, and never a cross product of both ends."""

from __future__ import annotations

from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _row_changes
from ansible_collections.printnet.ports.plugins.plugin_utils._row_changes import Addresses, Ends
from hypothesis import given, settings
from hypothesis import strategies as st

NETWORKS = [f"192.0.2.{first}/{length}" for length in (29, 30, 31, 32) for first in range(0, 8, 1 << 32 - length)]
PAIRS = [("192.0.2.1/32", "10.0.0.1/32"), ("192.0.2.1/32", "10.0.0.2/32"), ("192.0.2.200/32", "10.0.0.3/32")]
ADDRESSES = st.builds(
    lambda networks, pairs: Addresses(_addresses.merge(networks), tuple(sorted(pairs))),
    st.lists(
        st.sampled_from([*NETWORKS, "2001:db8::/127", "2001:db8::1/128", *_rules.EVERYBODY]), min_size=1, max_size=4
    ),
    st.sets(st.sampled_from(PAIRS)),
)
ROWS = st.lists(st.tuples(ADDRESSES, ADDRESSES), max_size=4)
_SINGLE = [*(f"192.0.2.{last}" for last in range(9)), "203.0.113.9", "2001:db8::", "2001:db8::1", "2001:db8::2"]
POINTS = [_rules.span_of(address) for address in _SINGLE]


def _at(one: Addresses) -> list[Any]:
    spans = [_rules.span_of(network) for network in one.networks]
    inside = [
        point for point in POINTS if any(span[0] == point[0] and span[1] <= point[1] <= span[2] for span in spans)
    ]
    return [*inside, *one.behind]


def _seen(point: Any) -> Any:
    return _rules.span_of(point[0]) if isinstance(point[0], str) else point


def _packets(rows: list[Ends]) -> list[tuple[Any, Any]]:
    return [(here, there) for source, destination in rows for here in _at(source) for there in _at(destination)]


@given(ROWS, ROWS)
@settings(max_examples=100, deadline=None)
def test_what_comes_and_goes_is_exact_and_named_once(before: list[Ends], after: list[Ends]) -> None:
    came, went = _row_changes.came(before, after), _row_changes.went(before, after)
    old, new = _packets(before), _packets(after)
    assert {*_packets(came)} == {*new} - {*old}
    # What goes closes nothing that the other end still sees.
    still = {(_seen(here), _seen(there)) for here, there in new}
    assert {*_packets(went)} == {packet for packet in old if (_seen(packet[0]), _seen(packet[1])) not in still}
    for found in (came, went):
        assert len(_packets(found)) == len({*_packets(found)})
        for end in (end for ends in found for end in ends):
            assert end == Addresses(_addresses.merge(end.networks), tuple(sorted(end.behind)))
            assert end.networks or end.behind


def test_rows_that_are_the_same_put_together_otherwise_are_no_change() -> None:
    one, other, third = (Addresses((f"192.0.2.{number}/32",)) for number in (10, 11, 20))
    both = Addresses(("192.0.2.10/31",))
    apart = [(one, third), (other, third)]
    assert _row_changes.came(apart, [(both, third)]) == _row_changes.went(apart, [(both, third)]) == []
    assert _row_changes.came([(third, both)], [(third, one), (third, other)]) == []
    assert _row_changes.came([(both, third)], [(one, third), (other, both)]) == [(other, both)]
    assert _row_changes.went([(both, third)], [(one, third), (other, both)]) == [(other, third)]


def test_a_translation_is_shown_from_both_sides() -> None:
    plain, hidden = Addresses(("192.0.2.10/32",)), Addresses((), (("192.0.2.11/32", "10.0.0.5/32"),))
    assert (plain.seen, plain.own) == (("192.0.2.10/32",), ())
    assert (hidden.seen, hidden.own) == (("192.0.2.11/32",), ("10.0.0.5/32",))
    both = Addresses(plain.networks, hidden.behind)
    assert (both.seen, both.own) == (("192.0.2.10/31",), ("10.0.0.5/32", "192.0.2.10/32"))
