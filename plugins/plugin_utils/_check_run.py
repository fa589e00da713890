# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a run of the action compliance: gathers what hosts told, judges, compares, and writes."""

from __future__ import annotations

import hashlib
import json
import platform
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ansible import release
from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _check_plan,
    _compliance,
    _module_call,
    _observed,
    _plan_run,
    _policy,
    _probes_here,
    _site_plan,
    _topology_file,
    _variables,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call
from ansible_collections.printnet.ports.plugins.plugin_utils._check_plan import CheckPlan
from ansible_collections.printnet.ports.plugins.plugin_utils._compliance import Policy, Run
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError, unreadable
from ansible_collections.printnet.ports.plugins.plugin_utils._facts import Facts
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Seen
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _again, _drift, _merge, _store, _text
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import View

_HERE = Path(__file__).resolve().parents[2]
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Made:
    """The report, the files that were written, and what a user has to know."""

    report: Mapping[str, Any]
    written: list[str]
    warnings: tuple[str, ...] = ()

    @cached_property
    def view(self) -> View:
        return View.of(self.report)

    @property
    def headline(self) -> str:
        return self.view.headline()

    def text(self, width: int, colour: bool) -> str:
        return _text.to_text(self.view, width=width, colour=colour)


def run(
    call: Call,
    asked: Mapping[str, Any],
    variables: Mapping[str, Any],
    find: Callable[[str], str],
    *,
    check_mode: bool,
) -> Made:
    """Judge what the hosts told, or put reports of slices together; then compare, write and answer."""
    warnings: tuple[str, ...] = ()
    if asked["merge"]:
        report = _merged(asked, find)
    else:
        report, warnings = _judged(call, asked, variables, check_mode)
    if asked["baseline"]:
        earlier, content = _load(find(asked["baseline"]))
        report["drift"] = _drift.drift(earlier, report, _drift.baseline(content, earlier))
    written: list[str] = []
    if asked["folder"] or asked["store"]:
        files = _store.files(report, asked["formats"] or _store.FORMS)
        folders = [find(asked[name]) for name in ("folder", "store") if asked[name]]
        written = [str(_store.write(folder, report["run"]["id"], files)) for folder in folders]
    return Made(report, written, warnings)


def _merged(asked: Mapping[str, Any], find: Callable[[str], str]) -> dict[str, Any]:
    """The reports of slices as one; what this run accepts, and what fails it, counts besides what they say."""
    now = datetime.now(UTC)
    accepted = _policy.accepted(asked["accepted"])
    is_said = asked["report_only"] or asked["fail_on"] is not None
    fail_on = _policy.fail_on(asked["fail_on"], asked["report_only"]) if is_said else None
    parts = [_load(find(name))[0] for name in asked["merge"]]
    _again.check_graded(parts, fail_on)
    report = _merge.merge(parts, {"id": _run_id(now), "by": _module_call.who(), "title": asked["title"]})
    return _again.agree(report, fail_on, accepted, now.astimezone().date(), asked["report_only"])


def _judged(
    call: Call, asked: Mapping[str, Any], variables: Mapping[str, Any], check_mode: bool
) -> tuple[dict[str, Any], tuple[str, ...]]:
    check = _check_plan.plan(call)
    plan, now = check.run.plan, datetime.now(UTC)
    seen = _seen(call, check, asked["observed"], variables)
    community = str(call.read("printnet_snmp_community") or "public")
    controller = None
    if _policy.is_on(call.read, "printnet_probe_from_controller"):
        managed = {name for name, one in seen.items() if one.state != _observed.NOT_MANAGED}
        left = _policy.window_left(call.read, datetime.now())
        controller = _probes_here.probe(
            check.pairs.pairs, call.catalog, check.settings, managed, community, gentle_deadline=left
        )
    services = plan.estate.topology.services
    facts = Facts(
        catalog=call.catalog,
        seen=seen,
        settings=check.settings,
        now=now,
        processes=_policy.processes(call.read("printnet_processes"), call.catalog),
        in_service=frozenset(name for name, service in services.items() if not service.flows) & set(plan.members),
        planned=frozenset(
            (name, want.direction, want.flow.id)
            for name, host in plan.hosts.items()
            for share in host.shares
            for want in share.wants
        ),
        outside=frozenset(() if call.read("printnet_probe_from") is not None else set(check.hosts) - set(plan.hosts)),
        controller=controller,
        tls_names=_policy.is_on(call.read, "printnet_probe_tls_names"),
    )
    policy = Policy(
        fail_on=_policy.fail_on(asked["fail_on"], asked["report_only"]),
        accepted=_policy.accepted(asked["accepted"]),
        known={name: _policy.known_open(raw, name) for name in plan.hosts if (raw := _known(call, check, name))},
        report_only=asked["report_only"],
        today=now.astimezone().date(),  # what is accepted ends with a day of the people who accept it
    )
    started = _started(seen.values(), now)
    made = Run(
        id=_run_id(now),
        by=_module_call.who(),
        started=started,
        ended=now,
        seconds=(now - started).total_seconds(),
        versions={
            "collection": _version(),
            "ansible_core": release.__version__,
            "python": platform.python_version(),
        },
        digests=_digests(call, check),
        check_mode=check_mode,
        title=asked["title"],
    )
    nobody = () if plan.hosts else (_plan_run.NOBODY,)
    judged = _compliance.judge(plan, check.pairs, facts, policy)
    if nobody and not judged.verdicts and not asked["report_only"]:
        raise PortsError(f"Nothing was proved: there is nothing to check. {_plan_run.NOBODY}")
    return _compliance.report(made, judged), (*check.warnings, *nobody)


