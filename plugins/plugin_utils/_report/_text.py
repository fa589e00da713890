# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a report as a page for the terminal: what is red first, and never more than a page. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.printnet.ports.plugins.plugin_utils._render import plain
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _view
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import Verdict, View

WIDTH = 100
LINES = 60
"""A page: what does not fit is counted."""
_NARROWEST = 40
_SHORT = 400
"""Characters of one evidence or remedy here; the other forms have all of it."""
_MOST = {"fault": 6, "warning": 4, "information": 2}
"""Groups of a code that are shown where there is room."""
_Code = tuple[str, str]
"""Of which kind findings are, and which code they have."""
_COLOURS = {"fault": "31;1", "warning": "33", "information": "36", "accepted": "35", "ok": "32"}
_WORDS = {"fault": "fault", "warning": "warning", "information": "information", "accepted": "accepted", "ok": "OK"}


def to_text(view: View, *, width: int = WIDTH, colour: bool = False, lines: int = LINES) -> str:
    """The report in at most about so many lines of so many columns; with ``colour`` by ANSI escapes."""
    page = _Page(view, max(width, _NARROWEST), colour)
    top, bottom = list(page.top()), list(page.bottom())
    body = page.codes(lines - len(top) - len(bottom))
    return "\n".join([*top, *body, *bottom]).rstrip() + "\n"


@dataclass(frozen=True, slots=True)
class _Page:
    view: View
    width: int
    colour: bool

    def top(self) -> Iterator[str]:
        """Compliant or not, the counts, which run, and what it did not see."""
        view = self.view
        yield from self.wrapped(view.headline(), paint="ok" if view.raw["compliant"] else "fault")
        yield from self.wrapped(", ".join(self.counts()))
        title = f" ({view.run['title']})" if view.run["title"] else ""
        yield from self.wrapped(f"Run {view.run['id']}{title} by {view.run['by']}, {view.when()}.")
        seen = len(view.hosts) - len(view.unseen)
        yield from self.wrapped(f"{seen:,} of {_view.number(len(view.hosts), 'host')} looked at. {self.unseen()}")
        if view.raw["drift"]:
            drift = view.raw["drift"]
            yield from self.wrapped(
                f"Since {drift['baseline']['id']}: {_view.number(len(drift['came']), 'finding')} came, "
                f"{len(drift['went']):,} went."
            )
        yield ""

    def counts(self) -> Iterator[str]:
        for kind, count in self.view.kinds.items():
            if count:
                yield _view.number(count, _WORDS[kind])

    def unseen(self) -> str:
        by_state: dict[str, list[str]] = {}
        for host in self.view.unseen:
            by_state.setdefault(_view.in_words(host["state"]), []).append(host["host"])
        if not by_state:
            return ""
        told = [f"{_view.listed(names, 3)} ({state})" for state, names in by_state.items()]
        return f"Not, or not wholly: {'; '.join(told)}."

    def codes(self, room: int) -> Iterator[str]:
        """Each code with what it means; as long as there is room its groups too, the first of each before a second.

        A code that is a fault here and harmless there is told as two.
        """
        by_code: dict[_Code, list[Verdict]] = {}
        for verdict in self.view.findings:
            by_code.setdefault((_view.kind(verdict), verdict["code"]), []).append(verdict)
        heads = {code: list(self.head(code, len(verdicts))) for code, verdicts in by_code.items()}
        groups = {code: self.groups(verdicts) for code, verdicts in by_code.items()}
        shown: dict[_Code, list[str]] = {code: [] for code in by_code}
        many = dict.fromkeys(by_code, 0)
        room -= sum(map(len, heads.values()))
        for place, code in self.turns(by_code):
            if place < len(groups[code]) and many[code] == place:
                lines = list(self.group(groups[code][place]))
                # One line of it is for what is left over.
                needed = len(lines) + (place == 0 and len(groups[code]) > 1)
                if needed <= room:
                    room -= needed
                    many[code] += 1
                    shown[code] += lines
        for code, head in heads.items():
            yield from [*head, *shown[code]]
            rest = sum(map(len, groups[code][many[code] :]))
            if rest and many[code]:
                yield f"  and {_view.number(rest, 'more finding')}"

    @staticmethod
    def turns(codes: Iterable[_Code]) -> list[tuple[int, _Code]]:
        """Whose turn it is to show a group, and which: faults are two ahead of warnings, and these of the rest."""
        ahead = {kind: 2 * place for place, kind in enumerate(_MOST)}
        turns = [(place, (kind, code)) for kind, code in codes for place in range(_MOST.get(kind, 0))]
        return sorted(turns, key=lambda turn: turn[0] + ahead[turn[1][0]])

    def head(self, about: _Code, count: int) -> Iterator[str]:
        kind, code = about
        text = f"{kind.upper()} {code} ({count:,}): {self.view.meaning(code)}"
        yield from self.wrapped(text, paint=kind, indent=2, most=2)

    @staticmethod
    def groups(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
        """Equal findings together: of one flow and destination; without a flow, of one port. The largest first."""
        found: dict[tuple[str, ...], list[Verdict]] = {}
        for verdict in verdicts:
            about = (_view.party(verdict["destination"]),) if verdict["flow"] else ()
            found.setdefault((verdict["flow"], _view.port(verdict), *about), []).append(verdict)
        return sorted(found.values(), key=len, reverse=True)

    def group(self, group: Sequence[Verdict]) -> Iterator[str]:
        """The pairs, what was seen of the first, and what to do."""
        first = group[0]
        about = " ".join(word for word in (_view.port(first), self.view.flow(first).get("application", "")) if word)
        parties = self.ends(group)
        flow = f" ({first['flow']})" if first["flow"] else ""
        yield from self.wrapped(f"{about}{': ' if about else ''}{parties}{flow}", "  - ", 4, most=2)
        if first["evidence"]:
            example = "Example: " if len(group) > 1 else ""
            yield from self.wrapped(f"{example}{first['evidence'][0]}", indent=4, most=2)
        if first["remedy"]:
            yield from self.wrapped(f"To do: {first['remedy']}", indent=4, most=2)

    @staticmethod
    def ends(group: Sequence[Verdict]) -> str:
        """``ws1, ws2 and 9 more -> vpsx1``; the hosts alone where it is about no flow."""
        sources, destinations = (
            _view.listed(dict.fromkeys(word for word in (_view.party(one[way]) for one in group) if word), 3)
            for way in ("source", "destination")
        )
        return " -> ".join(word for word in (sources, destinations) if word)

    def bottom(self) -> Iterator[str]:
        """What else the report has."""
        # The first line is the variable's name.
        suggested = [one for one in self.view.raw["suggestions"]["known_open"] if one != "printnet_known_open:"]
        if suggested:
            yield from self.wrapped(
                f"{_view.number(len(suggested), 'line')} for printnet_known_open to copy from the report's page."
            )

    def wrapped(self, text: str, first: str = "", indent: int = 0, paint: str = "", most: int = 3) -> Iterator[str]:
        """At most so many lines, which end within the width, whatever the text holds."""
        lines = textwrap.wrap(
            plain(text)[:_SHORT],
            self.width,
            initial_indent=first or ("" if paint else " " * indent),
            subsequent_indent=" " * indent,
            break_on_hyphens=False,
            max_lines=most,
            placeholder=" ...",
        )
        for line in lines:
            yield f"\x1b[{_COLOURS[paint]}m{line}\x1b[0m" if paint and self.colour else line
