# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what zones and policies of firewalld open and block. Pure.

A packet meets policies of a priority below 0, its zone, policies above 0, and then what its zone does with the rest.
Each of them has first its rich rules of a priority below 0, then what denies, what lets in, and the rich rules above 0.
What was let in on the way is not blocked any more. Sources: firewalld.richlanguage(5), firewalld.policies(5).

A rich rule of which one word is not understood is left out: nothing is said rather than something wrong.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _backend
from ansible_collections.printnet.ports.plugins.module_utils._gone import Gone, beyond

DENIES = ("DROP", "REJECT", "%%REJECT%%")
_ALL: tuple[_rules.Span, ...] = ((1, 65535),)
_FAMILY = {"ipv4": _rules.EVERYBODY[:1], "ipv6": _rules.EVERYBODY[1:], "": _rules.EVERYBODY}
_WORD = re.compile(r'\s*(?:(?P<key>[A-Za-z-]+)="(?P<value>[^"]*)"|(?P<word>[A-Za-z-]+))(?=\s|\Z)')
_CONDITIONS = ("rule", "source", "destination", "port", "source-port", "protocol", "service")
_VERDICTS = ("accept", "drop", "reject")
_LOGS = ("log", "nflog", "audit")
_PROTOCOLS = {"tcp": "tcp", "6": "tcp", "udp": "udp", "17": "udp"}
_MOST = 200_000
"""More pairs of networks than this are not compared."""


class Service(NamedTuple):
    """What a service stands for: ports such as ``22/tcp``; ``families`` where it names a destination."""

    ports: tuple[str, ...] = ()
    source_ports: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


class Look(NamedTuple):
    """What is behind the names that rules use; the entries of a set are None where they are no networks."""

    service: Callable[[str], Service]
    entries: Callable[[str], tuple[str, ...] | None]


class Place(NamedTuple):
    """A zone or a policy with its settings, and the peers whose packets meet it.

    ``sure`` says that all packets of the peers do: where several zones have interfaces, nobody knows by which one a
    peer comes. ``final``: the zone's target comes before the policies above 0, as it does before firewalld 1.0.
    ``active``: the zone has an interface or a source, which policies of old editions ask for.
    """

    where: str
    settings: Mapping[str, Any]
    peers: tuple[str, ...] = _rules.EVERYBODY
    holes: tuple[str, ...] = ()
    priority: int = 0
    direction: str = "in"
    sure: bool = True
    final: bool = False
    active: bool = True

    @property
    def is_zone(self) -> bool:
        return self.priority == 0

    @property
    def refuses(self) -> bool:
        """Whether it refuses the rest before our rules come. What is sent is let out right before such a policy."""
        at_its_end = self.final if self.is_zone else self.direction == "in"
        return at_its_end and self.settings.get("target", "") in DENIES


class _Step(NamedTuple):
    """One thing that a place does with packets. ``sure``: with all of those that it is about."""

    opens: bool
    rule: _rules.Rule
    where: str
    sure: bool = True


def foreign(places: Iterable[Place], look: Look) -> list[_backend.Foreign]:
    """What the places of one direction open and block."""
    found: list[_backend.Foreign] = []
    accepted = Gone()
    for place in sorted(places, key=lambda place: place.priority):
        here = accepted if place.sure else Gone()
        before = (accepted,) if place.sure else (accepted, here)
        for step in _steps(place, look):
            if not step.opens:
                found += [_backend.Foreign(False, rule, step.where) for rule in beyond(step.rule, before)]
                continue
            found.append(_backend.Foreign(True, step.rule, step.where))
            if step.sure:
                here.add(step.rule)
    return found


def denies(place: Place) -> bool:
    """Whether there is something in the place that could block."""
    settings = place.settings
    drops = any(re.search(r" (drop|reject)\b", text) for text in settings.get("rules", ()))
    return drops or place.refuses or bool(settings.get("forward_ports"))


