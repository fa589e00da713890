# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the D-Bus face of firewalld, as far as policies and sets of ours need it. Source: firewalld.dbus(5)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._firewalls._rich import Half, set_pattern
from ansible_collections.printnet.ports.plugins.module_utils._host import UNCHANGED, HostError

try:
    import dbus
except ImportError:
    HAS_BINDINGS = False
else:
    HAS_BINDINGS = True

FILES = Path("/etc/firewalld")
LAST = 32767
"""The last priority that a policy can have."""
_NAME = "org.fedoraproject.FirewallD1"
_PATH = "/org/fedoraproject/FirewallD1"
_TIMEOUT = 300
# What a policy of ours never has; somebody's hand in it is undone.
_EMPTY = ("services", "ports", "icmp_blocks", "forward_ports", "protocols", "source_ports")


class Bus:
    """firewalld on this host; a HostError says where it does not answer or refuses."""

    def __init__(self) -> None:
        try:
            self._bus = dbus.SystemBus()
            answers = self._bus.name_has_owner(_NAME)
        except dbus.DBusException as wrong:
            raise HostError(f"The system's D-Bus does not answer: {wrong.get_dbus_message()}. {UNCHANGED}") from None
        if not answers:
            raise HostError(
                f"firewalld does not answer on D-Bus. Start it with: systemctl start firewalld. {UNCHANGED}"
            )
        self._properties = dbus.Interface(self._object(_PATH), dbus.PROPERTIES_IFACE)
        state = str(self.call(self._properties.Get, _NAME, "state"))
        if state != "RUNNING":
            raise HostError(f"firewalld is in state {state}, as journalctl -u firewalld tells. {UNCHANGED}")

    def _object(self, path: str) -> Any:
        return self._bus.get_object(_NAME, path, introspect=False)

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
                raise HostError(f"This firewalld has no policies; it must be 0.9 or newer. {UNCHANGED}") from None
            raise HostError(f"firewalld says: {wrong.get_dbus_message()}.") from None

    def attempt(self, method: Any, *arguments: Any) -> Any:
        """The method's answer, None where firewalld refuses."""
        with suppress(HostError):
            return self.call(method, *arguments)
        return None

    def names(self, method: Any) -> list[str]:
        """The method's answer, a list of names."""
        return [str(name) for name in self.call(method)]

    def is_on_the_bus(self, name: str) -> bool:
        """Whether that service runs."""
        return bool(self._bus.name_has_owner(name))

    def can_hold_networks(self) -> bool:
        """Whether sets of networks work here: before 1.0 firewalld needs the tool ipset for them."""
        return "hash:net" in map(str, self.call(self._properties.Get, _NAME, "IPSetTypes"))

    def saved_settings(self, kind: str, name: str) -> dict[str, Any]:
        """The saved settings of a zone or a policy; none where it is not saved."""
        config = self.config()
        path = self.attempt(config.getZoneByName if kind == "zone" else config.getPolicyByName, name)
        if path is None:
            return {}
        item = self.config(f".config.{kind}", path)
        return plain(self.call(item.getSettings2 if kind == "zone" else item.getSettings))

    def saved_set(self, name: str) -> Any:
        """The saved settings of a set: version, short, description, type, options, entries; None without one."""
        path = self.attempt(self.config().getIPSetByName, name)
        return None if path is None else self.call(self.config(".config.ipset", path).getSettings)

    def read_saved(self, name: str) -> tuple[Half, bool]:
        """What is saved of the policy and its sets, and whether it is made as ours are."""
        config = self.config()
        settings = None
        if name in self.names(config.getPolicyNames):
            path = self.call(config.getPolicyByName, name)
            settings = self.call(self.config(".config.policy", path).getSettings)
        sets = {one: self.saved_set(one) for one in self.names(config.getIPSetNames) if set_pattern(name).match(one)}
        return _half(settings, sets)

    def read_live(self, name: str) -> tuple[Half, bool]:
        """What is live of the policy and its sets, and whether it is made as ours are."""
        policies, ipsets = self.live(".policy"), self.live(".ipset")
        settings = None
        if name in self.names(policies.getPolicies):
            settings = self.call(policies.getPolicySettings, name)
        mine = [one for one in self.names(ipsets.getIPSets) if set_pattern(name).match(one)]
        return _half(settings, {one: self.call(ipsets.getIPSetSettings, one) for one in mine})

    def save(self, name: str, owner: str, half: Half) -> None:
        """Make what is saved exactly this; a policy comes after the sets that it names, and goes before them."""
        config = self.config()
        there = {one for one in self.names(config.getIPSetNames) if set_pattern(name).match(one)}
        for one, entries in half.sets:
            if one in there:
                path = self.call(config.getIPSetByName, one)
                self.call(self.config(".config.ipset", path).update, _set_settings(owner, one, entries))
            else:
                self.call(config.addIPSet, one, _set_settings(owner, one, entries))
        self._save_policy(name, owner, half)
        for one in there - half.entries().keys():
            self.call(self.config(".config.ipset", self.call(config.getIPSetByName, one)).remove)
        # What firewalld leaves of a file that it changes or removes.
        for backup in (FILES / "policies" / f"{name}.xml.old", *(FILES / "ipsets" / f"{one}.xml.old" for one in there)):
            with suppress(FileNotFoundError):
                backup.unlink()

    def _save_policy(self, name: str, owner: str, half: Half) -> None:
        config = self.config()
        exists = name in self.names(config.getPolicyNames)
        if half.rich is not None and not exists:
            self.call(config.addPolicy, name, _settings(owner, half.rich))
        elif exists:
            policy = self.config(".config.policy", self.call(config.getPolicyByName, name))
            if half.rich is None:
                self.call(policy.remove)
            else:
                self.call(policy.update, _settings(owner, half.rich))

    def set_live_rules(self, name: str, rich: Iterable[str]) -> None:
        """Make the live policy have exactly the rules; of all settings only these change at run time."""
        settings = dbus.Dictionary({"rich_rules": dbus.Array(sorted(rich), signature="s")}, signature="sv")
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
        self.call(self.live().reload)


