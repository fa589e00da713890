# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the tuples of others in a file of ufw open and block. Pure.

What is about something else than ports of tcp or udp is left out, and so is a refusal of everything at the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.printnet.ports.plugins.module_utils import _only, _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import (
    _backend,
    _ufw_order,
    _ufw_tuple,
    _xtables,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_file import Saved, Theirs
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_tuple import ANYWHERE
from ansible_collections.printnet.ports.plugins.module_utils._let_in import LetIn
from ansible_collections.printnet.ports.plugins.module_utils._only import Only


def foreign(saved: Saved) -> list[_backend.Foreign]:
    """What they open and block, in their order."""
    version = saved.version
    return [one for theirs in _reached(saved) for one in _meaning(theirs, version, _asks(theirs, version))]


def blocking(saved: Saved) -> list[_backend.Foreign]:
    """What they block of what they have not let in before."""
    found: list[_backend.Foreign] = []
    let_in = LetIn()
    for theirs in _reached(saved):
        only = _asks(theirs, saved.version)
        if only is None:
            continue
        for one in _meaning(theirs, saved.version, only):
            if one.opens:
                let_in.at(only).add(one.rule)
                continue
            for rule, asked in let_in.beyond(one.rule, only):
                found.append(one._replace(rule=rule, only=asked.words(theirs.direction)))
    return found


def _reached(saved: Saved) -> Iterator[Theirs]:
    """The tuples of others that something comes to, without a final refusal."""
    for direction in _rules.DIRECTIONS:
        for piece in saved.pieces[: _ufw_order.room(saved.places(direction))]:
            if piece.theirs and piece.theirs.direction == direction:
                yield piece.theirs


def _asks(theirs: Theirs, version: int) -> Only | None:
    """The interface and the address of this host that it is for; None where that is not known, or nobody's."""
    by = _only.by_interfaces([theirs.interface], negated=False) if theirs.interface else _only.ALWAYS
    own = theirs.target if theirs.direction == "in" else theirs.source
    network = _xtables.network(own, version)
    at = _only.ALWAYS if own in ANYWHERE else _only.at(network) if network else None
    return None if by is None or at is None else by.both(at)


def _meaning(theirs: Theirs, version: int, only: Only | None) -> list[_backend.Foreign]:
    peer = theirs.source if theirs.direction == "in" else theirs.target
    opens = theirs.action in ("allow", "limit")
    network = _xtables.network(peer, version)
    if network is None or only is None:
        return []
    try:
        ports, sources = _ufw_tuple.spans(theirs.ports), _ufw_tuple.spans(theirs.sources)
    except ValueError:
        return []
    # What is let in with all its ports at an interface is trusted; what is sent to one address may be a broadcast.
    if only and not ports and (opens or only.own):
        return []
    words = "" if opens else only.words(theirs.direction)
    return [
        _backend.Foreign(opens, rule, _where(theirs, transport), words, "" if opens else only.own)
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
