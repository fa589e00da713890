# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each protocol from bytes alone: right answers, cut ones, those of others, and whatever else may come."""

from __future__ import annotations

import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._protocols import PROTOCOLS, _ber
from ansible_collections.printnet.ports.plugins.module_utils._protocols._ber import build, build_number
from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import Question, Talk, printable
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

EVERY = [(name, transport) for name, protocol in PROTOCOLS.items() for transport in protocol.transports]


def talk(protocol: str, transport: str = "tcp", **more: str) -> Talk:
    made = PROTOCOLS[protocol].make(Question("192.0.2.10", 1, transport, **more))
    made.start("192.0.2.1")
    return made


def snmp(question: bytes, shift: int = 0) -> bytes:
    message, _after = _ber.expect(question, 0, _ber.SEQUENCE)
    version, at = _ber.number(message)
    community, at = _ber.expect(message, at, _ber.OCTETS)
    body, _after = _ber.expect(message, at, 0xA0)
    number, _at = _ber.number(body)
    value = build(_ber.SEQUENCE, build(_ber.NAME, b"\x2b"), build(_ber.OCTETS, b"a public printer"))
    numbers = (build_number(number + shift), build_number(0), build_number(0))
    answer = build(0xA2, *numbers, build(_ber.SEQUENCE, value))
    return build(_ber.SEQUENCE, build_number(version), build(_ber.OCTETS, community), answer)


def dns(question: bytes, shift: int = 0) -> bytes:
    return bytes((question[0], question[1] ^ shift)) + b"\x81\x85" + question[4:]


def ipp(question: bytes, shift: int = 0) -> bytes:
    body = question.partition(b"\r\n\r\n")[2]
    state = b"\x04\x23" + struct.pack("!H13sHI", 13, b"printer-state", 4, 3)
    answer = b"\1\1\0\0" + bytes((body[4], body[5], body[6], body[7] ^ shift)) + state + b"\3"
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\n\r\n" + answer


def ldap(question: bytes, shift: int = 0) -> bytes:
    done = build(0x65, build_number(0, _ber.ENUMERATED), build(_ber.OCTETS), build(_ber.OCTETS))
    return build(_ber.SEQUENCE, build_number(1 + shift), done)


def kerberos(question: bytes, shift: int = 0) -> bytes:
    parts = [build(0xA0, build_number(5 + shift)), build(0xA1, build_number(30)), build(0xA6, build_number(6))]
    return build(0x7E, build(_ber.SEQUENCE, *parts))


ANSWERS: list[tuple[str, str, Callable[..., bytes], dict[str, object]]] = [
    ("snmp", "udp", snmp, {"description": "a public printer", "version": "1"}),
    ("dns", "udp", dns, {"rcode": "REFUSED"}),
    ("mdns", "udp", dns, {"rcode": "REFUSED"}),
    ("ipp", "tcp", ipp, {"ipp_status": "successful-ok", "printer_state": "idle", "status": 200}),
    ("ldap", "tcp", ldap, {"result": "success"}),
    ("kerberos", "udp", kerberos, {"error": "KDC_ERR_C_PRINCIPAL_UNKNOWN"}),
]


@pytest.mark.parametrize(("protocol", "transport", "answer", "facts"), ANSWERS)
def test_answers(protocol: str, transport: str, answer: Callable[..., bytes], facts: dict[str, object]) -> None:
    one = talk(protocol, transport)
    question = one.take()
    whole = answer(question)
    if transport == "tcp":  # byte by byte
        for byte in whole:
            one.receive(bytes((byte,)))
    else:
        for length in range(len(whole) - 1):
            one.receive(whole[:length])
        one.receive(answer(question, 1))
        assert not one.outcome
        one.receive(whole)
    assert one.outcome == "answered"
    assert {name: one.facts.get(name) for name in facts} == facts


@pytest.mark.parametrize("protocol", ["dns", "kerberos"])
def test_with_a_length_before_it(protocol: str) -> None:
    one = talk(protocol)
    question = one.take()
    form, size = ("!H", 2) if protocol == "dns" else ("!I", 4)
    assert struct.unpack_from(form, question) == (len(question) - size,)
    whole = {"dns": dns, "kerberos": kerberos}[protocol](question[size:])
    for byte in struct.pack(form, len(whole)) + whole:
        assert not one.outcome
        one.receive(bytes((byte,)))
    assert one.outcome == "answered"


