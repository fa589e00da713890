# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random configurations of nftables, and whether ours stands behind theirs there."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

FILE = Path("/etc/nftables.conf")
COMMENTS = [
    "plain",
    "it's <b>bold</b> & {{ 7 * 7 }}",
    "$(touch /tmp/pwned)",
    "`id`; drop",
    "-j ACCEPT",
    "gr\u00fc\u00df",
]


def load() -> None:
    subprocess.run(["nft", "-f", str(FILE)], check=True, capture_output=True)


def make(rng: random.Random) -> str:
    """Write a file, load it, and give its text."""
    text = _text(rng)
    FILE.write_text(text, encoding="utf-8")
    load()
    return text


def _rule(rng: random.Random) -> str:
    """One rule about ports from 50000 on."""
    port = rng.randint(50000, 50019)
    comment = f' comment "{rng.choice(COMMENTS)}"' if rng.random() < 0.4 else ""
    counter = f"counter packets {rng.randint(0, 99)} bytes {rng.randint(0, 9999)} " if rng.random() < 0.5 else ""
    verdict = rng.choice(["accept", "drop", "reject", "reject with icmpx admin-prohibited"])
    match = rng.choice(
        [
            f"tcp dport {port}", f"udp dport {{ {port}, {port + 20} }}", f"tcp dport {port}-{port + 3}",
            f"ip saddr 203.0.113.0/24 tcp dport {port}", f"ip6 saddr 2001:db8:bad::/48 udp dport {port}",
            f"meta l4proto {{ tcp, udp }} th dport {port}", f'iifname "nowhere*" tcp dport {port}',
            f"ip saddr @blocked udp dport {port}", f"ct state new tcp dport {port}",
            f"tcp sport 50001 tcp dport {port}",
        ]
    )  # fmt: skip
    return rng.choice(
        [
            f"{match} {counter}{verdict}{comment}",
            f"{match} {counter}{verdict}{comment}",
            f"{match} limit rate 5/minute log prefix \"look 'here': \" level info{comment}",
            f"{match} counter name seen{comment}",
            f"tcp dport vmap {{ {port} : accept, {port + 1} : drop }}{comment}",
            f"tcp dport vmap @verdicts{comment}",
            f"{match} jump extra{comment}",
        ]
    )


def _text(rng: random.Random) -> str:
    family = rng.choice(["inet", "inet", "inet", "ip+ip6"])
    tables = ["inet"] if family == "inet" else ["ip", "ip6"]
    lines = ["#!/usr/sbin/nft -f", f"# {rng.choice(COMMENTS)}", "flush ruleset", ""]
    name, chain = rng.choice(["filter", "fw", "main"]), rng.choice(["input", "INPUT", "in_"])
    for kind in tables:
        lines += _table(rng, kind, name, chain)
    if rng.random() < 0.5:
        lines += [
            "table ip nat {",
            "\tchain pre {", "\t\ttype nat hook prerouting priority dstnat;",
            "\t\ttcp dport 50100 redirect to :50101", "\t}",
            "\tchain post {", "\t\ttype nat hook postrouting priority srcnat;",
            '\t\toifname "nowhere" masquerade', "\t}", "}",
        ]  # fmt: skip
    if rng.random() < 0.3:
        lines += [
            "table inet second {", "\tchain late {",
            f"\t\ttype filter hook input priority {rng.choice([-5, 5, 50])}; policy accept;",
            f"\t\ttcp dport {rng.randint(50000, 50019)} counter drop", "\t}", "}",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _table(rng: random.Random, kind: str, name: str, chain: str) -> list[str]:
    def rules(most: int) -> list[str]:
        found = [_rule(rng) for _one in range(rng.randint(0, most))]
        return ["\t\t" + one for one in found if _fits(one, kind)]

    policy = rng.choice(["drop", "drop", "drop", "accept"])
    ends = [
        [], [], ["counter drop"], ["reject with icmpx admin-prohibited"], ["counter packets 7 bytes 420 reject"],
        ['limit rate 3/minute log prefix "denied "', "drop"], ["meta l4proto tcp reject with tcp reset", "drop"],
    ]  # fmt: skip
    end = rng.choice(ends)
    if kind != "inet":
        end = [one.replace("icmpx admin", "icmp admin" if kind == "ip" else "icmpv6 admin") for one in end]
    out = rng.choice(["accept", "accept", "drop"])
    extra = [one for one in rules(3) if "jump" not in one]
    blocked = ["\tset blocked {", "\t\ttype ipv4_addr", "\t\tflags interval"]
    blocked += ["\t\telements = { 203.0.113.0/25, 203.0.113.200 }", "\t}"]
    return [
        f"table {kind} {name} {{",
        *(blocked if kind != "ip6" else []),
        "\tmap verdicts {", "\t\ttype inet_service : verdict", "\t\telements = { 50007 : accept, 50008 : drop }", "\t}",
        "\tcounter seen {", "\t\tpackets 5 bytes 555", "\t}",
        "\tchain extra {", *extra, "\t}",
        f"\tchain {chain} {{",
        f"\t\ttype filter hook input priority {rng.choice(['filter', '0', '-1', '10'])}; policy {policy};",
        "\t\tct state established,related accept", '\t\tiif "lo" accept', "\t\tmeta l4proto { icmp, ipv6-icmp } accept",
        *rules(3), "\t\ttcp dport 22 counter packets 3 bytes 180 accept", *rules(4), *("\t\t" + one for one in end),
        "\t}",
        "\tchain output {", f"\t\ttype filter hook output priority filter; policy {out};",
        "\t\tct state established,related accept", '\t\toif "lo" accept', "\t\tmeta l4proto { icmp, ipv6-icmp } accept",
        "\t}",
        "}",
    ]  # fmt: skip


def _fits(rule: str, kind: str) -> bool:
    other = {"ip": ("ip6 ", "icmpx"), "ip6": ("ip saddr", "icmpx"), "inet": ()}
    return not any(word in rule for word in other[kind])


def order() -> str:
    """Whether a rule of others that is not a catch-all stands behind a jump of ours in a base chain."""
    done = subprocess.run(["nft", "-j", "list", "ruleset"], capture_output=True, text=True, check=True)
    ours: set[tuple[str, str, str]] = set()
    for item in json.loads(done.stdout)["nftables"]:
        rule = item.get("rule")
        if not rule:
            continue
        place = (rule["family"], rule["table"], rule["chain"])
        if rule["chain"].startswith("pnports1-"):
            continue
        if any("pnports1-" in str(one.get("jump", "")) for one in rule["expr"]):
            ours.add(place)
        elif place in ours and not _is_catch_all(rule["expr"]):
            return f"behind ours stands {json.dumps(rule)}"
    return ""


def _is_catch_all(expressions: list[dict[str, Any]]) -> bool:
    kinds = {kind for one in expressions for kind in one}
    return kinds <= {"drop", "reject", "counter", "log", "limit"} or _is_reset(expressions)


def _is_reset(expressions: list[dict[str, Any]]) -> bool:
    """``meta l4proto tcp reject`` refuses all of TCP, before the rest is dropped."""
    matches = [one["match"]["left"] for one in expressions if "match" in one]
    kinds = {kind for one in expressions for kind in one}
    return kinds <= {"match", "reject", "counter"} and matches == [{"meta": {"key": "l4proto"}}]
