# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a topology as a file, for runs that do not see the whole inventory: job slices, and runs elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _choices
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import (
    Faults,
    PortsError,
    damaged,
    listed,
    nearest,
    shown,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host

Networks = Mapping[str, tuple[str, ...]]
"""CIDRs by component, in their fewest."""

FORMAT = 1
AGAIN = "Write it again with the playbook printnet.ports.plan over the whole inventory."
_NONE: Mapping[str, Networks] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Said:
    """What planned hosts' variables say beside their components' options: as most have it, and of each other host."""

    usual: Mapping[str, Any] = field(default_factory=dict)
    apart: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, host: str) -> Mapping[str, Any]:
        return self.apart.get(host, self.usual)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the file says: the hosts by component, the networks by component, and when it was written (UTC).

    ``apart`` has the networks as they are for a host whose variables name others. ``said`` is None where an earlier
    version, which did not write it, has written the file.
    """

    path: str
    written: str
    hosts: Mapping[str, Mapping[str, Host]]
    networks: Networks
    apart: Mapping[str, Networks] = field(default_factory=dict)
    said: Said | None = None

    def networks_for(self, host: str) -> Networks:
        return self.apart.get(host, self.networks)


def dump(
    hosts: Mapping[str, Mapping[str, Host]],
    networks: Networks,
    written: str,
    apart: Mapping[str, Networks] = _NONE,
    said: Said | None = None,
) -> str:
    """The file's text: JSON that people can read and compare, a line a host."""
    lines = ["{", f' "format": {FORMAT},', f' "written": {json.dumps(written)},', ' "components": {']
    blocks = []
    for component, members in sorted(hosts.items()):
        rows = [f"   {json.dumps(name)}: {json.dumps(_host(host))}" for name, host in sorted(members.items())]
        blocks += [f"  {json.dumps(component)}: {{\n" + ",\n".join(rows) + "\n  }"] if rows else []
    lines.append(",\n".join(blocks))
    named = {name: _lists(found) for name, found in sorted(apart.items())}
    ends = [f' "networks": {json.dumps(_lists(networks))}', *([f' "apart": {json.dumps(named)}'] if named else ())]
    if said is not None:
        ends.append(f' "variables": {as_text({"usual": said.usual, "apart": said.apart})}')
    lines += [" },", ",\n".join(ends), "}"]
    return "\n".join(lines) + "\n"


def as_text(said: Any) -> str:
    """What variables say, the same text for the same values."""
    return json.dumps(said, sort_keys=True, default=str)


def _lists(networks: Networks) -> dict[str, list[str]]:
    return {name: list(cidrs) for name, cidrs in sorted(networks.items())}


def _host(host: Host) -> dict[str, Any]:
    entry: dict[str, Any] = {"networks": list(host.networks), "origin": host.origin}
    if host.options:
        entry["options"] = {name: host.options[name] for name in sorted(host.options)}
    if host.behind:
        entry["behind"] = [list(pair) for pair in host.behind]
    if host.absent:
        entry["absent"] = True
    return entry


def load(path: str, text: str) -> Recorded:
    """Reads the file; a PortsError where it is not one."""
    try:
        raw = json.loads(text)
        if raw["format"] != FORMAT:
            raise PortsError(f"{path} has the format {shown(raw['format'])}; this version reads {FORMAT}. {AGAIN}")
        hosts = {
            str(component): {str(name): _read_host(str(name), entry) for name, entry in members.items()}
            for component, members in raw["components"].items()
        }
        apart = {str(name): _read_networks(found) for name, found in raw.get("apart", {}).items()}
        said = _read_said(raw["variables"]) if "variables" in raw else None
        return Recorded(path, str(raw["written"]), hosts, _read_networks(raw["networks"]), apart, said)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as wrong:
        raise PortsError(f"{path} is no topology file, or a damaged one{damaged(wrong)}. {AGAIN}") from None


def is_like_one(text: str) -> bool:
    """Whether the text was a topology file once, of another format or damaged since: it may be written again."""
    return text.startswith('{\n "format": ') and '"components"' in text


def _read_networks(raw: Mapping[str, Any]) -> Networks:
    return {str(name): _addresses.merge(map(str, cidrs)) for name, cidrs in raw.items()}


def _read_said(raw: Mapping[str, Any]) -> Said:
    return Said({**raw["usual"]}, {str(name): {**values} for name, values in raw["apart"].items()})


def _read_host(name: str, entry: Mapping[str, Any]) -> Host:
    return Host(
        name,
        tuple(map(str, entry["networks"])),
        str(entry["origin"]),
        plain_options(entry.get("options", {})),
        tuple((str(seen), str(own)) for seen, own in entry.get("behind", ())),
        entry.get("absent", False) is True,
    )


