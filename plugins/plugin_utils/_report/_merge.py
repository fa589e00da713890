# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the reports of several slices of one plan as one report. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _verdict
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, listed
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _drift, _shape

Report = Mapping[str, Any]
_STATES = ("observed", "partly", "failed", "unreachable", "not_managed", "limited_out")
"""What is known of a host, the most first."""
_SEEN = {"observed": 2, "partly": 1}
_AWAY = ("unreachable", "failed")
_OWN_RULES = ("NO_RULE", "SCOPE_TOO_NARROW", "BLOCKED_BY_RULE")
"""What a host's own firewall has wrong, whichever other one answers at an address that it shares."""
_Told = tuple[int, Mapping[str, Any]]
"""A verdict, and the number of the part that has it."""


def merge(reports: Sequence[Report], run: Mapping[str, str]) -> dict[str, Any]:
    """One report of all; ``run`` has the new ``id``, who merges (``by``), and a ``title``.

    Of each host and each verdict what is better informed counts: of two that looked at the same hosts the later, of
    two that looked at different ends the graver, of equals the cause that is nearer to somebody's hand; a connection
    that was made outweighs what only seems to be missing, unless several hosts share the address. It has no
    suggestions and no drift yet. Raises PortsError where the reports are not of one plan.
    """
    if len(reports) < 2:
        raise PortsError("Name at least two reports to merge.")
    _check(reports)
    parts = sorted(reports, key=lambda report: (report["run"]["ended"], report["run"]["id"]))
    newest = parts[-1]
    verdicts = _verdicts(parts)
    policy = {name: _together(part["policy"][name] for part in parts) for name in newest["policy"]}
    runs = [run for part in parts for run in part["run"]["merged"] or [_part(part["run"])]]
    return {
        "format": _shape.FORMAT,
        "run": {
            **{name: run.get(name, "") for name in ("id", "by", "title")},
            "started": min(part["started"] for part in runs),
            "ended": max(part["ended"] for part in runs),
            "seconds": round(sum(part["seconds"] for part in runs), 3),
            "check_mode": any(part["check_mode"] for part in runs),
            "merged": runs,
        },
        **{name: newest[name] for name in ("versions", "digests")},
        "coverage": {
            "hosts": _hosts(parts),
            "probes": _probes([part["coverage"]["probes"] for part in parts]),
            "samples": _samples(parts),
        },
        "policy": policy,
        "compliant": not any(_shape.fails(one, policy["fail_on"], newest["codes"]) for one in verdicts),
        "counts": dict(Counter(one["code"] for one in verdicts)),
        **{name: {key: one for part in parts for key, one in part[name].items()} for name in _NAMED},
        "verdicts": verdicts,
        "suggestions": {"known_open": []},
        "drift": None,
    }


_NAMED = ("components", "documents", "flows", "codes")


def _check(reports: Sequence[Report]) -> None:
    plans: dict[str, list[str]] = {}
    for report in reports:
        plans.setdefault(report["digests"]["plan"], []).append(report["run"]["id"])
    if len(plans) > 1:
        told = "; ".join(f"{plan[:12] or 'no digest'} of {listed(runs, 3)}" for plan, runs in plans.items())
        raise PortsError(
            f"These reports are not of one plan, so they can't be merged: {told}. Run the check again on the slices "
            "whose inventory or variables have changed since."
        )
    named = Counter(name for report in reports for name in _runs(report))
    twice = [name for name, many in named.items() if many > 1]
    if twice:
        raise PortsError(
            f"The report of the run {listed(twice)} is named twice, or is part of another one that is named; "
            "name each once."
        )


def _runs(report: Report) -> set[str]:
    """The report's own run, and those that were merged into it."""
    return {report["run"]["id"], *(part["id"] for part in report["run"]["merged"])}


def _part(run: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in run.items() if name != "merged"}


def _together(lists: Iterable[Sequence[Any]]) -> list[Any]:
    found: list[Any] = []
    for one in (one for some in lists for one in some):
        if one not in found:
            found.append(one)
    return found


def _states(part: Report) -> dict[str, str]:
    return {host["host"]: host["state"] for host in part["coverage"]["hosts"]}


