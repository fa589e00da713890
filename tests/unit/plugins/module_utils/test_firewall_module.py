# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import (
    _active,
    _answer,
    _commit,
    _firewall_module,
    _host,
    _ledger,
    _records,
    _rules,
    _state,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._backend import Backend
from ansible_collections.printnet.ports.plugins.module_utils._state import Found, States

OWNER = "printnet.ports/vpsx"
GOING = "printnet.ports/mve"
OLD = _rules.Rule("in", "tcp", ((515, 515),), ("192.0.2.0/24",))
NEW = _rules.Rule("in", "tcp", ((631, 631),), ("192.0.2.0/24",))


@pytest.mark.parametrize("count", [0, 1, _answer.COMMANDS])
def test_commands_that_somebody_reads_are_all_told(count: int) -> None:
    commands = [f"command {number}" for number in range(count)]
    assert _answer.few(commands) == commands


def test_of_thousands_the_first_are_told_and_the_rest_counted() -> None:
    commands = [f"command {number}" for number in range(_answer.COMMANDS + 9900)]
    assert _answer.few(commands) == [*commands[: _answer.COMMANDS], "# and 9900 more"]


def both(*rules: _rules.Rule) -> Found:
    return Found(_state.half(rules), _state.half(rules))


class Fake(Backend):
    """A firewall in memory. A method that is named in ``fails`` does half of its work."""

    there: States
    fails: dict[str, Exception]

    @classmethod
    def left(cls, _run: _host.Run, shorts: Mapping[str, str]) -> list[str]:
        return [f"rules of {owner}" for owner in shorts if "forget" in cls.fails]

    @classmethod
    def forget(cls, _run: _host.Run, _shorts: Mapping[str, str]) -> None:
        raise cls.fails["forget"]

    def owners(self) -> dict[str, str]:
        return {owner: owner.rpartition("/")[2] for owner, found in self.there.items() if found != Found()}

    def read(self) -> States:
        return {owner: self.there.get(owner, Found()) for owner in self.shorts}

    def denies_outgoing(self) -> bool:
        return False

    def save(self, now: States, aims: States) -> None:
        for owner, aim in aims.items():
            self.there[owner] = Found(aim.saved, now[owner].live)

    def go_live(self, now: States, aims: States) -> None:
        for owner, aim in aims.items():
            self.there[owner] = Found(self.there[owner].saved, aim.live)
        if "go_live" in self.fails:
            raise self.fails.pop("go_live")


@pytest.fixture(autouse=True)
def firewall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Fake]:
    """The host's firewall, and one that is not active; the ledger is in a folder of the test."""
    monkeypatch.setattr(Fake, "there", {OWNER: both(OLD), GOING: both(OLD)}, raising=False)
    monkeypatch.setattr(Fake, "fails", {}, raising=False)
    for module in (_firewall_module, _commit, _active):
        monkeypatch.setattr(module, "FIREWALLS", {"fake": Fake, "other": Fake})
    monkeypatch.setattr(_active, "ENTRIES", {"other": SimpleNamespace(has_traces=lambda: True)})
    monkeypatch.setattr(_ledger, "PATH", tmp_path / "left.json")
    monkeypatch.setattr(_records, "FOLDER", tmp_path)
    return Fake


def nothing(*_words: object) -> tuple[int, str, str]:
    return 0, "", ""


def call(*, waiting: _commit.Change | None = None, looks_only: bool = False, **params: Any) -> _firewall_module._Call:
    known = [{"owner": owner, "short": owner.rpartition("/")[2]} for owner in (OWNER, GOING)]
    plan = {"known": known, "apply": True, "outbound": "auto", "can_confirm": False}
    said = {"plan": plan, "stale": "keep", "state": "present", "owner": None, "removals": "now", "confirm": "never"}
    module: Any = SimpleNamespace(params={**said, **params}, check_mode=looks_only, warn=lambda _told: None)
    ledger = _ledger.with_states({}, "fake", {OWNER: "vpsx", GOING: "mve"}, dict(Fake.there), ())
    return _firewall_module._Call(module, nothing, looks_only, {OWNER: "vpsx"}, ledger, waiting)


