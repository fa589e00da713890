# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What firewall_info says of the firewalls that a host has, and of changes that wait or were taken back."""

from __future__ import annotations

import fcntl
import json
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import (
    _commit,
    _firewall_info,
    _host,
    _records,
    _rules,
    _state,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import FIREWALLS
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._backend import Backend
from ansible_collections.printnet.ports.plugins.module_utils._host import HostError
from ansible_collections.printnet.ports.plugins.module_utils._state import Found, Half, States

OWNER = "printnet.ports/vpsx"
RULE = _rules.Rule("in", "tcp", ((515, 515),), ("192.0.2.0/24",))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is read of the machine that runs the test."""
    monkeypatch.setattr(_host, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(_commit, "PENDING", tmp_path / "pending.json")
    monkeypatch.setattr(_commit, "KEPT", tmp_path / "kept.json")
    monkeypatch.setattr(_records, "RECORDS", tmp_path / "restored.json")
    monkeypatch.setattr(_records, "ELSEWHERE", tmp_path / "elsewhere.json")
    monkeypatch.setattr(_firewall_info, "_PAUSE", 0)
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "active", "name"),
    [
        ("auto", [], ""),
        ("auto", ["ufw"], "ufw"),
        ("auto", ["ufw", "iptables"], ""),
        ("ufw", ["ufw", "iptables"], "ufw"),
    ],
)
def test_choose(asked: str, active: list[str], name: str) -> None:
    assert _firewall_info.choose(asked, active) == name


@pytest.mark.parametrize(
    ("asked", "active", "said"),
    [
        ("uwf", ["ufw"], "must be auto or one of"),
        ("ufw", [], "No firewall is active"),
        ("ufw", ["iptables"], "iptables is active on this host, and the task asks for ufw"),
        ("ufw", ["nftables", "iptables"], "nftables and iptables are active"),
    ],
)
def test_what_can_not_be_looked_at(asked: str, active: list[str], said: str) -> None:
    with pytest.raises(HostError, match=said):
        _firewall_info.choose(asked, active)


@pytest.mark.parametrize(
    ("active", "enabled", "name", "said"),
    [
        (["ufw"], [], "ufw", []),
        (["ufw", "nftables"], [], "", ["at once", "say firewall: ufw"]),
        (["ufw", "nftables"], [], "ufw", ["at once"]),
        ([], ["nftables"], "", ["nftables starts at boot, and does not run now"]),
        ([], [], "", ["nothing is refused"]),
    ],
)
def test_notes(active: list[str], enabled: list[str], name: str, said: list[str]) -> None:
    found = _firewall_info.notes(active, enabled, name)
    assert len(found) == len(said)
    assert all(word in note for word, note in zip(said, found, strict=True))


def change(**more: Any) -> _commit.Change:
    state = {OWNER: Found(Half(), Half())}
    return _commit.Change("ufw", {OWNER: "vpsx"}, state, state, "me@here", 30, time.monotonic() + 20, "then", **more)


def test_what_waits() -> None:
    assert _firewall_info.pending(None) == {}
    found = _firewall_info.pending(change())
    assert 18 <= found.pop("seconds_left") <= 20
    assert found == {"run": "me@here", "armed": "then", "firewall": "ufw", "owners": [OWNER]}


def test_what_was_taken_back_is_told_and_kept() -> None:
    assert _firewall_info.restored() == []
    _records.add("me@here", "then", [OWNER], "of <b>{{ 7*7 }}")
    for _twice in range(2):
        (one,) = _firewall_info.restored()
        assert one["cause"] == "of <b>{{ 7*7 }}"
        assert one["sentence"].startswith(f"On {one['time']} this host put its firewall rules of {OWNER} back")


def test_what_a_reboot_took_back_is_told_before_it_is_written_down(folder: Path) -> None:
    _commit.KEPT.write_text(_commit._text(change(boot="another")), encoding="utf-8")
    before = sorted(folder.iterdir())
    first, again = _firewall_info.restored(), _firewall_info.restored()
    assert first[0]["cause"] == "the host was rebooted before it was confirmed"
    assert [one["run"] for one in again] == ["me@here"]
    assert sorted(folder.iterdir()) == before
    # As long as it is open it was not taken back.
    _commit.PENDING.write_text("damaged", encoding="utf-8")
    assert _firewall_info.restored() == []
    waiting = _commit.open_change()
    assert waiting
    assert waiting.run == "me@here"


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", "null"])
def test_a_damaged_record_is_no_traceback(text: str) -> None:
    _records.RECORDS.write_text(text, encoding="utf-8")
    assert _firewall_info.restored() == []


def test_an_odd_record_is_no_traceback() -> None:
    _records.RECORDS.write_text(json.dumps([{"owners": 5, "cause": None}]), encoding="utf-8")
    (one,) = _firewall_info.restored()
    assert "this host put its firewall rules" in one["sentence"]


class Fake(Backend):
    """A firewall of which each look is another one."""

    looks: list[Any]

    def owners(self) -> dict[str, str]:
        return {OWNER: "vpsx", "printnet.ports/mve": "mve"}

    def read(self) -> States:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        found = look() if callable(look) else look
        return {owner: Found(_state.half([RULE]), found) for owner in self.shorts}

    def denies_outgoing(self) -> bool:
        return True


PLAN: dict[str, Any] = {"asked": None, "known": [], "ports": []}


def look(monkeypatch: pytest.MonkeyPatch, *looks: Any, **plan: Any) -> dict[str, Any]:
    monkeypatch.setattr(Fake, "looks", list(looks), raising=False)
    monkeypatch.setattr(_firewall_info, "FIREWALLS", {"fake": Fake})
    return _firewall_info._look(lambda *_words: (0, "", ""), "fake", {**PLAN, **plan})


def test_ours_in_step_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = look(monkeypatch, _state.half([RULE]))
    assert list(seen["owners"]) == ["printnet.ports/mve", OWNER]
    line = "in tcp 515 from 192.0.2.0/24"
    assert seen["owners"][OWNER] == {
        "short": "vpsx",
        "saved": [line],
        "live": [line],
        "rules": [{key: value for key, value in RULE.as_dict().items() if key != "flows"}],
        "saved_rules": [{key: value for key, value in RULE.as_dict().items() if key != "flows"}],
        "in_step": True,
    }
    assert (seen["egress"], seen["notes"], seen["pending"]) == ("denied", [], {})
    seen = look(monkeypatch, Half(), asked=[{"owner": OWNER, "short": "other"}])
    assert list(seen["owners"]) == [OWNER]
    assert (seen["owners"][OWNER]["in_step"], seen["owners"][OWNER]["short"]) == (False, "vpsx")


def test_another_run_that_came_and_went_is_looked_past(monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile() -> Half:
        with _host.locked(_host.LOCK):
            return Half()

    seen = look(monkeypatch, meanwhile, _state.half([RULE]))
    assert seen["owners"][OWNER]["in_step"]
    assert seen["notes"] == []


def test_a_refusal_of_an_unquiet_moment_is_looked_past(monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile() -> Half:
        with _host.locked(_host.LOCK):
            raise HostError("gone")

    assert look(monkeypatch, meanwhile, _state.half([RULE]))["owners"]

    def refused() -> Half:
        raise HostError("does not answer")

    with pytest.raises(HostError, match="does not answer"):
        look(monkeypatch, refused)


def test_a_run_at_work_is_told_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with _host.locked(_host.LOCK):
        assert "Another run" in look(monkeypatch, Half())["notes"][0]


def test_a_lock_that_nobody_holds_any_more_is_none(folder: Path) -> None:
    path = folder / "lock"
    assert not _host.is_held(path)
    path.touch()
    assert not _host.is_held(path)
    with path.open("w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert _host.is_held(path)
    assert not _host.is_held(path)


def test_it_knows_the_firewalls_that_there_are() -> None:
    assert set(FIREWALLS) == {"firewalld", "nftables", "iptables", "ufw"}
