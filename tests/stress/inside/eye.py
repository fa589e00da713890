# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands on the host, by an eye of its own: files with bytes and modes, and what the kernel has, line by line."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

FOLDERS = (
    "/etc/firewalld", "/etc/nftables.conf", "/etc/nftables.d", "/etc/iptables", "/etc/ufw", "/etc/default",
    "/etc/systemd/system", "/etc/printnet.ports", "/etc/sysconfig",
)  # fmt: skip
OUR_FILES = re.compile(
    r"/etc/firewalld/(policies/pn(ports|pout)1-[a-z0-9_]+|ipsets/pn(ports|pout)1-[a-z0-9_]+-[0-9a-f]{6}[46])\.xml\Z"
    r"|/etc/printnet\.ports(/nftables(\.json|_load\.py))?\Z"
    r"|/etc/systemd/system/nftables\.service\.d(/printnet\.ports\.conf)?\Z"
    r"|/etc/firewalld/(policies|ipsets)\Z"
)
"""The files and folders that our rules may need; nothing else may come."""
UNFINISHED = re.compile(
    r"\.pnports1\Z|/etc/printnet\.ports/|/etc/systemd/system/nftables\.service\.d/\.?printnet"
    r"|/etc/firewalld/(policies|ipsets)/pn(ports|pout)1-[a-z0-9_-]+\.xml\.old\Z"
)
"""What a killed run may leave beside them until the next one: firewalld itself keeps what a file was before."""
SHARED = re.compile(r"/etc/ufw/user6?\.rules\Z|/etc/iptables/rules\.v[46]\Z")
"""Files of the firewall that hold others' rules and ours."""
_COUNTER = re.compile(r"packets (\d+) bytes (\d+)")
_OUR_TUPLE = re.compile(
    r"### tuple ### .* comment=(7072696e746e65742e706f727473|[0-9a-f]*7072696e746e65742e706f727473)"
)

Entry = tuple[str, int, int, int, str]
"""Kind, mode, user, group, and the bytes as text (or where a link leads)."""


@dataclass(frozen=True)
class Look:
    """What is there at one moment. ``live`` has the kernel's rules without counters, ``counters`` what they counted."""

    files: dict[str, Entry]
    live: list[str]
    counters: list[tuple[int, ...]]


def look(firewall: str) -> Look:
    live, counters = _live(firewall)
    return Look(files(), live, counters)


def files(folders: Iterable[str] = FOLDERS) -> dict[str, Entry]:
    """All files below some folders."""
    found: dict[str, Entry] = {}
    for folder in folders:
        if os.path.lexists(folder):
            _add(found, Path(folder))
        if os.path.isdir(folder) and not os.path.islink(folder):
            for path in Path(folder).rglob("*"):
                _add(found, path)
    return found


def _add(found: dict[str, Entry], path: Path) -> None:
    try:
        about = path.lstat()
        if stat.S_ISLNK(about.st_mode):
            kind, text = "link", os.readlink(path)
        elif stat.S_ISREG(about.st_mode):
            kind, text = "file", path.read_bytes().decode("latin-1")
        else:
            kind, text = "folder", ""
    except FileNotFoundError:
        return
    found[str(path)] = (kind, stat.S_IMODE(about.st_mode), about.st_uid, about.st_gid, text)


def _say(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, errors="replace", check=True).stdout


_DIRECT = re.compile(r"table ip6? filter ")


def live(firewall: str) -> list[str]:
    """The kernel's rules, without counters."""
    return _live(firewall)[0]


def _live(firewall: str) -> tuple[list[str], list[tuple[int, ...]]]:
    lines = []
    if firewall in ("nftables", "firewalld"):
        # Handles show that a rule is still the same one; a reload of firewalld makes all of them anew.
        lines += _nft(firewall == "nftables")
    else:
        for tool in ("iptables-save", "ip6tables-save"):
            lines += _xtables(tool)
    if firewall == "firewalld":
        # Its direct rules, the only ones of it that count, begin anew with each reload, whoever asks for it.
        lines = [(line, () if _DIRECT.match(line) else numbers) for line, numbers in lines]
    return [line for line, _numbers in lines], [numbers for _line, numbers in lines]