def test_without_a_word_a_change_that_takes_something_away_is_to_be_confirmed(firewall: type[Fake]) -> None:
    with pytest.raises(_host.HostError, match="This change takes something away that is let in now"):
        _firewall_module._apply(call(confirm=None, confirm_timeout=None), "fake", {OWNER: ()})
    assert firewall.there[OWNER] != Found()


def change(after: States) -> _commit.Change:
    before = {owner: Fake.there[owner] for owner in after}
    return _commit.Change("fake", dict.fromkeys(after, "x"), before, after, "me@here", 30)


def test_a_change_that_waits_is_foretold_as_if_it_were_kept(firewall: type[Fake]) -> None:
    waiting = change({OWNER: both(NEW), GOING: Found()})
    asked = call(waiting=waiting, looks_only=True)
    # It is live and not saved yet.
    for owner, after in waiting.after.items():
        firewall.there[owner] = Found(firewall.there[owner].saved, after.live)
    found = _firewall_module._apply(asked, "fake", {OWNER: (NEW,)})
    assert not found["differs"]
    assert found["removed_by_others"] == {}
    assert found["stale"] == []
    assert found["before"][OWNER]["saved"] == ["in tcp 631 from 192.0.2.0/24"]
    assert _firewall_module._apply(asked, "fake", {OWNER: (OLD,)})["differs"]


def test_one_that_waits_on_another_firewall_says_nothing_of_this_one() -> None:
    waiting = replace(change({OWNER: both(NEW)}), firewall="other")
    found = _firewall_module._apply(call(waiting=waiting, looks_only=True), "fake", {OWNER: (OLD,)})
    assert not found["differs"]
    assert found["stale"] == [GOING]


@pytest.mark.parametrize("wrong", [OSError(28, "No space left on device"), KeyError("handle"), _host.HostError("No.")])
def test_whatever_goes_wrong_in_a_change_is_put_back_and_said(firewall: type[Fake], wrong: Exception) -> None:
    before = dict(firewall.there)
    firewall.fails["go_live"] = wrong
    asked = call()
    _ledger.write(asked.ledger)
    with pytest.raises(_host.HostError) as told:
        _firewall_module._apply(asked, "fake", {OWNER: (NEW,)})
    assert str(told.value).endswith("What was there before was put back.")
    assert str(wrong.args[-1]) in str(told.value)
    assert firewall.there == before
    assert _ledger.read() == asked.ledger


@pytest.mark.parametrize(
    "wrong", [OSError(30, "Read-only file system"), _host.HostError("Read-only file system. Nothing was changed.")]
)
def test_what_can_not_be_removed_of_a_firewall_that_is_not_active_is_said(
    firewall: type[Fake], wrong: Exception
) -> None:
    firewall.fails["forget"] = wrong
    with pytest.raises(_host.HostError, match=r"What is left in other, .* Read-only file system.* All else is done\.$"):
        _firewall_module._apply(call(), "fake", {OWNER: (NEW,)})
    assert firewall.there[OWNER] == both(NEW)
    with pytest.raises(_host.HostError, match=r"What is left in other, .* nothing else was to be done\.$") as told:
        _firewall_module._clear(call(state="absent"), {})
    assert _host.UNCHANGED not in str(told.value)


def test_something_is_done_while_the_first_program_works() -> None:
    done: list[str] = []

    def run_command(words: list[str], **more: Any) -> tuple[int, str, str]:
        more["before_communicate_callback"](None)
        done.append(words[0])
        return 0, "", ""

    run = _firewall_module.runner(SimpleNamespace(run_command=run_command), lambda: done.append("meanwhile"))
    run(["first"])
    run(["second"])
    assert done == ["meanwhile", "first", "second"]
