# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be wrong on a print host, made by its own administrator's commands: a table, read by test_compliance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HOSTS = ("firewalld1", "nftables1", "iptables1", "ufw1")
NOTE = {
    "id": "lrsq-vpsx-note",
    "source": "lrsq",
    "destination": "vpsx",
    "transport": "udp",
    "port": 7000,
    "purpose": "A note without an answer",
}
FLOWS = [NOTE]
MORE = [
    *FLOWS,
    {**NOTE, "id": "lrsq-vpsx-more", "port": 7001},
    {**NOTE, "id": "lrsq-vpsx-more-tcp", "port": 7001, "transport": "tcp"},
]
BOTH = ("tcp/5500", "udp/7000")
OTHERS = ("tcp/443", "tcp/515", "tcp/631", "tcp/5501", "tcp/9443")
ACCEPTED = {
    "code": "NO_LISTENER",
    "destination": "nftables1",
    "reason": "LRSQ moves in spring",
    "approver": "J. Smith",
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong on every host, and what has to be said of it.

    ``made`` and ``mended`` are scripts by host, ``found`` are pairs of a code and a port. ``told`` are words of the
    evidence. ``both`` says that it concerns both IP versions; ``site_mends`` that the remedy is the playbook site.
    ``informed`` are codes that have to be there without being faults.
    """

    name: str
    found: tuple[tuple[str, str], ...]
    made: Mapping[str, str] = field(default_factory=dict)
    mended: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    on_the_way: str = ""
    told: tuple[str, ...] = ()
    both: bool = True
    site_mends: bool = False
    hosts: tuple[str, ...] = HOSTS
    informed: tuple[tuple[str, str], ...] = ()


def everywhere(script: str) -> dict[str, str]:
    return dict.fromkeys(HOSTS, script)


def codes(code: str, *ports: str) -> tuple[tuple[str, str], ...]:
    return tuple((code, port) for port in ports)


_TABLES = "for tool in iptables ip6tables; do {}; done"
_OURS_NOT_LIVE = {
    "firewalld1": (
        "for policy in $(firewall-cmd --get-policies | tr ' ' '\\n' | grep pnports); do "
        "firewall-cmd --policy=$policy --list-rich-rules | sed \"s/.*/--remove-rich-rule='&'/\" | "
        "xargs -r firewall-cmd -q --policy=$policy; done"
    ),
    "nftables1": (
        "nft list ruleset | awk '/^table/ {table=$2\" \"$3} /chain (pnp|printnet)/ {print table, $2}' | "
        "while read where; do nft flush chain $where; done"
    ),
    "iptables1": _TABLES.format("for chain in $($tool -S | awk '/^-N pnp/ {print $2}'); do $tool -F $chain; done"),
    "ufw1": (
        "iptables -S ufw-user-input | grep -v -- '--dport 22 ' | sed -n 's/^-A/-D/p' | xargs -L1 iptables; "
        "ip6tables -S ufw6-user-input | grep -v -- '--dport 22 ' | sed -n 's/^-A/-D/p' | xargs -L1 ip6tables"
    ),
}
_OURS_NOT_SAVED = {
    # firewalld notices that a file is gone after some seconds.
    "firewalld1": (
        "rm /etc/firewalld/policies/pnports1-*.xml; "
        "while firewall-cmd --permanent --get-policies | grep -q pnports1; do sleep 1; done"
    ),
    "nftables1": "rm /etc/printnet.ports/*",
    "iptables1": "sed -i '/pnp/d' /etc/iptables/rules.v4 /etc/iptables/rules.v6",
    "ufw1": "sed -i '/comment=7072696e746e6574/,+1d' /etc/ufw/user.rules /etc/ufw/user6.rules",
}
_NFT = (
    "nft {word} rule inet filter input tcp dport 5500 {what}; nft {word} rule inet filter input udp dport 7000 {what}"
)
_DROP = {
    "firewalld1": (
        "firewall-cmd -q --add-rich-rule='rule port port=5500 protocol=tcp drop'; "
        "firewall-cmd -q --add-rich-rule='rule port port=7000 protocol=udp drop'"
    ),
    "nftables1": _NFT.format(word="insert", what="drop"),
    "iptables1": _TABLES.format(
        "$tool -I INPUT -p tcp --dport 5500 -j DROP; $tool -I INPUT -p udp --dport 7000 -j DROP"
    ),
    "ufw1": "ufw insert 1 deny 5500/tcp; ufw insert 1 deny 7000/udp",
}
_REJECT = {
    "firewalld1": (
        "firewall-cmd -q --add-rich-rule='rule port port=5500 protocol=tcp reject'; "
        "firewall-cmd -q --add-rich-rule='rule port port=7000 protocol=udp reject'"
    ),
    "nftables1": (
        "nft insert rule inet filter input tcp dport 5500 reject with tcp reset; "
        "nft insert rule inet filter input udp dport 7000 reject"
    ),
    "iptables1": _TABLES.format(
        "$tool -I INPUT -p tcp --dport 5500 -j REJECT --reject-with tcp-reset; "
        "$tool -I INPUT -p udp --dport 7000 -j REJECT"
    ),
    "ufw1": "ufw insert 1 reject 5500/tcp; ufw insert 1 reject 7000/udp",
}
_WIDE = {
    "firewalld1": "firewall-cmd -q --add-port=5500/tcp --add-port=7000/udp",
    "nftables1": _NFT.format(word="add", what="accept"),
    "iptables1": _TABLES.format(
        "$tool -A INPUT -p tcp --dport 5500 -j ACCEPT; $tool -A INPUT -p udp --dport 7000 -j ACCEPT"
    ),
    "ufw1": "ufw allow 5500/tcp; ufw allow 7000/udp",
}
_OPEN = {
    "firewalld1": "firewall-cmd -q --add-port=5700/tcp --add-port=12345/tcp",
    "nftables1": "nft add rule inet filter input tcp dport '{ 5700, 12345 }' accept",
    "iptables1": _TABLES.format("$tool -A INPUT -p tcp -m multiport --dports 5700,12345 -j ACCEPT"),
    "ufw1": "ufw allow 5700/tcp; ufw allow 12345/tcp",
}
_AS_BEFORE = {
    "firewalld1": "firewall-cmd -q --reload",
    "nftables1": "systemctl restart nftables",
    "iptables1": "netfilter-persistent reload",
    "ufw1": (
        "for port in 5500/tcp 7000/udp 5700/tcp 12345/tcp; do for word in deny reject allow; do "
        "ufw --force delete $word $port; done; done"
    ),
}
_OFF = {
    "firewalld1": "systemctl stop firewalld",
    "nftables1": "systemctl stop nftables",
    "ufw1": "ufw disable",
}
_ON = {
    "firewalld1": "systemctl start firewalld",
    "nftables1": "systemctl start nftables",
    "ufw1": "ufw --force enable",
}
_LISTENER = "/usr/local/lib/printnet-lab/listener.py"
_SPEAKS = (
    'systemd-run -q --unit=strange python3 -c "import socket\n'
    "s=socket.create_server(('::', 443), family=socket.AF_INET6, dualstack_ipv6=True)\n"
    "while True: c=s.accept()[0]; c.sendall(b'220 somebody else\\r\\n'); c.close()\""
)
_ROUTER = "add table inet check; add chain inet check way { type filter hook forward priority 0; }; "
FAULTS = [
    Fault(
        "no rule",
        codes("NO_RULE", "tcp/7001", "udp/7001"),
        variables={"printnet_extra_flows": MORE},
    ),
    Fault(
        "a client more than the rules have",
        codes("SCOPE_TOO_NARROW", *BOTH),
        variables={"printnet_groups": {"lrsq": ["lrsq", "workstation"]}},
    ),
    Fault(
        "saved only",
        codes("RULE_SAVED_ONLY", *BOTH, *OTHERS),
        _OURS_NOT_LIVE,
        site_mends=True,
    ),
    Fault(
        "live only",
        codes("RULE_LIVE_ONLY", *BOTH, *OTHERS),
        _OURS_NOT_SAVED,
        site_mends=True,
    ),
    Fault("a drop before", codes("BLOCKED_BY_RULE", *BOTH), _DROP, _AS_BEFORE),
    Fault("a reject before", codes("BLOCKED_BY_RULE", *BOTH), _REJECT, _AS_BEFORE),
    Fault("open to anybody", codes("SCOPE_TOO_WIDE", *BOTH), _WIDE, _AS_BEFORE, both=False),
    Fault(
        "open without a flow",
        codes("UNDECLARED_OPEN", "tcp/5700"),
        {
            host: f"{script}; systemd-run -q --unit=more python3 -I -S {_LISTENER} tcp/5700 tcp/12345"
            for host, script in _OPEN.items()
        },
        {host: f"systemctl stop more; {script}" for host, script in _AS_BEFORE.items()},
        both=False,
    ),
    Fault(
        "nothing listens",
        codes("NO_LISTENER", *BOTH),
        everywhere("systemctl stop lrsq note"),
        everywhere("systemctl start lrsq note"),
        told=("Nothing listens",),
    ),
    Fault(
        "loopback only",
        codes("LOOPBACK_ONLY", *BOTH),
        everywhere(
            "systemctl stop lrsq note; systemd-run -q --unit=inside python3 -I -S "
            f"{_LISTENER} tcp/5500@127.0.0.1 tcp/5500@::1 udp/7000@127.0.0.1 udp/7000@::1"
        ),
        everywhere("systemctl stop inside; systemctl start lrsq note"),
    ),
    Fault(
        "another program",
        codes("WRONG_PROCESS", "tcp/443", "tcp/5500"),
        everywhere(f"systemctl stop nginx; {_SPEAKS}"),
        everywhere("systemctl stop strange; systemctl start nginx"),
        variables={"printnet_processes": {"lrsq-vpsx-lrsq": ["vpsx*"]}},
        told=("somebody else", "expected is vpsx*"),
    ),
    Fault(
        "a certificate of the past",
        codes("TLS_INVALID", "tcp/443"),
        everywhere("sed -i s/now.pem/past.pem/g /etc/nginx/conf.d/check.conf && systemctl restart nginx"),
        everywhere("sed -i s/past.pem/now.pem/g /etc/nginx/conf.d/check.conf && systemctl restart nginx"),
        told=("2021-01-01",),
    ),
    Fault(
        "a router that drops",
        codes("PATH_BLOCKED", "tcp/5500"),
        on_the_way=_ROUTER + "add rule inet check way tcp dport 5500 drop; add rule inet check way udp dport 7000 drop",
        informed=codes("UDP_UNVERIFIABLE", "udp/7000"),
    ),
    Fault(
        "a router that refuses",
        codes("REFUSED", "tcp/5500"),
        on_the_way=_ROUTER + "add rule inet check way tcp dport 5500 reject with tcp reset",
    ),
    # iptables is never off: with no rule at all, ours are missing.
    Fault("a firewall that is off", codes("FIREWALL_OFF", ""), _OFF, _ON, both=False, hosts=tuple(_OFF)),
]
