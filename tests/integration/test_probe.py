# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module probe on real hosts: a daemon for each protocol, what a firewall does, what a printer never gets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Lab, up

DAEMONS, DAEMONS6 = "192.0.2.10", "2001:db8:1::10"
PRINTER, PRINTER6 = "192.0.2.40", "2001:db8:1::40"
CLIENTS = {"client11": "198.51.100.11", "client13": "198.51.100.13"}

DAEMONS_READY = """
set -e
mkdir -p /etc/probe/ca; cd /etc/probe; touch ca/index; echo 01 > ca/serial
cat > ca.conf <<END
[ca]
default_ca = it
[it]
database = ca/index
serial = ca/serial
new_certs_dir = ca
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
END
make() {
    openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj "/CN=$2" -addext "subjectAltName=$3" 2> log
    openssl ca -batch -config ca.conf -selfsign -keyfile $1.key -in $1.csr -out $1.crt -startdate $4 -enddate $5 \\
        -notext 2>> log
    cat $1.key $1.crt > $1.pem
}
make good print.example DNS:print.example,DNS:www.example,IP:192.0.2.10 20200101000000Z 20981231235959Z
make expired old.example DNS:old.example 20200101000000Z 20200201000000Z
make mail mail.example DNS:mail.example 20200101000000Z 20981231235959Z
chgrp Debian-exim mail.pem; chmod 640 mail.pem; chmod 644 good.pem
systemctl restart nginx exim4 &
kdb5_util create -s -r PRINT.EXAMPLE -P none > /dev/null && systemctl restart krb5-kdc &
sed -i 's/^Listen localhost:631/Port 631/; s/^<Location \\/>/&\\n  Allow all/' /etc/cups/cupsd.conf
echo 'ServerAlias *' >> /etc/cups/cupsd.conf; systemctl restart cups &
sed -i 's/^RemoteBindAddress.*//' /etc/firebird/3.0/firebird.conf; systemctl restart firebird3.0 &
sed -i 's|^SLAPD_SERVICES=.*|SLAPD_SERVICES="ldap:/// ldaps:/// ldapi:///"|' /etc/default/slapd
runuser -u openldap -- slapmodify -n 0 -F /etc/ldap/slapd.d <<END
dn: cn=config
changetype: modify
replace: olcTLSCertificateFile
olcTLSCertificateFile: /etc/probe/good.pem
-
replace: olcTLSCertificateKeyFile
olcTLSCertificateKeyFile: /etc/probe/good.pem
END
systemctl restart slapd
systemctl start lpd.socket
systemd-run -q dnsmasq --keep-in-foreground --no-resolv --no-hosts --conf-file=/dev/null
wait
for port in 21 25 53 80 88 389 443 465 515 631 636 3050; do
    for _each in $(seq 100); do ss -Hltn "sport = $port" | grep -q . && break; sleep 0.1; done
done
"""
RECORDER = """
mkdir -p /root/came
cat > /root/record.py <<END
import socket, threading
def serve(port):
    listener = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        connection, peer = listener.accept()
        with connection, open(f"/root/came/{port}", "ab") as file:
            file.write(b"[")
            try:
                while data := connection.recv(65536):
                    file.write(data)
                    if port == 515:
                        connection.sendall(b"lp is ready\\\\n")
                file.write(b"]")
            except OSError:
                file.write(b"!")
for port in (515, 9100):
    threading.Thread(target=serve, args=(port,)).start()
END
systemd-run -q python3 /root/record.py
nft -f - <<END
table inet mine {
    chain input {
        type filter hook input priority 0;
        tcp dport 7001 drop
        tcp dport 7002 reject with tcp reset
        tcp dport 7003 reject with icmpx admin-prohibited
        udp dport 7001 drop
        udp dport 7002 reject with icmpx port-unreachable
        udp dport 7003 reject with icmpx admin-prohibited
    }
}
END
until ss -Hltn 'sport = 9100' | grep -q .; do sleep 0.1; done
"""