def test_snmp_asks_in_two_versions_and_a_community_stays_with_it() -> None:
    one = talk("snmp", "udp", community="hush-hush")
    first = one.take()
    one.again()
    second = one.take()
    assert (first[2:5], second[2:5]) == (build_number(0), build_number(1))
    one.receive(b"echo: " + second)
    one.end()
    assert (one.outcome, "hush" in one.said()) == ("mismatch", False)


def test_a_queue_gets_its_four_bytes_and_a_raw_port_none() -> None:
    one = talk("lpr")
    assert one.take() == b"\x03lp\n"
    one.receive(b"lp is ready and printing\nRank Owner\n")
    assert (one.outcome, one.facts, one.take()) == ("answered", {"state": "lp is ready and printing"}, b"")
    for protocol in ("raw", "connect"):
        one = talk(protocol)
        assert (one.outcome, one.take()) == ("connected", b"")


@pytest.mark.parametrize(
    ("said", "outcome"),
    [(b"\0", "answered"), (b"\1", "answered"), (b"no entries", "answered"), (b"\xff\0\1", "mismatch"),
     (b"HTTP/1.1 400 Bad Request\r\n", "mismatch"), (b"SSH-2.0-OpenSSH\r\n", "mismatch"), (b"", "silent")],
)  # fmt: skip
def test_what_is_a_state_of_a_queue(said: bytes, outcome: str) -> None:
    one = talk("lpr")
    one.receive(said)
    one.end()
    assert one.outcome == outcome


def dialogue(protocol: str, *lines: bytes) -> tuple[Talk, list[bytes]]:
    one = talk(protocol)
    sent = []
    for line in lines:
        one.receive(line)
        sent.append(one.take())
    return one, sent


def test_smtp() -> None:
    one, sent = dialogue("smtp", b"220-mail\r\n220 ready\r\n", b"250-mail\r\n250-STARTTLS\r\n250 SIZE\r\n")
    assert (one.outcome, one.facts) == ("answered", {"greeting": 220, "starttls": "offered"})
    assert sent == [b"EHLO [192.0.2.1]\r\n", b"QUIT\r\n"]
    one, sent = dialogue("smtp", b"220 old\r\n", b"500 what?\r\n", b"250 hello\r\n")
    assert (one.outcome, sent[1:]) == ("answered", [b"HELO [192.0.2.1]\r\n", b"QUIT\r\n"])
    one, _sent = dialogue("smtp", b"220 (vsFTPd 3.0.3)\r\n", b"530 log in\r\n", b"530 log in\r\n")
    assert one.outcome == "mismatch"
    one, _sent = dialogue("smtp", b"554 go away\r\n")
    assert (one.outcome, one.facts) == ("answered", {"greeting": 554})


def test_starttls() -> None:
    one, sent = dialogue("smtp-starttls", b"220 mail\r\n", b"250-mail\r\n250 STARTTLS\r\n", b"220 go\r\n")
    assert sent[1] == b"STARTTLS\r\n"
    assert sent[2].startswith(b"\x16\x03")
    one.receive(b"\x15\x03\x01\x00\x02\x02\x28")
    assert one.outcome == "answered"
    assert "handshake failure" in str(one.facts["tls_error"])
    one, _sent = dialogue("smtp-starttls", b"220 mail\r\n", b"250 mail\r\n")
    assert (one.outcome, one.facts["tls_error"]) == ("answered", "STARTTLS is not offered")
    offers = (b"220 mail\r\n", b"250-mail\r\n250 STARTTLS\r\n")
    one, _sent = dialogue("smtp-starttls", *offers, b"454 not now\r\n")
    assert (one.outcome, one.facts["tls_error"]) == ("answered", "STARTTLS was answered with 454")
    one, _sent = dialogue("smtp-starttls", *offers, b"220 go\r\n")
    one.end()
    assert (one.outcome, one.facts["tls_error"]) == ("answered", "no handshake followed STARTTLS")


def test_ftp_is_told_from_mail() -> None:
    one, sent = dialogue("ftp", b"220 (vsFTPd 3.0.3)\r\n")
    assert (one.outcome, sent) == ("answered", [b"QUIT\r\n"])
    assert dialogue("ftp", b"220 mail ESMTP Exim\r\n")[0].outcome == "mismatch"


@pytest.mark.parametrize(
    ("came", "outcome", "fact"),
    [(b"", "silent", None), (b"HTTP/1.1 400 Bad\r\n\r\n", "mismatch", None),
     (b"\x15\x03\x01\x00\x02\x02\x46", "answered", "tls_error"), (b"\x16\x03\x03", "answered", "tls_error")],
)  # fmt: skip
def test_tls(came: bytes, outcome: str, fact: str | None) -> None:
    for protocol in ("tls", "https", "ldaps"):
        one = talk(protocol)
        assert one.take().startswith(b"\x16\x03")
        one.receive(came)
        one.end()
        assert one.outcome == outcome
        assert fact is None or fact in one.facts


