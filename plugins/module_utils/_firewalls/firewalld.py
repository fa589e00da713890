# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the firewall firewalld.

Each owner has a policy of its own from any zone to the host. Its priority puts it behind every rule of the zones and
of other policies, and before the zones' final reject or drop, so others' drops win. Source: firewalld.policies(5).

A policy can be made and removed by a reload only; its rules change while it is live. A reload drops what others have
live and not saved, so where there is such a thing none is done.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _firewalld_bus as bus
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _rich
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_bus import Found, Rich
from ansible_collections.printnet.ports.plugins.module_utils._host import HostError
from ansible_collections.printnet.ports.plugins.module_utils._rules import Rule, lines

BINDINGS = "dbus"
"""The Python library of the host that this file needs; firewalld itself depends on it."""
PREFIX = "pnports1-"
"""Begins the name of a policy of ours; 1 is the format's version. firewalld allows 18 characters."""
NAME_LENGTH = 18
States = dict[str, Found]
"""What is there or wanted, by owner."""


def has_bindings() -> bool:
    return bus.HAS_BINDINGS


class Firewall:
    """firewalld with the policies of the owners; ``shorts`` maps each owner to a short name of at most 9 characters."""

    def __init__(self, shorts: Mapping[str, str]) -> None:
        self._names = {owner: (PREFIX + short)[:NAME_LENGTH] for owner, short in shorts.items()}
        self._bus = bus.Bus()

    def read(self) -> States:
        found = self._bus.find(self._names.values())
        return {owner: found[name] for owner, name in self._names.items()}

    def aim(self, wanted: Mapping[str, tuple[Rule, ...]], now: States) -> States:
        """What will be there after a commit; a HostError where that can't be reached. Changes nothing."""
        aims = {owner: self._aim(rules) for owner, rules in wanted.items()}
        made = [owner for owner, aim in aims.items() if aim.live is not None and now[owner].live is None]
        mended = [owner for owner, aim in aims.items() if not now[owner].intact and aim.live is not None]
        removed = [owner for owner, aim in aims.items() if aim.live is None and now[owner].live is not None]
        unsaved = self._bus.runtime_only(but=set(self._names.values())) if made or mended or removed else []
        if unsaved and (made or mended):
            raise HostError(
                f"firewalld needs a reload to make the policy of {', '.join(made or mended)}, and a reload would drop "
                f"what is live and not saved: {'; '.join(unsaved)}. Save it with: firewall-cmd --runtime-to-permanent, "
                "or drop it with: firewall-cmd --reload. Nothing was changed."
            )
        if unsaved:
            # Without a reload the policy stays, empty, until the next one.
            aims.update({owner: Found(None, frozenset()) for owner in removed})
        return aims

    def _aim(self, rules: tuple[Rule, ...]) -> Found:
        try:
            rich = _rich.to_rich(rule for rule in rules if rule.direction == "in")
        except _rich.NotExpressibleError as wrong:
            raise HostError(f"{wrong}. Nothing was changed.") from None
        return Found(rich, rich) if rich else Found(None, None)

    def commit(self, now: States, aims: States) -> None:
        """Makes saved and live rules what is aimed at. What both sets allow stays allowed throughout."""
        changed = [owner for owner in aims if aims[owner] != now[owner]]
        for owner in changed:
            if now[owner].saved != aims[owner].saved or not now[owner].intact:
                self._bus.save(self._names[owner], owner, aims[owner].saved)
        if any((now[owner].live is None) != (aims[owner].live is None) or not now[owner].intact for owner in changed):
            self._bus.reload()
            return
        for owner in changed:
            self._change_live(owner, now[owner].live or frozenset(), aims[owner].live or frozenset())

    def _change_live(self, owner: str, now: Rich, aim: Rich) -> None:
        """Additions first: firewalld itself would begin with the removals."""
        if aim - now:
            self._bus.set_live(self._names[owner], aim | now)
        if now - aim:
            self._bus.set_live(self._names[owner], aim)

    def describe(self, found: Found) -> dict[str, list[str]]:
        """The saved and the live rules in lines for people."""
        return {"saved": _lines(found.saved), "live": _lines(found.live)}


def _lines(rich: Rich | None) -> list[str]:
    rules, foreign = _rich.from_rich(rich or ())
    return lines(rules) + [f"not ours: {text}" for text in foreign]
