# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile values for every field of a rule and of a task, from a seed."""

from __future__ import annotations

import random
from typing import Any

CANARY = "/tmp/printnet-pwned"
"""A file that comes into being where a value reaches a shell, and nowhere else."""
TEXTS = [
    "", " ", "\0", "a\0b", "\n", "a\nb", "'", '"', "`", "\\", "%",
    "%s%n", ";", "--", "-j ACCEPT", "-p tcp -j ACCEPT", "-A INPUT",
    f"$(touch {CANARY})", f"`touch {CANARY}`", f"; touch {CANARY} #", f"| touch {CANARY}", f"\n touch {CANARY}\n",
    f"'; touch {CANARY}; '", f'"; touch {CANARY}; "', "{{ 7 * 7 }}",
    "{% for x in y %}", f"{{{{ lookup('pipe', 'touch {CANARY}') }}}}",
    "../../etc/passwd", "/etc/shadow", "../" * 20 + "tmp/x", "COMMIT",
    "*filter", "flush ruleset", "accept } chain x {", "\"]}",
    "\u202e\u0661\u0662", "\u00fc", "\U0001f600", "\ud800", "x" * 100000,
    "1" * 5000, "null", "None", "True", "~", "#", "<b>&amp;",
    "any\n", "ANY", "any any", "0.0.0.0/0\n-j ACCEPT", "192.0.2.1;drop",
    "192.0.2.0/33", "192.0.2.1/24", "::/129", "fe80::1%eth0",
    "1.2.3", "0x7f000001", "010.0.0.1", "2001:db8::/32", "10.0.0.0/8",
    "22", "0", "65536", "-1", "1-", "5-1", "1-70000", "1:2", "1,2",
    "1e3", " 515 ", "\uff15\uff11\uff15", "+515", "515.0", "0515",
    "ssh", "tcp", "udp", "TCP", "sctp", "in", "out", "alpha", "vpsx",
    "printnet.ports/alpha", "pnports1-alpha", "present", "absent", "auto", "never", "always", "firewalld", "iptables",
]  # fmt: skip
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 22, 65536, 2**70, 1.5,
    float("1e300"), [], {}, [[]], [None], [{}], [[["x"]]], {"x": "y"},
    ["22", ["23"]], {"ports": ["1"]}, [1, "2", None],
]  # fmt: skip


def value(rng: random.Random) -> Any:
    how = rng.random()
    if how < 0.6:
        return text(rng)
    if how < 0.8:
        return rng.choice(ODD)
    return [text(rng) if rng.random() < 0.8 else rng.choice(ODD) for _one in range(rng.randint(0, 3))]


def text(rng: random.Random) -> str:
    found = rng.choice(TEXTS)
    return found + rng.choice(TEXTS) if rng.random() < 0.1 and len(found) < 200 else found


GOOD: dict[str, Any] = {
    "direction": "in",
    "transport": "tcp",
    "ports": ["515"],
    "source_ports": [],
    "peers": ["198.51.100.0/24"],
}


def rule(rng: random.Random, more: tuple[str, ...]) -> Any:
    """A rule with some fields hostile, missing or too many; rarely something that is no rule."""
    if rng.random() < 0.05:
        return value(rng)
    found = dict(GOOD)
    for _one in range(rng.choice([0, 1, 1, 1, 2, 3])):
        field = rng.choice([*GOOD, *more])
        if rng.random() < 0.15:
            found.pop(field, None)
        elif isinstance(GOOD.get(field), list) and rng.random() < 0.7:
            found[field] = [*rng.choice([[], GOOD[field]]), value(rng)]
        else:
            found[field] = value(rng)
    if rng.random() < 0.03:
        found[text(rng)] = value(rng)
    return found


def rules(rng: random.Random, more: tuple[str, ...]) -> Any:
    return value(rng) if rng.random() < 0.05 else [rule(rng, more) for _one in range(rng.randint(0, 3))]
