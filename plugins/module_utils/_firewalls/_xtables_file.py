# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: where iptables' rules are saved, and how ours go in and out of such a file.

Whole lines of ours go in; every other byte stays, so that without them the file is as it was before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _host, _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _whole_file
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_place as place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_table as tables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._xtables_table import BASES, Chains

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
# Policies as the kernel has them without any rules: a host that so far boots without is not judged differently.
_MADE_SECTION = """\
# Made by printnet.ports, which removes it when it is not needed any more.
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
"""
_MADE_FILE = "# This file was made by printnet.ports.\n" + _MADE_SECTION


class Keeper(NamedTuple):
    """A unit that loads rules at boot, and the files that it loads them from, by family. ``needs`` is its program."""

    unit: str
    paths: Mapping[int, str]
    needs: Mapping[int, str]


KEEPERS = (
    Keeper(
        "netfilter-persistent.service",
        {4: "/etc/iptables/rules.v4", 6: "/etc/iptables/rules.v6"},
        {
            4: "/usr/share/netfilter-persistent/plugins.d/15-ip4tables",
            6: "/usr/share/netfilter-persistent/plugins.d/25-ip6tables",
        },
    ),
    Keeper("iptables.service", {4: "/etc/sysconfig/iptables"}, {}),
    Keeper("ip6tables.service", {6: "/etc/sysconfig/ip6tables"}, {}),
)


CONFIGS = {
    "/etc/sysconfig/iptables": "/etc/sysconfig/iptables-config",
    "/etc/sysconfig/ip6tables": "/etc/sysconfig/ip6tables-config",
}
"""What says whether a unit saves, when it is stopped, what is live then; by the file that it saves to."""
_SAVES = re.compile(r"^[ \t]*(?:export[ \t]+)?(IP6?TABLES_SAVE_ON_STOP)=(.*)$", re.MULTILINE)


def saves_on_stop(path: str) -> str:
    """The setting by which what is live is saved to the file when the host goes down, in words; empty without one."""
    config = CONFIGS.get(path, "")
    found = _SAVES.findall((config and read(config)) or "")
    is_yes = found and re.match(r"[\"']?yes[\"']?[ \t]*(?:[;#].*)?\Z", found[-1][1].strip())
    return f"{found[-1][0]} is yes in {config}" if is_yes else ""


def kept(run: _host.Run) -> tuple[dict[int, str], list[str]]:
    """The file of each family that is loaded, and the units that load it now but not at boot."""
    paths: dict[int, str] = {}
    late: list[str] = []
    for boots in (True, False):
        for keeper in KEEPERS:
            fresh = [version for version in keeper.paths if version not in paths and _has(keeper, version)]
            if not fresh or (boots and not _host.starts_at_boot(keeper.unit)) or not (boots or _is_active(run, keeper)):
                continue
            paths.update({version: keeper.paths[version] for version in fresh})
            late += [] if boots else [keeper.unit]
    return paths, late


def _has(keeper: Keeper, version: int) -> bool:
    return version not in keeper.needs or os.path.exists(keeper.needs[version])


def _is_active(run: _host.Run, keeper: Keeper) -> bool:
    folders = [os.path.dirname(path) for path in keeper.paths.values()]
    return any(map(os.path.isdir, folders)) and run(["systemctl", "is-active", keeper.unit])[1].strip() == "active"


def read(path: str) -> str | None:
    """The file's text, None where there is none."""
    try:
        return _whole_file.read(path)
    except FileNotFoundError:
        return None
    except OSError as wrong:
        raise _host.HostError(f"The saved rules can't be read: {wrong}. {_host.UNCHANGED}") from None


def edit(
    text: str | None, version: int, aims: Mapping[str, Iterable[_rules.Rule]], shorts: Mapping[str, str]
) -> str | None:
    """The file's text with the owners' rules as aimed at; None where it is not there, or need not be any more."""
    wanted = {owner: tables.encode(shorts[owner], rules, version) for owner, rules in aims.items()}
    if text is None:
        text = _MADE_FILE
    if tables.bounds(_lines(text)) is None:
        if not any(wanted.values()):
            return text
        text = _MADE_SECTION + text
    text = _edit(text, version, wanted, shorts)
    if text == _MADE_FILE:
        return None
    return text.removeprefix(_MADE_SECTION)


