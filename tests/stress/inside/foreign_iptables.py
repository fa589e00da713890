# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random configurations of iptables, and whether ours stands behind theirs there."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

FILES = {4: Path("/etc/iptables/rules.v4"), 6: Path("/etc/iptables/rules.v6")}
_TOOL = {4: "iptables", 6: "ip6tables"}
COMMENTS = [
    "plain",
    "it's <b>bold</b> & {{ 7 * 7 }}",
    r"say \"hello\"",
    "$(touch /tmp/pwned)",
    "-j ACCEPT",
    r"back\\slash",
]


def load() -> None:
    for version, path in FILES.items():
        subprocess.run([f"{_TOOL[version]}-restore", "-c"], input=path.read_bytes(), check=True, capture_output=True)


def make(rng: random.Random) -> str:
    """Write the files of both families, load them, and give their texts."""
    texts = []
    for version, path in FILES.items():
        text = _text(rng, version)
        path.write_text(text, encoding="utf-8")
        texts.append(text)
    load()
    return "\n".join(texts)


def _count(rng: random.Random) -> str:
    return f"[{rng.randint(0, 99)}:{rng.randint(0, 9999)}]"


def _rule(rng: random.Random, chain: str, version: int) -> str:
    port = rng.randint(50000, 50019)
    source = "203.0.113.0/24" if version == 4 else "2001:db8:bad::/48"
    match = rng.choice(
        [
            f"-p tcp -m tcp --dport {port}", f"-p udp -m multiport --dports {port},{port + 20}:{port + 30}",
            f"-s {source} -p tcp -m tcp --dport {port}", f"-i nowhere+ -p tcp -m tcp --dport {port}",
            f"-p tcp -m conntrack --ctstate NEW -m tcp --dport {port}", f"! -s {source} -p udp -m udp --dport {port}",
            f"-p udp -m udp --sport 50001 --dport {port}", f"-s {source}",
        ]
    )  # fmt: skip
    comment = f' -m comment --comment "{rng.choice(COMMENTS)}"' if rng.random() < 0.5 else ""
    reject = "icmp-admin-prohibited" if version == 4 else "icmp6-adm-prohibited"
    target = rng.choice(["ACCEPT", "DROP", "REJECT --reject-with " + reject, 'LOG --log-prefix "look here: "', "extra"])
    if target == "extra" and chain == "extra":
        target = "RETURN"
    return f"{_count(rng)} -A {chain} {match}{comment} -j {target}"


def _text(rng: random.Random, version: int) -> str:
    icmp = "icmp" if version == 4 else "ipv6-icmp"
    reject = "icmp-host-prohibited" if version == 4 else "icmp6-adm-prohibited"
    policy = rng.choice(["DROP", "DROP", "DROP", "ACCEPT"])
    ends = [
        [], [], ["-A INPUT -j DROP"], [f"-A INPUT -j REJECT --reject-with {reject}"],
        ['-A INPUT -m limit --limit 3/min -j LOG --log-prefix "denied "', "-A INPUT -j DROP"],
        [f'-A INPUT -m comment --comment "{COMMENTS[1]}" -j DROP'],
    ]  # fmt: skip

    def rules(chain: str, most: int) -> list[str]:
        return [_rule(rng, chain, version) for _one in range(rng.randint(0, most))]

    lines = [f"# {rng.choice(COMMENTS)}", "*filter"]
    lines += [f":INPUT {policy} {_count(rng)}", f":FORWARD DROP {_count(rng)}", f":OUTPUT ACCEPT {_count(rng)}"]
    lines += [":extra - [0:0]", ":f2b-sshd - [0:0]"]
    lines += [f"{_count(rng)} -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"]
    lines += ["-A INPUT -i lo -j ACCEPT", f"-A INPUT -p {icmp} -j ACCEPT", *rules("INPUT", 3)]
    lines += [
        "-A INPUT -p tcp -m tcp --dport 22 -j f2b-sshd",
        f"{_count(rng)} -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT",
    ]
    lines += [*rules("INPUT", 4), *rng.choice(ends), *rules("extra", 3)]
    lines += ["-A f2b-sshd -j RETURN", "COMMIT"]
    if rng.random() < 0.6:
        lines += ["*nat", ":PREROUTING ACCEPT [1:2]", ":INPUT ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"]
        lines += [":POSTROUTING ACCEPT [3:4]", "-A PREROUTING -p tcp -m tcp --dport 50100 -j REDIRECT --to-ports 50101"]
        lines += ["-A POSTROUTING -o nowhere -j MASQUERADE", "COMMIT"]
    if rng.random() < 0.3:
        lines += ["*mangle", ":PREROUTING ACCEPT [0:0]", ":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]"]
        lines += [":OUTPUT ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]"]
        lines += ["-A PREROUTING -p tcp -m tcp --dport 50002 -j MARK --set-xmark 0x1/0xffffffff", "COMMIT"]
    return "\n".join(lines) + "\n"


def order() -> str:
    """Whether a rule of others that is not a catch-all stands behind a jump of ours, live or saved."""
    for version, path in FILES.items():
        done = subprocess.run([f"{_TOOL[version]}-save", "-t", "filter"], capture_output=True, text=True, check=True)
        for where, text in (("live", done.stdout), (str(path), path.read_text(encoding="utf-8"))):
            told = _order(where, text)
            if told:
                return told
    return ""


_ALL = re.compile(
    r'(\[\d+:\d+\] )?-A INPUT( -m (limit --limit \S+( --limit-burst \d+)?|comment --comment (".*"|\S+)))*'
    r' -j (DROP|REJECT( --reject-with \S+)?|LOG( --log-prefix ".*")?( --log-level \d+)?)\Z'
)


def _order(where: str, text: str) -> str:
    ours = False
    # The tables may come in any order: only the filter's part of a file is looked at.
    part = text[text.index("*filter") :].partition("\nCOMMIT")[0]
    for line in part.splitlines():
        if re.match(r"(\[\d+:\d+\] )?-A INPUT ", line):
            if re.search(r"-j pnports1-", line):
                ours = True
            elif ours and not _ALL.match(line):
                return f"behind ours stands, {where}: {line}"
    return ""
