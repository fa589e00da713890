# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses and networks: every spelling to its one form, and every odd one refused with what would be right."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _addresses
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "cidrs"),
    [
        ("192.0.2.1", ["192.0.2.1/32"]), (" 192.0.2.1 ", ["192.0.2.1/32"]), ("192.0.2.1/32", ["192.0.2.1/32"]),
        ("192.0.2.0/24", ["192.0.2.0/24"]), ("192.0.2.0/255.255.255.0", ["192.0.2.0/24"]),
        ("10.0.0.0/255.0.0.0", ["10.0.0.0/8"]), ("0.0.0.0/0", ["0.0.0.0/0"]), ("::/0", ["::/0"]),
        ("2001:DB8:0:0::1", ["2001:db8::1/128"]), ("2001:0db8:0000::/64", ["2001:db8::/64"]),
        ("2001:db8::/ffff:ffff::", ["2001:db8::/32"]),
        ("192.0.2.10-192.0.2.20", ["192.0.2.10/31", "192.0.2.12/30", "192.0.2.16/30", "192.0.2.20/32"]),
        ("192.0.2.0 - 192.0.2.255", ["192.0.2.0/24"]), ("192.0.2.7-192.0.2.7", ["192.0.2.7/32"]),
        ("2001:db8::-2001:db8::ff", ["2001:db8::/120"]), ("0.0.0.0-255.255.255.255", ["0.0.0.0/0"]),
    ],
)  # fmt: skip
def test_a_network_has_one_form(value: str, cidrs: list[str]) -> None:
    assert list(_addresses.networks(value)) == cidrs


FORM = "must be an address, a network such as 192.0.2.0/24 or 2001:db8::/64, or a range such as"


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "printer.example.com", "my-host", "192.0.2", "192.0.2.256", "192.0.2.010", "010.0.0.0/8", "10/8",
        "192.0.2/24",
        "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/255.0.255.0", "192.0.2.1/", "/24", "-", "192.0.2.1-",
        "192.0.2.1-20", "192.0.2.9-192.0.2.4",
        "192.0.2.1-2001:db8::1", "fe80::1%eth0", "127.1", "0x7f000001", "3232235777", "\uff11.2.3.4", "1.2.3.4 5.6.7.8",
        "1.2.3.0/24/5", "[2001:db8::1]x", 3232235777, 1.5, True, None, [], {}, b"1.2.3.4", object(), "x" * 5000,
    ],
    ids=lambda value: ascii(value)[:24],
)  # fmt: skip
def test_what_is_no_network_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=FORM):
        _addresses.networks(value)


@pytest.mark.parametrize(
    ("value", "named"),
    [("print.example", True), ("print01", True), ("10.0.0", False), ("10.0.0.1/33", False), ("2001:db8::g", False)],
)
def test_a_name_is_said_to_be_not_resolved(value: str, named: bool) -> None:
    with pytest.raises(ValueError, match=FORM) as wrong:
        _addresses.networks(value)
    assert str(wrong.value).endswith("; write its address; a name is not resolved here") == named


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("192.0.2.10/24", "has host bits set: write 192.0.2.0/24 for the network or 192.0.2.10 for the one address"),
        ("2001:db8::5/64", "has host bits set: write 2001:db8::/64 for the network or 2001:db8::5 for the one address"),
        ("192.0.2.1/0", "has host bits set: write 0.0.0.0/0 for the network or 192.0.2.1 for the one address"),
    ],
)
def test_host_bits_are_refused(value: str, told: str) -> None:
    with pytest.raises(ValueError, match="host bits") as wrong:
        _addresses.networks(value)
    assert str(wrong.value) == told


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 5000))
def test_a_range_holds_its_addresses_and_no_other(first: int, more: int) -> None:
    last = min(first + more, 2**32 - 1)
    text = f"{ipaddress.ip_address(first)}-{ipaddress.ip_address(last)}"
    found = [ipaddress.ip_network(cidr) for cidr in _addresses.networks(text)]
    assert sum(network.num_addresses for network in found) == last - first + 1
    assert int(min(network[0] for network in found)) == first
    assert int(max(network[-1] for network in found)) == last


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("192.0.2.1", "192.0.2.1"), ("2001:DB8::0:1", "2001:db8::1"), ("192.0.2.0/24", None),
        ("192.0.2.1-192.0.2.2", None),
        ("printer", None), ("my-host", None), (None, None), (5, None), ("", None), ("192.0.2.1/32", None),
        (["192.0.2.1"], None),
    ],
)  # fmt: skip
def test_a_lone_address(value: Any, address: str | None) -> None:
    assert _addresses.address(value) == address


