# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The compliance check of any estate, with clusters and load balancers too: a healthy one has no findings."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _shape
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils import checks, test_flow_rows
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils.test_compliance import reported
from hypothesis import given, settings
from hypothesis import strategies as st


@settings(max_examples=60)
@given(estate=test_flow_rows.estates(), most=st.sampled_from([0, 1, 2]))
def test_a_healthy_estate_of_any_kind_is_compliant(site: Any, estate: tuple[Any, Any, Any], most: int) -> None:
    groups, hosts, everywhere = estate
    try:
        plan = test_flow_rows.planned(site, groups, hosts, **everywhere)
    except PortsError:
        return
    made = checks.healthy(plan, most)
    report = reported(made)
    assert _shape.faults(report) == []
    ids = Counter(one["id"] for one in report["verdicts"])
    assert [one for one in report["verdicts"] if ids[one["id"]] > 1] == []
    # A host that is a printer, or a DNS server, beside what a role is for opens that by hand.
    wrong = [one for one in report["verdicts"] if one["code"] not in ("OK", "NOT_TESTED")]
    assert [one for one in wrong if "by hand" not in one["remedy"]] == []
    again = checks.healthy(plan, most)
    assert [one["id"] for one in reported(again)["verdicts"]] == [one["id"] for one in report["verdicts"]]
