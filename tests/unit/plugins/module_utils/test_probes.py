# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes against servers on the loopback: those that answer, and those that are rude."""

from __future__ import annotations

import errno
import resource
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _probe_socket, _probes
from ansible_collections.printnet.ports.plugins.module_utils._probes import Limits, Result, Target

HERE = "127.0.0.1"
HTTP = b"HTTP/1.1 200 OK\r\nServer: mine\r\n\r\n"


@contextmanager
def serving(talk: Callable[[socket.socket], None], family: int = socket.AF_INET) -> Iterator[int]:
    """A TCP server, each connection in a thread; gives its port."""
    over = threading.Event()
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind(("", 0))
    listener.listen(256)
    listener.settimeout(0.1)

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            talk(connection)

    def accept() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        thread.join()
        listener.close()


@contextmanager
def answering(answer: Callable[[bytes], list[bytes]]) -> Iterator[tuple[int, list[bytes]]]:
    """A UDP server; gives its port and what it has heard."""
    heard: list[bytes] = []
    over = threading.Event()
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind((HERE, 0))
    bound.settimeout(0.1)

    def serve() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                data, peer = bound.recvfrom(65535)
                heard.append(data)
                for one in answer(data):
                    bound.sendto(one, peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield bound.getsockname()[1], heard
    finally:
        over.set()
        thread.join()
        bound.close()


def probe(*targets: Target, community: str = "public", **limits: float) -> list[Result]:
    results = _probes.run(targets, Limits(**{"deadline": 20, **limits}), community)  # type: ignore[arg-type]
    assert [result.number for result in results] == [target.number for target in targets]
    for result in results:
        assert result.said.isascii()
        assert len(result.said) <= 200
    return results


def one(port: int, protocol: str = "http", transport: str = "tcp", timeout: float = 0.4, **more: object) -> Result:
    (result,) = probe(Target(1, HERE, port, transport, protocol, timeout, **more))  # type: ignore[arg-type]
    return result


def until_end(connection: socket.socket) -> bytes:
    data = b""
    while got := connection.recv(65536):
        data += got
    return data


def silent(connection: socket.socket) -> None:
    until_end(connection)


def answer(data: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)
        until_end(connection)

    return talk


def drip(connection: socket.socket) -> None:
    """A tarpit."""
    for _each in range(100):
        connection.sendall(b"H" if _each == 0 else b"T")
        time.sleep(0.1)


def endless(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 65536)


def reset(connection: socket.socket) -> None:
    connection.recv(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("talk", "outcome"),
    [
        (answer(HTTP), "answered"),
        (answer(b"SSH-2.0-x\r\n"), "mismatch"),
        (answer(b""), "silent"),
        (silent, "silent"),
        (lambda connection: None, "silent"),
        (reset, "silent"),
        (drip, "mismatch"),
        (endless, "answered"),
    ],
    ids=["answer", "another protocol", "no answer", "silent", "closing", "reset", "tarpit", "endless"],
)
def test_servers(talk: Callable[[socket.socket], None], outcome: str) -> None:
    with serving(talk) as port:
        result = one(port)
    assert (result.outcome, result.local) == (outcome, HERE)
    # Whoever closes with our question unread resets.
    assert result.errno in ("", "ECONNRESET")
    assert result.ms is not None


def test_what_is_found_is_told() -> None:
    with serving(answer(HTTP)) as port:
        result = one(port).as_dict()
    assert result.pop("ms") > 0
    assert result == {
        "number": 1,
        "outcome": "answered",
        "errno": "",
        "local": HERE,
        "facts": {"status": 200, "server": "mine"},
        "said": "HTTP/1.1 200 OK Server: mine",
    }


@pytest.mark.parametrize("protocol", ["raw", "connect"])
def test_never_a_byte_goes_to_a_raw_port_and_its_end_is_no_reset(protocol: str) -> None:
    came: list[bytes] = []
    done = threading.Event()

    def talk(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(b"ready\n")
            came.append(until_end(connection))
        done.set()

    with serving(talk) as port:
        assert one(port, protocol).outcome == "connected"
        assert done.wait(5)
    assert came == [b""]


def test_nobody_there() -> None:
    with socket.socket() as bound:
        bound.bind((HERE, 0))
        port = bound.getsockname()[1]
        assert (one(port).outcome, one(port).errno) == ("refused", "ECONNREFUSED")
    refused = one(port, "datagram", "udp")
    assert (refused.outcome, refused.errno, refused.facts["icmp_from"]) == ("refused", "ECONNREFUSED", HERE)


def test_no_route() -> None:
    (result,) = probe(Target(1, "255.255.255.255", 9, "udp", "datagram", 0.2))
    assert (result.outcome, result.errno) == ("no_route", "EACCES")


def test_by_ipv6() -> None:
    with serving(answer(HTTP), socket.AF_INET6) as port:
        (result,) = probe(Target(1, "::1", port, "tcp", "http", 1))
    assert (result.outcome, result.local) == ("answered", "::1")


def test_datagrams_are_asked_twice_at_most() -> None:
    with answering(lambda data: []) as (port, heard):
        assert one(port, "dns", "udp").outcome == "unanswered"
        assert len(heard) == 2
        assert one(port, "datagram", "udp").outcome == "unanswered"
        assert heard[2:] == [b"", b""]


@pytest.mark.parametrize("protocol", ["dns", "snmp", "kerberos", "mdns"])
def test_rubbish_is_no_answer(protocol: str) -> None:
    with answering(lambda data: [b"<b>rubbish\x1b[31m", b"", data, b"\xff" * 60000]) as (port, _heard):
        result = one(port, protocol, "udp")
    assert result.outcome == "mismatch"
    assert result.said.startswith("<b>rubbish [31m")


def test_a_storm_of_datagrams_is_cut() -> None:
    with answering(lambda data: [b"x" * 9000] * 20) as (port, _heard):
        assert one(port, "dns", "udp", timeout=3).outcome == "mismatch"


def test_what_comes_for_a_datagram_is_an_answer() -> None:
    with answering(lambda data: [b"who is there?"]) as (port, _heard):
        result = one(port, "datagram", "udp")
    assert (result.outcome, result.said) == ("answered", "who is there?")


def test_a_community_that_is_a_secret_is_not_sent_back_to_us() -> None:
    with answering(lambda data: [b"you said " + data]) as (port, heard):
        (result,) = probe(Target(1, HERE, port, "udp", "snmp", 0.3), community="hush-hush")
    assert b"hush-hush" in heard[0]
    assert result.outcome == "mismatch"
    assert "hush" not in str(result.as_dict())


def test_many_at_once_take_one_timeout() -> None:
    with serving(answer(HTTP)) as good, serving(silent) as bad:
        targets = [Target(number, HERE, bad if number % 5 == 0 else good, "tcp", "http", 1) for number in range(200)]
        results = probe(*targets, at_once=50)
    assert [result.outcome for result in results] == ["answered" if number % 5 else "silent" for number in range(200)]


def test_how_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def talk(connection: socket.socket) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        connection.recv(65536)
        time.sleep(0.02)
        with lock:
            now[0] -= 1
        connection.sendall(HTTP)

    with serving(talk) as port:
        assert {
            one.outcome for one in probe(*[Target(n, HERE, port, "tcp", "http") for n in range(30)], at_once=3)
        } == {"answered"}
    assert most[0] <= 3


def test_few_file_descriptors() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(list(Path("/proc/self/fd").iterdir()))
    with serving(answer(HTTP)) as port:
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 30, before[1]))
        try:
            results = probe(*[Target(number, HERE, port) for number in range(100)])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert {result.outcome for result in results} == {"connected"}


