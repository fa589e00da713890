# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what is saved for nftables: the rules, the program that loads them, and the drop-in that runs it.

The administrator's own files stay as they are. The program runs behind them, so whatever goes wrong in it leaves their
firewall standing; the ``-`` in the drop-in says so to systemd.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import suppress
from glob import glob
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _host
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_ends, _whole_file
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_place as place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._nft_place import Wanted

UNIT = "nftables.service"
FOLDER = Path("/etc/printnet.ports")
SAVED = FOLDER / "nftables.json"
LOADER = FOLDER / "nftables_load.py"
DROP_IN = Path("/etc/systemd/system/nftables.service.d/printnet.ports.conf")
_FILES = (SAVED, LOADER, DROP_IN)
_PYTHONS = ("/usr/bin/python3", "/usr/libexec/platform-python")
_MORE_PYTHONS = "/usr/bin/python3.[0-9]*"
_HIDDEN = ("/home/", "/root/", "/run/user/")
"""What a unit with ProtectHome, as distributions ship it, does not see."""
_OF_DROP_IN = re.compile(r"^ExecStartPost=-(/\S*python[0-9.]*) -I -S -B ", re.MULTILINE)
_IMPORTS = re.compile(r"^from (?:__future__|ansible_collections\S*) import (?:\([^)]*\)|.*)\n", re.MULTILINE)
"""What files of the module take from one another, which in one file is there already."""
_SELINUX = Path("/sys/fs/selinux/enforce")
_MAIN = """

# What follows is the program of {unit} on this host; what is above is a copy of two files of the module.


def main():
    import fcntl
    import os
    import shutil
    import subprocess
    import sys
    import time

    def nft(words, text=None):
        path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
        command = [shutil.which("nft", path=path) or "nft", *words]
        done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", errors="replace")
        if done.returncode != 0:
            raise PlaceError("nft says: " + " ".join(done.stderr.split()))
        return done.stdout

    def wait_for_a_run_of_the_module():
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                descriptor = os.open("{lock}", os.O_RDONLY | os.O_NOFOLLOW)
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.05)

    try:
        wait_for_a_run_of_the_module()
        with open("{saved}", encoding="utf-8") as file:
            wanted = load(file.read())
        tables = look(nft)
        lines = transaction(tables, wanted)
        if lines:
            nft(["-f", "-"], "\\n".join(lines) + "\\n")
        told = [obstacle(base) for table in tables for base in bases(table) if obstacle(base)]
        if told:
            raise PlaceError(" ".join(told))
    except Exception as wrong:
        sys.exit("printnet.ports could not open everything that {saved} holds: " + str(wrong))


main()
"""
LOCK = "/run/printnet.ports.lock"


def loader() -> str:
    """The program that nftables.service runs: the code by which the module itself places the rules, and a frame."""
    parts = [_IMPORTS.sub("", _source(module.__name__)).strip() for module in (_nft_ends, place)]
    whole = "\n\n\n".join(["from __future__ import annotations", *parts])
    return whole + _MAIN.format(unit=UNIT, lock=LOCK, saved=SAVED)


def _source(name: str) -> str:
    spec = find_spec(name)
    source: Any = getattr(spec and spec.loader, "get_source", lambda _name: None)(name)
    if not source:
        raise _host.HostError(
            f"The source of {name} is not to be had, so nothing could be loaded at boot. {_host.UNCHANGED}"
        )
    # Ansible's own loader gives bytes.
    return source.decode() if isinstance(source, bytes) else str(source)


def python() -> str:
    """The Python that loads the rules: that of the drop-in, which another controller may have chosen, or the best."""
    there = _OF_DROP_IN.search(_text(DROP_IN) or "")
    name = there[1] if there and os.access(there[1], os.X_OK) else ""
    if name and not _is_hidden(name):
        return name
    best = _best_python()
    return name if name and _is_hidden(best) else best


def _best_python() -> str:
    """The Python that the host itself brings; where that is too old, the one that runs here, if the unit sees it."""
    found = next(filter(_is_new, _PYTHONS), "") or os.path.realpath(sys.executable)
    if _is_hidden(found):
        found = next(filter(_is_new, sorted(glob(_MORE_PYTHONS), key=len, reverse=True)), found)
    return found


