# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iptables as a host has it: tables of two kinds, files that do not load or that nothing loads, and what is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _state
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_file as files
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_programs as programs
from ansible_collections.printnet.ports.plugins.module_utils._firewalls.iptables import Iptables
from ansible_collections.printnet.ports.plugins.module_utils._host import HostError
from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule
from ansible_collections.printnet.ports.plugins.module_utils._state import Found, Half

OWNER = "printnet.ports/vpsx"
SHORTS = {OWNER: "vpsx", "printnet.ports/mve": "mve"}
ONE = _state.half([Rule("in", "tcp", ((515, 515),), ("198.51.100.0/24",))])
NOTHING = Found()
OPEN = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
DROP = OPEN.replace("INPUT ACCEPT", "INPUT DROP")
DOCKER = OPEN.replace("COMMIT", ":DOCKER - [0:0]\n-A FORWARD -j DOCKER\n-A DOCKER -j DROP\nCOMMIT")
BROKEN = "-A INPUT --nonsense\n"
LOCK = "Another app is currently holding the xtables lock. Stopped waiting after 10s."


@dataclass
class Host:
    """The programs of iptables, and the folder that stands for /etc."""

    folder: Path
    newer: str = OPEN
    older: str = OPEN
    lock: bool = False
    asked: list[str] = field(default_factory=list)

    def run(self, words: list[str], data: str | None = None) -> tuple[int, str, str]:
        self.asked.append(" ".join(words))
        if words[0].endswith("-save"):
            return 0, self.older if "legacy" in words[0] else self.newer, ""
        if self.lock:
            return 4, "", LOCK
        return (
            (4, "", "line 2: RULE_APPEND failed (No such file or directory)") if BROKEN in (data or "") else (0, "", "")
        )

    @property
    def saved(self) -> Path:
        return self.folder / "rules.v4"

    def firewall(self) -> Iptables:
        return Iptables(self.run, SHORTS)


@pytest.fixture(name="host")
def _host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host(tmp_path)
    monkeypatch.setattr(programs, "has_ipv6", lambda: False)
    monkeypatch.setattr(programs, "_is_legacy", lambda _program: False)
    monkeypatch.setattr(programs, "_legacy_filters", lambda _version: True)
    keeper = files.Keeper("iptables.service", {4: str(host.saved)}, {})
    monkeypatch.setattr(files, "KEEPERS", (keeper,))
    monkeypatch.setattr(files._host, "starts_at_boot", lambda _unit: True)
    host.saved.write_text(DROP, encoding="utf-8")
    return host


@pytest.mark.parametrize(
    ("newer", "older", "is_on"),
    [(OPEN, OPEN, False), (DROP, OPEN, True), (OPEN, DROP, True), (OPEN, DOCKER, False), (DROP, DROP, True)],
)
def test_a_host_is_filtered_by_tables_of_either_kind(host: Host, newer: str, older: str, is_on: bool) -> None:
    host.newer, host.older = newer, older
    assert Iptables.filters(host.run) is is_on


def test_tables_that_only_forward_are_no_second_set(host: Host) -> None:
    host.older = DOCKER
    assert host.firewall().read()[OWNER] == NOTHING


def test_what_empties_a_second_set_leaves_what_is_forwarded(host: Host) -> None:
    host.older = DOCKER.replace("INPUT ACCEPT", "INPUT DROP")
    with pytest.raises(HostError, match="Two sets of tables") as told:
        host.firewall().read()
    assert "iptables-legacy -P INPUT ACCEPT; iptables-legacy -F INPUT;" in str(told.value)
    assert "legacy -F;" not in str(told.value)
    assert "-X" not in str(told.value)


def test_what_the_kernel_refuses_is_not_the_lock(host: Host) -> None:
    assert "RULE_APPEND failed" in programs.fault(host.run, 4, BROKEN)
    host.lock = True
    with pytest.raises(HostError, match="has held the lock of iptables"):
        programs.fault(host.run, 4, DROP)


def change(firewall: Iptables, aim: Half) -> _state.States:
    now = firewall.read()
    return firewall.check({owner: Found(aim, aim) if owner == OWNER else now[owner] for owner in now}, now)


def test_a_file_that_does_not_load_is_foretold_and_not_laid_to_ours(host: Host) -> None:
    host.saved.write_text(DROP.replace("COMMIT", f"{BROKEN}COMMIT"), encoding="utf-8")
    with pytest.raises(HostError, match=r"rules.v4 does not load as it is.*RULE_APPEND.*Nothing was changed\.$"):
        change(host.firewall(), ONE)
    assert not any("--test" in words for words in host.asked if "-restore --noflush" in words)


