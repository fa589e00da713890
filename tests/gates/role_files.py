# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role says again of the catalog: its files, the tables of its README, its playbook, and the page docs/roles.md.

The words that the catalog does not have stand in roles.yml beside this file. The rest of a README is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Component, Flow, Option
from ansible_collections.printnet.ports.tests.gates.words import NOTICE, markdown_table, shown, takes, way_on

WORDS = Path(__file__).with_name("roles.yml")
HEADER = """\
# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
---
"""
MADE = "# Made by `make generate` from the catalog and tests/gates/roles.yml.\n"
STATE = "Whether the rules are there, V(present), or gone, V(absent)."
PART = re.compile(r"(<!-- made by `make generate`: (\w+) -->\n).*?(<!-- end -->\n)", re.DOTALL)
OPTION_TYPES = {"bool": "bool", "str": "str", "list": "list", "port": "int", "addresses": "list"}
INDEX = """<!-- Made by `make generate` from the catalog and tests/gates/roles.yml. -->

# Roles

One for each product that has hosts. Each makes the host's firewall have exactly what the product needs, takes only
its own rules away with `<role>_state: absent`, and disturbs no other role on the same host. The playbook of the same
name, such as `printnet.ports.vpsx`, applies the role to its group; where yours has another name, say so in
`printnet_groups`, and to the playbook with `-e vpsx_hosts=print_servers`.

The ports are those that are open without any choice; a README has them all, with who needs them and what for.

"""


class _Flat(list[Any]):
    """A list that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes YAML as the linters want it: a list stands deeper than its name."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


_Dumper.add_representer(
    _Flat, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)
)


def files(catalog: Catalog, root: Path) -> dict[Path, str]:
    """The path and the content of each file."""
    words = yaml.safe_load(WORDS.read_text("utf-8"))
    made: dict[Path, str] = {root / "docs" / "roles.md": _index(catalog, words["roles"])}
    for role, components in catalog.roles.items():
        said, folder = words["roles"][role], root / "roles" / role
        readme = folder / "README.md"
        made |= {
            folder / "defaults" / "main.yml": HEADER + MADE + _defaults(catalog, role),
            folder / "meta" / "main.yml": HEADER + MADE + _dumped(_meta(said, words)),
            folder / "meta" / "argument_specs.yml": HEADER + MADE + _dumped(_specs(catalog, role, said, words)),
            folder / "tasks" / "main.yml": HEADER + MADE + _tasks(role, components, said),
            root / "playbooks" / f"{role}.yml": HEADER + MADE + _playbook(role, said),
            readme: _readme(catalog, role, readme.read_text("utf-8") if readme.exists() else ""),
        }
    return made


def options_of(catalog: Catalog, role: str) -> list[Option]:
    """The options of the components that the role serves, in the catalog's order."""
    served = {component.name for component in catalog.roles[role]}
    return [option for option in catalog.options.values() if option.component in served]


def _dumped(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=False)


def _defaults(catalog: Catalog, role: str) -> str:
    values = {f"{role}_state": "present"}
    values |= {option.name: _flat(option.default) for option in options_of(catalog, role)}
    return _dumped(values)


def _flat(value: Any) -> Any:
    return _Flat(value) if isinstance(value, list) else value


def _meta(said: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "galaxy_info": {
            "author": "printnet.ports contributors",
            "description": f"Exactly the firewall rules that {said['one']} needs",
            "license": "GPL-3.0-or-later",
            "min_ansible_version": "2.18",
            "platforms": [{"name": "Debian", "versions": _Flat(words["debian"])}],
            "galaxy_tags": _Flat([*words["tags"], *said["tags"]]),
        },
        "dependencies": [],
    }


