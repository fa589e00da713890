# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what receives on the same port of a host as something else, and the option that moves one of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import listed
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Flow
from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Share
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan

_Ports = dict[tuple[str, PortSpan], str]
_Clash = tuple[str, str, str, PortSpan, str, str]
"""Both components, which may be the same one, transport, port, and a flow of each."""


def clashes(plan: SitePlan) -> Iterator[tuple[str, str]]:
    """What clashes on which hosts, and the ways out, as pairs of sentences."""
    found: dict[_Clash, list[str]] = {}
    for host in plan.hosts.values():
        for clash in _on_host(host.shares):
            found.setdefault(clash, []).append(host.name)
    for (one, other, transport, port, flow, other_flow), hosts in found.items():
        ways = [*_ways_out(plan.estate.catalog, flow, port), *_ways_out(plan.estate.catalog, other_flow, port)]
        ways.sort(key=lambda way: not way[0])
        move = " or ".join(text for _ready, text in ways)
        where = f"both receive on {transport}/{span_text(port)}"
        if one == other:
            yield (
                f"{listed(hosts)}: {flow} and {other_flow} of {one} {where}, so whoever may use one may use the other.",
                f"They have different ports in the vendor's list. Move one: {move}.",
            )
            continue
        both = f"{one} ({flow}) and {other} ({other_flow}) {where}"
        yield (
            f"{listed(hosts)}: {both}, and only one program can listen there.",
            f"Unless the same web server serves both, move one: {move}.",
        )


def _on_host(shares: tuple[Share, ...]) -> Iterator[_Clash]:
    for share in shares:
        yield from _moved_together(share)
    ports = [(share.component, _received(share)) for share in shares]
    for (one, own), (other, others) in combinations(ports, 2):
        for (transport, span), flow in own.items():
            for (other_transport, other_span), other_flow in others.items():
                both = _common(span, other_span) if transport == other_transport else None
                if both:
                    yield one, other, transport, both, flow, other_flow


def _moved_together(share: Share) -> Iterator[_Clash]:
    """Flows of one component that an option or an override put on one port. A web server's have it by the list."""
    flows = {(flow.id, port): flow for flow, port in _listening(share)}
    for ((name, port), flow), ((other, other_port), other_flow) in combinations(flows.items(), 2):
        same = _common(port, other_port) if flow.transport == other_flow.transport else None
        if same and not _common(flow.port, other_flow.port):
            yield share.component, share.component, flow.transport, same, name, other


def _common(one: PortSpan, other: PortSpan) -> PortSpan | None:
    first, last = max(one[0], other[0]), min(one[1], other[1])
    return (first, last) if first <= last else None


def _received(share: Share) -> _Ports:
    """The ports that the component listens on, each with a flow."""
    found: _Ports = {}
    for flow, port in _listening(share):
        found.setdefault((flow.transport, port), flow.id)
    return found


def _listening(share: Share) -> Iterator[tuple[Flow, PortSpan]]:
    """What the component receives, with the ports. A flow from a fixed port comes to no listener."""
    for want in share.wants:
        if want.direction == "in" and want.source_port is None:
            yield want.flow, want.port
    for entry in share.unknown:
        if entry.direction == "in" and not entry.flow.match_source_port:
            yield entry.flow, entry.port


def _ways_out(catalog: Catalog, flow: str, port: PortSpan) -> Iterator[tuple[bool, str]]:
    """What moves the flow; first whether its value is known to be free of this clash."""
    options = [option for option in catalog.options.values() if flow in option.ports]
    for option in options:
        if port[0] <= option.default <= port[1]:
            yield False, f"set {option.name} to another port"
        else:
            yield True, f"{option.name}: {option.default}"
    if not options:
        yield False, f"printnet_overrides: {{{flow}: {{port: another}}}}"
