# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A little estate and what its hosts tell when all is well, for tests that make one thing wrong."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _standing
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _flow_rows,
    _observed,
    _pairs,
    _plan,
    _probe_plan,
    _verdict,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._facts import Facts
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Seen
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Pair, Pairs
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan
from ansible_collections.printnet.ports.plugins.plugin_utils._verdict import Verdict

NOW = datetime(2026, 11, 21, 22, 5, 38, tzinfo=UTC)
ADDRESSES = {name: f"192.0.2.{number}" for number, name in enumerate(("v1", "v2", "s1", "w1", "p1"), 1)}
GROUPS = {"vpsx": ["v1", "v2"], "serverx": ["s1"], "workstation": ["w1"], "printer": ["p1"]}
NETWORKS = {"workstation": "198.51.100.0/24", "printer": "203.0.113.0/24", "dns_server": "192.0.2.53"}
Answer = dict[str, Any]
API = "serverx-vpsx-api"
"""A flow from s1 to v1 and v2, tcp/5501, for which both ends have rules and that is connected to only."""


@dataclass
class Check:
    """The estate, its pairs, and the answers of its hosts: those of ours and w1 are looked at."""

    plan: SitePlan
    pairs: Pairs
    settings: _probe_plan.Settings = field(default_factory=_probe_plan.Settings)
    answers: dict[str, Answer] = field(default_factory=dict)
    absent: dict[str, Seen] = field(default_factory=dict)

    @property
    def catalog(self) -> Any:
        return self.plan.estate.catalog

    @property
    def seen(self) -> dict[str, Seen]:
        return {name: _observed.read(name, answer) for name, answer in self.answers.items()} | self.absent

    def rules(self, host: str, component: str = "vpsx") -> Answer:
        """What the host's firewall has of the component, to be changed."""
        owner: Answer = self.answers[host]["rules"]["owners"][_standing.OWNER + component]
        return owner

    def foreign(
        self, host: str, opens: bool, port: str, *peers: str, transport: str = "tcp", way: str = "in", only: str = ""
    ) -> None:
        """Adds a live rule of somebody else."""
        one = {"direction": way, "transport": transport, "ports": [port], "peers": list(peers), "source_ports": []}
        where = {"where": "table inet other, handle 7", "only": only}
        self.answers[host]["rules"]["foreign"].append({**one, "opens": opens, **where})

    def probed(self, host: str, key: str, **changes: Any) -> None:
        """Changes what connections of the host came to, by the beginning of what was tried."""
        found = [one for name, one in self.answers[host]["probes"].items() if name.startswith(key)]
        assert found, sorted(self.answers[host]["probes"])
        for one in found:
            one.update(changes)

    def closed(self, host: str, port: int) -> None:
        """Nothing listens there any more."""
        here = self.answers[host]
        here["listeners"] = [one for one in here["listeners"] if one["port"] != port]

    def facts(self, **more: Any) -> Facts:
        planned = frozenset(
            (name, want.direction, want.flow.id)
            for name, host in self.plan.hosts.items()
            for share in host.shares
            for want in share.wants
        )
        kept = {"processes": {}, "planned": planned, **more}
        return Facts(catalog=self.catalog, seen=self.seen, settings=self.settings, now=NOW, **kept)

    def verdicts(self, **more: Any) -> dict[tuple[str, str, str], Verdict]:
        """By flow, source and destination; networks by their text."""
        found = _verdict.verdicts(self.pairs.pairs, self.facts(**more))
        return {(one.flow, one.source.name, one.destination.name): one for one in found}

    def of(self, flow: str = API, source: str = "s1", destination: str = "v1", **more: Any) -> Verdict:
        return self.verdicts(**more)[flow, source, destination]


def check(site: Any, most: int = 0, **everywhere: Any) -> Check:
    """The estate, in which every rule is there, everything listens, and every connection works."""
    settings = everywhere.pop("settings", _probe_plan.Settings())
    variables = {"printnet_networks": NETWORKS, "printnet_outbound": True, **everywhere}
    here = site(
        {"all": list(ADDRESSES), **GROUPS}, {name: {"ansible_host": at} for name, at in ADDRESSES.items()}, variables
    )
    made = healthy(here.plan(), most, settings, ("w1",))
    made.answers["w1"]["rules"]["egress"] = "open"
    return made


def healthy(plan: SitePlan, most: int = 0, settings: Any = None, outside: Iterable[str] = ()) -> Check:
    """Any estate in which all is well; of hosts outside those that are named are looked at."""
    made = Check(plan, pairs_of(plan, most), settings or _probe_plan.Settings())
    looked_at = (*plan.hosts, *outside)
    aims = _probe_plan.targets(made.pairs.pairs, made.catalog, made.settings, looked_at)
    for name in looked_at:
        waits = {(one.flow.transport, one.port[0]) for one in made.pairs.pairs if one.destination.host == name}
        made.answers[name] = answer(
            _plan.rules(plan.hosts[name].shares) if name in plan.hosts else (),
            [listener(transport, port) for transport, port in sorted(waits | {("tcp", 22)})],
            {aim.key: probe("connected" if aim.protocol == "connect" else "answered") for aim in aims.get(name, ())},
        )
    return made


def pairs_of(plan: SitePlan, most: int = 0) -> Pairs:
    return _pairs.pairs(plan, _flow_rows.rows(plan), most)


def answer(owners: Iterable[Answer], listeners: list[Answer], probes: dict[str, Answer]) -> Answer:
    """What a host with a firewall that lets nothing out tells."""
    return {
        "root": True,
        "system": "Debian GNU/Linux 12",
        "asked": NOW.timestamp() - 30,
        "listeners": listeners,
        "probes": probes,
        "rules": {
            "seen": True,
            "firewalls": [{"name": "nftables", "active": True, "starts_at_boot": True}],
            "egress": "denied",
            "foreign": [],
            "owners": {
                one["owner"]: {
                    "saved_rules": copy.deepcopy(one["rules"]),
                    "rules": copy.deepcopy(one["rules"]),
                    "in_step": True,
                }
                for one in owners
            },
        },
    }


def listener(transport: str, port: int, address: str = "::", **more: Any) -> Answer:
    serves = [4, 6] if address == "::" else [6 if ":" in address else 4]
    return {"transport": transport, "port": port, "address": address, "serves": serves, "process": "lrsd", **more}


def probe(outcome: str, **more: Any) -> Answer:
    return {"outcome": outcome, "errno": "", "ms": 1.5, "local": "192.0.2.9", "facts": {}, "said": "", **more}


def without(rules: list[Answer], port: str) -> list[Answer]:
    """The rules without one port."""
    kept = [{**one, "ports": [span for span in one["ports"] if span != port]} for one in rules]
    return [one for one in kept if one["ports"]]


def pair_of(made: Check, flow: str = API, source: str = "s1", destination: str = "v1") -> Pair:
    told = (flow, source, destination)
    return next(one for one in made.pairs.pairs if (one.flow.id, one.source.name, one.destination.name) == told)
