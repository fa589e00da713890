# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: probes: many connections and questions at once, in one thread, bounded in time, memory, number and rate.

Nothing raises here because of a target: each has a result, always.
"""

from __future__ import annotations

import errno
import heapq
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _probe_socket
from ansible_collections.printnet.ports.plugins.module_utils._probe_target import Limits, Result, Target, problem
from ansible_collections.printnet.ports.plugins.module_utils._protocols import PROTOCOLS
from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import (
    ANSWERED,
    CONNECTED,
    MISMATCH,
    SILENT,
    Question,
    Talk,
)

MOST_BYTES = 65536
"""What is read of one connection; then it is judged from what came."""
_CHUNK = 16384
_GRACE = 0.5
"""Seconds in which the other end may close as well, so that it sees an end and no reset."""
NOT_IN_TIME = "The time for the whole call was used up before this probe was done."
NOT_IN_HOURS = "The hours in which it may be tried were over before it was its turn."

__all__ = ["Limits", "Result", "Target", "problem", "run"]


def run(targets: Sequence[Target], limits: Limits, community: str = "public") -> list[Result]:
    """Probe all; the results are in the order of the targets."""
    return _Engine(targets, limits, community).run()


class _Probe:
    """A target under way."""

    def __init__(self, position: int, target: Target, community: str) -> None:
        self.position = position
        self.target = target
        question = Question(target.address, target.port, target.transport, target.server_name or "", community)
        self.talk: Talk = PROTOCOLS[target.protocol].make(question)
        self.socket: Any = None
        self.stage = "waiting"
        self.began = 0.0
        self.until = 0.0
        self.due = 0.0
        self.read = 0
        self.local = ""
        self.events = 0
        self.out = b""
        # The same two ends can have one connection only.
        self.key = (target.transport, target.address, target.port, target.source_port) if target.source_port else None


class _Engine:
    def __init__(self, targets: Sequence[Target], limits: Limits, community: str) -> None:
        self.limits = limits
        self.selector = selectors.DefaultSelector()
        self.room = _probe_socket.room()
        self.end = time.monotonic() + limits.deadline
        gentle = limits.gentle_deadline
        self.gentle_end = self.end if gentle is None else time.monotonic() + gentle
        self.results: list[Result | None] = [None] * len(targets)
        self.waiting: deque[_Probe] = deque()
        self.gentle: deque[_Probe] = deque()
        self.held: dict[Any, deque[_Probe]] = {}
        self.busy: set[Any] = set()
        self.open: set[_Probe] = set()
        self.closing: set[_Probe] = set()
        self.patient: _Probe | None = None
        self.next_start = self.next_gentle = 0.0
        self.timers: list[tuple[float, int, _Probe]] = []
        for position, target in enumerate(targets):
            wrong = problem(target)
            if wrong:
                self.results[position] = Result(target.number, "not_tried", "EINVAL", said=wrong)
                continue
            (self.gentle if target.gentle else self.waiting).append(_Probe(position, target, community))
        self.numbers = [target.number for target in targets]

    def run(self) -> list[Result]:
        try:
            while time.monotonic() < self.end:
                self._admit(time.monotonic())
                if not (self.open or self.closing or self.waiting or self.gentle):
                    break
                for key, _events in self.selector.select(self._pause()):
                    self._ready(key.data)
                self._expire(time.monotonic())
            for probe in tuple(self.open):
                self._give_up(probe)
        finally:
            for probe in (*self.open, *self.closing):
                probe.socket.close()
            self.selector.close()
        return [
            result or Result(number, "not_tried", said=NOT_IN_TIME)
            for number, result in zip(self.numbers, self.results)
        ]

    # What begins, and when.

    def _admit(self, now: float) -> None:
        while self.gentle and now >= self.gentle_end:
            self._record(self.gentle.popleft(), "not_tried", said=NOT_IN_HOURS)
        # Gentle ones first: they are one at a time, and must not wait for a place among many.
        if self.gentle and self.patient is None and now >= self.next_gentle and self._has_room():
            probe = self.gentle.popleft()
            if self._start(probe, now):
                self.next_gentle = now + _spacing(self.limits.gentle_rate)
                self.patient = probe if probe in self.open or probe in self.closing else None
        while self.waiting and len(self.open) < max(1, self.limits.at_once) and self._has_room():
            if now < self.next_start or not self._start(self.waiting.popleft(), now):
                break

    def _has_room(self) -> bool:
        return len(self.open) + len(self.closing) < self.room

    def _start(self, probe: _Probe, now: float) -> bool:
        """Begin it; whether others may follow."""
        target = probe.target
        if probe.key in self.busy:
            self.held.setdefault(probe.key, deque()).append(probe)
            return True
        probe.began = now
        try:
            probe.socket = _probe_socket.open_towards(target.address, target.port, target.transport, target.source_port)
        except _probe_socket.NotOpenedError as wrong:
            self._record(probe, wrong.outcome, wrong.number, wrong.said)
            return True
        except _probe_socket.ScarceError as wrong:
            if not self.open and not self.closing:
                self._record(probe, "not_tried", wrong.number, "This host has no room for a connection.")
            else:
                self.room = max(1, len(self.open) + len(self.closing))
                (self.gentle if target.gentle else self.waiting).appendleft(probe)
            return False
        self.next_start = now + _spacing(self.limits.rate)
        if probe.key:
            self.busy.add(probe.key)
        probe.local = _probe_socket.local_address(probe.socket)
        probe.until = now + target.timeout
        self.open.add(probe)
        probe.stage = "connecting"
        probe.events = selectors.EVENT_WRITE
        self.selector.register(probe.socket, probe.events, probe)
        self._wake(probe, probe.until)
        if target.transport == "udp":
            self._connected(probe)
        return True

    # What happens to one that is under way.

    def _ready(self, probe: _Probe) -> None:
        if probe.stage == "closing":
            self._drain(probe)
        elif probe.stage == "connecting":
            number = probe.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                self._failed(probe, number)
            elif probe.local == probe.target.address and _probe_socket.is_to_itself(probe.socket):
                self._settle(probe, "refused", errno.ECONNREFUSED)
            else:
                self._connected(probe)
        elif probe.stage == "talking":
            self._hear(probe)
            if probe.stage == "talking":
                self._flush(probe)

    def _connected(self, probe: _Probe) -> None:
        probe.stage = "talking"
        if probe.target.transport == "udp":
            self._wake(probe, probe.began + probe.target.timeout / 2)
        else:
            # However long the connection took, the answer has its time.
            probe.until = max(probe.until, time.monotonic() + probe.target.timeout / 2)
            self._wake(probe, probe.until)
        _tell(probe.talk, probe.talk.start, probe.local)
        if not probe.talk.outcome:
            self._watch(probe)
        self._flush(probe)

    def _watch(self, probe: _Probe) -> None:
        """Be told when something comes, and, where something waits to be sent, when it can be."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if probe.out else 0)
        if events != probe.events:
            probe.events = events
            self.selector.modify(probe.socket, events, probe)

    def _flush(self, probe: _Probe) -> None:
        """Send what is to be sent, and end where all is said."""
        try:
            if probe.target.transport == "udp":
                for out in probe.talk.take_each():
                    probe.socket.send(out)
            else:
                probe.out += probe.talk.take()
                probe.out = probe.out[probe.socket.send(probe.out) :] if probe.out else b""
                self._watch(probe)
        except BlockingIOError:
            if probe.target.transport == "tcp":
                self._watch(probe)
        except OSError as wrong:
            self._broken(probe, wrong.errno or 0)
            return
        if probe.talk.outcome:
            self._settle(probe, probe.talk.outcome)

    def _hear(self, probe: _Probe) -> None:
        try:
            data = probe.socket.recv(_CHUNK)
        except BlockingIOError:
            if probe.target.transport == "udp":
                _probe_socket.icmp_message(probe.socket)
            return
        except OSError as wrong:
            self._broken(probe, wrong.errno or 0)
            return
        probe.read += max(1, len(data))
        if data or probe.target.transport == "udp":
            _tell(probe.talk, probe.talk.receive, data)
        else:
            _tell(probe.talk, probe.talk.end)
        if probe.read >= MOST_BYTES:
            _tell(probe.talk, probe.talk.end)

    def _broken(self, probe: _Probe, number: int) -> None:
        """The connection broke off in the middle, or a datagram was refused."""
        if probe.target.transport == "udp":
            self._failed(probe, number)
            return
        _tell(probe.talk, probe.talk.end)
        self._settle(probe, probe.talk.outcome, number if probe.talk.outcome == SILENT else 0)

    def _failed(self, probe: _Probe, number: int) -> None:
        if number == errno.EMSGSIZE:
            _probe_socket.icmp_message(probe.socket)
            return
        icmp = _probe_socket.icmp_message(probe.socket)
        target = probe.target
        if icmp:
            probe.talk.facts.update(icmp=f"type {icmp.kind} code {icmp.code}", icmp_from=icmp.sender)
        outcome = _probe_socket.meaning(number, target.transport, icmp, probe.local, target.address)
        self._settle(probe, outcome, number)

    def _expire(self, now: float) -> None:
        while self.timers and self.timers[0][0] <= now:
            due, _order, probe = heapq.heappop(self.timers)
            if due != probe.due or probe.stage == "done":
                continue
            if probe.stage == "closing":
                self._close(probe)
            elif probe.stage == "connecting":
                self._settle(probe, "timeout")
            elif now < probe.until:
                self._wake(probe, probe.until)
                _tell(probe.talk, probe.talk.again)
                self._flush(probe)
            else:
                self._over(probe)

    def _over(self, probe: _Probe) -> None:
        _tell(probe.talk, probe.talk.end)
        silent = probe.talk.outcome == SILENT and probe.target.transport == "udp"
        self._settle(probe, "unanswered" if silent else probe.talk.outcome)

    def _give_up(self, probe: _Probe) -> None:
        """The time for all is over; what is known by now still counts."""
        if probe.stage == "talking" and probe.talk.heard:
            _tell(probe.talk, probe.talk.end)
            if probe.talk.outcome in (ANSWERED, CONNECTED):
                self._record(probe, probe.talk.outcome)

    # How it ends.

    def _settle(self, probe: _Probe, outcome: str, number: int = 0) -> None:
        talked = probe.stage == "talking" and probe.target.transport == "tcp"
        self._record(probe, outcome, number)
        self.open.discard(probe)
        if not talked:
            self._close(probe)
            return
        left, probe.out = probe.out + probe.talk.take(), b""
        try:
            if left:
                with suppress(BlockingIOError):
                    probe.socket.send(left)
            probe.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(probe)
            return
        probe.stage = "closing"
        probe.read = 0
        self.closing.add(probe)
        self._watch(probe)
        self._wake(probe, time.monotonic() + _GRACE)

    def _drain(self, probe: _Probe) -> None:
        """What is left unread when a connection is closed would make the close a reset."""
        try:
            count = len(probe.socket.recv(_CHUNK))
        except BlockingIOError:
            return
        except OSError:
            count = 0
        probe.read += count
        if not count or probe.read >= MOST_BYTES:
            self._close(probe)

    def _close(self, probe: _Probe) -> None:
        probe.stage = "done"
        self.open.discard(probe)
        self.closing.discard(probe)
        self.selector.unregister(probe.socket)
        probe.socket.close()
        if self.patient is probe:
            self.patient = None
        if probe.key:
            self.busy.discard(probe.key)
            held = self.held.get(probe.key)
            if held:
                following = held.popleft()
                (self.gentle if following.target.gentle else self.waiting).appendleft(following)
            if not held:
                self.held.pop(probe.key, None)

    def _record(self, probe: _Probe, outcome: str, number: int = 0, said: str = "") -> None:
        ms = None if outcome == "not_tried" else round((time.monotonic() - probe.began) * 1000, 1)
        self.results[probe.position] = Result(
            probe.target.number,
            outcome,
            _probe_socket.name_of(number),
            ms,
            probe.local,
            probe.talk.facts,
            said or probe.talk.said(),
        )

    # Time.

    def _wake(self, probe: _Probe, when: float) -> None:
        probe.due = when
        heapq.heappush(self.timers, (when, id(probe), probe))

    def _pause(self) -> float:
        times = [self.end]
        if self.timers:
            times.append(self.timers[0][0])
        if self.waiting and len(self.open) < max(1, self.limits.at_once) and self._has_room():
            times.append(self.next_start)
        if self.gentle and self.patient is None and self._has_room():
            times.append(min(self.next_gentle, self.gentle_end))
        return max(0.0, min(times) - time.monotonic())


def _spacing(rate: float) -> float:
    return 1 / rate if rate > 0 else 0.0


def _tell(talk: Talk, act: Callable[..., None], *told: Any) -> None:
    """Have a protocol act. Where it breaks, it is by what came; then that was no answer of the protocol."""
    try:
        act(*told)
    except Exception:
        talk.outcome = talk.outcome or MISMATCH
