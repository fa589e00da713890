# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: components of one host that receive on the same port, and the option that moves one of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import listed
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Share
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import PortSpan
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan

_Ports = dict[tuple[str, PortSpan], str]
_Clash = tuple[str, str, str, PortSpan, str, str]
"""Both components, transport, port, and a flow of each."""


def clashes(plan: SitePlan) -> Iterator[tuple[str, str]]:
    """What clashes on which hosts, and the ways out, as pairs of sentences."""
    found: dict[_Clash, list[str]] = {}
    for host in plan.hosts.values():
        for clash in _on_host(host.shares):
            found.setdefault(clash, []).append(host.name)
    for (one, other, transport, port, flow, other_flow), hosts in found.items():
        ways = [*_ways_out(plan.estate.catalog, flow, port), *_ways_out(plan.estate.catalog, other_flow, port)]
        ways.sort(key=lambda way: not way[0])
        both = f"{one} ({flow}) and {other} ({other_flow}) both receive on {transport}/{span_text(port)}"
        move = " or ".join(text for _ready, text in ways)
        yield (
            f"{listed(hosts)}: {both}, and only one program can listen there.",
            f"Unless the same web server serves both, move one: {move}.",
        )


def _on_host(shares: tuple[Share, ...]) -> Iterator[_Clash]:
    ports = [(share.component, _received(share)) for share in shares]
    for (one, own), (other, others) in combinations(ports, 2):
        for (transport, span), flow in own.items():
            for (other_transport, other_span), other_flow in others.items():
                if transport == other_transport and span[0] <= other_span[1] and other_span[0] <= span[1]:
                    both = (max(span[0], other_span[0]), min(span[1], other_span[1]))
                    yield one, other, transport, both, flow, other_flow


def _received(share: Share) -> _Ports:
    """The ports that the component listens on, each with a flow. A flow from a fixed port comes to no listener."""
    found: _Ports = {}
    for want in share.wants:
        if want.direction == "in" and want.source_port is None:
            found.setdefault((want.flow.transport, want.port), want.flow.id)
    for entry in share.unknown:
        if entry.direction == "in" and not entry.flow.match_source_port:
            found.setdefault((entry.flow.transport, entry.port), entry.flow.id)
    return found


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
