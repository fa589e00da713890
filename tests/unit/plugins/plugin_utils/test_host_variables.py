# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables as tasks and hosts have them: templates that fail, vaulted parts, JSON, and names that are misspelt."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.printnet.ports.plugins.plugin_utils import _task_variables, _variables
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._host_variables import HostVariables, each
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog

FaultsOf = Callable[..., list[str]]
Value = Callable[[str, Any], Any]


class Secret:
    """What ansible-core 2.18 gives for a vaulted value."""

    __ENCRYPTED__ = True

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class Whole(dict[str, Any]):
    """Ansible's variables of all hosts; ``template`` makes the value of what is none as it stands."""

    def __init__(
        self, hosts: Mapping[str, Mapping[str, Any]], template: Callable[[Any], Any] = lambda raw: raw
    ) -> None:
        super().__init__({host: dict(own) for host, own in hosts.items()})
        self._template = template

    def raw_get(self, host: str) -> dict[str, Any]:
        return dict(super().__getitem__(host))

    def __getitem__(self, host: str) -> Any:
        return {name: self._template(value) for name, value in super().__getitem__(host).items()}


def _of_a_task(name: str, raw: Any, template: Callable[[Any], Any] = lambda raw: raw) -> Any:
    return _task_variables.reader({name: raw}, template)(name)


def _of_a_host(name: str, raw: Any, template: Callable[[Any], Any] = lambda raw: raw) -> Any:
    return HostVariables(Whole({"v1": {name: raw}}, template), [name])("v1").get(name)


READERS = pytest.mark.parametrize("read", [_of_a_task, _of_a_host])


@READERS
@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (Secret("server"), "server"),
        ({"serverx": Secret("any"), "netx": ["10.0.0.0/8", Secret("10.1.0.1")]}, {"serverx": "any", "netx": ...}),
        ([{"address": Secret("10.0.0.1"), "seen_as": "192.0.2.1"}], [{"address": "10.0.0.1", "seen_as": "192.0.2.1"}]),
        ((Secret("ipp"), 5, None, True), ["ipp", 5, None, True]),
    ],
)
def test_vaulted_parts_are_text(read: Value, raw: Any, value: Any) -> None:
    if isinstance(value, dict):
        value["netx"] = ["10.0.0.0/8", "10.1.0.1"]
    assert read("printnet_networks", raw) == value


def test_what_has_nothing_vaulted_is_the_same_object(calls_of: Callable[[Callable[[], Any]], int]) -> None:
    many = {"workstation": ["10.0.0.0/8"] * 10_000}
    assert _task_variables.opened(many) is many
    assert calls_of(lambda: _task_variables.opened(many)) < 100


@READERS
@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("printnet_features", '{"dns_tcp": true}', {"dns_tcp": True}),
        ("printnet_networks", ' {"workstation":["10.0.0.0/8"]} ', {"workstation": ["10.0.0.0/8"]}),
        ("printnet_addresses", '["192.0.2.1", "2001:db8::1"]', ["192.0.2.1", "2001:db8::1"]),
        ("vpsx_print_protocols", '["ipp"]', ["ipp"]),
        # What is no JSON, and what is never a mapping or a list.
        ("printnet_networks", '{"workstation":', None),
        ("printnet_networks", "[" * 100_000, None),
        ("printnet_networks", "workstation", None),
        ("printnet_addresses", "192.0.2.1, 192.0.2.2", None),
        ("printnet_snmp_community", "[1]", None),
        ("ansible_host", "[1]", None),
    ],
)
def test_json_is_read_where_a_mapping_or_a_list_is_meant(read: Value, name: str, text: str, value: Any) -> None:
    assert read(name, text) == (text if value is None else value)


