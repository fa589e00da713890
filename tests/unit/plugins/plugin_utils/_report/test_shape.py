# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shape of a report: the published schema and the collection's own reading of it agree on right and on wrong."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _drift, _shape, _store, _view
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils._report import hostile, reports


@pytest.fixture(scope="module")
def schema(root: Path) -> Any:
    published = json.loads((root / "docs/schemas/compliance-1.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(published)
    return jsonschema.Draft202012Validator(published)


def _with_drift() -> reports.Report:
    made, earlier = reports.report(300), reports.report(300, rates={"NO_RULE": 30})
    return made | {"drift": _drift.drift(earlier, made, {"id": "r1", "ended": "", "sha256": "0" * 64})}


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(reports.report, id="every code"),
        pytest.param(lambda: reports.report(50, rates={}, every_code=False), id="healthy"),
        pytest.param(lambda: reports.report(0), id="empty"),
        pytest.param(_with_drift, id="drift"),
        *(
            pytest.param(lambda text=text: reports.poisoned(text, 30), id=ascii(text[:20]))
            for text in hostile.TEXTS
            if len(text) < 1000
        ),
    ],
)
def test_what_is_written_is_as_published(schema: Any, made: Any) -> None:
    report = made()
    assert _shape.faults(report) == []
    schema.validate(report)
    written = json.loads(_store.to_json(_view.View.of(report)))
    schema.validate(written)
    assert written == _view.tidy(report)


def _set(report: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        report = report[key]
    if value is KeyError:
        del report[path[-1]]
    else:
        report[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("run",), KeyError, "run is missing"),
        (("run", "by"), KeyError, "run: by is missing"),
        (("run", "by"), 3, "run.by: 3 must be a text"),
        (("run", "more"), 3, "'more' does not belong here"),
        (("run", "id"), "../..", "run.id: '../..' does not look right"),
        (("run", "started"), "yesterday", "run.started"),
        (("run", "seconds"), True, "run.seconds: True must be a number"),
        (("run", "seconds"), -1, "run.seconds: -1 must be a number"),
        (("coverage", "probes", "made"), 1.5, "coverage.probes.made: 1.5 must be a whole number"),
        (("coverage", "hosts", 0, "state"), "odd", "coverage.hosts, entry 1.state: 'odd' must be one of observed"),
        (("compliant",), "yes", "compliant: 'yes' must be true or false"),
        (("verdicts", 2, "code"), "WRONG", "verdicts, entry 3.code: 'WRONG' must be one of OK"),
        (("verdicts", 2, "port"), 515, "verdicts, entry 3.port: 515 must be a text"),
        (("verdicts", 2, "port"), "all", "verdicts, entry 3.port: 'all' does not look right"),
        (("verdicts", 2, "evidence"), "one", "verdicts, entry 3.evidence: 'one' must be a list"),
        (("verdicts", 2, "accepted"), [], "verdicts, entry 3.accepted: [] must be a dictionary"),
        (("verdicts",), {}, "verdicts: {} must be a list"),
        (("flows",), [], "flows: [] must be a dictionary"),
        (("format",), "printnet.ports compliance 2", "format"),
    ],
)
def test_what_is_wrong_is_wrong_for_both(schema: Any, path: tuple[Any, ...], value: Any, says: str) -> None:
    report = copy.deepcopy(reports.report(30))
    _set(report, path, value)
    assert says in "; ".join(_shape.faults(report))
    assert not schema.is_valid(report)


def test_every_code_has_its_place() -> None:
    assert set(reports.report(100)["counts"]) | {"OK"} == set(_shape.CODES)
