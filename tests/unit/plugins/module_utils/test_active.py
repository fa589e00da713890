# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which firewall a host has, by what its systemd and its files say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _active, _firewalls
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import ENTRIES, FIREWALLS, Entry
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._backend import Backend
from ansible_collections.printnet.ports.plugins.module_utils._host import HostError


class _Host(dict[str, str]):
    """What systemctl says of each unit, by verb and name; no other program is there. Called as a module's run."""

    def __call__(self, words: list[str], _data: str | None = None) -> tuple[int, str, str]:
        if words[0] != "systemctl":
            return (0, self[words[0]], "") if words[0] in self else (127, "", "not found")
        verb, names = words[1], words[2:]
        unset = "inactive" if verb == "is-active" else "disabled"
        return 0, "".join(f"{self.get(f'{verb} {name}', unset)}\n" for name in names), ""


@pytest.fixture(name="host")
def _host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Host:
    monkeypatch.setattr(_active, "_SYSTEMD", tmp_path)
    program, settings = tmp_path / "ufw", tmp_path / "ufw.conf"
    program.touch()
    entry = Entry("Ufw", switch=(str(program), str(settings)), starter="ufw.service")
    monkeypatch.setitem(_firewalls.ENTRIES, "ufw", entry)
    return _Host()


@pytest.mark.parametrize(
    ("states", "ufw", "found"),
    [
        ({"is-active firewalld.service": "active"}, None, ["firewalld"]),
        ({"is-active firewalld.service": "reloading"}, None, ["firewalld"]),
        ({"is-active nftables.service": "active"}, "ENABLED=no\n", ["nftables"]),
        ({"is-active netfilter-persistent.service": "active"}, "# ENABLED=yes\n", ["iptables"]),
        ({"is-active ip6tables.service": "active", "is-active iptables.service": "active"}, None, ["iptables"]),
        ({}, 'LOGLEVEL=low\nENABLED="yes"  # on\n', ["ufw"]),
        ({}, "ENABLED=no\nENABLED=yes\n", ["ufw"]),
        ({"is-active firewalld.service": "active"}, "ENABLED=yes\nENABLED=no\n", ["firewalld"]),
        ({"is-active firewalld.service": "active"}, "ENABLED=Yes\n", ["firewalld", "ufw"]),
    ],
)
def test_which_are_active(
    states: dict[str, str], ufw: str | None, found: list[str], host: _Host, tmp_path: Path
) -> None:
    host.update(states)
    if ufw is not None:
        (tmp_path / "ufw.conf").write_text(ufw, encoding="ascii")
    assert _active.active_firewalls(host) == found


LOADED = "*filter\n:INPUT DROP [0:0]\n:ufw-user-input - [0:0]\n:ufw-user-output - [0:0]\nCOMMIT\n"
EMPTY = "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"
UNKNOWN = "# Table `filter' is incompatible, use 'nft' tool.\n"


@pytest.mark.parametrize(
    ("unit", "table", "found"),
    [
        ({"is-active ufw.service": "active"}, EMPTY, ["ufw"]),
        ({"is-enabled ufw.service": "enabled"}, EMPTY, ["ufw"]),
        ({"is-enabled ufw.service": "generated"}, EMPTY, ["ufw"]),
        ({}, LOADED, ["ufw"]),
        ({"is-enabled ufw.service": "masked"}, LOADED, ["ufw"]),
        ({}, UNKNOWN, ["ufw"]),
        ({}, EMPTY, []),
        ({"is-enabled ufw.service": "masked"}, EMPTY, []),
    ],
)
def test_ufw_is_off_where_its_unit_is_disabled_and_nothing_loaded(
    unit: dict[str, str], table: str, found: list[str], host: _Host, tmp_path: Path
) -> None:
    (tmp_path / "ufw.conf").write_text("ENABLED=yes\n", encoding="ascii")
    host.update(unit, **{"iptables-save": table})
    assert _active.active_firewalls(host) == found
    host["is-active firewalld.service"] = "active"
    assert _active.active_firewalls(host) == ["firewalld", *found]
    if found:
        with pytest.raises(HostError, match=r"Switch all but one off \(ufw with ufw disable\)\. Nothing was changed\."):
            _active.choose(host)
    else:
        assert _active.choose(host) == "firewalld"


