# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host tells of itself for the compliance check, as far as no real host is needed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _compliance_info


def _seen(*peers: int) -> dict[str, Any]:
    foreign = [{"flows": ["*"], "where": "there", "peers": ["192.0.2.1/32"] * many} for many in peers]
    return {"foreign": foreign, "notes": []}


def test_what_is_open_is_told_before_a_list_of_bans() -> None:
    bans = [{"opens": False, "peers": ["192.0.2.1/32"]}] * 2500
    kept = _compliance_info._few_enough([*bans, {"opens": True, "peers": ["0.0.0.0/0"]}])
    assert kept[0]["opens"]
    assert len(kept) == 2000


@pytest.mark.parametrize(
    ("peers", "kept", "left_out"),
    [
        ([1, 2], [1, 2], 0),
        ([1] * 2002, [1] * 2000, 2),
        # A list that is too long is left out whole, for half of it says something wrong; the others are not.
        ([5, 60_000, 15_000, 15_000, 30_000, 7], [5, 15_000, 15_000, 7], 2),
    ],
)
def test_what_is_too_much_to_tell_is_counted(
    peers: list[int], kept: list[int], left_out: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_compliance_info._firewall_info, "look", lambda module, plan: _seen(*peers))
    module: Any = type("Module", (), {"params": {"plan": {"ports": []}}})
    told = _compliance_info._rules_seen(module, [])
    assert [len(one["peers"]) for one in told["foreign"]] == kept
    assert [note.split()[0] for note in told["notes"]] == ([str(left_out)] if left_out else [])
