# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a picture of the estate as SVG: a box a component, a line a pair of them, red on top. Pure.

It has parties, not hosts, so it stays readable however many hosts there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.printnet.ports.plugins.plugin_utils._report import _pairs, _view
from ansible_collections.printnet.ports.plugins.plugin_utils._report._markup import Markup, element, joined
from ansible_collections.printnet.ports.plugins.plugin_utils._report._pairs import Pair
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import KINDS, View

_COLUMNS = 5
_WIDTH, _HEIGHT = 182, 44
_APART, _GAP = 300, 26
_MARGIN = 34
_SWEEPS = 6
_ALONG = (0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75, 0.82, 0.18)
"""Where on its line a badge may stand; the first is taken that is free."""
_LONGEST = 20
"""Characters of a title that fit into a box."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a component stands."""

    x: float
    y: float
    column: int

    @property
    def middle(self) -> float:
        return self.y + _HEIGHT / 2


def picture(view: View) -> Markup:
    """The picture as one SVG element, empty where no verdict has two ends."""
    found = {key: pair for key, pair in _pairs.pairs(view).items() if all(key)}
    if not found:
        return Markup()
    columns = _ordered(_columns(sorted(found)), sorted(found))
    boxes = dict(_placed(columns))
    width = max(box.x for box in boxes.values()) + _WIDTH + _MARGIN
    height = max(box.y for box in boxes.values()) + _HEIGHT + _MARGIN
    counts = _pairs.hosts(view)
    # Lines first, the worst last, so that it lies above the others; boxes above all lines.
    by_gravity = sorted(found.values(), key=lambda pair: -KINDS.index(pair.worst))
    lines = list(_lines(by_gravity, boxes))
    return element(
        "svg",
        element("title", "The components of the estate and the flows between them"),
        (line for line, _badge in lines),
        (_box(name, view.component(name), counts[name], box) for name, box in boxes.items()),
        (badge for _line, badge in lines),
        role="img",
        viewbox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        cls="picture",
    )