def _steps(place: Place, look: Look) -> Iterator[_Step]:
    """In the order in which a packet meets them."""
    for text in place.settings.get("forward_ports", ()):
        # What is led elsewhere does not reach the port, whatever lets it in.
        port, transport, other, address = text.split("/", 3)
        where = f"{place.where}, forward port {port}/{transport} to {' '.join(filter(None, (address, other)))}"
        yield from _of(place, where, Service(ports=(f"{port}/{transport}",)), opens=False)
    rich = []
    for text in place.settings.get("rules", ()):
        parsed = parse(text)
        if parsed:
            rich.append((parsed.priority, parsed.verdict == "accept", text, parsed))
    rich.sort(key=lambda one: one[:3])
    opened = [step for one in _opened(place, look) for step in _of(place, f"{place.where}{one[0]}", *one[1:])]
    for priority, accepts, text, parsed in rich:
        if opened and (priority > 0 or (priority == 0 and accepts)):
            yield from opened
            opened = []
        yield from _of_rich(place, f"{place.where}, {text}", parsed, look)
    yield from opened
    yield from _of_target(place)


def _opened(place: Place, look: Look) -> Iterator[tuple[str, Service]]:
    settings = place.settings
    yield (
        "",
        Service(*(tuple(settings.get(key, ())) for key in ("ports", "source_ports", "protocols"))),
    )
    for name in settings.get("services", ()):
        yield f", service {name}", look.service(name)


def _of_target(place: Place) -> Iterator[_Step]:
    """What the place does with the rest."""
    target = place.settings.get("target", "")
    opens = target == "ACCEPT"
    if opens or place.refuses:
        where = f"{place.where}, target {target.strip('%')}"
        sure = place.final or not place.is_zone
        yield from _of(place, where, Service(protocols=("tcp", "udp")), opens=opens, sure=sure)


def _of(
    place: Place,
    where: str,
    what: Service,
    *,
    peers: tuple[str, ...] = _rules.EVERYBODY,
    opens: bool = True,
    sure: bool = True,
) -> Iterator[_Step]:
    """A step for each port, source port and protocol."""
    if what.families:
        families = [network for family in what.families for network in _FAMILY.get(family, ())]
        peers, sure = _both(peers, families), False
    peers = _cut(peers, place)
    if not peers:
        return
    for kind, items in (("port", what.ports), ("source", what.source_ports), ("protocol", what.protocols)):
        for item in items:
            number, _slash, transport = item.rpartition("/")
            transport = _PROTOCOLS.get(transport, "")
            try:
                spans = _ALL if kind == "protocol" else (_port(number, transport),)
            except (_rules.RuleError, OSError):
                continue
            if transport:
                source = spans if kind == "source" else ()
                rule = _rules.Rule(place.direction, transport, _ALL if source else spans, peers, source)
                yield _Step(opens, rule, where, sure and not source)


def _port(text: str, transport: str) -> _rules.Span:
    """A port or a range; firewalld keeps the name of a service as it is. Raises where it is none of them."""
    try:
        return _rules.parse_span(text)
    except _rules.RuleError:
        number = socket.getservbyname(text, transport)
        return number, number


def _of_rich(place: Place, where: str, rich: Rich, look: Look) -> Iterator[_Step]:
    peers = rich.peers(place.direction, look)
    if peers is None:
        return
    attributes = rich.attributes
    port = f"{attributes.get('port')}/{attributes.get('protocol')}"
    services = {
        "port": lambda: Service(ports=(port,)),
        "source-port": lambda: Service(source_ports=(port,)),
        "protocol": lambda: Service(protocols=(attributes.get("value", ""),)),
        "service": lambda: look.service(attributes.get("name", "")),
        "": lambda: Service(protocols=("tcp", "udp")),
    }
    # A limit lets only some through; the other end's address is the host's own, of which it may have several.
    other = "destination" if place.direction == "in" else "source"
    sure = not rich.limited and other not in rich.ends
    yield from _of(place, where, services[rich.element](), peers=peers, opens=rich.verdict == "accept", sure=sure)


@dataclass
class Rich:
    """A rich rule. ``ends`` has the attributes of ``source`` and ``destination``, ``element`` what it is about."""

    verdict: str = ""
    priority: int = 0
    family: str = ""
    limited: bool = False
    element: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    ends: dict[str, dict[str, str]] = field(default_factory=dict)

    def peers(self, direction: str, look: Look) -> tuple[str, ...] | None:
        """The networks at the other end; None where they are not known."""
        everybody = _FAMILY.get(self.family, _rules.EVERYBODY)
        end = self.ends.get("source" if direction == "in" else "destination")
        if end is None:
            return everybody
        entries: tuple[str, ...] | None = None
        if "address" in end:
            entries = networks([end["address"]])
        elif "ipset" in end:
            entries = look.entries(end["ipset"])
        if entries is None or "NOT" not in end:
            return entries if self.family == "" or entries is None else _of_family(entries, self.family)
        return _collapsed(_rules.without(everybody, entries)) if len(entries) < _MOST // 100 else None


