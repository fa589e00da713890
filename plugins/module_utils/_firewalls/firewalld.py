# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the firewall firewalld.

Each owner has a policy of its own from any zone to the host, and one from the host where outgoing traffic is to be
let out. Its priority puts it behind every rule of the zones and of other policies, and before the zones' final reject
or drop, so others' drops win. Source: firewalld.policies(5).

Policies and sets can be made and removed by a reload only; their rules and entries change while they are live. A reload
drops what others have live and not saved, so where there is such a thing none is done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _foreign, _host, _rules, _standing, _state
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import (
    _backend,
    _firewalld_commands,
    _firewalld_files,
    _firewalld_foreign,
    _rich,
    _whole_file,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _firewalld_bus as bus
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_places import Places, Slot
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_unsaved import unsaved
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._rich import Raw

PREFIX = {"in": "pnports1-", "out": "pnpout1-"}
"""Begins the name of a policy of ours, by direction; 1 is the format's version. firewalld allows 18 characters."""
HEAVY = 100
"""More single changes than this take longer than a reload."""
_OURS = re.compile(rf"(?:{'|'.join(PREFIX.values())})([a-z0-9_]{{1,9}})(?:-[0-9a-f]{{6}}[46])?\Z")
FEW = 10
"""More than this take longer than somebody who is cut off should wait."""
_LINE = 256
"""More bytes than a rule or a network takes in a file."""
_EMPTY = "an empty policy, which the next reload removes"
_SETS = "sets without a policy"
_HAND = "a policy or a set that is not made as ours are"


class Firewalld(_backend.Backend):
    """firewalld with the policies of the owners."""

    BINDINGS = "dbus"

    def __init__(self, run: _host.Run, shorts: Mapping[str, str]) -> None:
        super().__init__(run, shorts)
        self._bus = bus.Bus()
        self._names: dict[Slot, str] = {
            (owner, direction): prefix + short
            for owner, short in self.shorts.items()
            for direction, prefix in PREFIX.items()
        }
        self._saved: dict[Slot, Raw] = {}
        self._live: dict[Slot, Raw] = {}
        self._places = Places(self._bus, self._names)
        # What each policy is to let through, as far as it was checked.
        self._asked: dict[Slot, tuple[_rules.Rule, ...]] = {}
        # The policies that are empty, and stay until somebody's reload, because one of ours would cost others.
        self._shells: set[str] = set()

    @staticmethod
    def has_bindings() -> bool:
        return bus.HAS_BINDINGS

    @classmethod
    def left(cls, _run: _host.Run, shorts: Mapping[str, str]) -> list[str]:
        return [str(path) for path in _firewalld_files.there(_policies(shorts))]

    @classmethod
    def forget(cls, _run: _host.Run, shorts: Mapping[str, str]) -> None:
        _firewalld_files.put_back(_policies(shorts), {})

    def owners(self) -> dict[str, str]:
        owners = {short: owner for owner, short in self.shorts.items()}
        shorts: dict[str, str] = {}
        titles = self._bus.titles("pn", lambda name: _short_of(name) in owners)
        # A run that was killed in the midst of a removal leaves no more than this.
        for name, title in {**dict.fromkeys(_firewalld_files.backed_up("pn"), ""), **titles}.items():
            short = _short_of(name)
            if short and not shorts.get(short, "").startswith(_standing.OWNER):
                shorts[short] = title
        # Where somebody's hand took the title away the short name tells.
        return {
            title if title.startswith(_standing.OWNER) else owners.get(short, _standing.OWNER + short): short
            for short, title in sorted(shorts.items())
        }

    def read(self) -> _state.States:
        self._bus.forget()
        self._places = Places(self._bus, self._names)
        states: dict[str, list[_state.Half]] = {owner: [] for owner in self.shorts}
        for kind, kept in (("saved", self._saved), ("live", self._live)):
            there = self._bus.read(kind, self._names.values())
            kept.update({slot: there[name][0] for slot, name in self._names.items()})
            for owner in self.shorts:
                states[owner].append(self._half(owner, there, kind))
        return {owner: _state.Found(*halves) for owner, halves in states.items()}

    def _half(self, owner: str, there: Mapping[str, tuple[Raw, Any, bool]], kind: str) -> _state.Half:
        rules, odd = [], []
        for direction in PREFIX:
            name = self._names[owner, direction]
            raw, settings, intact = there[name]
            if kind == "saved":
                odd += [f"{path} is left of a run that was interrupted" for path in _firewalld_files.backups(name)]
                odd += [f"{path} is broken" for path in _firewalld_files.broken([name])]
            if raw == Raw() or (kind == "live" and name in self._shells and not raw.rich):
                continue
            some, foreign = _rich.decode(raw, direction)
            rules += some
            odd += foreign
            slot = owner, direction
            if raw.rich is None:
                odd.append(_SETS)
            elif not intact or (settings and not bus.is_ours(settings, direction, self._places.allowed(slot))):
                odd.append(_HAND)
            elif not raw.rich:
                odd.append(_EMPTY)
            elif not foreign and not self._is_encoded(name, raw, _state.half(some).rules, kind):
                odd.append("rules that are kept in another form")
        return _state.half(rules, odd)

    def _is_encoded(self, name: str, raw: Raw, rules: tuple[_rules.Rule, ...], kind: str) -> bool:
        """Whether it is kept as this version keeps it. A live set that nothing uses waits for the next reload."""
        sets = frozenset(raw.used().items()) if kind == "live" else raw.sets
        return Raw(raw.rich, sets) in [self._encode(name, rules, variant) for variant in (0, 1)]

    def _encode(self, name: str, rules: tuple[_rules.Rule, ...], variant: int) -> Raw:
        is_out = any(rule.direction == "out" for rule in rules)
        return _rich.encode(name, rules, variant, not is_out or self._bus.sets_of_destinations())

    def denies_outgoing(self) -> bool:
        return _firewalld_foreign.outgoing_denied(self._bus) is not None

    def check(self, aims: _state.States, now: _state.States) -> _state.States:
        raws = self._encoded(aims, "live")
        if any(raw.sets for raw in raws.values()) and not self._bus.can_hold_networks():
            raise _host.HostError(
                f"Some peers are in more than {_rich.MANY} networks, which this firewalld keeps by ipset, "
                f"and the host has none: install the package ipset, then systemctl restart firewalld. {_host.UNCHANGED}"
            )
        reloaded = {slot: raw for slot, raw in raws.items() if self._comes_or_goes(slot, raw, now)}
        self._need_ipset(any(raw.sets for raw in reloaded.values()))
        self._asked = {slot: _state.only(aims[slot[0]].live, slot[1]) for slot, raw in raws.items() if raw.rich}
        for slot in self._asked:
            _firewalld_foreign.need_last(self._bus, slot[1], self._places.give(slot))
        self._need_flush(reloaded)
        lost = self._unsaved() if reloaded else []
        made = sorted({owner for owner, direction in reloaded if _state.only(aims[owner].live, direction)})
        if lost and made:
            raise _host.HostError(
                f"firewalld needs a reload to make what {', '.join(made)} needs, and a reload would drop "
                f"what is only live, and bring what is only saved: {'; '.join(lost)}. To have just that: "
                "firewall-cmd --reload. To save what is live, over what is saved of it: "
                f"firewall-cmd --runtime-to-permanent. {_host.UNCHANGED}"
            )
        if not lost:
            return aims
        # Without a reload the policy stays, empty, until the next one, and with it the sets, which nobody uses.
        shells: dict[str, list[str]] = {owner: [] for owner in aims}
        for slot in reloaded:
            shells[slot[0]].append(_SETS if self._live[slot].rich is None else _EMPTY)
        return {
            owner: _state.Found(aim.saved, aim.live._replace(odd=tuple(sorted(shells[owner]))))
            for owner, aim in aims.items()
        }

    def _need_flush(self, reloaded: Iterable[Slot]) -> None:
        """Refuse where a reload would bring back what is live of ours, or fail over it, and then let nobody in."""
        if any(self._live[slot] != Raw() for slot in reloaded) and not self._bus.flushes():
            raise _host.HostError(
                "FlushAllOnReload is no in /etc/firewalld/firewalld.conf: with this change a reload, which firewalld "
                "needs for it, would keep what it is to replace. Set it to yes, its default, then systemctl restart "
                f"firewalld. {_host.UNCHANGED}"
            )

    def _need_ipset(self, set_comes: bool) -> None:
        """Refuse a set where firewalld could not load it: beside direct rules it calls the program ipset as well."""
        if set_comes and self._bus.has_direct() and self.run(["ipset", "list", "-terse"])[0] != 0:
            raise _host.HostError(
                f"Some peers are in more than {_rich.MANY} networks, and beside direct rules, which this host has, "
                "firewalld keeps networks by the program ipset too. That is missing or does not work here: install the "
                f"package ipset, or replace the direct rules. {_host.UNCHANGED}"
            )

    def _encoded(self, aims: _state.States, kind: str) -> dict[Slot, Raw]:
        """How each policy will be: with the variant of the sets' names that is live, or else saved."""
        found = {}
        for slot, name in self._names.items():
            rules = _state.only(getattr(aims[slot[0]], kind), slot[1])
            try:
                choices = [self._encode(name, rules, variant) for variant in (0, 1)]
            except _rich.NotExpressibleError as wrong:
                raise _host.HostError(f"{wrong}. {_host.UNCHANGED}") from None
            found[slot] = self._variant(slot, choices)
        return found

    def _variant(self, slot: Slot, choices: list[Raw]) -> Raw:
        """The choice whose sets can take what is aimed at in place, with the least to change; else the one in use."""
        live = self._live[slot]
        used = live.used().keys() | self._saved[slot].used().keys()
        first, other = choices[::-1] if used & choices[1].entries().keys() else choices
        return min(first, other, key=lambda raw: (not _rich.fits(live, raw), _rich.work(live, raw)))

    def _comes_or_goes(self, slot: Slot, aim: Raw, now: _state.States) -> bool:
        """Whether a policy or a set comes or goes, is not as ours are, or a set's new entries touch its old ones."""
        live = self._live[slot]
        return (
            (live.rich is None) != (aim.rich is None)
            or (live.rich is None and live.sets != aim.sets)
            or (live.rich is not None and _HAND in now[slot[0]].live.odd)
            or not _rich.fits(live, aim)
        )

    def _unsaved(self) -> list[str]:
        names = set(self._names.values())
        return unsaved(
            self._bus, lambda name: name in names or any(_rich.set_pattern(one).match(name) for one in names)
        )

    def _may_reload(self) -> bool:
        """Whether a reload costs nobody anything, asked anew: somebody may have changed something meanwhile."""
        self._bus.forget()
        return not self._unsaved()

    def stage(self, now: _state.States, aims: _state.States) -> _state.States:
        """Make the policies and sets that have to be there before their rules can be live; they let nobody in yet.

        A policy that comes is inactive, and has its rules already, so all of them come into effect at once.
        """
        raws = self._encoded(aims, "live")
        self._need_room(self._encoded(aims, "saved"))
        needed = {
            slot: raw for slot, raw in raws.items() if raw.rich is not None and self._comes_or_goes(slot, raw, now)
        }
        heavy = {slot: raw for slot, raw in raws.items() if self._is_heavy(slot, raw)}
        if heavy and self._may_reload():
            needed.update(heavy)
        if not needed:
            return now
        # The same reload takes away what is live only of the other policies of ours.
        needed.update((slot, raw) for slot, raw in raws.items() if self._would_go(slot, raw))
        kept = _firewalld_files.keep(self._names.values())
        for slot, encoded in needed.items():
            name, raw = self._names[slot], encoded
            # Where a set can't change in place, the other variant of its name takes over.
            if self._live[slot].used().keys() & raw.entries().keys():
                variants = [self._encode(name, _state.only(aims[slot[0]].live, slot[1]), variant) for variant in (0, 1)]
                raw = next(one for one in variants if one != raw)
            saved = self._saved[slot]
            sets = frozenset({**raw.entries(), **saved.entries()}.items())
            self._save(slot, Raw(saved.rich or raw.rich or frozenset(), sets), is_inactive=not saved.rich)
        self._reload(kept)
        return self.read()

    def _would_go(self, slot: Slot, aim: Raw) -> bool:
        """Whether what is saved lacks the policy, or a set as it has to be, so that a reload takes it away."""
        saved = self._saved[slot]
        return aim.rich is not None and (saved.rich is None or not _rich.fits(saved, aim))

    def _reload(self, kept: _firewalld_files.Kept) -> None:
        """Make live what is saved; a firewalld that fails for good takes no orders, and gets its files back by hand."""
        try:
            self._bus.reload()
        except _host.HostError:
            if self._bus.state() != "RUNNING":
                with suppress(OSError):
                    _firewalld_files.put_back(self._names.values(), kept)
                self.run(["systemctl", "restart", "firewalld"])
                with suppress(_host.HostError):
                    self._bus = bus.Bus()
            raise

    def _is_heavy(self, slot: Slot, aim: Raw, most: int = HEAVY) -> bool:
        """Whether so much changes in place that a reload is faster."""
        live = self._live[slot]
        return live.rich is not None and _rich.work(live, aim) > most and self._bus.flushes()

    def go_live(self, now: _state.States, aims: _state.States) -> None:
        raws = self._encoded(aims, "live")
        changing = [slot for slot in self._names if now[slot[0]].live != aims[slot[0]].live]
        # All additions first: one owner may get what another gives up. firewalld itself would begin with removals.
        for slot in changing:
            self._add_live(slot, self._live[slot], raws[slot])
        for slot in changing:
            self._remove_live(slot, self._live[slot], raws[slot])

    def _add_live(self, slot: Slot, now: Raw, aim: Raw) -> None:
        here, there = now.entries(), aim.entries()
        for one in there:
            self._bus.change_live_set(one, add=there[one] - here.get(one, frozenset()))
        some, others = now.rich or frozenset(), aim.rich or frozenset()
        if others - some:
            self._bus.set_live_rules(self._names[slot], slot[1], others | some)

    def _remove_live(self, slot: Slot, now: Raw, aim: Raw) -> None:
        here, there = now.entries(), aim.entries()
        if (now.rich or frozenset()) - (aim.rich or frozenset()):
            self._bus.set_live_rules(self._names[slot], slot[1], aim.rich or frozenset())
        for one in there:
            self._bus.change_live_set(one, remove=here.get(one, frozenset()) - there[one])

    def _need_room(self, raws: Mapping[Slot, Raw]) -> None:
        """Refuse where a file could not be written: on a full disk firewalld would leave a half one."""
        texts = sum(len(raw.rich or ()) + sum(map(len, raw.entries().values())) for raw in raws.values())
        for folder in ("policies", "ipsets"):
            _whole_file.room(str(_firewalld_files.FOLDER / folder), 4096 + _LINE * texts)

    def save(self, now: _state.States, aims: _state.States) -> None:
        raws = self._encoded(aims, "saved")
        if any(raws[slot] != self._saved[slot] for slot in raws):
            self._need_room(raws)
        changing = [
            slot for slot in self._names if now[slot[0]].saved != aims[slot[0]].saved or raws[slot] != self._saved[slot]
        ]
        first = self._encoded(_state.widened(now, aims), "saved") if _state.moves(now, aims) else {}
        first = {slot: first[slot] for slot in changing if first.get(slot, self._saved[slot]) != self._saved[slot]}
        for slot, raw in first.items():
            self._save(slot, raw)
        for slot in changing:
            if first.get(slot) != raws[slot]:
                self._save(slot, raws[slot])

    def _save(self, slot: Slot, raw: Raw, is_inactive: bool = False) -> None:
        priority = bus.LAST if raw.rich is None else self._places.give(slot)
        self._bus.save(bus.Policy(self._names[slot], *slot, priority, is_inactive), raw)

    def commit(self, now: _state.States, aims: _state.States) -> None:
        kept = _firewalld_files.keep(self._names.values())
        self.save(now, aims)
        raws = self._encoded(aims, "live")
        owners = set(_backend.changed(now, aims))
        wanted = {slot: raw for slot, raw in raws.items() if slot[0] in owners and not aims[slot[0]].live.odd}
        reloads = any(self._comes_or_goes(slot, raw, now) or self._is_heavy(slot, raw) for slot, raw in wanted.items())
        if reloads and self._may_reload():
            self._reload(kept)
        else:
            self.go_live(now, aims)
            self._shells = {self._names[slot] for slot, raw in wanted.items() if raw.rich is None}

    def put_back(self, now: _state.States, before: _state.States) -> None:
        """Nothing was saved, so a reload does it; rule by rule firewalld may take longer than somebody can wait."""
        raws = self._encoded(before, "live")
        if (
            any(self._is_heavy(slot, raw, FEW) for slot, raw in raws.items())
            and all(found.saved == found.live for found in before.values())
            and self._may_reload()
        ):
            with suppress(_host.HostError):
                kept = _firewalld_files.keep(self._names.values())
                self.save(now, before)
                self._reload(kept)
                return
        super().put_back(now, before)

    def commands(self, now: _state.States, aims: _state.States) -> list[str]:
        raws = self._encoded(aims, "live")
        found: list[str] = []
        for slot, name in self._names.items():
            if now[slot[0]] != aims[slot[0]]:
                found += _firewalld_commands.commands(name, self._live[slot], raws[slot])
        return found

    def foreign(self) -> list[_backend.Foreign]:
        return _firewalld_foreign.foreign(self._bus, self._places.first())

    def blocking(self) -> list[_backend.Foreign]:
        return _firewalld_foreign.blocking(self._bus, self._places.first())

    def notes(self) -> list[str]:
        """Who comes behind a refusal that others of ours come before; ``blocking`` is about all of them."""
        found: list[str] = []
        for slot, rules in self._asked.items():
            first, here = self._places.first(), self._places.give(slot)
            if slot[1] == "in" and _firewalld_foreign.denies_between(self._bus, first, here):
                every = self.blocking()
                some = [one for one in _firewalld_foreign.blocking(self._bus, here) if one not in every]
                found += _foreign.voided({slot[0]: rules}, some)
        return found


def _short_of(name: str) -> str:
    """The short name of the owner whose policy or set it is; empty where it is not one of ours."""
    match = _OURS.match(name)
    return match[1] if match else ""


def _policies(shorts: Mapping[str, str]) -> list[str]:
    return [prefix + short for prefix in PREFIX.values() for short in shorts.values()]
