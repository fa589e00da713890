# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as a file: read back whole, compared with a later one in packets, and with what a component has lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _plan_file
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_file import Change, Key, Saved
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_output import Views
from hypothesis import given, settings
from hypothesis import strategies as st

FaultsOf = Callable[..., list[str]]
Sites = Callable[..., Any]

CLIENTS = "198.51.100.0/24"
ANEW = "Name another file, or remove this one to begin anew."


def _site(site: Sites, **everywhere: Any) -> Any:
    names = ("v1", "v2", "s1", "a1", "a2")
    hosts = {name: {"ansible_host": f"192.0.2.{number}"} for number, name in enumerate(names, 1)}
    networks = {"workstation": CLIENTS, "load_balancer": "203.0.113.50"}
    groups = {"all": list(names), "vpsx": ["v1", "v2"], "serverx": ["s1"], "alertx": ["a1", "a2"]}
    return site(groups, hosts, {"printnet_networks": networks, **everywhere})


def _saved(here: Any, written: str = "yesterday") -> Saved:
    plan = here.plan("v1")
    return _plan_file.saved(plan, written, Views(plan).saved_rows)


def _components(**components: str) -> Saved:
    return Saved("d", "yesterday", {name: _addresses.merge(text.split()) for name, text in components.items()}, {})


# --- the file ---------------------------------------------------------------------------------------------------------


def test_what_is_written_is_read_back(site: Sites) -> None:
    plan = _saved(_site(site))
    found = _plan_file.load("plan.json", _plan_file.dump(plan))
    assert found == replace(plan, path="plan.json")
    assert _plan_file.changes(found, plan) == []
    assert set(plan.components) == {"vpsx", "serverx", "alertx", "workstation", "load_balancer"}


def test_every_rule_is_in_it(site: Sites) -> None:
    here = _site(site)
    plan = _saved(here)
    for host, component in (("v1", "vpsx"), ("s1", "serverx"), ("a1", "alertx")):
        assert {
            (f"{direction} {transport}/{port}", peer)
            for (_component, direction, _flow, transport, port, _source), peers in plan.hosts[host].items()
            for peer in peers
        } == here.open(host, component, "in", "out")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", " (line 1)"),
        ("plan: {}", " (line 1)"),
        ("{\n\n]", " (line 3)"),
        ("[]", ""),
        ("{}", ""),
        ('{"format": 2}', ""),
        ('{"format": 2, "digest": "d", "written": "w", "networks": [["x"]], "components": {}, "hosts": {}}', ""),
        ('{"format": 2, "digest": "d", "written": "w", "networks": [], "components": {"vpsx": 0}, "hosts": {}}', ""),
        ('{"format": 2, "digest": "d", "written": "w", "networks": [], "components": {}, "hosts": {"h": [[1]]}}', ""),
        ('{"format": 2, "digest": "d", "written": "w", "networks": [], "components": {}, "hosts": []}', ""),
        ("[" * 100_000, ""),
    ],
)
def test_what_is_no_plan_is_said(text: str, where: str, faults_of: FaultsOf) -> None:
    assert faults_of(_plan_file.load, "plan.json", text) == [f"plan.json is no plan, or a damaged one{where}. {ANEW}"]


def test_a_topology_file_is_no_plan(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_plan_file.load, "t.json", json.dumps({"format": 1, "written": "w", "components": {}}))
    assert fault.startswith("t.json is no plan")


def test_another_format_is_said(faults_of: FaultsOf) -> None:
    # A plan of the format 1 has only a part of the rows, and what comes and goes of them can't be told.
    for number in (1, 9):
        assert faults_of(_plan_file.load, "plan.json", f'{{"format": {number}, "digest": ""}}') == [
            f"plan.json is a plan of the format {number}; this version reads 2. {ANEW}"
        ]


# --- what comes and goes ----------------------------------------------------------------------------------------------

KEYS: list[Key] = [("vpsx", "in", f"flow-{number}", "tcp", str(number), "") for number in (1, 2)]
BITS = st.lists(st.integers(0, 31), max_size=6).map(
    lambda numbers: _addresses.merge([f"192.0.2.{number}/32" for number in numbers])
)
WANTS = st.dictionaries(st.sampled_from(["a", "b"]), st.dictionaries(st.sampled_from(KEYS), BITS))


def _packets(wants: Any) -> set[tuple[Any, ...]]:
    return {
        (host, *key, address)
        for host, keys in wants.items()
        for key, peers in keys.items()
        for cidr in peers
        for address in range(_rules.span_of(cidr)[1], _rules.span_of(cidr)[2] + 1)
    }


