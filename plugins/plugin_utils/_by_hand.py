# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: rules that a task gives by hand, under an owner of its own name. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._standing import OWNER
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._names import LONGEST_SHORT

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")
_LONGEST_COMMENT = 120


def owner(name: str, taken: Collection[str]) -> tuple[str, str]:
    """The owner's full name, and its short one; a PortsError where it is no name, or one that is taken."""
    if not _NAME.match(name):
        raise PortsError(
            f"owner {shown(name)} must begin with a small letter, and have at most 32 small letters, figures and _"
        )
    short = name if len(name) <= LONGEST_SHORT else name[:4] + sha256(name.encode()).hexdigest()[: LONGEST_SHORT - 4]
    if name in taken or short in taken:
        raise PortsError(f"owner {shown(name)} is the name of a component: use components: [{name}], or another name")
    return OWNER + name, short


def rules(raw: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rules as the module takes them; a PortsError names all that are wrong."""
    faults, found = Faults(), []
    for number, rule in enumerate(raw):
        comment = str(rule.get("comment") or "")
        try:
            if not rule["ports"] or not rule["peers"]:
                empty = "ports" if not rule["ports"] else "peers"
                raise _rules.RuleError(f"{empty} must not be empty; write [any] for everybody's peers")
            if not comment.isprintable() or len(comment) > _LONGEST_COMMENT:
                raise _rules.RuleError(
                    f"comment {shown(comment)} must be one line of at most {_LONGEST_COMMENT} printable characters"
                )
            parsed = _rules.parse({**rule, "flows": [comment] if comment else []})
        except _rules.RuleError as wrong:
            faults.add(f"rules[{number}]", str(wrong))
        else:
            found.append(parsed.as_dict())
    faults.stop()
    return found
