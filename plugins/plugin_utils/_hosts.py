# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the addresses of an inventory's hosts, out of their variables: never out of gathered facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._render import plain

HostVariables = Callable[[str], Mapping[str, Any]]
"""Gives the variables that the inventory sets for a host."""
Resolver = Callable[[Iterable[str]], Mapping[str, tuple[str, ...]]]

_SEEN = "as its peers see them"
_OR_OURS = f"an address, or printnet_addresses to the host's addresses {_SEEN}"
_KEYS = {"address", "seen_as"}


@dataclass(frozen=True, slots=True)
class Where:
    """A host's addresses as CIDRs, as its peers see them, and where they come from.

    ``behind`` has pairs of a CIDR that is seen and the one behind a translation. ``faults`` are sentences without the
    host's name; ``unresolved`` is the name that the controller's resolver does not know.
    """

    networks: tuple[str, ...] = ()
    origin: str = ""
    behind: tuple[tuple[str, str], ...] = ()
    faults: tuple[str, ...] = ()
    unresolved: str = ""


def find(names: Iterable[str], host_variables: HostVariables, resolve: Resolver) -> dict[str, Where]:
    """By ``printnet_addresses``, else ``ansible_host`` where that is an address, else what the name resolves to."""
    found: dict[str, Where] = {}
    by_name: dict[str, str] = {}
    for name in names:
        variables = host_variables(name)
        try:
            found[name] = _told(name, variables)
        except PortsError as wrong:
            found[name] = Where(faults=tuple(fault.removeprefix(f"host {name}, ") for fault in wrong.faults))
        if found[name].unresolved:
            by_name[name] = found[name].unresolved
    answers = resolve(by_name.values()) if by_name else {}
    for name, target in by_name.items():
        addresses = answers.get(target, ())
        found[name] = _placed(addresses, "name") if addresses else Where(origin="name", unresolved=target)
    return found


def _told(name: str, variables: Mapping[str, Any]) -> Where:
    """What the variables tell; ``unresolved`` where a name is to be asked for."""
    given = variables.get("printnet_addresses")
    if given:
        return _given(entries(given))
    said = _without_brackets(variables.get("ansible_host"))
    target = said or _without_brackets(name) or name
    if address := _addresses.address(target):
        return _placed([address], "ansible_host")
    if _addresses.is_half_one(target):
        return Where(origin="ansible_host" if said else "name", faults=(_half(said, target),))
    return Where(unresolved=target)


def _without_brackets(value: Any) -> str:
    return "" if value is None else str(value).strip("[] ")


def _half(said: str, target: str) -> str:
    """What is wrong with something that looks like an address, which ``ansible_host`` says, or the host's name."""
    if said:
        return f"ansible_host: {shown(said)} is no address; write it in full, without leading zeros or a zone"
    return f"name: {shown(target)} is no address and can't be resolved as a name; set ansible_host to {_OR_OURS}"


def entries(raw: Any) -> list[Any]:
    """A list as it is; a lone value, or text with commas as INI inventories have it, as a list."""
    if isinstance(raw, str):
        return [part.strip() for part in raw.split(",") if part.strip()]
    return list(raw) if isinstance(raw, (list, tuple)) else [] if raw is None else [raw]


def _given(raw: Iterable[Any]) -> Where:
    """Addresses, or mappings of an ``address`` to what it is ``seen_as`` behind a translation."""
    seen: list[str] = []
    behind: list[tuple[str, str]] = []
    faults: list[str] = []
    for entry in raw:
        if isinstance(entry, Mapping):
            own, outside = (_addresses.address(entry.get(key)) for key in ("address", "seen_as"))
            if set(entry) != _KEYS or own is None or outside is None:
                faults.append(
                    f"printnet_addresses: {shown(dict(entry))} must have two addresses, address: its own, and "
                    "seen_as: the one that its peers see"
                )
                continue
            behind.append((_cidr(outside), _cidr(own)))
            seen.append(outside)
        elif (address := _addresses.address(entry)) is None:
            faults.append(f"printnet_addresses: {shown(entry)} is no IPv4 or IPv6 address")
        else:
            seen.append(address)
    where = _placed(seen, "printnet_addresses")
    return Where(where.networks, where.origin, tuple(behind), (*faults, *where.faults))


def _placed(addresses: Iterable[str], origin: str) -> Where:
    networks, faults = [], []
    for address in dict.fromkeys(addresses):
        if reason := _addresses.misplaced(address):
            faults.append(f"{origin}: {address} is {reason}; set printnet_addresses to the host's addresses {_SEEN}")
        else:
            networks.append(_cidr(address))
    return Where(tuple(networks), origin, (), tuple(faults))


def _cidr(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"


def unresolved(names: Mapping[str, str]) -> str:
    """One sentence about all hosts, by name, whose names the controller could not resolve."""
    listed = ", ".join(
        plain(name) if target == name else f"{plain(name)} (ansible_host {shown(target)})"
        for name, target in names.items()
    )
    what = f"the controller could not resolve the name; set ansible_host to {_OR_OURS}"
    return f"inventory: no address for {listed}: {what}"
