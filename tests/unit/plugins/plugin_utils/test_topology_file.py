# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A topology as a file: written and read back, damaged by hand, and compared with what is seen of the inventory."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _topology_file
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host
from ansible_collections.printnet.ports.plugins.plugin_utils._topology_file import Recorded, Said

FaultsOf = Callable[..., list[str]]

V1 = Host("v1", ("192.0.2.1/32", "2001:db8::1/128"), "printnet_addresses", {"vpsx_submission_port": 443})
V2 = Host("v2", ("203.0.113.2/32",), "printnet_addresses", {}, (("203.0.113.2/32", "10.0.0.2/32"),))
V3 = Host("v3", ("192.0.2.3/32",), "name", {"vpsx_print_protocols": ("lpr", "ipp"), "vpsx_audit": False})
HOSTS = {"vpsx": {"v1": V1, "v3": V3, "v2": V2}, "printer": {}, "dis": {"v1": V1}}
NETWORKS = {"workstation": ("198.51.100.0/24", "2001:db8:51::/64"), "printer": ("0.0.0.0/0", "::/0")}
SAID = Said({"printnet_outbound": False}, {"v3": {"printnet_features": {"pdm": False}}, "v1": {}})
APART = {"v2": {"workstation": ("10.0.0.0/8",)}}
AGAIN = "Write it again with the playbook printnet.ports.plan over the whole inventory."


def _text() -> str:
    return _topology_file.dump(HOSTS, NETWORKS, "2026-01-02 03:04:05 UTC", APART, SAID)


def _load(text: str) -> Recorded:
    return _topology_file.load("topology.json", text)


def test_what_is_written_is_read_back() -> None:
    some = {name: members for name, members in HOSTS.items() if members}
    assert _load(_text()) == Recorded("topology.json", "2026-01-02 03:04:05 UTC", some, NETWORKS, APART, SAID)
    assert _load(_topology_file.dump({}, {}, "now")) == Recorded("topology.json", "now", {}, {})


def test_equal_topologies_are_equal_texts() -> None:
    hosts = {name: dict(reversed(members.items())) for name, members in reversed(HOSTS.items())}
    networks = dict(reversed(NETWORKS.items()))
    said = Said(SAID.usual, dict(reversed(SAID.apart.items())))
    assert _topology_file.dump(hosts, networks, "2026-01-02 03:04:05 UTC", APART, said) == _text()


def test_people_can_compare_it_a_line_a_host() -> None:
    lines = _text().splitlines()
    assert '   "v3": {"networks": ["192.0.2.3/32"], "origin": "name", ' in _text()
    assert sum(line.startswith('   "v') for line in lines) == 4
    changed = _topology_file.dump(
        {**HOSTS, "vpsx": {**HOSTS["vpsx"], "v3": Host("v3", ("192.0.2.4/32",), "name")}}, NETWORKS, "2026", APART, SAID
    )
    assert sum(one != other for one, other in zip(lines, changed.splitlines(), strict=True)) == 2  # and when


def test_a_hosts_own_networks_are_its_alone() -> None:
    recorded = _load(_text())
    assert recorded.networks_for("v2") == APART["v2"]
    assert recorded.networks_for("v1") == NETWORKS


def test_what_variables_say_is_told_apart_by_host() -> None:
    said = _load(_text()).said
    assert said is not None
    assert [said.of(host) for host in ("v1", "v2", "v3")] == [
        {},
        {"printnet_outbound": False},
        {"printnet_features": {"pdm": False}},
    ]


def test_a_file_without_variables_is_one_of_an_earlier_version() -> None:
    assert _load(_topology_file.dump(HOSTS, NETWORKS, "now", APART)).said is None
    assert _load(_topology_file.dump(HOSTS, NETWORKS, "now", APART, Said())).said == Said()


# --- no such file -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", " (line 1)"),
        (_text()[:300], ""),
        ("# a remark\n", " (line 1)"),
        ("vpsx: {}\n", " (line 1)"),
        ("[]", ""),
        ("7", ""),
        ("{}", ""),
        ('{"format": 1}', ""),
        ('{"format": 1, "written": "x", "components": [], "networks": {}}', ""),
        ('{"format": 1, "written": "x", "components": {"vpsx": {"v1": 5}}, "networks": {}}', ""),
        ('{"format": 1, "written": "x", "components": {"vpsx": {"v1": {"origin": "name"}}}, "networks": {}}', ""),
        ('{"format": 1, "written": "x", "components": {}, "networks": {"printer": ["everybody"]}}', ""),
        ('{"format": 1, "written": "x", "components": {}, "networks": {"printer": 5}}', ""),
        ('{"format": 1, "written": "x", "components": {}, "networks": {}, "apart": []}', ""),
        ('{"format": 1, "written": "x", "components": {}, "networks": {}, "variables": []}', ""),
        ('{"format": 1, "written": "x", "components": {}, "networks": {}, "variables": {"usual": []}}', ""),
        ("[" * 100_000, ""),
    ],
)
def test_what_is_no_topology_file_is_said(text: str, where: str, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_load, text)
    assert fault.startswith(f"topology.json is no topology file, or a damaged one{where}")
    assert fault.endswith(f". {AGAIN}")


