# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a topology as a file, for runs that do not see the whole inventory: job slices, and runs elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host

FORMAT = 1
AGAIN = "Write it again with the playbook printnet.ports.plan over the whole inventory."


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the file says: the hosts by component, the networks by component, and when it was written (UTC)."""

    path: str
    written: str
    hosts: Mapping[str, Mapping[str, Host]]
    networks: Mapping[str, tuple[str, ...]]


def dump(hosts: Mapping[str, Mapping[str, Host]], networks: Mapping[str, tuple[str, ...]], written: str) -> str:
    """The file's text: JSON that people can read and compare, a line a host."""
    lines = ["{", f' "format": {FORMAT},', f' "written": {json.dumps(written)},', ' "components": {']
    blocks = []
    for component, members in sorted(hosts.items()):
        rows = [f"   {json.dumps(name)}: {json.dumps(_host(host))}" for name, host in sorted(members.items())]
        inside = "{\n" + ",\n".join(rows) + "\n  }" if rows else "{}"
        blocks.append(f"  {json.dumps(component)}: {inside}")
    lines.append(",\n".join(blocks))
    lines += [" },", f' "networks": {json.dumps({name: list(cidrs) for name, cidrs in sorted(networks.items())})}', "}"]
    return "\n".join(lines) + "\n"


def _host(host: Host) -> dict[str, Any]:
    entry: dict[str, Any] = {"networks": list(host.networks), "origin": host.origin}
    if host.options:
        entry["options"] = {name: host.options[name] for name in sorted(host.options)}
    if host.behind:
        entry["behind"] = [list(pair) for pair in host.behind]
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
        networks = {str(name): tuple(map(str, cidrs)) for name, cidrs in raw["networks"].items()}
        return Recorded(path, str(raw["written"]), hosts, networks)
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise PortsError(f"{path} is no topology file, or a damaged one ({shown(str(wrong))}). {AGAIN}") from None


def _read_host(name: str, entry: Mapping[str, Any]) -> Host:
    return Host(
        name,
        tuple(map(str, entry["networks"])),
        str(entry["origin"]),
        plain_options(entry.get("options", {})),
        tuple((str(seen), str(own)) for seen, own in entry.get("behind", ())),
    )


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


def stale(
    recorded: Recorded, live: Mapping[str, Mapping[str, Host]], networks: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """What the inventory, as far as it is seen, has otherwise than the file; hosts that are not seen do not count."""
    found = []
    for component, members in live.items():
        known = recorded.hosts.get(component, {})
        new = [name for name in members if name not in known]
        if new:
            found.append(f"{component} has {_listed(new)} more")
        changed = [name for name, host in members.items() if name in known and _differences(known[name], host)]
        if changed:
            found.append(f"{component} has {_listed(changed)} otherwise")
    names = sorted(
        name for name in {*networks, *recorded.networks} if networks.get(name) != recorded.networks.get(name)
    )
    if names:
        found.append(f"the networks of {_listed(names)} are others")
    return found


def lacking(recorded: Recorded, components: Iterable[str]) -> None:
    """A PortsError where the file lacks components that the inventory has hosts of."""
    missing = sorted(name for name in components if not recorded.hosts.get(name))
    if missing:
        raise PortsError(f"{recorded.path} of {recorded.written} has no hosts of {', '.join(missing)}. {AGAIN}")


def _differences(there: Host, live: Host) -> str:
    if there.networks != live.networks:
        return f"its addresses are {_listed(live.networks)}, not {_listed(there.networks)}"
    names = sorted(
        name for name in {*there.options, *live.options} if there.options.get(name) != live.options.get(name)
    )
    return f"{_listed(names)} changed" if names else ""


def _listed(names: Iterable[str], most: int = 8) -> str:
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more if names else "none"
