# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host's addresses out of its variables: given, translated, reached by Ansible, or resolved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _hosts
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._hosts import Where

NAMES = {"both.example": ("192.0.2.7", "2001:db8::7"), "p1": ("192.0.2.6",), "loop.example": ("127.0.1.1", "192.0.2.5")}


def _resolve(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Stands in for the controller's resolver."""
    return {name: NAMES[name] for name in names if name in NAMES}


def _where(variables: dict[str, Any], name: str = "p1") -> Where:
    return _hosts.find([name], lambda _name: variables, _resolve)[name]


@pytest.mark.parametrize(
    ("variables", "networks", "origin"),
    [
        ({"ansible_host": "[2001:db8::5]"}, ("2001:db8::5/128",), "ansible_host"),
        ({"ansible_host": " 192.0.2.5 "}, ("192.0.2.5/32",), "ansible_host"),
        ({"ansible_host": ""}, ("192.0.2.6/32",), "name"),
        ({"ansible_host": " "}, ("192.0.2.6/32",), "name"),
        ({"ansible_host": []}, ("192.0.2.6/32",), "name"),
        ({"ansible_host": None}, ("192.0.2.6/32",), "name"),
        ({"ansible_host": "both.example"}, ("192.0.2.7/32", "2001:db8::7/128"), "name"),
        ({"printnet_addresses": "192.0.2.8, 2001:DB8::8"}, ("192.0.2.8/32", "2001:db8::8/128"), "printnet_addresses"),
        ({"printnet_addresses": ["192.0.2.8", "192.0.2.8"]}, ("192.0.2.8/32",), "printnet_addresses"),
        ({"printnet_addresses": ("192.0.2.8",), "ansible_host": "bastion"}, ("192.0.2.8/32",), "printnet_addresses"),
        ({"printnet_addresses": "", "ansible_host": "192.0.2.5"}, ("192.0.2.5/32",), "ansible_host"),
    ],
)
def test_where_it_comes_from(variables: dict[str, Any], networks: tuple[str, ...], origin: str) -> None:
    assert _where(variables) == Where(networks, origin)


@pytest.mark.parametrize(
    ("given", "networks", "behind"),
    [
        (
            {"address": "10.1.0.5", "seen_as": "203.0.113.5"},
            ("203.0.113.5/32",),
            (("203.0.113.5/32", "10.1.0.5/32"),),
        ),
        (
            [{"seen_as": "203.0.113.5", "address": "10.1.0.5"}, "2001:db8::5"],
            ("203.0.113.5/32", "2001:db8::5/128"),
            (("203.0.113.5/32", "10.1.0.5/32"),),
        ),
        (
            [{"address": one, "seen_as": "203.0.113.5"} for one in ("10.1.0.5", "10.1.0.6")],
            ("203.0.113.5/32",),
            (("203.0.113.5/32", "10.1.0.5/32"), ("203.0.113.5/32", "10.1.0.6/32")),
        ),
    ],
)
def test_peers_see_what_a_translation_shows_them(
    given: Any, networks: tuple[str, ...], behind: tuple[tuple[str, str], ...]
) -> None:
    assert _where({"printnet_addresses": given}) == Where(networks, "printnet_addresses", behind)


@pytest.mark.parametrize(
    "entry",
    [
        {"address": "10.1.0.5"},
        {"seen_as": "203.0.113.5"},
        {"address": "10.1.0.5", "seen_as": "gateway"},
        {"address": "10.1.0.0/24", "seen_as": "203.0.113.5"},
        {"address": "10.1.0.5", "seen_as": "203.0.113.5", "site": "HQ"},
        {"address": "10.1.0.5", "seen_as": ["203.0.113.5"]},
        {},
    ],
)
def test_half_a_translation_is_refused(entry: dict[str, Any]) -> None:
    (fault,) = _where({"printnet_addresses": [entry]}).faults
    assert fault.startswith(f"printnet_addresses: {str(entry)[:40]}")
    assert fault.endswith("must have two addresses, address: its own, and seen_as: the one that its peers see")


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"printnet_addresses": ["192.0.2.7/24", "x"]}, ["printnet_addresses: '192.0.2.7/24' is no", "printnet_"]),
        ({"printnet_addresses": "{{ hostile }}\n"}, ["printnet_addresses: '{{ hostile }}' is no IPv4 or IPv6 address"]),
        (
            {"printnet_addresses": {"address": "10.0.0.1", "seen_as": "127.0.0.1"}},
            ["printnet_addresses: 127.0.0.1 is a"],
        ),
        ({"ansible_host": "loop.example"}, ["name: 127.0.1.1 is a loopback address; set printnet_addresses to"]),
        ({"ansible_host": "010.020.001.005"}, ["ansible_host: '010.020.001.005' is no address; write it in full,"]),
        ({"ansible_host": 10.1}, ["ansible_host: '10.1' is no address; write it in full, without leading zeros"]),
        ({"ansible_host": 0}, ["ansible_host: '0' is no address; write it in full, without leading zeros or a zone"]),
        ({"ansible_host": "192.0.2.300"}, ["ansible_host: '192.0.2.300' is no address; write it in full, without"]),
        ({"ansible_host": "255.255.255.255"}, ["ansible_host: 255.255.255.255 is the broadcast address; set"]),
    ],
)
def test_every_wrong_address_is_named(variables: dict[str, Any], told: list[str]) -> None:
    found = _where(variables)
    assert len(found.faults) == len(told)
    for fault, begins in zip(found.faults, told, strict=True):
        assert fault.startswith(begins)


