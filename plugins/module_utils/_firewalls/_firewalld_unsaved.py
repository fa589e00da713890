# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a reload of firewalld would change for others: what is only live goes, what is only saved comes.

A service counts where a zone or a policy names it; no other one means anything to a packet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _firewalld_files, _whole_file
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_bus import Bus, plain, rich_of
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_interfaces import staying

Settings = dict[str, Any]
_TELLS_NOTHING = {"version", "short", "description"}
_OURS = re.compile(r"pn(?:ports|pout)\d-")
_SERVICE = re.compile(r'service name="([^"]+)"')
_DEFAULT_ZONE = re.compile(r"^\s*DefaultZone\s*=\s*(\S+)", re.MULTILINE)
_SHOWN = 5
"""More items of one setting than this are counted only."""


def unsaved(bus: Bus, is_ours: Callable[[str], bool]) -> list[str]:
    """One line for each thing that is only live or only saved, beside policies and sets that are ours."""
    config, zones, sets = bus.config(), bus.live(".zone"), bus.live(".ipset")

    def every(names: Any, ask: Callable[[str], Settings]) -> dict[str, Settings]:
        return {name: ask(name) for name in bus.names(names) if not is_ours(name)}

    def policies(kind: str) -> dict[str, Settings]:
        return {name: plain(bus.policy(kind, name)) for name in bus.policies(kind) if not is_ours(name)}

    live = {
        "zone": every(zones.getZones, lambda name: plain(bus.call(zones.getZoneSettings2, name))),
        "policy": policies("live"),
        "ipset": every(sets.getIPSets, lambda name: _set(bus.call(sets.getIPSetSettings, name))),
    }
    saved = {
        "zone": _combined(every(config.getZoneNames, lambda name: bus.saved_settings("zone", name)), live["zone"]),
        "policy": policies("saved"),
        "ipset": every(config.getIPSetNames, lambda name: _set(bus.saved_set(name))),
    }
    default = str(bus.call(bus.live().getDefaultZone))
    found = [*_default_zone(default), *_of_other_owners(live, saved), *_timed(live["ipset"])]
    live["service"], saved["service"] = _services(bus, [*live.values(), *saved.values()])
    stay = staying(bus, live, saved, default)
    for settings in (*live["zone"].values(), *saved["zone"].values()):
        settings["interfaces"] = [one for one in settings.get("interfaces", ()) if one not in stay]
    for kind, now in live.items():
        found += _walk(kind, now, saved[kind])
    return [*found, *_compare("direct", *_direct(bus))]


def _walk(kind: str, live: Mapping[str, Settings], saved: Mapping[str, Settings]) -> Iterator[str]:
    for name in sorted(live.keys() | saved.keys()):
        if name in live and name in saved:
            yield from _compare(f"{kind} {name}", live[name], saved[name])
        else:
            yield f"{kind} {name}: only {'live' if name in live else 'saved'}"


def _compare(what: str, now: Settings, then: Settings) -> list[str]:
    keys = sorted((now.keys() | then.keys()) - _TELLS_NOTHING)
    pairs = [(key, now.get(key, []), then.get(key, [])) for key in keys]
    return [f"{what}: {key} {_difference(live, saved)}" for key, live, saved in pairs if live != saved]


def _difference(now: Any, then: Any) -> str:
    """What is live and what is saved of one setting, without what is both."""
    if not isinstance(now, list) or not isinstance(then, list):
        return f"is {now or 'unset'}, saved is {then or 'unset'}"
    parts = ((word, set(some) - set(others)) for word, some, others in (("live", now, then), ("saved", then, now)))
    return "; ".join(f"only {word} {_few(part)}" for word, part in parts if part)


def _few(items: Iterable[str]) -> str:
    every = sorted(items)
    more = [f"and {len(every) - _SHOWN} more"] if len(every) > _SHOWN else []
    return ", ".join([*every[:_SHOWN], *more])