def _nft(handles: bool) -> list[tuple[str, tuple[int, ...]]]:
    found: list[tuple[str, tuple[int, ...]]] = []
    inside: list[str] = []
    dump = _say("nft", *(["-a"] if handles else []), "list", "ruleset")
    for line in dump.splitlines():
        text = line.strip()
        numbers = tuple(int(one) for match in _COUNTER.findall(text) for one in match)
        text = _COUNTER.sub("", text)
        if text == "}":
            inside.pop()
        elif text:
            found.append((" / ".join([*inside, text]), numbers))
            if re.search(r"\{( #.*)?\Z", text):
                inside.append(text)
    # In which order tables were made does not matter; what is in one stays in its order.
    return sorted(found, key=lambda one: one[0].partition(" / ")[0])


def _xtables(tool: str) -> list[tuple[str, tuple[int, ...]]]:
    found: list[tuple[str, tuple[int, ...]]] = []
    table = ""
    for line in _say(tool, "-c").splitlines():
        if line.startswith("*"):
            table = line
        elif line.startswith((":", "[")):
            match = re.search(r"\[(\d+):(\d+)\]", line)
            assert match, line
            # A chain is written before the rules of all chains.
            text = line.replace(match[0], "", 1).strip()
            found.append((f"{tool} {table} {text}", (int(match[1]), int(match[2]))))
    return found


def foreign_differs(firewall: str, before: Look, now: Look, killed: bool = False) -> str:
    """What of others is not as it was, or is there and neither theirs nor ours; empty where all is well."""
    for path, entry in before.files.items():
        there = now.files.get(path)
        if there is None or there[:4] != entry[:4]:
            return f"{path} was {entry[:4]}, is {there and there[:4]}"
        if entry[4] != there[4] and not SHARED.search(path):
            return f"{path} changed: {first_difference(entry[4], there[4])}"
        if entry[4] != there[4]:
            told = extra(entry[4].splitlines(), there[4].splitlines(), _is_ours_in_file)
            if told:
                return f"{path}: {told}"
    for path in sorted(now.files.keys() - before.files.keys()):
        if not OUR_FILES.search(path) and not (killed and UNFINISHED.search(path)):
            return f"{path} was not there before"
    told = extra(before.live, now.live, lambda lines: _odd_line(firewall, lines))
    if told:
        return told
    return _counters(before, now)


def differs(before: Look, now: Look) -> str:
    """What is not exactly as it was, counters apart, which only grow."""
    for path in sorted(before.files.keys() | now.files.keys()):
        some, others = before.files.get(path), now.files.get(path)
        if some is None or others is None or some != others:
            what = first_difference(some[4], others[4]) if some and others else ""
            return f"{path}: was {some and some[:4]}, is {others and others[:4]} {what}"
    if before.live != now.live:
        return f"live: {first_difference(before.live, now.live)}"
    return _counters(before, now)


def first_difference(some: list[str] | str, others: list[str] | str) -> str:
    """The first lines that differ, of a text or a list of lines."""
    old, new = (one.splitlines() if isinstance(one, str) else one for one in (some, others))
    for number in range(max(len(old), len(new))):
        pair = [lines[number] if number < len(lines) else "(end)" for lines in (old, new)]
        if pair[0] != pair[1]:
            return f"line {number + 1} was {pair[0]!r}, is {pair[1]!r}"
    return "only in its ends of lines"


def extra(before: list[str], now: list[str], odd: object) -> str:
    """Whether the old lines are all still there in their order; ``odd`` says which of the new ones may not be."""
    place, more = 0, []
    for line in now:
        if place < len(before) and line == before[place]:
            place += 1
        else:
            more.append(line)
    if place < len(before):
        return f"the line {before[place]!r} is gone, or stands elsewhere"
    assert callable(odd)
    told = odd(more)
    return f"the line {told!r} is neither theirs nor ours" if told else ""


def _odd_line(firewall: str, lines: list[str]) -> str:
    if firewall == "ufw":
        ours = re.compile(r"\S+ \*filter -A ufw6?-user-(input|output) .*-j ACCEPT\Z")
    else:
        ours = re.compile(r"pn(ports|pout)1-[a-z0-9_]+")
    return next((line for line in lines if not ours.search(line)), "")


def _is_ours_in_file(lines: list[str]) -> str:
    """The first line among those that came into a saved file that is none of ours."""
    ours = re.compile(
        r"pnports1-|\A### tuple ### .* comment=[0-9a-f]+\Z|\A-A ufw6?-user-(input|output) .*-j ACCEPT\Z|\A\Z"
    )
    return next((line for line in lines if not ours.search(line)), "")


