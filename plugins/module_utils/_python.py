# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the Python that runs a module: whether it has the firewall's library, and whether systemd can start it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.printnet.ports.plugins.module_utils import _host
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import FIREWALLS

_PYTHONS = ("/usr/bin/python3", "/usr/libexec/platform-python")
_NEW_ENOUGH = "graphlib"
"""A module that came with Python 3.9, so that none older is chosen."""
_FAPOLICYD = Path("/run/fapolicyd")


def find_bindings(name: str) -> None:
    """Start the module again under a Python that has the firewall's bindings, where this one lacks them."""
    backend = FIREWALLS[name]
    if backend.has_bindings():
        return
    # Few hosts need it, and only they wait for it.
    from ansible.module_utils.common.respawn import has_respawned, probe_interpreters_for_module, respawn_module

    wanted = f"{backend.BINDINGS}, {_NEW_ENOUGH}"
    python = None if has_respawned() else probe_interpreters_for_module(_PYTHONS, wanted)
    if python is None:
        raise _host.HostError(
            f"No Python 3.9 or newer on this host has the library {backend.BINDINGS} that {name} is spoken to with. "
            "Install the distribution's package (python3-dbus); on RHEL 8 and SLE 15 that is for an older Python, so "
            "install the library for a newer one, and set ansible_python_interpreter to that. "
            f"{_host.UNCHANGED}"
        )
    respawn_module(python)


def is_usual(executable: str) -> bool:
    """Whether it is the distribution's own, which systemd starts for certain. Neither a home nor /opt need be."""
    paths = os.path.realpath(os.path.dirname(executable)) + "/", os.path.realpath(executable)
    return all(path.startswith("/usr/") and not path.startswith("/usr/local/") for path in paths)


def bindings_folder(name: str) -> str:
    """The folder that has the library of a firewall, where that is not a usual one; else nothing.

    A switch looks neither into a home nor, on Red Hat and SUSE, into /usr/local, so it has to be told.
    """
    path = getattr(sys.modules.get(FIREWALLS[name].BINDINGS), "__file__", None)
    return "" if not path or is_usual(path) else os.path.dirname(os.path.dirname(path))


def try_out(run: _host.Run, unit: str, command: Sequence[str], seconds: int, beside: str = "") -> None:
    """Start what a switch will start once through systemd, where it is not certain that it can: refuse where not.

    SELinux keeps systemd from programs in a home, fapolicyd from files that no package brought, and systemd has not
    the environment of a login. ``beside`` is the folder of a library that the switch needs, where that is unusual.
    """
    is_usual_one = is_usual(sys.executable) and not beside
    if is_usual_one and not _FAPOLICYD.exists():
        return
    start = ["systemd-run", "--quiet", "--wait", "--collect", f"--unit={unit}", f"--property=RuntimeMaxSec={seconds}"]
    rc, _out, told = run([*start, *command])
    if rc == 0:
        return
    why = " ".join(told.split()) or f"it ended with {rc}, and journalctl -u {unit} may say more"
    mend = (
        "Let fapolicyd allow what stands in /run/printnet.ports, or set confirm: never to make the change nevertheless"
        if is_usual_one
        else "Set ansible_python_interpreter: /usr/bin/python3, or another one that systemd can start"
    )
    library = f" with the library in {beside}" if beside else ""
    raise _host.HostError(
        f"systemd could not run {sys.executable}{library}, so nothing would put the firewall back if need be: {why}. "
        f"{mend}. {_host.UNCHANGED}"
    )
