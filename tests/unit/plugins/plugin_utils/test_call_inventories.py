# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real Ansible inventories, as estates have them: YAML, INI and a program; other languages, templates, a vault, NAT."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing import vault
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.printnet.ports.plugins.plugin_utils import _plan, _plan_file, _site_plan
from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call

FaultsOf = Callable[..., list[str]]
Rules = set[tuple[str, str]]
SECRETS: Any = [("default", vault.VaultSecret(b"a password of a test"))]

YAML = """
all:
  children:
    druckserver_süd:
      children:
        standort_köln: {hosts: {v1: }}
        standort_münchen: {hosts: {v2: {printnet_addresses: [{address: 10.0.0.2, seen_as: 203.0.113.2}]}}}
    annuaire: {hosts: {s20: }}
    прынтары: {hosts: {p100: }}
    ungrouped: {hosts: {other: }}
  vars:
    net: 192.0.2
    ansible_host: "{{ net }}.{{ inventory_hostname[1:] }}"
    printnet_groups: {vpsx: druckserver_süd, serverx: [annuaire], printer: "{{ 'прынтары' }}"}
    printnet_networks: {workstation: "{{ clients.split() }}"}
    clients: 198.51.100.0/24 2001:db8:51::/64
"""

INI = """
[druckserver_süd:children]
standort_köln
standort_münchen

[standort_köln]
v1 ansible_host=192.0.2.1

[standort_münchen]
v2 printnet_addresses='[{"address": "10.0.0.2", "seen_as": "203.0.113.2"}]'

[annuaire]
s20

[annuaire:vars]
printnet_addresses=192.0.2.20

[прынтары]
p100 ansible_host="{{ net }}.100"

[all:vars]
net=192.0.2
printnet_groups={"vpsx": "druckserver_süd", "serverx": ["annuaire"], "printer": "прынтары"}
printnet_networks={"workstation": "198.51.100.0/24, 2001:db8:51::/64"}
"""

PROGRAM = """#!/bin/sh
cat <<'JSON'
{"druckserver": {"children": ["köln", "münchen"]}, "köln": ["v1"], "münchen": {"hosts": ["v2"]},
 "annuaire": {"hosts": ["s20"]}, "прынтары": ["p100"],
 "all": {"vars": {"printnet_networks": {"workstation": ["198.51.100.0/24", "2001:db8:51::/64"]},
                  "printnet_groups": {"vpsx": "druckserver", "serverx": "annuaire", "printer": "прынтары"}}},
 "_meta": {"hostvars": {"v1": {"ansible_host": "192.0.2.1"}, "s20": {"ansible_host": "192.0.2.20"},
  "v2": {"printnet_addresses": {"address": "10.0.0.2", "seen_as": "203.0.113.2"}},
  "p100": {"ansible_host": "192.0.2.100"}}}}
JSON
"""


class Estate:
    """An inventory file as a run of Ansible has it, limited perhaps."""

    def __init__(self, path: Path, limit: str | None = None) -> None:
        self.loader = DataLoader()
        self.loader.set_vault_secrets(SECRETS)
        self.known = InventoryManager(loader=self.loader, sources=[str(path)])
        if limit:
            self.known.subset(limit)
        self.manager = VariableManager(loader=self.loader, inventory=self.known)

    def call(self, host: str) -> Call:
        hostvars = HostVars(self.known, self.manager, self.loader)
        variables = {**self.manager.get_vars(host=self.known.get_host(host)), "hostvars": hostvars}
        return Call(variables, Templar(loader=self.loader, variables=variables).template)

    def open(self, host: str, component: str) -> Rules:
        """What the host lets in."""
        call = self.call(host)
        share = _plan.share(call.estate([component], ["in"]), host, component, call.own_options(component), ["in"])
        assert call.warnings == []
        return {(f"{want.flow.transport}/{want.port[0]}", ", ".join(want.peers)) for want in share.wants}

    def digest(self, host: str) -> str:
        return _plan_file.saved(_site_plan.site_plan(self.call(host).inventory()), "", {}).digest


@pytest.fixture(name="estate")
def _estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Estate]:
    def no_name(*_args: Any, **_named: Any) -> Any:
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    # From ansible-core 2.19 on, the command sets this beside the loader's secrets.
    if context := getattr(vault, "VaultSecretsContext", None):
        monkeypatch.setattr(context, "_current", context(SECRETS))

    def make(text: str, limit: str | None = None) -> Estate:
        suffix = "sh" if text.startswith("#!") else "ini" if text.startswith("\n[") else "yml"
        path = tmp_path / f"inventory.{suffix}"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if suffix == "sh" else 0o644)
        return Estate(path, limit)

    return make


CLIENTS = "198.51.100.0/24, 2001:db8:51::/64"
SUBMITTED = {(f"tcp/{port}", CLIENTS) for port in (515, 631, 9443)}
DIRECTORY, V1, V2 = "192.0.2.20/32", "192.0.2.1/32", "203.0.113.2/32"
FORMS = pytest.mark.parametrize("text", [YAML, INI, PROGRAM], ids=["yaml", "ini", "program"])
Estates = Callable[..., Estate]