def test_no_room_for_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Descriptors that run out though there seemed to be enough."""
    left = [2, 1, 0, 5, 5, 5, 5, 5, 5]
    real = _probe_socket.open_towards

    def scarce(*arguments: object) -> socket.socket:
        if left and not left.pop(0):
            raise _probe_socket.ScarceError(errno.EMFILE)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(_probe_socket, "open_towards", scarce)
    with serving(answer(HTTP)) as port:
        results = probe(*[Target(number, HERE, port, "tcp", "http") for number in range(5)])
        assert {result.outcome for result in results} == {"answered"}
        left[:] = [0]
        (result,) = probe(Target(1, HERE, port))
    assert (result.outcome, result.errno) == ("not_tried", "EMFILE")
    assert "no room" in result.said


def test_the_deadline_ends_all() -> None:
    with serving(silent) as port:
        results = probe(
            *[Target(number, HERE, port, "tcp", "http", 60) for number in range(5)], deadline=0.3, at_once=2
        )
    assert {result.outcome for result in results} == {"not_tried"}
    assert {result.said for result in results} == {_probes.NOT_IN_TIME}


def test_gentle_ones_are_one_at_a_time() -> None:
    lock, now, most, began = threading.Lock(), [0], [0], []

    def talk(connection: socket.socket) -> None:
        with lock:
            began.append(time.monotonic())
            now[0] += 1
            most[0] = max(most[0], now[0])
        until_end(connection)
        with lock:
            now[0] -= 1

    with serving(talk) as port, serving(answer(HTTP)) as other:
        targets = [Target(number, HERE, port, "tcp", "raw", gentle=True) for number in range(4)]
        results = probe(*targets, Target(9, HERE, other, "tcp", "http"), gentle_rate=10)
    assert [result.outcome for result in results] == ["connected"] * 4 + ["answered"]
    assert most[0] == 1
    assert len(began) == 4


def test_source_ports() -> None:
    seen = []

    def talk(connection: socket.socket) -> None:
        seen.append(connection.getpeername()[1])
        answer(HTTP)(connection)

    with socket.socket() as free:
        free.bind((HERE, 0))
        source = free.getsockname()[1]
    with serving(talk) as port, serving(talk) as another:
        results = probe(
            *[Target(number, HERE, end, "tcp", "http", source_port=source) for number, end in [(1, port), (2, another)]]
        )
        assert {result.outcome for result in results} == {"answered"}
        assert seen == [source, source]
        # Once more to the same end: the kernel keeps the pair for a minute.
        again = one(port, source_port=source)
        assert again.outcome in ("answered", "not_tried")
        assert again.outcome == "answered" or f"Port {source} of this host is in use to the same target" in again.said


def test_the_same_source_port_to_the_same_target_waits_for_its_turn() -> None:
    with answering(lambda data: [b"here"]) as (port, _heard):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HERE, 0))
            source = free.getsockname()[1]
        targets = [Target(number, HERE, port, "udp", "datagram", 1, source) for number in range(4)]
        assert {result.outcome for result in probe(*targets)} == {"answered"}


def test_a_source_port_that_somebody_uses() -> None:
    with serving(silent) as port, serving(silent) as taken:
        result = one(port, source_port=taken)
    assert (result.outcome, result.errno) == ("not_tried", "EADDRINUSE")
    assert f"Port {taken} of this host is in use" in result.said


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target(1, "print1.example", 515), "Names are not looked up on the host"),
        (Target(1, "::", 515), "not the address of one host"),
        (Target(1, "224.0.0.251", 5353, "udp", "mdns"), "not the address of one host"),
        (Target(1, HERE, 0), "0 is no port"),
        (Target(1, HERE, 515, source_port=70000), "70000 is no port"),
        (Target(1, HERE, 515, timeout=0), "no timeout"),
        (Target(1, HERE, 515, timeout=float("nan")), "no timeout"),
        (Target(1, HERE, 515, protocol="gopher"), "there are connect, datagram,"),
        (Target(1, HERE, 515, "udp", "lpr"), "lpr is not spoken over 'udp', only over tcp"),
        (Target(1, HERE, 443, protocol="https", server_name="a\r\nX: b"), "no name of a server"),
    ],
)
def test_targets_that_cannot_be(target: Target, said: str) -> None:
    (result,) = probe(target)
    assert (result.outcome, result.errno, result.ms) == ("not_tried", "EINVAL", None)
    assert said in result.said


def test_nothing_asked_nothing_done() -> None:
    assert probe() == []