@pytest.mark.parametrize(
    "text",
    [
        "010.020.001.005", "10.1", "5", "4711", "0x0a000001", "0x7f.1", "192.0.2.256", "192.0.2.1.", "1.2.3.4.5", ".",
        "\uff11.2.3.4", "1\u30022\u30023\u30024", "2001:db8::1%1",
    ],
    ids=ascii,
)  # fmt: skip
def test_half_an_address_is_no_name(text: str) -> None:
    assert _addresses.address(text) is None
    assert _addresses.is_half_one(text)


@pytest.mark.parametrize(
    "text",
    ["print01", "4711.example.com", "10-0-0-1", "0xprint", "a..b", "x" * 300, "a\0b", "", "::x", "drücker"],
    ids=lambda text: ascii(text)[:20],
)
def test_a_name_is_no_half_address(text: str) -> None:
    assert not _addresses.is_half_one(text)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("192.0.2.1", ""), ("2001:db8::1", ""), ("fd00::1", ""), ("10.0.0.1", ""), ("169.254.1.1", ""),
        ("127.0.0.1", "loopback"), ("127.5.5.5", "loopback"), ("::1", "loopback"), ("224.0.0.251", "multicast"),
        ("ff02::fb", "multicast"), ("0.0.0.0", "unspecified"), ("::", "unspecified"), ("fe80::1", "link-local"),
        ("::ffff:192.0.2.1", "write 192.0.2.1"), ("0.0.0.5", "an address of 0.0.0.0/8"),
        ("0.255.255.255", "an address of 0.0.0.0/8"), ("1.0.0.0", ""), ("240.0.0.1", "a reserved address"),
        ("255.255.255.254", "a reserved address"), ("255.255.255.255", "the broadcast address"), ("64:ff9b::1", ""),
    ],
)  # fmt: skip
def test_what_can_be_no_peers_address(value: str, reason: str) -> None:
    found = _addresses.misplaced(value)
    assert bool(found) == bool(reason)
    assert reason in found


@pytest.mark.parametrize(
    ("cidrs", "merged"),
    [
        ([], []),
        (["192.0.2.0/25", "192.0.2.128/25"], ["192.0.2.0/24"]),
        (["192.0.2.5/32", "192.0.2.0/24", "192.0.2.0/24"], ["192.0.2.0/24"]),
        (["2001:db8::/64", "198.51.100.0/24", "192.0.2.0/24"], ["192.0.2.0/24", "198.51.100.0/24", "2001:db8::/64"]),
        (["0.0.0.0/0", "192.0.2.0/24", "::/0", "2001:db8::/32"], ["0.0.0.0/0", "::/0"]),
        (["192.0.2.9/32", "192.0.2.10/32"], ["192.0.2.9/32", "192.0.2.10/32"]),
    ],
)
def test_networks_merge_to_the_fewest(cidrs: list[str], merged: list[str]) -> None:
    assert list(_addresses.merge(cidrs)) == merged


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 63), st.integers(0, 6)), max_size=8))
def test_a_merge_holds_the_same_addresses(parts: list[tuple[int, int]]) -> None:
    cidrs = [f"192.0.2.{n >> bits << bits}/{32 - bits}" for n, bits in parts]
    merged = [ipaddress.IPv4Network(cidr) for cidr in _addresses.merge(cidrs)]
    assert {a for network in merged for a in network} == {a for cidr in cidrs for a in ipaddress.ip_network(cidr)}
    assert list(ipaddress.collapse_addresses(merged)) == merged


def test_names_are_resolved_once_and_unknown_ones_have_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def getaddrinfo(name: str, *_more: Any, **_options: Any) -> list[Any]:
        asked.append(name)
        if name == "two":
            return [(0, 0, 0, "", ("192.0.2.1", 0)), (0, 0, 0, "", ("2001:db8::1", 0, 0, 0))] * 2
        if name == "bad\u0000name":
            raise UnicodeError
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    _addresses._resolve.cache_clear()
    try:
        for _again in range(2):
            found = _addresses.resolve(["two", "none", "two", "bad\u0000name"])
            assert found == {"two": ("192.0.2.1", "2001:db8::1"), "none": (), "bad\u0000name": ()}
    finally:
        _addresses._resolve.cache_clear()
    assert sorted(asked) == ["bad\u0000name", "none", "two"]
    assert _addresses.resolve([]) == {}
