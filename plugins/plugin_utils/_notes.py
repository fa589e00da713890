# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what an administrator should read of a host's answer, in sentences that name the host. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils._standing import OWNER

_LENGTH = 160
"""Characters of a rule that are shown; one for thousands of networks has many more."""


def notes(
    host: str, answer: Mapping[str, Any], asked: Mapping[str, Any], members: Collection[str], foretold: bool = False
) -> list[str]:
    """The sentences for one answer of the module firewall; none where nothing is left to be said.

    ``asked`` are the task's arguments with the values of the variables, and in ``keeps`` why more than this task has to
    leave what is not needed any more; empty where nothing says so. ``members`` are the components in whose groups
    the host is: rules of theirs that a call does not name are not stale. ``foretold`` is for check mode.
    """
    stale = [owner.removeprefix(OWNER) for owner in answer.get("stale", ())]
    applied = answer.get("changed") or not answer.get("differs")
    found: list[str] = []
    if asked["stale"] == "keep":
        stale = [name for name in stale if name not in members]
        if stale:
            found.append(
                f"{host}: has rules of {', '.join(stale)}, which no group of the inventory asks for. To remove them: "
                f"ansible-playbook -i INVENTORY printnet.ports.remove --limit {shlex.quote(host)}"
            )
    elif stale and applied and asked["removals"] == "now":
        found.append(f"{host}: rules of {', '.join(stale)} {'would be' if foretold else 'were'} removed")
    if answer.get("later") and asked["keeps"]:
        found.append(f"{host}: keeps rules that are not needed any more, because {asked['keeps']}")
    if not applied:
        found.append(f"{host}: printnet_apply is false, so nothing was changed. What differs:")
        found += [f"{host}: {line}" for one in answer.get("diff", ()) for line in _changes(one)]
    return found


def _changes(one: Mapping[str, str]) -> Iterable[str]:
    """The lines that would go and those that would come, with whose they are."""
    before, after = one["before"].splitlines(), one["after"].splitlines()
    for sign, lines, others in (("-", before, after), ("+", after, before)):
        for line in (line for line in lines if line not in others):
            shown = line if len(line) <= _LENGTH else f"{line[: _LENGTH - 4]} ..."
            yield f"{sign} {one['before_header']}: {shown}"
