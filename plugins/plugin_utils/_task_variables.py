# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a task finds in its own variables, checked: all that rules by hand take, so it is quick to import."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, shown

CATALOG = ("printnet_documents", "printnet_extra_components", "printnet_extra_flows")
"""What makes the catalog another one than it is shipped."""
_MARKS = ("{{", "{%", "{#")
_JSON = frozenset(
    (
        *CATALOG,
        "printnet_addresses",
        "printnet_features",
        "printnet_groups",
        "printnet_known_open",
        "printnet_networks",
        "printnet_overrides",
        "printnet_processes",
        "printnet_services",
    )
)
"""Those of our variables that are mappings or lists; of the others, options may be."""
_SHORTEST, _LONGEST = 2, 3600
Read = Callable[[str], Any]
"""Gives a variable's templated value by name, None where it is not set."""


def reader(variables: Mapping[str, Any], template: Callable[[Any], Any]) -> Read:
    """Reads single variables out of a play's without templating the others."""

    def read(name: str) -> Any:
        value = variables.get(name)
        if not is_plain(value):
            try:
                value = opened(template(value))
            except Exception as wrong:
                raise PortsError(f"{name}: {reason(wrong)}") from None
        return structured(name, value)

    return read


def reason(wrong: Exception) -> str:
    """Why Ansible can't tell a variable's value, on one line; ansible-core 2.18 lets through what a filter raises."""
    from ansible_collections.printnet.ports.plugins.plugin_utils._render import plain

    return plain(wrong.message if isinstance(wrong, AnsibleError) else f"{type(wrong).__name__}: {wrong}").strip()


def opened(value: Any) -> Any:
    """A templated value with its vaulted parts as text: with ansible-core 2.18 they are objects of their own."""
    if isinstance(value, str) or as_text(value):
        return value
    if isinstance(value, Mapping):
        return {key: opened(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [opened(one) for one in value]
    return str(value) if hasattr(value, "__ENCRYPTED__") else value


def structured(name: str, value: Any) -> Any:
    """A mapping or a list that came as JSON, as INI inventories and ``-e name=value`` have it; all else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    if name not in _JSON and name.startswith(("printnet_", "ansible_")):
        return value
    found = _from_json(value)
    return value if found is None else found


@lru_cache(maxsize=64)
def _from_json(text: str) -> Any:
    """None where it is no JSON. Hosts that share the text share what it says."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def is_plain(value: Any) -> bool:
    """Whether a value is what it says, without a template or a vault in it."""
    if isinstance(value, str):
        return not any(mark in value for mark in _MARKS)
    return value is None or isinstance(value, (bool, int, float)) or is_plain_text(as_text(value))


def as_text(value: Any) -> str:
    """A value as JSON; empty where it is none, as a vault's secret is not. Much faster than a look at each item."""
    try:
        return json.dumps(value, sort_keys=True)
    except (TypeError, ValueError):
        return ""


def is_plain_text(text: str) -> bool:
    """Whether the JSON has no template in it. Outside of strings no two braces open side by side."""
    return bool(text) and not any(mark in text for mark in _MARKS)


def flag(name: str, value: Any) -> bool:
    """A variable that is true or false; a PortsError where it is neither."""
    # The usual task sets none, and does not wait for what reads the catalog's own values.
    from ansible_collections.printnet.ports.plugins.plugin_utils import _schema

    try:
        return _schema.flag(value)
    except ValueError as wrong:
        raise PortsError(f"{name}: {shown(value)} {wrong}") from None


def outbound_of(read: Read) -> str:
    """Whether what a host sends is opened: ``auto`` (where it is refused by default), ``true`` or ``false``."""
    value = read("printnet_outbound")
    text = "auto" if value is None else str(value).lower()
    text = {"yes": "true", "no": "false"}.get(text, text)
    if text not in ("auto", "true", "false"):
        raise PortsError(f"printnet_outbound is {shown(value)}: it must be auto, true or false")
    return text


def removals_of(read: Read, asked: str | None) -> str:
    """``now`` or ``later``: what the task says, else the variable ``printnet_removals``."""
    value = read("printnet_removals")
    if value is not None and value not in ("now", "later"):
        raise PortsError(f"printnet_removals is {shown(value)}: it must be now or later")
    return asked or str(value or "now")


def confirm_of(read: Read, asked: str | None) -> str:
    """``auto``, ``always`` or ``never``: what the task says, else the variable ``printnet_confirm``."""
    value = read("printnet_confirm")
    if value is not None and value not in ("auto", "always", "never"):
        raise PortsError(f"printnet_confirm is {shown(value)}: it must be auto, always or never")
    return asked or str(value or "auto")


def confirm_timeout_of(read: Read, asked: int | None) -> int:
    """Seconds: what the task says, else the variable ``printnet_confirm_timeout``."""
    value, seconds = read("printnet_confirm_timeout"), 30
    if value is not None:
        seconds = int(value) if str(value).isdecimal() else 0
        if not _SHORTEST <= seconds <= _LONGEST:
            raise PortsError(
                f"printnet_confirm_timeout is {shown(value)}: it must be from {_SHORTEST} to {_LONGEST} seconds"
            )
    if asked is not None and not _SHORTEST <= asked <= _LONGEST:
        raise PortsError(f"confirm_timeout must be from {_SHORTEST} to {_LONGEST} seconds")
    return seconds if asked is None else asked


def applies(read: Read) -> bool:
    """Whether hosts are to be changed: the variable ``printnet_apply``; without it, yes."""
    value = read("printnet_apply")
    return True if value is None else flag("printnet_apply", value)