@pytest.mark.parametrize(
    ("came", "outcome"),
    [(b"HTTP/1.1 403 Forbidden\r\n\r\n", "answered"),
     (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\n\r\n", "answered"),
     # A printer whose printer is not at the root says so in HTTP (RFC 8010, 3.4.3), as a server of web pages does.
     *((b"HTTP/1.1 %d x\r\n\r\n" % status, "silent") for status in (301, 400, 404, 405, 501, 503)),
     (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "mismatch"), (b"220 mail\r\n", "mismatch"),
     # Whatever waits for more that never comes.
     (b"HTTP/1.1 100\n\n", "mismatch"), (b"HTTP/1.1 100\n\n" * 4000, "mismatch")],
)  # fmt: skip
def test_ipp_over_http_that_does_not_want(came: bytes, outcome: str) -> None:
    for size in (len(came), 14):
        one = talk("ipp")
        for at in range(0, len(came), size):
            if not one.outcome:
                one.receive(came[at : at + size])
        one.end()
        assert one.outcome == outcome


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with a key and its own certificate."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "print.example")])
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2056, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(secret + made.public_bytes(pem))
    return str(path)


@pytest.mark.parametrize(
    ("version", "wants"),
    [(ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True), (ssl.TLSVersion.TLSv1_2, False)],
)
def test_tls_that_wants_a_certificate_of_its_client(version: ssl.TLSVersion, wants: bool, certificate: str) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    server.minimum_version = server.maximum_version = version
    if wants:
        server.verify_mode = ssl.CERT_REQUIRED
        server.load_verify_locations(certificate)
    else:
        server.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")  # its key is another one: no cipher is left
    came, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = server.wrap_bio(came, sent, server_side=True)
    one = talk("https")
    for _each in range(4):
        came.write(one.take())
        with suppress(ssl.SSLError):
            theirs.do_handshake()
            theirs.read(1)
        said = sent.read()
        if said and not one.outcome:
            one.receive(said)
    one.end()
    error = str(one.facts.get("tls_error", ""))
    if not wants:
        assert "handshake failure" in error
        assert "client" not in error
    else:
        assert one.outcome == "silent" or error.startswith("the server wants a certificate of its client")


def test_ipp_in_chunks() -> None:
    one = talk("ipp")
    head, _end, body = ipp(one.take()).partition(b"\r\n\r\n")
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:]))
    one.receive(head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert (one.outcome, one.facts["printer_state"]) == ("answered", "idle")


@pytest.mark.parametrize(("protocol", "transport"), EVERY)
def test_much_of_it_is_no_trouble(protocol: str, transport: str) -> None:
    """The caller never hands over as much; nothing depends on that."""
    for data in (b"a" * 10_000_000, b"\x30\x84\xff\xff\xff\xff" + b"\0" * 10_000_000, b"220-" + b"\n" * 100_000):
        one = talk(protocol, transport)
        one.take()
        one.receive(data)
        one.end()
        assert one.outcome
        assert len(one.said()) <= 120


BEGINNINGS = [
    b"",
    b"HTTP/1.1 200 OK\r\n",
    b"220 ",
    b"250-",
    b"\x30\x82",
    b"\x16\x03\x03",
    b"\x15\x03",
    b"\0\x20",
    b"\x7e",
]


@pytest.mark.parametrize(("protocol", "transport"), EVERY)
@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(BEGINNINGS)), max_size=6))
def test_no_bytes_break_it(protocol: str, transport: str, pieces: list[bytes]) -> None:
    one = talk(protocol, transport)
    for piece in pieces:
        one.take_each()
        one.receive(piece)
        one.again()
    one.end()
    assert one.outcome in ("answered", "connected", "mismatch", "silent")
    assert printable(one.said().encode()) == one.said()


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ANSWERS), st.integers(0, 120), st.binary(max_size=4))
def test_answers_with_wrong_bytes_in_them(
    case: tuple[str, str, Callable[..., bytes], dict[str, object]], at: int, wrong: bytes
) -> None:
    protocol, transport, answer, _facts = case
    one = talk(protocol, transport)
    whole = answer(one.take())
    one.receive(whole[:at] + wrong + whole[at + len(wrong) :])
    one.end()
    assert one.outcome
