# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a plan in every form that a person or a program reads. Pure text out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _change_request,
    _findings,
    _flow_rows,
    _plan_json,
    _plan_picture,
    _plan_text,
    _row_changes,
    _system_role,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._areas import Areas
from ansible_collections.printnet.ports.plugins.plugin_utils._change_request import Line
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, nearest, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._findings import Finding
from ansible_collections.printnet.ports.plugins.plugin_utils._flow_rows import Row
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_file import Change
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_text import Page
from ansible_collections.printnet.ports.plugins.plugin_utils._row_changes import Rows
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan

FILES: Mapping[str, str] = {
    "flows.txt": "text-flows",
    "hosts.txt": "text-hosts",
    "network.txt": "text-network",
    "change-request.csv": "csv",
    "flows.json": "json",
    "estate.mmd": "mermaid",
}
"""The files of a plan's folder, with the form of each."""
FORMS = (*FILES.values(), "system-role")
WIDTH = 100
"""Columns of a text, where nobody says otherwise."""
_HEADINGS = {
    "text-flows": "== Flow by flow ==",
    "text-hosts": "== Host by host ==",
    "text-network": "== What leaves its network ==",
}
_NOTHING = "Nothing comes or goes since the earlier plan."
_NOTHING_HERE = {
    "text-flows": "No flow comes or goes.",
    "text-hosts": "The rules of no host change.",
    "text-network": "Nothing that leaves its network comes or goes.",
}


@dataclass
class Views:
    """The forms of one plan, whose rows and findings are worked out once.

    With ``before``, the rows of an earlier plan, the texts and the CSV have only what comes and goes. ``changes`` are
    those of hosts' rules since then, which may be set when the rows are there. ``reached_at`` has the ``ansible_host``
    of hosts: where it is given, findings say which are reached elsewhere than their peers see them.
    """

    plan: SitePlan
    changes: Sequence[Change] | None = None
    before: Rows | None = None
    reached_at: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def rows(self) -> list[Row]:
        return _flow_rows.rows(self.plan)

    @cached_property
    def saved_rows(self) -> Rows:
        """The rows as a later comparison needs them."""
        return _row_changes.compact(self.plan, self.rows)

    @cached_property
    def lines(self) -> list[Line]:
        """A line for each row; in a comparison for what comes and goes of them."""
        if self.before is None:
            return _change_request.lines(self.rows)
        return _change_request.compared(self.plan, self.before, self.saved_rows)

    @cached_property
    def findings(self) -> list[Finding]:
        return _findings.findings(self.plan, self.rows, self.reached_at)

    @cached_property
    def _areas(self) -> Areas:
        return Areas(self.plan.networks.sites)

    def render(self, form: str, *, host: str | None = None, width: int = WIDTH) -> str:
        """The plan in one of FORMS. ``host`` is the one that system-role is for, and narrows text-hosts."""
        if form not in FORMS:
            raise PortsError(f"{shown(form)} is no form of a plan{nearest(form, FORMS)}")
        if host is not None and host not in self.plan.hosts:
            raise PortsError(f"The plan has no host {shown(host)}{nearest(host, self.plan.hosts)}")
        if form == "system-role":
            return _system_role.as_system_role(self.plan, host or "")
        if form == "mermaid":
            return _plan_picture.mermaid(self.plan, self.rows)
        if form == "csv":
            return _change_request.to_csv(_change_request.together(self.lines), self._areas)
        if form == "json":
            return _plan_json.dump(self.plan, self.rows, self.findings, self.changes)
        return self.text([form], host=host, width=width)

    def text(self, forms: Iterable[str], *, host: str | None = None, width: int = WIDTH) -> str:
        """Several texts as one, whose counts and findings are told once."""
        page = Page(self._areas, width)
        lines = _plan_text.summary(self.plan, self.rows, self.findings, page)
        if self.before is not None and not (self.lines or self.changes):
            lines += [_NOTHING, ""]
        else:
            for form in forms:
                lines += [_HEADINGS[form], "", *(self._view(form, host, page) or self._nothing(form))]
        lines += _plan_text.told(self.findings, page)
        return "\n".join(lines).rstrip() + "\n"

    def _nothing(self, form: str) -> list[str]:
        return [] if self.before is None else [_NOTHING_HERE[form], ""]

    def _view(self, form: str, host: str | None, page: Page) -> list[str]:
        if form == "text-hosts" and self.changes is not None:
            return list(_plan_text.changes_of_hosts(self.changes, page))
        if form == "text-hosts":
            return list(_plan_text.hosts(self.plan, page, host))
        if form == "text-network":
            leaving = [line for line in self.lines if line.leaves_network]
            return list(_plan_text.blocks(_change_request.together(leaving), page))
        return list(_plan_text.blocks(self.lines, page))


def render(
    plan: SitePlan,
    form: str,
    *,
    host: str | None = None,
    width: int | None = None,
) -> str:
    """The plan in one form; who wants several takes Views."""
    return Views(plan).render(form, host=host, width=width or WIDTH)
