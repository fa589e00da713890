# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the variables of an inventory's hosts that matter here, read in one pass, templated where they have to be.

Ansible works out all variables of a host at once, which is what takes time: so each host is asked once only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError, listed
from ansible_collections.printnet.ports.plugins.plugin_utils._task_variables import is_plain, opened, reason, structured

_T = TypeVar("_T")


class HostVariables:
    """Gives a host's variables by its name, as far as they are among ``names``. ``hostvars`` is Ansible's own."""

    def __init__(self, hostvars: Any, names: Iterable[str]) -> None:
        self.hostvars = hostvars
        self._names = frozenset(names)
        self._known: dict[str, _Variables] = {}
        self._plain: dict[int, tuple[Any, bool]] = {}
        self._is_meant: Callable[[str], bool] | None = None
        self._judged: set[str] = set()
        self._meant: set[str] = set()
        self.beside: dict[str, dict[str, Any]] = {}

    def watch(self, is_meant: Callable[[str], bool]) -> None:
        """Keeps in ``beside``, by name and host, what hosts that are read from now on have of such other variables.

        Each name is judged once, however many hosts have it.
        """
        self._is_meant = is_meant

    def __call__(self, name: str) -> _Variables:
        if name not in self._known:
            raw = self.hostvars.raw_get(name) if name in self.hostvars else None
            if not isinstance(raw, Mapping):
                raise PortsError(f"The inventory has no variables of host {name}")
            self._known[name] = _Variables({one: raw[one] for one in self._names & raw.keys()}, self, name)
            if self._is_meant:
                self._look(name, raw, self._is_meant)
        return self._known[name]

    def _look(self, host: str, raw: Mapping[str, Any], is_meant: Callable[[str], bool]) -> None:
        new = raw.keys() - self._names - self._judged
        self._judged |= new
        self._meant.update(one for one in new if is_meant(one))
        for one in self._meant & raw.keys():
            self.beside.setdefault(one, {})[host] = raw[one]

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
        if not self._whole.is_plain(value):
            try:
                value = opened(self._whole.hostvars[self._name][name])
            except Exception as wrong:
                raise PortsError(f"host {self._name}, {name}: {reason(wrong)}") from None
        return structured(name, value)

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._raw else default

    def is_same(self, name: str, value: Any) -> bool:
        """Whether the variable is this value as it stands, with any templates in it."""
        return bool(self._raw.get(name) == value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


def each(hosts: Iterable[str], make: Callable[[str], _T], faults: Faults) -> dict[str, _T]:
    """What is made of each host; adds what is wrong with any, said once with the hosts unless it is so with all."""
    found: dict[str, _T] = {}
    known, wrong, seen = set(faults.found), dict[str, list[str]](), list(hosts)
    for host in seen:
        try:
            found[host] = make(host)
        except PortsError as told:
            for fault in (one.removeprefix(f"host {host}, ") for one in told.faults):
                if f"host {host}, {fault}" not in known:
                    wrong.setdefault(fault, []).append(host)
    everybody = [fault for fault, some in wrong.items() if 1 < len(some) == len(seen)]
    faults.found += everybody
    faults.found += together({fault: some for fault, some in wrong.items() if fault not in everybody})
    return found


def together(told: Mapping[str, list[str]]) -> list[str]:
    """What is said of many hosts, said once."""
    return [f"{listed(hosts)}: {sentence}" for sentence, hosts in told.items()]
