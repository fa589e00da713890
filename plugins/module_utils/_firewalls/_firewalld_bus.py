# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the D-Bus face of firewalld, as far as policies of ours need it. Source: firewalld.dbus(5)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._host import UNCHANGED, HostError

try:
    import dbus
except ImportError:
    HAS_BINDINGS = False
else:
    HAS_BINDINGS = True

POLICIES = Path("/etc/firewalld/policies")
LAST = 32767
_NAME = "org.fedoraproject.FirewallD1"
_PATH = "/org/fedoraproject/FirewallD1"
_TIMEOUT = 120
# What a policy of ours never has; somebody's hand in it is undone.
_EMPTY = ("services", "ports", "icmp_blocks", "forward_ports", "protocols", "source_ports")

Rich = frozenset[str]


@dataclass(frozen=True)
class Found:
    """The rich rules of one policy; None where there is no such policy. ``intact`` is whether the frame is ours."""

    saved: Rich | None
    live: Rich | None
    intact: bool = True


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
        self._live = self._interface(_PATH, "")
        self._live_policy = self._interface(_PATH, ".policy")
        self._saved = self._interface(f"{_PATH}/config", ".config")
        state = str(self._call(dbus.Interface(self._live.proxy_object, dbus.PROPERTIES_IFACE).Get, _NAME, "state"))
        if state != "RUNNING":
            raise HostError(f"firewalld is in state {state}, as journalctl -u firewalld tells. {UNCHANGED}")

    def _interface(self, path: str, name: str) -> Any:
        return dbus.Interface(self._bus.get_object(_NAME, path, introspect=False), _NAME + name)

    def _call(self, method: Any, *arguments: Any) -> Any:
        try:
            return method(*arguments, timeout=_TIMEOUT)
        except dbus.DBusException as wrong:
            if str(wrong.get_dbus_name()).endswith("UnknownMethod"):
                raise HostError(f"This firewalld has no policies; it must be 0.9 or newer. {UNCHANGED}") from None
            raise HostError(f"firewalld says: {wrong.get_dbus_message()}.") from None

    def _policy_object(self, name: str) -> Any:
        path = self._call(self._saved.getPolicyByName, name)
        return self._interface(path, ".config.policy")

    # Reading

    def find(self, names: Iterable[str]) -> dict[str, Found]:
        """What is there of the policies of these names, saved and live."""
        saved_names = {str(name) for name in self._call(self._saved.getPolicyNames)}
        live_names = {str(name) for name in self._call(self._live_policy.getPolicies)}
        found = {}
        for name in names:
            saved = self._call(self._policy_object(name).getSettings) if name in saved_names else None
            live = self._call(self._live_policy.getPolicySettings, name) if name in live_names else None
            intact = all(_is_ours(settings) for settings in (saved, live) if settings is not None)
            found[name] = Found(_rich_rules(saved), _rich_rules(live), intact)
        return found

    def runtime_only(self, but: Container[str]) -> list[str]:
        """What is live and not saved, beside the policies named: a reload would drop it. One line each."""
        found: list[str] = []
        zones = self._interface(_PATH, ".zone")
        # NetworkManager puts its interfaces back after a reload.
        managed = self._bus.name_has_owner("org.freedesktop.NetworkManager")
        for kind, live_names, live, saved, by_name in (
            ("zone", zones.getZones, zones.getZoneSettings2, "getSettings2", self._saved.getZoneByName),
            (
                "policy",
                self._live_policy.getPolicies,
                self._live_policy.getPolicySettings,
                "getSettings",
                self._saved.getPolicyByName,
            ),
        ):
            for name in map(str, self._call(live_names)):
                if name in but:
                    continue
                now = _plain(self._call(live, name))
                path = self._try(by_name, name)
                item = self._interface(path, f".config.{kind}") if path else None
                then = _plain(self._call(getattr(item, saved))) if item else {}
                ignored = {"version", "short", "description"} | (
                    {"interfaces"} if kind == "zone" and managed else set()
                )
                found += [
                    f"{kind} {name}: {key} {_difference(now.get(key, []), then.get(key, []))}"
                    for key in sorted(now.keys() | then.keys())
                    if key not in ignored and now.get(key, []) != then.get(key, [])
                ]
        return found + self._runtime_only_sets() + self._runtime_only_direct()

    def _runtime_only_sets(self) -> list[str]:
        sets = self._interface(_PATH, ".ipset")
        found = []
        for name in map(str, self._call(sets.getIPSets)):
            path = self._try(self._saved.getIPSetByName, name)
            entries = self._try(sets.getEntries, name)
            if entries is None:
                found.append(f"ipset {name}: its entries have a timeout, and would be gone")
                continue
            now = {str(entry) for entry in entries}
            then = (
                {str(entry) for entry in self._call(self._interface(path, ".config.ipset").getEntries)}
                if path
                else None
            )
            if now != then:
                found.append(f"ipset {name}: {'its entries differ' if path else 'it is not saved'}")
        return found

    def _runtime_only_direct(self) -> list[str]:
        live, saved = self._interface(_PATH, ".direct"), self._interface(f"{_PATH}/config", ".config.direct")
        settings = self._try(saved.getSettings)
        if settings is None:
            return []
        chains, rules, passthroughs = (set(map(str, part)) for part in settings)
        now = (
            (set(map(str, self._call(live.getAllChains))), chains, "chains"),
            (set(map(str, self._call(live.getAllRules))), rules, "rules"),
            (set(map(str, self._call(live.getAllPassthroughs))), passthroughs, "passthroughs"),
        )
        return [f"direct {kind}: {len(current - then)} not saved" for current, then, kind in now if current - then]

    def _try(self, method: Any, *arguments: Any) -> Any:
        with suppress(HostError):
            return self._call(method, *arguments)
        return None

    # Changing

    def save(self, name: str, owner: str, rules: Rich | None) -> None:
        """Makes the saved policy have exactly the rules; None removes it, with the backup that firewalld leaves."""
        exists = name in map(str, self._call(self._saved.getPolicyNames))
        if rules is not None:
            settings = _settings(owner, rules)
            if exists:
                self._call(self._policy_object(name).update, settings)
            else:
                self._call(self._saved.addPolicy, name, settings)
        elif exists:
            self._call(self._policy_object(name).remove)
        with suppress(FileNotFoundError):
            (POLICIES / f"{name}.xml.old").unlink()

    def set_live(self, name: str, rules: Rich) -> None:
        """Make the live policy have exactly the rules; of all settings only these change at run time."""
        settings = dbus.Dictionary({"rich_rules": dbus.Array(sorted(rules), signature="s")}, signature="sv")
        self._call(self._live_policy.setPolicySettings, name, settings)

    def reload(self) -> None:
        self._call(self._live.reload)


