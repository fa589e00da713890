# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: whether the right thing listens on a host. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Listener, Seen


def on(here: Seen, transport: str, port: int) -> list[Listener]:
    """What waits on the port for calls from other hosts."""
    return [one for one in _all(here, transport, port) if not one.is_loopback]


def _all(here: Seen, transport: str, port: int) -> list[Listener]:
    return [one for one in here.listeners if (one.transport, one.port) == (transport, port)]


def judge(here: Seen, transport: str, port: int, addresses: Collection[str], version: int) -> tuple[str, str]:
    """A code and a sentence where nothing listens as it has to; both empty where something does.

    ``addresses`` are the host's own as far as they are known, ``version`` is the IP version in question, or 0.
    """
    found = _all(here, transport, port)
    if not found:
        return "NO_LISTENER", f"Nothing listens on {transport} {port} on {here.host}."
    reachable = [one for one in found if not one.is_loopback]
    if not reachable:
        return "LOOPBACK_ONLY", f"On {here.host} {_who(found)} listens on {transport} {port} of {_where(found)} only."
    if any(_serves(one, addresses, version) for one in reachable):
        return "", ""
    if all(version not in one.serves for one in reachable) and version:
        return "NO_LISTENER", f"On {here.host} {_who(reachable)} listens on {transport} {port} not over IPv{version}."
    told = f"On {here.host} {_who(reachable)} listens on {transport} {port} of {_where(reachable)} only."
    return "NO_LISTENER", told


def _serves(one: Listener, addresses: Collection[str], version: int) -> bool:
    if version and version not in one.serves:
        return False
    # Of a host behind a translation only one of its addresses may be known: then no other is held against it.
    return one.is_any or one.address in addresses or not version


def strangers(here: Seen, transport: str, port: int, expected: Iterable[str]) -> str:
    """A sentence where something else listens than what is expected: names of processes or units, with ``*``."""
    expected = list(expected)
    found = on(here, transport, port)
    odd = [one for one in found if one.process and not one.is_kept and not _fits(one, expected)]
    if not odd or len(odd) < len(found):
        return ""
    return f"On {here.host} {_who(odd)} listens on {transport} {port}; expected is {' or '.join(expected)}."


def _fits(one: Listener, expected: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in expected for name in (one.process, one.unit) if name)


def _who(found: Iterable[Listener]) -> str:
    return " and ".join(dict.fromkeys(one.who for one in found))


def _where(found: Iterable[Listener]) -> str:
    return " and ".join(dict.fromkeys(one.address for one in found))
