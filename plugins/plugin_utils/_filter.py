# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: makes an Ansible filter of a pure function."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import check_known


def face(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of the filter of this name, with its faults as Ansible's own error."""

    @wraps(function)
    def filter_(*args: Any, **kwargs: Any) -> Any:
        try:
            _check_given(name, function, args, kwargs)
            return function(*args, **kwargs)
        except PortsError as wrong:
            raise AnsibleFilterError(wrong.message) from None

    return filter_


def _check_given(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Refuse options that the filter does not have, or more of them."""
    taken = signature(function)
    _flows, *options = taken.parameters
    faults = Faults()
    for option in kwargs:
        check_known(option, options, "option", name, faults)
    faults.stop()
    try:
        taken.bind(*args, **kwargs)
    except TypeError as wrong:
        raise PortsError(f"{name}: {wrong}; its options are {', '.join(options) or 'none'}") from None
