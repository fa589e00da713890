# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what a certificate says: from when until when, for which names, by whom.

Without a check against authorities Python hands out a certificate's bytes only. Nothing is trusted here, neither the
certificate nor its encoding.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from ansible_collections.printnet.ports.plugins.module_utils._protocols import _ber
from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import Facts, UnreadableError, printable

_COMMON_NAME = bytes((0x55, 4, 3))
_ORGANISATION = bytes((0x55, 4, 10))
_ALTERNATIVE_NAMES = bytes((0x55, 0x1D, 0x11))
_UTC_TIME, _TIME = 0x17, 0x18
_EXTENSIONS, _DNS, _ADDRESS = 0xA3, 0x82, 0x87
MOST_NAMES = 250
"""So many names are read; who is named beyond them is not known."""
_REST = rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?Z"
_WHEN = {_UTC_TIME: re.compile(rb"(\d\d)" + _REST), _TIME: re.compile(rb"(\d{4})" + _REST)}


def read(data: bytes) -> Facts:
    """The facts of a certificate; those that can be read of one that is broken."""
    facts: Facts = {}
    try:
        _read(data, facts)
    except UnreadableError:
        facts["certificate"] = "not readable to the end"
    return facts


def _read(data: bytes, facts: Facts) -> None:
    whole, _after = _ber.expect(data, 0, _ber.SEQUENCE)
    inner, _after = _ber.expect(whole, 0, _ber.SEQUENCE)
    at = 0
    tag, _version, after = _ber.element(inner)
    if tag == 0xA0:
        at = after
    _serial, at = _ber.expect(inner, at, _ber.INTEGER)
    _algorithm, at = _ber.expect(inner, at, _ber.SEQUENCE)
    issuer, at = _ber.expect(inner, at, _ber.SEQUENCE)
    validity, at = _ber.expect(inner, at, _ber.SEQUENCE)
    subject, at = _ber.expect(inner, at, _ber.SEQUENCE)
    _key, at = _ber.expect(inner, at, _ber.SEQUENCE)
    kind, begin, after = _ber.element(validity)
    facts["not_before"] = _time(kind, begin)
    kind, end, _after = _ber.element(validity, after)
    facts["not_after"] = _time(kind, end)
    facts["issuer"] = _issuer(issuer)
    names: list[str] = []
    facts["names"] = names
    names += [name for kind_of, name in _attributes(subject) if kind_of == _COMMON_NAME]
    for tag, content in _ber.each(inner[at:]):
        if tag == _EXTENSIONS:
            for name in _alternative_names(content):
                if name not in names and len(names) < MOST_NAMES:
                    names.append(name)


def _time(tag: int, data: bytes) -> str:
    if tag not in _WHEN:
        raise UnreadableError
    found = _WHEN[tag].fullmatch(data)
    if not found:
        raise UnreadableError
    year, *rest = (part.decode("ascii") for part in found.groups(b"00"))
    if len(year) == 2:
        year = ("19" if year >= "50" else "20") + year
    return "{}-{}-{}T{}:{}:{}Z".format(year, *rest)


def _attributes(name: bytes) -> Iterator[tuple[bytes, str]]:
    """The parts of a name, as kind and text."""
    for tag, several in _ber.each(name):
        if tag != _ber.SET:
            raise UnreadableError
        for inner_tag, one in _ber.each(several):
            if inner_tag != _ber.SEQUENCE:
                raise UnreadableError
            kind, at = _ber.expect(one, 0, _ber.NAME)
            _tag, value, _after = _ber.element(one, at)
            yield kind, printable(value)


def _issuer(name: bytes) -> str:
    parts = list(_attributes(name))
    for wanted in (_COMMON_NAME, _ORGANISATION):
        for kind, text in parts:
            if kind == wanted and text:
                return text
    return next((text for _kind, text in parts), "")


def _alternative_names(content: bytes) -> Iterator[str]:
    extensions, _after = _ber.expect(content, 0, _ber.SEQUENCE)
    for tag, extension in _ber.each(extensions):
        if tag != _ber.SEQUENCE:
            raise UnreadableError
        kind, at = _ber.expect(extension, 0, _ber.NAME)
        if kind != _ALTERNATIVE_NAMES:
            continue
        value_tag, value, after = _ber.element(extension, at)
        if value_tag == 0x01:  # whether it is critical
            value, _after = _ber.expect(extension, after, _ber.OCTETS)
        names, _after = _ber.expect(value, 0, _ber.SEQUENCE)
        for name_tag, name in _ber.each(names):
            if name_tag == _DNS:
                yield printable(name)
            elif name_tag == _ADDRESS and len(name) in (4, 16):
                yield str(ipaddress.ip_address(name))