@FORMS
def test_the_same_rules_out_of_every_form_of_inventory(estate: Estates, text: str) -> None:
    here = estate(text)
    assert here.open("v1", "vpsx") == {*SUBMITTED, ("tcp/5501", DIRECTORY), ("tcp/5501", V2)}
    assert here.open("v2", "vpsx") == {*SUBMITTED, ("tcp/5501", DIRECTORY), ("tcp/5501", V1)}
    assert here.open("s20", "serverx") == {("tcp/5600", "192.0.2.1/32, 203.0.113.2/32"), ("tcp/5601", CLIENTS)}
    members = _site_plan.site_plan(here.call("p100").inventory()).members
    assert {name: list(hosts) for name, hosts in members.items() if hosts} == {
        "vpsx": ["v1", "v2"],
        "serverx": ["s20"],
        "printer": ["p100"],
    }
    assert members["vpsx"]["v2"].behind == ((V2, "10.0.0.2/32"),)
    assert members["printer"]["p100"].networks == ("192.0.2.100/32",)


@FORMS
@pytest.mark.parametrize("limit", ["v2", "all:!annuaire", "standort_münchen"])
def test_a_limit_makes_no_difference(estate: Estates, text: str, limit: str) -> None:
    if text == PROGRAM and limit.startswith("standort"):
        limit = "münchen"
    whole, limited = estate(text), estate(text, limit)
    assert limited.digest("v2") == whole.digest("v2") == whole.digest("v1")
    assert limited.open("v2", "vpsx") == whole.open("v2", "vpsx")


def test_hosts_without_an_address_come_in_one_sentence(estate: Estates, faults_of: FaultsOf) -> None:
    here = estate(YAML.replace('    ansible_host: "{{ net }}.{{ inventory_hostname[1:] }}"\n', ""))
    about = "the controller could not resolve the name; set ansible_host to an address, or printnet_addresses to the"
    begins = "inventory: no address for"
    (own,) = faults_of(here.open, "v1", "vpsx")
    assert own.startswith(f"{begins} s20: {about}")  # not of itself
    (all_of_them,) = faults_of(here.digest, "v1")
    assert all_of_them.startswith(f"{begins} v1, s20, p100: {about}")


def test_a_secret_address_is_read(estate: Estates) -> None:
    secret = vault.VaultLib(SECRETS).encrypt(b"192.0.2.77").decode("ascii")
    lines = "\n".join(f"          {line}" for line in secret.splitlines())
    text = YAML.replace(
        "annuaire: {hosts: {s20: }}",
        f"annuaire:\n      hosts:\n       s20:\n        printnet_addresses: !vault |\n{lines}",
    )
    assert ("tcp/5501", "192.0.2.77/32") in estate(text).open("v1", "vpsx")


def test_secrets_are_text_wherever_they_stand(estate: Estates) -> None:
    def secret(text: bytes) -> str:
        lines = vault.VaultLib(SECRETS).encrypt(text).decode("ascii").splitlines()
        return "!vault |\n" + "\n".join(f"          {line}" for line in lines)

    text = YAML.replace("net: 192.0.2", f"net: 192.0.2\n    vpsx_mode: {secret(b'server')}")
    text = text.replace(
        '"{{ clients.split() }}"}', f"\n        - {secret(b'198.51.100.0/24')}\n        - 2001:db8:51::/64"
    )
    text = text.replace("printnet_networks: {workstation:", "printnet_networks:\n      workstation:")
    here = estate(text)
    assert here.open("v1", "vpsx") >= SUBMITTED
    assert here.digest("v1") == estate(YAML).digest("v1")


def test_json_may_say_false_in_an_ini_inventory(estate: Estates) -> None:
    digests = {
        estate(INI + f"printnet_features={{{said}}}\n").digest("v1") for said in ('"pdm": false', "'pdm': False")
    }
    assert len(digests) == 1
    assert estate(INI).digest("v1") not in digests


def test_templates_without_a_value_come_at_once_with_their_hosts(estate: Estates, faults_of: FaultsOf) -> None:
    text = YAML.replace("annuaire: {hosts: {s20: }}", 'annuaire: {hosts: {s20: {ansible_host: "{{ nowhere }}"}}}')
    text = text.replace("{v1: }", '{v1: {vpsx_mode: "{{ mode }}", printnet_networks: "{{ \'bad\' | from_json }}"}}')
    text = text.replace("{p100: }", '{p100: {printnet_addresses: "{{ nobody }}"}}')
    faults = "\n".join(faults_of(estate(text).digest, "v2"))
    for told in ("s20", "host v1, vpsx_mode: ", "v1: printnet_networks: ", "host p100, printnet_addresses: "):
        assert told in faults


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("net: 192.0.2", "net: nowhere", "inventory: no address for "),
        (
            "clients: 198.51.100.0/24",
            "clients: 198.51.100.1/24",
            "printnet_networks, workstation: '198.51.100.1/24' has",
        ),
        ("vpsx: druckserver_süd", "vpsx: druckserver_sud", "printnet_groups, vpsx: the inventory has no group 'drucks"),
    ],
)
def test_what_a_template_makes_is_checked(estate: Estates, old: str, new: str, told: str, faults_of: FaultsOf) -> None:
    here = estate(YAML.replace(old, new))
    for wrong in (faults_of(here.open, "v1", "vpsx"), faults_of(here.digest, "v1")):
        assert [fault[: len(told)] for fault in wrong] == [told]


def test_a_mapping_of_the_same_name_in_a_group_is_the_groups(estate: Estates, faults_of: FaultsOf) -> None:
    text = YAML.replace("standort_köln: {hosts: {v1: }}", "standort_köln: {hosts: {v1: }, vars: {printnet_groups: {}}}")
    (fault,) = faults_of(estate(text).digest, "s20")
    assert fault.startswith("printnet_groups: v1 and s20 have different values")