def _counters(before: Look, now: Look) -> str:
    """Whether a counter of a line that was there has become smaller."""
    old, new = (Counter[str](), Counter[str]())
    for some, sums in ((before, old), (now, new)):
        for line, numbers in zip(some.live, some.counters, strict=True):
            sums[line] += sum(numbers)
    return next((f"the counter of {line!r} went back" for line in old if new[line] < old[line]), "")


def restore_files(then: dict[str, Entry], folders: Iterable[str]) -> None:
    """Put the files below some folders back to what they were."""
    for path in sorted(files(folders).keys() - then.keys(), reverse=True):
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        else:
            os.unlink(path)
    for path, (kind, mode, user, group, text) in then.items():
        if not any(path == one or path.startswith(f"{one}/") for one in folders):
            continue
        if kind == "folder":
            os.makedirs(path, exist_ok=True)
        elif kind == "file":
            Path(path).write_bytes(text.encode("latin-1"))
        if kind != "link":
            os.chown(path, user, group)
            os.chmod(path, mode)


def leftovers() -> list[str]:
    """What the machinery of a change may have left when none is open."""
    found = [str(path) for path in Path("/run").glob("printnet.ports*")]
    found += [str(path) for path in Path("/run").glob(".printnet*")]
    folder = Path("/var/lib/printnet.ports")
    if folder.exists():
        # What a host remembers of the last run stays as long as there are rules of ours.
        found += [str(path) for path in folder.iterdir() if path.name != "left.json"]
        found += [] if any(folder.iterdir()) else [str(folder)]
    found += [str(path) for path in Path("/run/systemd/transient").glob("printnet*")]
    listed = _say("systemctl", "list-units", "--all", "--plain", "--no-legend", "printnet.ports*")
    found += [line for line in listed.splitlines() if line.strip()]
    return found


def broken_files(firewall: str, thorough: bool = False) -> str:
    """What the firewall's own reader says against the saved files; empty where they are whole."""
    told = _broken_xml() if firewall == "firewalld" else _broken_texts() if firewall == "nftables" else ""
    for words, path in [] if told else _readers(firewall, thorough):
        data = Path(path).read_bytes().decode("latin-1") if path else None
        done = subprocess.run(words, input=data, capture_output=True, text=True, encoding="latin-1", check=False)
        if done.returncode or "WARN" in done.stderr:
            return f"{' '.join(words)} {path}: {done.stdout} {done.stderr}"
    return told


def _readers(firewall: str, thorough: bool) -> list[tuple[list[str], str]]:
    """The programs that read the saved files, each with the file that it is given; the slow ones if thorough."""
    if firewall == "firewalld":
        return [(["firewall-offline-cmd", "--check-config"], "")] if thorough else []
    if firewall == "nftables":
        return [(["nft", "-c", "-f", "/etc/nftables.conf"], "")]
    folder, names = ("/etc/iptables", ("rules.v4", "rules.v6")) if firewall == "iptables" else _UFW
    option = [] if firewall == "iptables" else ["--noflush"]
    tools = ("iptables-restore", "ip6tables-restore")
    found = [([tool, "--test", *option], f"{folder}/{name}") for tool, name in zip(tools, names, strict=True)]
    return [*found, (["ufw", "status"], "")] if thorough and firewall == "ufw" else found


_UFW = ("/etc/ufw", ("user.rules", "user6.rules"))


def _broken_xml() -> str:
    for path in Path("/etc/firewalld").rglob("*.xml"):
        try:
            ElementTree.parse(path)
        except (ElementTree.ParseError, OSError) as wrong:
            return f"{path}: {wrong}"
    return ""


def _broken_texts() -> str:
    """What is saved of nftables, and the program that loads it."""
    saved, loader = Path("/etc/printnet.ports/nftables.json"), Path("/etc/printnet.ports/nftables_load.py")
    try:
        if saved.exists():
            json.loads(saved.read_text(encoding="utf-8"))
        if loader.exists():
            compile(loader.read_text(encoding="utf-8"), str(loader), "exec")
    except (ValueError, SyntaxError) as wrong:
        return f"{saved} or {loader}: {wrong}"
    return ""
