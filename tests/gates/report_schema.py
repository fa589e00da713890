# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The published JSON schema of a compliance report, made from the shape by which the collection itself reads one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils._report import _shape

FILE = "docs/schemas/compliance-1.schema.json"
ADDRESS = f"https://raw.githubusercontent.com/printnet/ports/main/{FILE}"
_TYPES = {bool: "boolean", int: "integer", float: "number"}
# What a field means, by its path; "*" stands for keys of the user's own, "[]" for an entry of a list.
TOLD = {
    "": "What one run of the compliance check found. Every text may come from a host: it is data and nothing else.",
    "format": "This format. Another number at its end is another format, with a schema of its own.",
    "run": "Which run this is. Times are UTC.",
    "run.id": "Names the run, and the folder of its files.",
    "run.by": "Who ran it, and on which controller.",
    "run.seconds": "How long it took; of a merged report, of all its parts together.",
    "run.check_mode": "Whether Ansible ran in check mode; the check itself changes nothing either way.",
    "run.title": "The user's own words for it, or empty.",
    "run.merged": "The runs whose reports were merged into this one; empty where it is one run's.",
    "versions": "What made the report.",
    "digests": "SHA-256 sums of what the report is about; empty where a thing was not used.",
    "digests.catalog": "Of the flows that the collection knows.",
    "digests.topology": "Of who is where.",
    "digests.plan": "Of what was asked for; only reports with the same one are about the same.",
    "coverage": "What was looked at, and what was not.",
    "coverage.hosts": "Every host of the plan, also those that nobody could look at.",
    "coverage.hosts[].state": "observed: all was seen. partly: reason says what could not be. limited_out: by --limit.",
    "coverage.hosts[].reason": "Why the host was not looked at, or not at everything.",
    "coverage.hosts[].firewall": "The active firewall, or empty where none was seen.",
    "coverage.hosts[].egress": "Whether what the host sends is let out by default: open, or denied.",
    "coverage.hosts[].notes": "Sentences about the host.",
    "coverage.probes": "How was connected.",
    "coverage.probes.made": "How many connections and questions were tried.",
    "coverage.probes.at_once": "At most so many at once from one host.",
    "coverage.probes.timeout": "Seconds until one counts as unanswered.",
    "coverage.probes.rate": "At most so many new ones a second from one host; 0 is no limit.",
    "coverage.probes.print_ports": "Whether printers' print ports were connected to.",
    "coverage.probes.print_rate": "So many of these a second, one at a time.",
    "coverage.probes.print_window": "When that was allowed, in the user's words.",
    "coverage.samples": "Where only some of many alike were asked: which.",
    "coverage.samples[].size": "How many there are.",
    "coverage.samples[].chosen": "The hosts that were asked.",
    "policy": "By what was judged.",
    "policy.fail_on": "The codes that make a run not compliant.",
    "policy.accepted": "The findings that somebody accepted, as the user wrote them.",
    "policy.known_open": "The open ports that the user knows of, as the user wrote them.",
    "compliant": "Whether no verdict has a code of policy.fail_on.",
    "counts": "How many verdicts have a code; only codes that occur.",
    "components": "The parties of the plan, by their name.",
    "components.*.role": "The role of the collection for it, or empty.",
    "documents": "The vendors' documents behind the flows.",
    "flows": "The flows that verdicts are about, by their id.",
    "flows.*.port": "A number or a span, such as 5500-5501.",
    "flows.*.reading": "How the document's row was read: literal, repaired, derived, doubtful, companion, or own.",
    "flows.*.documents": "The lines that ask for it.",
    "codes": "What each code means; the whole table.",
    "verdicts": "One for each flow, pair of hosts and port, and for each thing about a host that no flow asked for.",
    "verdicts[].id": "The same in every run for the same flow, pair and port.",
    "verdicts[].flow": "The flow's id; empty where the verdict is about a host and no flow.",
    "verdicts[].source": "Who sends. All empty where there is none; host is empty where it is a network.",
    "verdicts[].destination": "Who receives; in the same form.",
    "verdicts[].evidence": "What was seen, in sentences.",
    "verdicts[].remedy": "What to do, in one sentence; empty where there is nothing to do.",
    "verdicts[].also": "Further codes that hold for the same pair.",
    "verdicts[].accepted": "Who accepted what, where code is ACCEPTED; until is the last day, or empty.",
    "suggestions.known_open": "Lines of YAML to paste into printnet_known_open; each line is one whole entry.",
    "drift": "What came and what went since an earlier report; null where none was given.",
    "drift.baseline": "The earlier report; sha256 is of its file.",
    "drift.came": "Verdicts that are a finding now, and were none or another one before.",
    "drift.came[].before": "The code it had before; empty where it is new.",
    "drift.went": "Findings of the earlier report that are none any more, or another one.",
    "drift.went[].code": "The code it had.",
    "drift.went[].now": "The code it has now; empty where the plan or the host has it no more.",
}  # fmt: skip


def render() -> str:
    """The schema's text."""
    unknown = set(TOLD)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ADDRESS,
        "title": _shape.FORMAT,
        **_of(_shape.REPORT, "", unknown),
    }
    if unknown:
        raise SystemExit(f"report_schema.py describes what is not there: {', '.join(sorted(unknown))}")
    return json.dumps(schema, indent=2) + "\n"


def _of(shape: Any, at: str, unknown: set[str]) -> dict[str, Any]:
    unknown.discard(at)
    told = {"description": TOLD[at]} if at in TOLD else {}
    if isinstance(shape, _shape.Maybe):
        return {"anyOf": [{"type": "null"}, _of(shape.of, at, unknown)]}
    if isinstance(shape, _shape.Keyed):
        of = True if shape.of is None else _of(shape.of, f"{at}.*", unknown)
        return told | {"type": "object", "additionalProperties": of}
    if isinstance(shape, list):
        return told | {"type": "array", "items": _of(shape[0], f"{at}[]", unknown)}
    if isinstance(shape, Mapping):
        parts = {key: _of(part, f"{at}.{key}" if at else key, unknown) for key, part in shape.items()}
        return told | {
            "type": "object",
            "properties": parts,
            "required": list(shape),
            "additionalProperties": False,
        }
    if isinstance(shape, _shape.Text):
        return told | _of_text(shape)
    return told | {"type": _TYPES[shape], **({} if shape is bool else {"minimum": 0})}


def _of_text(shape: _shape.Text) -> dict[str, Any]:
    if len(shape.words) == 1:
        return {"const": shape.words[0]}
    if shape.words:
        return {"type": "string", "enum": list(shape.words)}
    if shape.like:
        # Digits of ASCII only, and the whole text, in every dialect of regular expressions.
        return {"type": "string", "pattern": f"^(?:{shape.like})$".replace(r"\d", "[0-9]")}
    return {"type": "string"}