OWN_RULES = """
table inet own {
    chain output {
        type filter hook output priority 0
        udp dport 9187 drop
        tcp dport 3050 reject with icmpx admin-prohibited
    }
}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with up(tmp_path_factory, "probe") as there:
        there.host("daemons1", DAEMONS_READY)
        there.host("printer1", RECORDER)
        yield there


def probe(lab: Lab, targets: list[dict[str, Any]], host: str = "client13", **options: Any) -> list[dict[str, Any]]:
    answer = lab.module(host, "probe", {"targets": targets, **options})
    assert not answer["changed"]
    results: list[dict[str, Any]] = answer["results"]
    assert [one["number"] for one in results] == list(range(len(targets)))
    return results


ASKED: list[tuple[str, int, str, dict[str, Any]]] = [
    ("http", 80, "tcp", {"status": 200}),
    ("https", 443, "tcp", {"status": 200, "tls_version": "TLSv1.3", "not_after": "2098-12-31T23:59:59Z",
                           "names": ["print.example", "www.example", "192.0.2.10"], "issuer": "print.example"}),
    ("tls", 443, "tcp", {"tls_version": "TLSv1.3", "not_before": "2020-01-01T00:00:00Z"}),
    ("snmp", 161, "udp", {"description": "a public printer", "version": "1"}),
    ("dns", 53, "udp", {"rcode": "REFUSED"}),
    ("dns", 53, "tcp", {"rcode": "REFUSED"}),
    ("ipp", 631, "tcp", {"ipp_status": "client-error-not-found"}),
    ("ipps", 631, "tcp", {"ipp_status": "client-error-not-found"}),
    ("lpr", 515, "tcp", {}),
    ("smtp", 25, "tcp", {"greeting": 220, "starttls": "offered"}),
    ("smtp-starttls", 25, "tcp", {"starttls": "offered", "names": ["mail.example"]}),
    ("smtps", 465, "tcp", {"greeting": 220, "names": ["mail.example"]}),
    ("ldap", 389, "tcp", {"result": "success"}),
    ("ldaps", 636, "tcp", {"result": "success", "not_after": "2098-12-31T23:59:59Z"}),
    ("kerberos", 88, "tcp", {"error": "KDC_ERR_C_PRINCIPAL_UNKNOWN"}),
    ("kerberos", 88, "udp", {"error": "KDC_ERR_C_PRINCIPAL_UNKNOWN"}),
    ("ftp", 21, "tcp", {"code": 220}),
    ("connect", 3050, "tcp", {}),
    ("raw", 3050, "tcp", {}),
]  # fmt: skip


@pytest.mark.parametrize("client", CLIENTS)
def test_real_daemons_answer(lab: Lab, client: str) -> None:
    """Also with the oldest Python that is supported."""
    # vsftpd listens on one of the two only.
    asked = [(DAEMONS, *one) for one in ASKED] + [(DAEMONS6, *one) for one in ASKED if one[0] != "ftp"]
    targets = [
        {"address": address, "port": port, "protocol": protocol, "transport": transport}
        for address, protocol, port, transport, _facts in asked
    ]
    for (address, protocol, _port, _transport, facts), result in zip(asked, probe(lab, targets, client), strict=True):
        assert result["outcome"] == ("connected" if protocol in ("connect", "raw") else "answered"), (protocol, result)
        assert {name: result["facts"].get(name) for name in facts} == facts, (protocol, result)
        assert (":" in result["local"]) is (":" in address)


def test_mdns_answers_on_its_own_link(lab: Lab) -> None:
    """A responder does not speak with hosts of other networks."""
    target = {"address": DAEMONS, "port": 5353, "transport": "udp", "protocol": "mdns"}
    near, far = probe(lab, [target], "printer1"), probe(lab, [target])
    assert (near[0]["outcome"], near[0]["facts"]["rcode"]) == ("answered", "NOERROR")
    assert far[0]["outcome"] == "unanswered"


def test_an_expired_certificate_is_a_fact(lab: Lab) -> None:
    (result,) = probe(lab, [{"address": DAEMONS, "port": 443, "protocol": "https", "server_name": "old.example"}])
    assert result["outcome"] == "answered"
    assert result["facts"]["not_after"] == "2020-02-01T00:00:00Z"
    assert result["facts"]["names"] == ["old.example"]


def test_another_protocol_than_was_asked_for(lab: Lab) -> None:
    wrong = [("ldap", 80), ("smtp", 21), ("ftp", 25), ("tls", 25), ("http", 22), ("lpr", 22)]
    targets = [{"address": DAEMONS, "port": port, "protocol": protocol} for protocol, port in wrong]
    for result, pair in zip(probe(lab, targets), wrong, strict=True):
        assert result["outcome"] == "mismatch", (pair, result)
    # A web server refuses IPP as a printer does whose printer is at another path.
    (web,) = probe(lab, [{"address": DAEMONS, "port": 80, "protocol": "ipp"}])
    assert web["outcome"] == "silent"
    assert web["facts"]["status"] >= 400
    # Who waits for the other one to speak first is silent.
    (quiet,) = probe(lab, [{"address": PRINTER, "port": 3050, "protocol": "http", "timeout": 1}])
    assert quiet["outcome"] == "silent"


@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_firewall_does(lab: Lab, client: str) -> None:
    expected = {
        ("tcp", 7001): "timeout",
        ("tcp", 7002): "refused",
        ("tcp", 7003): "prohibited",
        ("tcp", 7004): "refused",
        ("udp", 7001): "unanswered",
        ("udp", 7002): "refused",
        ("udp", 7003): "prohibited",
        ("udp", 7004): "refused",
        ("udp", 9187): "answered",
    }
    targets = [
        {
            "address": address,
            "port": port,
            "transport": transport,
            "timeout": 2,
            "protocol": "connect" if transport == "tcp" else "datagram",
        }
        for address in (PRINTER, PRINTER6)
        for transport, port in expected
    ]
    found = [result["outcome"] for result in probe(lab, targets, client)]
    assert found == [*expected.values()] * 2


def test_not_one_byte_for_the_raw_port_and_only_the_question_for_the_queue(lab: Lab) -> None:
    for host in CLIENTS:
        targets = [
            {"address": address, "port": 9100, "protocol": protocol, "gentle": True}
            for address in (PRINTER, PRINTER6)
            for protocol in ("raw", "connect")
        ]
        probe(lab, targets, host, gentle_rate=20)
        (result,) = probe(lab, [{"address": PRINTER, "port": 515, "protocol": "lpr"}], host)
        assert (result["outcome"], result["facts"]) == ("answered", {"state": "lp is ready"})
    assert lab.host("printer1", "cat /root/came/9100") == "[]" * 8
    assert lab.host("printer1", "cat /root/came/515") == "[\x03lp\n]" * 2


def test_a_source_port(lab: Lab) -> None:
    targets = [{"address": PRINTER, "port": 515, "protocol": "lpr", "source_port": 721}]
    (result,) = probe(lab, targets)
    assert result["outcome"] == "answered"
    answer = lab.module("client13", "probe", {"targets": targets}, ansible_user="guest")
    (refused,) = answer["results"]
    assert refused["outcome"] == "not_tried"
    assert "set become: true" in refused["said"]


def test_the_community_is_a_secret_and_public_is_a_word(lab: Lab) -> None:
    target = {"address": DAEMONS, "port": 161, "transport": "udp", "protocol": "snmp", "timeout": 1}
    echo = {**target, "address": PRINTER, "port": 9187}
    answer = lab.module("client13", "probe", {"targets": [target, echo], "snmp_community": "hush-hush"}, "-vvv")
    good, sent_back = answer["results"]
    assert good["facts"]["description"] == "a public printer"
    assert sent_back["outcome"] == "mismatch"
    assert "hush" not in str(answer["results"])
    assert "hush" not in answer["told"].replace("snmp_community", "")
    assert "hush" not in lab.host("client13", "journalctl -q --no-pager")
    (wrong,) = probe(lab, [target], snmp_community="another")
    assert wrong["outcome"] == "unanswered"


def test_a_dead_address_and_a_missing_route(lab: Lab) -> None:
    dead, none = probe(
        lab, [{"address": "198.51.100.99", "port": 80}, {"address": "240.0.0.1", "port": 80, "timeout": 1}]
    )
    assert dead["outcome"] == "timeout"
    assert none["outcome"] in ("prohibited", "no_route", "timeout")


def test_its_own_firewall_is_named(lab: Lab) -> None:
    lab.host("client13", f"nft -f - <<END\n{OWN_RULES}END\n")
    try:
        udp, tcp = probe(lab, [{"address": PRINTER, "port": 9187, "transport": "udp", "protocol": "datagram"},
                               {"address": PRINTER, "port": 3050}])  # fmt: skip
    finally:
        lab.host("client13", "nft delete table inet own")
    assert (udp["outcome"], udp["errno"]) == ("no_route", "EPERM")
    assert tcp["outcome"] == "no_route"


def test_without_root_and_in_check_mode(lab: Lab) -> None:
    arguments = {"targets": [{"address": DAEMONS, "port": 80, "protocol": "http"}]}
    answer = lab.module("client13", "probe", arguments, "--check", ansible_user="guest")
    assert answer["results"][0]["outcome"] == "answered"


def test_what_cannot_be_asked_is_said_before_anything_is_sent(lab: Lab) -> None:
    targets = [
        {"address": PRINTER, "port": 9100},
        {"address": "print1", "port": 515},
        {"address": PRINTER, "port": 1, "protocol": "gopher"},
    ]
    before = lab.host("printer1", "cat /root/came/9100")
    answer = lab.module("client13", "probe", {"targets": targets}, ok=False)
    assert "Names are not looked up on the host" in answer["msg"]
    assert "targets[2] (tcp/1 of '192.0.2.40'): 'gopher' is no protocol" in answer["msg"]
    assert lab.host("printer1", "cat /root/came/9100") == before
