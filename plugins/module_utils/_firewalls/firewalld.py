# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the firewall firewalld.

Each owner has a policy of its own from any zone to the host. Its priority puts it behind every rule of the zones and
of other policies, and before the zones' final reject or drop, so others' drops win. Source: firewalld.policies(5).

Policies and sets can be made and removed by a reload only; their rules and entries change while they are live. A reload
drops what others have live and not saved, so where there is such a thing none is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _firewalld_bus as bus
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _rich
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_unsaved import unsaved
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._rich import Half
from ansible_collections.printnet.ports.plugins.module_utils._host import UNCHANGED, HostError
from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule, lines, overlap

BINDINGS = "dbus"
"""The Python library of the host that this file needs; firewalld itself depends on it."""
PREFIX = "pnports1-"
"""Begins the name of a policy of ours; 1 is the format's version. firewalld allows 18 characters."""
NAME_LENGTH = 18
HEAVY = 100
"""More single changes than this take longer than a reload."""


@dataclass(frozen=True)
class Found:
    """What is there of one owner. ``intact`` is whether it is made as ours are, apart from the rules."""

    saved: Half = field(default_factory=Half)
    live: Half = field(default_factory=Half)
    intact: bool = True


States = dict[str, Found]
"""What is there or wanted, by owner."""


def has_bindings() -> bool:
    """Whether this Python can speak to firewalld."""
    return bus.HAS_BINDINGS


class Firewall:
    """firewalld with the policies of the owners; ``shorts`` maps each owner to a short name of at most 9 characters."""

    def __init__(self, shorts: Mapping[str, str]) -> None:
        self._names = {owner: (PREFIX + short)[:NAME_LENGTH] for owner, short in shorts.items()}
        self._bus = bus.Bus()

    def read(self) -> States:
        """What is there of each owner."""
        found = {}
        for owner, name in self._names.items():
            (saved, saved_intact), (live, live_intact) = self._bus.read_saved(name), self._bus.read_live(name)
            found[owner] = Found(saved, live, saved_intact and live_intact)
        return found

    def aim(self, wanted: Mapping[str, tuple[Rule, ...]], now: States) -> States:
        """What will be there after a commit; a HostError where that can't be reached. Changes nothing."""
        aims = {owner: self._aim(owner, rules) for owner, rules in wanted.items()}
        reloads = [owner for owner, aim in aims.items() if _needs_reload(now[owner], aim)]
        lost = self._unsaved() if reloads else []
        made = [owner for owner in reloads if aims[owner].live.rich is not None]
        if lost and made:
            raise HostError(
                f"firewalld needs a reload to make what {', '.join(made)} needs, and a reload would drop "
                f"what is live and not saved: {'; '.join(lost)}. Save it with: firewall-cmd --runtime-to-permanent, "
                f"or drop it with: firewall-cmd --reload. {UNCHANGED}"
            )
        if lost:
            # Without a reload the policy stays, empty, until the next one, and with it the sets, which nobody uses.
            aims.update({owner: Found(live=Half(frozenset(), now[owner].live.sets)) for owner in reloads})
        return aims

    def _unsaved(self) -> list[str]:
        names = set(self._names.values())
        return unsaved(
            self._bus, lambda name: name in names or any(_rich.set_pattern(one).match(name) for one in names)
        )

    def _aim(self, owner: str, rules: tuple[Rule, ...]) -> Found:
        try:
            half = _rich.encode(self._names[owner], (rule for rule in rules if rule.direction == "in"))
        except _rich.NotExpressibleError as wrong:
            raise HostError(f"{wrong}. {UNCHANGED}") from None
        if half.sets and not self._bus.can_hold_networks():
            raise HostError(
                f"{owner} has peers in more than {_rich.MANY} networks, which this firewalld keeps by ipset, "
                f"and the host has none: install the package ipset, then systemctl restart firewalld. {UNCHANGED}"
            )
        return Found(half, half)

    def commit(self, now: States, aims: States) -> None:
        """Make saved and live rules what is aimed at. What both sets allow stays allowed throughout."""
        changed = [owner for owner in aims if aims[owner] != now[owner]]
        for owner in changed:
            if now[owner].saved != aims[owner].saved or not now[owner].intact:
                self._bus.save(self._names[owner], owner, aims[owner].saved)
        pairs = [(owner, now[owner], aims[owner]) for owner in changed]
        if any(_needs_reload(here, aim) for _owner, here, aim in pairs) or (
            any(_changes(here, aim) > HEAVY for _owner, here, aim in pairs) and not self._unsaved()
        ):
            self._bus.reload()
            return
        for owner, here, aim in pairs:
            self._change_live(self._names[owner], here.live, aim.live)

    def _change_live(self, name: str, now: Half, aim: Half) -> None:
        """Additions first: firewalld itself would begin with the removals."""
        here, there = now.entries(), aim.entries()
        for one in there:
            self._bus.change_live_set(one, add=there[one] - here[one])
        some, others = now.rich or frozenset(), aim.rich or frozenset()
        if others - some:
            self._bus.set_live_rules(name, others | some)
        if some - others:
            self._bus.set_live_rules(name, others)
        for one in there:
            self._bus.change_live_set(one, remove=here[one] - there[one])

    def describe(self, found: Found) -> dict[str, list[str]]:
        """The saved and the live rules in lines for people."""
        return {"saved": _lines(found.saved), "live": _lines(found.live)}


def _needs_reload(now: Found, aim: Found) -> bool:
    """Whether a policy or a set comes or goes, is not as ours are, or a set's new entries touch its old ones."""
    here, there = now.live.entries(), aim.live.entries()
    return (
        (now.live.rich is None) != (aim.live.rich is None)
        or not now.intact
        or here.keys() != there.keys()
        or any(overlap(there[name] - here[name], here[name] - there[name]) for name in there)
    )


def _changes(now: Found, aim: Found) -> int:
    """How many single changes lead from the live rules to what is aimed at."""
    here, there = now.live.entries(), aim.live.entries()
    rules = (now.live.rich or frozenset()) ^ (aim.live.rich or frozenset())
    return len(rules) + sum(len(here[name] ^ there[name]) for name in there)


def _lines(half: Half) -> list[str]:
    rules, foreign = _rich.decode(half)
    return lines(rules) + [f"not ours: {text}" for text in foreign]