def _is_new(name: str) -> bool:
    """Whether a Python is 3.9 or newer, by its name."""
    version = re.search(r"python3\.([0-9]+)$", os.path.realpath(name))
    return version is not None and int(version[1]) >= 9 and os.access(name, os.X_OK)


def _is_hidden(name: str) -> bool:
    return any(path.startswith(_HIDDEN) for path in (name, os.path.realpath(name)))


def unseen_python() -> list[str]:
    """That the rules will not be loaded at boot, in a sentence, where the unit does not see the Python for that."""
    name = python()
    told = (
        f"{UNIT} loads the rules by {name}, which it does not see where it has ProtectHome: install Python 3.9 or "
        "newer in /usr/bin, and run this again."
    )
    return [told] if _is_hidden(name) else []


def drop_in() -> str:
    """What nftables.service does beside its own."""
    command = f"-{python()} -I -S -B {LOADER}"
    return (
        "# Made by printnet.ports: loads its rules behind those of the administrator, at boot and at each reload.\n"
        f"[Service]\nExecStartPost={command}\nExecReload={command}\n"
    )


def read() -> Wanted:
    """What is saved; a HostError where the file is damaged."""
    text = _text(SAVED)
    if text is None:
        return {}
    try:
        return place.load(text)
    except place.PlaceError as wrong:
        raise _host.HostError(
            f"{SAVED} is printnet.ports' own file, and {wrong}. Put it back from a backup, or remove it and run this "
            f"for all components of the host. {_host.UNCHANGED}"
        ) from None


def odd(saved: Wanted) -> list[str]:
    """What is not as it should be around what is saved."""
    if not saved:
        return [f"{path} is there, and nothing is saved" for path in _there()]
    pairs = ((LOADER, loader()), (DROP_IN, drop_in()))
    return [f"{path} is missing, or not as this version writes it" for path, text in pairs if _text(path) != text]


def _there() -> list[Path]:
    """What is there of our files, halves of a run that was killed too."""
    found = [path for whole in _FILES for path in (whole, _half(whole)) if path.exists()]
    return found or ([FOLDER] if FOLDER.is_dir() and not any(FOLDER.iterdir()) else [])


def _half(path: Path) -> Path:
    """What a file is before it is whole; the name is no name that systemd reads."""
    return path.with_name(path.name + _whole_file.SUFFIX)


def write(run: _host.Run, wanted: Wanted) -> None:
    """Save all owners' rules; with none, leave nothing behind. Whoever is killed meanwhile is seen by ``odd``."""
    try:
        if wanted:
            _write_all(run, wanted)
        else:
            remove(run)
    except OSError as wrong:
        raise _host.HostError(f"What is to be saved for nftables could not be written: {wrong}.") from None


def _write_all(run: _host.Run, wanted: Wanted) -> None:
    new = [path for path in _FILES if not path.exists()]
    tell = SAVED in new or _text(DROP_IN) != drop_in()
    for path, text in ((LOADER, loader()), (DROP_IN, drop_in())):
        if _text(path) != text:
            _write(path, text)
    if tell:
        daemon_reload(run)
    _write(SAVED, place.dump(wanted))
    restorecon = shutil.which("restorecon", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if new and restorecon and _SELINUX.exists():
        run([restorecon, "-R", str(FOLDER), str(DROP_IN.parent)])


def remove(run: _host.Run) -> None:
    """Remove all files of ours, and the folders that are empty then."""
    for path in (SAVED, *map(_half, _FILES)):
        path.unlink(missing_ok=True)
    if DROP_IN.exists() or LOADER.exists():
        DROP_IN.unlink(missing_ok=True)
        daemon_reload(run)
    LOADER.unlink(missing_ok=True)
    for folder in (DROP_IN.parent, FOLDER):
        with suppress(OSError):
            folder.rmdir()


def daemon_reload(run: _host.Run) -> None:
    """Let systemd see the drop-in; where another program is the first process there is nothing to tell."""
    if not Path("/run/systemd/system").is_dir():
        return
    rc, _out, told = run(["systemctl", "daemon-reload"])
    if rc != 0:
        raise _host.HostError(f"systemd did not read its files again: {' '.join(told.split())}.")


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as wrong:
        raise _host.HostError(f"{path} can't be read: {wrong}. {_host.UNCHANGED}") from None


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, and the folders that it stands in."""
    for folder in (parent for parent in reversed(path.parents) if not parent.exists()):
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
    _whole_file.replace(str(path), text, mode=0o644)
