# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: flows of a plan whose ends have no IP version in common. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from ansible_collections.printnet.ports.plugins.plugin_utils._errors import listed
from ansible_collections.printnet.ports.plugins.plugin_utils._flow_rows import Row
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan


class _Versions:
    """The IP versions of networks. Many rows share one tuple of thousands."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Sequence[str], frozenset[str]]] = {}

    def of(self, networks: Sequence[str]) -> frozenset[str]:
        if id(networks) not in self._known:
            self._known[id(networks)] = networks, frozenset("6" if ":" in network else "4" for network in networks)
        return self._known[id(networks)][1]

    def are_apart(self, some: Sequence[str], others: Sequence[str]) -> bool:
        one, other = self.of(some), self.of(others)
        return bool(one and other) and one.isdisjoint(other)


def strangers(plan: SitePlan, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Flows whose ends have no IP version in common, so that nobody can use their rules, as pairs of sentences."""
    versions = _Versions()
    flows: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        if versions.are_apart(row.source.networks, row.destination.networks):
            flows.setdefault((row.source.label, row.destination.label), {})[row.flow.id] = None
    for (source, destination), names in flows.items():
        yield (
            f"{source} and {destination} have no IP version in common, so nothing can come of {listed(names)}.",
            "Name addresses of both versions in printnet_addresses or printnet_networks.",
        )
    told = {name for names in flows.values() for name in names}
    for (component, version, others, lost), hosts in _single(plan, versions, told).items():
        own = f"{listed(hosts)} of {component} {'has' if len(hosts) == 1 else 'have'} addresses of IPv{version} only"
        yield (
            f"{own}, where these have none: {listed(others)}. Nothing can come of {listed(lost)} there.",
            "Name the other addresses of these hosts in printnet_addresses, or the others' in printnet_networks.",
        )


_Lost = tuple[str, str, tuple[str, ...], tuple[str, ...]]
"""A component, the version that its hosts have, those that they have none in common with, and the flows."""


def _single(plan: SitePlan, versions: _Versions, told: Collection[str]) -> dict[_Lost, list[str]]:
    """Hosts that are apart from peers, though others of their component are not."""
    found: dict[_Lost, list[str]] = {}
    members = plan.members
    for name, host in plan.hosts.items():
        for share in host.shares:
            here = members[share.component][name].networks
            apart = [want for want in share.wants if want.flow.id not in told and versions.are_apart(here, want.peers)]
            if apart:
                others, lost = ({want.other: None for want in apart}, {want.flow.id: None for want in apart})
                key = (share.component, "".join(versions.of(here)), tuple(others), tuple(lost))
                found.setdefault(key, []).append(name)
    return found
