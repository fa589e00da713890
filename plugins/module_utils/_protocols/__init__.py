# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the protocols that probes speak, one file each or one a family.

Ansible ships to a host what is imported, so each is imported here. Adding one is a file, its import, and an entry in
the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.printnet.ports.plugins.module_utils._protocols import (
    dns,
    ftp,
    http,
    ipp,
    kerberos,
    ldap,
    lpr,
    mail,
    plain,
    snmp,
    tls,
)
from ansible_collections.printnet.ports.plugins.module_utils._protocols._talk import Question, Talk


@dataclass(frozen=True)
class Protocol:
    """How it is spoken, and over what."""

    make: Callable[[Question], Talk]
    transports: tuple[str, ...] = ("tcp",)


def _inside_tls(make: Callable[[Question], Talk]) -> Protocol:
    return Protocol(lambda question: tls.Tls(question, make(question)))


PROTOCOLS = {
    "connect": Protocol(plain.Connect),
    "raw": Protocol(plain.Connect),
    "datagram": Protocol(plain.Datagram, ("udp",)),
    "snmp": Protocol(snmp.Snmp, ("udp",)),
    "dns": Protocol(dns.Dns, ("udp", "tcp")),
    "mdns": Protocol(dns.Mdns, ("udp",)),
    "http": Protocol(http.Http),
    "https": _inside_tls(http.Http),
    "ipp": Protocol(ipp.Ipp),
    "ipps": _inside_tls(ipp.Ipps),
    "lpr": Protocol(lpr.Lpr),
    "tls": Protocol(tls.Tls),
    "smtp": Protocol(mail.Smtp),
    "smtps": _inside_tls(mail.Smtp),
    "smtp-starttls": Protocol(mail.StartTls),
    "ldap": Protocol(ldap.Ldap),
    "ldaps": _inside_tls(ldap.Ldap),
    "kerberos": Protocol(kerberos.Kerberos, ("udp", "tcp")),
    "ftp": Protocol(ftp.Ftp),
}
