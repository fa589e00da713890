# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller makes of a host's answer; whole looks are tried on booted hosts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.action import compliance_info

KEYS = {0: "connect tcp/515 192.0.2.1", 1: "snmp udp/161 192.0.2.7"}


def test_a_result_is_known_by_what_was_tried() -> None:
    told = [{"number": 1, "outcome": "answered"}, {"number": 7}]
    assert compliance_info._by_key(told, KEYS) == {KEYS[1]: {"number": 1, "outcome": "answered"}}


@pytest.mark.parametrize("told", [None, 1, "probes", [1], [None], [{}], [{"number": [1]}], {"number": 1}])
def test_an_odd_answer_is_none(told: Any) -> None:
    assert compliance_info._by_key(told, KEYS) == {}


def test_where_root_is_refused_the_connection_is_as_before_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    become = object()
    action: Any = SimpleNamespace(
        _connection=SimpleNamespace(become=become), _play_context=SimpleNamespace(become=True)
    )
    seen = []

    def call(one: Any, *_more: Any) -> dict[str, Any]:
        seen.append((one._connection.become, one._play_context.become))
        return {"failed": True, "msg": "sudo: a password is required"} if one._connection.become else {"rules": {}}

    monkeypatch.setattr(compliance_info._module_call, "call", call)
    for _try in range(2):
        answer, why = compliance_info.ActionModule._ask(action, {}, {})
        assert (answer, why) == ({"rules": {}}, "root was refused: sudo: a password is required")
    assert seen == [(become, True), (None, False)] * 2
