# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random configurations of ufw, and whether ours stands behind theirs there."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

COMMENTS = [
    "plain",
    "<b>bold</b> & {{ 7 * 7 }}",
    "$(touch /tmp/pwned)",
    "-j ACCEPT",
    "`id`; x",
    "printnet",
    "gr\u00fc\u00df",
]
_APP = "[Odd App]\ntitle=Odd\ndescription=An application\nports=50010,50012:50014/tcp\n"


def load() -> None:
    subprocess.run(["ufw", "reload"], check=True, capture_output=True)


def make(rng: random.Random) -> str:
    """Reload what is in the files, then say some commands to ufw; these are the answer."""
    Path("/etc/ufw/applications.d/odd").write_text(_APP, encoding="utf-8")
    load()
    said = []
    for _number in range(rng.randint(1, 6)):
        words = ["ufw", *_words(rng)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stdout} {done.stderr}")
        said.append(" ".join(words))
    return "\n".join(said)


def _words(rng: random.Random) -> list[str]:
    port, transport = str(rng.randint(50000, 50019)), rng.choice(["tcp", "udp"])
    verdict = rng.choice(["allow", "deny", "reject", "limit"])
    comment = ["comment", rng.choice(COMMENTS)] if rng.random() < 0.6 else []
    log = ["log"] if rng.random() < 0.2 else []
    source = rng.choice(["203.0.113.0/24", "2001:db8:bad::/48", "203.0.113.7"])
    return rng.choice(
        [
            [verdict, f"{port}/{transport}", *comment],
            [verdict, *log, "from", source, "to", "any", "port", port, "proto", transport, *comment],
            [verdict, "in", "on", "nowhere0", "to", "any", "port", port, "proto", transport, *comment],
            ["insert", "1", "deny", "from", "203.0.113.7", *comment],
            ["prepend", "deny", "from", source, "to", "any", "port", port, "proto", transport, *comment],
            ["route", "allow", "in", "on", "nowhere0", "out", "on", "nowhere1", "proto", "udp"],
            [verdict, "Odd App", *comment],
            ["deny", "out", "to", "203.0.113.9", *comment],
            ["allow", "proto", "tcp", "from", "any", "to", "any", "port", "50001,50003:50005", *comment],
            ["allow", "from", "203.0.113.0/25", "proto", "esp", *comment],
            [verdict, port, *comment],
        ]
    )  # fmt: skip


def order() -> str:
    """Whether a tuple of others stands behind one of ours, or another rule behind ours in the kernel's chain."""
    for name in ("user.rules", "user6.rules"):
        ours = ""
        text = Path(f"/etc/ufw/{name}").read_text(encoding="utf-8")
        for line in text.splitlines():
            if line.startswith("### tuple ### ") and not line.startswith("### tuple ### route:"):
                mine = _is_ours(line)
                if ours and not mine:
                    return f"in {name} stands {line!r} behind ours"
                ours = ours or (line if mine else "")
        told = _live_order(name, text)
        if told:
            return told
    return ""


def _live_order(name: str, text: str) -> str:
    """The last lines of the chain are as many as our tuples need: no line of others is among them."""
    chain, tool = ("ufw6-user-input", "ip6tables-save") if "6" in name else ("ufw-user-input", "iptables-save")
    theirs: list[str] = []
    take = False
    for line in text.splitlines():
        if line.startswith("### tuple ### "):
            take = not _is_ours(line)
        elif take and line.startswith(f"-A {chain} "):
            theirs.append(line)
    done = subprocess.run([tool, "-t", "filter"], capture_output=True, text=True, check=True)
    live = [line for line in done.stdout.splitlines() if line.startswith(f"-A {chain} ")]
    # Others' lines come first, one by one; the kernel may spell one otherwise, but their number is the same.
    behind = [line for line in live[len(theirs) :] if not re.search(r" -j ACCEPT\Z", line)]
    return f"live stands {behind[0]!r} among or behind ours" if behind else ""


def _is_ours(line: str) -> bool:
    found = re.search(r" comment=([0-9a-f]+)\Z", line)
    return bool(found) and "printnet.ports/" in bytes.fromhex(found[1]).decode(errors="replace") if found else False
