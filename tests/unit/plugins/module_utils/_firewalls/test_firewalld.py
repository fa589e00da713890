# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies and sets that come, stay and go, on a firewalld of which only the D-Bus face is made up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _foreign, _host, _state
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import (
    _firewalld_files,
    _firewalld_foreign,
    _whole_file,
    firewalld,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_bus import Policy, rich_of
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_meaning import Place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._rich import Raw, set_pattern
from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule

ONE, OTHER = "printnet.ports/one", "printnet.ports/other"
SHORTS = {ONE: "one", OTHER: "other"}
IN, OUT = {"ingress_zones": ["ANY"], "egress_zones": ["HOST"]}, {"ingress_zones": ["HOST"], "egress_zones": ["ANY"]}
DROP = 'rule family="ipv4" source address="198.51.100.10" drop'
FEW = ("198.51.100.0/24",)
FAR = [f"10.{number}.0.0/24" for number in range(0, 24, 2)]


class Fake:
    """What is saved and live of policies and sets, and what of others a reload would drop."""

    def __init__(self) -> None:
        self.policies_of: dict[str, dict[str, dict[str, Any]]] = {"saved": {}, "live": {}}
        self.sets_of: dict[str, dict[str, frozenset[str]]] = {"saved": {}, "live": {}}
        self.others: Any = None
        self.unsaved: list[str] = []

    def __getattr__(self, name: str) -> Any:
        """What is asked of it, and true of this one."""
        answers = {"is_old": False, "has_direct": False, "forget": None}
        return lambda *_arguments: answers.get(name, True)

    def add(self, name: str, **settings: Any) -> None:
        """A policy of somebody else."""
        self.others = None
        for side in self.policies_of.values():
            side[name] = {"target": "CONTINUE", "rich_rules": [], **settings}

    def policies(self, kind: str) -> list[str]:
        return list(self.policies_of[kind])

    def policy(self, kind: str, name: str) -> dict[str, Any]:
        return self.policies_of[kind][name]

    def priorities(self) -> dict[str, set[int]]:
        names = {*self.policies_of["saved"], *self.policies_of["live"]}
        sides = self.policies_of.values()
        return {name: {side[name]["priority"] for side in sides if name in side} for name in names}

    def read(self, kind: str, names: Iterable[str]) -> dict[str, Any]:
        found = {}
        for name in names:
            settings = self.policies_of[kind].get(name)
            rich = None if settings is None else rich_of(settings)
            mine = {one: some for one, some in self.sets_of[kind].items() if set_pattern(name).match(one)}
            found[name] = (Raw(rich, frozenset(mine.items())), settings, True)
        return found

    def save(self, policy: Policy, raw: Raw) -> None:
        policies, sets = self.policies_of["saved"], self.sets_of["saved"]
        for one in [one for one in sets if set_pattern(policy.name).match(one)]:
            del sets[one]
        sets.update(raw.entries())
        policies.pop(policy.name, None)
        if raw.rich is not None:
            ends = dict(IN if policy.direction == "in" else OUT)
            if policy.is_inactive:
                del ends["egress_zones"]
            rules = {"priority": policy.priority, "rich_rules": sorted(raw.rich)}
            policies[policy.name] = {"target": "CONTINUE", **rules, **ends}

    def set_live_rules(self, name: str, direction: str, rich: Iterable[str]) -> None:
        if name not in self.policies_of["live"]:
            raise _host.HostError(f"firewalld says: INVALID_POLICY: {name}.")
        self.policies_of["live"][name].update(IN if direction == "in" else OUT, rich_rules=sorted(rich))

    def change_live_set(self, name: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        self.sets_of["live"][name] = self.sets_of["live"][name] - {*remove} | {*add}

    def reload(self) -> None:
        self.policies_of["live"] = deepcopy(self.policies_of["saved"])
        self.sets_of["live"] = deepcopy(self.sets_of["saved"])

    def live_priorities(self) -> dict[str, int]:
        return {name: settings["priority"] for name, settings in self.policies_of["live"].items() if name[:2] == "pn"}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Fake:
    made = Fake()
    monkeypatch.setattr(firewalld.bus, "Bus", lambda: made)
    monkeypatch.setattr(firewalld, "unsaved", lambda _bus, _is_ours: made.unsaved)
    monkeypatch.setattr(_whole_file, "room", lambda _folder, _size: None)
    monkeypatch.setattr(_firewalld_files, "FOLDER", tmp_path)
    public = {"public": Place("firewalld, zone public", {"target": "default", "rules": ()})}
    monkeypatch.setattr(_firewalld_foreign, "_zones", lambda _bus: public)
    monkeypatch.setattr(_firewalld_foreign, "_direct", lambda _bus: [])
    return made


def rule(port: int, peers: Iterable[str] = FEW, direction: str = "in") -> Rule:
    return Rule(direction, "tcp", ((port, port),), tuple(peers))


def both(rules: Iterable[Rule]) -> _state.Found:
    return _state.Found(_state.half(rules), _state.half(rules))


class Call:
    """A firewall that was read, and what was checked."""

    def __init__(self, wanted: Mapping[str, Iterable[Rule]]) -> None:
        self.wanted = {owner: tuple(wanted.get(owner, ())) for owner in SHORTS}
        self.firewall = firewalld.Firewalld(lambda _words, *_more: (0, "", ""), SHORTS)
        self.now = self.firewall.read()
        self.aims = self.firewall.check({owner: both(rules) for owner, rules in self.wanted.items()}, self.now)

    def warnings(self) -> list[str]:
        return [*self.firewall.notes(), *_foreign.voided(self.wanted, self.firewall.blocking())]


def make(wanted: Mapping[str, Iterable[Rule]]) -> bool:
    """Make it live and save it; whether there was something to do."""
    call = Call(wanted)
    if call.aims != call.now:
        call.firewall.commit(call.now, call.aims)
        assert call.firewall.read() == call.aims
    return call.aims != call.now


def test_each_gets_a_priority_of_its_own_and_keeps_it(fake: Fake) -> None:
    fake.add("theirs", priority=32766, **IN)
    assert make({ONE: [rule(515)]})
    assert make({ONE: [rule(515)], OTHER: [rule(9100)]})
    assert fake.live_priorities() == {"pnports1-one": 32767, "pnports1-other": 32765}
    assert not make({ONE: [rule(515)], OTHER: [rule(9100)]})
    assert make({OTHER: [rule(9100)]})
    assert make({ONE: [rule(515)], OTHER: [rule(9100)]})
    assert fake.live_priorities() == {"pnports1-one": 32767, "pnports1-other": 32765}


def test_two_that_have_the_same_priority_get_others(fake: Fake) -> None:
    wanted = {ONE: [rule(515)], OTHER: [rule(9100)]}
    make(wanted)
    for side in fake.policies_of.values():
        side["pnports1-other"]["priority"] = 32767
    assert make(wanted)
    assert sorted(fake.live_priorities().values()) == [32765, 32766]
    assert not make(wanted)


@pytest.mark.parametrize(
    ("direction", "theirs", "last"),
    [
        ("in", {"ban": {"priority": 32766, "rich_rules": [DROP], **IN}}, 32765),
        (
            "out",
            {
                "ban": {"priority": 9, "rich_rules": [DROP.replace("source", "destination")], **OUT},
                "deny": {"priority": 11, "target": "REJECT", **OUT},
            },
            8,
        ),
    ],
)
def test_nobody_comes_before_the_drops_of_others(
    fake: Fake, direction: str, theirs: Mapping[str, Any], last: int
) -> None:
    for name, settings in theirs.items():
        fake.add(name, **settings)
    one, other = [rule(515, direction=direction)], [rule(9100, direction=direction)]
    with pytest.raises(_host.HostError, match=rf"The policy ban .* of a lower priority than {last}\b"):
        Call({ONE: one, OTHER: other})
    assert make({ONE: one})
    assert Call({ONE: one}).aims == Call({ONE: one}).now


def test_a_refusal_blocks_who_comes_behind_it(fake: Fake) -> None:
    fake.add("last", priority=32766, target="DROP", **IN)
    wanted = {ONE: [rule(515)], OTHER: [rule(9100)]}
    blocked = "firewalld, policy last, target DROP blocks tcp 515 that printnet.ports/one asks for"
    for _foretold_and_made in range(2):
        (said,) = Call(wanted).warnings()
        assert said.startswith(blocked)
        make(wanted)
    # Who stays keeps its place, though one behind the refusal is free.
    make({OTHER: [rule(9100)]})
    assert fake.live_priorities() == {"pnports1-other": 32765}
    assert Call({OTHER: [rule(9100)]}).warnings() == []


@pytest.mark.parametrize("shell", [True, False])
def test_what_is_only_live_outlasts_the_reload_for_another(fake: Fake, shell: bool) -> None:
    """A policy that was emptied, or one whose file somebody removed."""
    make({ONE: [rule(515)], OTHER: [rule(9780, FAR)]})
    if shell:
        fake.unsaved = ["zone public: ports only live 1/tcp"]
        make({ONE: [rule(515)]})
        fake.unsaved = []
    else:
        del fake.policies_of["saved"]["pnports1-other"]
        fake.sets_of["saved"].clear()
    call = Call({ONE: [rule(515, FAR)], OTHER: [rule(9780, [*FAR, "192.0.2.0/24"])]})
    staged = call.firewall.stage(call.now, call.aims)
    call.firewall.go_live(staged, call.aims)
    found = call.firewall.read()
    assert {owner: one.live.rules for owner, one in found.items()} == {
        owner: one.live.rules for owner, one in call.aims.items()
    }
    call.firewall.commit(found, call.aims)
    assert call.firewall.read() == call.aims


def test_a_policy_that_comes_has_its_rules_and_is_inactive_until_it_is_live(fake: Fake) -> None:
    call = Call({ONE: [rule(515), rule(631)]})
    staged = call.firewall.stage(call.now, call.aims)
    for side in fake.policies_of.values():
        assert len(side["pnports1-one"]["rich_rules"]) == 2
        assert "egress_zones" not in side["pnports1-one"]
    assert (staged[ONE].saved.rules, staged[ONE].live.rules) == ((), ())
    call.firewall.go_live(staged, call.aims)
    assert "egress_zones" not in fake.policies_of["saved"]["pnports1-one"]
    assert call.firewall.read()[ONE].live == call.aims[ONE].live
    call.firewall.commit(call.firewall.read(), call.aims)
    assert call.firewall.read() == call.aims


@pytest.mark.parametrize("lost", [[], ["zone public: ports only live 1/tcp"]])
def test_sets_without_a_policy_go(fake: Fake, lost: list[str]) -> None:
    make({ONE: [rule(515, FAR)]})
    for side in fake.policies_of.values():
        side.clear()
    fake.unsaved = lost
    assert make({})
    assert not make({})
    assert fake.sets_of["saved"] == {}
    # They let nobody in, so they wait for a reload that costs nobody anything.
    assert bool(fake.sets_of["live"]) == bool(lost)
    fake.unsaved = []
    assert make({}) == bool(lost)
    assert fake.sets_of["live"] == {}
