# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a plan as a file, and what changed since an earlier one. Pure text in, pure text out."""

from __future__ import annotations

import json
import math
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses, _site_plan
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, damaged, listed, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Want
from ansible_collections.printnet.ports.plugins.plugin_utils._row_changes import Addresses, Asked, Ends, Rows
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import Cidrs, HostPlan, SitePlan

FORMAT = 2
"""Files of the format 1 lack the rows that are rules of hosts, so nothing can be compared with them."""
ALL = 100
"""Percent."""
_ANEW = "Name another file, or remove this one to begin anew."
Key = tuple[str, str, str, str, str, str]
"""Component, direction, flow, transport, port, source port: what a rule is for."""
Wants = Mapping[Key, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Saved:
    """A plan as it matters later: the networks of each component, what each host wants, and who talks to whom.

    ``views`` has the networks that each host names for components, which may differ; equal ones are the same object.
    """

    digest: str
    written: str
    components: Mapping[str, tuple[str, ...]]
    hosts: Mapping[str, Wants]
    path: str = ""
    rows: Rows = field(default_factory=dict)
    views: Mapping[str, Cidrs] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What comes and what goes of one rule of one host."""

    host: str
    component: str
    direction: str
    flow: str
    transport: str
    port: str
    source_port: str
    came: tuple[str, ...]
    went: tuple[str, ...]


def saved(plan: SitePlan, written: str, rows: Rows) -> Saved:
    """The plan in the form that is saved."""
    components = {
        name: _addresses.merge([*party.networks, *(cidr for group in party.groups for cidr in group.networks)])
        if not party.everybody
        else _rules.EVERYBODY
        for name, party in plan.estate.topology.parties.items()
        if party.known
    }
    return Saved(
        _site_plan.digest(plan.hosts.values()),
        written,
        components,
        {name: _wants(host) for name, host in plan.hosts.items()},
        rows=rows,
        views={name: plan.apart.get(name, plan.networks.by_component) for name in plan.hosts},
    )


def _wants(host: HostPlan) -> Wants:
    found: dict[Key, tuple[str, ...]] = {}
    for share in host.shares:
        for want in share.wants:
            key = _key(share.component, want)
            # A flow between a component's own hosts as well has two kinds of peers.
            found[key] = _addresses.merge([*found[key], *want.peers]) if key in found else want.peers
    return found


def _key(component: str, want: Want) -> Key:
    source = span_text(want.source_port) if want.source_port else ""
    return (component, want.direction, want.flow.id, want.flow.transport, span_text(want.port), source)


def dump(plan: Saved) -> str:
    """The file's text, JSON; lists of networks, which many rules share, stand in it once."""
    numbers: dict[tuple[str, ...], int] = {}
    peers = (networks for wants in plan.hosts.values() for networks in wants.values())
    ends: dict[Addresses, int] = {}
    for end in (end for some in plan.rows.values() for pair in some for end in pair):
        ends.setdefault(end, len(ends))
    views = _by_view(plan)
    for cidrs in (
        *plan.components.values(),
        *peers,
        *(end.networks for end in ends),
        *(some for _hosts, view in views for some in view.values()),
    ):
        numbers.setdefault(cidrs, len(numbers))
    return json.dumps(
        {
            "format": FORMAT,
            "digest": plan.digest,
            "written": plan.written,
            "networks": [list(cidrs) for cidrs in numbers],
            "components": {name: numbers[cidrs] for name, cidrs in sorted(plan.components.items())},
            "hosts": {
                name: [[*key, numbers[peers]] for key, peers in sorted(wants.items())]
                for name, wants in sorted(plan.hosts.items())
            },
            "ends": [[numbers[end.networks], end.behind] for end in ends],
            "rows": [[*key, *(ends[end] for end in pair)] for key, some in sorted(plan.rows.items()) for pair in some],
            "views": [[hosts, {name: numbers[some] for name, some in sorted(view.items())}] for hosts, view in views],
        },
        indent=1,
    )


def _by_view(plan: Saved) -> list[tuple[list[str], Cidrs]]:
    """The hosts that see the same networks, together."""
    found: dict[int, tuple[list[str], Cidrs]] = {}
    for host, view in sorted(plan.views.items()):
        found.setdefault(id(view), ([], view))[0].append(host)
    return list(found.values())


def load(path: str, text: str) -> Saved:
    """Reads a plan; a PortsError where it is none."""
    try:
        raw: Any = json.loads(text)
        digest = str(raw["digest"])  # another file of ours has none
        if raw["format"] != FORMAT:
            raise PortsError(
                f"{path} is a plan of the format {shown(raw['format'])}; this version reads {FORMAT}. {_ANEW}"
            )
        networks = [_addresses.merge(map(str, cidrs)) for cidrs in raw["networks"]]
        views = [
            (hosts, {str(name): networks[number] for name, number in view.items()})
            for hosts, view in raw.get("views", ())
        ]
        return Saved(
            digest,
            str(raw["written"]),
            {str(name): networks[number] for name, number in raw["components"].items()},
            {str(name): {_read_key(row): networks[row[6]] for row in rows} for name, rows in raw["hosts"].items()},
            path,
            _read_rows(raw["rows"], [Addresses(networks[number], _read_behind(some)) for number, some in raw["ends"]]),
            {str(host): view for hosts, view in views for host in hosts},
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as wrong:
        raise PortsError(f"{path} is no plan, or a damaged one{damaged(wrong)}. {_ANEW}") from None


def _read_key(row: list[Any]) -> Key:
    component, direction, flow, transport, port, source = map(str, row[:6])
    return (component, direction, flow, transport, port, source)


def _read_behind(raw: list[Any]) -> tuple[tuple[str, str], ...]:
    """The pairs of a translation; a ValueError where one is none."""
    pairs = [(str(seen), str(own)) for seen, own in raw]
    for cidr in chain.from_iterable(pairs):
        _rules.span_of(cidr)
    return tuple(sorted(pairs))


def _read_rows(raw: list[Any], ends: list[Addresses]) -> Rows:
    found: dict[Asked, list[Ends]] = {}
    for row in raw:
        found.setdefault(Asked(*map(str, row[:7])), []).append((ends[row[7]], ends[row[8]]))
    return {asked: tuple(sorted(some)) for asked, some in found.items()}


def changes(earlier: Saved, plan: Saved) -> list[Change]:
    """What comes and goes, host by host: empty where both let in and out the same."""
    found = []
    known: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {}

    def left(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
        # Many rules share their thousands of peers.
        if (some, others) not in known:
            known[some, others] = _addresses.without(some, others)
        return known[some, others]

    for host in sorted({*earlier.hosts, *plan.hosts}):
        old, new = earlier.hosts.get(host, {}), plan.hosts.get(host, {})
        for key in sorted({*old, *new}):
            before, after = old.get(key, ()), new.get(key, ())
            if before != after:
                came, went = left(after, before), left(before, after)
                if came or went:
                    found.append(Change(host, *key, came, went))
    return found


def shrunk(earlier: Saved, plan: Saved, most: float) -> list[str]:
    """A sentence for each component that loses all, or more than ``most`` percent, of its addresses.

    Where hosts name different networks, those that a host names count as well. With 100 percent it may lose all.
    """
    if most >= ALL:
        return []
    found = {}
    for name, before in earlier.components.items():
        if told := _loss(name, before, plan.components.get(name, ()), most, _since(earlier)):
            found[name] = told
    return [*found.values(), *_shrunk_views(earlier, plan, most, found)]


def _shrunk_views(earlier: Saved, plan: Saved, most: float, told: Container[str]) -> Iterator[str]:
    """The same for what single hosts see, as far as it is not told of all."""
    if max(len(_by_view(earlier)), len(_by_view(plan))) < 2:
        return
    hosts: dict[tuple[int, int], list[str]] = {}
    for host in sorted(earlier.views.keys() & plan.views.keys()):
        hosts.setdefault((id(earlier.views[host]), id(plan.views[host])), []).append(host)
    for names in hosts.values():
        before, after = earlier.views[names[0]], plan.views[names[0]]
        for component in (name for name in sorted(before) if name not in told):
            if loss := _loss(component, before[component], after.get(component, ()), most, _since(earlier)):
                yield f"As {listed(names)} {'sees' if len(names) == 1 else 'see'} it, {loss}"


def _loss(name: str, before: tuple[str, ...], after: tuple[str, ...], most: float, since: str) -> str:
    """A sentence where too much of what was there is lost, else nothing."""
    lost = _addresses.without(before, after)
    if not lost:
        return ""
    if not after:
        return f"{name} has no address any more; in {since} it had {_listed(before)}"
    share = max(_count(lost, version) * ALL / total for version in (4, 6) if (total := _count(before, version)) > 0)
    # Rounded up: what is refused is above the limit, as it is read too.
    percent = math.ceil(share * 10) / 10
    return f"{name} loses {percent:g} % of its addresses since {since}: {_listed(lost)}" if share > most else ""


def _since(earlier: Saved) -> str:
    return f"the plan of {earlier.written}"


def _count(cidrs: Iterable[str], version: int) -> int:
    spans = map(_rules.span_of, cidrs)
    return sum(last - first + 1 for one, first, last in spans if one == version)


def _listed(cidrs: tuple[str, ...], most: int = 6) -> str:
    text = ", ".join(_rules.peer_text(cidr) for cidr in cidrs[:most])
    return f"{text} and {len(cidrs) - most} more" if len(cidrs) > most else text
