# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the files that firewalld keeps of our policies and their sets, for what firewalld itself can't be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Optional
from xml.parsers import expat

from ansible_collections.printnet.ports.plugins.module_utils import _rules
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _rich, _whole_file

FOLDER = Path("/etc/firewalld")
_KEPT = ".xml.old"
"""Ends the name of what firewalld has kept of a file."""
Kept = Mapping[Path, Optional[str]]
"""The texts of files, None for one that can't be read."""


def files(names: Iterable[str]) -> list[Path]:
    """Those of the policies of these names, and of their sets."""
    kinds = (("policies", ".xml"), ("ipsets", "-*.xml"))
    return [path for name in names for folder, end in kinds for path in (FOLDER / folder).glob(f"{name}{end}")]


def backups(name: str) -> list[Path]:
    """What firewalld has kept of the policy and its sets before a change; a killed run leaves it there."""
    paths = [FOLDER / "policies" / f"{name}{_KEPT}", *(FOLDER / "ipsets").glob(f"{name}-*{_KEPT}")]
    return [path for path in paths if path.exists()]


def backed_up(prefix: str) -> list[str]:
    """The names of the policies and sets, there or not, of which it has kept such a file."""
    folders = (FOLDER / "policies", FOLDER / "ipsets")
    return [path.name[: -len(_KEPT)] for folder in folders for path in folder.glob(f"{prefix}*{_KEPT}")]


def there(names: Iterable[str]) -> list[Path]:
    """The files of these policies and of their sets, and what firewalld has kept of either."""
    names = list(names)
    return [*files(names), *(path for name in names for path in backups(name))]


def broken(names: Iterable[str] = ("pnports1-*", "pnpout1-*")) -> list[Path]:
    """Those of them that firewalld can't read. It goes on with what it knows of them, and fails at its next start."""
    return [path for path in files(names) if not _is_whole(path)]


def _is_whole(path: Path) -> bool:
    try:
        expat.ParserCreate().Parse(path.read_bytes(), True)
    except expat.ExpatError:
        return False
    except OSError:
        pass
    return True


def read_set(name: str) -> Any:
    """The settings of a set of networks as its file has them; None where firewalld would have to be asked for it."""
    # Few hosts have sets, and only they wait for this.
    from xml.etree import ElementTree

    try:
        root = ElementTree.parse(FOLDER / "ipsets" / f"{name}.xml").getroot()  # noqa: S314 # only root writes it
        entries = [(entry.text or "").strip() for entry in root.iter("entry")]
        for entry in entries:
            _rules.span_of(_rich.network(entry))
    except (OSError, ValueError, ElementTree.ParseError):
        return None
    options = {option.get("name"): option.get("value") for option in root.iter("option")}
    texts = [(root.findtext(key) or "").strip() for key in ("short", "description")]
    return (root.get("version"), *texts, root.get("type"), options, entries) if root.tag == "ipset" else None


def remove(paths: Iterable[Path]) -> None:
    """Remove files that may have gone already."""
    for path in paths:
        path.unlink(missing_ok=True)


def sync(name: str) -> None:
    """Have the disk hold what firewalld wrote: it leaves that to chance, and a power cut leaves a file of no bytes."""
    paths = files([name])
    for path in dict.fromkeys([*paths, *(path.parent for path in paths), FOLDER / "policies"]):
        with suppress(OSError):
            _whole_file.sync(str(path))


def keep(names: Iterable[str]) -> Kept:
    """What stands in them now."""
    kept: dict[Path, str | None] = dict.fromkeys(there(names))
    for path in kept:
        with suppress(OSError):
            kept[path] = _whole_file.read(str(path))
    return kept


def put_back(names: Iterable[str], kept: Kept) -> None:
    """Make them what they were. Raises OSError."""
    for path in there(names):
        if path not in kept:
            path.unlink(missing_ok=True)
    for path, text in kept.items():
        if text is not None and (not path.exists() or _whole_file.read(str(path)) != text):
            _whole_file.replace(str(path), text, mode=0o600)