def test_hosts_share_what_they_have_as_the_same_json() -> None:
    name, text = "printnet_networks", '{"workstation": ["10.0.0.0/8"]}'
    read = HostVariables(Whole({"v1": {name: text}, "v2": {name: text}}), [name])
    assert read("v1").get(name) is read("v2").get(name)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (AnsibleError("'nets' is undefined"), "'nets' is undefined"),
        (
            json.JSONDecodeError("Expecting value", "bad", 0),
            "JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
        ),
        (KeyError("x"), "KeyError: 'x'"),
    ],
)
def test_whatever_a_template_raises_names_the_variable(wrong: Exception, told: str, faults_of: FaultsOf) -> None:
    def template(_raw: Any) -> Any:
        raise wrong

    name = "printnet_networks"
    assert faults_of(_of_a_task, name, "{{ x }}", template) == [f"{name}: {told}"]
    assert faults_of(_of_a_host, name, "{{ x }}", template) == [f"host v1, {name}: {told}"]


def test_a_secret_that_nobody_can_open_names_the_variable(faults_of: FaultsOf) -> None:
    class Closed(Secret):
        def __str__(self) -> str:
            raise AnsibleError("no vault secrets found")

    assert faults_of(_of_a_host, "vpsx_mode", Closed("")) == ["host v1, vpsx_mode: no vault secrets found"]


# --- misspelt names ---------------------------------------------------------------------------------------------------


def _misspelt(catalog: Catalog, hosts: Mapping[str, Mapping[str, Any]], of_the_task: Mapping[str, Any]) -> list[str]:
    read = HostVariables(Whole(hosts), [*_variables.ALL, *catalog.options])
    read.watch(partial(_variables.is_near, catalog))
    for host in hosts:
        read(host)
    return _variables.misspelt_by_hosts(catalog, of_the_task, read.beside)


def test_a_misspelt_variable_of_any_host_is_told_with_its_hosts(catalog: Catalog) -> None:
    hosts: dict[str, dict[str, Any]] = {f"v{number}": {"vpsx_submision_port": 443} for number in range(1, 6)}
    hosts["v2"] |= {"vpsx_own": 1, "printnet_networks": {}, "vpsx_mode": "server"}
    hosts["lex01"] = {"printnet_adresses": ["10.9.0.1"], "vpsx_submision_port": "not meant as ours"}
    end = "is unknown and has no effect; did you mean"
    assert _misspelt(catalog, hosts, {**hosts["v1"], "printnet_feature": {}}) == [
        f"lex01: The variable printnet_adresses {end} printnet_addresses?",
        f"v1, v2, v3 and 2 more: The variable vpsx_submision_port {end} vpsx_submission_port?",
        f"The variable printnet_feature {end} printnet_features?",
    ]
    assert _misspelt(catalog, {}, {}) == []


def test_each_name_is_judged_once(catalog: Catalog) -> None:
    asked: list[str] = []

    def is_near(name: str) -> bool:
        asked.append(name)
        return _variables.is_near(catalog, name)

    own = {"printnet_adresses": "", "vpsx_own": 1, "ansible_host": "192.0.2.1"}
    read = HostVariables(Whole({f"p{number}": own for number in range(100)}), _variables.ALL)
    read.watch(is_near)
    for number in range(100):
        read(f"p{number}")
    assert sorted(asked) == sorted(own)
    assert {name: len(hosts) for name, hosts in read.beside.items()} == {"printnet_adresses": 100}


# --- faults of hosts --------------------------------------------------------------------------------------------------


def test_what_is_wrong_with_hosts_is_said_once() -> None:
    wrong = {"a": ["x: bad", "host a, y: bad"], "b": ["x: bad", "all: bad"], "c": ["all: bad"], "d": ["z: bad"]}

    def make(host: str) -> str:
        if host not in wrong:
            return host.upper()
        raise PortsError(wrong[host])

    faults = Faults(["host d, z: bad"])
    assert each("abcde", make, faults) == {"e": "E"}
    assert faults.found == ["host d, z: bad", "a, b: x: bad", "a: y: bad", "b, c: all: bad"]
    faults = Faults()
    assert each("bc", make, faults) == {}
    assert faults.found == ["all: bad", "b: x: bad"]
