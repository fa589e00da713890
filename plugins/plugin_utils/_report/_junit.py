# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a report as JUnit XML, a case a flow and pair, so that any CI shows it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as Tree

from ansible_collections.printnet.ports.plugins.plugin_utils._render import plain
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _view
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import Verdict, View

# XML 1.0 has no way to say these, not even as a reference.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEADING = '<?xml version="1.0" encoding="UTF-8"?>\n'


def legal(text: object) -> str:
    """Text on one line that a terminal does not obey and XML can hold: what it can't becomes U+FFFD."""
    return _ILLEGAL.sub("\ufffd", plain(text))


def _lines(texts: Iterable[object]) -> str:
    return "\n".join(map(legal, texts))


def to_junit(view: View) -> str:
    """One suite a flow; what fails the run is a failure, what nobody could see is skipped, all else passes."""
    failing = {verdict["id"] for verdict in view.failing}
    suites: dict[str, list[Verdict]] = {}
    for verdict in view.raw["verdicts"]:
        suites.setdefault(verdict["flow"] or "hosts", []).append(verdict)
    root = Tree.Element("testsuites", {"name": legal(f"printnet.ports {view.run['title']}".strip())})
    totals = [0, 0, 0]
    for name, verdicts in suites.items():
        suite = Tree.SubElement(root, "testsuite", {"name": legal(name), "timestamp": legal(view.run["started"][:19])})
        _properties(suite, view)
        results = [_case(suite, name, verdict, failing) for verdict in verdicts]
        counts = [len(results), results.count("failure"), results.count("skipped")]
        _count(suite, counts)
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
    _count(root, totals)
    root.set("time", f"{view.run['seconds']:.3f}")
    Tree.indent(root)
    return _HEADING + Tree.tostring(root, encoding="unicode") + "\n"


def _count(element: Tree.Element, counts: list[int]) -> None:
    for name, count in zip(("tests", "failures", "skipped"), counts, strict=True):
        element.set(name, str(count))
    element.set("errors", "0")


def _properties(suite: Tree.Element, view: View) -> None:
    told = {
        "run": view.run["id"],
        "by": view.run["by"],
        "plan": view.raw["digests"]["plan"],
        "collection": view.raw["versions"]["collection"],
    }
    properties = Tree.SubElement(suite, "properties")
    for name, value in told.items():
        Tree.SubElement(properties, "property", {"name": name, "value": legal(value)})


def _case(suite: Tree.Element, name: str, verdict: Verdict, failing: set[str]) -> str:
    """Adds a case and says what became of it: failure, skipped, or passed."""
    code = verdict["code"]
    title = " ".join(word for word in (_view.ends(verdict), _view.port(verdict)) if word)
    # Two verdicts of a host may have the same words; a case's name is its own.
    case = Tree.SubElement(suite, "testcase", {"classname": legal(name), "name": legal(f"{title} [{verdict['id']}]")})
    told = [*verdict["evidence"], *([f"What to do: {verdict['remedy']}"] if verdict["remedy"] else [])]
    summary = f"{code}: {verdict['evidence'][0]}" if verdict["evidence"] else code
    if verdict["id"] in failing:
        Tree.SubElement(case, "failure", {"type": code, "message": legal(summary)}).text = _lines(told)
        return "failure"
    if code in _view.UNPROVEN:
        Tree.SubElement(case, "skipped", {"message": legal(summary)}).text = _lines(told)
        return "skipped"
    if code != "OK":
        if verdict["accepted"]:
            accepted = verdict["accepted"]
            told.append(
                f"Accepted {accepted['code']} until {accepted['until'] or 'further notice'} "
                f"by {accepted['approver']}: {accepted['reason']}"
            )
        Tree.SubElement(case, "system-out").text = _lines([code, *told])
    return "passed"
