# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches whom: the judge's answer for many addresses at once, with one nmap for all that a host asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from . import judge
from .errors import LabError

Matrix = dict[tuple[str, str], set[str]]
"""The ports that are let in, {'tcp/22', 'udp/161'}, by the host that asks and the address that it asks."""

# By packets that the source's own firewall sees as well: nmap would send frames for IPv6.
_HOW = ["-sS", "-sU", "--send-ip", "--max-retries", "1", "--min-hostgroup", "256"]
# Packets a second at least, one entry a look. What is silent is asked again until a look finds nothing new; twice in
# any case, because the first packets wait until neighbours have found each other.
_RATES = (3000, *[10000] * 5)


def scan(lab: str, asked: Mapping[str, Iterable[str]], ports: str, at_once: int = 4) -> Matrix:
    """The ports of each address, written as Python's ipaddress does, that each host of the lab is let in to."""
    runs: list[tuple[str, list[str]]] = []
    for source, addresses in asked.items():
        listed = list(addresses)
        runs += [(source, [one for one in listed if (":" in one) is new]) for new in (False, True)]
    found: Matrix = {}
    with ThreadPoolExecutor(at_once) as pool:
        for part in pool.map(lambda run: _from_one(lab, run[0], run[1], ports), [run for run in runs if run[1]]):
            found |= part
    return found


def _from_one(lab: str, source: str, addresses: list[str], ports: str) -> Matrix:
    how = [*_HOW, *(["-6"] if ":" in addresses[0] else []), "-p", f"T:{ports},U:{ports}"]
    found: dict[str, set[str]] = {address: set() for address in addresses}
    before: dict[str, set[str]] = {}
    silent = addresses
    for number, rate in enumerate(_RATES):
        seen = judge.read_all(judge.nmap(lab, source, *how, "--min-rate", str(rate), *silent))
        if set(seen) != set(silent):
            raise LabError(f"nmap on {source} says nothing of {', '.join(sorted(set(silent) - set(seen)))}")
        for address, (let_in, _silent) in seen.items():
            found[address] |= let_in
        silent = [address for address, (_let_in, quiet) in seen.items() if quiet - found[address]]
        now = {address: seen[address][1] - found[address] for address in silent}
        if not silent or (number and now == before):
            break
        before = now
    return {(source, address): ports for address, ports in found.items()}


def same(found: Matrix, expected: Matrix) -> None:
    """Fails with a line for each pair of which more or less passes than is expected."""
    different = [
        f"{source} to {address}: {what} {', '.join(judge.in_order(ports))}"
        for source, address in sorted({*found, *expected})
        for what, ports in (
            ("passes and should not:", found.get((source, address), set()) - expected.get((source, address), set())),
            ("does not pass:", expected.get((source, address), set()) - found.get((source, address), set())),
        )
        if ports
    ]
    if different:
        raise AssertionError("\n".join(different))
