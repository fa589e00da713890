# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random configurations of firewalld, and whether ours stands behind theirs there."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

from host import NotLoadedError

FOLDER = Path("/etc/firewalld")
TEXTS = ["plain", "it's <b>bold</b> & {{ 7 * 7 }}", "$(touch /tmp/pwned)", "gr\u00fc\u00df", '"quoted"']


def load() -> None:
    done = subprocess.run(["firewall-cmd", "--reload"], check=False, capture_output=True, text=True)
    if done.returncode:
        raise NotLoadedError(f"{done.stdout}{done.stderr}")


def make(rng: random.Random) -> str:
    """Write zones, policies, sets and services, reload, and give what was written."""
    files = {"zones/public.xml": _zone(rng, "public", ""), "ipsets/theirs.xml": _set()}
    if rng.random() < 0.6:
        source = rng.choice(['<source address="203.0.113.0/24"/>', '<source ipset="theirs"/>'])
        files["zones/odd.xml"] = _zone(rng, "odd", source)
    if rng.random() < 0.5:
        files["policies/theirs.xml"] = _policy(rng)
    if rng.random() < 0.5:
        files["services/odd.xml"] = (
            f"{_HEAD}<service>\n  <short>{_text(rng)}</short>\n  <port protocol='tcp' port='50015'/>\n</service>\n"
        )
    if rng.random() < 0.3:
        files["direct.xml"] = (
            f'{_HEAD}<direct>\n  <chain ipv="ipv4" table="filter" chain="theirs"/>\n'
            '  <rule ipv="ipv4" table="filter" chain="INPUT" priority="0">-p tcp --dport 50016 -j DROP</rule>\n'
            "</direct>\n"
        )
        # With direct rules firewalld asks the program ipset, which this kernel does not answer in a container.
        del files["ipsets/theirs.xml"]
        files = {name: text.replace('<source ipset="theirs"/>', "") for name, text in files.items()}
    for name, text in files.items():
        path = FOLDER / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    load()
    return "\n".join(f"== {name}\n{text}" for name, text in files.items())


_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


def _text(rng: random.Random) -> str:
    return escape(rng.choice(TEXTS))


def _rich(rng: random.Random) -> str:
    port = rng.randint(50000, 50019)
    family, source = rng.choice([("ipv4", "203.0.113.0/24"), ("ipv6", "2001:db8:bad::/48"), ("ipv4", "198.51.100.77")])
    verdict = rng.choice(["<accept/>", "<drop/>", "<reject/>", '<reject type="icmp-port-unreachable"/>'])
    if "icmp-port" in verdict and family == "ipv6":
        verdict = "<reject/>"
    log = f'<log prefix="{escape(rng.choice(["look", "look here "]))}" level="info"/>' if rng.random() < 0.3 else ""
    what = (
        f'<port port="{port}" protocol="{rng.choice(["tcp", "udp"])}"/>'
        if rng.random() < 0.8
        else '<service name="mdns"/>'
    )
    order = f' priority="{rng.choice([-10, 5, 32767, -32768])}"' if rng.random() < 0.3 else ""
    return f'  <rule family="{family}"{order}><source address="{source}"/>{what}{log}{verdict}</rule>\n'


def _zone(rng: random.Random, name: str, source: str) -> str:
    target = rng.choice(["", "", ' target="DROP"', ' target="%%REJECT%%"', ' target="ACCEPT"' if source else ""])
    lines = [
        f"  <short>{_text(rng)}</short>\n  <description>{_text(rng)}</description>\n",
        f"  {source}\n" if source else "",
    ]
    lines += ['  <service name="ssh"/>\n', '  <service name="dhcpv6-client"/>\n' if rng.random() < 0.5 else ""]
    lines += [
        f'  <port port="{rng.choice([50001, "50003-50006"])}" protocol="tcp"/>\n' if rng.random() < 0.5 else "",
        '  <icmp-block name="timestamp-request"/>\n' if rng.random() < 0.3 else "",
        "  <masquerade/>\n" if rng.random() < 0.15 else "",
        '  <forward-port port="50100" protocol="tcp" to-port="50101"/>\n' if rng.random() < 0.2 else "",
        '  <source-port port="50009" protocol="udp"/>\n' if rng.random() < 0.2 else "",
    ]
    lines += sorted({_rich(rng) for _one in range(rng.randint(0, 4))})
    forward = "  <forward/>\n" if rng.random() < 0.5 else ""
    return f"{_HEAD}<zone{target}>\n{''.join(lines)}{forward}</zone>\n"


def _policy(rng: random.Random) -> str:
    target = rng.choice(["CONTINUE", "CONTINUE", "CONTINUE", "DROP"])
    zones = ("ANY", "HOST") if target == "CONTINUE" else ("HOST", "ANY")
    priority = rng.choice([-5, 7, 100])
    ends = f'  <ingress-zone name="{zones[0]}"/>\n  <egress-zone name="{zones[1]}"/>\n'
    # A host that drops its own neighbour advertisements loses IPv6 by itself, as soon as the others forget it.
    rules = '  <protocol value="ipv6-icmp"/>\n'
    if target == "CONTINUE":
        rules = "".join(sorted({_rich(rng) for _one in range(rng.randint(0, 3))}))
    head = f'{_HEAD}<policy target="{target}" priority="{priority}">\n  <short>{_text(rng)}</short>\n'
    return f"{head}{rules}{ends}</policy>\n"


def _set() -> str:
    return f'{_HEAD}<ipset type="hash:net">\n  <entry>203.0.113.64/26</entry>\n  <entry>203.0.113.3</entry>\n</ipset>\n'


def order() -> str:
    """Walk the chains as a packet to the host does: behind a rule of ours stands nothing but the last word."""
    done = subprocess.run(["nft", "list", "table", "inet", "firewalld"], capture_output=True, text=True, check=True)
    chains: dict[str, list[str]] = {}
    name = ""
    for raw in done.stdout.splitlines():
        line = raw.strip()
        found = re.match(r"chain (\S+) \{", line)
        if found:
            name = found[1]
            chains[name] = []
        elif name and line not in ("", "}"):
            chains[name].append(line)
    for zone in [name for name in chains if re.fullmatch(r"filter_IN_[^_]+", name) and "policy" not in name]:
        ours = False
        for line in _leaves(chains, zone):
            if line.startswith("ours "):
                ours = True
            elif ours and not re.fullmatch(
                r'(log prefix ".*"|reject( with icmpx admin-prohibited)?|drop|accept|meta l4proto .*accept)', line
            ):
                return f"in zone chain {zone} stands {line!r} behind ours"
    return ""


def _leaves(chains: dict[str, list[str]], name: str) -> list[str]:
    found = []
    for line in chains.get(name, []):
        jump = re.search(r"(?:jump|goto) (\S+)\Z", line)
        if jump:
            found += _leaves(chains, jump[1])
        else:
            found.append(f"ours {line}" if "pnports1-" in name else line)
    return found