@pytest.mark.parametrize(
    ("switch", "states", "found"),
    [
        ("yes", {"is-enabled ufw.service": "enabled"}, ["ufw"]),
        ("yes", {}, []),
        ("yes", {"is-enabled ufw.service": "masked", "is-enabled nftables.service": "enabled"}, ["nftables"]),
        ("no", {"is-enabled ufw.service": "enabled"}, []),
    ],
)
def test_which_are_loaded_at_boot(
    switch: str, states: dict[str, str], found: list[str], host: _Host, tmp_path: Path
) -> None:
    (tmp_path / "ufw.conf").write_text(f"ENABLED={switch}\n", encoding="ascii")
    host.update(states)
    assert _active.loaded_at_boot(host) == found


def test_a_ufw_that_filters_without_being_enabled_is_said(host: _Host, tmp_path: Path) -> None:
    (tmp_path / "ufw.conf").write_text("ENABLED=no\n", encoding="ascii")
    host["iptables-save"] = LOADED
    with pytest.raises(HostError, match=r"ufw is not enabled, and its rules filter .*SSH.* Nothing was changed\."):
        _active.choose(host)
    host["iptables-save"] = LOADED.replace("ufw-user", "some")
    assert _active.choose(host) == "iptables"
    (tmp_path / "ufw").unlink()
    host["iptables-save"] = LOADED
    assert _active.choose(host) == "iptables"


def test_settings_of_a_removed_ufw_do_not_switch_it_on(host: _Host, tmp_path: Path) -> None:
    (tmp_path / "ufw.conf").write_text("ENABLED=yes\n", encoding="ascii")
    assert ENTRIES["ufw"].is_switched_on()
    (tmp_path / "ufw").unlink()
    assert not ENTRIES["ufw"].is_switched_on()


def test_which_are_stopped(host: _Host) -> None:
    assert _active.stopped_firewalls(host) == []
    host["is-enabled firewalld.service"] = "enabled"
    host["is-enabled nftables.service"] = "masked"
    assert _active.stopped_firewalls(host) == ["firewalld"]


@pytest.mark.parametrize(
    ("states", "asked", "said"),
    [
        (
            {"is-active firewalld.service": "active", "is-active nftables.service": "active"},
            "auto",
            "Switch all but one off",
        ),
        ({"is-active firewalld.service": "active"}, "nftables", "firewalld is active on this host, and the task asks"),
        ({"is-enabled firewalld.service": "enabled"}, "auto", "systemctl start firewalld"),
        ({}, "pf", "must be auto or one of firewalld, nftables, iptables, ufw"),
    ],
)
def test_what_is_said_where_none_can_be_chosen(states: dict[str, str], asked: str, said: str, host: _Host) -> None:
    host.update(states)
    with pytest.raises(HostError, match=said) as wrong:
        _active.choose(host, asked)
    assert str(wrong.value).endswith("Nothing was changed.")


def test_none_is_no_error(host: _Host) -> None:
    assert _active.choose(host) is None


@pytest.mark.parametrize("name", ENTRIES)
def test_each_entry_is_a_firewall(name: str) -> None:
    """Every method that has to be there is, and Ansible can see that the file is imported."""
    kind: Any = FIREWALLS[name]
    assert issubclass(kind, Backend)
    for method in ("owners", "read", "denies_outgoing", "go_live", "save"):
        assert getattr(kind, method) is not getattr(Backend, method), method
    source = Path(str(_firewalls.__file__)).read_text(encoding="utf-8")
    assert f"    {name},\n" in source.split("TYPE_CHECKING:")[1]


def test_traces_are_looked_for_before_a_firewall_is_imported(tmp_path: Path) -> None:
    entry = Entry("X", traces=((f"{tmp_path}/rules.v?", "pnports1-"), (f"{tmp_path}/ours", "")))
    (tmp_path / "rules.v4").write_text("-A INPUT -j ACCEPT\n", encoding="ascii")
    assert not entry.has_traces()
    (tmp_path / "rules.v4").write_text(":pnports1-vpsx - [0:0]\n", encoding="ascii")
    assert entry.has_traces()
    (tmp_path / "rules.v4").unlink()
    (tmp_path / "ours").touch()
    assert entry.has_traces()


def test_what_a_boot_starts_is_imported_ahead(monkeypatch: pytest.MonkeyPatch, host: _Host, tmp_path: Path) -> None:
    class Broken(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            asked.append(name)
            raise ImportError(name)

    asked: list[str] = []
    monkeypatch.setattr(_active, "FIREWALLS", Broken())
    wanted = "/etc/systemd/system/*.wants/nftables.service"
    monkeypatch.setattr(_firewalls.glob, "glob", lambda pattern: [pattern] if pattern == wanted else [])
    _active.expect()
    assert asked == ["nftables"]
    (tmp_path / "ufw.conf").write_text("ENABLED=yes\n", encoding="ascii")
    wanted = ""
    _active.expect()
    assert asked == ["nftables", "ufw"]
    assert not host