def test_ours_may_leave_a_file_that_does_not_load(host: Host) -> None:
    text = DROP.replace("COMMIT", f"{BROKEN}COMMIT")
    made = files.edit(text, 4, {OWNER: ONE.rules}, SHORTS)
    host.saved.write_text(made or "", encoding="utf-8")
    firewall = host.firewall()
    aims = change(firewall, Half())
    assert aims[OWNER] == NOTHING
    firewall.save(firewall.read(), aims)
    assert host.saved.read_text(encoding="utf-8") == text


def test_a_file_is_tried_once_a_run(host: Host) -> None:
    firewall = host.firewall()
    aims = change(firewall, ONE)
    firewall.stage(firewall.read(), aims)
    firewall.save(firewall.read(), aims)
    assert [words for words in host.asked if "-restore --test" in words] == ["iptables-restore --test -w 10"]


def test_a_trial_loads_no_module(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_is_legacy", lambda _program: True)
    monkeypatch.setattr(programs, "_legacy_filters", lambda _version: False)
    assert change(host.firewall(), ONE)[OWNER] == Found(ONE, ONE)
    assert host.asked == []


def test_a_folder_that_is_not_there_is_foretold(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = files.Keeper("iptables.service", {4: str(host.folder / "none/rules.v4")}, {})
    monkeypatch.setattr(files, "KEEPERS", (keeper,))
    with pytest.raises(HostError, match=r"none is not there\. Nothing was changed\.$"):
        change(host.firewall(), ONE)


def test_ours_leave_a_file_that_nothing_loads(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    text = files.edit(DROP, 4, {OWNER: ONE.rules, "printnet.ports/mve": ONE.rules}, SHORTS)
    host.saved.write_text(text or "", encoding="utf-8")
    monkeypatch.setattr(files._host, "starts_at_boot", lambda _unit: False)
    firewall = host.firewall()
    now = firewall.read()
    assert now[OWNER].saved == Half((), (f"{host.saved}, which nothing loads, has rules of it",))
    assert set(Iptables(host.run, {}).owners().values()) == {"vpsx", "mve"}
    # What is wanted stays: what loads it may come back.
    aims = firewall.check({owner: Found(ONE, ONE) for owner in now}, now)
    assert all(aim == Found(now[owner].saved, ONE) for owner, aim in aims.items())
    firewall.save(now, aims)
    assert host.saved.read_text(encoding="utf-8") == text
    aims = firewall.check({OWNER: NOTHING, "printnet.ports/mve": Found(ONE, ONE)}, now)
    assert aims[OWNER] == NOTHING
    firewall.save(now, aims)
    left = host.saved.read_text(encoding="utf-8")
    assert ("pnports1-vpsx" in left, "pnports1-mve" in left) == (False, True)
    assert firewall.read()[OWNER] == NOTHING


def test_another_name_of_a_file_that_is_loaded_is_the_same_file(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    (host.folder / "other").symlink_to(host.saved)
    used, same = files.Keeper("a", {4: str(host.saved)}, {}), files.Keeper("b", {4: str(host.folder / "other")}, {})
    monkeypatch.setattr(files, "KEEPERS", (used, same))
    host.saved.write_text(files.edit(DROP, 4, {OWNER: ONE.rules}, SHORTS) or "", encoding="utf-8")
    assert host.firewall().read()[OWNER].saved == ONE


@pytest.mark.parametrize(
    ("text", "saves"),
    [
        ('IPTABLES_SAVE_ON_STOP="yes"\n', True),
        ("# a\n  IPTABLES_SAVE_ON_STOP=yes # so\n", True),
        ("IP6TABLES_SAVE_ON_STOP='yes'", True),
        ('IPTABLES_SAVE_ON_STOP="yes"\nIPTABLES_SAVE_ON_STOP="no"\n', False),
        ('#IPTABLES_SAVE_ON_STOP="yes"\n', False),
        ('IPTABLES_SAVE_ON_STOP="no"\nIPTABLES_SAVE_ON_RESTART="yes"\n', False),
        ("", False),
    ],
)
def test_what_would_save_a_change_that_nobody_confirmed(
    host: Host, monkeypatch: pytest.MonkeyPatch, text: str, saves: bool
) -> None:
    config = host.folder / "config"
    assert Iptables.would_save(host.run) == ""
    monkeypatch.setattr(files, "CONFIGS", {str(host.saved): str(config)})
    assert Iptables.would_save(host.run) == ""
    config.write_text(text, encoding="utf-8")
    told = Iptables.would_save(host.run)
    assert bool(told) is saves
    assert told.endswith(f"TABLES_SAVE_ON_STOP is yes in {config}" if saves else "")


@pytest.mark.parametrize("line", ["-X", "-F INPUT", "-D INPUT 1"])
def test_a_file_that_takes_away_what_stands_above_is_refused(host: Host, line: str) -> None:
    host.saved.write_text(DROP.replace("COMMIT", f"-A INPUT -j LOG\n{line}\nCOMMIT"), encoding="utf-8")
    with pytest.raises(HostError, match=f"takes away what stands above it: {line}"):
        change(host.firewall(), ONE)
