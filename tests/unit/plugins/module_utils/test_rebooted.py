# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reboot leaves of a change that nobody confirmed, where something else had saved it meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import (
    _active,
    _commit,
    _firewall_info,
    _host,
    _records,
    _rules,
    _state,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._backend import Backend
from ansible_collections.printnet.ports.plugins.module_utils._state import Found, Half, States

OWNER = "printnet.ports/vpsx"
OLD = _state.half([_rules.Rule("in", "tcp", ((22, 22),), ("192.0.2.0/24",))])
NEW = _state.half([_rules.Rule("in", "tcp", ((515, 515),), ("192.0.2.0/24",))])
NONE = Half()


class Fake(Backend):
    """A firewall that keeps what it is given."""

    has = Found()
    fails = False

    def read(self) -> States:
        return dict.fromkeys(self.shorts, Fake.has)

    def put_back(self, _now: States, before: States) -> None:
        if self.fails:
            raise _host.HostError("The disk is full.")
        Fake.has = before[OWNER]


def run(*_words: object, **_more: object) -> tuple[int, str, str]:
    return 0, "", ""


@pytest.fixture(autouse=True)
def _folder(kept_here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_commit, "FIREWALLS", {"fake": Fake})
    monkeypatch.setattr(_active, "active_firewalls", lambda _run: ["fake"])
    monkeypatch.setattr(_commit.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(Fake, "fails", False)


def rebooted(has: Found, before: Found, after: Half = NEW) -> None:
    """A host that was rebooted while a change waited, and what it has now."""
    Fake.has = has
    change = _commit.Change(
        "fake", {OWNER: "vpsx"}, {OWNER: before}, {OWNER: Found(after, after)}, "me@here", 30, 1, "then", boot="another"
    )
    _records.write(_commit.KEPT, _commit._text(change))


@pytest.mark.parametrize(
    ("has", "before", "stays"),
    [
        (Found(OLD, OLD), Found(OLD, OLD), False),
        (Found(NEW, NEW), Found(OLD, OLD), True),
        (Found(NEW, OLD), Found(OLD, OLD), True),
        (Found(OLD, NEW), Found(OLD, OLD), True),
        # What was live only is gone, or is live again as it is saved.
        (Found(NONE, NONE), Found(NONE, OLD), False),
        (Found(OLD, OLD), Found(OLD, NONE), False),
        # What nothing of ours saves may be loaded all the same.
        (Found(NONE, NEW), Found(NONE, OLD), True),
    ],
)
def test_what_something_else_saved_is_put_back(has: Found, before: Found, stays: bool) -> None:
    rebooted(has, before)
    told = _firewall_info._outlasted(run)
    assert bool(told) is stays
    assert [one["cause"] for one in _firewall_info.restored(stays)] == ([] if stays else [_commit.REBOOTED])
    assert not _commit._settle(run)
    assert Fake.has == (before if stays else has)
    (sentence,) = _records.sentences()
    assert _commit.REBOOTED in sentence
    assert ("something else had saved it" in sentence) is stays
    assert not _commit.KEPT.exists()
    assert not _commit._settle(run)
    assert len(_records.entries()) == 1
    assert _firewall_info._outlasted(run) == []


def test_it_is_tried_again_where_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    rebooted(Found(NEW, NEW), Found(OLD, OLD))
    monkeypatch.setattr(Fake, "fails", True)
    with pytest.raises(_host.HostError, match=r"something else had saved it.*could not: The disk is full\."):
        _commit._settle(run)
    assert _records.entries() == []
    monkeypatch.setattr(Fake, "fails", False)
    assert not _commit._settle(run)
    assert Fake.has == Found(OLD, OLD)


def test_a_firewall_that_is_not_in_use_any_more_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rebooted(Found(NEW, NEW), Found(OLD, OLD))
    monkeypatch.setattr(_active, "active_firewalls", lambda _run: ["another"])
    assert not _commit._settle(run)
    assert Fake.has == Found(NEW, NEW)
    assert [one["cause"] for one in _records.entries()] == [_commit.REBOOTED]
