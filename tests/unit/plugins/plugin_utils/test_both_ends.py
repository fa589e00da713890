# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A choice opens what was chosen and nothing of what was not, at both ends: an estate with a host for every party.

What is expected is written by hand from the documents: who calls whom on which port. It knows no flow of the catalog.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest

PARTIES = (
    *("vpsx", "serverx", "netx", "webconnect", "dis", "innovate_audit", "mfpsecure", "mobile_connector", "alertx"),
    *("vspa_xenapp", "vspa_xendesktop", "pdm", "pullsvc", "lrsq", "mve", "printer", "lexmark_printer", "workstation"),
    *("browser", "mail_server", "mail_gateway", "dns_server", "load_balancer", "sql_server", "firebird"),
    *("ldap_server", "kdc"),
)
# No two of them are one network.
ADDRESSES = {f"192.0.2.{4 * number}": party for number, party in enumerate(PARTIES, 1)}
GROUPS = {party: [address] for address, party in ADDRESSES.items()}
# The second ones: what runs between hosts of one component.
ADDRESSES |= {"192.0.2.201": "vpsx", "192.0.2.209": "alertx"}
GROUPS["vpsx"] = [*GROUPS["vpsx"], "192.0.2.201"]
GROUPS["alertx"] = [*GROUPS["alertx"], "192.0.2.209"]
# Where PDM, PULLSVC or a browser is, there is a workstation, with what that needs.
ALSO = {
    "workstation": ("workstation", "pdm", "pullsvc", "browser"),
    "printer": ("printer", "lexmark_printer"),
}
GROUPS["workstation"] = [address for party in ALSO["workstation"] for address in GROUPS[party]]

Link = tuple[str, str, str]


def links(*lines: str) -> set[Link]:
    """Lines such as ``pdm printer 515 631 161/udp``; what goes to printers goes to those of Lexmark as well."""
    found = set()
    for line in lines:
        source, destination, *ports = line.split()
        for start, end in product(ALSO.get(source, (source,)), ALSO.get(destination, (destination,))):
            for port in ports:
                number, _slash, transport = port.partition("/")
                found.add((start, end, f"{transport or 'tcp'}/{number}"))
    return found


DEFAULT = links(
    "vpsx printer 161/udp 515 631 9100 443",
    "vpsx vpsx 5501",
    "vpsx serverx 5600",
    "vpsx innovate_audit 5703",
    "vpsx dns_server 53/udp",
    "serverx vpsx 5501",
    "serverx dis 5701",
    "netx serverx 5601",
    "webconnect netx 5700",
    "webconnect mobile_connector 5900",
    "mfpsecure vpsx 631",
    "mobile_connector serverx 5601",
    "mobile_connector vpsx 5500",
    "load_balancer alertx 5555 5556 5557",
    "alertx alertx 5556 5557",
    "vspa_xenapp webconnect 443",
    "vspa_xendesktop serverx 5601",
    "pdm printer 515 631 9100",
    "pdm vpsx 515 631",
    "pdm serverx 5601",
    "pullsvc printer 161/udp 515 631 9100 443",
    "pullsvc vpsx 9443",
    "pullsvc serverx 5601",
    "lrsq vpsx 5500",
    "workstation innovate_audit 5703",
    "workstation mfpsecure 443",
    "browser webconnect 443",
    "browser mve 443",
    "mail_gateway mobile_connector 25",
    "mve printer 161/udp",
    "mve lexmark_printer 9300/udp 6000/udp 6100/udp 6110 5353/udp 80 443 9100",
    "lexmark_printer mve 9187/udp",
)
CLIENTS = links("pdm printer 515 631 9100", "pullsvc printer 161/udp 515 631 9100 443")
LPR = links("vpsx printer 515", "pdm printer 515", "pullsvc printer 515", "pdm vpsx 515")
IPP = links("vpsx printer 631", "pdm printer 631", "pullsvc printer 631", "pdm vpsx 631")
RAW = links("vpsx printer 9100", "pdm printer 9100", "pullsvc printer 9100")
IPPS = links("vpsx printer 443", "pullsvc printer 443", "pullsvc vpsx 9443")
WEB = {port: links(f"browser webconnect {port}", f"vspa_xenapp webconnect {port}") for port in (80, 443, 8080, 8443)}
NONE: set[Link] = set()

