# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab writes into a host's tree before it boots: names, keys, listeners, and the one enabled firewall."""

from __future__ import annotations

import os
import shlex
import uuid
from pathlib import Path

from .errors import LabError
from .shell import run
from .spec import Host, Spec

LISTENER = Path(__file__).parent / "files/listener.py"

_LISTENER_UNIT = """\
[Unit]
Description=Plain listeners of the lab

[Service]
ExecStart=/usr/bin/python3 -I -S /usr/local/lib/printnet-lab/listener.py {arguments}
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
"""

_NFTABLES = """\
#!/usr/sbin/nft -f
flush ruleset

table inet filter {
    chain input {
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        iif "lo" accept
        meta l4proto { icmp, ipv6-icmp } accept
        tcp dport 22 accept
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
    }
    chain output {
        type filter hook output priority filter; policy accept;
    }
}
"""

_NFTABLES_DENIED = """\
policy drop;
        ct state established,related accept
        oif "lo" accept
        meta l4proto { icmp, ipv6-icmp } accept
"""

_IPTABLES = """\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p {icmp} -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
"""

_IPTABLES_DENIED = """\
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -p {icmp} -j ACCEPT
COMMIT
"""


def furnish(root: Path, host: Host, spec: Spec, public_key: str) -> None:
    """Make a fresh tree this host's own."""
    _write(root / "etc/hostname", f"{host.name}\n")
    _write(root / "etc/machine-id", f"{uuid.uuid4().hex}\n")
    known = [f"{address} {other.name}" for other in spec.hosts for address in other.addresses]
    _write(root / "etc/hosts", "\n".join(["127.0.0.1 localhost", "::1 localhost", *known, ""]))
    for home, owner in (("root", 0), ("home/guest", 1000)):
        _write(root / home / ".ssh/authorized_keys", public_key, 0o600, owner)
    if host.daemons:
        _write(root / "usr/local/lib/printnet-lab/listener.py", LISTENER.read_text(encoding="utf-8"))
        unit = _LISTENER_UNIT.format(arguments=shlex.join(host.daemons))
        _write(root / "etc/systemd/system/printnet-listener.service", unit)
        _enable(root, "printnet-listener")
    _firewall(root, host)
    for path, text in host.files.items():
        place = root / path.removeprefix("/")
        if not place.resolve().is_relative_to(root.resolve()):
            raise LabError(f"files: {path} is a link out of the host's tree: name the file that it means")
        _write(place, text)


def _firewall(root: Path, host: Host) -> None:
    """Enable the host's firewall; like every firewall of a managed host, it lets SSH in and no more."""
    denied = host.egress == "denied"
    if host.firewall == "firewalld":
        _enable(root, "firewalld")
    elif host.firewall == "ufw":
        # Without /proc ufw believes that there is no IPv6.
        allow = f"mount -t proc proc {root}/proc && exec chroot {root} ufw allow 22/tcp"
        run(["unshare", "--mount", "sh", "-c", allow])
        _replace(root / "etc/ufw/ufw.conf", "ENABLED=no", "ENABLED=yes")
        if denied:
            _replace(root / "etc/default/ufw", 'OUTPUT_POLICY="ACCEPT"', 'OUTPUT_POLICY="DROP"')
        _enable(root, "ufw")
    elif host.firewall == "nftables":
        rules = _NFTABLES.replace("policy accept;\n", _NFTABLES_DENIED) if denied else _NFTABLES
        _write(root / "etc/nftables.conf", rules, 0o755)
        _enable(root, "nftables")
    elif host.firewall.startswith("iptables"):
        rules = _IPTABLES
        if denied:
            rules = rules.replace(":OUTPUT ACCEPT", ":OUTPUT DROP").replace("COMMIT\n", _IPTABLES_DENIED)
        for version, icmp in (("4", "icmp"), ("6", "ipv6-icmp")):
            _write(root / f"etc/iptables/rules.v{version}", rules.format(icmp=icmp))
        if host.firewall == "iptables-legacy":
            for name in ("iptables", "ip6tables"):
                run(["chroot", str(root), "update-alternatives", "--set", name, f"/usr/sbin/{name}-legacy"])
        _enable(root, "netfilter-persistent")


def _enable(root: Path, unit: str) -> None:
    run(["chroot", str(root), "systemctl", "enable", f"{unit}.service"])


def _write(path: Path, text: str, mode: int = 0o644, owner: int = 0) -> None:
    missing = [parent for parent in path.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(0o700 if parent.name == ".ssh" else 0o755)
        os.chown(parent, owner, owner)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    os.chown(path, owner, owner)


def _replace(path: Path, old: str, new: str) -> None:
    _write(path, path.read_text(encoding="utf-8").replace(old, new))
