# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an administrator reads of a host's answer."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils._notes import notes

DIS = ["printnet.ports/dis", "printnet.ports/vpsx"]
DIFF = [
    {
        "before_header": "printnet.ports/vpsx",
        "after_header": "printnet.ports/vpsx",
        "before": "a\nb\n",
        "after": "b\nc\n",
    }
]


def told(answer: dict[str, Any], members: tuple[str, ...] = (), foretold: bool = False, **asked: Any) -> list[str]:
    return notes("print01", answer, {"stale": "keep", "removals": "now", "keeps": "", **asked}, members, foretold)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"changed": True, "differs": True, "diff": DIFF, "stale": [], "later": False},
        {"changed": False, "differs": False, "diff": [], "stale": [], "later": False},
        {"changed": True, "differs": True, "diff": DIFF, "stale": [], "later": True},
    ],
)
def test_nothing_is_said_where_nothing_is_left(answer: dict[str, Any]) -> None:
    assert told(answer) == []


def test_rules_that_no_group_asks_for_are_named_with_what_to_do() -> None:
    (sentence,) = told({"stale": DIS}, members=("vpsx",))
    assert sentence == (
        "print01: has rules of dis, which no group of the inventory asks for. To remove them: "
        "ansible-playbook -i INVENTORY printnet.ports.remove --limit print01"
    )
    assert told({"stale": DIS}, members=("vpsx", "dis")) == []


def test_a_hosts_name_is_no_part_of_a_command() -> None:
    asked = {"stale": "keep", "removals": "now", "keeps": ""}
    (sentence,) = notes("a;reboot", {"stale": DIS}, asked, ())
    assert sentence.endswith("--limit 'a;reboot'")


def test_what_was_removed_or_would_be_is_named() -> None:
    answer = {"stale": DIS, "changed": True, "differs": True, "diff": DIFF}
    assert told(answer, stale="remove") == ["print01: rules of dis, vpsx were removed"]
    assert told(answer, stale="all", foretold=True) == ["print01: rules of dis, vpsx would be removed"]
    assert told({**answer, "changed": False, "differs": False}, stale="remove", removals="later") == []


def test_what_is_kept_is_said_where_a_variable_keeps_it() -> None:
    assert told({"later": True}) == []
    (sentence,) = told({"later": True}, keeps="printnet_removals is later")
    assert sentence == "print01: keeps rules that are not needed any more, because printnet_removals is later"


@pytest.mark.parametrize("foretold", [False, True])
def test_what_differs_is_shown_where_nothing_is_changed(foretold: bool) -> None:
    answer = {"changed": False, "differs": True, "diff": DIFF, "stale": DIS}
    assert told(answer, stale="remove", foretold=foretold) == [
        "print01: printnet_apply is false, so nothing was changed. What differs:",
        "print01: - printnet.ports/vpsx: a",
        "print01: + printnet.ports/vpsx: c",
    ]
    long = [{**DIFF[0], "after": f"in tcp 515 from {'192.0.2.0/24 ' * 9999}\n"}]
    assert max(map(len, told({**answer, "diff": long}))) < 250