def _settings(owner: str, rules: Rich) -> Any:
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
            "rich_rules": dbus.Array(sorted(rules), signature="s"),
        },
        signature="sv",
    )


def _is_ours(settings: Mapping[str, Any]) -> bool:
    """Whether the policy is made as ours are; an older format or somebody's hand would show here."""
    plain = _plain(settings)
    return (
        plain.get("target") == "CONTINUE"
        and plain.get("priority") == str(LAST)
        and plain.get("ingress_zones") == ["ANY"]
        and plain.get("egress_zones") == ["HOST"]
        and plain.get("masquerade", "0") in ("0", "False")
        and not any(plain.get(key) for key in _EMPTY)
    )


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """D-Bus values as text and sorted lists of text, to compare and to show."""
    return {
        str(key): sorted(map(_item, value)) if isinstance(value, list) else str(value)
        for key, value in settings.items()
    }


def _difference(now: Any, then: Any) -> str:
    """What is live and what is saved of one setting, without what is both."""
    if not isinstance(now, list) or not isinstance(then, list):
        return f"is {now or 'unset'}, saved is {then or 'unset'}"
    parts = (", ".join(item for item in some if item not in others) for some, others in ((now, then), (then, now)))
    return "; ".join(f"{word} {part}" for word, part in zip(("only live", "only saved"), parts) if part)


def _item(value: Any) -> str:
    """One item of a list; a port is a tuple of its number and its protocol."""
    return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _rich_rules(settings: Mapping[str, Any] | None) -> Rich | None:
    if settings is None:
        return None
    return frozenset(str(rule) for rule in settings.get("rich_rules", ()))
