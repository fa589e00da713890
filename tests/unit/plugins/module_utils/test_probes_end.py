# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes that end early: those whose hours are over, and those whose protocol breaks by what comes."""

from __future__ import annotations

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _probe_target, _probes
from ansible_collections.printnet.ports.plugins.module_utils._probes import Target
from ansible_collections.printnet.ports.plugins.module_utils._protocols import Protocol
from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import Question, Talk
from ansible_collections.printnet.ports.tests.unit.plugins.module_utils.test_probes import (
    HERE,
    HTTP,
    answer,
    probe,
    serving,
    silent,
)


def test_gentle_ones_have_an_end_of_their_own() -> None:
    with serving(silent) as port:
        targets = [Target(number, HERE, port, "tcp", "raw", gentle=True) for number in range(5)]
        results = probe(*targets, Target(9, HERE, port, "tcp", "raw"), gentle_rate=4, gentle_deadline=0.4)
    assert [one.outcome for one in results] == [*["connected"] * 2, *["not_tried"] * 3, "connected"]
    assert "hours" in results[2].said


class Broken(Talk):
    """A protocol with a fault of its own, which whoever answers has found."""

    def __init__(self, question: Question, where: str) -> None:
        super().__init__(question)
        self._where = where

    def start(self, local: str) -> None:
        self._act("start")

    def look(self) -> None:
        self._act("look")

    def end(self) -> None:
        self._act("end")
        super().end()

    def _act(self, where: str) -> None:
        if where == self._where:
            raise RecursionError(where)


@pytest.mark.parametrize("where", ["start", "look", "end"])
def test_a_protocol_that_breaks_harms_no_other_target(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Protocol(lambda question: Broken(question, where))
    monkeypatch.setitem(_probes.PROTOCOLS, "broken", broken)
    monkeypatch.setitem(_probe_target.PROTOCOLS, "broken", broken)
    with serving(lambda connection: connection.sendall(b"x")) as port, serving(answer(HTTP)) as other:
        results = probe(
            Target(1, HERE, port, "tcp", "broken", 0.4), Target(2, HERE, other, "tcp", "http", 2), deadline=5
        )
    assert [one.outcome for one in results] == ["mismatch", "answered"]
