# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the firewalls that the collection drives, one file each.

Adding one is one file beside this, its name in the import below, and an entry in the table. Python compiles on the host
what Ansible ships, each time, so only the firewall that is active is imported. What says whether it is stands here.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _backend

if TYPE_CHECKING:
    # Ansible ships to a host what it can see to be imported, wherever that stands.
    from ansible_collections.printnet.ports.plugins.module_utils._firewalls import (  # noqa: F401
        firewalld,
        iptables,
        nftables,
        ufw,
    )


class Entry(NamedTuple):
    """A firewall's class, and what is known of it before that is imported."""

    kind: str
    units: tuple[str, ...] = ()
    """The systemd units that load it; it is active where one of them is."""
    switch: tuple[str, str] = ("", "")
    """For one without such a unit: its program, and a file whose line ``ENABLED=yes`` says that it is active."""
    starter: str = ""
    """The unit that then loads it at boot. Who disables that one leaves the line as it is."""
    traces: tuple[tuple[str, str], ...] = ()
    """Files in which something of ours may stand when it is not active, and a text that is in them then."""

    def is_there(self) -> bool:
        """Whether its program is there, as far as it has one."""
        return not self.switch[0] or Path(self.switch[0]).exists()

    def is_switched_on(self) -> bool:
        """Whether its switch says that it is active. Its settings may outlive its package."""
        program, path = self.switch
        if not program or not self.is_there():
            return False
        with suppress(OSError):
            text = Path(path).read_text(encoding="utf-8", errors="replace")
            # The last one counts, as for ufw itself.
            found = re.findall(r"(?mi)^[ \t]*ENABLED[ \t]*=[ \t]*[\"']?(\w*)", text)
            return bool(found) and found[-1].lower() == "yes"
        return False

    def starts_at_boot(self) -> bool:
        """Whether it looks as if a boot starts it; what systemd says may differ."""
        return self.is_switched_on() or any(glob.glob(f"/etc/systemd/system/*.wants/{unit}") for unit in self.units)

    def has_traces(self) -> bool:
        """Whether something of ours may stand in its files."""
        return any(text.encode() in _bytes(path) for pattern, text in self.traces for path in glob.glob(pattern))


def _bytes(path: str) -> bytes:
    with suppress(OSError):
        return Path(path).read_bytes()
    return b""


ENTRIES = {
    "firewalld": Entry(
        "Firewalld",
        units=("firewalld.service",),
        traces=(("/etc/firewalld/policies/pnp*.xml*", ""), ("/etc/firewalld/ipsets/pnp*.xml*", "")),
    ),
    "nftables": Entry(
        "Nftables",
        units=("nftables.service",),
        traces=(("/etc/printnet.ports/*", ""), ("/etc/systemd/system/nftables.service.d/printnet.ports.conf", "")),
    ),
    "iptables": Entry(
        "Iptables",
        units=("netfilter-persistent.service", "iptables.service", "ip6tables.service"),
        traces=(("/etc/iptables/rules.v?", "pnports1-"), ("/etc/sysconfig/ip*tables", "pnports1-")),
    ),
    "ufw": Entry(
        "Ufw",
        switch=("/usr/sbin/ufw", "/etc/ufw/ufw.conf"),
        starter="ufw.service",
        # Its comments are written as figures.
        traces=tuple((f"{folder}/ufw/user*.rules", b"printnet.ports/".hex()) for folder in ("/etc", "/lib")),
    ),
}


class _Firewalls(Mapping[str, type[_backend.Backend]]):
    """The classes by name, each imported when it is asked for."""

    def __getitem__(self, name: str) -> type[_backend.Backend]:
        kind = ENTRIES[name].kind
        found: type[_backend.Backend] = getattr(import_module(f"{__name__}.{name}"), kind)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(ENTRIES)

    def __len__(self) -> int:
        return len(ENTRIES)


FIREWALLS = _Firewalls()
