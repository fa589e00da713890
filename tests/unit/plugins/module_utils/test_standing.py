# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which owners stand on a host though nobody names them."""

from __future__ import annotations

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._standing import is_owner, unnamed

VPSX, DIS, AUDIT, BACKUP, OWN = (
    f"printnet.ports/{name}" for name in ("vpsx", "dis", "innovate_audit", "backup", "hp_mfp")
)
KNOWN = {VPSX: "vpsx", DIS: "dis", AUDIT: "audit"}


@pytest.mark.parametrize(
    ("found", "named", "stale"),
    [
        ({}, [VPSX], {}),
        ({VPSX: "vpsx"}, [VPSX], {}),
        ({VPSX: "vpsx", DIS: "dis"}, [VPSX], {DIS: "dis"}),
        ({VPSX: "vpsx", DIS: "dis"}, [], {DIS: "dis", VPSX: "vpsx"}),
        # Made by hand, though a firewall that keeps no short name may make it look like one.
        ({BACKUP: "backup", "printnet.ports/audit_by_hand": "audit"}, [], {}),
        # Somebody's hand took the name away.
        ({"printnet.ports/audit": "audit"}, [], {AUDIT: "audit"}),
        ({"printnet.ports/audit": "audit"}, [AUDIT], {}),
        # Of a component that the catalog does not have any more.
        ({OWN: "hp_mfp"}, [], {OWN: "hp_mfp"}),
    ],
)
def test_only_components_count(found: dict[str, str], named: list[str], stale: dict[str, str]) -> None:
    assert unnamed(found, named, KNOWN, remembered=[OWN]) == stale


def test_those_by_hand_as_well_where_that_is_asked_for() -> None:
    found = {VPSX: "vpsx", BACKUP: "backup", "printnet.ports/audit": "audit"}
    assert unnamed(found, [VPSX, AUDIT], KNOWN, by_hand=True) == {BACKUP: "backup"}


@pytest.mark.parametrize(
    ("owner", "short", "fits"),
    [
        (VPSX, "vpsx", True),
        (VPSX, "", False),
        (VPSX, "../x", False),
        (VPSX, "ten_letters", False),
        ("vpsx", "vpsx", False),
        (f"{VPSX}\n", "vpsx", False),
    ],
)
def test_names_of_chains_and_files_are_looked_at(owner: str, short: str, fits: bool) -> None:
    assert is_owner(owner, short) is fits