def test_a_number_is_no_name() -> None:
    told = (
        "name: '4711' is no address and can't be resolved as a name; set ansible_host to an address, or "
        "printnet_addresses to the host's addresses as its peers see them"
    )
    assert _where({}, "4711") == Where(origin="name", faults=(told,))
    assert _where({"ansible_host": "192.0.2.5"}, "4711").networks == ("192.0.2.5/32",)
    assert _where({}, "[2001:db8::5]").networks == ("2001:db8::5/128",)


def test_no_host_is_without_an_address_and_nobody_says_so() -> None:
    assert _where({"ansible_host": "[ ]"}, "nobody").unresolved == "nobody"
    assert _where({}, "[]").unresolved == "[]"


def test_one_wrong_address_does_not_hide_the_others() -> None:
    assert _where({"ansible_host": "loop.example"}).networks == ("192.0.2.5/32",)


def test_a_variable_that_has_no_value_is_its_hosts_fault() -> None:
    class Undefined(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            raise PortsError(f"host p1, {key}: 'net' is undefined")

    variables = {"p1": Undefined(), "a": {"ansible_host": "192.0.2.1"}}
    found = _hosts.find(variables, variables.__getitem__, _resolve)
    assert found["p1"] == Where(faults=("printnet_addresses: 'net' is undefined",))
    assert found["a"].networks == ("192.0.2.1/32",)


def test_the_order_is_the_inventorys_and_names_are_asked_for_once() -> None:
    asked: list[list[str]] = []

    def resolve(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        asked.append(list(names))
        return _resolve(asked[-1])

    variables = {"b": {}, "a": {"ansible_host": "192.0.2.1"}, "p1": {}, "c": {"ansible_host": "nowhere.example"}}
    found = _hosts.find(variables, variables.__getitem__, resolve)
    assert list(found) == list(variables)
    assert asked == [["b", "p1", "nowhere.example"]]
    assert {name: where.unresolved for name, where in found.items() if where.unresolved} == {
        "b": "b",
        "c": "nowhere.example",
    }


def test_names_that_nobody_knows_are_one_sentence() -> None:
    assert _hosts.unresolved({"b": "b", "c": "nowhere.example"}) == (
        "inventory: no address for b, c (ansible_host 'nowhere.example'): the controller could not resolve the name; "
        "set ansible_host to an address, or printnet_addresses to the host's addresses as its peers see them"
    )


def test_a_name_that_is_not_meant_well_is_text() -> None:
    told = _hosts.unresolved({"a\x1b[2J\nb": "\x1b[31mred\n" + "x" * 400, "\x1b]0;c": "\x1b]0;c"})
    assert told.isprintable()
    assert len(told) < 300


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (None, []),
        ("", []),
        (" a , b,, ", ["a", "b"]),
        ({"address": "x"}, [{"address": "x"}]),
        (5, [5]),
        (("a", "b"), ["a", "b"]),
        (["a, b"], ["a, b"]),
    ],
)
def test_a_lone_value_is_a_list_of_one(raw: Any, found: list[Any]) -> None:
    assert _hosts.entries(raw) == found
