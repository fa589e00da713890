# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a change that could not be confirmed; the confirmed commit itself is tried on booted hosts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.printnet.ports.plugins.plugin_utils import _confirm

ASKED = {"command": ["python3", "switch.py", "confirm", "7f3a", "nftables"], "token": "7f3a", "seconds": 0}
KEPT = "or it was confirmed, and only the answer was lost"
UNSEEN = "Whether it did could not be seen"


class Connection:
    """One that can be made anew."""

    def reset(self) -> None:
        """It is."""


def told(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> str:
    """What comes of a host that answers so to the confirmation, and to the look at it afterwards."""
    monkeypatch.setattr(_confirm, "_GRACE", 0)
    left = list(answers)

    def execute(_command: str) -> dict[str, Any]:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"stdout": answer}

    return _confirm.confirm(Connection(), execute, ASKED)


def test_an_answer_may_come_after_what_a_login_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, 'Welcome {to} all\n{"failed": false}\n') == ""
    assert told(monkeypatch, '{"failed": true, "msg": "It is not open."}') == "It is not open."
    assert told(monkeypatch, '{"failed": true}') == "the host did not say why"


def test_a_connection_may_fail_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    assert KEPT in told(monkeypatch, AnsibleConnectionFailure(" \n"), "seen")


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        ('[{"cause": "nobody", "token": "7f3a"}]\nseen', "It did: its record says so"),
        ('[{"cause": "nobody", "token": "another"}]\nseen', KEPT),
        ('[{"cause": "nobody", "failed": true, "token": "7f3a"}]\npending.json\nseen', "It could not yet"),
        ('[{"cause": "nobody", "token": "7f3a"}]\npending.json\nseen', "It did: its record says so"),
        ("seen", KEPT),
        ("lib\npending.json\nswitch.py\nseen", UNSEEN),
        ("", UNSEEN),
        (AnsibleConnectionFailure("no route"), UNSEEN),
    ],
)
def test_what_the_host_did_is_looked_at(monkeypatch: pytest.MonkeyPatch, seen: Any, sentence: str) -> None:
    answer = told(monkeypatch, AnsibleConnectionFailure("Connection closed"), seen)
    assert answer.startswith(
        "The change could not be confirmed over a new connection within 0 seconds (Connection closed)"
    )
    assert sentence in answer
