# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the variables of an inventory's hosts that matter here, read in one pass, templated where they have to be.

Ansible works out all variables of a host at once, which is what takes time: so each host is asked once only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._task_variables import is_plain, reason


class HostVariables:
    """Gives a host's variables by its name, as far as they are among ``names``. ``hostvars`` is Ansible's own."""

    def __init__(self, hostvars: Any, names: Iterable[str]) -> None:
        self.hostvars = hostvars
        self._names = frozenset(names)
        self._known: dict[str, _Variables] = {}
        self._plain: dict[int, tuple[Any, bool]] = {}

    def __call__(self, name: str) -> _Variables:
        if name not in self._known:
            raw = self.hostvars.raw_get(name) if name in self.hostvars else None
            if not isinstance(raw, Mapping):
                raise PortsError(f"The inventory has no variables of host {name}")
            self._known[name] = _Variables({one: raw[one] for one in self._names & raw.keys()}, self, name)
        return self._known[name]

    def is_plain(self, value: Any) -> bool:
        """Whether a value has no template in it; what hosts share, a list of thousands perhaps, is looked at once."""
        if not isinstance(value, (list, tuple, Mapping)):
            return is_plain(value)
        found = self._plain.get(id(value))
        if found is None:
            found = self._plain[id(value)] = (value, is_plain(value))
        return found[1]


class _Variables(Mapping[str, Any]):
    """One host's variables."""

    __slots__ = ("_name", "_raw", "_whole")

    def __init__(self, raw: Mapping[str, Any], whole: HostVariables, name: str) -> None:
        self._raw = raw
        self._whole = whole
        self._name = name

    def __getitem__(self, name: str) -> Any:
        value = self._raw[name]
        if self._whole.is_plain(value):
            return value
        try:
            return self._whole.hostvars[self._name][name]
        except AnsibleError as wrong:
            raise PortsError(f"host {self._name}, {name}: {reason(wrong)}") from None

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._raw else default

    def is_same(self, name: str, value: Any) -> bool:
        """Whether the variable is this value as it stands, with any templates in it."""
        return bool(self._raw.get(name) == value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)