@given(WANTS, WANTS)
@settings(max_examples=80)
def test_what_comes_and_goes_is_exact_in_packets(before: Any, after: Any) -> None:
    found = _plan_file.changes(Saved("", "", {}, before), Saved("", "", {}, after))

    def packets(side: str) -> set[tuple[Any, ...]]:
        return set().union(
            *(_packets({one.host: {_key(one): getattr(one, side)}}) for one in found),
        )

    assert packets("came") == _packets(after) - _packets(before)
    assert packets("went") == _packets(before) - _packets(after)
    assert all(one.came or one.went for one in found)
    assert [(one.host, _key(one)) for one in found] == sorted({(one.host, _key(one)) for one in found})


def _key(change: Change) -> Key:
    return (change.component, change.direction, change.flow, change.transport, change.port, change.source_port)


def test_the_same_addresses_in_other_networks_are_no_change() -> None:
    before = Saved("", "", {}, {"a": {KEYS[0]: ("10.0.0.0/9", "10.128.0.0/9")}})
    assert _plan_file.changes(before, Saved("", "", {}, {"a": {KEYS[0]: ("10.0.0.0/8",)}})) == []


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        (
            {"vpsx_submission_port": 443},
            {("v1", "pullsvc-vpsx-ipps", port, *sides)
             for port, *sides in (("443", (CLIENTS,), ()), ("9443", (), (CLIENTS,)))},
        ),
        (
            {"printnet_networks": {"workstation": "198.51.100.0/25", "load_balancer": "203.0.113.50"}},
            {("v1", flow, port, (), ("198.51.100.128/25",))
             for flow, port in (("pdm-vpsx-lpr", "515"), ("pdm-vpsx-ipp", "631"), ("pullsvc-vpsx-ipps", "9443"))},
        ),
    ],
)  # fmt: skip
def test_a_changed_variable(site: Sites, variables: dict[str, Any], found: set[tuple[Any, ...]]) -> None:
    changes = _plan_file.changes(_saved(_site(site)), _saved(_site(site, **variables)))
    assert {(one.host, one.flow, one.port, one.came, one.went) for one in changes if one.host == "v1"} == found


def test_a_flow_with_two_kinds_of_peers_loses_none(site: Sites) -> None:
    before, after = (
        _site(site),
        _site(site, printnet_networks={"workstation": CLIENTS, "load_balancer": "203.0.113.51"}),
    )
    changes = _plan_file.changes(_saved(before), _saved(after))
    assert {(one.host, one.port, one.came, one.went) for one in changes} == {
        (host, port, ("203.0.113.51/32",), ("203.0.113.50/32",))
        for host in ("a1", "a2")
        for port in ("5555", "5556", "5557")
    }


def test_a_host_that_comes_and_one_that_goes(site: Sites) -> None:
    before, after = _site(site), _site(site)
    after.groups["vpsx"] = ["v1"]
    went = [one for one in _plan_file.changes(_saved(before), _saved(after)) if one.host == "v2"]
    came = [one for one in _plan_file.changes(_saved(after), _saved(before)) if one.host == "v2"]
    assert went
    assert all(one.went and not one.came for one in went)
    assert [(one.flow, one.came) for one in came] == [(one.flow, one.went) for one in went]


# --- what a component has lost ----------------------------------------------------------------------------------------

SINCE = "since the plan of yesterday"


