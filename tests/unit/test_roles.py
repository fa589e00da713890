# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each role has its components' options, typed and with defaults, makes one call, and its README can be followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Option

ROOT = Path(__file__).resolve().parents[2]
ROLES = {
    **{
        name: [name]
        for name in (
            *("vpsx", "serverx", "netx", "webconnect", "dis", "innovate_audit", "mfpsecure", "mobile_connector"),
            *("alertx", "pdm", "pullsvc", "lrsq", "mve"),
        )
    },
    "vspa": ["vspa_xenapp", "vspa_xendesktop"],
}
ESTATE = {
    *("printnet_groups", "printnet_networks", "printnet_networks_file", "printnet_addresses", "printnet_services"),
    *("printnet_topology_file", "printnet_sliced", "printnet_unknown_peers", "printnet_outbound", "printnet_features"),
    *("printnet_overrides", "printnet_extra_flows", "printnet_extra_components", "printnet_documents"),
    *("printnet_apply", "printnet_removals", "printnet_confirm", "printnet_confirm_timeout"),
}
TYPES = {"bool": "bool", "str": "str", "list": "list", "port": "int", "addresses": "list"}
# Those whose hosts are looked for in another group where they have none of their own.
ON_WORKSTATIONS = ("pdm", "pullsvc")
each_role = pytest.mark.parametrize("role", sorted(ROLES))


def _yaml(*parts: str) -> Any:
    return yaml.safe_load(ROOT.joinpath(*parts).read_text(encoding="utf-8"))


