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
    "confirm": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
    "confirm_timeout": {"type": "int", "default": 30},
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
