# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the modules take; the action plugins check a task against the same tables."""

from __future__ import annotations

from typing import Any

_RULE: dict[str, Any] = {
    "direction": {"type": "str", "choices": ["in", "out"], "default": "in"},
    "transport": {"type": "str", "choices": ["tcp", "udp"], "required": True},
    "ports": {"type": "list", "elements": "str", "required": True},
    "source_ports": {"type": "list", "elements": "str", "default": []},
    "peers": {"type": "list", "elements": "str", "required": True},
}
_OWNER: dict[str, Any] = {
    "owner": {"type": "str", "required": True},
    "short": {"type": "str", "required": True},
    "rules": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {**_RULE, "flows": {"type": "list", "elements": "str", "default": []}},
    },
}
_KNOWN: dict[str, Any] = {
    "owner": {"type": "str", "required": True},
    "short": {"type": "str", "required": True},
}
_PLAN: dict[str, Any] = {
    "owners": {"type": "list", "elements": "dict", "required": True, "options": _OWNER},
    "known": {"type": "list", "elements": "dict", "default": [], "options": _KNOWN},
    "apply": {"type": "bool", "default": True},
    "outbound": {"type": "str", "choices": ["auto", "true", "false"], "default": "auto"},
    "run": {"type": "str", "default": "an unknown run"},
    "can_confirm": {"type": "bool", "default": False},
}
TASK: dict[str, Any] = {
    "components": {"type": "list", "elements": "str"},
    "owner": {"type": "str"},
    "rules": {
        "type": "list",
        "elements": "dict",
        "options": {**_RULE, "comment": {"type": "str", "default": ""}},
    },
    "state": {"type": "str", "choices": ["present", "absent", "untouched"], "default": "present"},
    "stale": {"type": "str", "choices": ["keep", "remove", "all"], "default": "keep"},
    "removals": {"type": "str", "choices": ["now", "later"]},
    "firewall": {"type": "str", "default": "auto"},
    "confirm": {"type": "str", "choices": ["auto", "always", "never"]},
    "confirm_timeout": {"type": "int"},
}
"""What a task may say."""
ARGUMENTS: dict[str, Any] = {**TASK, "plan": {"type": "dict", "options": _PLAN}}
"""What the host's part gets: the task and what the controller planned."""
CONDITIONS: dict[str, Any] = {
    "mutually_exclusive": [["components", "owner"], ["components", "rules"]],
    "required_one_of": [["components", "owner"]],
}

_PORT: dict[str, Any] = {
    "transport": {"type": "str", "choices": ["tcp", "udp"], "required": True},
    "port": {"type": "str", "required": True},
    "flows": {"type": "list", "elements": "str", "required": True},
}
INFO_TASK: dict[str, Any] = {
    "owners": {"type": "list", "elements": "str"},
    "firewall": {"type": "str", "default": "auto"},
}
"""What a task of firewall_info may say."""
INFO: dict[str, Any] = {
    **INFO_TASK,
    "plan": {
        "type": "dict",
        "options": {
            "asked": {"type": "list", "elements": "dict", "options": _KNOWN},
            "known": {"type": "list", "elements": "dict", "default": [], "options": _KNOWN},
            "ports": {"type": "list", "elements": "dict", "default": [], "options": _PORT},
        },
    },
}
"""What the host's part of it gets."""

_TARGET: dict[str, Any] = {
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "transport": {"type": "str", "choices": ["tcp", "udp"], "default": "tcp"},
    "protocol": {"type": "str", "default": "connect"},
    "timeout": {"type": "float"},
    "source_port": {"type": "int"},
    "server_name": {"type": "str"},
    "gentle": {"type": "bool", "default": False},
}
_LIMITS: dict[str, Any] = {
    "timeout": {"type": "float", "default": 1.25},
    "at_once": {"type": "int", "default": 64},
    "rate": {"type": "float", "default": 0},
    "gentle_rate": {"type": "float", "default": 1},
    "deadline": {"type": "float", "default": 300},
    "snmp_community": {"type": "str", "default": "public", "no_log": True},
}
PROBE: dict[str, Any] = {
    "targets": {"type": "list", "elements": "dict", "required": True, "options": _TARGET},
    **_LIMITS,
}
"""What the module probe takes."""
COMPLIANCE_INFO: dict[str, Any] = {
    **PROBE,
    "targets": {**PROBE["targets"], "required": False, "default": []},
    "timeout": {**PROBE["timeout"], "default": 2},
    "gentle_deadline": {"type": "float"},
    "plan": INFO["plan"],
}
"""What the host's part of the compliance check gets: all of it from the controller."""
