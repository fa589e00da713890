# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the firewall ufw.

Our rules are tuples of ufw itself, with the owner in their comments: ``ufw status`` shows them, and whatever ufw does
keeps them. They are written as ufw would write them, because a ufw process for each takes far too long. Live they
come and go by one iptables-restore for each family that touches no other line.

A rule of somebody else that is the same as one of ours stands for it; it is neither doubled nor removed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _host, _rules, _state
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import (
    ENTRIES,
    _backend,
    _ufw_file,
    _ufw_foreign,
    _ufw_host,
    _ufw_live,
    _ufw_order,
    _ufw_tuple,
    _whole_file,
    _xtables_programs,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_file import Saved
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_live import Chains, Line
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_tuple import ANYWHERE, Owned, Tuple
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._xtables_table import Table

_NO_V6 = (
    "ufw has no rules for IPv6 on this host (IPV6=no in /etc/default/ufw, or no IPv6 in the kernel), so nothing is "
    "opened to peers with IPv6 addresses."
)
_ATTEMPTS = 5
"""So many times a change is made again that a ufw command takes back."""


class _Look(NamedTuple):
    """What is there: the files, the kernel's tables and ufw's chains in them, by family.

    ``uses_v6`` is whether ufw takes care of IPv6. Where it does not, there are chains only if ours may be in them.
    """

    files: dict[int, Saved]
    tables: dict[int, Table]
    chains: dict[int, Chains]
    uses_v6: bool

    def lines(self) -> Iterator[Line]:
        return (line for chains in self.chains.values() for lines in chains.values() for line in lines)

    def used(self) -> list[Saved]:
        """The files of the families that ufw takes care of."""
        return [file for version, file in self.files.items() if version == 4 or self.uses_v6]

    def saved(self) -> Owned:
        return {one: owners for file in self.files.values() for one, owners in file.ours().items()}

    def live(self) -> Owned:
        return {one: owners for chains in self.chains.values() for one, owners in _ufw_live.ours(chains).items()}


class Ufw(_backend.Backend):
    """ufw with the tuples of the owners."""

    def __init__(self, run: _host.Run, shorts: Mapping[str, str]) -> None:
        super().__init__(run, shorts)
        self._seen: _Look | None = None
        self._halves: dict[frozenset[Tuple], tuple[_rules.Rule, ...]] = {}
        self._without_v6 = False
        self._awaited: set[int] = set()

    @classmethod
    def filters(cls, run: _host.Run) -> bool:
        """Whether its chains are loaded. Where that can't be seen, its switch is believed."""
        try:
            return _ufw_live.is_loaded(_xtables_programs.dump(run, 4).chains, 4)
        except _host.HostError:
            return ENTRIES["ufw"].is_switched_on()

    @classmethod
    def left(cls, _run: _host.Run, shorts: Mapping[str, str]) -> list[str]:
        return [
            f"{file.path}: {_ufw_tuple.command(one, one.peer, owners)}"
            for file in _files_of(shorts)
            for one, owners in file.ours().items()
            if set(owners) & shorts.keys()
        ]

    @classmethod
    def forget(cls, _run: _host.Run, shorts: Mapping[str, str]) -> None:
        with _ufw_host.locked(change=True):
            for file in _files_of(shorts):
                _write(file, _ufw_file.without(file.ours(), shorts))

    def owners(self) -> dict[str, str]:
        look = self._seen or self._look()
        found = {owner for owned in (look.saved(), look.live()) for whose in owned.values() for owner in whose}
        found |= {owner for line in look.lines() for owner in line.owners}
        return {owner: self.shorts.get(owner, owner[len(_ufw_tuple.PREFIX) :][:9]) for owner in sorted(found)}

    def read(self) -> _state.States:
        look = self._look()
        odd_saved: dict[str, set[str]] = {}
        odd_live: dict[str, set[str]] = {}
        for file in look.files.values():
            _merge(odd_saved, file.odd())
            if _whole_file.is_left(file.path):
                text = f"{file.path}{_whole_file.SUFFIX} is left of a run that was interrupted"
                _merge(odd_saved, {owner: {text} for owner in self.shorts})
        for version, chains in look.chains.items():
            _merge(odd_live, _ufw_live.odd(chains, version))
        saved, live = _by_owner(look.saved()), _by_owner(look.live())
        try:
            return {
                owner: _state.Found(
                    self._half(saved.get(owner, []), odd_saved.get(owner, ())),
                    self._half(live.get(owner, []), odd_live.get(owner, ())),
                )
                for owner in self.shorts
            }
        except ValueError:
            for file in look.files.values():
                _ufw_file.check_peers(file)
            raise

    def denies_outgoing(self) -> bool:
        if _ufw_host.setting(_ufw_host.DEFAULTS, "DEFAULT_OUTPUT_POLICY") in ("drop", "reject"):
            return True
        look = self._seen or self._look()
        return any(_ufw_order.refuses(file.places("out")) for file in look.used())

    def check(self, aims: _state.States, now: _state.States) -> _state.States:
        look = self._seen or self._look()
        saved = frozenset().union(*(file.foreign for file in look.files.values()))
        live = {
            text for chains in look.chains.values() for lines in chains.values() for text in _ufw_live.theirs(lines)
        }
        found = {}
        for owner, aim in aims.items():
            halves = [self._possible(half, look) for half in (aim.saved, aim.live)]
            theirs = (saved, frozenset(one for one in saved if _ufw_tuple.live_line(one) in live))
            found[owner] = _state.Found(*(self._ours_alone(half, there) for half, there in zip(halves, theirs)))
        if found != now:
            self._need_short_comments(look, found)
            for file in look.files.values():
                _whole_file.need_writable(file.path)
        return found

    def _need_short_comments(self, look: _Look, aims: _state.States) -> None:
        """Refuse more owners of one rule than its comment can name; with few names on the host none has."""
        groups = {line.owners for line in look.lines()}
        groups.update(piece.owners for file in look.files.values() for piece in file.pieces)
        if _ufw_tuple.is_short({*aims, *(owner for group in groups for owner in group)}):
            return
        for there, half in ((look.saved(), "saved"), (look.live(), "live")):
            wanted = _wanted(there, {owner: getattr(aim, half) for owner, aim in aims.items()})
            _ufw_tuple.need_short_comments(there, wanted)

    def _possible(self, half: _state.Half, look: _Look) -> _state.Half:
        """The half without peers of a family that ufw leaves alone here."""
        if look.uses_v6:
            return half
        rules = [
            rule._replace(peers=peers)
            for rule in half.rules
            for peers in [tuple(peer for peer in rule.peers if ":" not in peer)]
            if peers
        ]
        if rules == list(half.rules):
            return half
        self._without_v6 = True
        return _state.half(rules, half.odd)

    def _ours_alone(self, half: _state.Half, theirs: frozenset[Tuple]) -> _state.Half:
        """The half without what a rule of somebody else is for already."""
        tuples = _ufw_tuple.encode(half.rules) if theirs else []
        while not theirs.isdisjoint(tuples):
            half = _state.Half(self._canonical([one for one in tuples if one not in theirs]), half.odd)
            tuples = _ufw_tuple.encode(half.rules)
        return half

    def stage(self, now: _state.States, aims: _state.States) -> _state.States:
        """Nothing has to be prepared; what could not be saved later is found out."""
        with _ufw_host.locked(change=True):
            look = self._gather()
            wanted = _wanted(look.saved(), {owner: aim.saved for owner, aim in aims.items()})
            for file in look.files.values():
                _try_out(file, wanted)
        return now

    def go_live(self, _now: _state.States, aims: _state.States) -> None:
        with _ufw_host.locked(change=True):
            self._go_live(self._gather(), aims)

    def _go_live(self, look: _Look, aims: _state.States) -> None:
        wanted = _wanted(look.live(), {owner: aim.live for owner, aim in aims.items()})
        for version, chains in look.chains.items():
            commands = _ufw_live.changes(chains, version, wanted, aims)
            if commands:
                _xtables_programs.restore(self.run, look.tables[version], commands)

    def save(self, _now: _state.States, aims: _state.States) -> None:
        with _ufw_host.locked(change=True):
            self._save(self._gather(), aims)

    def _save(self, look: _Look, aims: _state.States) -> None:
        wanted = _wanted(look.saved(), {owner: aim.saved for owner, aim in aims.items()})
        for file in look.files.values():
            _write(file, wanted)

    def commit(self, now: _state.States, aims: _state.States) -> None:
        """A ufw command that was at work meanwhile may have written what it had read before: then once more."""
        for _attempt in range(_ATTEMPTS):
            if not _backend.changed(now, aims):
                return
            with _ufw_host.locked(change=True):
                self._commit(now, aims)
                others = _ufw_host.commands() - self._awaited
            if not others:
                return
            self._let_pass(others)
            now = self.read()
        if _backend.changed(now, aims):
            raise _host.HostError(
                f"ufw commands that were at work at the same time have taken this change back {_ATTEMPTS} times. Let "
                "them end, and run this again."
            )

    def _commit(self, now: _state.States, aims: _state.States) -> None:
        """The kernel first: by the file we know which of its lines without a name are ours."""
        look = self._gather()
        if any(now[owner].live != aim.live for owner, aim in aims.items()):
            self._go_live(look, aims)
        if any(now[owner].saved != aim.saved for owner, aim in aims.items()):
            self._save(look, aims)

    def _let_pass(self, others: Collection[int]) -> None:
        """Wait for ufw commands; not twice for one that does not end."""
        left = _ufw_host.let_pass(others)
        self._awaited |= left
        if left:
            raise _host.HostError(
                f"A ufw command (process {min(left)}) has been at work for {_ufw_host.LOCK_SECONDS} seconds, and what "
                "it has read before this change it may write again. Let it end, and run this again."
            )

    def commands(self, _now: _state.States, aims: _state.States) -> list[str]:
        before = (self._seen or self._look()).live()
        after = _wanted(before, {owner: aim.live for owner, aim in aims.items()})
        added = {one: owners for one, owners in after.items() if before.get(one) != owners}
        return [
            *_spoken(added),
            *_spoken({one: () for one in before if one not in after}),
        ]

    def foreign(self) -> list[_backend.Foreign]:
        """Tuples of others; what they have in before.rules and after.rules is not looked at."""
        look = self._seen or self._look()
        return [one for file in look.used() for one in _ufw_foreign.foreign(file)]

    def blocking(self) -> list[_backend.Foreign]:
        look = self._seen or self._look()
        return [one for file in look.used() for one in _ufw_foreign.blocking(file)]

    def notes(self) -> list[str]:
        if not self._without_v6:
            return []
        return [_NO_V6]

    def _look(self) -> _Look:
        with _ufw_host.locked(change=False):
            self._seen = self._gather()
        return self._seen

    def _gather(self) -> _Look:
        """The files and the chains. To be called under the lock."""
        look = _Look({}, {}, {}, self._uses_v6())
        for version in (4, 6):
            used = version == 4 or look.uses_v6
            file = _ufw_host.load(version, used)
            if file:
                look.files[version] = file
            # Where ufw has just been told to leave IPv6 alone, what it has loaded stays until its next reload.
            table = self._table(version, used) if used or (file and file.ours()) else None
            if file and table:
                look.tables[version] = table
                look.chains[version] = _ufw_live.parse(table.chains, version, file.ours(), file.twins)
        return look

    @staticmethod
    def _uses_v6() -> bool:
        return _ufw_host.setting(_ufw_host.DEFAULTS, "IPV6") == "yes" and _ufw_host.IPV6.is_dir()

    def _table(self, version: int, used: bool) -> Table | None:
        """The kernel's table; None where ufw's chains are not in it and need not be."""
        try:
            table = _xtables_programs.dump(self.run, version)
        except _host.HostError:
            if used:
                raise
            return None
        if _ufw_live.is_loaded(table.chains, version):
            return table
        if not used:
            return None
        raise _host.HostError(
            f"ufw is enabled, but its rules for IPv{version} are not loaded. Look whether it lets SSH in, with "
            f"ufw show added, and then run ufw reload; or ufw disable, if it is not to run. {_host.UNCHANGED}"
        )

    def _half(self, tuples: Iterable[Tuple], odd: Iterable[str]) -> _state.Half:
        return _state.Half(self._canonical(tuples), tuple(sorted(odd)))

    def _canonical(self, tuples: Iterable[Tuple]) -> tuple[_rules.Rule, ...]:
        key = frozenset(tuples)
        if key not in self._halves:
            self._halves[key] = _state.half(_ufw_tuple.decode(key)).rules
        return self._halves[key]


def _wanted(there: Owned, halves: Mapping[str, _state.Half]) -> Owned:
    """All of our tuples, when these owners have these halves, and the other ones what they have."""
    wanted = _ufw_file.without(there, halves)
    for owner, half in halves.items():
        wanted = _ufw_file.plus(wanted, owner, _ufw_tuple.encode(half.rules))
    return wanted


def _by_owner(owned: Owned) -> dict[str, list[Tuple]]:
    found: dict[str, list[Tuple]] = {}
    for one, owners in owned.items():
        for owner in owners:
            found.setdefault(owner, []).append(one)
    return found


def _merge(some: dict[str, set[str]], others: Mapping[str, set[str]]) -> None:
    for owner, texts in others.items():
        some.setdefault(owner, set()).update(texts)


def _files_of(shorts: Mapping[str, str]) -> list[Saved]:
    """The files that hold something of the owners; what ufw has beside it is no matter where nothing of ours is."""
    found = []
    for version in _ufw_host.FILES:
        try:
            is_ours = _ufw_tuple.HEX_PREFIX in _whole_file.read(str(_ufw_host.file_of(version)))
        except OSError:
            continue
        file = _ufw_host.load(version, needed=False) if is_ours else None
        if file and any(set(owners) & shorts.keys() for owners in file.ours().values()):
            found.append(file)
    return found


def _write(file: Saved, ours: Owned) -> None:
    try:
        if _whole_file.is_left(file.path):
            _whole_file.clean(file.path)
        text = file.text_with(ours)
        if text != file.text():
            _whole_file.replace(file.path, text)
    except OSError as wrong:
        raise _host.HostError(f"{file.path} could not be written: {_cause(wrong)}.") from None


def _try_out(file: Saved, ours: Owned) -> None:
    try:
        _whole_file.try_out(file.path, file.text_with(ours))
    except OSError as wrong:
        raise _host.HostError(f"{file.path} could not be written: {_cause(wrong)}. {_host.UNCHANGED}") from None


def _cause(wrong: OSError) -> str:
    return wrong.strerror or str(wrong)


def _spoken(owned: Mapping[Tuple, tuple[str, ...]]) -> list[str]:
    """The commands; both families' whole ranges are one word of ufw's."""
    found = []
    for one, owners in owned.items():
        if one.peer in ANYWHERE:
            other = one._replace(peer=ANYWHERE[one.version == 4])
            both = owned.get(other) == owners
            if both and one.version == 6:
                continue
            found.append(_ufw_tuple.command(one, "any" if both else one.peer, owners))
        else:
            found.append(_ufw_tuple.command(one, one.peer, owners))
    return found
