# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what others have in firewalld: what they open and block, and whether they let the host send."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _host, _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _backend
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _firewalld_meaning as meaning
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_bus import LAST, Bus, plain
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_interfaces import is_inner
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_meaning import Look, Place, Service


def outgoing_denied(bus: Bus) -> int | None:
    """The first priority at which a policy of somebody refuses what the host sends; None where none does."""
    found = [
        int(settings["priority"])
        for _name, settings in _policies_of_others(bus)
        if "HOST" in settings["ingress_zones"] and settings["target"] in meaning.DENIES
    ]
    return min(found, default=None)


def out_priority(bus: Bus) -> int:
    """The priority of a policy that lets the host send: right before the one that refuses the rest."""
    first = outgoing_denied(bus)
    if first is None:
        return LAST
    return first - 1 if first != 1 else -1


def denies_between(bus: Bus, first: int, last: int) -> bool:
    """Whether a policy of somebody refuses the rest of what comes in behind the one priority and before the other."""
    return any(
        "HOST" in settings["egress_zones"]
        and settings["target"] in meaning.DENIES
        and first < int(settings["priority"]) < last
        for _name, settings in _policies_of_others(bus)
    )


def need_last(bus: Bus, direction: str, ours: int) -> None:
    """Refuse where others' drops would come behind ours, because others' drops win."""
    here, instead = (
        ("egress_zones", "") if direction == "in" else ("ingress_zones", ", or set printnet_outbound: false")
    )
    for name, settings in _policies_of_others(bus):
        drops = [text for text in settings["rich_rules"] if re.search(r" (drop|reject)\b", text)]
        if drops and "HOST" in settings[here] and int(settings["priority"]) > ours:
            raise _host.HostError(
                f"The policy {name} of priority {settings['priority']} has rules of its own that drop: {drops[0]}. "
                "What is to be opened would stand before them. Move these rules to a policy of a lower priority than "
                f"{ours}{instead}. {_host.UNCHANGED}"
            )


def _policies_of_others(bus: Bus) -> list[tuple[str, dict[str, Any]]]:
    """They are asked for once a run: three questions need them."""
    if bus.others is None:
        bus.others = list(_read_policies(bus))
    return bus.others


def _read_policies(bus: Bus) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in bus.policies("live"):
        if not re.match(r"pn(?:ports|pout)\d-", name):
            settings = plain(bus.policy("live", name))
            defaults: dict[str, Any] = {"priority": "-1", "target": "CONTINUE", **dict.fromkeys(_LISTS, ())}
            yield name, {**defaults, **settings}


_LISTS = ("ingress_zones", "egress_zones", "rich_rules")


def foreign(bus: Bus, ours: int) -> list[_backend.Foreign]:
    """What the zones that are in use, the policies and the direct rules of others open and block.

    Ours begin at that priority.
    """
    return [*_direct(bus), *_behind(bus, _places(bus, ours))]


def blocking(bus: Bus, ours: int) -> list[_backend.Foreign]:
    """What they block. Where nothing does, what is behind the names of services and sets is not asked for."""
    places = _places(bus, ours)
    denies = any(meaning.denies(place) for some in places.values() for place in some)
    return [*_direct(bus), *(one for one in (_behind(bus, places) if denies else ()) if not one.opens)]


def _behind(bus: Bus, places: Mapping[str, list[Place]]) -> list[_backend.Foreign]:
    look = Look(lru_cache(maxsize=None)(lambda name: _service(bus, name)), lambda name: _entries(bus, name))
    return [one for some in places.values() for one in meaning.foreign(some, look)]


def _places(bus: Bus, ours: int) -> dict[str, list[Place]]:
    """The zones and policies by direction."""
    zones = _zones(bus)
    places: dict[str, list[Place]] = {"in": list(zones.values()), "out": []}
    for name, settings in _policies_of_others(bus):
        for direction, here, there in (
            ("in", "egress_zones", "ingress_zones"),
            ("out", "ingress_zones", "egress_zones"),
        ):
            if "HOST" in settings[here]:
                # What refuses the rest behind ours refuses nothing of ours.
                is_last = direction == "in" and int(settings["priority"]) > ours
                parts = {**settings, "target": "CONTINUE"} if is_last else settings
                places[direction] += _of_policy(name, parts, direction, settings[there], zones)
    return places


