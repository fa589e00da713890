# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the tuples of others in a file of ufw open and block. Pure.

What is about something else than ports of tcp or udp is left out, and so is a refusal of everything at the end. A block
that is for one interface or one address of this host only is left out too: whether it hits can't be known.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import (
    _backend,
    _ufw_order,
    _ufw_tuple,
    _xtables,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_file import Saved, Theirs
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_tuple import ANYWHERE
from ansible_collections.printnet.ports.plugins.module_utils._gone import Gone


def foreign(saved: Saved) -> list[_backend.Foreign]:
    """What they open and block, in their order."""
    return [one for theirs in _reached(saved) for one in _meaning(theirs, saved.version)]


def blocking(saved: Saved) -> list[_backend.Foreign]:
    """What they block of what they have not let in before."""
    found: list[_backend.Foreign] = []
    let_in = Gone()
    for theirs in _reached(saved):
        for one in _meaning(theirs, saved.version):
            if not one.opens:
                found += [one._replace(rule=rule) for rule in let_in.beyond(one.rule)]
            elif _is_for_all(theirs):
                # One for an interface or an address of this host lets in some of it only.
                let_in.add(one.rule)
    return found


def _reached(saved: Saved) -> Iterator[Theirs]:
    """The tuples of others that something comes to, without a final refusal."""
    for direction in _rules.DIRECTIONS:
        for piece in saved.pieces[: _ufw_order.room(saved.places(direction))]:
            if piece.theirs and piece.theirs.direction == direction:
                yield piece.theirs


def _is_for_all(theirs: Theirs) -> bool:
    """Whether it is for every interface and every address of this host."""
    return not theirs.interface and (theirs.target if theirs.direction == "in" else theirs.source) in ANYWHERE


def _meaning(theirs: Theirs, version: int) -> list[_backend.Foreign]:
    peer = theirs.source if theirs.direction == "in" else theirs.target
    opens = theirs.action in ("allow", "limit")
    network = _xtables.network(peer, version)
    if network is None or not (opens or _is_for_all(theirs)):
        return []
    try:
        ports, sources = _ufw_tuple.spans(theirs.ports), _ufw_tuple.spans(theirs.sources)
    except ValueError:
        return []
    return [
        _backend.Foreign(opens, rule, _where(theirs, transport))
        for transport in ("tcp", "udp")
        if theirs.transport in (transport, "any")
        for rule in [_rules.Rule(theirs.direction, transport, ports or ((1, 65535),), (network,), sources)]
    ]


def _where(theirs: Theirs, transport: str) -> str:
    """The rule in a few words of ufw's."""
    direction = " out" if theirs.direction == "out" else ""
    interface = f" on {theirs.interface}" if theirs.interface else ""
    named = f" ({theirs.application})" if theirs.application else ""
    ports = "" if theirs.ports == "any" else f" {theirs.ports}/{transport}"
    source, target = ("any" if one in ANYWHERE else one for one in (theirs.source, theirs.target))
    to = f" to {target}" if target != "any" else ""
    return f"ufw: {theirs.action}{direction}{interface}{ports}{named} from {source}{to}"
