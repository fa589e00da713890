# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: connections from the controller, in place of sources that Ansible does not manage."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ansible_collections.printnet.ports.plugins.module_utils import _probes
from ansible_collections.printnet.ports.plugins.plugin_utils import _observed, _probe_plan
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Probe
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Pair
from ansible_collections.printnet.ports.plugins.plugin_utils._probe_plan import Settings, Target


def probe(
    pairs: Iterable[Pair],
    catalog: Catalog,
    settings: Settings,
    managed: Collection[str],
    community: str,
    *,
    gentle_deadline: float | None = None,
) -> dict[str, Probe]:
    """What the connections came to, by target. ``gentle_deadline`` are the seconds left for printers' print ports."""
    found: dict[str, Target] = {}
    for pair in pairs:
        aim = _probe_plan.target(pair, catalog, settings)
        if pair.source.host not in managed and isinstance(aim, Target):
            found.setdefault(aim.key, aim)
    aims = [_probes.Target(**aim.as_dict(number, settings.timeout)) for number, aim in enumerate(found.values())]
    limits = _probes.Limits(settings.at_once, settings.rate, settings.print_rate, settings.deadline, gentle_deadline)
    results = _probes.run(aims, limits, community)
    return {key: _observed.probe(one.as_dict()) for key, one in zip(found, results, strict=True)}
