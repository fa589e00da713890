# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reload would drop and bring: the comparison alone; real hosts have the rest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import (
    _firewalld_interfaces,
    _firewalld_unsaved,
    _whole_file,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._firewalld_unsaved import unsaved

SERVICES = {
    "app": {"ports": [("9999", "tcp")], "includes": ["base"]},
    "base": {"ports": [("1", "tcp")], "destination": {"ipv4": "192.0.2.1"}, "includes": ["app", "gone"]},
    "nobodys": {"ports": [("2", "tcp")]},
}
RULE = ("ipv4", "filter", "INPUT", 0, ["-p", "tcp", "--dport", "9998"])


def side(**more: Any) -> dict[str, dict[str, Any]]:
    """What is live, or saved, by kind."""
    return {
        "zone": {"public": {"services": ["app"], "target": "default", "interfaces": ["eth0"], "ports": []}},
        "policy": {"allow": {"rich_rules": ['rule service name="base" accept'], "priority": -1}},
        "ipset": {"few": ("", "", "", "hash:ip", {"family": "inet"}, ["192.0.2.1", "192.0.2.2"])},
        "service": SERVICES,
        "direct": {"rules": [RULE]},
        **more,
    }


class Fake:
    """A firewalld whose sides are given, and a NetworkManager with at most one connection."""

    def __init__(self, live: dict[str, Any], saved: dict[str, Any], connection: dict[str, Any] | None = None) -> None:
        self._live, self._saved, self._connection = live, saved, connection

    def __getattr__(self, name: str) -> Any:
        if name == "getDefaultZone":
            return lambda: "public"
        if name == "getSettings":
            return lambda: [self._saved["direct"].get(kind, []) for kind in ("chains", "rules", "passthroughs")]
        if name.startswith("getAll"):
            return lambda: self._live["direct"].get(name[6:].lower(), [])
        kinds = {"Zone": "zone", "IPSet": "ipset", "Service": "service"}
        (kind,) = (kind for word, kind in kinds.items() if name.startswith(f"get{word}"))
        if name.endswith("Names"):
            return lambda: self._saved[kind]
        return self._live[kind].get if "Settings" in name else lambda: self._live[kind]

    def live(self, _interface: str = "") -> Fake:
        return self

    config = live

    def call(self, method: Any, *arguments: Any) -> Any:
        return method(*arguments)

    attempt = call

    def names(self, method: Any) -> list[str]:
        return list(method())

    def saved_settings(self, kind: str, name: str) -> dict[str, Any]:
        return _firewalld_unsaved.plain(self._saved[kind].get(name, {}))

    def policies(self, kind: str) -> list[str]:
        return list((self._saved if kind == "saved" else self._live)["policy"])

    def policy(self, kind: str, name: str) -> Any:
        return (self._saved if kind == "saved" else self._live)["policy"][name]

    def saved_set(self, name: str) -> Any:
        return self._saved["ipset"].get(name)

    def is_on_the_bus(self, _name: str) -> bool:
        return self._connection is not None

    def ask(self, _service: str, _path: str, _interface: str, name: str) -> Any:
        values = {"ActiveConnections": ["/1"], "Devices": ["/2"], "Connection": "/3", "Interface": "wg0"}
        return {"Vpn": False, "Flags": 0, **values, **(self._connection or {})}[name]

    def tell(self, _service: str, _path: str, _interface: str) -> Any:
        zone = {key: one for key, one in (self._connection or {}).items() if key == "zone"}
        return SimpleNamespace(GetSettings=lambda: {"connection": zone})


def found(live: dict[str, Any], saved: dict[str, Any], connection: dict[str, Any] | None = None) -> list[str]:
    fake: Any = Fake(side(**live), side(**saved), connection)
    return unsaved(fake, lambda name: name.startswith("pnports1-mine"))


