# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the timer of systemd that starts a switch, and is no more certain than what is read back of it.

systemd counts ``OnActiveSec`` anew with each ``daemon-reload``, which any package may ask for. So the end is also given
as a time since systemd itself was started, which no reload moves; and once more a little later, as a time that passes
in the midst of a reload is lost. A switch that has nothing to do any more ends at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.printnet.ports.plugins.module_utils import _host

_AGAIN = 1.5
"""Seconds after its time at which the timer fires once more. A reload takes less."""
_STARTED = re.compile(r"UserspaceTimestampMonotonic=([1-9]\d*)$")
_SPAN = re.compile(r"OnActiveUSec=([^;]*)")
_PARTS = re.compile(r"(\d+)(h|min|s)\b")
_UNITS = {"h": 3600, "min": 60, "s": 1}


def start(run: _host.Run, unit: str, seconds: int, deadline: float, command: Sequence[str]) -> None:
    """Start a timer that runs a command at a time of the monotonic clock, so many seconds from now.

    systemd-run alone may fire up to a minute late, and its answer is no proof: the timer is read back.

    A switch that starts when a confirmation removes its files fails; its unit is collected all the same.
    """
    began = _STARTED.search(run(["systemctl", "show", "--property=UserspaceTimestampMonotonic"])[1].strip())
    if began is None:
        raise _host.HostError(f"systemd does not say since when it runs. {_host.UNCHANGED}")
    ends = [deadline - int(began[1]) / 1_000_000 + later for later in (0, _AGAIN)]
    rc, _out, told = run(
        [
            "systemd-run", "--quiet", "--collect", f"--unit={unit}", f"--on-active={seconds}s",
            *(f"--timer-property=OnStartupSec={end:.3f}s" for end in ends),
            "--timer-property=AccuracySec=10ms",
            # A switch that is killed, or can't do it yet, comes again, and not so often that systemd gives up: that is
            # five times in ten seconds, with those of the timer. 1 and 2 are Python's for files that are gone.
            "--property=Restart=on-failure", "--property=RestartSec=2500ms", "--property=RestartPreventExitStatus=1 2",
            "--description=Puts the firewall back unless printnet.ports confirms its change",
            *command,
        ]
    )  # fmt: skip
    if rc != 0:
        raise _host.HostError(
            f"systemd made no timer that could put the firewall back: {told.strip()}. {_host.UNCHANGED}"
        )
    units, asked = [f"{unit}.timer", f"{unit}.service"], ("ActiveState", "TimersMonotonic", "ExecStart")
    shown = run(["systemctl", "show", *units, *(f"--property={name}" for name in asked)])[1]
    span = _SPAN.search(shown)
    found = sum(int(number) * _UNITS[letter] for number, letter in _PARTS.findall(span[1])) if span else 0
    ours = (
        found == seconds and shown.count("OnStartupUSec=") == len(ends) and all(word in shown for word in command[-2:])
    )
    if "ActiveState=active" not in shown or not ours:
        raise _host.HostError(
            f"systemd does not have the timer that it was given: {' '.join(shown.split())}. {_host.UNCHANGED}"
        )


def stop(run: _host.Run, units: str) -> None:
    """Stop a timer, or those that a pattern names."""
    run(["systemctl", "stop", "--no-block", f"{units}.timer"])
