# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a certificate says, also one that is broken or hostile."""

from __future__ import annotations

from ansible_collections.printnet.ports.plugins.module_utils import _certificate
from ansible_collections.printnet.ports.plugins.module_utils._protocols import _ber
from ansible_collections.printnet.ports.plugins.module_utils._protocols._ber import build
from hypothesis import given
from hypothesis import strategies as st

COMMON_NAME = bytes((0x55, 4, 3))


def name(text: bytes) -> bytes:
    part = build(_ber.SEQUENCE, build(_ber.NAME, COMMON_NAME), build(0x0C, text))
    return build(_ber.SEQUENCE, build(_ber.SET, part))


def certificate(subject: bytes = b"print.example", begin: bytes = b"", names: bytes = b"") -> bytes:
    algorithm = build(_ber.SEQUENCE, build(_ber.NAME, b"\x2a"))
    times = build(_ber.SEQUENCE, begin or build(0x17, b"250131120000Z"), build(0x18, b"20520131120000Z"))
    alternatives = build(_ber.SEQUENCE, build(_ber.NAME, bytes((0x55, 0x1D, 0x11))), build(_ber.OCTETS, names))
    inner = build(
        _ber.SEQUENCE,
        build(0xA0, _ber.build_number(2)),
        _ber.build_number(7),
        algorithm,
        name(b"An <b>authority</b>"),
        times,
        name(subject),
        build(_ber.SEQUENCE),
        build(0xA3, build(_ber.SEQUENCE, alternatives)),
    )
    return build(_ber.SEQUENCE, inner, algorithm, build(_ber.BITS, b"\0"))


def test_what_it_says() -> None:
    names = build(_ber.SEQUENCE, build(0x82, b"a.example"), build(0x87, b"\xc0\0\2\x0a"), build(0x81, b"m@a.example"))
    assert _certificate.read(certificate(names=names)) == {
        "not_before": "2025-01-31T12:00:00Z",
        "not_after": "2052-01-31T12:00:00Z",
        "issuer": "An <b>authority</b>",
        "names": ["print.example", "a.example", "192.0.2.10"],
    }


def test_years_before_2000_and_texts_that_are_long_or_no_ascii() -> None:
    facts = _certificate.read(certificate(b"\x1b[31m" + b"a" * 5000, build(0x17, b"500101000000Z")))
    assert facts["not_before"] == "1950-01-01T00:00:00Z"
    assert facts["names"] == ["[31m" + "a" * 116]
    assert facts["certificate"] == "not readable to the end"


def test_many_names_are_cut() -> None:
    names = build(_ber.SEQUENCE, *(build(0x82, b"%d.example" % number) for number in range(1000)))
    found = _certificate.read(certificate(names=names))["names"]
    assert isinstance(found, list)
    assert len(found) == _certificate.MOST_NAMES


def test_every_cut_is_readable_or_said_to_be_not() -> None:
    whole = certificate(names=build(_ber.SEQUENCE, build(0x82, b"a.example")))
    for length in range(len(whole)):
        assert "certificate" in _certificate.read(whole[:length])


@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_bytes_break_it(data: bytes, at: int) -> None:
    _certificate.read(data)
    whole = certificate()
    _certificate.read(whole[:at] + data + whole[at + len(data) :])
