# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what others have in firewalld: what they open and block, and whether they let the host send."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._firewalls._backend import Foreign
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_bus import LAST, Bus, plain
from ansible_collections.printnet.ports.plugins.module_utils._host import UNCHANGED, HostError
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule, RuleError, Span, parse

_DENIES = ("DROP", "REJECT", "%%REJECT%%")
_ALL: tuple[Span, ...] = ((1, 65535),)
_RICH = re.compile(
    r"rule(?: priority=\"-?\d+\")?(?: family=\"ipv(?P<family>[46])\")?(?: (?P<end>source|destination) "
    r"(?:address=\"(?P<peer>[^\"]+)\"|ipset=\"(?P<set>[^\"]+)\"))?"
    r"(?: port port=\"(?P<port>[0-9-]+)\" protocol=\"(?P<transport>tcp|udp)\"| service name=\"(?P<service>[^\"]+)\")?"
    r"(?: (?:log|nflog|audit)\b.*?)? (?P<verdict>accept|drop|reject)(?: type=\"[^\"]*\")?\Z"
)


def outgoing_denied(bus: Bus) -> int | None:
    """The first priority at which a policy of somebody refuses what the host sends; None where none does."""
    found = [
        int(settings["priority"])
        for _name, settings in _policies_of_others(bus)
        if "HOST" in settings["ingress_zones"] and settings["target"] in _DENIES
    ]
    return min(found, default=None)


def out_priority(bus: Bus) -> int:
    """The priority of a policy that lets the host send: right before the one that refuses the rest.

    A policy's refusal is its end, so ours has to come before it. Where such a policy has drops of its own, ours would
    stand before these too, and others' drops win: then there is none.
    """
    first = outgoing_denied(bus)
    if first is None:
        return LAST
    ours = first - 1 if first != 1 else -1
    for name, settings in _policies_of_others(bus):
        if "HOST" in settings["ingress_zones"] and int(settings["priority"]) >= first:
            drops = [text for text in settings["rich_rules"] if re.search(r" (drop|reject)\b", text)]
            if drops:
                raise HostError(
                    f"The policy {name} refuses what the host sends, and has rules of its own that drop: {drops[0]}. "
                    f"What is to be opened would stand before them. Move these rules to a policy of a lower priority "
                    f"than {first}, or set printnet_outbound: false. {UNCHANGED}"
                )
    return ours


def _policies_of_others(bus: Bus) -> Iterator[tuple[str, dict[str, Any]]]:
    policies = bus.live(".policy")
    for name in bus.names(policies.getPolicies):
        if not re.match(r"pn(?:ports|pout)\d-", name):
            settings = plain(bus.call(policies.getPolicySettings, name))
            defaults: dict[str, Any] = {"priority": "0", "target": "CONTINUE", **dict.fromkeys(_LISTS, ())}
            yield name, {**defaults, **settings}


_LISTS = ("ingress_zones", "egress_zones", "rich_rules", "ports", "services", "sources", "source_ports")


def foreign(bus: Bus) -> list[Foreign]:
    """The ports and rich rules of the zones that are in use and of policies towards the host, as far as understood."""
    found: list[Foreign] = []
    zones = bus.live(".zone")
    used = {*map(str, bus.call(zones.getActiveZones)), str(bus.call(bus.live().getDefaultZone))}
    for name in sorted(used):
        settings = {**dict.fromkeys(_LISTS, ()), **plain(bus.call(zones.getZoneSettings2, name))}
        sources = [text for text in settings["sources"] if re.match(r"[0-9a-f.:]+(/\d+)?\Z", text)]
        others = settings.get("interfaces") or len(sources) < len(settings["sources"]) or not sources
        found += _of(bus, f"firewalld, zone {name}", settings, EVERYBODY if others else tuple(sources))
    for name, settings in _policies_of_others(bus):
        if "HOST" in settings["egress_zones"]:
            where = f"firewalld, policy {name}"
            found += _of(bus, where, settings, EVERYBODY)
            if (
                settings["target"] in _DENIES
                and "ANY" in settings["ingress_zones"]
                and int(settings["priority"]) < LAST
            ):
                found += [Foreign(False, Rule("in", one, _ALL, EVERYBODY), where) for one in ("tcp", "udp")]
    return found


def _of(bus: Bus, where: str, settings: Mapping[str, Any], peers: tuple[str, ...]) -> Iterator[Foreign]:
    for port in settings["ports"]:
        yield from _opened(where, port, peers)
    for service in settings["services"]:
        for port in _service(bus, service):
            yield from _opened(f"{where}, service {service}", port, peers)
    for text in settings["rich_rules"]:
        yield from _rich(bus, f"{where}, {text}", text, peers)


def _opened(where: str, port: str, peers: tuple[str, ...]) -> Iterator[Foreign]:
    number, _slash, transport = port.partition("/")
    rule = _rule(transport, number, peers)
    if rule:
        yield Foreign(True, rule, where)


def _rich(bus: Bus, where: str, text: str, peers: tuple[str, ...]) -> Iterator[Foreign]:
    match = _RICH.match(text)
    if match is None or match["end"] == "destination" or (match["family"] and not match["end"]):
        return
    if match["peer"]:
        peers = (match["peer"],)
    elif match["set"]:
        peers = tuple(map(str, bus.attempt(bus.live(".ipset").getEntries, match["set"]) or ()))
    if match["service"]:
        ports = _service(bus, match["service"])
    elif match["port"]:
        ports = [f"{match['port']}/{match['transport']}"]
    else:
        ports = ["1-65535/tcp", "1-65535/udp"]
    for port in ports:
        number, _slash, transport = port.partition("/")
        rule = _rule(transport, number, peers)
        if rule:
            yield Foreign(match["verdict"] == "accept", rule, where)


def _service(bus: Bus, name: str) -> list[str]:
    settings = bus.attempt(bus.live().getServiceSettings2, name) or {}
    return list(plain(settings).get("ports", ()))


def _rule(transport: str, port: str, peers: Iterable[str]) -> Rule | None:
    try:
        return parse({"direction": "in", "transport": transport, "ports": [port], "peers": list(peers)})
    except RuleError:
        return None