# Options, who calls whom on which port then, and who does not any more.
TABLE: list[tuple[dict[str, Any], set[Link], set[Link]]] = [
    ({"vpsx_mode": "both"}, NONE, NONE),
    ({"vpsx_mode": "server"}, NONE, CLIENTS),
    (
        {"vpsx_mode": "direct"},
        NONE,
        links("vpsx printer 515 631 9100 443", "pdm vpsx 515 631", "pullsvc vpsx 9443"),
    ),
    ({"vpsx_print_protocols": ["lpr"]}, NONE, IPP | RAW | IPPS),
    ({"vpsx_print_protocols": ["ipp"]}, NONE, LPR | RAW | IPPS),
    ({"vpsx_print_protocols": ["raw"]}, NONE, LPR | IPP | IPPS),
    ({"vpsx_print_protocols": ["ipps"]}, NONE, LPR | IPP | RAW),
    ({"vpsx_submission_port": 443}, links("pullsvc vpsx 443"), links("pullsvc vpsx 9443")),
    (
        {"vpsx_lrsq_port": 5510},
        links("lrsq vpsx 5510", "mobile_connector vpsx 5510"),
        links("lrsq vpsx 5500", "mobile_connector vpsx 5500"),
    ),
    (
        {"vpsx_api_port": 5511},
        links("serverx vpsx 5511", "vpsx vpsx 5511"),
        links("serverx vpsx 5501", "vpsx vpsx 5501"),
    ),
    ({"vpsx_local_printing": True}, links("vpsx workstation 7501"), NONE),
    ({"vpsx_email": True}, links("vpsx mail_server 25"), NONE),
    ({"vpsx_lrsq": False}, NONE, links("lrsq vpsx 5500")),
    ({"vpsx_audit": False}, NONE, links("vpsx innovate_audit 5703")),
    ({"serverx_vpsx_port": 5610}, links("vpsx serverx 5610"), links("vpsx serverx 5600")),
    (
        {"serverx_api_port": 5611},
        links(*(f"{who} serverx 5611" for who in ("netx", "pdm", "pullsvc", "vspa_xendesktop", "mobile_connector"))),
        links(*(f"{who} serverx 5601" for who in ("netx", "pdm", "pullsvc", "vspa_xendesktop", "mobile_connector"))),
    ),
    ({"netx_port": 5710}, links("webconnect netx 5710"), links("webconnect netx 5700")),
    ({"webconnect_protocols": ["http"]}, WEB[80], WEB[443]),
    ({"webconnect_protocols": ["https"]}, NONE, NONE),
    ({"webconnect_protocols": ["http", "https"]}, WEB[80], NONE),
    ({"webconnect_protocols": ["http"], "webconnect_http_port": 8080}, WEB[8080], WEB[443]),
    ({"webconnect_http_port": 8080}, NONE, NONE),
    ({"webconnect_https_port": 8443}, WEB[8443], WEB[443]),
    ({"dis_port": 5711}, links("serverx dis 5711"), links("serverx dis 5701")),
    (
        {"innovate_audit_port": 5713},
        links("vpsx innovate_audit 5713", "workstation innovate_audit 5713"),
        links("vpsx innovate_audit 5703", "workstation innovate_audit 5703"),
    ),
    (
        {"mfpsecure_enrolment_protocols": ["http"]},
        links("workstation mfpsecure 80"),
        links("workstation mfpsecure 443"),
    ),
    ({"mfpsecure_enrolment_protocols": ["http", "https"]}, links("workstation mfpsecure 80"), NONE),
    ({"mfpsecure_enrolment_protocols": []}, NONE, links("workstation mfpsecure 443")),
    ({"mobile_connector_email": False}, NONE, links("mail_gateway mobile_connector 25")),
    (
        {"mobile_connector_port": 5910},
        links("webconnect mobile_connector 5910"),
        links("webconnect mobile_connector 5900"),
    ),
    ({"alertx_peers": False}, NONE, links("alertx alertx 5556 5557")),
    ({"pdm_accounting": False}, NONE, links("workstation innovate_audit 5703")),
    ({"pullsvc_dsr": False}, NONE, links("pullsvc printer 161/udp")),
    ({"mve_deployment": ["https"]}, NONE, links("mve lexmark_printer 80 9100")),
    ({"mve_deployment": ["http"]}, NONE, links("mve lexmark_printer 443 9100")),
    ({"mve_deployment": ["raw"]}, NONE, links("mve lexmark_printer 80 443")),
    ({"mve_deployment": ["ftp"]}, links("mve lexmark_printer 21"), links("mve lexmark_printer 80 443 9100")),
    ({"mve_mdns": False}, NONE, links("mve lexmark_printer 5353/udp")),
    ({"mve_alerts": False}, NONE, links("lexmark_printer mve 9187/udp")),
    ({"mve_console_port": 8443}, links("browser mve 8443"), links("browser mve 443")),
    ({"mve_database": "local"}, NONE, NONE),
    ({"mve_database": "sql_server"}, links("mve sql_server 1433"), NONE),
    ({"mve_database": "sql_server", "mve_sql_server_port": 14330}, links("mve sql_server 14330"), NONE),
    ({"mve_sql_server_port": 14330}, NONE, NONE),
    ({"mve_database": "firebird"}, links("mve firebird 3050"), NONE),
    ({"mve_mail_encryption": "disabled"}, NONE, NONE),
    ({"mve_mail_encryption": "none"}, links("mve mail_server 25"), NONE),
    ({"mve_mail_encryption": "none", "mve_smtp_port": 2525}, links("mve mail_server 2525"), NONE),
    ({"mve_mail_encryption": "ssl"}, links("mve mail_server 465"), NONE),
    ({"mve_mail_encryption": "ssl", "mve_smtps_port": 4650}, links("mve mail_server 4650"), NONE),
    ({"mve_mail_encryption": "starttls"}, links("mve mail_server 587"), NONE),
    ({"mve_mail_encryption": "starttls", "mve_starttls_port": 5870}, links("mve mail_server 5870"), NONE),
    ({"mve_login": "local"}, NONE, NONE),
    ({"mve_login": "ldap"}, links("mve ldap_server 389"), NONE),
    ({"mve_login": "ldap", "mve_ldap_port": 3268}, links("mve ldap_server 3268"), NONE),
    ({"mve_login": "ldaps"}, links("mve ldap_server 636"), NONE),
    ({"mve_login": "ldaps", "mve_ldaps_port": 3269}, links("mve ldap_server 3269"), NONE),
    ({"mve_login": "kerberos"}, links("mve ldap_server 636", "mve kdc 88/udp"), NONE),
    (
        {"mve_login": "kerberos", "mve_kerberos_bind": "ldap", "mve_kerberos_port": 8888},
        links("mve ldap_server 389", "mve kdc 8888/udp"),
        NONE,
    ),
    ({"mve_login": "ldap", "mve_kerberos_bind": "ldaps"}, links("mve ldap_server 389"), NONE),
]


