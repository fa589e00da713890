# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a run of the action plan: what it refuses, what it says, and the files that it reads and writes."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible.inventory.manager import split_host_pattern
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _inventory,
    _plan_file,
    _plan_output,
    _site_plan,
    _survey,
    _topology_file,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import (
    Faults,
    PortsError,
    listed,
    shown,
    unreadable,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._host_variables import each
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_file import Change, Saved
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_output import Views
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan

NOBODY = (
    "No host is in a group that is named as a component, such as vpsx. Put hosts into such groups, or name theirs in "
    "printnet_groups."
)
_SHORTEST_DIGEST = 12


@dataclass(frozen=True, slots=True)
class Run:
    """The plan, those of its hosts that this run sees, and what a user has to know.

    ``left_alone`` are the hosts whose firewall belongs to somebody else: ``printnet_apply`` is false there. ``absent``
    has, of those that this run sees, the components whose rules are to go. ``windows`` are those that run Windows.
    """

    plan: SitePlan
    visible: tuple[str, ...]
    warnings: tuple[str, ...]
    left_alone: tuple[str, ...] = ()
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    windows: tuple[str, ...] = ()


def plan(call: Call, *, fresh: bool) -> Run:
    """Plans all hosts; with ``fresh`` the inventory counts, even where a topology file is there."""
    if fresh and not call.read("printnet_topology_file"):
        raise PortsError("write_topology needs a name for the file: set printnet_topology_file")
    if fresh and call.is_sliced():
        raise PortsError(
            "This run is a slice: it sees a part of the inventory only, so the topology that it would write is not "
            "whole. Run it over the whole inventory. If it is whole, say printnet_sliced: false."
        )
    inventory = call.inventory()
    recorded = None if fresh else call.recorded()
    warnings = _survey.stale(inventory, recorded, call.sees_all()) if recorded else call.maybe_sliced()
    made = _site_plan.site_plan(inventory, recorded)
    everyone = inventory.groups.get("all")
    seen = set(made.hosts if everyone is None else everyone)
    visible = tuple(name for name in made.hosts if name in seen)
    absent = {name: components for name, components in made.absent.items() if everyone is None or name in seen}
    faults = Faults()
    left_alone = _those(visible, call.is_left_alone, faults)
    windows = _those(dict.fromkeys((*visible, *absent)), call.is_windows, faults)
    faults.stop()
    if windows:
        told = (
            f"{listed(windows)}: this version of printnet.ports changes no firewall on Windows. What these hosts need "
            "is in the plan, for whoever looks after them; the playbooks site and remove leave them out."
        )
        warnings = [*warnings, told]
    return Run(made, visible, (*warnings, *made.warnings), left_alone, absent, windows)


def _those(hosts: Iterable[str], is_so: Callable[[str], bool], faults: Faults) -> tuple[str, ...]:
    return tuple(name for name, so in each(hosts, is_so, faults).items() if so)


def views(call: Call, run: Run, earlier: Saved | None) -> Views:
    """The forms of the plan; of the hosts that this run sees it is known where Ansible reaches them."""
    at = {name: str(call.host_variables(name).get("ansible_host") or "") for name in run.visible}
    reached_at = {name: to for name, to in at.items() if to}
    return Views(run.plan, before=earlier.rows if earlier else None, reached_at=reached_at)


def check(saved: Saved, earlier: Saved | None, approved: str | None, max_shrink: float) -> None:
    """Refuses a plan that nobody approved, and one in which a component loses too much; nothing was touched yet."""
    if approved:
        wanted = str(approved).strip().lower().removeprefix("sha256:")
        if len(wanted) < _SHORTEST_DIGEST:
            raise PortsError(
                f"printnet_approved_plan: {shown(wanted)} is too short: it must be a plan's digest, or at least its "
                f"first {_SHORTEST_DIGEST} characters. Nothing was changed."
            )
        if not saved.digest.startswith(wanted):
            raise PortsError(
                f"The plan is {saved.digest}, and the approved one is {shown(wanted, 80)}: the inventory, the "
                "variables or the catalog have changed since. Look at what changed with the playbook "
                "printnet.ports.plan. Nothing was changed."
            )
    if not 0 <= max_shrink <= _plan_file.ALL:
        raise PortsError(f"printnet_max_shrink: {max_shrink:g} must be a percentage from 0 to 100")
    if earlier is None:
        return
    lost = _plan_file.shrunk(earlier, saved, max_shrink)
    if lost:
        meant = "If this is meant, run once with -e printnet_max_shrink=100."
        raise PortsError([*lost, f"printnet_max_shrink allows {max_shrink:g} %, so nothing was changed. {meant}"])


def beyond(run: Run, changes: Iterable[Change] | None, limited: Collection[str]) -> Iterator[str]:
    """A sentence about hosts whose rules change too, though this run is limited to others."""
    if changes is not None:
        names = sorted({change.host for change in changes} - set(limited))
        if names:
            yield f"This run is limited. The rules of {listed(names)} change too; run without the limit as well."
        return
    here = {component for name in limited if name in run.plan.hosts for component in run.plan.hosts[name].components}
    catalog = run.plan.estate.catalog
    partners = {
        other
        for flow in catalog.flows.values()
        for one, other in ((flow.source, flow.destination), (flow.destination, flow.source))
        if any(one in catalog.kinds(name) for name in here)
    }
    names = sorted(
        name
        for name, host in run.plan.hosts.items()
        if name not in limited and any(partners & set(catalog.kinds(component)) for component in host.components)
    )
    if names:
        yield (
            f"This run is limited. Where addresses or options of its hosts changed, the rules of {listed(names)} "
            "change too: run without the limit as well."
        )


def left_out(run: Run, limit: str | None) -> tuple[str, ...]:
    """The hosts to which `remove` does not go: printers and Windows unless the limit names them, and odd names."""
    named = set(split_host_pattern(limit)) if limit else set()
    passed = {*run.plan.printers, *run.windows} - named
    names = dict.fromkeys((*run.plan.outside, *run.windows))
    return tuple(name for name in names if name in passed or _inventory.is_pattern(name))


def deserted(run: Run, earlier: Saved | None, call: Call) -> Iterator[str]:
    """Sentences for the hosts of the earlier plan that no group asks for any more: `site` does not go there."""
    if earlier is None:
        return
    planned = {*run.plan.hosts, *run.plan.absent}
    names = sorted(name for name, wants in earlier.hosts.items() if wants and name not in planned)
    there = set(call.inventory().groups.get("all", ()))
    kept = [name for name in names if name in there]
    passed = [name for name in left_out(run, None) if name in kept]
    for some, limit in (
        ([name for name in kept if name not in passed], ""),
        (passed, f" with --limit {shlex.quote(','.join(passed))}"),
    ):
        if some:
            yield (
                f"{listed(some)}: no group asks for rules there any more, and the plan of {earlier.written} has some. "
                f"What was opened there stays until the playbook printnet.ports.remove{limit} takes it away."
            )
    lost = [name for name in names if name not in there]
    if lost and call.sees_all():
        yield (
            f"{listed(lost)}: not in the inventory any more, as in the plan of {earlier.written}. What was opened "
            "there stays. While the host is in use, put it back, into no group, and run printnet.ports.remove."
        )


def as_dict(change: Change) -> dict[str, Any]:
    """A change as users get it."""
    return {name: getattr(change, name) for name in Change.__slots__} | {
        "came": list(change.came),
        "went": list(change.went),
    }


class Files:
    """Reads and writes a run's files; without a time, as in check mode, it writes none but says which it would."""

    def __init__(self, find: Callable[[str], str], now: datetime | None) -> None:
        self._find = find
        self._writes = now is not None
        self.now = now.strftime("%Y-%m-%d %H:%M:%S UTC") if now else ""
        self.written: list[str] = []

    def earlier(self, name: str | None) -> Saved | None:
        """The plan that the file holds, None where there is none yet."""
        text = self._read(name) if name else None
        return None if text is None else _plan_file.load(str(name), text)

    def write_plan(self, name: str, saved: Saved, earlier: Saved | None) -> None:
        parts = (saved.hosts, saved.components, saved.rows, saved.views)
        if earlier is None or (earlier.hosts, earlier.components, earlier.rows, earlier.views) != parts:
            self._write(name, _plan_file.dump(saved))

    def write_topology(self, name: str, made: SitePlan) -> None:
        """Writes the topology, unless the file has it already, whenever that was."""
        text = self._read(name)
        parts = made.members, made.networks.by_component
        written = self.now
        if text is not None:
            try:
                written = _topology_file.load(name, text).written
            except PortsError as wrong:
                if text.strip() and not _topology_file.is_like_one(text):
                    raise PortsError(
                        f"{self._find(name)} is there, and it is no topology file. Name another file in "
                        "printnet_topology_file, or remove this one. Nothing was written."
                    ) from wrong
                text = None
        if text is None or text != _topology_file.dump(*parts, written, made.apart, made.said):
            self._write(name, _topology_file.dump(*parts, self.now, made.apart, made.said))

    def write_views(self, folder: str, views: Views, left_alone: Iterable[str]) -> None:
        """Each view of the plan as a file of the folder, and variables for the hosts that somebody else looks after."""
        for name, form in _plan_output.FILES.items():
            self._write(f"{folder}/{name}", views.render(form))
        for host in left_alone:
            text = views.render("system-role", host=host)
            self._write(f"{folder}/system_roles/{host.replace('/', '_')}.yml", text)

    def _read(self, name: str) -> str | None:
        path = Path(self._find(name))
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeError) as wrong:
            raise PortsError(f"{path} {unreadable(wrong)}") from None

    def _write(self, name: str, text: str) -> None:
        path = Path(self._find(name))
        try:
            if path.exists() and path.read_bytes() == text.encode():
                return
            self.written.append(str(path))
            if self._writes:
                path.parent.mkdir(parents=True, exist_ok=True)
                _replace(path.resolve(), text.encode())
        except OSError as wrong:
            raise PortsError(f"{path} can't be written: {wrong.strerror or wrong}") from None


def _replace(path: Path, content: bytes) -> None:
    """Put it in place of the file's, whole or not at all, with its mode. Raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