@pytest.fixture(autouse=True)
def conf(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The text of firewalld's own file."""
    texts = {"text": "# DefaultZone=work\nDefaultZone=public\n"}
    monkeypatch.setattr(_whole_file, "read", lambda _path: texts["text"])
    return texts


ZONE, POLICY, SET = side()["zone"], side()["policy"], side()["ipset"]["few"]


@pytest.mark.parametrize(
    ("live", "saved", "lines"),
    [
        ({}, {}, []),
        ({}, {"zone": {**ZONE, "quarantine": {"target": "DROP"}}}, ["zone quarantine: only saved"]),
        ({"zone": {**ZONE, "old": {}}}, {}, ["zone old: only live"]),
        (
            {"zone": {"public": {**ZONE["public"], "ports": [("8080", "tcp")]}}},
            {"zone": {"public": {**ZONE["public"], "target": "DROP"}}},
            ["zone public: ports only live 8080/tcp", "zone public: target is default, saved is DROP"],
        ),
        (
            {"zone": {"public": {**ZONE["public"], "ports": [(str(port), "tcp") for port in range(10, 18)]}}},
            {},
            ["zone public: ports only live 10/tcp, 11/tcp, 12/tcp, 13/tcp, 14/tcp, and 3 more"],
        ),
        # The files of a folder are one zone; the rest of what they say firewalld leaves out.
        (
            {"zone": {**ZONE, "folder": {"sources": ["192.0.2.0/24", "10.0.0.0/8"], "target": "default"}}},
            {
                "zone": {
                    **ZONE,
                    "folder/one": {"sources": ["10.0.0.0/8"], "target": "DROP"},
                    "folder/two": {"sources": ["192.0.2.0/24"], "target": "DROP"},
                }
            },
            [],
        ),
        ({}, {"policy": {**POLICY, "new": {"target": "DROP"}}}, ["policy new: only saved"]),
        ({}, {"ipset": {"few": SET, "new": SET}}, ["ipset new: only saved"]),
        (
            {"ipset": {"few": (*SET[:5], ["192.0.2.1", "192.0.2.3"])}},
            {},
            ["ipset few: entries only live 192.0.2.3; only saved 192.0.2.2"],
        ),
        ({}, {"ipset": {"few": (*SET[:3], "hash:net", *SET[4:])}}, ["ipset few: type is hash:ip, saved is hash:net"]),
        (
            {},
            {"ipset": {"few": (*SET[:4], {"family": "inet6"}, SET[5])}},
            ["ipset few: options only live family inet; only saved family inet6"],
        ),
        (
            {"ipset": {"few": SET, "ban": ("", "", "", "hash:ip", {"timeout": "60"}, [])}},
            {"ipset": {"few": SET, "ban": ("", "", "", "hash:ip", {"timeout": "60"}, [])}},
            ["ipset ban: its entries have a timeout, and would be gone"],
        ),
        (
            {},
            {"service": {**SERVICES, "app": {**SERVICES["app"], "ports": [("7777", "tcp")]}}},
            ["service app: ports only live 9999/tcp; only saved 7777/tcp"],
        ),
        (
            {},
            {"service": {**SERVICES, "base": {**SERVICES["base"], "destination": {"ipv4": "192.0.2.9"}}}},
            ["service base: destination only live ipv4 192.0.2.1; only saved ipv4 192.0.2.9"],
        ),
        ({}, {"service": {**SERVICES, "nobodys": {}, "another": {"ports": [("3", "tcp")]}}}, []),
        ({"direct": {}}, {}, ["direct: rules only saved ipv4 filter INPUT 0 -p tcp --dport 9998"]),
        (
            {"direct": {"rules": [RULE], "chains": [("ipv4", "filter", "mine")]}},
            {},
            ["direct: chains only live ipv4/filter/mine"],
        ),
    ],
)
def test_both_ways(live: dict[str, Any], saved: dict[str, Any], lines: list[str]) -> None:
    assert found(live, saved) == lines


def zones(policies: dict[str, Any] | None = None, **bound: list[str]) -> dict[str, Any]:
    """Sides with zones that have interfaces; public is the default one."""
    names = ("public", "trusted", "docker")
    made = {name: {**ZONE["public"], "interfaces": bound.get(name, [])} for name in names}
    return {"zone": made, "policy": POLICY | (policies or {})}


def test_an_interface_that_nobody_saved_counts_where_a_reload_moves_it() -> None:
    assert found(zones(trusted=["wg0"]), zones()) == ["zone trusted: interfaces only live wg0"]
    assert found(zones(), zones(trusted=["wg0"])) == ["zone trusted: interfaces only saved wg0"]
    # Back in the default zone it is at once, and Docker binds its own again.
    assert found(zones(public=["eth0"], docker=["docker0"]), zones()) == []
    moved = found(zones(public=["wg0"]), zones(trusted=["wg0"]))
    assert moved == ["zone public: interfaces only live wg0", "zone trusted: interfaces only saved wg0"]
    named = {"theirs": {"ingress_zones": ["public"], "egress_zones": ["HOST"]}}
    assert found(zones(named, public=["eth0"]), zones(named)) == ["zone public: interfaces only live eth0"]


@pytest.mark.parametrize(
    ("zone", "inner", "stays"),
    [
        ("libvirt-routed", False, True),
        ("nm-shared", False, True),
        ("libvirt-office", True, True),
        ("libvirt-office", False, False),
        ("inner", True, False),
    ],
)
def test_an_interface_that_its_owner_binds_again_stays(
    monkeypatch: pytest.MonkeyPatch, zone: str, inner: bool, stays: bool
) -> None:
    monkeypatch.setattr(_firewalld_interfaces, "is_inner", lambda _interface: inner)
    live, saved = ({"zone": {**ZONE, zone: {"interfaces": some}}} for some in (["virbr1"], []))
    assert found(live, saved) == ([] if stays else [f"zone {zone}: interfaces only live virbr1"])


@pytest.mark.parametrize(
    ("connection", "stays"),
    [
        ({"zone": "trusted"}, True),
        ({"zone": "home"}, False),
        ({}, False),
        ({"zone": "trusted", "Vpn": True}, False),
        ({"zone": "trusted", "Flags": 0x2 | 0x8}, False),
        ({"zone": "trusted", "Interface": "other0"}, False),
    ],
)
def test_networkmanager_puts_back_what_its_connections_say(connection: dict[str, Any], stays: bool) -> None:
    live, lines = zones(trusted=["wg0"]), ["zone trusted: interfaces only live wg0"]
    assert found(live, zones(), connection) == ([] if stays else lines)


def test_the_default_zone_that_somebody_wrote_into_the_file(conf: dict[str, str]) -> None:
    conf["text"] += "DefaultZone=drop\n"
    assert found({}, {}) == ["the default zone is public, saved is drop"]


def test_of_ours_only_what_another_owner_would_lose() -> None:
    ours = {"rich_rules": ['rule port port="1" protocol="tcp" accept'], "egress_zones": ["HOST"]}
    one = {"policy": {**POLICY, "pnports1-mine": ours, "pnports1-other": ours, "pnpout1-old": {"rich_rules": []}}}
    other = {"policy": {**POLICY, "pnports1-new": ours}, "ipset": {"few": SET, "pnports1-new-abcdef4": SET}}
    assert found(one, other) == ['policy pnports1-other: rich_rules only live rule port port="1" protocol="tcp" accept']
    assert found(other, {"policy": one["policy"] | other["policy"]}) == []
    inactive = {"policy": {**POLICY, "pnports1-mine": ours, "pnports1-other": {**ours, "egress_zones": []}}}
    assert len(found(one, inactive)) == 1
    assert found(inactive, one) == []
    name = "pnports1-other-abcdef4"
    assert found(
        {"ipset": {"few": SET, name: SET}}, {"ipset": {"few": SET, name: (*SET[:5], [*SET[5][1:], "192.0.2.7"])}}
    ) == [f"ipset {name}: entries only live 192.0.2.1"]
