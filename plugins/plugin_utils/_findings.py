# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a person should know of a plan first: what is missing, doubtful or in each other's way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.printnet.ports.plugins.module_utils._rules import peer_text, span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _choices, _inventory, _plan
from ansible_collections.printnet.ports.plugins.plugin_utils._areas import Areas
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import listed
from ansible_collections.printnet.ports.plugins.plugin_utils._flow_rows import Row, line_of
from ansible_collections.printnet.ports.plugins.plugin_utils._ip_versions import strangers
from ansible_collections.printnet.ports.plugins.plugin_utils._networks import Site
from ansible_collections.printnet.ports.plugins.plugin_utils._port_clashes import clashes
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host, Party

WARNING, INFORMATION = "warning", "information"
_Wanted = tuple[str, str, PortSpan, PortSpan | None]
"""Direction, flow, port and source port of a rule."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a plan. ``topic`` is its kind in one word, ``text`` says what is so, ``advice`` what to do."""

    severity: str
    topic: str
    text: str
    advice: str = ""


def findings(plan: SitePlan, rows: Sequence[Row], reached_at: Mapping[str, str] | None = None) -> list[Finding]:
    """All findings, warnings first. ``reached_at`` has the ``ansible_host`` of hosts, where it is known."""
    hosts = {name: host for members in plan.members.values() for name, host in members.items()}
    found = [
        *_unknown(plan),
        *_everybody(plan),
        *(Finding(WARNING, "clash", text, advice) for text, advice in clashes(plan)),
        *_own_variables(plan, rows),
        *_homeless(plan),
        *_shared_addresses(plan, hosts),
        *_leased(plan, hosts),
        *_mixed(plan),
        *_two_sites(plan),
        *(Finding(WARNING, "ip-version", text, advice) for text, advice in strangers(plan, rows)),
        *_readings(rows),
        *_absent(plan),
        *_elsewhere(hosts, reached_at or {}),
        *_companions(plan, rows),
        *_gaps(plan),
    ]
    return sorted(found, key=lambda one: one.severity != WARNING)


def _unknown(plan: SitePlan) -> Iterator[Finding]:
    """Peers that nobody said the address of; what waits for them is not opened."""
    by_component: dict[str, dict[tuple[str, str], _plan.Unknown]] = {}
    for host in plan.hosts.values():
        for share in host.shares:
            for entry in share.unknown:
                by_component.setdefault(entry.component, {})[entry.direction, entry.flow.id] = entry
    received = [name for name, entries in by_component.items() if any(way == "in" for way, _id in entries)]
    for severity, names in (
        (WARNING, received),
        (INFORMATION, [name for name in by_component if name not in received]),
    ):
        for name in names:
            waiting = [entry for (way, _id), entry in by_component[name].items() if way == "in" or name not in received]
            flows = ", ".join(
                f"{entry.flow.transport}/{span_text(entry.port)} to {entry.flow.destination} ({entry.flow.id})"
                for entry in waiting
            )
            yield Finding(
                severity,
                "unknown-peer",
                f"The inventory names no address for {name}. "
                f"{'Not opened' if name in received else 'Not planned'}: {flows}.",
                # One mapping for all of them: two would be one key twice.
                "\n".join(_plan.lines_to_add(names))
                if name == names[-1]
                else f"The lines to add stand below, with those for {names[-1]}.",
            )


def _everybody(plan: SitePlan) -> Iterator[Finding]:
    """Ports that are open to everybody because nobody said where their peers are."""
    told: dict[str, list[str]] = {}
    for host in plan.hosts.values():
        for share in host.shares:
            if share.everybody:
                told.setdefault(_plan.open_to_everybody(share), []).append(host.name)
    for sentence, names in told.items():
        yield Finding(WARNING, "open-to-everybody", f"{listed(names)}: {sentence}", _plan.NAME_THEM)


def _readings(rows: Iterable[Row]) -> Iterator[Finding]:
    """Flows that are on though their document does not say them outright."""
    flows = {row.flow.id: row.flow for row in rows}
    for flow in flows.values():
        if flow.reading == "doubtful":
            yield Finding(
                WARNING,
                "reading",
                f"{flow.id} is on, and its reading is doubtful. {flow.note}",
                f"printnet_overrides: {{{flow.id}: {{enabled: false}}}} switches it off.",
            )
    derived = [flow for flow in flows.values() if flow.reading == "derived"]
    if derived:
        named = listed([f"{flow.id} ({line_of(flow)})" for flow in derived], len(derived))
        yield Finding(
            INFORMATION,
            "reading",
            f"Concluded from the wording of a document that does not say it outright: {named}.",
            "The note of each, and what was concluded, stands in docs/flows.md of the project: "
            "https://github.com/printnet/ports/blob/main/docs/flows.md",
        )