def _columns(edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """In which column each component stands: who sends more than it receives is on the left."""
    names = sorted({name for edge in edges for name in edge})
    place = {name: number for number, name in enumerate(_senders_first(names, edges))}
    level = dict.fromkeys(names, 0)
    for name in sorted(names, key=place.__getitem__):
        before = [source for source, destination in edges if destination == name and place[source] < place[name]]
        level[name] = max((level[source] + 1 for source in before), default=0)
    deepest = max(level.values())
    if deepest < _COLUMNS:
        return level
    return {name: round(number * (_COLUMNS - 1) / deepest) for name, number in level.items()}


def _senders_first(names: Iterable[str], edges: Sequence[tuple[str, str]]) -> list[str]:
    """An order in which most flows go forward, by taking away who only receives, who only sends, or sends the most."""
    left, front, back = set(names), [], []
    while left:
        kept = [edge for edge in edges if set(edge) <= left and edge[0] != edge[1]]
        out = {name: sum(edge[0] == name for edge in kept) for name in left}
        into = {name: sum(edge[1] == name for edge in kept) for name in left}
        name = next((one for one in sorted(left) if not out[one]), "")
        if name:
            back.append(name)
        else:
            name = next((one for one in sorted(left) if not into[one]), "") or max(
                sorted(left), key=lambda one: out[one] - into[one]
            )
            front.append(name)
        left.remove(name)
    return front + back[::-1]


def _ordered(columns: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """The components of each column from top to bottom, near those that they talk to."""
    ordered: list[list[str]] = [[] for _number in range(max(columns.values()) + 1)]
    for name in sorted(columns):
        ordered[columns[name]].append(name)
    for _sweep in range(_SWEEPS):
        for column in ordered:
            at = {name: (number + 0.5) / len(some) for some in ordered for number, name in enumerate(some)}
            column.sort(key=lambda name: (_mean(at, name, edges), name))
    return ordered


def _mean(at: Mapping[str, float], name: str, edges: Sequence[tuple[str, str]]) -> float:
    near = [at[one] for edge in edges for one in edge if name in edge and one != name]
    return sum(near) / len(near) if near else 0.5


def _placed(columns: Sequence[Sequence[str]]) -> Iterator[tuple[str, Box]]:
    tallest = max(map(len, columns))
    height = tallest * (_HEIGHT + _GAP)
    for number, column in enumerate(columns):
        gap = height / len(column)
        for place, name in enumerate(column):
            yield name, Box(_MARGIN + number * _APART, _MARGIN + gap * (place + 0.5) - _HEIGHT / 2, number)


def _lines(some: Sequence[Pair], boxes: Mapping[str, Box]) -> Iterator[tuple[Markup, Markup]]:
    """A line and its badge for each pair; ends are spread over the side of a box."""
    ends: dict[tuple[str, str], list[tuple[float, str, int]]] = {}
    sides = []
    for number, pair in enumerate(some):
        source, destination = boxes[pair.source], boxes[pair.destination]
        ways = ("left", "right") if destination.column < source.column else ("right", "left")
        if destination.column == source.column:
            ways = ("right", "right")
        sides.append(ways)
        ends.setdefault((pair.source, ways[0]), []).append((destination.middle, "from", number))
        ends.setdefault((pair.destination, ways[1]), []).append((source.middle, "to", number))
    at = {
        (number, way): boxes[name].y + _HEIGHT * (place + 1) / (len(some_ends) + 1)
        for (name, _side), some_ends in ends.items()
        for place, (_middle, way, number) in enumerate(sorted(some_ends))
    }
    taken = [(box.x + _WIDTH / 2, box.middle, _WIDTH / 2, _HEIGHT / 2) for box in boxes.values()]
    for number, (pair, (leaves, enters)) in enumerate(zip(some, sides, strict=True)):
        start = _side(boxes[pair.source], leaves), at[number, "from"]
        end = _side(boxes[pair.destination], enters), at[number, "to"]
        yield _line(pair, _Curve.between(start, leaves, end, enters), taken)


@dataclass(frozen=True, slots=True)
class _Curve:
    """A line from one side of a box to a side of another: four points, and whether it ends on a left side."""

    points: tuple[tuple[float, float], ...]
    enters_left: bool

    @classmethod
    def between(cls, start: tuple[float, float], leaves: str, end: tuple[float, float], enters: str) -> _Curve:
        bend = max(abs(end[0] - start[0]) / 2, 46)
        c1, c2 = (x + (bend if side == "right" else -bend) for (x, _y), side in ((start, leaves), (end, enters)))
        return cls((start, (c1, start[1]), (c2, end[1]), end), enters == "left")

    def at(self, share: float) -> tuple[float, float]:
        """The point so far along it, from 0 to 1."""
        rest = 1 - share
        weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
        x, y = (sum(weight * point[way] for weight, point in zip(weights, self.points, strict=True)) for way in (0, 1))
        return x, y

    def free(self, half: float, taken: list[tuple[float, float, float, float]]) -> tuple[float, float]:
        """Where a badge of that half width hides nothing else; it is taken then."""

        def hides(point: tuple[float, float]) -> bool:
            return any(abs(point[0] - x) < half + w and abs(point[1] - y) < 9 + h for x, y, w, h in taken)

        x, y = next((point for point in map(self.at, _ALONG) if not hides(point)), self.at(_ALONG[0]))
        taken.append((x, y, half, 9))
        return x, y


def _side(box: Box, side: str) -> float:
    return box.x + (_WIDTH if side == "right" else 0)


def _line(pair: Pair, curve: _Curve, taken: list[tuple[float, float, float, float]]) -> tuple[Markup, Markup]:
    told = f"{pair.source} to {pair.destination}: {pair.told()}"
    about = {"data_source": pair.source, "data_destination": pair.destination}
    (x1, y1), *more = curve.points
    drawn = f"M{x1:.1f} {y1:.1f}C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in more)
    line = element("path", element("title", told), d=drawn, cls=f"line {pair.worst}", **about)
    x2, y2 = more[-1]
    tip = -7 if curve.enters_left else 7
    arrow = element("path", d=f"M{x2:.1f} {y2:.1f}l{tip} -3.5v7z", cls=f"arrow {pair.worst}", **about)
    if pair.worst not in ("fault", "warning"):
        return joined((line, arrow)), Markup()
    half = 8 + 3.4 * len(pair.mark())
    x, y = curve.free(half, taken)
    badge = element(
        "g",
        element("title", told),
        element("rect", x=f"{x - half:.1f}", y=f"{y - 9:.1f}", width=f"{2 * half:.1f}", height="18", rx="9"),
        element("text", pair.mark(), x=f"{x:.1f}", y=f"{y + 4:.1f}"),
        cls=f"badge {pair.worst}",
        **about,
    )
    return joined((line, arrow)), badge


def _box(name: str, title: str, hosts: int, box: Box) -> Markup:
    short = title if len(title) <= _LONGEST else f"{title[: _LONGEST - 1]}\u2026"
    return element(
        "g",
        element("title", f"{title} ({name})"),
        element("rect", x=f"{box.x:.1f}", y=f"{box.y:.1f}", width=_WIDTH, height=_HEIGHT, rx="7"),
        element("text", short, x=f"{box.x + 11:.1f}", y=f"{box.y + 19:.1f}", cls="name"),
        element(
            "text", _view.number(hosts, "address") if hosts == 1 else f"{hosts:,} addresses",
            x=f"{box.x + 11:.1f}", y=f"{box.y + 34:.1f}", cls="hosts",
        ),
        cls="box",
        data_node=name,
    )  # fmt: skip