def _zones(bus: Bus) -> dict[str, Place]:
    """The zones that packets come through, by name. What has a zone by its source does not reach another one."""
    live = bus.live(".zone")
    active = bus.call(live.getActiveZones)
    default = str(bus.call(bus.live().getDefaultZone))
    by_source: dict[str, tuple[str, ...]] = {}
    by_interface = [default]
    for name, found in active.items():
        interfaces = [str(one) for one in found.get("interfaces", ())]
        # No print peer comes out of a bridge of virtual machines or containers.
        if str(name) != default and not all(map(is_inner, interfaces)):
            by_interface.append(str(name))
        sources = _sources(bus, map(str, found.get("sources", ())))
        if sources:
            by_source[str(name)] = sources
    drifts = bool(by_source) and bus.drifts()
    closed: dict[str, tuple[str, ...]] = {}
    places = {}
    for name in dict.fromkeys([*by_source, *by_interface]):
        settings = plain(bus.call(live.getZoneSettings2, name))
        settings["rules"] = settings.get("rules_str", ())
        ends = settings.get("target") != "default"
        place = Place(f"firewalld, zone {name}", settings, final=ends and bus.is_old(), active=name in active)
        if name in by_interface:
            holes = meaning.networks(peer for other, some in closed.items() if other != name for peer in some)
            place = place._replace(holes=holes or (), sure=len(by_interface) == 1)
        else:
            place = place._replace(peers=by_source[name])
        if name in by_source and (ends or not drifts):
            closed[name] = by_source[name]
        places[name] = place
    return places


def _sources(bus: Bus, sources: Iterable[str]) -> tuple[str, ...]:
    """The networks of a zone; a MAC address is none."""
    found: list[str] = []
    for source in sources:
        kind, _colon, name = source.partition(":")
        found += (_entries(bus, name) if kind == "ipset" else meaning.networks([source])) or ()
    return meaning.networks(found) or ()


def _of_policy(
    name: str, settings: Mapping[str, Any], direction: str, others: Iterable[str], zones: Mapping[str, Place]
) -> list[Place]:
    """The policy, once for each zone whose packets it gets."""
    where, priority = f"firewalld, policy {name}", int(settings["priority"])
    parts = {**settings, "rules": settings["rich_rules"]}
    if "ANY" in others:
        return [Place(where, parts, priority=priority, direction=direction)]
    return [
        Place(where, parts, zones[zone].peers, zones[zone].holes, priority, direction, zones[zone].sure)
        for zone in others
        if zone in zones and zones[zone].active
    ]


def _direct(bus: Bus) -> list[_backend.Foreign]:
    """Direct rules come before all others. What they let in has its way to go nevertheless, so it opens nothing."""
    rules = bus.attempt(bus.live(".direct").getAllRules)
    if not rules:
        return []
    # Few hosts have direct rules, and only they wait for this.
    from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables

    found = []
    for version, table, chain, _priority, words in rules:
        direction = {"INPUT": "in", "INPUT_direct": "in", "OUTPUT": "out", "OUTPUT_direct": "out"}.get(str(chain))
        if table != "filter" or direction is None or version not in ("ipv4", "ipv6"):
            continue
        text = " ".join(_xtables.quote(str(word)) for word in words)
        line = _xtables.read(f"-A {chain} {text}", 4 if version == "ipv4" else 6, direction)
        rule = line.rule or line.about
        if rule is None or line.target not in _xtables.DENIES or line.plain:
            continue
        only = line.only
        if not (only.own and rule.ports == _xtables.EVERY_PORT):
            told = f"firewalld, direct rule of {version}: {text}", only.words(direction), only.own
            transports = [rule.transport] if rule.transport else _rules.TRANSPORTS
            found += [_backend.Foreign(False, rule._replace(transport=one), *told) for one in transports]
    return found


def _entries(bus: Bus, name: str) -> tuple[str, ...] | None:
    """The networks of a set; None where it has something else."""
    entries = bus.attempt(bus.live(".ipset").getEntries, name)
    return None if entries is None else meaning.networks(map(str, entries))


def _service(bus: Bus, name: str, deep: int = 3) -> Service:
    """What a service stands for, with the services that it includes."""
    settings = bus.attempt(bus.live().getServiceSettings2, name) or {}
    families = tuple(map(str, settings.get("destination", ())))
    found = plain({key: value for key, value in settings.items() if key != "destination"})
    included = [_service(bus, one, deep - 1) for one in found.get("includes", ()) if deep]
    lists = {
        key: (*found.get(key, ()), *(item for one in included for item in getattr(one, key)))
        for key in ("ports", "source_ports", "protocols")
    }
    return Service(**lists, families=families)