def _half(settings: Mapping[str, Any] | None, sets: Mapping[str, Any]) -> tuple[Half, bool]:
    rich = None if settings is None else frozenset(map(str, settings.get("rich_rules", ())))
    entries = {
        name: frozenset(str(ipaddress.ip_network(str(entry))) for entry in values[5]) for name, values in sets.items()
    }
    intact = all(str(values[3]) == "hash:net" and _family(values[4]) == name[-1] for name, values in sets.items())
    return Half(rich, frozenset(entries.items())), intact and (settings is None or _is_ours(settings))


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


def _settings(owner: str, rich: Iterable[str]) -> Any:
    """All keys are given: an update leaves out what is not named, and keeps what was."""
    empty = {key: dbus.Array([], signature="(ss)" if key in ("ports", "source_ports") else "s") for key in _EMPTY}
    empty["forward_ports"] = dbus.Array([], signature="(ssss)")
    return dbus.Dictionary(
        {
            **empty,
            "version": "1",
            "short": owner,
            "description": f"Rules of {owner}, made by the Ansible collection printnet.ports. Changes are undone.",
            "target": "CONTINUE",
            "priority": dbus.Int32(LAST),
            "masquerade": dbus.Boolean(False),
            "ingress_zones": dbus.Array(["ANY"], signature="s"),
            "egress_zones": dbus.Array(["HOST"], signature="s"),
            "rich_rules": dbus.Array(sorted(rich), signature="s"),
        },
        signature="sv",
    )


def _is_ours(settings: Mapping[str, Any]) -> bool:
    """Whether the policy is made as ours are; an older format or somebody's hand would show here."""
    found = plain(settings)
    return (
        found.get("target") == "CONTINUE"
        and found.get("priority") == str(LAST)
        and found.get("ingress_zones") == ["ANY"]
        and found.get("egress_zones") == ["HOST"]
        and found.get("masquerade", "0") in ("0", "False")
        and not any(found.get(key) for key in _EMPTY)
    )


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """D-Bus values as text and sorted lists of text, to compare and to show."""
    return {
        str(key): sorted(map(_item, value)) if isinstance(value, list) else str(value)
        for key, value in settings.items()
    }


def _item(value: Any) -> str:
    """One item of a list; a port is a tuple of its number and its protocol."""
    return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)