def _specs(role: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = _yaml("roles", role, "meta/argument_specs.yml")["argument_specs"]["main"][
        "options"
    ]
    return found


def _blocks(role: str) -> Iterator[Any]:
    for block in (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8").split("```yaml\n")[1:]:
        yield yaml.safe_load(block.split("```")[0])


def _groups(entry: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """The hosts of each group of an inventory, those of the groups in it included, with their variables."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, group in entry.get("children", {}).items():
        within = _groups(group)
        hosts = {host: own or {} for host, own in group.get("hosts", {}).items()}
        found |= {**within, name: {**hosts, **{host: own for one in within.values() for host, own in one.items()}}}
    return found


def _options(catalog: Catalog, role: str) -> dict[str, Option]:
    return {name: option for name, option in catalog.options.items() if option.component in ROLES[role]}


def test_every_component_that_has_hosts_has_a_role_and_a_playbook() -> None:
    assert {path.name for path in (ROOT / "roles").iterdir() if path.is_dir()} == ROLES.keys()
    assert ROLES.keys() <= {path.stem for path in (ROOT / "playbooks").glob("*.yml")}


@each_role
def test_a_role_has_the_options_of_its_components(catalog: Catalog, role: str) -> None:
    options = _options(catalog, role)
    defaults = {f"{role}_state": "present", **{name: option.default for name, option in options.items()}}
    assert _yaml("roles", role, "defaults/main.yml") == defaults
    own = {name: spec for name, spec in _specs(role).items() if not name.startswith("printnet_")}
    assert {name: spec["default"] for name, spec in own.items()} == defaults
    assert own[f"{role}_state"]["choices"] == ["present", "absent"]
    for name, option in options.items():
        assert own[name]["type"] == TYPES[option.type], name
        assert own[name].get("choices") == (list(option.values) or None), name
        assert own[name].get("elements") == ("str" if TYPES[option.type] == "list" else None), name
        assert not own[name].get("required"), name


def test_every_option_is_that_of_one_role(catalog: Catalog) -> None:
    named = [name for role in ROLES for name in _yaml("roles", role, "defaults/main.yml")]
    assert len(named) == len(set(named))
    assert set(named) == {*catalog.options, *(f"{role}_state" for role in ROLES)}


@each_role
def test_a_role_knows_the_variables_of_the_estate_and_gives_them_no_default(role: str) -> None:
    from ansible_collections.printnet.ports.plugins.plugin_utils import _variables

    estate = {name: spec for name, spec in _specs(role).items() if name.startswith("printnet_")}
    assert estate.keys() == ESTATE
    assert {*_variables.CATALOG, *_variables.SETTINGS, *_variables.TOPOLOGY, *_variables.HOST} <= ESTATE
    assert not [name for name, spec in estate.items() if "default" in spec or spec.get("required")]


@each_role
def test_a_role_makes_one_call_for_its_components(role: str) -> None:
    (task,) = _yaml("roles", role, "tasks/main.yml")
    assert task["printnet.ports.firewall"] == {"components": ROLES[role], "state": f"{{{{ {role}_state }}}}"}


@each_role
def test_a_playbook_applies_its_role(role: str) -> None:
    (play,) = _yaml("playbooks", f"{role}.yml")
    assert play["roles"] == [{"role": f"printnet.ports.{role}"}]
    assert play["hosts"].startswith(f"{{{{ {role}_hosts | default(")
    assert play["become"] is True
    assert play["gather_facts"] is False


@each_role
def test_a_readme_shows_an_inventory_a_play_and_known_variables(catalog: Catalog, role: str) -> None:
    blocks = list(_blocks(role))
    (inventory,) = [block for block in blocks if isinstance(block, dict) and "all" in block]
    ((play,),) = [block for block in blocks if isinstance(block, list)]
    assert play["roles"] == [f"printnet.ports.{role}"]
    assert play["hosts"] in _groups(inventory["all"])
    known = {*ESTATE, *catalog.options}
    given = [block for block in blocks if isinstance(block, dict) and "all" not in block]
    assert given
    for block in (*given, inventory["all"].get("vars", {})):
        assert block.keys() <= known


@each_role
def test_what_a_readme_shows_can_be_planned(catalog: Catalog, role: str, site: Any) -> None:
    """The inventory gives rules without a warning, and every setting that is shown is understood and does something."""
    from ansible_collections.printnet.ports.plugins.plugin_utils import _plan

    blocks = list(_blocks(role))
    (inventory,) = [block["all"] for block in blocks if isinstance(block, dict) and "all" in block]
    named = _groups(inventory)
    hosts: dict[str, dict[str, Any]] = {}
    for group in named.values():
        for name, own in group.items():
            hosts.setdefault(name, {}).update(own)
    found = site({name: list(group) for name, group in named.items()}, hosts, inventory.get("vars", {}))
    planned = 0
    for component in ROLES[role]:
        for host in found.members(component):
            planned += 1
            assert found.open(host.name, component, "in", "out")
            assert found.told(host.name, component) == []
            assert not found.share(host.name, component, "in").unknown
    assert planned == len(named[role])
    # So does the playbook plan, which looks at the other hosts too.
    assert found.plan(next(iter(hosts))).hosts
    for block in blocks:
        if isinstance(block, dict) and "all" not in block:
            estate = site({role: ["192.0.2.1"]}, {}, block).estate("192.0.2.1", ROLES[role][0])
            assert isinstance(estate, _plan.Estate)


def test_the_devices_of_mfpsecure_get_in_as_its_readme_says(site: Any) -> None:
    blocks = list(_blocks("mfpsecure"))
    own = next(block for block in blocks if "printnet_extra_flows" in block)
    found = site({"mfpsecure": ["192.0.2.40"]}, {}, own).open("192.0.2.40", "mfpsecure", "in", "out")
    workstations = {("in tcp/443", "198.51.100.0/24"), ("in tcp/443", "2001:db8:51::/64")}
    assert found == {("in tcp/7627", "203.0.113.128/25"), ("out tcp/57627", "203.0.113.128/25"), *workstations}


def test_roles_and_playbooks_can_be_parsed_and_find_their_hosts(
    tmp_path: Path, ansible_playbook: Callable[..., str]
) -> None:
    """Of a workstation that has no group of PDM's own, and of agents in either group, as of everybody else."""
    groups = {name: [f"{name}1"] for name in ROLES if name not in {*ON_WORKSTATIONS, "vspa"}}
    groups |= {"workstation": ["desk1"], "vspa": ["session1"], "vspa_xenapp": ["session2"]}
    lines = [line for name, hosts in groups.items() for line in (f"[{name}]", *hosts)]
    (tmp_path / "hosts").write_text("\n".join(lines) + "\n", encoding="ascii")
    names = [f"printnet.ports.{role}" for role in sorted(ROLES)]
    told = ansible_playbook(tmp_path, "-i", "hosts", "--list-hosts", *names)
    assert "WARNING" not in told, told
    found = {}
    for part in told.split("playbook: ")[1:]:
        name, _rest = part.split("\n", 1)
        found[Path(name.strip()).stem] = sorted(
            line.strip() for line in part.partition("hosts (")[2].splitlines()[1:] if line.strip()
        )
    expected = {name: groups.get(name, ["desk1"]) for name in ROLES} | {"vspa": ["session1", "session2"]}
    assert found == expected
