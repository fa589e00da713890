# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PRIVATE: the host's part of the module probe: what it takes, and how it answers. It changes nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.printnet.ports.plugins.module_utils import _probes

_SHOWN = 5


class ProbeError(Exception):
    """What is asked for can't be tried; the text says why."""


def main(module: AnsibleModule) -> None:
    """Probe, and end the module with what came of it."""
    community = take_community(module)
    try:
        module.exit_json(changed=False, **run(module.params, community))
    except ProbeError as wrong:
        module.fail_json(msg=str(wrong))


def take_community(module: AnsibleModule) -> str:
    """The community, which nothing knows any more afterwards but who asks by it.

    Ansible has kept it out of the system's log by now, for the option says ``no_log``. For that it would also mask the
    word in everything that the module answers, and most communities are ``public``: a printer's description or a status
    would lose the word, or the whole text be a mask. So the masking ends here, the community is taken out of the
    parameters, which Ansible shows when asked to be verbose, and what answers SNMP hides it in its own texts.
    """
    community = str(module.params["snmp_community"])
    module.params["snmp_community"] = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    module.no_log_values.discard(community)
    return community


def run(parameters: Mapping[str, Any], community: str) -> dict[str, Any]:
    """What the module answers; raises :class:`ProbeError` before anything is sent."""
    limits = _limits(parameters, community)
    targets = [
        _probes.Target(number=number, **{"timeout": parameters["timeout"], **_said(one)})
        for number, one in enumerate(parameters["targets"])
    ]
    wrong = [(target, text) for target in targets for text in [_probes.problem(target)] if text]
    if wrong:
        lines = [
            f"targets[{target.number}] ({target.transport}/{target.port} of {target.address!r}): {text}"
            for target, text in wrong[:_SHOWN]
        ]
        more = [f"And {len(wrong) - _SHOWN} more."] if len(wrong) > _SHOWN else []
        raise ProbeError("\n".join([*lines, *more, "Nothing was sent."]))
    began = time.monotonic()
    results = _probes.run(targets, limits, community)
    return {
        "results": [result.as_dict() for result in results],
        "seconds": round(time.monotonic() - began, 2),
    }


def _said(target: Mapping[str, Any]) -> dict[str, Any]:
    """What a task says of a target; 0 is said, and wrong."""
    return {name: value for name, value in target.items() if value is not None}


def _limits(parameters: Mapping[str, Any], community: str) -> _probes.Limits:
    limits = _probes.Limits(
        parameters["at_once"],
        parameters["rate"],
        parameters["gentle_rate"],
        parameters["deadline"],
        parameters.get("gentle_deadline"),
    )
    if limits.at_once < 1:
        raise ProbeError(f"at_once is {limits.at_once}; it has to be 1 or more. Nothing was sent.")
    if not 0 <= limits.rate <= 1e6:
        raise ProbeError(f"rate is {limits.rate}; it has to be 0 or more probes a second. Nothing was sent.")
    if not 0 < limits.gentle_rate <= 1e6:
        raise ProbeError(f"gentle_rate is {limits.gentle_rate}; it has to be more than 0. Nothing was sent.")
    if not 0 < limits.deadline <= 86400:
        raise ProbeError(
            f"deadline is {limits.deadline}; it is more than 0 seconds, and 86400 at most. Nothing was sent."
        )
    if len(community.encode("utf-8", "replace")) > 255:
        raise ProbeError("snmp_community is longer than 255 bytes. Nothing was sent.")
    return limits
