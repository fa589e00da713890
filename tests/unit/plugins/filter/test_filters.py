# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters as Ansible finds them: names, documentation beside each, and errors of Ansible's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.plugins.loader import filter_loader
from ansible_collections.printnet.ports.plugins.plugin_utils import _choices, _query, _render
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog

NAMES = ("csv", "mermaid", "ports")


def _filter(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = filter_loader.get(f"printnet.ports.{name}").j2_function
    return found


def test_each_filter_has_its_documentation_beside_it(root: Path) -> None:
    folder = root / "plugins/filter"
    assert tuple(sorted(path.stem for path in folder.glob("*.py"))) == NAMES
    assert tuple(sorted(path.stem for path in folder.glob("*.yml"))) == NAMES
    for name in NAMES:
        documented = yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8"))
        assert documented["DOCUMENTATION"]["name"] == name
        assert documented["EXAMPLES"]
        assert documented["RETURN"]["_value"]


def test_the_documented_defaults_are_those_of_the_code(root: Path) -> None:
    documented = yaml.safe_load((root / "plugins/filter/csv.yml").read_text(encoding="utf-8"))["DOCUMENTATION"][
        "options"
    ]
    assert documented["columns"]["default"] == list(_render.COLUMNS)
    assert documented["delimiter"]["default"] == ","


def test_they_are_the_pure_functions(catalog: Catalog) -> None:
    flows = _query.query(catalog, _choices.Settings(), {}, ["vpsx"])
    assert _filter("ports")(flows) == _render.ports(flows)
    assert _filter("csv")(flows, columns=["id"], delimiter=";") == _render.to_csv(flows, ["id"], ";")
    assert _filter("mermaid")(flows, direction="TB") == _render.mermaid(flows, "TB")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [None, 5, True, "text", [5], ["text"], [{}], [None], {"a": 1}], ids=repr)
def test_bad_input_is_an_error_with_a_sentence(name: str, value: Any) -> None:
    with pytest.raises(AnsibleFilterError) as wrong:
        _filter(name)(value)
    assert name in str(wrong.value)
    assert any(word in str(wrong.value) for word in ("must be", "is missing"))


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("csv", {"delimiter": "::"}, "csv, delimiter: '::' must be a comma, a semicolon, a tab or a bar"),
        ("csv", {"columns": ["prot"]}, "prot"),
        ("csv", {"columns": []}, "csv, columns: [] must name at least one column"),
        ("csv", {"sep": ";"}, "csv: 'sep' is no option; there is columns, delimiter"),
        ("ports", {"delimiter": ";"}, "ports: 'delimiter' is no option"),
        ("mermaid", {"direction": "up"}, "mermaid, direction: 'up' must be one of LR, RL, TB, TD, BT"),
    ],
)
def test_a_bad_option_is_an_error_with_a_sentence(name: str, options: dict[str, Any], told: str) -> None:
    flow = {"id": "a-b", "source": "a", "destination": "b", "transport": "tcp", "port": 1}
    with pytest.raises(AnsibleFilterError) as wrong:
        _filter(name)([flow], **options)
    assert told in str(wrong.value)


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("mermaid", ("LR", 1), "mermaid: too many positional arguments; its options are direction"),
        ("ports", (1,), "ports: too many positional arguments; its options are none"),
    ],
)
def test_too_many_options_are_an_error_with_a_sentence(name: str, given: tuple[Any, ...], told: str) -> None:
    with pytest.raises(AnsibleFilterError) as wrong:
        _filter(name)([], *given)
    assert told in str(wrong.value)


def test_the_readme_shows_what_the_filters_make(catalog: Catalog, root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    drawn = [block.split("```")[0] for block in text.split("```mermaid\n")[1:]]
    assert _filter("mermaid")(_query.query(catalog, _choices.Settings(), {}, ["mfpsecure"])) in drawn
    listed = [block.split("```")[0].strip() for block in text.split("```text\n")[1:]]
    ports = _filter("ports")(_query.query(catalog, _choices.Settings(), {}, ["vpsx"], direction="in"))
    assert f"[{', '.join(f'{chr(34)}{port}{chr(34)}' for port in ports)}]" in listed
