# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One host under stress: its runs of the module, what passes there, and the packets that say so."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import child
import eye
import space
from random_rules import PEERS, Rules
from space import Grid, Plain

PREFIX = "printnet.ports/"
OWNERS = {f"{PREFIX}alpha": "alpha", f"{PREFIX}beta": "beta"}
"""Short names by owner, as the action plugin gives them for owner: alpha."""
Wanted = dict[str, Rules]
SSH = {"transport": "tcp", "ports": ["22"], "peers": ["any"]}
Ask = Callable[..., Any]


class NotLoadedError(Exception):
    """The firewall itself stumbles over what the test made for it, before anything of ours is there."""


class FaultError(Exception):
    """Something did not hold; the text says what, and what was seen."""


@dataclass
class Tally:
    """What one kind of stress has done: counts, times in seconds, and the cases that failed."""

    counts: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)

    def took(self, what: str, seconds: float) -> None:
        self.times.setdefault(what, []).append(seconds)


class Host:
    """``ask`` asks the controller for packets, a scan, or a run of Ansible."""

    def __init__(self, firewall: str, addresses: list[str], ask: Ask, grace: float) -> None:
        """``grace`` is how many seconds after its time a change that nobody confirmed has to be back."""
        self.firewall = firewall
        self.grace = grace
        self.addresses = addresses
        self.ask = ask
        self.tally = Tally()
        self._seconds: dict[str, list[float]] = {}
        child.preload(firewall)
        self.baseline = eye.look(firewall)

    def start(
        self, wanted: Wanted, confirm: str = "never", timeout: int = 2, check: bool = False, **more: Any
    ) -> child.Running:
        """The module with these rules of each owner."""
        owners = [{"owner": owner, "short": OWNERS[owner], "rules": rules} for owner, rules in wanted.items()]
        plan = {"owners": owners, "outbound": more.pop("outbound", "auto"), "run": "the stress", "can_confirm": True}
        arguments = {"owner": "alpha", "plan": plan, "confirm": confirm, "confirm_timeout": timeout, **more}
        return child.module(arguments, check)

    def was_too_slow(self, answer: child.Answer) -> bool:
        """Whether the change took longer than the two seconds of its switch, as with firewalld it may: all is back."""
        late = not answer.good and "took longer than the" in answer.text
        self.tally.counts["took longer to make than to wait for"] += late
        return late

    def run(self, wanted: Wanted, **how: Any) -> child.Answer:
        """The same to its end, which has to be a good one."""
        answer = self.start(wanted, **how).wait()
        if not answer.good or "Traceback" in answer.told:
            raise FaultError(f"the module failed: {answer.text}")
        return answer

    def settle(self, wanted: Wanted) -> child.Answer:
        """Make the host have these rules without a confirmation, and see that it does."""
        answer = self.run(wanted)
        self.has(wanted)
        return answer

    def absent(self) -> child.Answer:
        """Remove all of ours."""
        return self.run({owner: [] for owner in OWNERS}, state="absent")

    def confirm(self, answer: child.Answer) -> child.Answer:
        """What the action plugin does over a new connection."""
        done = child.command(answer.result["confirm"]["command"]).wait()
        if done.status or done.result.get("failed"):
            raise FaultError(f"the confirmation failed: {done.text}")
        return done

    def typical(self, kind: str) -> float:
        """How long a run of that kind takes here."""
        return statistics.median(self._seconds.get(kind, [0.3])[-30:])

    def learn(self, kind: str, seconds: float) -> None:
        self._seconds.setdefault(kind, []).append(seconds)

    def states(self) -> dict[str, Any]:
        try:
            return child.states(self.firewall, OWNERS)
        except RuntimeError as wrong:
            raise FaultError(f"the backend does not read: {wrong}") from None

    def has(self, wanted: Wanted, outbound: bool = False) -> None:
        """Whether the rules, saved and live, are what is wanted, by a comparison of our own, with nothing odd."""
        states = self.states()
        for owner in OWNERS:
            for half in ("saved", "live"):
                # With nftables nothing is opened live where nothing refuses, and here nothing refuses what is sent.
                sent = outbound and not (half == "live" and self.firewall == "nftables")
                rules = effective({owner: wanted.get(owner, [])}, sent)
                there = [space.kept(fields) for fields in states[owner][half][0]]
                beside = [space.plain(SSH)] if self.firewall == "ufw" else []
                told = space.difference([*rules, *beside], [*there, *beside])
                if told:
                    raise FaultError(f"{owner} has {half} {states[owner][half]}, not what is wanted: {told}")
                if states[owner][half][1]:
                    raise FaultError(f"{owner} has something odd {half}: {states[owner][half][1]}")

    def between(self, *sets: Wanted) -> Grid:
        """Whether what passes, live and saved, lies between what all sets and what any of them lets pass."""
        states = self.states()
        covers = [effective(one) for one in sets]
        for half in ("live", "saved"):
            there = [space.kept(fields) for state in states.values() for fields in state[half][0]]
            grid = Grid(there, *covers)
            found, (least, most) = grid.cover(there), _bounds(grid, covers)
            told = grid.beyond(least, found)
            if told:
                raise FaultError(f"{half}: {told} does not pass, though it does before and afterwards: {states}")
            told = grid.beyond(found, most)
            if told and not self._is_ssh(told):
                raise FaultError(f"{half}: {told} passes, though it does neither before nor afterwards: {states}")
        live = [space.kept(fields) for state in states.values() for fields in state["live"][0]]
        self.tally.counts[_where(live, covers)] += 1
        return Grid(*covers)

    def _is_ssh(self, told: str) -> bool:
        return self.firewall == "ufw" and told.startswith("in tcp 22 ")

    def packets(self, rng: random.Random, grid: Grid, *sets: Wanted, most: int = 12) -> None:
        """Send packets from the peer, some of them where the rules begin and end; and see that SSH passes."""
        covers = [grid.cover(effective(one)) for one in sets]
        ports = sorted({min(max(1, cut + by), 49999) for cut in grid.ports for by in (-1, 0)} - {22}) or [515]
        probes: list[tuple[list[Any], bool]] = []
        for _number in range(most):
            peer, port, transport = rng.choice(PEERS), rng.choice(ports), rng.choice(["tcp", "tcp", "udp"])
            own = rng.randint(20000, 60000)
            passes = {grid.passes(cover, transport, port, own, peer) for cover in covers}
            if len(passes) == 1:
                probes.append(([peer, transport, port, own], passes.pop()))
        probes += [([peer, "tcp", 22, 0], True) for peer in (PEERS[0], PEERS[-1])]
        for target in self.addresses:
            mine = [one for one in probes if (":" in one[0][0]) == (":" in target)]
            answers = self.ask("probe", to=target, probes=[probe for probe, _passes in mine])
            for (probe, right), answer in zip(mine, answers, strict=True):
                got = answer or (right and self._passes_later(target, probe))
                if right != got:
                    raise FaultError(f"a packet {probe} to {target} was {'' if got else 'not '}let in")
            self.tally.counts["packets"] += len(mine)

    def _passes_later(self, target: str, probe: list[Any]) -> bool:
        """Asked again: nothing changes meanwhile, but the machine may have too much to do for an answer in time."""
        for _time in range(5):
            time.sleep(0.5)
            if self.ask("probe", to=target, probes=[probe])[0]:
                return True
        return False

    def scan(self, wanted: Wanted) -> None:
        """Whether nmap in another peer sees what is wanted, on IPv4 and IPv6."""
        rules = effective(wanted)
        grid = Grid(rules)
        cover = grid.cover(rules)
        ports = {22, *(max(1, cut + by) for cut in grid.ports for by in (-1, 0) if cut + by <= 65535)}
        for target, peer in zip(self.addresses, NMAP_PEER, strict=True):
            spec = ",".join(map(str, sorted(ports)))
            found = set(self.ask("nmap", to=target, ports=spec))
            # nmap sends from high ports.
            kinds = [(transport, port) for transport in ("tcp", "udp") for port in sorted(ports)]
            right = {f"{one}/{port}" for one, port in kinds if grid.passes(cover, one, port, 50000, peer)} | {"tcp/22"}
            if found != right:
                raise FaultError(f"nmap sees {sorted(found ^ right)} otherwise on {target}: it found {sorted(found)}")
        self.tally.counts["nmap"] += 1

    def untouched(self, thorough: bool = False, killed: bool = False) -> None:
        """Whether others' files and rules are as they were, and each saved file is whole."""
        told = eye.foreign_differs(self.firewall, self.baseline, eye.look(self.firewall), killed)
        if told and killed and self.firewall == "firewalld":
            # It was killed in the midst of a reload, which firewalld goes on with: nothing is there for a moment.
            time.sleep(1)
            told = eye.foreign_differs(self.firewall, self.baseline, eye.look(self.firewall), killed)
        if told:
            raise FaultError(told)
        told = eye.broken_files(self.firewall, thorough)
        if told:
            raise FaultError(told)

    def clean(self) -> None:
        """Whether nothing of the machinery is left."""
        end = time.monotonic() + 2
        while (left := eye.leftovers()) and time.monotonic() < end:
            time.sleep(0.02)
        if left:
            raise FaultError(f"left behind: {left}")

    def as_before(self) -> None:
        """Remove ours, and compare all files and rules with what was there at first."""
        self.absent()
        self.clean()
        if Path("/var/lib/printnet.ports/left.json").exists():
            raise FaultError("after absent the host still remembers rules")
        told = eye.differs(self.baseline, eye.look(self.firewall))
        if told:
            raise FaultError(f"after absent: {told}")


NMAP_PEER = ("198.51.100.200", "2001:db8:2::200")


def effective(wanted: Mapping[str, Rules], outbound: bool = False) -> list[Plain]:
    """The rules that are needed: none for what is sent, as nothing refuses that here."""
    rules = [rule for some in wanted.values() for rule in some]
    return [space.plain(rule) for rule in rules if outbound or rule.get("direction", "in") == "in"]


def _bounds(grid: Grid, covers: list[list[Plain]]) -> tuple[space.Cover, space.Cover]:
    found = [grid.cover(rules) for rules in covers]
    least = most = found[0]
    for one in found[1:]:
        least, most = space.both(least, one), space.either(most, one)
    return least, most


def _where(live: list[Plain], covers: list[list[Plain]]) -> str:
    """At which of the sets the killed run was."""
    if not space.difference(live, covers[0]):
        return "still the old rules" if space.difference(live, covers[1]) else "nothing to change live"
    return "between" if space.difference(live, covers[1]) else "the new rules already"


def shown(**what: Any) -> dict[str, Any]:
    """What a failed case needs to be played again."""
    found: dict[str, Any] = json.loads(json.dumps(what, default=str))
    return found
