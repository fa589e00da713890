# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The picture and the matrix: every party and every pair, whatever the shape of the estate."""

from __future__ import annotations

from xml.etree import ElementTree as Tree

from ansible_collections.printnet.ports.plugins.plugin_utils._report import _page_parts, _pairs, _picture
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import View
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils._report import reports
from hypothesis import given, settings
from hypothesis import strategies as st


def _estate(edges: list[tuple[str, str]]) -> View:
    report = reports.report(len(edges), rates={"NO_RULE": 300}, every_code=False)
    for verdict, (source, destination) in zip(report["verdicts"], edges, strict=True):
        verdict["source"] = {**verdict["source"], "component": source}
        verdict["destination"] = {**verdict["destination"], "component": destination}
    return View.of(report)


NAMES = st.sampled_from("abcdefgh")


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=30))
@settings(max_examples=60)
def test_every_party_stands_inside_and_apart(edges: list[tuple[str, str]]) -> None:
    drawn = Tree.fromstring(_picture.picture(_estate(edges)))
    boxes = {str(box.get("data-node")): box.find("rect") for box in drawn.iter("g") if box.get("class") == "box"}
    assert set(boxes) == {name for edge in edges for name in edge}
    lines = [path for path in drawn.iter("path") if str(path.get("class")).startswith("line")]
    assert {(line.get("data-source"), line.get("data-destination")) for line in lines} == set(edges)
    spots = [tuple(float(str(box.get(key))) for key in ("x", "y")) for box in boxes.values() if box is not None]
    width, height = (float(str(drawn.get(key))) for key in ("width", "height"))
    for number, (x, y) in enumerate(spots):
        assert 0 <= x <= width - 182
        assert 0 <= y <= height - 44
        assert all(abs(x - left) >= 182 or abs(y - top) >= 44 for left, top in spots[:number])


def test_cells_say_the_worst_and_how_many() -> None:
    view = View.of(reports.report(500))
    found = _pairs.pairs(view)
    assert sum(pair.total for pair in found.values()) == 500
    table = Tree.fromstring(_page_parts.matrix(view))
    cells = {(one.get("data-source"), one.get("data-destination")): one for one in table.iter("button")}
    assert set(cells) == set(found)
    for key, pair in found.items():
        assert cells[key].get("class") == pair.worst
        assert cells[key].text == pair.mark()
        assert pair.told() in str(cells[key].get("aria-label"))
