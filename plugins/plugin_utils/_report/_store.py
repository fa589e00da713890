# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the files of a report: made in memory, and put into a folder of their own that is never written again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError, nearest, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _csv, _html, _junit, _text
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import View

MANIFEST = "SHA256SUMS"


def to_json(view: View) -> str:
    """The report itself, by the published schema; ASCII, a verdict a line, so that it can be compared and searched."""
    parts = []
    for name, value in view.raw.items():
        if name == "verdicts":
            lines = ",\n".join(f"  {json.dumps(verdict)}" for verdict in value)
            text = f"[\n{lines}\n ]" if value else "[]"
        else:
            text = json.dumps(value, indent=1).replace("\n", "\n ")
        parts.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


_FORMS: Mapping[str, tuple[str, Callable[[View], str]]] = {
    "json": ("compliance.json", to_json),
    "csv": ("compliance.csv", _csv.to_csv),
    "junit": ("compliance.xml", _junit.to_junit),
    "html": ("compliance.html", _html.to_html),
    "text": ("compliance.txt", _text.to_text),
}
FORMS = tuple(_FORMS)
"""What a report can be written as; the order of the manifest."""


def files(report: Mapping[str, Any], forms: Iterable[str] = FORMS) -> dict[str, bytes]:
    """The chosen forms of a report by the names of their files, with a manifest that ``sha256sum -c`` reads."""
    wanted, faults = list(forms), Faults()
    for form in wanted:
        if form not in _FORMS:
            faults.add("formats", f"{shown(form)} is no form of a report{nearest(form, FORMS)}")
    if not wanted:
        faults.add("formats", f"name at least one of {', '.join(FORMS)}")
    faults.stop()
    view = View.of(report)
    made = {}
    for form, (name, write) in _FORMS.items():
        if form in wanted:
            made[name] = write(view).encode()
    return made | {MANIFEST: manifest(made).encode()}


def manifest(made: Mapping[str, bytes]) -> str:
    """The SHA-256 sums of files, in the format of sha256sum."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in made.items())


def write(folder: str | Path, run_id: str, made: Mapping[str, bytes]) -> Path:
    """Writes the files into ``folder/run_id`` and returns it: all of them or none, and never over what is there."""
    top, target = Path(folder), Path(folder) / run_id
    if target.parent != top or run_id in ("", ".", ".."):
        raise PortsError(f"{shown(run_id)} is no name for the folder of a report")
    beside = None
    try:
        if target.exists() or target.is_symlink():
            raise PortsError(_there(target))
        top.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{run_id}.", dir=top))
        for name, content in made.items():
            with (beside / name).open("xb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
        beside.chmod(0o777 & ~_umask())
        # A folder is only renamed over another one that is empty; a name that was taken meanwhile is an error.
        beside.rename(target)
    except FileExistsError:
        raise PortsError(f"The report can't be written below {top}: that is a file, and must be a folder") from None
    except OSError as wrong:
        if target.exists():
            raise PortsError(_there(target)) from None
        raise PortsError(f"The report can't be written to {target}: {wrong.strerror or wrong}") from None
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
    return target


def _there(target: Path) -> str:
    return f"{target} is there already; a report is never overwritten. Move it away, or run the check again."


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
