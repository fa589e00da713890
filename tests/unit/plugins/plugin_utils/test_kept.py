# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is worked out once a run: made by one process, read by all others, and never in the way."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _kept
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError


class Maker:
    """Makes a value and counts how often."""

    def __init__(self, value: Any = None) -> None:
        self.value = {"made": [1, None, "ü"]} if value is None else value
        self.times = 0

    def __call__(self) -> Any:
        self.times += 1
        return self.value


def test_a_value_is_made_once(tmp_path: Path) -> None:
    make = Maker()
    assert [_kept.kept_in(tmp_path, "key")("vpsx", make) for _again in range(3)] == [make.value] * 3
    assert make.times == 1


@pytest.mark.parametrize(("key", "name"), [("other", "vpsx"), ("key", "dis")])
def test_another_key_and_another_name_have_their_own(tmp_path: Path, key: str, name: str) -> None:
    assert _kept.kept_in(tmp_path, "key")("vpsx", Maker(1)) == 1
    assert _kept.kept_in(tmp_path, key)(name, Maker(2)) == 2
    assert _kept.kept_in(tmp_path, "key")("vpsx", Maker(3)) == 1


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    _kept.kept_in(tmp_path, "key")("vpsx", Maker())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "printnet.ports-key-vpsx.json",
        "printnet.ports-key.lock",
    ]


def test_without_a_folder_each_makes_its_own(tmp_path: Path) -> None:
    make = Maker()
    value = _kept.kept_in(tmp_path / "gone", "key")
    assert [value("vpsx", make), value("vpsx", make), _kept.not_kept("vpsx", make)] == [make.value] * 3
    assert make.times == 3


@pytest.mark.parametrize("damage", [b"", b'{"made": [', b"\xff\xfe"])
def test_a_damaged_value_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    make = Maker()
    value = _kept.kept_in(tmp_path, "key")
    value("vpsx", make)
    (tmp_path / "printnet.ports-key-vpsx.json").write_bytes(damage)
    assert [value("vpsx", make), value("vpsx", make)] == [make.value] * 2
    assert make.times == 2


def test_what_is_wrong_is_said_to_each_and_not_kept(tmp_path: Path) -> None:
    value = _kept.kept_in(tmp_path, "key")

    def fail() -> Any:
        raise PortsError("no address for s1")

    for _again in range(2):
        with pytest.raises(PortsError, match="no address for s1"):
            value("vpsx", fail)
    assert value("vpsx", Maker(5)) == 5


def _fork(folder: Path, number: int) -> None:
    def make() -> int:
        with (folder / "made").open("a", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        return number

    (folder / f"found-{number}").write_text(str(_kept.kept_in(folder, "key")("vpsx", make)), encoding="ascii")


def test_many_processes_make_it_once_and_find_the_same(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    forks = [context.Process(target=_fork, args=(tmp_path, number)) for number in range(8)]
    for fork in forks:
        fork.start()
    for fork in forks:
        fork.join()
    assert len((tmp_path / "made").read_text(encoding="ascii").splitlines()) == 1
    assert len({path.read_text(encoding="ascii") for path in tmp_path.glob("found-*")}) == 1
    assert len(list(tmp_path.glob("found-*"))) == 8


def test_each_host_reads_its_own_entry_of_what_is_made_once(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> dict[str, Any]:
        made.append(1)
        return {"v1": [[1, "\u00e9"]], "v2": [2]}

    answers = [_kept.part_in(tmp_path, "key", host)("targets", make) for host in ("v1", "v2", "v3", "v1")]
    assert answers == [[[1, "\u00e9"]], [2], None, [[1, "\u00e9"]]]
    assert made == [1]