def _gaps(plan: SitePlan) -> Iterator[Finding]:
    catalog, parties = plan.estate.catalog, plan.estate.topology.parties
    for component in catalog.components.values():
        if component.name in parties and parties[component.name].known:
            for gap in component.gaps:
                yield Finding(INFORMATION, "gap", gap)


def _companions(plan: SitePlan, rows: Iterable[Row]) -> Iterator[Finding]:
    """Flows that no document names, and that go with one which is on."""
    catalog, on = plan.estate.catalog, {row.flow.id for row in rows}
    for flow in catalog.flows.values():
        if flow.beside in on and flow.id not in on:
            source_port = f" from port {span_text(flow.source_port)}" if flow.source_port else ""
            reason = _choices.state(catalog, flow, plan.estate.settings, plan.estate.topology.options).reason
            yield Finding(
                INFORMATION,
                "gap",
                f"In no document, and off: {flow.id}, {flow.transport}/{span_text(flow.port)}{source_port} from "
                f"{flow.source} to {flow.destination}. {flow.note}",
                f"Where you need it: {reason.partition('; ')[2] or reason}.",
            )


def _shared_addresses(plan: SitePlan, hosts: Mapping[str, Host]) -> Iterator[Finding]:
    """Addresses that two hosts claim: peers can't tell these apart."""
    catalog = plan.estate.catalog
    calls_itself = {
        name: members
        for name, members in plan.members.items()
        if any(flow.peer_feature or flow.source == name for flow in catalog.flows_by("destination", name))
    }
    names: dict[str, list[Host]] = {}
    for host in hosts.values():
        for network in host.networks:
            names.setdefault(network, []).append(host)
    for network, sharing in names.items():
        if len(sharing) > 1:
            translated = all(any(seen == network for seen, _own in host.behind) for host in sharing)
            who = f"{peer_text(network)} is the address of {listed([host.name for host in sharing])}"
            if translated:
                among = [one for one, all_ in calls_itself.items() if sum(host.name in all_ for host in sharing) > 1]
                yield Finding(
                    WARNING if among else INFORMATION,
                    "shared-address",
                    f"{who}, behind a translation: what one of them may, the others may too."
                    + (" They open nothing to each other." if among else ""),
                    f"Where they reach each other at that address, name it under {' and '.join(among)} in "
                    "printnet_networks."
                    if among
                    else "",
                )
            else:
                yield Finding(
                    WARNING,
                    "shared-address",
                    f"{who}.",
                    "Set printnet_addresses of each to its own. Where it is one host under two names, keep one.",
                )


def _leased(plan: SitePlan, hosts: Mapping[str, Host]) -> Iterator[Finding]:
    """Addresses within a pool that hands them out for a while."""
    pools = Areas(Site(pool, pool, "") for pool in plan.networks.lease_pools)
    inside: dict[str, list[str]] = {}
    for host in hosts.values() if plan.networks.lease_pools else ():
        for network in host.networks:
            if pool := pools.of(network).site:
                inside.setdefault(pool, []).append(f"{host.name} ({peer_text(network)})")
    for component, networks in plan.networks.by_component.items():
        for network in networks:
            pool = pools.of(network).site
            if pool and pool != network:
                inside.setdefault(pool, []).append(f"{peer_text(network)} of {component}")
    for pool, there in inside.items():
        yield Finding(
            WARNING,
            "lease-pool",
            f"{pool} is a lease pool, and these are in it: {listed(there)}. When a lease moves, rules let in whoever "
            "has the address then.",
            "Give them addresses that stay, or name the whole pool in printnet_networks.",
        )


def _mixed(plan: SitePlan) -> Iterator[Finding]:
    """Networks of one component that hold hosts of ours which are another."""
    catalog, members = plan.estate.catalog, plan.members
    for component, party in plan.estate.topology.parties.items():
        areas = Areas(Site(network, network, "") for network in party.networks)
        inside: dict[str, list[str]] = {}
        for name, host in plan.hosts.items() if party.networks else ():
            if any(component in catalog.here(other) for other in host.components):
                continue
            for network in members[host.components[0]][name].networks:
                if around := areas.of(network).site:
                    inside.setdefault(around, []).append(f"{name} ({', '.join(host.components)})")
        for around, names in inside.items():
            yield Finding(
                INFORMATION,
                "mixed-network",
                f"{peer_text(around)}, a network of {component}, holds {listed(names)} as well: they may do what "
                f"{component} may.",
                f"Name smaller networks for {component} in printnet_networks where that is too much.",
            )


