# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that mean harm, each on port 443 of a host, as scripts for that host: read by test_compliance."""

from __future__ import annotations

SCRIPT = "<script>alert(1)</script>"
JINJA = "{{ 7 * 7 }}"
FORMULA = "=cmd|' /C calc'!A0"

_SERVER = """
import os, socket, threading, time
open('/proc/self/comm', 'w').write('<b>{{7*7}}=1+1')
def serve(connection):
    try:
        with connection:
            {body}
    except OSError:
        pass
server = socket.create_server(('::', 443), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    threading.Thread(target=serve, args=[server.accept()[0]], daemon=True).start()
"""
_BODIES = {
    # A banner that every reader of the report would like to run.
    "nftables1": f"connection.sendall(({FORMULA!r} + {SCRIPT!r} + {JINJA!r}).encode() + b'\\x1b[31m\\xff\\xfe\\r\\n')",
    # A byte a second, for ever.
    "firewalld1": "[(connection.sendall(b'x'), time.sleep(1)) for _again in range(9999)]",
    # A line that never ends.
    "iptables1": "[connection.sendall(b'A' * 1000000) for _again in range(9999)]",
    # Nothing at all, for ever.
    "ufw1": "time.sleep(9999)",
}
_RUBBISH = (
    "import os, socket\\n"
    "server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\\nserver.bind(('::', 7000))\\n"
    "while True:\\n    data, peer = server.recvfrom(9999)\\n    server.sendto(os.urandom(1400), peer)\\n"
)


def made() -> dict[str, str]:
    """What each host has to run."""
    start = "systemctl stop nginx note; cat > /run/harm.py <<'EOF'\n{body}\nEOF\n"
    start += f'printf "{_RUBBISH}" > /run/rubbish.py\n'
    start += "systemd-run -q --unit=harm python3 /run/harm.py; systemd-run -q --unit=rubbish python3 /run/rubbish.py"
    scripts = {host: start.replace("{body}", _SERVER.replace("{body}", body)) for host, body in _BODIES.items()}
    scripts["nftables1"] += f"\nnft 'insert rule inet filter input tcp dport 5500 drop comment \"{SCRIPT}{JINJA}\"'"
    return scripts


def mended() -> dict[str, str]:
    scripts = dict.fromkeys(_BODIES, "systemctl stop harm rubbish; systemctl start nginx note")
    scripts["nftables1"] += "; systemctl restart nftables"
    return scripts
