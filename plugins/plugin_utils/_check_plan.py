# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a compliance run is to look at, out of a call's variables: the same for every host of the run."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import (
    _flow_rows,
    _inventory,
    _pairs,
    _plan_run,
    _policy,
    _probe_plan,
    _schema,
    _variables,
)
from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, listed
from ansible_collections.printnet.ports.plugins.plugin_utils._hosts import entries
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Pairs
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_run import Run
from ansible_collections.printnet.ports.plugins.plugin_utils._probe_plan import Settings, Target
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import PRINTER, SitePlan


@dataclass(frozen=True)
class CheckPlan:
    """The plan, its pairs, and the hosts that are looked at: those of ours, and parties outside that can be.

    ``passed`` are such parties that a play would not go to.
    """

    run: Run
    pairs: Pairs
    settings: Settings
    hosts: tuple[str, ...]
    passed: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user has to know of it."""
        missed = f"{listed(self.passed)}: no connection is made from there. {_inventory.PATTERN}."
        return (*self.run.warnings, missed) if self.passed else self.run.warnings


def settings_of(call: Call) -> Settings:
    now = datetime.now()  # the window is in the controller's own time, which is what people mean by it
    return _policy.settings(call.read, now.hour * 60 + now.minute)


def plan(call: Call) -> CheckPlan:
    """Plans the estate, and all that has to be looked at to prove it."""
    run = _plan_run.plan(call, fresh=False)
    there, passed = sources(call, run.plan)
    hosts = (*run.visible, *there)
    models = {name: model for name in run.plan.outside if (model := _model(call, name))}
    return CheckPlan(run, _sampled(call, run.plan, models), settings_of(call), hosts, passed)


def _sampled(call: Call, site: SitePlan, models: dict[str, str]) -> Pairs:
    """The pairs; where nobody says how large the samples are, those of a very large estate are smaller."""
    rows, most = _flow_rows.rows(site), _policy.sample(call.read)
    for fewer in () if call.read("printnet_probe_sample") is not None else range(most, 1, -2):
        with contextlib.suppress(_pairs.TooManyError):
            return _pairs.pairs(site, rows, fewer, models)
    return _pairs.pairs(site, rows, min(most, 1) if call.read("printnet_probe_sample") is None else most, models)


def sources(call: Call, site: SitePlan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The hosts of parties outside from which connections can be made, and those to which no play would go for it.

    All but printers, which run no program for anybody; or those of the components of ``printnet_probe_from``.
    """
    catalog = call.catalog
    named = call.read("printnet_probe_from")
    if named is None:
        chosen = [name for name in catalog.components if PRINTER not in catalog.kinds(name)]
    else:
        faults = Faults()
        chosen = [str(name) for name in entries(named)]
        for name in chosen:
            _schema.check_known(name, catalog.components, "component", "printnet_probe_from", faults)
        faults.stop()
    members = site.members
    found = dict.fromkeys(name for one in chosen for name, host in members.get(one, {}).items() if not host.absent)
    groups = call.inventory().groups
    visible = set(groups.get("all", found))
    there: list[str] = []
    passed: list[str] = []
    for host in (host for host in found if host not in site.hosts and host in visible):
        (passed if _inventory.is_pattern(host) else there).append(host)
    return tuple(there), tuple(passed)


def _model(call: Call, host: str) -> str:
    """The model of a printer, by which samples are taken: ``printnet_model``."""
    return str(call.host_variables(host).get("printnet_model") or "")


def targets(call: Call) -> list[Target]:
    """What the call's host is to connect to. Worked out once a run for all hosts."""
    settings = settings_of(call)

    def make() -> dict[str, Any]:
        check = plan(call)
        made = _probe_plan.targets(check.pairs.pairs, call.catalog, settings, frozenset(check.hosts))
        return {host: [[*asdict(one).values()] for one in some] for host, some in made.items()}

    found: Iterable[list[Any]] | None = call.kept_for_host()(f"targets-{_name(call, settings)}", make)
    return [Target(*values) for values in found or ()]


def _name(call: Call, settings: Settings) -> str:
    """Other settings make other targets."""
    told = [asdict(settings), _policy.sample(call.read), call.read("printnet_probe_from")]
    options = [_inventory.estate_options(call.inventory()), *(call.read(name) for name in _variables.SETTINGS)]
    return hashlib.sha256(json.dumps([told, options], sort_keys=True, default=str).encode()).hexdigest()[:12]