def _known(call: Call, check: CheckPlan, host: str) -> Any:
    return call.host_variables(host).get("printnet_known_open") if host in check.run.visible else None


def _seen(call: Call, check: CheckPlan, name: str, variables: Mapping[str, Any]) -> dict[str, Seen]:
    """What each host told, and of the others why they told nothing."""
    limited = variables.get("ansible_limit")
    found: dict[str, Seen] = {}
    for host in dict.fromkeys((*check.hosts, *check.run.plan.hosts)):
        raw = call.host_variables.hostvars.raw_get(host) if host in call.host_variables.hostvars else {}
        answer = raw.get(name)
        if answer is None and host in variables.get("ansible_play_hosts", ()):
            # Nothing went wrong there, as far as Ansible knows.
            why = f"no variable {name}: did compliance_info run there, and was its answer registered?"
            found[host] = _observed.absent(host, _observed.FAILED, why)
            continue
        found[host] = _one(host, answer, limited, host in variables.get("ansible_play_hosts_all", ()))
    return found


def _one(host: str, answer: Any, limited: Any, in_play: bool) -> Seen:
    if not isinstance(answer, Mapping):
        if in_play:
            return _observed.absent(host, _observed.FAILED, "it told nothing; see the run's own messages")
        why = f"the run is limited to {limited}" if limited else "the run does not include it"
        return _observed.absent(host, _observed.LIMITED_OUT, why)
    if answer.get("unreachable"):
        return _observed.absent(host, _observed.UNREACHABLE, _observed.line(answer.get("msg", "")) or "no connection")
    if answer.get("not_managed"):
        return _observed.absent(host, _observed.NOT_MANAGED, str(answer.get("why", "")))
    if answer.get("failed") or "rules" not in answer:
        return _observed.absent(host, _observed.FAILED, _observed.line(answer.get("msg", "")) or "the task failed")
    return _observed.read(host, answer)


def _started(seen: Iterable[Seen], now: datetime) -> datetime:
    """When the run began, by the marker that its first look left; without one, now."""
    found = [now]
    for one in seen:
        with suppress(ValueError, OverflowError, OSError):
            if one.asked > 0:
                found.append(datetime.fromtimestamp(one.asked, UTC))
    return min(found)


def _run_id(now: datetime) -> str:
    """The time, and enough chance that two runs of one second differ."""
    return f"{now.strftime(_TIME)}-{secrets.token_hex(3)}"


def _load(path: str) -> tuple[dict[str, Any], bytes]:
    try:
        content = Path(path).read_bytes()
    except OSError as wrong:
        raise PortsError(f"{path} {unreadable(wrong)}") from None
    return _drift.load(path, content), content


def _version() -> str:
    """The collection's version: of one that is installed its manifest says it, of a checkout its galaxy.yml."""
    with suppress(OSError, ValueError, KeyError):
        return str(json.loads((_HERE / "MANIFEST.json").read_bytes())["collection_info"]["version"])
    with suppress(OSError):
        for line in (_HERE / "galaxy.yml").read_text(encoding="utf-8").splitlines():
            if line.startswith("version:"):
                return line.partition(":")[2].strip().strip("\"'")
    return ""


def _digests(call: Call, check: CheckPlan) -> dict[str, str]:
    """Equal digests mean equal programs, lists, addresses and plans."""
    plan = check.run.plan
    code = hashlib.sha256()
    for path in sorted((_HERE / "plugins").rglob("*")):
        if path.suffix in (".py", ".yml", ".json", ".html", ".js", ".css") and path.is_file():
            code.update(str(path.relative_to(_HERE)).encode() + b"\0" + path.read_bytes())
    catalog = {
        "flows": call.catalog.flows,
        "components": call.catalog.components,
        "settings": [call.read(name) for name in _variables.SETTINGS],
    }
    networks = {name: party.networks for name, party in plan.estate.topology.parties.items() if party.networks}
    topology = _topology_file.dump(plan.members, networks, "", plan.apart)
    return {
        "collection": code.hexdigest(),
        "catalog": hashlib.sha256(repr(catalog).encode()).hexdigest(),
        "topology": hashlib.sha256(topology.encode()).hexdigest(),
        "plan": _site_plan.digest(plan.hosts.values()),
    }
