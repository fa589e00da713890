# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the host's part of the module firewall: read, compare, change, read back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.respawn import has_respawned, probe_interpreters_for_module, respawn_module
from ansible_collections.printnet.ports.plugins.module_utils import _host, _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import FIREWALLS
from ansible_collections.printnet.ports.plugins.module_utils._host import HostError

_RULE: dict[str, Any] = {
    "direction": {"type": "str", "choices": ["in", "out"], "required": True},
    "transport": {"type": "str", "choices": ["tcp", "udp"], "required": True},
    "ports": {"type": "list", "elements": "str", "required": True},
    "source_ports": {"type": "list", "elements": "str", "default": []},
    "peers": {"type": "list", "elements": "str", "required": True},
    "flows": {"type": "list", "elements": "str", "default": []},
}
_OWNER: dict[str, Any] = {
    "owner": {"type": "str", "required": True},
    "short": {"type": "str", "required": True},
    "rules": {"type": "list", "elements": "dict", "default": [], "options": _RULE},
}
ARGUMENTS: dict[str, Any] = {
    "components": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "firewall": {"type": "str", "choices": ["auto", *FIREWALLS], "default": "auto"},
    "owners": {"type": "list", "elements": "dict", "default": [], "options": _OWNER},
}
_PYTHONS = ("/usr/bin/python3", "/usr/libexec/platform-python")


def main(module: AnsibleModule) -> None:
    try:
        module.exit_json(**_run(module))
    except (HostError, _rules.RuleError) as wrong:
        module.fail_json(msg=str(wrong))


def _run(module: AnsibleModule) -> dict[str, Any]:
    owners = module.params["owners"]
    wanted = {one["owner"]: _rules.canonical(_rules.parse(rule) for rule in one["rules"]) for one in owners}
    if module.params["state"] == "absent":
        wanted = dict.fromkeys(wanted, ())
    result = {
        "firewall": "",
        "rules": [{"owner": owner, **rule.as_dict()} for owner, rules in wanted.items() for rule in rules],
    }
    if os.geteuid() != 0:
        raise HostError("Changing a firewall needs root on the host: set become: true. Nothing was changed.")
    name = _choose(module.params["firewall"], module)
    if name is None:
        return {**result, "changed": False, "before": {}, "after": {}}
    backend = FIREWALLS[name]
    _find_bindings(name, backend)
    firewall = backend.Firewall({one["owner"]: one["short"] for one in owners})
    with nullcontext() if module.check_mode else _host.locked(say=module.warn):
        return {**result, "firewall": name, **_apply(module, firewall, wanted)}


def _choose(asked: str, module: AnsibleModule) -> str | None:
    """The one firewall that is active; None where there is none."""
    has_systemd = module.get_bin_path("systemctl") is not None
    active = _host.active_firewalls(module.run_command if has_systemd else _nothing)
    if len(active) > 1:
        raise HostError(
            f"{' and '.join(active)} are active on this host at once, so nobody can say which of them decides. "
            "Switch all but one off. Nothing was changed."
        )
    if asked != "auto" and active != [asked]:
        there = f"{active[0]} is" if active else "No firewall is"
        raise HostError(f"{there} active on this host, and the task asks for {asked}. Nothing was changed.")
    if not active:
        stopped = _host.stopped_firewalls(module.run_command) if has_systemd else []
        if stopped:
            raise HostError(
                f"{stopped[0]} starts at boot, and does not run now. Start it, or switch it off for good: "
                f"systemctl start {stopped[0]}, or systemctl disable {stopped[0]}. Nothing was changed."
            )
        module.warn("No firewall is active on this host, so there is nothing to open.")
        return None
    if active[0] not in FIREWALLS:
        raise HostError(
            f"{active[0]} is active on this host, and this version of printnet.ports drives "
            f"{', '.join(FIREWALLS)} only. Nothing was changed."
        )
    return active[0]


def _nothing(_command: list[str]) -> tuple[int, str, str]:
    """In place of systemctl where there is none."""
    return 127, "", ""


def _find_bindings(name: str, backend: Any) -> None:
    """Starts the module again under a Python that has the firewall's bindings, where this one lacks them."""
    if backend.has_bindings():
        return
    python = None if has_respawned() else probe_interpreters_for_module(_PYTHONS, backend.BINDINGS)
    if python is None:
        raise HostError(
            f"No Python on this host has the library {backend.BINDINGS} that {name} is spoken to with. "
            f"It comes with {name} from the distribution's packages (python3-dbus). Nothing was changed."
        )
    respawn_module(python)


def _apply(module: AnsibleModule, firewall: Any, wanted: Mapping[str, tuple[_rules.Rule, ...]]) -> dict[str, Any]:
    now = firewall.read()
    aims = firewall.aim(wanted, now)
    changed = aims != now
    if changed and not module.check_mode:
        _commit(firewall, now, aims)
    before = {owner: firewall.describe(found) for owner, found in now.items()}
    after = {owner: firewall.describe(found) for owner, found in aims.items()}
    return {
        "changed": changed,
        "before": before,
        "after": after,
        "diff": [
            {
                "before_header": owner,
                "after_header": owner,
                "before": _text(before[owner]),
                "after": _text(after[owner]),
            }
            for owner in before
            if now[owner] != aims[owner]
        ],
    }


def _commit(firewall: Any, now: Any, aims: Any) -> None:
    """Changes, reads back and compares; what went wrong is undone."""
    try:
        firewall.commit(now, aims)
        found = firewall.read()
        if found != aims:
            told = {owner: firewall.describe(state) for owner, state in found.items() if state != aims[owner]}
            raise HostError(f"The firewall did not take what it was given; it has {told}.")
    except HostError as wrong:
        try:
            firewall.commit(firewall.read(), now)
        except HostError as worse:
            raise HostError(f"{wrong} What was there before could not be put back: {worse}") from None
        raise HostError(f"{wrong} What was there before was put back.") from None


def _text(described: Mapping[str, list[str]]) -> str:
    if described["saved"] == described["live"]:
        return "".join(f"{line}\n" for line in described["live"])
    return "".join(f"{kind}: {line}\n" for kind in ("saved", "live") for line in described[kind])
