# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: which firewall a host has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ansible_collections.printnet.ports.plugins.module_utils import _host
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import ENTRIES, FIREWALLS

_SYSTEMD = Path("/run/systemd/system")
_UNITS = tuple(
    Path(folder)
    for folder in (
        "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system", "/run/systemd/transient", "/run/systemd/generator", "/run/systemd/generator.early",
        "/run/systemd/generator.late", "/etc/systemd/system.control", "/run/systemd/system.control",
        "/etc/systemd/system.attached", "/run/systemd/system.attached",
    )
)  # fmt: skip
"""Where units are, those that systemd itself makes of other files included."""
_SHOWN = 40
"""Letters of a wrong value that are said again."""


def choose(run: _host.Run, asked: str = "auto") -> str | None:
    """The one firewall that is active; None where there is none."""
    if asked != "auto" and asked not in FIREWALLS:
        raise _host.HostError(
            f"firewall {asked[:_SHOWN]!r} must be auto or one of {', '.join(FIREWALLS)}. {_host.UNCHANGED}"
        )
    active = active_firewalls(run)
    if len(active) > 1:
        how = " (ufw with ufw disable)" if "ufw" in active else ""
        raise _host.HostError(
            f"{' and '.join(active)} are active on this host at once, so nobody can say which of them decides. "
            f"Switch all but one off{how}. {_host.UNCHANGED}"
        )
    if active == ["ufw"] and not ENTRIES["ufw"].is_switched_on():
        raise _host.HostError(
            "ufw is not enabled, and its rules filter on this host all the same, so a start of it has failed. Look "
            "whether it lets SSH in, with ufw show added, mend what ufw enable complains about, and run it again; or "
            f"ufw disable, if it is not to run. {_host.UNCHANGED}"
        )
    if asked != "auto" and active != [asked]:
        there = f"{active[0]} is" if active else "No firewall is"
        raise _host.HostError(f"{there} active on this host, and the task asks for {asked}. {_host.UNCHANGED}")
    if active:
        return active[0]
    stopped = stopped_firewalls(run)
    if stopped:
        raise _host.HostError(
            f"{stopped[0]} starts at boot, and does not run now. See that its saved rules let SSH in and start it, or "
            f"switch it off for good: systemctl start {stopped[0]}, or systemctl disable {stopped[0]}. "
            f"{_host.UNCHANGED}"
        )
    return None


def expect() -> None:
    """Import the firewall that a boot starts, for it is nearly always the one that systemd then says is active."""
    # Where that fails, it will where the firewall is asked for, and be told there.
    with suppress(ImportError, OSError):
        for name, entry in ENTRIES.items():
            if entry.starts_at_boot():
                FIREWALLS[name]


def active_firewalls(run: _host.Run) -> list[str]:
    """The firewalls that filter on this host now; tables of Docker, libvirt or fail2ban are none."""
    on = _units_that(run, "is-active", ("active", "activating", "reloading"))
    found = [
        name
        for name, entry in ENTRIES.items()
        if on.intersection(entry.units) or (entry.is_switched_on() and (entry.starter in on or not _is_off(run, name)))
    ]
    if found:
        return found
    filtering = [name for name, kind in FIREWALLS.items() if ENTRIES[name].is_there() and kind.filters(run)]
    # What iptables shows then are ufw's own rules.
    return ["ufw"] if "ufw" in filtering else filtering


def _is_off(run: _host.Run, name: str) -> bool:
    """Whether a firewall whose switch is on runs neither now nor after a boot, because its unit was disabled."""
    return _is_disabled(run, name) and not FIREWALLS[name].filters(run)


def _is_disabled(run: _host.Run, name: str) -> bool:
    """Whether somebody disabled the unit that loads a firewall whose switch is on."""
    if not _SYSTEMD.is_dir() or not ENTRIES[name].starter:
        return False
    return run(["systemctl", "is-enabled", ENTRIES[name].starter])[1].strip() in ("disabled", "masked")


def loaded_at_boot(run: _host.Run) -> list[str]:
    """The firewalls that start at boot, whether they run now or not."""
    switched = [name for name, entry in ENTRIES.items() if entry.is_switched_on() and not _is_disabled(run, name)]
    return [*stopped_firewalls(run), *switched]


def stopped_firewalls(run: _host.Run) -> list[str]:
    """The firewalls that start at boot, though they do not run now."""
    on = _units_that(run, "is-enabled", ("enabled",))
    return [name for name, entry in ENTRIES.items() if on.intersection(entry.units)]


def _units_that(run: _host.Run, question: str, answers: tuple[str, ...]) -> set[str]:
    units = [unit for entry in ENTRIES.values() for unit in entry.units]
    if not _SYSTEMD.is_dir():
        return set()
    if question == "is-active":
        units += [entry.starter for entry in ENTRIES.values() if entry.starter]
        # systemd looks through all its folders for each one that is not there, whenever it is asked.
        there = [unit for unit in units if any((folder / unit).exists() for folder in _UNITS)]
        # One that runs on may have lost its file; beside another firewall that one is not looked for.
        return _in_state(run, there, answers) or _in_state(run, units, answers)
    return {unit for unit in units if run(["systemctl", question, unit])[1].strip() in answers}


def _in_state(run: _host.Run, units: Sequence[str], answers: tuple[str, ...]) -> set[str]:
    # It answers a line for each unit, also for one that is not there.
    states = run(["systemctl", "is-active", *units])[1].split() if units else []
    return {unit for unit, state in zip(units, states) if state in answers}


def leftovers(run: _host.Run, active: Sequence[str], shorts: Mapping[str, str]) -> dict[str, list[str]]:
    """What stands of the owners in the files of firewalls that are not active, by firewall."""
    others = [name for name, entry in ENTRIES.items() if name not in active and entry.has_traces()]
    found = {name: FIREWALLS[name].left(run, shorts) for name in others}
    return {name: lines for name, lines in found.items() if lines}