def parse(text: str) -> Rich | None:
    """A rich rule as firewalld itself spells it; None where it is not understood, or does nothing with packets."""
    found, at, element = Rich(), 0, ""
    attributes: dict[str, str] = {}
    while at < len(text.rstrip()):
        word = _WORD.match(text, at)
        if word is None:
            return None
        at = word.end()
        if word["key"]:
            attributes[word["key"]] = word["value"]
            continue
        element = word["word"]
        if element in ("NOT", "not"):
            attributes["NOT"] = ""
        elif element == "limit":
            found.limited = bool(found.verdict)
            attributes = {}
        elif not _begin(found, element, attributes := {}):
            return None
    rule = found.ends.pop("rule", {})
    if not found.verdict or not re.match(r"-?\d{1,5}\Z", rule.get("priority", "0")):
        return None
    found.priority, found.family = int(rule.get("priority", "0")), rule.get("family", "")
    return found


def _begin(found: Rich, element: str, attributes: dict[str, str]) -> bool:
    """Note an element, whose attributes follow; whether it is known and at its place."""
    if found.verdict or element not in (*_CONDITIONS, *_VERDICTS, *_LOGS):
        return False
    if element in ("rule", "source", "destination"):
        found.ends[element] = attributes
    elif element in _VERDICTS:
        found.verdict = element
    elif element not in _LOGS:
        if found.element:
            return False
        found.element, found.attributes = element, attributes
    return True


def networks(texts: Iterable[str]) -> tuple[str, ...] | None:
    """The texts as networks of which none is within another; None where one is none."""
    found: list[str] = []
    end = (0, 0)
    try:
        # Of two that begin together the larger one comes first.
        every = (network for text in texts for network in _of_range(text))
        spans = sorted((version, first, -last) for version, first, last in map(_span, every))
    except ValueError:
        return None
    for version, first, last in spans:
        if (version, -last) > end:
            found.append(_text(version, first, -last))
            end = (version, -last)
    return tuple(found)


def _of_range(text: str) -> Iterable[str]:
    """The networks of a range of addresses, as an entry of a set may be; anything else is itself."""
    if "-" not in text:
        return (text,)
    (version, first, _end), (_version, _begin, last) = map(_rules.span_of, text.split("-", 1))
    return _rules.networks_of(version, first, last)


def _span(text: str) -> tuple[int, int, int]:
    try:
        return _rules.span_of(text)
    except ValueError:
        # Netmasks are written out now and then.
        return _rules.span_of(str(ipaddress.ip_network(text, strict=False)))


def _text(version: int, first: int, last: int) -> str:
    kind, octets = (socket.AF_INET6, 16) if version == 6 else (socket.AF_INET, 4)
    return f"{socket.inet_ntop(kind, first.to_bytes(octets, 'big'))}/{octets * 8 - (last - first).bit_length()}"


def _collapsed(peers: Iterable[str]) -> tuple[str, ...]:
    (rule,) = _rules.canonical([_rules.Rule("in", "tcp", _ALL, tuple(peers))]) or (None,)
    return rule.peers if rule else ()


def _of_family(peers: Iterable[str], family: str) -> tuple[str, ...]:
    return tuple(peer for peer in peers if (":" in peer) == (family == "ipv6"))


def _both(some: tuple[str, ...], others: Iterable[str]) -> tuple[str, ...]:
    """The addresses that are on both sides; where that is too much to tell, the first side."""
    others = tuple(others)
    if others == _rules.EVERYBODY or len(some) * len(others) > _MOST:
        return some
    return others if some == _rules.EVERYBODY else _collapsed(_rules.within(some, others))


def _cut(peers: tuple[str, ...], place: Place) -> tuple[str, ...]:
    """The peers whose packets meet the place."""
    peers = _both(peers, place.peers)
    if not place.holes or not _rules.overlap(peers, place.holes):
        return peers
    return _collapsed(_rules.without(peers, place.holes))