@pytest.mark.parametrize(
    ("before", "after", "most", "told"),
    [
        ("10.0.0.0/24", "10.0.0.0/24", 0, None),
        ("10.0.0.0/24", "10.0.0.0/8", 0, None),
        ("10.0.0.0/24", "10.0.0.0/25 10.0.0.128/25", 0, None),
        ("10.0.0.0/24", "10.0.0.0/25 10.0.0.128/26 10.0.0.192/27 10.0.0.224/28", 10, None),
        ("10.0.0.0/24", "10.0.0.0/25", 50, None),
        ("10.0.0.0/24", "10.0.0.0/25", 49.9, f"printer loses 50 % of its addresses {SINCE}: 10.0.0.128/25"),
        ("10.0.0.0/24", "10.0.0.0/25 10.1.0.0/16", 10, f"printer loses 50 % of its addresses {SINCE}: 10.0.0.128/25"),
        ("10.0.0.0/28", "10.0.0.0/32 10.0.0.2/31 10.0.0.4/30 10.0.0.8/29", 6.2,
         f"printer loses 6.3 % of its addresses {SINCE}: 10.0.0.1"),
        ("10.0.0.0/8 2001:db8::/64", "10.0.0.0/8", 10,
         f"printer loses 100 % of its addresses {SINCE}: 2001:db8::/64"),
        ("0.0.0.0/0 ::/0", "10.0.0.0/8", 10, f"printer loses 100 % of its addresses {SINCE}: "),
        ("10.0.0.1/32 10.0.0.3/32 10.0.0.5/32 10.0.0.7/32 10.0.0.9/32 10.0.0.11/32 10.0.0.13/32", "10.0.0.13/32", 10,
         f"printer loses 85.8 % of its addresses {SINCE}: 10.0.0.1, 10.0.0.3, 10.0.0.5, 10.0.0.7, 10.0.0.9, 10.0.0.11"),
        ("10.0.0.1/32", "10.0.0.2/32", 99, f"printer loses 100 % of its addresses {SINCE}: 10.0.0.1"),
        ("10.0.0.1/32", "10.0.0.2/32", 100, None),
    ],
)  # fmt: skip
def test_what_a_component_loses(before: str, after: str, most: float, told: str | None) -> None:
    found = _plan_file.shrunk(_components(printer=before), _components(printer=after, vpsx="10.9.9.9/32"), most)
    assert len(found) == (told is not None)
    assert told is None or found[0].startswith(told)


def _own(site: Sites, **networks: Any) -> Saved:
    """Print servers of which each has the workstations of its site."""
    here = _site(site)
    for name, own in networks.items():
        here.hosts[name]["printnet_networks"] = {"workstation": own}
    return _saved(here)


def test_networks_that_differ_by_host_are_kept_and_read_back(site: Sites) -> None:
    plan = _own(site, v1="10.0.1.0/24", v2="10.0.2.0/24")
    assert plan.components["workstation"] == ("10.0.1.0/24", "10.0.2.0/24", "198.51.100.0/24")
    assert {name: view["workstation"] for name, view in plan.views.items()} == {
        "v1": ("10.0.1.0/24",), "v2": ("10.0.2.0/24",), **dict.fromkeys(("s1", "a1", "a2"), (CLIENTS,))
    }  # fmt: skip
    assert _plan_file.load("plan.json", _plan_file.dump(plan)) == replace(plan, path="plan.json")


def test_what_a_single_host_loses(site: Sites) -> None:
    wide = "10.128.0.0/9"
    before = _own(site, v1="10.0.1.0/24", v2=wide)
    assert _plan_file.shrunk(before, _own(site, v1="10.0.1.0/24", v2=wide), 0) == []
    assert _plan_file.shrunk(before, _own(site, v1="10.0.1.128/25", v2=wide), 10) == [
        "As v1 sees it, workstation loses 50 % of its addresses since the plan of yesterday: 10.0.1.0/25"
    ]
    assert _plan_file.shrunk(before, _own(site, v1=[], v2=wide), 10) == [
        "As v1 sees it, workstation has no address any more; in the plan of yesterday it had 10.0.1.0/24"
    ]
    # Told of all, it is not told of each.
    assert [one[:20] for one in _plan_file.shrunk(before, _own(site, v1="10.0.1.0/24", v2=[]), 10)] == [
        "workstation loses 10"
    ]
    assert _plan_file.shrunk(before, _own(site, v1="10.0.1.7/32", v2=wide), 100) == []


def test_a_plan_without_what_single_hosts_see_is_still_compared(site: Sites) -> None:
    before = replace(_own(site, v1="10.0.1.0/24", v2="10.0.2.0/24"), views={})
    text = json.loads(_plan_file.dump(before))
    del text["views"]
    assert _plan_file.load("plan.json", json.dumps(text)) == replace(before, path="plan.json")
    assert _plan_file.shrunk(before, _own(site, v1="10.0.1.0/24", v2="10.0.2.0/24"), 0) == []


def test_a_component_that_is_gone() -> None:
    before, after = _components(printer="10.0.0.0/24", vpsx="10.9.9.9/32"), _components(printer="10.0.0.0/24")
    assert _plan_file.shrunk(before, after, 99.9) == [
        "vpsx has no address any more; in the plan of yesterday it had 10.9.9.9"
    ]
    assert _plan_file.shrunk(before, after, 100) == []
    assert _plan_file.shrunk(after, before, 0) == []
