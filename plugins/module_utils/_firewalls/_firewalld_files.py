# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the files that firewalld keeps of our policies and their sets, for when firewalld itself can't be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Optional

from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _firewalld_bus as bus
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _whole_file

Kept = Mapping[Path, Optional[str]]
"""The texts of files, None for one that can't be read."""


def there(names: Iterable[str]) -> list[Path]:
    """Those of the policies of these names, of their sets, and what firewalld has kept of either."""
    names = list(names)
    policies = [bus.FILES / "policies" / f"{name}.xml" for name in names]
    sets = [path for name in names for path in (bus.FILES / "ipsets").glob(f"{name}-*.xml")]
    backups = [path for name in names for path in bus.backups(name)]
    return [path for path in [*policies, *sets, *backups] if path.exists()]


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
