# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module probe makes of what it is given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _probe_module

TARGET = {
    "address": "127.0.0.1",
    "port": 1,
    "transport": "tcp",
    "protocol": "connect",
    "timeout": None,
    "source_port": None,
    "server_name": None,
    "gentle": False,
}
PARAMETERS = {"timeout": 3.0, "at_once": 64, "rate": 0.0, "gentle_rate": 1.0, "deadline": 300.0}


def parameters(*targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**PARAMETERS, "targets": [{**TARGET, **one} for one in targets], **more}


def test_results_have_the_number_of_their_target() -> None:
    answer = _probe_module.run(parameters({}, {"protocol": "raw"}), "public")
    assert [one["number"] for one in answer["results"]] == [0, 1]
    assert {one["outcome"] for one in answer["results"]} == {"refused"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (parameters({"address": "print1"}), "targets[0] (tcp/1 of 'print1'): 'print1' is no IP address"),
        (parameters(*[{"protocol": "gopher"}] * 9), "And 4 more."),
        (parameters({"timeout": 0.0}), "0.0 is no timeout"),
        (parameters({}, at_once=0), "at_once is 0"),
        (parameters({}, rate=-1.0), "rate is -1.0"),
        (parameters({}, gentle_rate=0.0), "gentle_rate is 0.0"),
        (parameters({}, deadline=float("nan")), "deadline is nan"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(given: dict[str, Any], said: str) -> None:
    with pytest.raises(_probe_module.ProbeError) as wrong:
        _probe_module.run(given, "public")
    assert said in str(wrong.value)
    assert str(wrong.value).endswith("Nothing was sent.")


def test_the_community_is_taken_out_and_masks_nothing() -> None:
    module: Any = SimpleNamespace(params={"snmp_community": "public"}, no_log_values={"public", "other"})
    assert _probe_module.take_community(module) == "public"
    assert "public" not in str(module.params)
    assert module.no_log_values == {"other"}
