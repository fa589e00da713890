# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of reason codes: complete, with remedies that name hosts as text and nothing else."""

from __future__ import annotations

import re

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _reasons

NAMES = {"source": "s1", "destination": "v1", "port": "tcp 515", "end": "v1"}


@pytest.mark.parametrize("code", _reasons.CODES)
def test_a_code_has_a_severity_and_sentences(code: str) -> None:
    entry = _reasons.CODES[code]
    assert entry.severity in _reasons.SEVERITIES
    assert entry.meaning.endswith(".")
    told = _reasons.remedy(code, **NAMES)
    assert re.fullmatch(r"[A-Z][^{}]*\.", told) if entry.severity == _reasons.FAULT else told in ("", told)


def test_braces_in_a_name_are_text() -> None:
    names = {**NAMES, "destination": "{0}{port!r}", "port": "{x}"}
    assert _reasons.remedy("NO_LISTENER", **names) == (
        "Start the service on {0}{port!r}, or set the port that it really uses."
    )


def test_a_name_is_not_filled_in_by_another() -> None:
    told = _reasons.remedy("PATH_BLOCKED", source="{destination}", destination="v1", port="tcp 515", end="")
    assert told == "Ask the network team to let tcp 515 pass from {destination} to v1."
