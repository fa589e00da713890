# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what is known when pairs are judged. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from ansible_collections.printnet.ports.plugins.plugin_utils import _access, _probe_plan
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Probe, Seen


@dataclass(frozen=True)
class Facts:
    """All that verdicts are made of. ``seen`` are the hosts that were to be looked at, by name.

    ``settings`` are those with which connections were made; ``now`` is the time of the run, for certificates.
    ``processes`` are names that a flow's listener may have, by flow; ``in_service`` are components behind an address
    of their own, whose hosts need not all listen; ``outside`` are hosts of others, which need not be reached;
    ``planned`` has host, direction and flow of each rule of the plan; ``controller`` what was tried from the controller
    in place of sources that Ansible does not manage, by target, None where nothing was.
    """

    catalog: Catalog
    seen: Mapping[str, Seen]
    settings: _probe_plan.Settings
    now: datetime
    processes: Mapping[str, tuple[str, ...]]
    in_service: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    planned: frozenset[tuple[str, str, str]] = frozenset()
    controller: Mapping[str, Probe] | None = None
    tls_names: bool = False

    @cached_property
    def anytime(self) -> _probe_plan.Settings:
        """The settings without the hours: what was tried within them is judged later, and maybe after their end."""
        return replace(self.settings, outside_window=False)

    @cached_property
    def rules(self) -> dict[str, _access.Rules]:
        return _access.by_host(self.seen)