def checked(recorded: Recorded, catalog: Catalog, component: str) -> Mapping[str, Host]:
    """The component's hosts; a PortsError where somebody has written into the file what can't be.

    Apart from reading, because it takes as long, and is needed once a run only.
    """
    hosts = recorded.hosts.get(component, {})
    faults = Faults()
    for name, host in hosts.items():
        for cidr in (*host.networks, *chain.from_iterable(host.behind)):
            if _rules.plain_network(cidr) != cidr:
                faults.add(f"{recorded.path}, host {name}", f"{shown(cidr)} is no network. {AGAIN}")
        if host.options:
            _check_options(catalog, host.options, f"{recorded.path}, host {name}, ", faults)
    faults.stop()
    return hosts


def _check_options(catalog: Catalog, options: Mapping[str, Any], where: str, faults: Faults) -> None:
    """They must be options of the catalog, written as they are in memory: 443 and not "443"."""
    for name in options:
        if name not in catalog.options:
            faults.add(f"{where}options", _again(f"{shown(name)} is no option{nearest(name, catalog.options)}"))
    try:
        right = _choices.choices(catalog, options, where)
    except PortsError as wrong:
        faults.found += map(_again, wrong.faults)
        return
    for name in options.keys() & catalog.options.keys():
        if name not in right or repr(options[name]) != repr(right[name]):
            meant = f"must be {shown(right[name])}" if name in right else "is no value"
            faults.add(f"{where}{name}", _again(f"{shown(options[name])} {meant}"))


def _again(sentence: str) -> str:
    return f"{sentence}{'' if sentence.endswith('?') else '.'} {AGAIN}"


def plain_options(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Options as they are in memory, where lists are tuples."""
    return {str(name): tuple(value) if isinstance(value, list) else value for name, value in raw.items()}


def check_here(recorded: Recorded, component: str, live: Host | None, name: str) -> None:
    """The host that is planned for must stand in the file as the inventory has it; a PortsError says what differs."""
    there = recorded.hosts.get(component, {}).get(name)
    if live is None and there is None:
        return
    if there is None:
        raise PortsError(
            f"{recorded.path} of {recorded.written} does not know {name} as a host of {component}. {AGAIN}"
        )
    if live is None:
        raise PortsError(
            f"{recorded.path} of {recorded.written} has {name} as a host of {component}, which the inventory does "
            f"not. {AGAIN}"
        )
    if different := _differences(there, live):
        raise PortsError(f"{recorded.path} of {recorded.written} is stale for {name}: {different}. {AGAIN}")


def stale(recorded: Recorded, live: Mapping[str, Mapping[str, Host]], networks: Networks, there: Networks) -> list[str]:
    """What the inventory, as far as it is seen, has otherwise than the file; hosts that are not seen do not count.

    ``networks`` are what a host's variables name, and ``there`` what the file has for it.
    """
    found = []
    for component, members in live.items():
        known = recorded.hosts.get(component, {})
        new = [name for name in members if name not in known]
        if new:
            found.append(f"new in {component}: {listed(new)}")
        changed = [
            name
            for name, host in members.items()
            if name in known and (known[name].behind != host.behind or _differences(known[name], host))
        ]
        if changed:
            found.append(f"changed in {component}: {listed(changed)}")
    names = sorted(name for name in {*networks, *there} if networks.get(name, ()) != there.get(name, ()))
    if names:
        found.append(f"other networks of {listed(names)}")
    return found


def gone(recorded: Recorded, live: Mapping[str, Mapping[str, Host]]) -> list[str]:
    """The hosts that the file has and the inventory, of which all is seen, has no more."""
    found = []
    for component, known in recorded.hosts.items():
        names = [name for name in known if name not in live.get(component, {})]
        if names:
            found.append(f"gone from {component}: {listed(names)}")
    return found


def lacking(recorded: Recorded, components: Iterable[str]) -> None:
    """A PortsError where the file lacks components that the inventory has hosts of."""
    missing = sorted(name for name in components if not recorded.hosts.get(name))
    if missing:
        raise PortsError(f"{recorded.path} of {recorded.written} has no hosts of {', '.join(missing)}. {AGAIN}")


def _differences(there: Host, live: Host) -> str:
    if there.networks != live.networks:
        return f"its addresses are {listed(live.networks) or 'none'}, not {listed(there.networks) or 'none'}"
    names = sorted(
        name for name in {*there.options, *live.options} if there.options.get(name) != live.options.get(name)
    )
    if names:
        return f"{listed(names)} changed"
    return "whether its rules are to be there changed" if there.absent != live.absent else ""