def _hosts(parts: Sequence[Report]) -> list[Mapping[str, Any]]:
    """Each host as the part says that knows most of it; of equals the later."""
    found: dict[str, Mapping[str, Any]] = {}
    for host in (host for part in parts for host in part["coverage"]["hosts"]):
        known = found.get(host["host"])
        if known is None or _STATES.index(host["state"]) <= _STATES.index(known["state"]):
            found[host["host"]] = host
    return list(found.values())


def _probes(parts: Sequence[Report]) -> dict[str, Any]:
    return {
        **{name: sum(part[name] for part in parts) for name in ("made",)},
        **{name: max(part[name] for part in parts) for name in ("at_once", "timeout", "print_rate")},
        # No limit at all is the most.
        "rate": 0 if any(not part["rate"] for part in parts) else max(part["rate"] for part in parts),
        "print_ports": any(part["print_ports"] for part in parts),
        "print_window": "; ".join(_together([[part["print_window"]] for part in parts if part["print_window"]])),
        "seconds": round(sum(part["seconds"] for part in parts), 3),
    }


def _samples(parts: Sequence[Report]) -> list[dict[str, Any]]:
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for sample in (sample for part in parts for sample in part["coverage"]["samples"]):
        key = tuple(sample[name] for name in ("component", "network", "model"))
        known = found.setdefault(key, {**sample, "chosen": []})
        known["size"] = max(known["size"], sample["size"])
        known["chosen"] = list(dict.fromkeys([*known["chosen"], *sample["chosen"]]))
    return list(found.values())


def _verdicts(parts: Sequence[Report]) -> list[Mapping[str, Any]]:
    states = [_states(part) for part in parts]
    whole = [_drift.whole(part) for part in parts]
    by_id: dict[str, list[_Told]] = {}
    for number, part in enumerate(parts):
        for verdict in part["verdicts"]:
            by_id.setdefault(verdict["id"], []).append((number, verdict))
    shared = _shared(one[0][1] for one in by_id.values())
    found = []
    for told in by_id.values():
        standing = [one for one in told if not _refuted(one, states)]
        of_pair = any(told[0][1]["source"].values())
        if not standing and not of_pair:
            continue
        known = standing or told
        number, verdict = _best(_proving(known, states) if _aim(told[0][1]) in shared else known, states)
        # A later part that saw the whole host and does not say the same of it any more.
        if of_pair or not any(verdict["destination"]["host"] in hosts for hosts in whole[number + 1 :]):
            found.append(verdict)
    return found


def _shared(verdicts: Iterable[Mapping[str, Any]]) -> set[tuple[str, ...]]:
    """The places where one flow goes to several hosts at one address, as to the nodes of a cluster."""
    hosts: dict[tuple[str, ...], set[str]] = {}
    for one in verdicts:
        if any(one["source"].values()) and one["destination"]["host"] and one["destination"]["address"]:
            hosts.setdefault(_aim(one), set()).add(one["destination"]["host"])
    return {aim for aim, names in hosts.items() if len(names) > 1}


def _aim(verdict: Mapping[str, Any]) -> tuple[str, ...]:
    there = verdict["destination"]
    return verdict["flow"], verdict["transport"], verdict["port"], there["component"], there["address"]


def _proving(told: Sequence[_Told], states: Sequence[Mapping[str, str]]) -> list[_Told]:
    """Without connections that prove nothing of this host, as another one at its address may have answered.

    They say less than a part that saw more of the host, and found its own rules wrong; or that could not reach it,
    where no part has.
    """
    there = [states[number].get(verdict["destination"]["host"], "") for number, verdict in told]
    seen = [_SEEN.get(state, 0) for state in there]
    wrong = [{_code(verdict), *verdict["also"]} for _number, verdict in told]
    least = max((much for much, codes in zip(seen, wrong, strict=True) if codes & {*_OWN_RULES}), default=0)
    away = any(state in _AWAY and "UNREACHABLE" in codes for state, codes in zip(there, wrong, strict=True))
    if away and not any(seen):
        least = 1
    kept = [one for one, much in zip(told, seen, strict=True) if much >= least or one[1]["code"] != "OK"]
    return kept or list(told)


