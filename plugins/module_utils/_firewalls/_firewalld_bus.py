# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the D-Bus face of firewalld, as far as policies and sets of ours need it. Source: firewalld.dbus(5)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _host
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _firewalld_files
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._rich import Raw, clash, network, set_pattern

try:
    import dbus
except ImportError:
    HAS_BINDINGS = False
else:
    HAS_BINDINGS = True

LAST = 32767
"""The last priority that a policy can have."""
_NAME = "org.fedoraproject.FirewallD1"
_PATH = "/org/fedoraproject/FirewallD1"
_TIMEOUT = 300
# What a policy of ours never has; somebody's hand in it is undone.
_EMPTY = ("services", "ports", "icmp_blocks", "forward_ports", "protocols", "source_ports")


class Policy(NamedTuple):
    """What a policy is to have besides its rules."""

    name: str
    owner: str
    direction: str
    priority: int
    is_inactive: bool
    """It has its rules, and nothing passes through it yet."""


class Bus:
    """firewalld on this host; a HostError says where it does not answer or refuses."""

    def __init__(self) -> None:
        self._version: tuple[int, ...] | None = None
        self.others: list[tuple[str, dict[str, Any]]] | None = None
        self._known: dict[tuple[str, str], Any] = {}
        try:
            self._bus = dbus.SystemBus()
            answers = self._bus.name_has_owner(_NAME)
            # Under its own name there is nothing to look up again for each call.
            self._peer = self._bus.get_name_owner(_NAME) if answers else _NAME
        except dbus.DBusException as wrong:
            raise _host.HostError(
                f"The system's D-Bus does not answer: {wrong.get_dbus_message()}. {_host.UNCHANGED}"
            ) from None
        if not answers:
            raise _host.HostError(
                f"firewalld does not answer on D-Bus. Start it with: systemctl start firewalld. {_host.UNCHANGED}"
            )
        self._properties = dbus.Interface(self._object(_PATH), dbus.PROPERTIES_IFACE)
        if self.state() != "RUNNING":
            broken = " ".join(map(str, _firewalld_files.broken()))
            mend = f" It cannot read {broken}, so: rm {broken}; systemctl restart firewalld." if broken else ""
            raise _host.HostError(
                f"firewalld is in state {self.state()}, as journalctl -u firewalld tells.{mend} {_host.UNCHANGED}"
            )

    def state(self) -> str:
        """``RUNNING`` where all is well, ``FAILED`` where it could not load what is saved."""
        return str(self.attempt(self._properties.Get, _NAME, "state") or "gone")

    def _object(self, path: str) -> Any:
        return self._bus.get_object(self._peer, path, introspect=False)

    def live(self, interface: str = "") -> Any:
        """An interface to what is live, such as ``.zone``."""
        return dbus.Interface(self._object(_PATH), _NAME + interface)

    def config(self, interface: str = ".config", path: str = f"{_PATH}/config") -> Any:
        """An interface to what is saved."""
        return dbus.Interface(self._object(path), _NAME + interface)

    def call(self, method: Any, *arguments: Any) -> Any:
        """The method's answer."""
        try:
            return method(*arguments, timeout=_TIMEOUT)
        except dbus.DBusException as wrong:
            if str(wrong.get_dbus_name()).endswith("UnknownMethod"):
                raise _host.HostError(
                    f"This firewalld has no policies; it must be 0.9 or newer. {_host.UNCHANGED}"
                ) from None
            raise _host.HostError(f"firewalld says: {wrong.get_dbus_message()}.") from None

    def attempt(self, method: Any, *arguments: Any) -> Any:
        """The method's answer, None where firewalld refuses."""
        with suppress(_host.HostError):
            return self.call(method, *arguments)
        return None

    def names(self, method: Any) -> list[str]:
        """The method's answer, a list of names."""
        return [str(name) for name in self.call(method)]

    def tell(self, service: str, path: str, interface: str) -> Any:
        """An interface of another service, such as NetworkManager."""
        return dbus.Interface(self._bus.get_object(service, path, introspect=False), interface)

    def ask(self, service: str, path: str, interface: str, name: str) -> Any:
        """A property of another service."""
        return self.call(self.tell(service, path, dbus.PROPERTIES_IFACE).Get, interface, name)

    def is_on_the_bus(self, name: str) -> bool:
        """Whether that service runs."""
        return bool(self._bus.name_has_owner(name))

    def can_hold_networks(self) -> bool:
        """Whether sets of networks work here: before 1.0 firewalld needs the tool ipset for them."""
        return "hash:net" in map(str, self.call(self._properties.Get, _NAME, "IPSetTypes"))

    def has_direct(self) -> bool:
        """Whether there are direct rules, live or saved."""
        live = self.live(".direct")
        if any(self.call(ask) for ask in (live.getAllChains, live.getAllRules, live.getAllPassthroughs)):
            return True
        return any(self.attempt(self.config(".config.direct").getSettings) or ())

    def sets_of_destinations(self) -> bool:
        """Whether a rich rule can name a set of destinations: before 1.0 it cannot."""
        return not self.is_old()

    def is_old(self) -> bool:
        """Whether it is older than 1.0, where a zone's target comes before the policies above 0."""
        if self._version is None:
            version = str(self.call(self._properties.Get, _NAME, "version"))
            self._version = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
        return self._version < (1, 0)

    def drifts(self) -> bool:
        """Whether a packet goes on from the zone of its source to the zone of its interface; only old ones can."""
        return self.is_old() and self._setting("AllowZoneDrifting") == "yes"

    def flushes(self) -> bool:
        """Whether a reload begins with nothing; otherwise it makes again what was live."""
        return self._setting("FlushAllOnReload") != "no"

    def _setting(self, name: str) -> str:
        """A setting of firewalld.conf; no edition has all of them."""
        properties = dbus.Interface(self._object(f"{_PATH}/config"), dbus.PROPERTIES_IFACE)
        return str(self.attempt(properties.Get, f"{_NAME}.config", name))

    def saved_settings(self, kind: str, name: str) -> dict[str, Any]:
        """The saved settings of a zone or a service; none where it is not saved."""
        config = self.config()
        path = self.attempt(config.getZoneByName if kind == "zone" else config.getServiceByName, name)
        return {} if path is None else plain(self.call(self.config(f".config.{kind}", path).getSettings2))

    def forget(self) -> None:
        """Ask anew from now on: something was changed, or may have been."""
        self._known.clear()

    def policies(self, kind: str) -> list[str]:
        """The names of the policies that are saved, or live."""
        if (kind, "") not in self._known:
            ask = self.config().getPolicyNames if kind == "saved" else self.live(".policy").getPolicies
            self._known[kind, ""] = self.names(ask)
        found: list[str] = self._known[kind, ""]
        return found

    def policy(self, kind: str, name: str) -> Mapping[str, Any]:
        """What is saved, or live, of a policy that is there. It is asked for once: four questions need it."""
        if (kind, name) not in self._known:
            if kind == "saved":
                path = self.call(self.config().getPolicyByName, name)
                self._known[kind, name] = self.call(self.config(".config.policy", path).getSettings)
            else:
                self._known[kind, name] = self.call(self.live(".policy").getPolicySettings, name)
        found: Mapping[str, Any] = self._known[kind, name]
        return found

    def saved_set(self, name: str) -> Any:
        """The saved settings of a set: version, short, description, type, options, entries; None without one."""
        path = self.attempt(self.config().getIPSetByName, name)
        return None if path is None else self.call(self.config(".config.ipset", path).getSettings)

    def own_set(self, name: str) -> Any:
        """The same of a set that we made: its file says it much faster, which matters where there are hundreds.

        After a run that was killed firewalld may name one that is gone by the time it is asked for it.
        """
        return _firewalld_files.read_set(name) or self.saved_set(name)

    def titles(self, prefix: str, is_known: Callable[[str], bool]) -> dict[str, str]:
        """The policies and the sets, saved or live, whose name begins so, each with its title.

        The title of one that is known is left empty: a set with thousands of entries takes long.
        """
        ipsets = self.live(".ipset")
        found: dict[str, str] = {}
        for name in _new(found, prefix, self.names(self.config().getIPSetNames)):
            found[name] = "" if is_known(name) else str((self.own_set(name) or ("", ""))[1])
        for name in _new(found, prefix, self.names(ipsets.getIPSets)):
            found[name] = "" if is_known(name) else str(self.call(ipsets.getIPSetSettings, name)[1])
        for kind in ("saved", "live"):
            for name in _new(found, prefix, self.policies(kind)):
                found[name] = "" if is_known(name) else str(self.policy(kind, name).get("short", ""))
        return found

    def priorities(self) -> dict[str, set[int]]:
        """The priorities of each policy, saved and live."""
        found: dict[str, set[int]] = {}
        for kind in ("saved", "live"):
            for name in self.policies(kind):
                found.setdefault(name, set()).add(_priority(self.policy(kind, name)))
        return found

    def read(self, kind: str, names: Iterable[str]) -> dict[str, tuple[Raw, Mapping[str, Any] | None, bool]]:
        """What is saved, or live, of some policies and their sets: the settings too, and whether the sets are ours."""
        ipsets, is_saved = self.live(".ipset"), kind == "saved"
        policies = self.policies(kind)
        sets = self.names(self.config().getIPSetNames if is_saved else ipsets.getIPSets)
        found = {}
        for name in names:
            settings = self.policy(kind, name) if name in policies else None
            mine = [one for one in sets if set_pattern(name).match(one)]
            values = {one: self.own_set(one) if is_saved else self.call(ipsets.getIPSetSettings, one) for one in mine}
            found[name] = _raw(settings, {one: value for one, value in values.items() if value is not None})
        return found

    def save(self, policy: Policy, raw: Raw) -> None:
        """Make what is saved exactly this; a policy comes after what it needs of its sets, and before the rest goes."""
        name, owner = policy.name, policy.owner
        self.forget()
        config = self.config()
        there = {one for one in self.names(config.getIPSetNames) if set_pattern(name).match(one)}
        wide = {}
        for one, entries in raw.sets:
            values = self.own_set(one) if one in there else None
            if values is not None:
                wide[one] = _widened(frozenset(map(network, values[5])), entries)
                self._update_set(owner, one, wide[one])
            else:
                self.call(config.addIPSet, one, _set_settings(owner, one, entries))
        self._save_policy(name, raw.rich, lambda rich: _settings(policy, rich))
        self.forget()
        for one, entries in raw.sets:
            if wide.get(one, entries) != entries:
                self._update_set(owner, one, entries)
        for one in there - raw.entries().keys():
            self.call(self.config(".config.ipset", self.call(config.getIPSetByName, one)).remove)
        if raw.rich is None:
            # One that it could not read it does not know either.
            _firewalld_files.remove(_firewalld_files.broken([name]))
        # What firewalld leaves of a file that it changes or removes.
        _firewalld_files.remove(_firewalld_files.backups(name))
        _firewalld_files.sync(name)

    def _update_set(self, owner: str, name: str, entries: Iterable[str]) -> None:
        path = self.call(self.config().getIPSetByName, name)
        self.call(self.config(".config.ipset", path).update, _set_settings(owner, name, entries))

    def _save_policy(self, name: str, rich: frozenset[str] | None, settings: Callable[[Iterable[str]], Any]) -> None:
        config = self.config()
        exists = name in self.policies("saved")
        if rich is not None and not exists:
            self.call(config.addPolicy, name, settings(rich))
        elif exists:
            policy = self.config(".config.policy", self.call(config.getPolicyByName, name))
            if rich is None:
                self.call(policy.remove)
            else:
                self.call(policy.update, settings(rich))

    def set_live_rules(self, name: str, direction: str, rich: Iterable[str]) -> None:
        """Make the live policy active with exactly the rules; of all settings only these change at run time.

        firewalld makes each change by itself, but all rules at once where the policy was inactive and has them.
        """
        lists = {"rich_rules": sorted(rich), "egress_zones": [_ZONES[direction][1]]}
        settings = dbus.Dictionary({key: dbus.Array(one, signature="s") for key, one in lists.items()}, signature="sv")
        self.forget()
        self.call(self.live(".policy").setPolicySettings, name, settings)

    def change_live_set(self, name: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Add and remove single entries: to give all of them would first empty the set."""
        ipsets = self.live(".ipset")
        for entry in sorted(add):
            self.call(ipsets.addEntry, name, entry)
        for entry in sorted(remove):
            self.call(ipsets.removeEntry, name, entry)

    def reload(self) -> None:
        """Make live what is saved."""
        self.forget()
        self.call(self.live().reload)


def _new(found: Collection[str], prefix: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(prefix) and name not in found]


def _raw(settings: Mapping[str, Any] | None, sets: Mapping[str, Any]) -> tuple[Raw, Mapping[str, Any] | None, bool]:
    rich = None if settings is None else rich_of(settings)
    entries = {name: frozenset(map(network, values[5])) for name, values in sets.items()}
    intact = all(str(values[3]) == "hash:net" and _family(values[4]) == name[-1] for name, values in sets.items())
    return Raw(rich, frozenset(entries.items())), settings, intact


def _widened(before: frozenset[str], after: frozenset[str]) -> frozenset[str]:
    """The networks of both, where a set can hold them at once, else those of afterwards."""
    gone = before - after
    return after if clash(after - before, gone) else after | gone


def _family(options: Mapping[str, Any]) -> str:
    return "6" if str(options.get("family", "inet")) == "inet6" else "4"


def _set_settings(owner: str, name: str, entries: Iterable[str]) -> Any:
    options = {"family": "inet6"} if name.endswith("6") else {}
    return (
        "1",
        owner,
        f"Networks of {owner}, made by the Ansible collection printnet.ports. Changes are undone.",
        "hash:net",
        dbus.Dictionary(options, signature="ss"),
        dbus.Array(sorted(entries), signature="s"),
    )


def rich_of(settings: Mapping[str, Any]) -> frozenset[str]:
    """The rich rules of a policy; none where it is inactive, as nothing passes through it then."""
    return frozenset(map(str, settings.get("rich_rules", ()))) if settings.get("egress_zones") else frozenset()


_ZONES = {"in": ("ANY", "HOST"), "out": ("HOST", "ANY")}


def _settings(policy: Policy, rich: Iterable[str]) -> Any:
    """All keys are given: an update leaves out what is not named, and keeps what was."""
    empty = {key: dbus.Array([], signature="(ss)" if key in ("ports", "source_ports") else "s") for key in _EMPTY}
    empty["forward_ports"] = dbus.Array([], signature="(ssss)")
    owner, (source, target) = policy.owner, _ZONES[policy.direction]
    return dbus.Dictionary(
        {
            **empty,
            "version": "1",
            "short": owner,
            "description": f"Rules of {owner}, made by the Ansible collection printnet.ports. Changes are undone.",
            "target": "CONTINUE",
            "priority": dbus.Int32(policy.priority),
            "masquerade": dbus.Boolean(False),
            "ingress_zones": dbus.Array([source], signature="s"),
            "egress_zones": dbus.Array([] if policy.is_inactive else [target], signature="s"),
            "rich_rules": dbus.Array(sorted(rich), signature="s"),
        },
        signature="sv",
    )


def _priority(settings: Mapping[str, Any]) -> int:
    return int(settings.get("priority", 0))


def is_ours(settings: Mapping[str, Any], direction: str, priorities: Container[int]) -> bool:
    """Whether the policy is made as ours are, active or not; an older format or somebody's hand would show here."""
    found = plain(settings)
    return (
        found.get("target") == "CONTINUE"
        and _priority(settings) in priorities
        and found.get("ingress_zones") == [_ZONES[direction][0]]
        and found.get("egress_zones", []) in ([_ZONES[direction][1]], [])
        and found.get("masquerade", "0") in ("0", "False")
        and not any(found.get(key) for key in _EMPTY)
    )


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """D-Bus values as text and sorted lists of text, to compare and to show."""
    return {str(key): _plain(value) for key, value in settings.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return sorted(f"{key} {one}" for key, one in value.items())
    return sorted(map(_item, value)) if isinstance(value, list) else str(value)


def _item(value: Any) -> str:
    """One item of a list; a port is a tuple of its number and its protocol, a direct rule ends with its words."""
    if not isinstance(value, tuple):
        return str(value)
    words = [" ".join(map(str, part)) if isinstance(part, list) else str(part) for part in value]
    return (" " if isinstance(value[-1], list) else "/").join(words)
