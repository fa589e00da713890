# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a reload of firewalld would cost: what others have live and not saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_bus import Bus, plain

_TELLS_NOTHING = {"version", "short", "description"}


def unsaved(bus: Bus, is_ours: Callable[[str], bool]) -> list[str]:
    """One line for each thing that is live and not saved, beside policies and sets that are ours."""
    # NetworkManager puts its interfaces back after a reload.
    ignored = {"interfaces"} if bus.is_on_the_bus("org.freedesktop.NetworkManager") else set()
    zones, policies = bus.live(".zone"), bus.live(".policy")
    found = []
    for name in bus.names(zones.getZones):
        now, then = plain(bus.call(zones.getZoneSettings2, name)), bus.saved_settings("zone", name)
        found += _compare(f"zone {name}", now, then, ignored)
    for name in bus.names(policies.getPolicies):
        if not is_ours(name):
            now, then = plain(bus.call(policies.getPolicySettings, name)), bus.saved_settings("policy", name)
            found += _compare(f"policy {name}", now, then, set())
    return [*found, *_sets(bus, is_ours), *_direct(bus)]


def _compare(what: str, now: dict[str, Any], then: dict[str, Any], ignored: set[str]) -> list[str]:
    keys = sorted((now.keys() | then.keys()) - ignored - _TELLS_NOTHING)
    pairs = [(key, now.get(key, []), then.get(key, [])) for key in keys]
    return [f"{what}: {key} {_difference(live, saved)}" for key, live, saved in pairs if live != saved]


def _difference(now: Any, then: Any) -> str:
    """What is live and what is saved of one setting, without what is both."""
    if not isinstance(now, list) or not isinstance(then, list):
        return f"is {now or 'unset'}, saved is {then or 'unset'}"
    parts = (", ".join(item for item in some if item not in others) for some, others in ((now, then), (then, now)))
    return "; ".join(f"{word} {part}" for word, part in zip(("only live", "only saved"), parts) if part)


def _sets(bus: Bus, is_ours: Callable[[str], bool]) -> list[str]:
    sets = bus.live(".ipset")
    found = []
    for name in bus.names(sets.getIPSets):
        if is_ours(name):
            continue
        entries = bus.attempt(sets.getEntries, name)
        saved = bus.saved_set(name)
        if entries is None:
            found.append(f"ipset {name}: its entries have a timeout, and would be gone")
        elif saved is None:
            found.append(f"ipset {name}: it is not saved")
        elif set(map(str, entries)) != set(map(str, saved[5])):
            found.append(f"ipset {name}: its entries differ")
    return found


def _direct(bus: Bus) -> list[str]:
    live = bus.live(".direct")
    settings = bus.attempt(bus.config(".config.direct").getSettings)
    if settings is None:
        return []
    pairs = zip(("chains", "rules", "passthroughs"), (live.getAllChains, live.getAllRules, live.getAllPassthroughs))
    lost = {
        kind: set(map(str, bus.call(current))) - set(map(str, saved)) for (kind, current), saved in zip(pairs, settings)
    }
    return [f"direct {kind}: {len(some)} not saved" for kind, some in lost.items() if some]