def _refuted(told: _Told, states: Sequence[Mapping[str, str]]) -> bool:
    """Whether later parts looked at the hosts that could not be reached."""
    number, verdict = told
    if _code(verdict) != "UNREACHABLE":
        return False
    hosts = _hosts_of(verdict)
    blind = {host for host in hosts if states[number].get(host) in _AWAY} or hosts
    return all(any(later.get(host) in _SEEN for later in states[number + 1 :]) for host in blind)


def _best(told: Sequence[_Told], states: Sequence[Mapping[str, str]]) -> _Told:
    """What those say together that know most: of two that looked at the same hosts the later."""
    most = max(_known(one, states) for one in told)
    latest = {frozenset(_looked_at(one, states)): one for one in told if _known(one, states) == most}
    best = reduce(lambda one, other: _joined(one, other, states), latest.values())
    return _outweighed(best, told, states)


def _outweighed(best: _Told, told: Sequence[_Told], states: Sequence[Mapping[str, str]]) -> _Told:
    """As in one run: what only seems to be missing is odd and no more, where the source's own slice connected."""
    _number, verdict = best
    source = verdict["source"]["host"]
    tried = [one for one in told if source in _looked_at(one, states)]
    missing = {verdict["code"], *verdict["also"]} <= {*_verdict.OUTWEIGHED}
    if not missing or not tried or source in _looked_at(best, states) or not _connected(tried[-1][1]):
        return best
    number, works = tried[-1]
    odd = [text for text in verdict["evidence"] if not text.startswith("No connection was tried: ")]
    return number, {**works, "evidence": [*works["evidence"], *(f"It works all the same. {text}" for text in odd)]}


def _connected(verdict: Mapping[str, Any]) -> bool:
    """Whether its own source made a connection, and not the controller in its place."""
    return verdict["code"] == "OK" and not any(text.startswith("In place of ") for text in verdict["evidence"])


def _joined(one: _Told, other: _Told, states: Sequence[Mapping[str, str]]) -> _Told:
    """Two that looked at different ends: the graver, or the one nearer to a hand, with what the other has found."""
    first, second = sorted((one, other), key=lambda told: _rank(told, states))
    (number, verdict), further = first, second[1]
    if further["code"] in ("OK", "ACCEPTED", *_drift.UNSEEN):
        return first
    also = dict.fromkeys([*verdict["also"], further["code"], *further["also"]])
    evidence = dict.fromkeys([*verdict["evidence"], *further["evidence"]])
    kept = [code for code in also if code != verdict["code"]]
    return number, {**verdict, "also": kept, "evidence": list(evidence)}


def _rank(told: _Told, states: Sequence[Mapping[str, str]]) -> tuple[int, bool, int, bool]:
    """What is graver comes first; what was accepted before what nobody had to accept."""
    _number, verdict = told
    at_source = verdict["source"]["host"] in _looked_at(told, states)
    grave, code = _shape.SEVERITIES.index(verdict["severity"]), _shape.CODES.index(_code(verdict))
    return grave, verdict["code"] != "ACCEPTED", code, not at_source


def _code(verdict: Mapping[str, Any]) -> str:
    """What was found, whether or not somebody accepted it."""
    accepted = verdict["accepted"] if verdict["code"] == "ACCEPTED" else None
    return str((accepted or verdict)["code"])


def _known(told: _Told, states: Sequence[Mapping[str, str]]) -> tuple[int, int]:
    """How well informed a verdict is: whether it was judged at all, and how much of its ends was seen."""
    number, verdict = told
    judged = {"NOT_TESTED": 0, "UNREACHABLE": 1}.get(_code(verdict), 2)
    return judged, sum(_SEEN.get(states[number].get(host, ""), 0) for host in _hosts_of(verdict))


def _looked_at(told: _Told, states: Sequence[Mapping[str, str]]) -> set[str]:
    number, verdict = told
    return {host for host in _hosts_of(verdict) if states[number].get(host) in _SEEN}


def _hosts_of(verdict: Mapping[str, Any]) -> set[str]:
    return {verdict[way]["host"] for way in ("source", "destination")} - {""}
