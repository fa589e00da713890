# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what each firewall has to offer, and what all of them share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _host, _rules, _state


class Foreign(NamedTuple):
    """A rule of somebody else, as far as it is about ports: what it ``opens`` or blocks, and where it stands.

    ``only`` says in words what it asks for besides: it is about what ``comes by eth0``. ``own`` is the network of the
    host's own end, where it asks for one.
    """

    opens: bool
    rule: _rules.Rule
    where: str
    only: str = ""
    own: str = ""


class Backend:
    """One firewall on this host, as far as the owners' rules go.

    ``run`` runs a command of the host, ``shorts`` maps each owner to a short name of at most 9 characters: letters,
    digits and ``_``. A method that can't do its work raises HostError with a sentence that says what to do.
    """

    BINDINGS = ""
    """The Python library of the host that is needed, if any."""

    def __init__(self, run: _host.Run, shorts: Mapping[str, str]) -> None:
        self.run = run
        self.shorts = dict(shorts)

    @staticmethod
    def has_bindings() -> bool:
        """Whether this Python has the library."""
        return True

    @classmethod
    def filters(cls, _run: _host.Run) -> bool:
        """Whether it refuses packets though nothing loads it at boot. Asked where no firewall is active."""
        return False

    @classmethod
    def left(cls, _run: _host.Run, _shorts: Mapping[str, str]) -> list[str]:
        """What stands of the owners in its files, in lines for people. Asked where it is not active."""
        return []

    @classmethod
    def forget(cls, _run: _host.Run, _shorts: Mapping[str, str]) -> None:
        """Remove what is left of the owners. Called where it is not active."""

    @classmethod
    def would_save(cls, _run: _host.Run) -> str:
        """What saves, when the host goes down, what is live only, in words; empty where nothing does."""
        return ""

    def owners(self) -> dict[str, str]:
        """The owners of ours that have something here, saved or live, and their short names."""
        raise NotImplementedError

    def read(self) -> _state.States:
        """What is there of each owner of ``shorts``."""
        raise NotImplementedError

    def denies_outgoing(self) -> bool:
        """Whether it refuses by default what the host sends."""
        raise NotImplementedError

    def check(self, aims: _state.States, _now: _state.States) -> _state.States:
        """What will be there when ``aims`` are asked for; refuses what can't be. Changes nothing."""
        return aims

    def stage(self, now: _state.States, _aims: _state.States) -> _state.States:
        """Prepare a change of what is live, and fail where it could not be saved later. No packet notices.

        The answer is what is there then.
        """
        return now

    def go_live(self, now: _state.States, aims: _state.States) -> None:
        """Make live what is aimed at, without saving it. What both allow stays allowed throughout."""
        raise NotImplementedError

    def save(self, now: _state.States, aims: _state.States) -> None:
        """Save what is aimed at: each file is whole at any moment."""
        raise NotImplementedError

    def commit(self, now: _state.States, aims: _state.States) -> None:
        """Save and make live what is aimed at."""
        if any(now[owner].saved != aim.saved for owner, aim in aims.items()):
            self.save(now, aims)
        if any(now[owner].live != aim.live for owner, aim in aims.items()):
            self.go_live(now, aims)

    def put_back(self, now: _state.States, before: _state.States) -> None:
        """Make live, then save, what was there before a change. It has to be quick: somebody may be cut off."""
        self.go_live(now, {owner: _state.Found(now[owner].saved, found.live) for owner, found in before.items()})
        self.commit(self.read(), before)

    def commands(self, _now: _state.States, _aims: _state.States) -> list[str]:
        """What an administrator would type to make the same change live, for people who want to see it."""
        return []

    def foreign(self) -> list[Foreign]:
        """The rules of others that are live, as far as they are understood; no final catch-all."""
        return []

    def blocking(self) -> list[Foreign]:
        """Those of them that block. What only opens need not be looked at for this."""
        return [other for other in self.foreign() if not other.opens]

    def notes(self) -> list[str]:
        """What the administrator has to know, whether something changes or not."""
        return []


def changed(now: _state.States, aims: _state.States) -> Iterable[str]:
    """The owners of which something changes."""
    return [owner for owner, aim in aims.items() if aim != now[owner]]
