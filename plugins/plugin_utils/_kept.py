# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what is worked out once a run, though every host of it has a process of its own.

The first process that needs a value makes it, the others wait for it and read it. It lies in the folder that Ansible
makes for the run, which only its user can enter and which is gone after it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

Kept = Callable[[str, Callable[[], Any]], Any]
"""Gives the JSON value of a name, which the function makes where nobody has made it yet."""


def not_kept(_name: str, make: Callable[[], Any]) -> Any:
    """Makes the value each time."""
    return make()


def kept_in(folder: Path, key: str) -> Kept:
    """Keeps values in a folder; ``key`` tells what they were made from, so that another inventory has its own."""

    def value(name: str, make: Callable[[], Any]) -> Any:
        path = folder / f"printnet.ports-{key}-{name}.json"
        lock = folder / f"printnet.ports-{key}.lock"
        return _once(path, lock, lambda content: json.loads(content.read()), lambda made: [json.dumps(made)], make)

    return value


def part_in(folder: Path, key: str, wanted: str) -> Kept:
    """The same for dictionaries, of which only the entry ``wanted`` is read, None where there is none.

    A host's process reads its own entry, and not those of a thousand others.
    """

    def value(name: str, make: Callable[[], Any]) -> Any:
        path = folder / f"printnet.ports-{key}-{name}.parts"
        lock = folder / f"printnet.ports-{key}.lock"
        made = _once(path, lock, lambda content: {wanted: _part(content, wanted)}, _parts, make)
        return made.get(wanted)

    return value


def _once(
    path: Path,
    lock: Path,
    read: Callable[[BinaryIO], Any],
    write: Callable[[Any], Iterable[str]],
    make: Callable[[], Any],
) -> Any:
    with contextlib.suppress(OSError, ValueError), path.open("rb") as content:
        return read(content)
    try:
        with lock.open("wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with contextlib.suppress(OSError, ValueError), path.open("rb") as content:
                return read(content)
            made = make()
            beside = path.with_suffix(f".{os.getpid()}")
            beside.write_text("".join(write(made)), encoding="ascii")
            beside.replace(path)
            return made
    except OSError:  # no room, or no such folder: then each makes its own
        return make()


def _parts(made: dict[str, Any]) -> Iterable[str]:
    """A line that says where each entry begins and how long it is, then the entries."""
    texts = {name: json.dumps(value) for name, value in made.items()}
    begin, places = 0, {}
    for name, text in texts.items():
        places[name] = (begin, len(text))
        begin += len(text)
    yield json.dumps(places) + "\n"
    yield from texts.values()


def _part(content: BinaryIO, wanted: str) -> Any:
    places = json.loads(content.readline())
    if wanted not in places:
        return None
    begin, length = places[wanted]
    content.seek(begin, os.SEEK_CUR)
    return json.loads(content.read(length))
