# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the host's part of the compliance check: its rules, who listens, and what its connections come to.

What can't be seen is said, and all else is told all the same: a host that tells half is better than one that fails.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.printnet.ports.plugins.module_utils import (
    _firewall_info,
    _host,
    _probe_module,
    _rules,
    _sockets,
)

_MOST = 2000
"""Rules of others beyond so many are counted only."""
_MOST_PEERS = 50_000
"""And those that go beyond so many networks together: somebody's lists of banned addresses may be longer."""
_ANY_FLOW = "*"


def main(module: AnsibleModule) -> None:
    """Look, connect, and end the module with what was seen."""
    community = _probe_module.take_community(module)
    if module.params["plan"] is None:
        module.fail_json(msg="This is the host's part of printnet.ports.compliance_info, and nothing was planned.")
    try:
        module.exit_json(changed=False, **_look(module, community))
    except (_probe_module.ProbeError, _rules.RuleError) as wrong:
        module.fail_json(msg=str(wrong))


def _look(module: AnsibleModule, community: str) -> dict[str, Any]:
    listeners = _sockets.listeners()
    # What may start the module again under another Python comes before what takes long.
    rules = _rules_seen(module, listeners)
    return {
        "root": os.geteuid() == 0,
        "time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "system": _system(),
        "rules": rules,
        "listeners": [one.as_dict() for one in listeners],
        "probes": _probe_module.run(module.params, community)["results"],
    }


def _rules_seen(module: AnsibleModule, listeners: Iterable[_sockets.Listener]) -> dict[str, Any]:
    """What the module firewall_info shows, with the rules of others that are about a port with a listener as well."""
    plan = dict(module.params["plan"])
    waiting = {(one.transport, str(one.port)) for one in listeners}
    plan["ports"] = [
        *plan["ports"],
        *({"transport": transport, "port": port, "flows": [_ANY_FLOW]} for transport, port in sorted(waiting)),
    ]
    try:
        seen = _firewall_info.look(module, plan)
    except _host.HostError as wrong:
        return {"seen": False, "why": str(wrong)}
    foreign = [_plain(one) for one in seen["foreign"]]
    notes = list(seen["notes"])
    kept = _few_enough(foreign)
    if len(foreign) > len(kept):
        notes.append(
            f"{len(foreign) - len(kept)} more rules of others are left out: {_MOST} with {_MOST_PEERS} networks "
            "together are the most that is told."
        )
    return {**seen, "seen": True, "why": "", "foreign": kept, "notes": notes}


def _few_enough(foreign: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the rules that can be told; one with too many networks does not keep the others out."""
    kept: list[dict[str, Any]] = []
    room = _MOST_PEERS
    # A list of addresses that attacked may be long; what is open counts before what is shut.
    for one in sorted(foreign, key=lambda one: not one.get("opens")):
        if len(kept) < _MOST and len(one["peers"]) <= room:
            kept.append(one)
            room -= len(one["peers"])
    return kept


def _plain(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, "flows": [flow for flow in one["flows"] if flow != _ANY_FLOW], "where": str(one["where"])[:300]}


def _system() -> str:
    """The system's name for people."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.system()
    names = [line.partition("=")[2].strip("\"'") for line in lines if line.startswith("PRETTY_NAME=")]
    return _sockets.printable(names[0]) if names else platform.system()