@pytest.mark.parametrize("there", [2, "1", None, {"a": "{{ hostile }}"}])
def test_another_format_is_said(there: Any, faults_of: FaultsOf) -> None:
    text = json.dumps({**json.loads(_text()), "format": there})
    assert faults_of(_load, text) == [f"topology.json has the format {there!r}; this version reads 1. {AGAIN}"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"192.0.2.3/32"', '"192.0.2.3"', "topology.json, host v3: '192.0.2.3' is no network."),
        ('"192.0.2.3/32"', '"192.0.2.3/24"', "topology.json, host v3: '192.0.2.3/24' is no network."),
        ('"192.0.2.3/32"', '"any"', "topology.json, host v3: 'any' is no network."),
        ('"10.0.0.2/32"', '"x"', "topology.json, host v2: 'x' is no network."),
        ('"vpsx_audit": false', '"vpsx_audit": "maybe"', "topology.json, host v3, vpsx_audit: 'maybe' must be true or"),
        ("443", "0", "topology.json, host v1, vpsx_submission_port: 0 must be a port from 1 to 65535. Write it again"),
        ("443", '"443"', "topology.json, host v1, vpsx_submission_port: '443' must be 443. Write it again"),
        ("443", "null", "topology.json, host v1, vpsx_submission_port: None is no value. Write it again"),
        ('"vpsx_audit": false', '"vpsx_audit": 0', "topology.json, host v3, vpsx_audit: 0 must be False. Write"),
        ('["lpr", "ipp"]', '"lpr,ipp"', "topology.json, host v3, vpsx_print_protocols: 'lpr,ipp' must be ('lpr', "),
        ('"vpsx_audit"', '"vpsx_adit"', "topology.json, host v3, options: 'vpsx_adit' is no option; did you mean "),
    ],
)
def test_what_somebody_wrote_into_it_is_checked(
    catalog: Catalog, old: str, new: str, told: str, faults_of: FaultsOf
) -> None:
    assert faults_of(_topology_file.checked, _load(_text()), catalog, "vpsx") == []
    (fault,) = faults_of(_topology_file.checked, _load(_text().replace(old, new)), catalog, "vpsx")
    assert fault.startswith(told)
    assert fault.endswith(AGAIN)


# --- does it fit ------------------------------------------------------------------------------------------------------


def _moved(host: Host, *networks: str, **options: Any) -> Host:
    return Host(host.name, networks or host.networks, "name", {**host.options, **options}, host.behind)


@pytest.mark.parametrize(
    ("component", "name", "live", "told"),
    [
        ("vpsx", "v1", V1, None),
        ("vpsx", "v1", _moved(V1), None),
        ("netx", "v1", None, None),
        (
            "vpsx",
            "v1",
            _moved(V1, "192.0.2.9/32"),
            "is stale for v1: its addresses are 192.0.2.9/32, not 192.0.2.1/32, 2001:db8::1/128.",
        ),
        ("vpsx", "v1", Host("v1", (), "name", V1.options), "is stale for v1: its addresses are none, not 192.0.2.1/32"),
        (
            "vpsx",
            "v3",
            _moved(V3, vpsx_submission_port=443, vpsx_audit=True),
            "is stale for v3: vpsx_audit, vpsx_submission_port changed.",
        ),
        ("netx", "v1", V1, "does not know v1 as a host of netx."),
        ("vpsx", "v1", None, "has v1 as a host of vpsx, which the inventory does not."),
    ],
)
def test_the_host_that_is_planned_for_must_fit(
    component: str, name: str, live: Host | None, told: str | None, faults_of: FaultsOf
) -> None:
    faults = faults_of(_topology_file.check_here, _load(_text()), component, live, name)
    if told is None:
        assert faults == []
    else:
        (fault,) = faults
        assert fault.startswith(f"topology.json of 2026-01-02 03:04:05 UTC {told}")
        assert fault.endswith(AGAIN)


@pytest.mark.parametrize(
    ("live", "networks", "told"),
    [
        (HOSTS, NETWORKS, []),
        ({"vpsx": {"v1": V1}}, NETWORKS, []),  # a slice
        ({"dis": {"v1": V1, "v4": V1, "v5": V1}}, NETWORKS, ["new in dis: v4, v5"]),
        ({"vpsx": {"v1": _moved(V1, vpsx_audit=False)}}, NETWORKS, ["changed in vpsx: v1"]),
        ({"vpsx": {"v2": Host("v2", V2.networks, V2.origin)}}, NETWORKS, ["changed in vpsx: v2"]),
        ({}, {**NETWORKS, "dis": ()}, []),
        (
            {},
            {"workstation": ("10.0.0.0/8",), "vpsx": ("10.0.0.1/32",)},
            ["other networks of printer, vpsx, workstation"],
        ),
    ],
)
def test_what_changed_since_is_told(live: Any, networks: Any, told: list[str]) -> None:
    recorded = _load(_text())
    found = _topology_file.stale(recorded, live, networks, recorded.networks)
    assert len(found) == len(told)
    for sentence, begins in zip(found, told, strict=True):
        assert sentence.startswith(begins)


def test_many_are_not_listed_to_the_last() -> None:
    live = {"vpsx": {f"n{number}": V1 for number in range(1000)}}
    (told,) = _topology_file.stale(_load(_text()), live, NETWORKS, NETWORKS)
    assert told == "new in vpsx: n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 990 more"


def test_who_is_gone_from_a_whole_inventory_is_told() -> None:
    assert _topology_file.gone(_load(_text()), HOSTS) == []
    assert _topology_file.gone(_load(_text()), {"vpsx": {"v1": V1}}) == ["gone from dis: v1", "gone from vpsx: v2, v3"]


def test_a_file_that_lacks_a_component_is_refused(faults_of: FaultsOf) -> None:
    recorded = _load(_text())
    assert faults_of(_topology_file.lacking, recorded, ["vpsx", "dis"]) == []
    assert faults_of(_topology_file.lacking, recorded, ["vpsx", "printer", "mve"]) == [
        f"topology.json of 2026-01-02 03:04:05 UTC has no hosts of mve, printer. {AGAIN}"
    ]
