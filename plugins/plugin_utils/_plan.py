# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the rules that one host needs: flows times topology. Knows no firewall and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, product
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _standing
from ansible_collections.printnet.ports.plugins.module_utils._rules import join, span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _choices
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Flow
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Options, Party, Topology, peers


def owners(catalog: Catalog) -> list[dict[str, str]]:
    """The owners that there can be of the catalog's components, as the modules take them."""
    return [{"owner": _standing.OWNER + one.name, "short": one.short} for one in catalog.components.values()]


@dataclass(frozen=True, slots=True)
class Estate:
    """All that plans are made from."""

    catalog: Catalog
    settings: _choices.Settings
    topology: Topology
    unknown_peers: str = "skip"


@dataclass(frozen=True, slots=True)
class Want:
    """A flow that needs a rule on the host, with the other end's component and its networks in their fewest."""

    flow: Flow
    direction: str
    port: PortSpan
    source_port: PortSpan | None
    peers: tuple[str, ...]
    other: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A flow that gets no rule, because nobody said where its other end is."""

    flow: Flow
    direction: str
    port: PortSpan
    component: str


@dataclass(frozen=True, slots=True)
class Share:
    """What one component of a host needs. ``inside`` counts flows that do not leave the host.

    ``everybody`` are flows from nobody knows where that are open to everybody, as ``printnet_unknown_peers`` says.
    """

    component: str
    wants: tuple[Want, ...]
    unknown: tuple[Unknown, ...]
    inside: int = 0
    everybody: tuple[Unknown, ...] = ()

    @property
    def cut_off(self) -> bool:
        """Whether there is something to receive, all of it from nobody knows where."""
        received = any(want.direction == "in" for want in self.wants) or self.inside
        return not received and any(missing.direction == "in" for missing in self.unknown)


def share(estate: Estate, host: str, component: str, own: Options, directions: Sequence[str] = ("in", "out")) -> Share:
    """The component's share of the host's rules; ``own`` are the component's options as they hold on this host."""
    here = _Here(estate, host, component, own)
    wants: list[Want] = []
    unknown: list[Unknown] = []
    everybody: list[Unknown] = []
    inside = 0
    for direction in directions:
        for flow, other in _ends(here, direction):
            parties = estate.topology.sources(estate.catalog, other)
            if not parties:
                missing = _missing(here, flow, direction, other)
                if estate.topology.stands_for(flow, component, other, direction):
                    parties = [Party(other, everybody=True)] if missing or direction == "out" else []
                elif estate.unknown_peers == "any":
                    parties = [Party(entry.component, everybody=True) for entry in missing]
                    everybody += missing if direction == "in" else ()
                else:
                    unknown += missing
            if direction == "in" and other != component:
                inside += _is_inside(here, flow, other, parties)
            carried = estate.topology.senders if direction == "in" else estate.topology.aims
            wants += _wants(here, flow, direction, other, carried(component, flow, parties))
    return Share(component, tuple(wants), tuple(unknown), inside, tuple(everybody))


@dataclass(frozen=True, slots=True)
class _Here:
    """One component on one host, and the estate around it."""

    estate: Estate
    host: str
    component: str
    own: Options


def _ends(here: _Here, direction: str) -> Iterable[tuple[Flow, str]]:
    """The component's flows with the component at their other end.

    A flow with a ``peer_feature`` runs between the destination's own hosts as well, where the listener has it on.
    """
    catalog = here.estate.catalog
    for kind in catalog.here(here.component):
        for flow in catalog.flows_by("destination", kind):
            if direction == "in":
                yield flow, flow.source
            if flow.peer_feature:
                yield flow, flow.destination
        if direction == "out":
            for flow in catalog.flows_by("source", kind):
                yield flow, flow.destination


def _is_inside(here: _Here, flow: Flow, other: str, parties: Iterable[Party]) -> bool:
    """Whether the host receives the flow from itself, as the other party that it is as well."""
    own = (party.hosts[here.host] for party in parties if here.host in party.hosts)
    return any(_state(here, flow, "in", other, host.options).enabled for host in own)


def _wants(here: _Here, flow: Flow, direction: str, other: str, parties: Iterable[Party]) -> list[Want]:
    networks: dict[tuple[PortSpan, PortSpan | None], list[tuple[str, ...]]] = {}
    for group in peers(parties, here.host, _of_estate(here, flow, other)):
        state = _state(here, flow, direction, other, group.options)
        if state.enabled and group.networks:
            key = (state.port, state.source_port if state.match_source_port else None)
            networks.setdefault(key, []).append(group.networks)
    return [
        Want(flow, direction, port, source_port, _together(tuple(groups)), other)
        for (port, source_port), groups in networks.items()
    ]


