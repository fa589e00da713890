# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the encoding of ASN.1 that SNMP, LDAP, Kerberos and certificates share. Every bound is checked."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import UnreadableError

INTEGER, BITS, OCTETS, NULL, NAME, ENUMERATED = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A
SEQUENCE, SET = 0x30, 0x31


class ShortError(UnreadableError):
    """The bytes end before the element does."""


def element(data: bytes, at: int = 0) -> tuple[int, bytes, int]:
    """The element that begins there: its tag, its content, and where the next one begins."""
    if len(data) < at + 2:
        raise ShortError
    tag, length = data[at], data[at + 1]
    at += 2
    if tag & 0x1F == 0x1F:
        raise UnreadableError
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:
            raise UnreadableError
        if len(data) < at + count:
            raise ShortError
        length = int.from_bytes(data[at : at + count], "big")
        at += count
    if len(data) < at + length:
        raise ShortError
    return tag, data[at : at + length], at + length


def expect(data: bytes, at: int, *tags: int) -> tuple[bytes, int]:
    """The content of an element that has one of these tags, and where the next one begins."""
    tag, content, after = element(data, at)
    if tag not in tags:
        raise UnreadableError
    return content, after


def each(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements that stand one after another, as tag and content."""
    at = 0
    while at < len(data):
        tag, content, at = element(data, at)
        yield tag, content


def number(data: bytes, at: int = 0, tag: int = INTEGER) -> tuple[int, int]:
    """A whole number, and where the next element begins."""
    content, after = expect(data, at, tag)
    if not 1 <= len(content) <= 8:
        raise UnreadableError
    return int.from_bytes(content, "big", signed=True), after


def build(tag: int, *parts: bytes) -> bytes:
    """An element of these parts."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(content).to_bytes(size, "big") + content


def build_number(value: int, tag: int = INTEGER) -> bytes:
    """An element that is a whole number."""
    return build(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