def _combined(saved: Mapping[str, Settings], live: Mapping[str, Settings]) -> dict[str, Settings]:
    """The saved zones as they will be live: the files of a folder are one zone, of which firewalld joins the lists."""
    found: dict[str, Settings] = {}
    for name, settings in saved.items():
        folder, slash, _file = name.partition("/")
        if not slash:
            found[name] = settings
            continue
        zone = found.setdefault(folder, {key: one for key, one in live.get(folder, {}).items() if isinstance(one, str)})
        for key, value in settings.items():
            if isinstance(value, list):
                zone[key] = sorted({*zone.get(key, ()), *value})
    return found


def _of_other_owners(live: Mapping[str, dict[str, Settings]], saved: Mapping[str, dict[str, Settings]]) -> list[str]:
    """Of owners of ours that this run is not about: what would be lost. What is saved of them was asked for.

    They are taken out. A set that is only live counts with the rule that names it.
    """
    found = []
    for kind, key, has in (("policy", "rich_rules", rich_of), ("ipset", "entries", _entries)):
        for name in filter(_OURS.match, sorted(live[kind].keys() | saved[kind].keys())):
            now, then = live[kind].pop(name, {}), saved[kind].pop(name, {})
            lost = has(now) - has(then)
            if lost and (then or kind == "policy"):
                found.append(f"{kind} {name}: {key} only live {_few(lost)}")
    return found


def _entries(settings: Settings) -> frozenset[str]:
    return frozenset(settings.get("entries", ()))


def _default_zone(live: str) -> list[str]:
    """Out of its file: firewalld itself would tell only later what somebody has written there."""
    text = ""
    with suppress(OSError):
        text = _whole_file.read(str(_firewalld_files.FOLDER / "firewalld.conf"))
    saved = _DEFAULT_ZONE.findall(text)
    return [f"the default zone is {live}, saved is {saved[-1]}"] if saved and saved[-1] != live else []


def _services(bus: Bus, places: Iterable[Mapping[str, Settings]]) -> tuple[dict[str, Settings], dict[str, Settings]]:
    """The services that something names, live and saved, with those that they include."""
    live: dict[str, Settings] = {}
    saved: dict[str, Settings] = {}
    ask = bus.live().getServiceSettings2
    left = {name for some in places for settings in some.values() for name in _named(settings)}
    while left:
        name = left.pop()
        for found, settings in (
            (live, plain(bus.attempt(ask, name) or {})),
            (saved, bus.saved_settings("service", name)),
        ):
            if settings:
                found[name] = settings
                left.update(set(settings.get("includes", ())) - live.keys() - saved.keys())
    return live, saved


def _named(settings: Settings) -> list[str]:
    rules = [*settings.get("rules_str", ()), *settings.get("rich_rules", ())]
    return [*settings.get("services", ()), *_SERVICE.findall("\n".join(rules))]


def _set(values: Any) -> Settings:
    """The settings of a set by name."""
    return plain(dict(zip(("version", "short", "description", "type", "options", "entries"), values or ())))


def _timed(live: Mapping[str, Settings]) -> list[str]:
    """Sets whose entries nobody can ask for."""
    return [
        f"ipset {name}: its entries have a timeout, and would be gone"
        for name, settings in sorted(live.items())
        if any(re.match(r"timeout [^0]", option) for option in settings["options"])
    ]


def _direct(bus: Bus) -> tuple[Settings, Settings]:
    """The direct rules, live and saved."""
    kinds = ("chains", "rules", "passthroughs")
    live = bus.live(".direct")
    now = [bus.call(ask) for ask in (live.getAllChains, live.getAllRules, live.getAllPassthroughs)]
    then: Any = bus.attempt(bus.config(".config.direct").getSettings) or ([], [], [])
    return plain(dict(zip(kinds, now))), plain(dict(zip(kinds, then)))