def _two_sites(plan: SitePlan) -> Iterator[Finding]:
    """Networks of which two rows of the file of networks say different things."""
    for word in ("site", "owner"):
        told: dict[str, dict[str, None]] = {}
        for row in plan.networks.sites:
            if name := getattr(row, word):
                told.setdefault(row.network, {})[name] = None
        different: dict[tuple[str, ...], list[str]] = {}
        for network, said in told.items():
            if len(said) > 1:
                different.setdefault(tuple(said), []).append(peer_text(network))
        for names, networks in different.items():
            yield Finding(
                WARNING,
                "two-sites",
                f"The {word} of {listed(networks)} is {' and '.join(names)} in the file of networks. The plan has the "
                "first.",
                "Let all rows of a network say the same.",
            )


def _homeless(plan: SitePlan) -> Iterator[Finding]:
    """Hosts of a component that lives on others, which are not among these: there, nobody lets them in."""
    catalog, parties = plan.estate.catalog, plan.estate.topology.parties
    lost: dict[tuple[str, str], list[str]] = {}
    for name, host in plan.hosts.items():
        for component in host.components:
            home = catalog.components[component].lives_on
            if home and not _is_at(parties.get(home), parties[component].hosts[name]):
                lost.setdefault((component, home), []).append(name)
    for (component, home), names in lost.items():
        yield Finding(
            WARNING,
            "membership",
            f"{component} lives on {home}, but these of its hosts are not among those of {home}: {listed(names)}. "
            f"Others do not let them in for the flows of {home}.",
            f"Put the group {component} into the group {home}, or their networks under {home} in printnet_networks.",
        )


def _absent(plan: SitePlan) -> Iterator[Finding]:
    """Components whose rules are to go on hosts that stay in their groups."""
    hosts: dict[str, list[str]] = {}
    for name, components in plan.absent.items():
        for component in components:
            hosts.setdefault(component, []).append(name)
    for component, names in hosts.items():
        variable = _inventory.state_of(plan.estate.catalog.components[component].role)
        yield Finding(
            INFORMATION,
            "absent",
            f"{variable} is absent on {listed(names)}: no rules of {component} are planned there. The others go on "
            f"knowing {'it' if len(names) == 1 else 'them'} as {component}.",
            f"Take out of the group of {component} what is no {component} any more.",
        )


def _is_at(party: Party | None, host: Host) -> bool:
    if party is None or not party.known:
        return False
    return party.everybody or host.name in party.hosts or not _addresses.without(host.networks, party.networks)


def _elsewhere(hosts: Mapping[str, Host], reached_at: Mapping[str, str]) -> Iterator[Finding]:
    """Hosts that Ansible reaches at an address which is none of those their peers see."""
    found = []
    for name, target in reached_at.items():
        host = hosts.get(name)
        if host is None or host.origin != "printnet_addresses":
            continue
        address = _addresses.address(target)
        known = {peer_text(network) for pair in host.behind for network in pair} | set(map(peer_text, host.networks))
        if address and address not in known:
            found.append(f"{name} (ansible_host {address})")
    if found:
        yield Finding(
            INFORMATION,
            "address",
            f"Ansible reaches these at an address that is not among their printnet_addresses: {listed(found)}. Rules "
            "go by printnet_addresses.",
        )


def _own_variables(plan: SitePlan, rows: Iterable[Row]) -> Iterator[Finding]:
    """Hosts whose plan is not what the estate's variables make it, as some of their own say otherwise."""
    catalog = plan.estate.catalog
    expected: dict[tuple[str, str], set[_Wanted]] = {}
    ours = {component for host in plan.hosts.values() for component in host.components}
    for row in rows:
        for direction in row.opened:
            end = row.destination if direction == "in" else row.source
            for name in end.hosts if end.component in ours else ():
                wanted = (direction, row.flow.id, row.port, row.source_port)
                expected.setdefault((name, end.component), set()).add(wanted)
    apart: dict[str, None] = {}
    for name, host in plan.hosts.items():
        for share in host.shares:
            # What it has as one of those that it lives on is theirs.
            kinds = catalog.kinds(share.component)
            planned = {
                (want.direction, want.flow.id, want.port, want.source_port)
                for want in share.wants
                if want.flow.source in kinds or want.flow.destination in kinds
            }
            if not planned <= expected.get((name, share.component), set()):
                apart[name] = None
    if apart:
        yield Finding(
            WARNING,
            "own-variables",
            f"Variables of their own make the plan of {listed(apart)} another than that of the estate. The flows are "
            "those of the estate; what these hosts open is in the view of hosts.",
            "Set what holds for all, such as printnet_features, in group_vars/all.yml.",
        )
    if plan.apart:
        yield Finding(
            INFORMATION,
            "own-variables",
            f"The networks of {listed(plan.apart)} are others than those of most hosts. Each host's flows have those "
            "that it names itself.",
        )
