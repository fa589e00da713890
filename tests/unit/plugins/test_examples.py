# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example of the docs is played, all in one run; those of modules, which need a host, are parsed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring

Run = Callable[..., str]
ROOT = Path(__file__).resolve().parents[3]
# Begins the name of what needs a host with a firewall.
OURS = "printnet.ports."
# Pages with flows of a user's own, and what is asked for with them.
OWN_FLOWS = {
    "README.md": "{{ query('printnet.ports.flows', 'mfpsecure', port=7627) | printnet.ports.ports }}",
    "roles/mfpsecure/README.md": (
        "{{ query('printnet.ports.flows', 'mfpsecure', direction='in') | printnet.ports.ports }} "
        "{{ query('printnet.ports.flows', 'mfpsecure', direction='out') | printnet.ports.ports }}"
    ),
}


def _documented(path: Path) -> str:
    """The text of EXAMPLES, of a Python file or of the YAML file beside a filter."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yml":
        return str(yaml.safe_load(text)["EXAMPLES"])
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "EXAMPLES":
            return str(ast.literal_eval(node.value))
    raise AssertionError(f"{path} has no EXAMPLES")


def _examples(*patterns: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        for path in sorted((ROOT / "plugins").glob(pattern)):
            yield path.relative_to(ROOT).as_posix(), yaml.safe_load(_documented(path))


def _readme(path: str = "README.md") -> Iterator[Any]:
    for block in (ROOT / path).read_text(encoding="utf-8").split("```yaml\n")[1:]:
        yield yaml.safe_load(block.split("```")[0])


def _has_modules_of_ours(task: Mapping[str, Any]) -> bool:
    return any(key.startswith(OURS) for key in task)


def _play(name: str, tasks: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "hosts": "localhost", "gather_facts": False, "tasks": tasks, **more}


@pytest.fixture(name="run", scope="module")
def _run(ansible_playbook: Callable[..., str]) -> Run:
    """Plays in a folder."""

    def run(folder: Path, plays: list[Any], *options: str) -> str:
        (folder / "playbook.yml").write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
        quiet = {"ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0"}
        return ansible_playbook(folder, *options, "playbook.yml", **quiet)

    return run


@pytest.fixture(name="played", scope="module")
def _played(tmp_path_factory: pytest.TempPathFactory, run: Run) -> tuple[Path, str]:
    """The folder and the output of the one run."""
    folder = tmp_path_factory.mktemp("examples")
    plays = [_play(name, tasks) for name, tasks in _examples("lookup/*.py", "filter/*.yml")]
    plays += [
        _play("README.md", [task])
        for block in _readme()
        if isinstance(block, list)
        for task in block
        if "hosts" not in task and not _has_modules_of_ours(task)
    ]
    for page, asked in OWN_FLOWS.items():
        own = next(block for block in _readme(page) if isinstance(block, dict) and "printnet_extra_flows" in block)
        plays.append(_play("flows of your own", [{"ansible.builtin.debug": {"msg": f"{page} {asked}"}}], vars=own))
    return folder, run(folder, plays)


def test_every_example_of_lookup_and_filters_works(played: tuple[Path, str]) -> None:
    folder, output = played
    for _name, tasks in _examples("lookup/*.py", "filter/*.yml"):
        for task in tasks:
            assert f"TASK [{task['name']}]" in output
    for word in ("WARNING", "DEPRECATION", "fatal:", "ERROR"):
        assert word not in output, output
    assert "tcp/14330" in output
    rows = (folder / "vpsx-flows.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("source,destination,transport,port,purpose")
    assert len(rows) > 10


def test_the_own_flows_of_the_readmes_are_found(played: tuple[Path, str]) -> None:
    assert '"msg": "README.md [\'tcp/7627\']"' in played[1]
    assert "\"msg\": \"roles/mfpsecure/README.md ['tcp/443', 'tcp/7627'] ['tcp/631', 'tcp/57627']\"" in played[1]


def test_every_example_of_a_module_can_be_parsed(tmp_path: Path, run: Run) -> None:
    plays = [_play(name, tasks) for name, tasks in _examples("modules/*.py")]
    plays += [
        {**play, "hosts": "localhost"}
        for block in _readme()
        if isinstance(block, list)
        for play in block
        if "hosts" in play
    ]
    assert plays
    run(tmp_path, plays, "--syntax-check")


def _options_of(root: Path, module: str) -> dict[str, Any]:
    """The options as ansible-doc has them, with those of the fragments that the documentation names."""
    path = str(root / f"plugins/modules/{module}.py")
    documented = get_docstring(path, fragment_loader, collection_name=OURS.rstrip("."), plugin_type="module")[0]
    options: dict[str, Any] = documented["options"]
    return options


@pytest.mark.parametrize(
    ("module", "place", "table"),
    [
        ("firewall", "module_utils._arguments", "ARGUMENTS"),
        ("firewall_info", "module_utils._arguments", "INFO"),
        ("probe", "module_utils._arguments", "PROBE"),
        ("compliance_info", "module_utils._arguments", "COMPLIANCE_INFO"),
        ("compliance", "action.compliance", "TASK"),
    ],
)
def test_the_module_takes_what_its_documentation_says(root: Path, module: str, place: str, table: str) -> None:
    taken = import_module(f"ansible_collections.printnet.ports.plugins.{place}")
    _assert_documented(getattr(taken, table), _options_of(root, module))


def test_a_task_of_the_compliance_check_takes_what_its_documentation_says(root: Path) -> None:
    from ansible_collections.printnet.ports.plugins.action import compliance_info
    from ansible_collections.printnet.ports.plugins.plugin_utils import _policy

    documented = _options_of(root, "compliance_info")
    # What the controller fills in is documented, as ansible-test wants it, and no task may have it.
    assert compliance_info.TASK.keys() == documented.keys() - {"targets", "plan", "gentle_deadline"}
    assert all(spec["type"] == documented[name]["type"] for name, spec in compliance_info.TASK.items())
    accepted = _options_of(root, "compliance")["accepted"]["suboptions"]
    assert {name: spec.default for name, spec in _policy._ACCEPTED.items() if spec.default is not ...} == {
        name: said["default"] for name, said in accepted.items() if not said.get("required")
    }
    assert accepted.keys() == _policy._ACCEPTED.keys()


def _assert_documented(arguments: dict[str, Any], documented: dict[str, Any]) -> None:
    assert arguments.keys() == documented.keys()
    for name, spec in arguments.items():
        said = {key: value for key, value in spec.items() if key not in ("options", "no_log")}
        plain = {"required": False, **documented[name]}
        assert {key: plain.get(key) for key in said} == said, name
        if "options" in spec:
            _assert_documented(spec["options"], documented[name]["suboptions"])