def _lines(text: str) -> list[str]:
    """Lines with their ends; joined they are the text."""
    return _LINE.findall(text)


def _edit(text: str, version: int, wanted: Mapping[str, Chains], shorts: Mapping[str, str]) -> str:
    lines = _lines(text)
    begin, end = tables.bounds(lines) or (0, 0)
    table = tables.parse(lines[begin + 1 : end], version)
    stale = {
        owner
        for owner, chains in wanted.items()
        if table.ours(shorts[owner]) != chains or place.jump_faults(table, owner, shorts[owner])
    }
    if not stale:
        return text
    going = {shorts[owner] for owner in stale}
    body = [line for line in lines[begin + 1 : end] if _owner_of(line, version) not in going]
    ending = "\r\n" if lines[begin].endswith("\r\n") else "\n"
    chains = {name: rules for owner in stale for name, rules in wanted[owner].items()}
    filled = [f"{rule}{ending}" for name in sorted(chains) for rule in chains[name]]
    for direction, base in BASES.items():
        names = {owner: tables.mains(shorts[owner])[direction] for owner in sorted(stale)}
        added = [place.jump(base, owner, name) for owner, name in names.items() if name in chains]
        at = _before(body, version, direction)
        body[at:at] = [f"{rule}{ending}" for rule in added]
    # Before the first rule: a file that declares others' chains further below would not load with ours there. Behind
    # all else: a bare -X would take them away again.
    first = next((at for at, line in enumerate(body) if tables.rule_of(line)[0]), len(body))
    last = max((at for at, line in enumerate(body[:first], 1) if line.lstrip()[:1] not in ("", "#")), default=0)
    body[last:last] = [f":{name} - [0:0]{ending}" for name in sorted(chains)]
    return "".join([*lines[: begin + 1], *body, *filled, *lines[end:]])


def _owner_of(raw: str, version: int) -> str:
    """The short name of the owner that a line belongs to, empty where it is not ours."""
    if tables.PREFIX not in raw:
        return ""
    chain, text = tables.rule_of(raw)
    if text.startswith(":"):
        return tables.short_of(text[1:].split(None, 1)[0])
    return tables.short_of(chain) or (
        tables.short_of(tables.read(text, version, "in").target) if chain in BASES.values() else ""
    )


def _before(body: list[str], version: int, direction: str) -> int:
    """The index of the line before which a jump of ours belongs."""
    base = BASES[direction]
    foreign = []
    for at, raw in enumerate(body):
        chain, text = tables.rule_of(raw)
        line = tables.read(text, version, direction)
        if chain == base and not tables.short_of(line.target):
            foreign.append((at, line))
    index = place.place(tables.parse(body, version), base, [line for _at, line in foreign])
    if index < len(foreign):
        return foreign[index][0]
    return foreign[-1][0] + 1 if foreign else len(body)


def left_of(path: str) -> list[str]:
    """What a run that was killed has left beside the file, in words."""
    there = _whole_file.is_left(path)
    return [f"{path}{_whole_file.SUFFIX} is left of a run that was interrupted"] if there else []


def clean(path: str) -> None:
    """Remove what such a run has left."""
    try:
        _whole_file.clean(path)
    except OSError as wrong:
        raise _host.HostError(f"What an interrupted run has left beside {path} can't be removed: {wrong}.") from None


def write(path: str, text: str | None) -> None:
    """Put the text in place of the file's; None removes it. The file is whole at any moment."""
    try:
        _whole_file.clean(path)
        if text is None:
            with suppress(FileNotFoundError):
                os.unlink(path)
        else:
            _whole_file.replace(path, text, mode=0o600)
    except OSError as wrong:
        raise _host.HostError(f"The rules can't be saved in {path}: {wrong}.") from None


def try_out(path: str, text: str | None) -> None:
    """Refuse where the text could not be written later."""
    try:
        if text is not None and os.path.exists(path):
            _whole_file.try_out(path, text)
        elif not os.access(os.path.dirname(path), os.W_OK):
            raise PermissionError(f"the folder {os.path.dirname(path)} is not there or can't be written")
    except OSError as wrong:
        raise _host.HostError(f"The rules can't be saved in {path}: {wrong}. {_host.UNCHANGED}") from None
