# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flows to CSV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _filter, _render


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter's function."""
        return {"csv": _filter.face("csv", _render.to_csv)}
