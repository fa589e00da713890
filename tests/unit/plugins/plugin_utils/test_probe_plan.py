# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which connection proves a pair: the flow's own protocol where it has a public one, and never more than is allowed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _probes
from ansible_collections.printnet.ports.plugins.plugin_utils import _probe_plan
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._probe_plan import Settings, Target
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils import checks


@pytest.mark.parametrize(
    ("application", "transport", "protocol"),
    [
        ("SNMP", "udp", "snmp"),
        ("SNMP", "tcp", "connect"),
        ("DNS", "udp", "dns"),
        ("DNS", "tcp", "dns"),
        ("Kerberos", "udp", "kerberos"),
        ("mDNS", "udp", "mdns"),
        ("mDNS", "tcp", "connect"),
        ("RAW", "tcp", "raw"),
        (" ipps ", "tcp", "ipps"),
        ("IPP", "udp", "datagram"),
        ("SMTP with STARTTLS", "tcp", "smtp-starttls"),
        ("LRS API", "tcp", "connect"),
        ("", "udp", "datagram"),
    ],
)
def test_what_is_spoken(application: str, transport: str, protocol: str) -> None:
    assert _probe_plan.protocol_of(application, transport) == protocol


def test_the_module_probe_takes_every_target_that_is_made(catalog: Catalog) -> None:
    aims = {
        (flow.transport, _probe_plan.protocol_of(flow.application, flow.transport)) for flow in catalog.flows.values()
    }
    targets = [
        _probes.Target(**Target("", 9, transport, protocol).as_dict(number, 0.2))
        for number, (transport, protocol) in enumerate(sorted(aims))
    ]
    results = _probes.run(targets, _probes.Limits(64, 0, 1.0, 5.0), "public")
    # An address that is none is what it finds wrong, and nothing else.
    assert {(one.outcome, "address" in one.said) for one in results} == {("not_tried", True)}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(), "printnet_probe_print_ports: true"),
        (Settings(print_ports=True), ""),
        (Settings(print_ports=True, print_window="19:00-05:00"), ""),
        (Settings(print_ports=True, print_window="19:00-05:00", outside_window=True), "19:00-05:00"),
    ],
)
@pytest.mark.parametrize("flow", ["vpsx-printer-raw", "vpsx-printer-lpr", "vpsx-printer-ipp", "vpsx-printer-ipps"])
def test_print_ports_are_tried_when_somebody_asks_for_it(site: Any, flow: str, settings: Settings, told: str) -> None:
    made = checks.check(site)
    aim = _probe_plan.target(checks.pair_of(made, flow, "v1", "p1"), made.catalog, settings)
    if told:
        assert isinstance(aim, str)
        assert told in aim
    else:
        assert isinstance(aim, Target)
        assert aim.gentle


@pytest.mark.parametrize("pair", [("vpsx-printer-snmp", "v1", "p1"), ("pdm-vpsx-lpr", "w1", "v1")])
def test_what_holds_up_no_printer_is_always_tried(site: Any, pair: tuple[str, str, str]) -> None:
    made = checks.check(site)
    aim = _probe_plan.target(checks.pair_of(made, *pair), made.catalog, Settings())
    assert isinstance(aim, Target)
    assert not aim.gentle


def test_each_host_tries_each_target_once_and_only_its_own(site: Any) -> None:
    made = checks.check(site)
    aims = _probe_plan.targets(made.pairs.pairs, made.catalog, Settings(), {"v1", "w1"})
    assert aims.keys() == {"v1", "w1"}
    # Two flows of w1 go to the same port of p1.
    assert [aim.key for aim in aims["w1"]].count("snmp udp/161 192.0.2.5") == 1
    assert all(len({aim.key for aim in some}) == len(some) for some in aims.values())


def test_a_key_tells_apart_what_is_tried_apart() -> None:
    aims = [
        Target("192.0.2.1", 515, "tcp", "lpr"),
        Target("192.0.2.1", 515, "tcp", "connect"),
        Target("192.0.2.1", 515, "udp", "datagram"),
        Target("192.0.2.1", 515, "tcp", "lpr", 721),
        Target("2001:db8::1", 515, "tcp", "lpr"),
    ]
    assert len({aim.key for aim in aims}) == len(aims)


@pytest.mark.parametrize(
    ("host", "protocol", "name"),
    [
        ("print1.example.com", "ipps", "print1.example.com"),
        ("print1.example.com", "https", "print1.example.com"),
        ("print1.example.com", "smtp-starttls", "print1.example.com"),
        # Without TLS the name has another meaning, or none.
        ("print1.example.com", "kerberos", None),
        ("print1.example.com", "http", None),
        # Names of the inventory only, and addresses, are no names that a certificate is for.
        ("print1", "ipps", None),
        ("192.0.2.5", "ipps", None),
        ("print1.-x.com", "ipps", None),
        ("print_1.example.com", "ipps", None),
        ("", "ipps", None),
    ],
)
def test_tls_asks_for_the_name_that_the_inventory_has(host: str, protocol: str, name: str | None) -> None:
    made = Target("192.0.2.5", 443, "tcp", protocol, server_name=_probe_plan.server_name(host, protocol))
    assert made.as_dict(0, 1.0)["server_name"] == name
    assert made.key == Target("192.0.2.5", 443, "tcp", protocol).key


def test_the_name_of_a_destination_is_asked_for(site: Any) -> None:
    made = checks.check(site)
    pair = checks.pair_of(made, "pullsvc-vpsx-ipps", "w1", "v1")
    named = replace(pair, destination=replace(pair.destination, host="v1.example.com"))
    aim = _probe_plan.target(named, made.catalog, Settings())
    assert isinstance(aim, Target)
    assert aim.server_name == "v1.example.com"