@lru_cache(maxsize=256)
def _together(groups: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """What one group has is in its fewest already; the same groups come for each host and flow."""
    return groups[0] if len(groups) == 1 else _addresses.merge(chain.from_iterable(groups))


def _missing(here: _Here, flow: Flow, direction: str, other: str) -> list[Unknown]:
    absent = here.estate.topology.unknown(here.estate.catalog, other)
    state = _state(here, flow, direction, other, _of_estate(here, flow, other))
    return [Unknown(flow, direction, state.port, absent)] if absent and state.enabled else []


def _state(here: _Here, flow: Flow, direction: str, other: str, others: Options) -> _choices.State:
    """The flow between this host and a group of peers.

    Both ends bring the options of their own component; between two hosts of one component those of the listener
    count. Where the options of a third one count, the flow is on when any of that component's hosts needs it.
    """
    catalog, topology = here.estate.catalog, here.estate.topology
    listener = here.own if direction == "in" else others
    if _is_between_peers(here, flow, other) and not _choices.peers_on(catalog, flow, here.estate.settings, listener):
        return _choices.State(False, flow.port, None, False)
    both: tuple[Options, ...] = (others, here.own)
    if other == here.component:
        both = both[1:] if direction == "in" else both[:1]
    states = []
    for settings in product(*(topology.options_of(catalog, name) for name in _third(here, flow, other))):
        values: dict[str, Any] = {}
        for chosen in (*settings, *both):
            values.update(chosen)
        states.append(_choices.state(catalog, flow, here.estate.settings, values))
    return next((state for state in states if state.enabled), states[0])


def _is_between_peers(here: _Here, flow: Flow, other: str) -> bool:
    """Whether both ends are what the flow goes to, and not what the documents have it come from."""
    return other == flow.destination != flow.source and other in here.estate.catalog.here(here.component)


def _third(here: _Here, flow: Flow, other: str) -> list[str]:
    """The components at neither end of the flow whose options can change it."""
    catalog = here.estate.catalog
    ends = {name for end in (here.component, other) for name in (end, *catalog.residents(end))}
    return sorted({option.component for option in catalog.options_of_flow[flow.id]} - ends)


def _of_estate(here: _Here, flow: Flow, other: str) -> Options:
    """The options by which networks go: the estate's, without those of third components, whose own hosts decide."""
    options, third = here.estate.topology.options, _third(here, flow, other)
    if not third:
        return options
    components = here.estate.catalog.options
    return {name: value for name, value in options.items() if components[name].component not in third}


def rules(shares: Iterable[Share]) -> list[dict[str, Any]]:
    """The owners and their rules as the module takes them: flows with the same peers share a rule."""
    return [{"owner": _standing.OWNER + one.component, "rules": _rules(one.wants)} for one in shares]


def _rules(wants: Iterable[Want]) -> list[dict[str, Any]]:
    grouped: dict[tuple[str, str, tuple[str, ...], PortSpan | None], list[Want]] = {}
    for want in wants:
        grouped.setdefault((want.direction, want.flow.transport, want.peers, want.source_port), []).append(want)
    return [
        {
            "direction": direction,
            "transport": transport,
            "ports": [span_text(span) for span in join(want.port for want in group)],
            "source_ports": [span_text(source_port)] if source_port else [],
            "peers": list(networks),
            "flows": sorted({want.flow.id for want in group}),
        }
        for (direction, transport, networks, source_port), group in grouped.items()
    ]


def unknown_report(estate: Estate, host: str, shares: Iterable[Share]) -> list[str]:
    """Warnings for the host: what is not opened and the lines to add, and what is open to everybody.

    A PortsError where that is due.
    """
    shares = list(shares)
    told = [f"{host}: {open_to_everybody(one)} {NAME_THEM}" for one in shares if one.everybody]
    missing = [entry for one in shares for entry in one.unknown if entry.direction == "in"]
    if not missing:
        return told
    ports = "\n".join(
        f"  {entry.flow.transport}/{span_text(entry.port)} from {entry.component} ({entry.flow.id})"
        for entry in missing
    )
    cut_off = [one.component for one in shares if one.cut_off]
    advice = "\n".join(lines_to_add(entry.component for entry in missing))
    if cut_off:
        raise PortsError(
            f"{host}: nobody could reach {' and '.join(cut_off)}, because the inventory names no address for "
            f"any of its peers. Not opened:\n{ports}\n{advice}"
        )
    if estate.unknown_peers == "fail":
        raise PortsError(f"{host}: peers without an address, and printnet_unknown_peers is fail:\n{ports}\n{advice}")
    return [*told, f"{host}: the inventory names no address for some peers. Not opened:\n{ports}\n{advice}"]


NAME_THEM = "Say where these are, and let printnet_unknown_peers be skip."


def open_to_everybody(one: Share) -> str:
    """A sentence about the ports that are open to everybody because nobody said where their peers are."""
    ports = dict.fromkeys(f"{entry.flow.transport}/{span_text(entry.port)}" for entry in one.everybody)
    names = dict.fromkeys(entry.component for entry in one.everybody)
    return (
        f"{', '.join(ports)} of {one.component} {'is' if len(ports) == 1 else 'are'} open to everybody, because "
        f"printnet_unknown_peers is any and the inventory names no address for {', '.join(names)}."
    )


def lines_to_add(components: Iterable[str]) -> list[str]:
    """What to do about components without an address, with the lines to copy, which are one mapping."""
    examples: Mapping[str, str] = {"workstation": '198.51.100.0/24, "2001:db8:51::/64"'}
    names = sorted(set(components))
    advice = (
        "Put their hosts into groups of the same names. Or add the lines below to the printnet_networks that you have, "
        "under that one key: a second printnet_networks elsewhere would replace the first. Where you have none yet, "
        "put it into group_vars/all.yml beside the inventory. The networks are examples:"
    )
    return [
        advice,
        "printnet_networks:",
        *(f"  {name}: [{examples.get(name, '192.0.2.10')}]" for name in names),
    ]