def _matrix(site: Any, options: Mapping[str, Any]) -> tuple[set[Link], set[Link]]:
    """Who may call whom, as the callers' firewalls have it, and as the listeners' have it."""
    estate = site(GROUPS, {}, dict(options))
    sent, received = set(), set()
    for address, party in ADDRESSES.items():
        for rule, network in estate.open(address, party, "in", "out"):
            direction, port = rule.split()
            other = ADDRESSES[network.removesuffix("/32")]
            if direction == "out":
                sent.add((party, other, port))
            else:
                received.add((other, party, port))
    return sent, received


@pytest.fixture(name="default", scope="module")
def _default(site: Any) -> tuple[set[Link], set[Link]]:
    return _matrix(site, {})


def test_without_a_choice_it_is_the_documents_list(default: tuple[set[Link], set[Link]]) -> None:
    assert default == (DEFAULT, DEFAULT)


@pytest.mark.parametrize(("options", "come", "go"), TABLE, ids=[str(row[0]) for row in TABLE])
def test_a_choice_opens_what_was_chosen_at_both_ends_and_nothing_else(
    site: Any, options: dict[str, Any], come: set[Link], go: set[Link]
) -> None:
    assert _matrix(site, options) == ((DEFAULT | come) - go, (DEFAULT | come) - go)


def test_between_hosts_of_one_component_the_listeners_port_counts(site: Any) -> None:
    here = site({"vpsx": ["192.0.2.4", "192.0.2.201"]}, {"192.0.2.201": {"vpsx_api_port": 5511}})
    assert here.open("192.0.2.4", "vpsx", "in", "out") == {
        ("in tcp/5501", "192.0.2.201/32"),
        ("out tcp/5511", "192.0.2.201/32"),
    }
    assert here.open("192.0.2.201", "vpsx", "in", "out") == {
        ("in tcp/5511", "192.0.2.4/32"),
        ("out tcp/5501", "192.0.2.4/32"),
    }


def test_every_choice_of_every_role_is_tried(catalog: Any) -> None:
    tried = {name for options, *_what_comes in TABLE for name in options}
    apart = {option.name for option in catalog.options.values() if option.type == "addresses"} | {"vspa_sessions"}
    assert tried == catalog.options.keys() - apart
