# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the one exception of the collection, and the collector that lets it name every fault at once.

Plugins translate it to Ansible's own errors at their edges; nothing else is raised for bad input.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches


class PortsError(Exception):
    """Something that a user gave is wrong. ``faults`` has one sentence a fault, ready to be read."""

    def __init__(self, faults: str | Sequence[str]) -> None:
        self.faults: tuple[str, ...] = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__(self.message)

    @property
    def message(self) -> str:
        if len(self.faults) == 1:
            return self.faults[0]
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        return f"{len(self.faults)} faults:\n{lines}"


@dataclass(slots=True)
class Faults:
    """Collects sentences; ``stop`` raises them all together."""

    found: list[str] = field(default_factory=list)

    def add(self, where: str, what: str) -> None:
        self.found.append(f"{where}: {what}")

    def stop(self) -> None:
        if self.found:
            raise PortsError(self.found)


def shown(value: object, most: int = 60) -> str:
    """A value as it can stand in a sentence: quoted, on one line, not endless."""
    text = repr(str(value)) if isinstance(value, str) else repr(value)
    return text if len(text) <= most else text[: most - 4] + " ..."


def nearest(word: object, known: Iterable[str]) -> str:
    """``; did you mean 'vpsx'?``, or what there is when nothing is near, or nothing when that is too much."""
    names = sorted(set(known))
    close = get_close_matches(str(word).lower(), names, n=3, cutoff=0.6)
    if close:
        return f"; did you mean {' or '.join(repr(name) for name in close)}?"
    return f"; there is {', '.join(names)}" if 0 < len(names) <= 40 else ""


def listed(names: Iterable[str], most: int = 10) -> str:
    """Names one after the other, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def unreadable(wrong: OSError | UnicodeError) -> str:
    """Why a file of text can't be read, as the end of a sentence that begins with its name."""
    if isinstance(wrong, UnicodeError):
        return "can't be read: it is not UTF-8; save it as UTF-8"
    return f"can't be read: {wrong.strerror or wrong}"


def damaged(wrong: Exception) -> str:
    """Where a file stops being JSON, in brackets; nothing where it is JSON, but not ours."""
    line = getattr(wrong, "lineno", None)
    return f" (line {line})" if line else ""
