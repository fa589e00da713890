# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a switch does where something is in its way, and what it tells of it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import (
    _active,
    _commit,
    _host,
    _records,
    _state,
    _switch,
)

OWNER = "printnet.ports/vpsx"
FOUND = {OWNER: _state.Found()}
CHANGE = _commit.Change("nftables", {OWNER: "vpsx"}, FOUND, FOUND, "me@here", 30, deadline=1e12, armed="then")


def run(_words: list[str], _data: str | None = None) -> tuple[int, str, str]:
    return 0, "", ""


@pytest.fixture(autouse=True)
def change(kept_here: Path, monkeypatch: pytest.MonkeyPatch) -> _commit.Change:
    """A change that is open."""
    _commit.FOLDER.mkdir()
    monkeypatch.setattr(_host, "locked", lambda *_arguments, **_more: nullcontext())
    monkeypatch.setattr(_active, "active_firewalls", lambda _run: ["nftables"])
    _commit.PENDING.write_text(_commit._text(CHANGE), encoding="utf-8")
    return CHANGE


@pytest.mark.parametrize("text", ['{"change": null, "sum": ""}', "[]", "7", '{"change": "{}", "sum": "no"}'])
def test_a_damaged_change_is_none(text: str) -> None:
    _commit.PENDING.write_text(text, encoding="utf-8")
    assert _commit.read(_commit.PENDING) is None


def _refuse(*_arguments: object) -> list[str]:
    raise _host.HostError("nft says no.")


def test_what_could_not_be_put_back_is_not_told_as_done(
    change: _commit.Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_commit, "put_back", _refuse)
    assert not _switch._fire(run, change.token, "nftables")
    assert not _switch._fire(run, change.token, "nftables")
    (told,) = _records.sentences()
    assert "could not put its firewall rules of printnet.ports/vpsx back to what they were, and tries again" in told
    assert "nft says no." in told
    monkeypatch.setattr(_commit, "put_back", lambda *_arguments: [])
    assert _switch._fire(run, change.token, "nftables")
    _failed, told = _records.sentences()
    assert "put its firewall rules of printnet.ports/vpsx back to what they were: the change that me@here" in told


def test_where_the_firewall_has_gone_it_ends(change: _commit.Change, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_commit, "put_back", _refuse)
    monkeypatch.setattr(_active, "active_firewalls", lambda _run: ["firewalld"])
    monkeypatch.setattr(_active, "stopped_firewalls", lambda _run: [])
    assert _switch._fire(run, change.token, "nftables")
    assert _commit.open_change() == change


def test_a_confirmation_that_was_killed_while_it_saved_is_taken_back(
    change: _commit.Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    _commit.PENDING.rename(_switch._CONFIRMING)
    done: list[_commit.Change] = []
    monkeypatch.setattr(_commit, "put_back", lambda _run, what: done.append(what) or [])
    assert _switch._fire(run, "another", "nftables")
    assert _switch._fire(run, change.token, "nftables")
    assert done == [change]
    (told,) = _records.sentences()
    assert "its confirmation was ended in the midst of saving it" in told
    assert not _commit.FOLDER.exists()


def test_one_that_comes_too_late_is_told_so(change: _commit.Change) -> None:
    _commit.PENDING.write_text(_commit._text(replace(change, deadline=0)), encoding="utf-8")
    answer = _switch.confirm(run, change.token)
    assert answer["failed"]
    assert answer["msg"].startswith("The confirmation came after the 30 seconds within which it was waited for")


def test_nothing_is_told_twice_where_the_disk_was_full(monkeypatch: pytest.MonkeyPatch) -> None:
    _records.add("a", "then", [], "the first")
    write = _records.write

    def full(path: Path, text: str) -> None:
        if path == _records.RECORDS:
            raise OSError("No space left")
        write(path, text)

    monkeypatch.setattr(_records, "write", full)
    _records.add("b", "then", [], "the second")
    _records.add("c", "then", [], "the third")
    assert [one["run"] for one in _records.entries()] == ["a", "b", "c"]
    monkeypatch.setattr(_records, "write", write)
    _records.add("d", "then", [], "the fourth")
    assert [one["run"] for one in _records.entries()] == ["a", "b", "c", "d"]


class Moment:
    """Time that goes by only where somebody sleeps, and what happens meanwhile."""

    def __init__(self, then: list[str]) -> None:
        self.then, self.slept = then, 0

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept += 1
        assert self.slept < 10
        if self.slept == 2:
            self.then.clear()


def test_a_switch_whose_lock_can_not_be_made_puts_back_and_waits_until_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a full file system: it neither ends with an error nor keeps the machine busy."""
    trouble, done = ["full"], []

    def locked(*_arguments: object, **_more: object) -> object:
        if trouble:
            raise _host.HostError("No space left")
        return nullcontext()

    def put_back(*_arguments: object) -> list[str]:
        done.append("put back")
        if len(done) == 1:
            raise _host.HostError("not now")
        return []

    moment = Moment(trouble)
    monkeypatch.setattr(_switch, "time", moment)
    monkeypatch.setattr(_host, "locked", locked)
    monkeypatch.setattr(_commit, "put_back", put_back)
    monkeypatch.setattr(_switch, "_look", lambda _token: (True, CHANGE))
    monkeypatch.setattr(_switch, "_end", lambda *_arguments: True)
    assert _switch._fire(lambda *_words: (0, "", ""), CHANGE.token, "nftables")
    assert done == ["put back", "put back"]
    assert moment.slept == 2
