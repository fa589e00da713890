# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the programs of iptables: what they print of the kernel's rules, what they are given, and why they fail."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

from ansible_collections.printnet.ports.plugins.module_utils import _host
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_place as place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._xtables_table import (
    BASES,
    Table,
    parse,
    section,
)

PROGRAMS = {4: "iptables", 6: "ip6tables"}
_SBIN = ":/usr/sbin:/usr/bin:/sbin:/bin"
_MISSING = 127
_LOCK = "xtables lock"
"""What a program speaks of that can't have the lock. Its status, 4, is that of any refusal of the kernel too."""
_SECONDS = 10
"""How long a program waits for the lock that legacy iptables take."""
_LEGACY = {4: "/proc/net/ip_tables_names", 6: "/proc/net/ip6_tables_names"}


class AbsentError(_host.HostError):
    """The program is not there."""


def has_ipv6() -> bool:
    return os.path.exists("/proc/net/if_inet6")


def dump(run: _host.Run, version: int) -> Table:
    """The kernel's table of a family."""
    table = _dump(run, version)
    older = _older(run, version)
    if older and any(place.may_refuse(older, base) for base in BASES.values()):
        name = PROGRAMS[version]
        emptied = "; ".join(f"{name}-legacy -P {base} ACCEPT; {name}-legacy -F {base}" for base in BASES.values())
        raise _host.HostError(
            f"Two sets of tables filter on this host at once: those of {name} (nf_tables) and those of {name}-legacy. "
            f"See {name}-legacy-save, move its rules of INPUT and OUTPUT to {name}, and empty these two chains: "
            f"{emptied}. Or use it alone: update-alternatives --config {name}. {_host.UNCHANGED}"
        )
    return table


def can_try(version: int) -> bool:
    """Whether a trial changes nothing: one of the older kind loads the kernel's module, where that is not there."""
    return _legacy_filters(version) or not _is_legacy(f"{PROGRAMS[version]}-save")


def filters(run: _host.Run, version: int) -> bool:
    """Whether INPUT refuses by default, in the tables of either kind."""
    some = [_dump(run, version), _older(run, version)]
    return any(place.denies(table, BASES["in"]) for table in some if table)


def _dump(run: _host.Run, version: int) -> Table:
    program = f"{PROGRAMS[version]}-save"
    if _is_legacy(program) and not _legacy_filters(version):
        # Asking would load the kernel's module.
        return Table(version)
    code, out, err = run([program, "-t", "filter"])
    if code == _MISSING:
        raise AbsentError(f"This host has no {program}, which comes with the package iptables. {_host.UNCHANGED}")
    if code:
        raise _host.HostError(
            f"{program} can't read the rules: {told(err)}. It needs root, and in a container the capability "
            f"CAP_NET_ADMIN. {_host.UNCHANGED}"
        )
    if "is incompatible, use 'nft' tool" in out:
        raise _host.HostError(
            f"The table filter holds rules that {program} does not understand, because nft changed them. Mend it with "
            f"nft list table {'ip' if version == 4 else 'ip6'} filter, or use nftables alone. {_host.UNCHANGED}"
        )
    return parsed(out, version)


def _is_legacy(program: str) -> bool:
    path = shutil.which(program, path=os.environ.get("PATH", "") + _SBIN)
    return path is not None and "nft" not in os.path.basename(os.path.realpath(path))


def _legacy_filters(version: int) -> bool:
    """Whether the kernel has the older kind of table."""
    try:
        with open(_LEGACY[version], encoding="ascii") as names:
            return "filter" in names.read().split()
    except OSError:
        return False


def _older(run: _host.Run, version: int) -> Table | None:
    """The tables of the older kind, where they are there beside the newer ones."""
    name = PROGRAMS[version]
    if _is_legacy(f"{name}-save") or not _legacy_filters(version):
        return None
    code, out, _err = run([f"{name}-legacy-save", "-t", "filter"])
    return None if code else parsed(out, version)


def restore(run: _host.Run, table: Table, lines: Iterable[str], *options: str) -> None:
    """One transaction of a family. ``table`` is what the kernel has now."""
    program = f"{PROGRAMS[table.version]}-restore"
    kept = _policies(table) if _is_legacy(program) else []
    words = [program, "--noflush", *options, *(["--counters"] if kept else [])]
    wrong = _fed(run, words, "\n".join(["*filter", *kept, *lines, "COMMIT", ""]))
    if wrong:
        raise _host.HostError(f"{program} refused the change, and its rules are as they were: {wrong}.")


def fault(run: _host.Run, version: int, text: str) -> str:
    """Why a saved file of this text would not load, empty where it would."""
    return _fed(run, [f"{PROGRAMS[version]}-restore", "--test"], text)


def _fed(run: _host.Run, words: list[str], text: str) -> str:
    """Why a program refuses the text, empty where it takes it."""
    code, _out, err = run([*words, "-w", str(_SECONDS)], data=text)
    if code and _LOCK in err:
        raise _host.HostError(
            f"Another program has held the lock of iptables for {_SECONDS} seconds, so {words[0]} did nothing. "
            "Find it with: fuser /run/xtables.lock"
        )
    return told(err) if code else ""


def _policies(table: Table) -> list[str]:
    """The policies as they are: any change of the older kind of table would begin their counters anew."""
    return [f":{name} {policy} {table.counts[name]}" for name, policy in table.policies.items() if table.counts[name]]


def told(err: str) -> str:
    """What a program said, in one line."""
    return " ".join(err.split())[:500].rstrip(".") or "it said nothing"


def parsed(text: str, version: int) -> Table:
    """The table filter of a dump."""
    return parse(section(text), version)
