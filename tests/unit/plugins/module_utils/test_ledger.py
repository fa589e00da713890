# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host remembers of the last run, and what it says when some of it is gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _ledger, _records, _rules
from ansible_collections.printnet.ports.plugins.module_utils._host import HostError
from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule
from ansible_collections.printnet.ports.plugins.module_utils._state import Found, States, half

VPSX, DIS, BACKUP = (f"printnet.ports/{name}" for name in ("vpsx", "dis", "backup"))
SHORTS = {VPSX: "vpsx", DIS: "dis", BACKUP: "backup"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The host's folder, which is not there yet."""
    path = tmp_path / "printnet.ports"
    monkeypatch.setattr(_records, "FOLDER", path)
    monkeypatch.setattr(_records, "ELSEWHERE", tmp_path / "elsewhere.json")
    monkeypatch.setattr(_ledger, "PATH", path / "left.json")
    return path


def rule(ports: str, *peers: str, source: str = "") -> Rule:
    return _rules.parse(
        {
            "direction": "in",
            "transport": "tcp",
            "ports": ports.split(","),
            "peers": peers or ["192.0.2.0/24"],
            "source_ports": [source] if source else [],
        }
    )


def state(*rules: Rule, saved: tuple[Rule, ...] | None = None) -> Found:
    return Found(half(rules if saved is None else saved), half(rules))


def left(states: States, by_hand: tuple[str, ...] = (), firewall: str = "nftables") -> None:
    """A run that left these states."""
    _ledger.write(_ledger.with_states(_ledger.read(), firewall, SHORTS, states, by_hand))


def gone(states: States, firewall: str = "nftables") -> dict[str, list[str]]:
    return _ledger.gone(_ledger.read(), firewall, states)


@pytest.mark.parametrize(
    ("before", "now", "lines"),
    [
        (state(rule("515,631")), state(rule("515,631")), []),
        (state(rule("515")), state(rule("515", "192.0.2.0/25", "192.0.2.128/25")), []),
        (state(rule("515")), state(rule("500-600", "any")), []),
        (state(rule("515,631")), state(rule("515")), ["in tcp 631 from 192.0.2.0/24"]),
        (state(rule("515")), state(), ["in tcp 515 from 192.0.2.0/24"]),
        (state(rule("515")), state(rule("515", "192.0.2.0/25")), ["in tcp 515 from 192.0.2.128/25"]),
        (state(rule("515")), state(rule("515"), saved=()), ["in tcp 515 from 192.0.2.0/24"]),
        (state(rule("515"), saved=()), state(saved=(rule("515"),)), ["in tcp 515 from 192.0.2.0/24"]),
        (state(rule("515", source="20")), state(rule("515", source="20"), rule("631")), []),
        (state(rule("515", source="20")), state(rule("515", source="1-99")), []),
        (
            state(rule("515", source="20")),
            state(rule("515", source="21")),
            ["in tcp 515 source port 20 from 192.0.2.0/24"],
        ),
    ],
)
def test_what_is_gone_is_named_and_nothing_else(before: Found, now: Found, lines: list[str]) -> None:
    left({VPSX: before})
    assert gone({VPSX: now}) == ({VPSX: lines} if lines else {})


def test_one_network_of_ten_thousand_is_found() -> None:
    peers = [f"10.{number // 128}.{number % 128 * 2}.0/24" for number in range(10_000)]
    left({VPSX: state(rule("515", *peers))})
    assert gone({VPSX: state(rule("515", *peers[:-1]))}) == {VPSX: [f"in tcp 515 from {peers[-1]}"]}


def test_owners_are_kept_apart_and_the_file_goes_with_the_last(folder: Path) -> None:
    left({VPSX: state(rule("515"))})
    left({DIS: state(rule("5701"))})
    left({BACKUP: state(rule("8080"))}, by_hand=(BACKUP,))
    assert (folder / "left.json").stat().st_mode & 0o777 == 0o600
    assert _ledger.components(_ledger.read()) == [DIS, VPSX]
    assert gone({DIS: state()}) == {DIS: ["in tcp 5701 from 192.0.2.0/24"]}
    left({DIS: state(), BACKUP: state()})
    assert list(_ledger.read()) == [VPSX]
    left({VPSX: state()})
    assert not folder.exists()


def test_another_firewall_has_had_nothing_taken_away() -> None:
    left({VPSX: state(rule("515"))}, firewall="firewalld")
    assert gone({VPSX: state()}) == {}


def good() -> dict[str, Any]:
    entry = {
        "firewall": "nftables",
        "short": "vpsx",
        "by_hand": False,
        "saved": "",
        "live": "in tcp 515 - 192.0.2.0/24",
    }
    return {"form": 1, "owners": {VPSX: entry}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"form": 1}',
        '{"form": 1, "owners": []}',
        '{"form": 1, "owners": {"printnet.ports/vpsx": 1}}',
        json.dumps({**good(), "form": 2}),
        json.dumps(good()).replace("192.0.2.0/24", "192.0.2.0/99"),
        json.dumps(good()).replace("in tcp", "in"),
        json.dumps(good()).replace('"short": "vpsx"', '"short": "../x"'),
        json.dumps(good()).replace("printnet.ports/vpsx", "somebody/else"),
        "\N{LATIN SMALL LETTER E WITH ACUTE}",
    ],
)
def test_a_damaged_one_tells_nothing(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "left.json").write_bytes(text.encode("latin-1"))
    assert gone({VPSX: state()}) == {}
    (folder / "left.json").write_text(json.dumps(good()), encoding="utf-8")
    assert gone({VPSX: state()}) == {VPSX: ["in tcp 515 from 192.0.2.0/24"]}


def test_while_a_change_is_made_there_is_none(folder: Path) -> None:
    left({VPSX: state(rule("515")), DIS: state(rule("5701"))})
    with _ledger.renewed("nftables", SHORTS, {VPSX: state(rule("631"))}, []):
        assert not (folder / "left.json").exists()
    assert gone({VPSX: state(rule("631")), DIS: state()}) == {DIS: ["in tcp 5701 from 192.0.2.0/24"]}


def test_a_change_that_fails_leaves_it_as_it_was() -> None:
    left({VPSX: state(rule("515"))})
    before = _ledger.read()
    with pytest.raises(HostError), _ledger.renewed("nftables", SHORTS, {VPSX: state()}, []):
        raise HostError("no")
    assert _ledger.read() == before


def test_a_disk_that_takes_nothing_is_no_reason_to_fail(folder: Path) -> None:
    folder.write_text("a file where the folder should be", encoding="utf-8")
    left({VPSX: state(rule("515"))})
    assert _ledger.read() == {}


def test_the_sentence_is_not_longer_than_somebody_reads() -> None:
    removed = {
        VPSX: [f"in tcp {number} from {'192.0.2.0/24 ' * 99}" for number in range(1, 9)],
        DIS: ["in tcp 5701 from any"],
    }
    told = _ledger.sentence(removed)
    assert len(told) < 600
    assert "printnet.ports/vpsx (in tcp 1 from " in told
    assert "; 5 more), printnet.ports/dis (in tcp 5701 from any)." in told
