# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the firewall iptables, of either kind (nf_tables or legacy), saved as the distribution saves it.

Each owner has chains of its own, reached by one jump behind every rule of others but the final catch-all, so others'
drops win. Each family changes in one transaction of iptables-restore, which leaves others' rules and counters alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress

from ansible_collections.printnet.ports.plugins.module_utils import _host, _rules, _state
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import (
    _backend,
    _whole_file,
    _xtables,
    _xtables_file,
    _xtables_foreign,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_place as place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_programs as programs
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_table as tables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._xtables_table import BASES, Chains, Table

OWNERS = "printnet.ports/"


class Iptables(_backend.Backend):
    """iptables and ip6tables with the chains of the owners."""

    def __init__(self, run: _host.Run, shorts: Mapping[str, str]) -> None:
        super().__init__(run, shorts)
        self._live: dict[int, Table] | None = None
        self._kept: tuple[dict[int, str], list[str]] | None = None
        # What is saved is mostly what is live; each is understood once.
        self._known: dict[tuple[int, str], tuple[Chains, tuple[list[_rules.Rule], list[str]]]] = {}
        self._halves: dict[str, tuple[list[_rules.Rule], _state.Half]] = {}
        self._tried: set[tuple[int, str]] = set()
        self._unloaded: dict[str, Table] | None = None

    @classmethod
    def filters(cls, run: _host.Run) -> bool:
        """Whether INPUT refuses by default, though no unit loads it."""
        for version in programs.PROGRAMS:
            with suppress(_host.HostError):
                if (version == 4 or programs.has_ipv6()) and programs.filters(run, version):
                    return True
        return False

    @classmethod
    def left(cls, run: _host.Run, shorts: Mapping[str, str]) -> list[str]:
        """Our lines in the saved files, and then the chains that the kernel may still have.

        The kernel is asked only where a file has something: what is only live goes with the next boot.
        """
        found = [
            f"{path} has rules of {owner}"
            for path, table in _all_saved().items()
            for owner, short in shorts.items()
            if short in table.shorts()
        ]
        if found:
            found += [
                f"{programs.PROGRAMS[table.version]} still has chains of ours in the kernel"
                for table, lines in _stale(run, shorts)
                if lines
            ]
        return found

    @classmethod
    def forget(cls, run: _host.Run, shorts: Mapping[str, str]) -> None:
        """Remove our lines from the saved files and our chains from the kernel."""
        nothing: dict[str, tuple[_rules.Rule, ...]] = dict.fromkeys(shorts, ())
        _remove_from(_all_saved(), nothing, shorts)
        for table, lines in _stale(run, shorts):
            if lines:
                programs.restore(run, table, lines)

    @classmethod
    def would_save(cls, run: _host.Run) -> str:
        found = [_xtables_file.saves_on_stop(path) for path in _xtables_file.kept(run)[0].values()]
        return " and ".join(filter(None, found))

    def owners(self) -> dict[str, str]:
        """Owners by the comments of their jumps; one whose jump is gone is named after its chains."""
        found: dict[str, str] = {}
        names = {short: owner for owner, short in self.shorts.items()}
        for table in [*self.live().values(), *self._saved().values(), *self._idle().values()]:
            for base in BASES.values():
                for line in table.lines(base):
                    short = tables.short_of(line.target)
                    if short and line.comment.startswith(OWNERS):
                        names.setdefault(short, line.comment)
            found.update({names.get(short, OWNERS + short): short for short in table.shorts()})
        return found

    def live(self) -> dict[int, Table]:
        """The kernel's table of each family."""
        if self._live is None:
            self._live = {4: programs.dump(self.run, 4)}
            if programs.has_ipv6():
                # Without the program nothing filters IPv6 here.
                with suppress(programs.AbsentError):
                    self._live[6] = programs.dump(self.run, 6)
        return self._live

    def _loading(self) -> tuple[dict[int, str], list[str]]:
        if self._kept is None:
            self._kept = _xtables_file.kept(self.run)
        return self._kept

    def _saved(self) -> dict[int, Table]:
        """The saved table of each family, empty where the file has none."""
        return {version: _parse(_xtables_file.read(path), version) for version, path in self._saving().items()}

    def _saving(self) -> dict[int, str]:
        """The file of each family that is both filtered and loaded from a file."""
        return {version: path for version, path in self._loading()[0].items() if version in self.live()}

    def _idle(self) -> dict[str, Table]:
        """The tables of the files that have something of ours, and that nothing loads now."""
        if self._unloaded is None:
            self._unloaded = _all_saved(self._saving().values())
        return self._unloaded

    def _unused(self, short: str) -> list[str]:
        return [
            f"{path}, which nothing loads, has rules of it"
            for path, table in self._idle().items()
            if short in table.shorts()
        ]

    def read(self) -> _state.States:
        self._live = self._unloaded = None
        live, saved = self.live(), self._saved()
        broken = [text for path in self._saving().values() for text in _xtables_file.left_of(path)]
        return {
            owner: _state.Found(
                self._half(owner, short, saved, [*broken, *self._unused(short)]), self._half(owner, short, live)
            )
            for owner, short in self.shorts.items()
        }

    def _half(self, owner: str, short: str, found: Mapping[int, Table], broken: Iterable[str] = ()) -> _state.Half:
        rules: list[_rules.Rule] = []
        odd = list(broken)
        for version, table in found.items():
            allowed, strange = self._decoded(version, short, table.ours(short))
            rules += allowed
            faults = [*strange, *place.jump_faults(table, owner, short)]
            odd += [f"{programs.PROGRAMS[version]}: {text}" for text in faults]
        last = self._halves.get(owner)
        if last is None or last[0] != rules:
            last = self._halves[owner] = (rules, _state.half(rules))
        return last[1]._replace(odd=tuple(sorted(odd)))

    def _decoded(self, version: int, short: str, chains: Chains) -> tuple[list[_rules.Rule], list[str]]:
        """What the chains allow, and what is odd in them."""
        key = (version, short)
        known = self._known.get(key)
        if known is None or known[0] != chains:
            known = (chains, tables.decode(chains, version, short))
            self._known[key] = known
        return known[1]

    def denies_outgoing(self) -> bool:
        return any(place.denies(table, BASES["out"]) for table in self.live().values())

    def check(self, aims: _state.States, now: _state.States) -> _state.States:
        """Without what a family has no program for, and without saved rules where nothing loads them."""
        live, saving = set(self.live()), set(self._saving())
        possible = {owner: _state.Found(_only(aim.saved, saving), _only(aim.live, live)) for owner, aim in aims.items()}
        for owner, aim in possible.items():
            unused = self._unused(self.shorts[owner]) if not _is_nothing(aim) else []
            # What loads it may come back: what is wanted stays there.
            if unused:
                odd = tuple(sorted({*aim.saved.odd, *unused}))
                possible[owner] = aim._replace(saved=aim.saved._replace(odd=odd))
        if possible != now:
            for version, table in self.live().items():
                _refuse_intruders(table, aims, self.shorts, f"the kernel's rules of {programs.PROGRAMS[version]}")
            for path, (version, old, new) in self._new_texts(possible).items():
                _whole_file.need_writable(path)
                if programs.can_try(version):
                    self._try(version, path, old, new, f" {_host.UNCHANGED}")
        return possible

    def _new_texts(self, aims: _state.States) -> dict[str, tuple[int, str | None, str | None]]:
        """The files that change: family, old and new text."""
        rules = {owner: aim.saved.rules for owner, aim in aims.items()}
        found = {}
        for version, path in self._saving().items():
            old = _xtables_file.read(path)
            _refuse_intruders(_parse(old, version), aims, self.shorts, path)
            new = _xtables_file.edit(old, version, rules, self.shorts)
            if new != old and any(rules.values()):
                _refuse_inserted(_parse(old, version), path)
            if new != old:
                found[path] = (version, old, new)
        return found

    def _scripts(self, aims: _state.States) -> dict[int, list[str]]:
        """What each family's program gets."""
        rules = {owner: aim.live.rules for owner, aim in aims.items()}
        found = {version: place.script(table, rules, self.shorts) for version, table in self.live().items()}
        return {version: lines for version, lines in found.items() if lines}

    def stage(self, now: _state.States, aims: _state.States) -> _state.States:
        for path, (version, old, new) in self._new_texts(aims).items():
            _xtables_file.try_out(path, new)
            self._try(version, path, old, new)
        for version, lines in self._scripts(aims).items():
            programs.restore(self.run, self.live()[version], lines, "--test")
        return now

    def _try(self, version: int, path: str, old: str | None, new: str | None, said: str = "") -> None:
        """Refuse to save what would not load at boot. A file that is broken already may lose lines all the same."""
        if new is None or (version, new) in self._tried:
            return
        wrong = programs.fault(self.run, version, new)
        was = programs.fault(self.run, version, old) if wrong and old else ""
        if wrong and not (was and {*new.split("\n")} <= {*(old or "").split("\n")}):
            how = "does not load as it is" if was else "would not load with our rules in it"
            raise _host.HostError(
                f"{path} {how}, and the host would start without a firewall: {was or wrong}. "
                f"Mend what is wrong there; {programs.PROGRAMS[version]}-restore --test {path} shows it.{said}"
            )
        self._tried.add((version, new))

    def go_live(self, now: _state.States, aims: _state.States) -> None:
        # Whatever is there now, not what was read some time ago.
        self._live = None
        try:
            for version, lines in self._scripts(aims).items():
                programs.restore(self.run, self.live()[version], lines)
        finally:
            self._live = None

    def save(self, now: _state.States, aims: _state.States) -> None:
        changes = self._new_texts(aims)
        for path, (version, old, new) in changes.items():
            self._try(version, path, old, new)
        for path in self._saving().values():
            if path in changes:
                _xtables_file.write(path, changes[path][2])
            else:
                _xtables_file.clean(path)
        gone: dict[str, tuple[_rules.Rule, ...]] = {owner: () for owner, aim in aims.items() if _is_nothing(aim)}
        _remove_from(_all_saved(self._saving().values()), gone, self.shorts)

    def commands(self, now: _state.States, aims: _state.States) -> list[str]:
        """The lines as the two programs get them, each named."""
        return [
            f"{programs.PROGRAMS[version]}-restore --noflush: {line}"
            for version, lines in self._scripts(aims).items()
            for line in lines
        ]

    def foreign(self) -> list[_backend.Foreign]:
        return [
            found
            for version, table in self.live().items()
            for base in BASES.values()
            for found in _xtables_foreign.others(table, base, f"{programs.PROGRAMS[version]} ")
        ]

    def notes(self) -> list[str]:
        found = []
        if 6 not in self.live():
            reason = "has no ip6tables" if programs.has_ipv6() else "has IPv6 switched off"
            found.append(f"This host {reason}: only rules for IPv4 were made.")
        missing = [programs.PROGRAMS[version] for version in self.live() if version not in self._loading()[0]]
        if missing:
            found.append(
                f"Nothing loads the rules of {' and '.join(missing)} at boot: they are live only, and will be gone "
                "after a reboot. Install and enable what does: iptables-persistent on Debian and Ubuntu (systemctl "
                "enable netfilter-persistent), iptables-services on Red Hat (systemctl enable iptables ip6tables)."
            )
        return found + [
            f"{unit} has loaded the rules, but is not enabled: after a reboot they will be gone. "
            f"Enable it: {_host.how_to_start_at_boot(unit)}"
            for unit in self._loading()[1]
        ]


def _only(half: _state.Half, versions: Iterable[int]) -> _state.Half:
    """The half without the peers of families that are not there."""
    versions = set(versions)
    if versions == {4, 6}:
        return half
    rules = []
    for rule in half.rules:
        peers = tuple(peer for version in sorted(versions) for peer in _xtables.peers(rule, version))
        rules += [_rules.Rule(rule.direction, rule.transport, rule.ports, peers, rule.source_ports)] if peers else []
    return _state.half(rules, half.odd if versions else ())


def _is_nothing(aim: _state.Found) -> bool:
    return not (aim.saved.rules or aim.live.rules)


def _remove_from(
    some: Mapping[str, Table], owners: Mapping[str, Iterable[_rules.Rule]], shorts: Mapping[str, str]
) -> None:
    """Remove our lines from files that nothing loads; ``owners`` have no rules."""
    for path, table in some.items():
        text = _xtables_file.read(path)
        new = _xtables_file.edit(text, table.version, owners, shorts)
        if new != text:
            _xtables_file.write(path, new)


def _parse(text: str | None, version: int) -> Table:
    return tables.parse(tables.section(text or ""), version)


def _all_saved(but: Iterable[str] = ()) -> dict[str, Table]:
    """The tables of all files in which rules are ever saved and ours stand, but for those that are named."""
    known = set(map(os.path.realpath, but))
    found = {}
    for keeper in _xtables_file.KEEPERS:
        for version, path in keeper.paths.items():
            text = None if os.path.realpath(path) in known else _xtables_file.read(path)
            if text and tables.PREFIX in text:
                found[path] = _parse(text, version)
    return found


def _live_or_none(run: _host.Run) -> dict[int, Table]:
    try:
        return Iptables(run, {}).live()
    except _host.HostError:
        return {}


def _stale(run: _host.Run, shorts: Mapping[str, str]) -> list[tuple[Table, list[str]]]:
    """What removes our chains from each table of the kernel.

    Where nftables is active the table may be one that it has loaded itself, and a chain that is in use there its own.
    """
    elsewhere = run(["systemctl", "is-active", "nftables.service"])[1].strip() == "active"
    found = []
    for table in _live_or_none(run).values():
        reached = {
            owner for owner, short in shorts.items() if any(place.jumps(table, base, short) for base in BASES.values())
        }
        going = {} if elsewhere else dict.fromkeys(reached, ())
        unused = [name for owner in shorts.keys() - going.keys() for name in place.unused(table, shorts[owner])]
        found.append((table, [*place.script(table, going, shorts), *place.removal(unused)]))
    return found


def _refuse_inserted(table: Table, path: str) -> None:
    """Where a line changes what stands above it of INPUT or OUTPUT, what is in front of ours can't be told."""
    for text in table.inserted:
        words = [word for word, _quoted in _xtables.words(text)]
        if len(words) == 1 or words[1] in BASES.values():
            what = "inserts a rule before those" if text.startswith(("-I", "--insert")) else "takes away what stands"
            raise _host.HostError(
                f"{path} {what} above it: {tables.printable(text)}. So where ours would stand is "
                f"not certain. Write it with -A, in the order that counts, as iptables-save does. {_host.UNCHANGED}"
            )


def _refuse_intruders(table: Table, aims: _state.States, shorts: Mapping[str, str], where: str) -> None:
    """Chains that somebody else leads to can't be removed, and a file that names a missing chain does not load."""
    for owner in aims:
        for line in place.intruders(table, shorts[owner]):
            raise _host.HostError(
                f"In {where} a chain of somebody else leads to a chain of {owner}: {tables.printable(line.text)}. "
                f"Remove that rule. {_host.UNCHANGED}"
            )
