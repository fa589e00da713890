# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: makes an Ansible filter of a pure function."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError


def face(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with its faults as Ansible's own error."""

    @wraps(function)
    def filter_(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except PortsError as wrong:
            raise AnsibleFilterError(wrong.message) from None

    return filter_
