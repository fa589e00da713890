# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Foreign configurations: what others have stays as it is, byte by byte and rule by rule, and stands before ours."""

from __future__ import annotations

import importlib
import random
import time
from pathlib import Path
from typing import Any

import eye
import random_rules
from host import OWNERS, FaultError, Host, NotLoadedError

FOLDERS = {
    "firewalld": ["/etc/firewalld"],
    "nftables": ["/etc/nftables.conf"],
    "iptables": ["/etc/iptables"],
    "ufw": ["/etc/ufw", "/etc/default/ufw"],
}
AGAIN = 8
"""So often a packet is sent again before it is said to be shut out."""
_first: dict[str, eye.Entry] = {}


def case(host: Host, seed: str, number: int, case_of: dict[str, Any]) -> None:
    rng = random.Random(f"foreign/{seed}/{number}")
    theirs = importlib.import_module(f"foreign_{host.firewall}")
    eye.restore_files(_first, FOLDERS[host.firewall])
    try:
        case_of["foreign"] = theirs.make(rng)
    except NotLoadedError:
        # firewalld compares some rich rules as text with nothing, and ends with Python's own error.
        host.tally.counts["not loaded by the firewall itself"] += 1
        eye.restore_files(_first, FOLDERS[host.firewall])
        theirs.load()
        return
    host.baseline = eye.look(host.firewall)
    probes = _probes(rng, host)
    alone = _packets(host, probes)
    host.baseline = eye.look(host.firewall)
    wanted = {owner: random_rules.rules(rng, host.firewall) for owner in OWNERS}
    new = {owner: random_rules.changed(rng, wanted[owner], host.firewall) for owner in OWNERS}
    case_of.update(wanted=wanted, new=new)
    for step, rules in (("present", wanted), ("change", new)):
        answer = host.start(rules).wait()
        refused = not answer.good
        if refused and not str(answer.result.get("msg", "")).endswith("Nothing was changed."):
            raise FaultError(f"{step}: {answer.text}")
        host.tally.counts["refused" if refused else step] += 1
        host.tally.took(step, answer.seconds)
        host.untouched()
        told = theirs.order()
        if told:
            raise FaultError(f"{step}: {told}")
        together = _packets(host, probes)
        closed = [probe for probe, one, two in zip(probes, alone, together, strict=True) if one and not two]
        # A busy machine may answer late; what is shut stays shut, also alone and when asked again.
        closed = [probe for probe in closed if not _passes_later(host, probe)]
        if closed:
            raise FaultError(f"{step}: {closed} was let in, and is not any more")
        if not refused:
            again = host.run(rules)
            if again.result["changed"]:
                raise FaultError(f"{step}: the second run changes something: {again.text}")
    answer = host.start({owner: [] for owner in OWNERS}, state="absent").wait()
    if not answer.good:
        raise FaultError(f"absent: {answer.text}")
    host.clean()
    told = eye.differs(host.baseline, eye.look(host.firewall))
    if told:
        raise FaultError(f"after absent: {told}")
    host.tally.counts["configurations"] += 1


def _passes_later(host: Host, probe: list[Any]) -> bool:
    """With a second in between: after a reload neighbours may have to find each other again."""
    for _time in range(AGAIN):
        time.sleep(1)
        if _packets(host, [probe])[0]:
            return True
    return False


def _probes(rng: random.Random, host: Host) -> list[list[Any]]:
    ports = [22, *rng.sample(range(50000, 50020), 4), rng.choice([515, 631, 9100])]
    return [
        [rng.choice([peer for peer in random_rules.PEERS if (":" in peer) == version]), transport, port, 0]
        for port in ports
        for transport in ("tcp", "udp")
        for version in (False, True)
    ]


def _packets(host: Host, probes: list[list[Any]]) -> list[bool]:
    """Which ones are let in, by a host that remembers none before them: ``ufw limit`` counts a peer's connections."""
    for peers in Path("/proc/net/xt_recent").glob("*"):
        peers.write_text("/", encoding="ascii")
    found: dict[int, bool] = {}
    for target in host.addresses:
        mine = [number for number, probe in enumerate(probes) if (":" in probe[0]) == (":" in target)]
        found.update(zip(mine, host.ask("probe", to=target, probes=[probes[one] for one in mine]), strict=True))
    host.tally.counts["packets"] += len(probes)
    return [found[number] for number in range(len(probes))]


def warm_up(host: Host) -> None:
    host.absent()
    _first.update(eye.files(FOLDERS[host.firewall]))


def finish(host: Host) -> None:
    host.absent()
    eye.restore_files(_first, FOLDERS[host.firewall])
    importlib.import_module(f"foreign_{host.firewall}").load()