def _specs(catalog: Catalog, role: str, said: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {
        f"{role}_state": {
            "description": STATE,
            "type": "str",
            "choices": _Flat(["present", "absent"]),
            "default": "present",
        }
    }
    options |= {option.name: _spec(option) for option in options_of(catalog, role)}
    for name, spec in words["variables"].items():
        options[name] = {key: _flat(value) if key == "choices" else value for key, value in spec.items()}
    return {
        "argument_specs": {
            "main": {
                "short_description": f"Exactly the firewall rules that {said['one']} needs",
                "version_added": "0.1.0",
                "author": "printnet.ports contributors",
                "description": words["description"],
                "options": options,
            }
        }
    }


def _spec(option: Option) -> dict[str, Any]:
    text = [f"{option.purpose}."] + ([option.note] if option.note else [])
    spec: dict[str, Any] = {
        "description": text if len(text) > 1 else text[0],
        "type": OPTION_TYPES[option.type],
    }
    if spec["type"] == "list":
        spec["elements"] = "str"
    if option.values:
        spec["choices"] = _Flat(option.values)
    return {**spec, "default": _flat(option.default)}


def _tasks(role: str, components: Iterable[Component], said: Mapping[str, Any]) -> str:
    named = ", ".join(component.name for component in components)
    return (
        f"- name: Make the firewall have exactly what {said['name']} needs\n"
        "  printnet.ports.firewall:\n"
        f"    components: [{named}]\n"
        f'    state: "{{{{ {role}_state }}}}"\n'
    )


def _playbook(role: str, said: Mapping[str, Any]) -> str:
    hosts = said.get("hosts", f"'{role}'")
    return (
        f"# ansible-playbook -i inventory.yml printnet.ports.{role} --check --diff\n"
        f"- name: {said['many']}\n"
        f'  hosts: "{{{{ {role}_hosts | default({hosts}) }}}}"\n'
        "  become: true\n"
        "  gather_facts: false\n"
        "  roles:\n"
        f"    - role: printnet.ports.{role}\n"
    )


def _readme(catalog: Catalog, role: str, text: str) -> str:
    parts = {"ports": _ports(catalog, role), "choices": _choices(catalog, role)}
    return PART.sub(lambda found: found[1] + parts[found[2]] + found[3], text)


def _ports(catalog: Catalog, role: str) -> str:
    received, sent = flows_of(catalog, role)
    parts = []
    for title, peer, rows in (("It receives", "from", received), ("It sends", "to", sent)):
        if rows:
            table = markdown_table(("port", peer, "for", "by default"), _rows(catalog, rows))
            parts.append(f"{title}:\n\n{table}")
    return "\n".join(parts)


def flows_of(catalog: Catalog, role: str) -> tuple[list[tuple[Flow, str]], list[tuple[Flow, str]]]:
    """What the role's hosts receive and what they send, with the other end; without what is doubtful or a companion."""
    ends = {name for component in catalog.roles[role] for name in catalog.here(component.name)}
    flows = [flow for flow in catalog.flows.values() if flow.reading not in ("doubtful", "companion")]
    received = [(flow, _other(flow, flow.source)) for flow in flows if flow.destination in ends]
    sent = [(flow, _other(flow, flow.destination)) for flow in flows if flow.source in ends]
    sent += [(flow, f"other `{flow.destination}`") for flow in flows if flow.destination in ends and flow.peer_feature]
    return received, sent


def _other(flow: Flow, end: str) -> str:
    if flow.source == flow.destination:
        return f"other `{end}`"
    peers = f", other `{flow.destination}`" if flow.peer_feature and end == flow.source else ""
    return f"`{end}`{peers}"


def _rows(catalog: Catalog, flows: Iterable[tuple[Flow, str]]) -> list[tuple[str, ...]]:
    """Flows between the same ends for the same purpose are one row."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for flow, peer in flows:
        ports = grouped.setdefault((peer, flow.purpose, way_on(catalog, flow).replace("*", "")), [])
        ports.append(f"{flow.transport}/{span_text(flow.port)}")
    return [(", ".join(ports), *key) for key, ports in grouped.items()]


def _choices(catalog: Catalog, role: str) -> str:
    rows = [(f"`{role}_state`", "`present`, `absent`", "`present`", "`absent` removes the rules, and only these")]
    for option in options_of(catalog, role):
        said = f"{option.purpose}. {option.note}" if option.note else option.purpose
        rows.append((f"`{option.name}`", takes(option), f"`{shown(option.default)}`", said))
    return markdown_table(("variable", "takes", "default", "chooses"), rows)


def _index(catalog: Catalog, roles: Mapping[str, Any]) -> str:
    rows = []
    for role, components in catalog.roles.items():
        received, sent = (_on(catalog, flows) for flows in flows_of(catalog, role))
        titles = "; ".join(component.title for component in components)
        rows.append((f"[`{role}`](../roles/{role}/README.md)", titles, received, sent, roles[role].get("remark", "")))
    without = [
        f"`{component.name}` has no role. {component.note}\n"
        for component in catalog.components.values()
        if not component.role and component.note
    ]
    return (
        NOTICE
        + INDEX
        + markdown_table(("role", "product", "receives on", "sends to", "remarks"), rows)
        + "".join(f"\n{line}" for line in without)
    )


def _on(catalog: Catalog, flows: Iterable[tuple[Flow, str]]) -> str:
    found = {
        (flow.transport, flow.port): f"{flow.transport}/{span_text(flow.port)}"
        for flow, _peer in flows
        if way_on(catalog, flow) == "**on**"
    }
    return ", ".join(found[key] for key in sorted(found)) or "nothing"
