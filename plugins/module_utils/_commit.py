# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the confirmed commit: a change that the host takes back by itself unless somebody confirms it.

Before such a change is made live, what is there is written down and a timer of systemd is armed. The controller then
comes back over a new connection: that confirms, and only then is anything saved. Where it does not come back, the timer
fires and puts back what was there; a reboot does the same, because nothing was saved. Either leaves a record. Where
something else has saved it meanwhile, the next run puts it back.

The timer cannot use what Ansible copied for one task, so the few files that it needs are kept in ``FOLDER`` as long
as the change is open. The file ``PENDING`` is the one truth: who removes it, under the lock, has decided.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _active, _host, _python, _records, _state, _timer
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import FIREWALLS

FOLDER = Path("/run/printnet.ports")
PENDING = FOLDER / "pending.json"
KEPT = _records.FOLDER / "pending.json"
"""The same on disk: what a reboot took back is known by it."""
LAUNCHER = FOLDER / "switch.py"
GRACE = 2
"""Seconds after its time within which a switch has done its work."""
REBOOTED = "the host was rebooted before it was confirmed"
"""Why a change was taken back, where it was a reboot."""
OUTLASTED = f"{REBOOTED}; something else had saved it, so it was still there, until now"
_ATTEMPTS = 3
NOBODY = "nobody confirmed it over a new connection"
"""Why a switch takes a change back."""
_UNIT = "printnet.ports-restore-"
_COLLECTION = "ansible_collections.printnet.ports"
_LAUNCH = '''\
"""Takes back a change of the firewall that nobody confirmed, or confirms it. Made by printnet.ports for one change."""

import os
import subprocess
import sys

sys.path.insert(0, "{folder}/lib")
sys.path.extend({beside!r})
from {collection}.plugins.module_utils import _switch


def run(words, data=None):
    environment = dict(os.environ, LC_ALL="C", PATH=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin")
    try:
        done = subprocess.run(words, input=data, capture_output=True, text=True, errors="replace", env=environment)
    except OSError as wrong:
        return 127, "", str(wrong)
    return done.returncode, done.stdout, done.stderr


sys.exit(_switch.main(run, sys.argv[1:]))
'''


@dataclass(frozen=True)
class Change:
    """A change that waits for its confirmation. ``deadline`` is a time of the host's monotonic clock, in seconds."""

    firewall: str
    shorts: Mapping[str, str]
    before: _state.States
    after: _state.States
    run: str
    timeout: int
    deadline: float = 0
    armed: str = ""
    token: str = field(default_factory=lambda: os.urandom(8).hex())
    boot: str = field(default_factory=_records.boot)
    by_hand: list[str] = field(default_factory=list)
    """The owners among them that are no components."""

    @property
    def unit(self) -> str:
        """The name of its timer and of its service, without the ending."""
        return _UNIT + self.token

    def command(self, what: str) -> list[str]:
        """The command that confirms it, restores it, or only tries whether it can be run."""
        return [sys.executable, "-I", "-B", str(LAUNCHER), what, self.token, self.firewall]


def _text(change: Change) -> str:
    plain = {**vars(change), "before": _state.dump(change.before), "after": _state.dump(change.after)}
    body = json.dumps(plain, sort_keys=True)
    return json.dumps({"sum": sha256(body.encode()).hexdigest(), "change": body})


def read(path: Path) -> Change | None:
    """The change that a file holds; None where it is missing or damaged."""
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        whole = json.loads(path.read_text(encoding="utf-8"))
        if sha256(whole["change"].encode()).hexdigest() != whole["sum"]:
            return None
        plain = json.loads(whole["change"])
        return Change(**{**plain, "before": _state.load(plain["before"]), "after": _state.load(plain["after"])})
    return None


def can_restore() -> bool:
    """Whether this host has a timer that a switch can hang on."""
    return Path("/run/systemd/system").is_dir() and shutil.which("systemd-run", path=_host.PATH) is not None


