# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who listens, out of /proc: real sockets of this very process, and a process with a hostile name."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _sockets
from ansible_collections.printnet.ports.plugins.module_utils._sockets import Listener

FOUR, SIX = socket.AF_INET, socket.AF_INET6
HOSTILE = """
import socket, sys
from pathlib import Path
Path("/proc/self/comm").write_bytes(bytes.fromhex(sys.argv[1]))
waits = socket.create_server(("127.0.0.1", 0))
print(waits.getsockname()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def waiting(family: int, address: str, transport: str = "tcp", v6only: bool | None = None) -> Iterator[int]:
    """A socket that waits; gives its port."""
    kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, kind) as found:
        if v6only is not None:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
        found.bind((address, 0))
        if transport == "tcp":
            found.listen()
        yield found.getsockname()[1]


def at(transport: str, port: int) -> list[Listener]:
    return [one for one in _sockets.listeners() if (one.transport, one.port) == (transport, port)]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("family", "address", "v6only", "told"),
    [
        (FOUR, "127.0.0.1", None, ("127.0.0.1", (4,))),
        (FOUR, "0.0.0.0", None, ("0.0.0.0", (4,))),
        (SIX, "::1", None, ("::1", (6,))),
        (SIX, "::", True, ("::", (6,))),
        (SIX, "::", False, ("::", (4, 6))),
        (SIX, "::ffff:127.0.0.1", False, ("127.0.0.1", (4,))),
    ],
)
def test_where_it_waits_and_over_what(
    family: int, address: str, v6only: bool | None, told: tuple[str, tuple[int, ...]], transport: str
) -> None:
    with waiting(family, address, transport, v6only) as port:
        (found,) = at(transport, port)
    assert (found.address, found.serves) == told
    assert found.pid == os.getpid()
    assert found.process == Path("/proc/self/comm").read_text(encoding="utf-8").strip()
    assert at(transport, port) == []


def test_what_is_connected_or_only_bound_waits_for_nobody() -> None:
    with waiting(FOUR, "127.0.0.1", "udp") as port, socket.socket(FOUR, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", port))
        assert at("udp", client.getsockname()[1]) == []
    with socket.socket(FOUR) as bound:
        bound.bind(("127.0.0.1", 0))
        assert at("tcp", bound.getsockname()[1]) == []


def test_two_sockets_of_a_port_are_both_told() -> None:
    with waiting(FOUR, "127.0.0.1") as port, socket.socket(SIX) as other:
        other.bind(("::1", port))
        other.listen()
        assert [one.address for one in at("tcp", port)] == ["127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"\x1b[2J<b>", "?[2J<b>"),
        (b"a\nb: {{ c }}", "a?b: {{ c }}"),
        (b"\xff\xfe) 0A", "\ufffd\ufffd) 0A"),
        ("caf\u00e9".encode(), "caf\u00e9"),
    ],
)
def test_a_process_may_call_itself_anything(name: bytes, shown: str) -> None:
    command = [sys.executable, "-c", HOSTILE, name.hex()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        (found,) = at("tcp", port)
        process.communicate("")
    assert (found.process, found.pid) == (shown, process.pid)


def test_a_process_that_can_not_be_looked_into_still_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net").symlink_to("/proc/net")
    monkeypatch.setattr(_sockets, "PROC", tmp_path)
    with waiting(FOUR, "127.0.0.1") as port:
        (found,) = at("tcp", port)
    assert (found.process, found.pid, found.unit) == ("", 0, "")


def test_a_host_without_tables_has_no_listeners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sockets, "PROC", tmp_path)
    assert _sockets.listeners() == []


@pytest.mark.parametrize(("holders", "counts"), [([1], 1), ([1, 700], 700), ([1, 900, 700], 700), ([700, 900], 700)])
def test_a_socket_that_the_first_process_keeps_is_its_services(
    holders: list[int], counts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd opens the socket of a .socket unit, and goes on holding it while its service runs."""
    for pid in holders:
        (tmp_path / str(pid) / "fd").mkdir(parents=True)
        (tmp_path / str(pid) / "fd/3").symlink_to("socket:[42]")
    monkeypatch.setattr(_sockets, "PROC", tmp_path)
    assert dict(_sockets._owners()) == {42: counts}


@pytest.mark.parametrize(
    ("lines", "unit"),
    [
        ("0::/system.slice/cups.service\n", "cups.service"),
        ("0::/user.slice/user-0.slice/session-2.scope\n", "session-2.scope"),
        ("0::/system.slice/docker.service/payload/x\n", "docker.service"),
        ("1:name=systemd:/system.slice/a:b.service\n", "a:b.service"),
        ("0::/\n", ""),
        ("rubbish", ""),
    ],
)
def test_the_unit_is_the_last_one_of_the_control_group(
    lines: str, unit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7/cgroup").write_text(lines, encoding="utf-8")
    monkeypatch.setattr(_sockets, "PROC", tmp_path)
    assert _sockets._unit(7) == unit


def test_a_listener_is_plain_values() -> None:
    assert Listener("tcp", "::", 515, (4, 6), "lpd", 5, "lpd.service").as_dict() == {
        "transport": "tcp",
        "address": "::",
        "port": 515,
        "serves": [4, 6],
        "process": "lpd",
        "pid": 5,
        "unit": "lpd.service",
    }