def arm(run: _host.Run, change: Change) -> Change:
    """Write the change down and arm its switch. Nothing is applied where either is not certain."""
    beside = _python.bindings_folder(change.firewall)
    try:
        with _written():
            _put_down(beside)
        _python.try_out(run, f"{change.unit}-try", change.command("try"), change.timeout, beside)
        armed = replace(change, deadline=time.monotonic() + change.timeout, armed=_records.now())
        with _written():
            text = _text(armed)
            for path in (KEPT, PENDING):
                _records.write(path, text)
        _timer.start(run, armed.unit, armed.timeout, armed.deadline, armed.command("restore"))
        if read(PENDING) != armed or read(KEPT) != armed:
            raise _host.HostError(f"What was written down of the firewall's state reads differently. {_host.UNCHANGED}")
    except _host.HostError:
        disarm(run, change)
        raise
    return armed


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except OSError as wrong:
        raise _host.HostError(
            f"What the firewall has now could not be written down, to be put back if need be: {wrong}. "
            f"{_host.UNCHANGED}"
        ) from None


def _put_down(beside: str) -> None:
    """What the switch runs, and where it finds what else it needs."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o700)
    library = FOLDER / "lib"
    mine = {name for name in sys.modules if name.split(".")[:3] == _COLLECTION.split(".")}
    for name in sorted({*mine, f"{_COLLECTION}.plugins.module_utils._switch"}):
        _copy(library, name)
    for package in ("ansible_collections", "ansible_collections/printnet"):
        (library / package / "__init__.py").touch()
    LAUNCHER.write_text(
        _LAUNCH.format(folder=FOLDER, collection=_COLLECTION, beside=[beside] if beside else []), encoding="utf-8"
    )


def _copy(library: Path, name: str) -> None:
    """Put the source of a module of ours, or an empty package, into the library."""
    spec = find_spec(name)
    if spec is None or ("module_utils" not in name and spec.submodule_search_locations is None):
        return
    is_package = spec.submodule_search_locations is not None
    path = library / name.replace(".", "/") / "__init__.py" if is_package else library / f"{name.replace('.', '/')}.py"
    source = spec.loader.get_source(name) if spec.loader and hasattr(spec.loader, "get_source") else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source or "", encoding="utf-8")


def late(change: Change) -> str:
    """Whether its time is over, as a sentence: the switch fires then, and not before."""
    if time.monotonic() < change.deadline:
        return ""
    return (
        f"To make the change took longer than the {change.timeout} seconds within which it had to be confirmed; "
        "a larger confirm_timeout gives it more."
    )


def disarm(run: _host.Run, change: Change) -> None:
    """Stop the switch and remove what it needed."""
    # For good: what a later run saves must not be taken for what this change left.
    _records.remove(KEPT)
    with suppress(OSError):
        PENDING.unlink()
    _records.sweep()
    _timer.stop(run, change.unit)
    shutil.rmtree(FOLDER, ignore_errors=True)


@contextmanager
def alone(run: _host.Run, say: Callable[[str], None]) -> Iterator[None]:
    """Holds the host for one run: no other one, and no change that still waits for its confirmation."""
    told = False
    while True:
        with _host.locked(say=say):
            if not _settle(run):
                yield
                return
        if not told:
            say("Waited for a change of another run that was not confirmed yet.")
        told = True
        time.sleep(0.2)


def open_change() -> Change | None:
    """The change that waits for its confirmation. It needs no lock, and changes nothing."""
    return (read(PENDING) or read(KEPT)) if PENDING.exists() else None


def rebooted() -> Change | None:
    """The change that a reboot took back, of which no record tells yet. It needs no lock, and changes nothing.

    ``outlasted`` says whether something else had saved it.
    """
    kept = None if PENDING.exists() else read(KEPT)
    return kept if kept and kept.boot != _records.boot() else None


def outlasted(run: _host.Run, gone: Change) -> str:
    """That a reboot did not take the change back, as a sentence; empty where it did. It changes nothing."""
    if gone.firewall not in _active.active_firewalls(run):
        return ""
    with surprises():
        found = FIREWALLS[gone.firewall](run, gone.shorts).read()
    if not any(_outlasts(found[owner], before, gone.after[owner]) for owner, before in gone.before.items()):
        return ""
    return (
        f"The change that {gone.run} made at {gone.armed} was not confirmed before this host was rebooted, but "
        "something else had saved it, so it is still there: the next run of printnet.ports puts back what was there "
        "before."
    )


def _outlasts(now: _state.Found, before: _state.Found, after: _state.Found) -> bool:
    """Nothing saves, or loads at boot, what is live only: that it is gone is as it should be."""
    was = (before.saved.rules, before.live.rules)
    return now.saved.rules != was[0] or (now.live.rules == after.live.rules and now.live.rules not in was)


def _settle(run: _host.Run) -> bool:
    """Whether a change is open; one that nobody will end any more is ended here. Called under the lock."""
    if not PENDING.exists():
        gone = rebooted()
        if gone:
            _after_reboot(run, gone)
        _records.remove(KEPT)
        _records.sweep()
        if FOLDER.exists():
            # Who confirmed was killed before it stopped the switch, which would find nothing to do.
            _timer.stop(run, f"{_UNIT}*")
            shutil.rmtree(FOLDER, ignore_errors=True)
        return False
    change = open_change()
    if change and time.monotonic() < change.deadline + GRACE:
        units = [f"{change.unit}.timer", f"{change.unit}.service"]
        if {"active", "activating"}.intersection(run(["systemctl", "is-active", *units])[1].split()):
            return True
    name = change.firewall if change else _active.choose(run)
    if name is None:
        raise _host.HostError("A change was not confirmed, and no firewall is active in which it could be put back.")
    cause = "it was not confirmed, and its timer was gone"
    try:
        restore(run, change or what_is_saved(run, name), cause)
    except _host.HostError:
        if change is None or name in (*_active.active_firewalls(run), *_active.stopped_firewalls(run)):
            raise
        # It was never saved, and what it changed is not in use any more.
        _record(change, f"{cause}; and {name}, which it was made on, is not in use any more")
        disarm(run, change)
    return False


def _after_reboot(run: _host.Run, gone: Change) -> None:
    """A reboot takes a change back, unless something else had saved it: that is put back now."""
    told = outlasted(run, gone)
    if not told:
        _records.add(gone.run, gone.armed, list(gone.after), REBOOTED, _records.booted())
        return
    try:
        restore(run, gone, OUTLASTED)
    except _host.HostError as wrong:
        raise _host.HostError(f"{told} This run tried to, and could not: {wrong}") from None


@contextmanager
def surprises() -> Iterator[None]:
    """Somebody else may have changed the firewall meanwhile: whatever goes wrong then is told, and tried again."""
    try:
        yield
    except _host.HostError:
        raise
    except Exception as wrong:
        raise _host.HostError(f"The firewall has what was not expected ({type(wrong).__name__}: {wrong}).") from wrong


def restore(run: _host.Run, change: Change, cause: str) -> None:
    """Put back what was there before the change, and remember that. Called under the lock."""
    left = put_back(run, change)
    _record(change, f"{cause}; but {', '.join(left)} has not quite the rules that it had" if left else cause)
    disarm(run, change)


def unconfirmed(change: Change) -> str:
    """The cause that its switch gives."""
    return f"{NOBODY} within {change.timeout} seconds"


def put_back(run: _host.Run, change: Change) -> list[str]:
    """Make the firewall have what was there before, again where something is in the way.

    The answer are the owners that have other rules all the same; a HostError says what went wrong at last.
    """
    left: list[str] = []
    trouble: _host.HostError | None = None
    for attempt in range(_ATTEMPTS):
        time.sleep(0.3 * attempt)
        try:
            with surprises():
                left, trouble = _put_back_once(run, change), None
        except _host.HostError as wrong:
            trouble = wrong
        else:
            if not left:
                break
    if trouble:
        raise trouble
    return left


def _put_back_once(run: _host.Run, change: Change) -> list[str]:
    firewall = FIREWALLS[change.firewall](run, change.shorts)
    firewall.put_back(firewall.read(), change.before)
    found = firewall.read()
    return [owner for owner, state in change.before.items() if _rules_of(found[owner]) != _rules_of(state)]


def _rules_of(found: _state.Found) -> tuple[Any, Any]:
    return found.saved.rules, found.live.rules


def _record(change: Change, cause: str) -> None:
    _records.add(change.run, change.armed, list(change.after), cause, token=change.token)


def what_is_saved(run: _host.Run, name: str) -> Change:
    """A change back to what is saved, for when its own notes are damaged: nothing is saved before it is confirmed."""
    with surprises():
        shorts = FIREWALLS[name](run, {}).owners()
        now = FIREWALLS[name](run, shorts).read()
    before = {owner: _state.Found(found.saved, found.saved) for owner, found in now.items()}
    return Change(name, shorts, before, before, "an unknown run", 0, armed="an unknown time")
