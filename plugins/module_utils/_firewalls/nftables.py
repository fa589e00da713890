# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the firewall nftables.

A table of our own could not let in what another one refuses, so each owner has a chain in every table whose base chain
refuses by default; a jump leads there, behind all rules of others and before the final drop or reject. One transaction
changes all of it. What is saved is loaded by a drop-in of nftables.service; nobody's file is touched.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from glob import glob
from pathlib import Path
from typing import Any

from ansible_collections.printnet.ports.plugins.module_utils import _host, _rules, _state
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import (
    _backend,
    _nft_foreign,
    _nft_rules,
    _whole_file,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_ends as ends
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_files as files
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_place as place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._nft_place import Base, Table, Wanted

_COPIES = (
    *("/etc/nftables.conf", "/etc/sysconfig/nftables.conf"),
    *("/etc/nftables/*.nft", "/etc/nftables/rules/*.nft", "/etc/nftables.d/*"),
)
"""Where administrators save what is live, by hand."""
_LARGE = 5_000_000
"""A larger file holds lists of networks, and is not read."""

_MANY = 1000
"""A foreign set with more elements is left alone: it would take longer than all else."""


class Nftables(_backend.Backend):
    """nftables with the chains of the owners."""

    def __init__(self, run: _host.Run, shorts: Mapping[str, str]) -> None:
        super().__init__(run, shorts)
        self._seen: list[Table] | None = None

    @classmethod
    def filters(cls, run: _host.Run) -> bool:
        """The layer of iptables over nftables is a firewall of its own."""
        try:
            tables = _list(run)
        except _host.HostError:
            return False
        return any(
            base.direction == "in" and (base.table.name, base.chain.name) != ("filter", "INPUT")
            for table in tables
            for base in place.bases(table)
        )

    @classmethod
    def left(cls, _run: _host.Run, shorts: Mapping[str, str]) -> list[str]:
        saved = files.read()
        there = _as_rules(saved, shorts)
        lines = [f"{owner}: {line}" for owner in sorted(there) for line in _rules.lines(there[owner].rules)]
        return lines or ([] if saved else files.odd(saved))

    @classmethod
    def forget(cls, run: _host.Run, shorts: Mapping[str, str]) -> None:
        files.write(run, {owner: one for owner, one in files.read().items() if owner not in shorts})

    def owners(self) -> dict[str, str]:
        found = {owner: short for owner, (short, _rules_of_it) in files.read().items()}
        shorts = {short: owner for owner, short in found.items()}
        for table in self._tables():
            comments = {
                ends.target(rule): str(rule.get("comment", ""))
                for chain in table.chains.values()
                for rule in chain.rules
                if ends.is_ours(rule)
            }
            for name in (name for name in table.chains if name.startswith(ends.CHAIN)):
                short = name[len(ends.CHAIN) :].partition("-")[0]
                comment = comments.get(name, "")
                owner = comment if comment.startswith(place.OWNER) else shorts.get(short, place.OWNER + short)
                found.setdefault(owner, short)
        return found

    def read(self) -> _state.States:
        self._seen = None
        saved = files.read()
        around = files.odd(saved)
        halves = _as_rules(saved, self.shorts)
        live = _nft_rules.live(self._tables(), self.shorts)
        return {owner: _found(halves.get(owner), live[owner], around, bool(saved)) for owner in self.shorts}

    def denies_outgoing(self) -> bool:
        return any(base.direction == "out" for base in self._bases())

    def check(self, aims: _state.States, now: _state.States) -> _state.States:
        aims = {owner: _state.Found(aim.saved, self._reachable(aim.live)) for owner, aim in aims.items()}
        owners = list(_backend.changed(now, aims))
        ways = {rule.direction for aim in aims.values() for rule in aim.live.rules}
        told = [place.obstacle(base) for base in self._bases() if base.direction in ways and place.obstacle(base)]
        if told:
            raise _host.HostError(f"{' '.join(told)} {_host.UNCHANGED}")
        if any(now[owner].live != aims[owner].live for owner in owners):
            self._nft(self._lines(now, aims), "--check")
        return aims

    def _reachable(self, live: _state.Half) -> _state.Half:
        """What can be live: where nothing is refused by default there is nothing to open."""
        covered = {(base.direction, family) for base in self._bases() for family in place.FAMILIES[base.table.family]}
        rules, cut = [], False
        for rule in live.rules:
            peers = tuple(peer for peer in rule.peers if (rule.direction, "6" if ":" in peer else "4") in covered)
            cut = cut or len(peers) != len(rule.peers)
            if peers:
                rules.append(rule._replace(peers=peers))
        return _state.half(rules, live.odd) if cut else live

    def stage(self, now: _state.States, aims: _state.States) -> _state.States:
        # The rules, and the copied program that loads them.
        size = len(place.dump(self._to_save(aims))) + len(files.loader())
        for path in (files.FOLDER, files.DROP_IN.parent):
            _whole_file.room(str(path), size)
        return now

    def go_live(self, now: _state.States, aims: _state.States) -> None:
        self._seen = None
        lines = self._lines(now, aims)
        self._seen = None
        if lines:
            self._nft(lines)

    def save(self, now: _state.States, aims: _state.States) -> None:
        files.write(self.run, self._to_save(aims))

    def _to_save(self, aims: _state.States) -> Wanted:
        saved = files.read()
        for owner, aim in aims.items():
            saved.pop(owner, None)
            if aim.saved.rules:
                saved[owner] = _plain(self.shorts[owner], aim.saved.rules)
        return saved

    def commands(self, now: _state.States, aims: _state.States) -> list[str]:
        return self._lines(now, aims)

    def _lines(self, now: _state.States, aims: _state.States) -> list[str]:
        wanted = {
            owner: _plain(self.shorts[owner], aim.live.rules)
            for owner, aim in aims.items()
            if aim.live != now[owner].live
        }
        try:
            return place.transaction(self._tables(), wanted)
        except place.PlaceError as wrong:
            raise _host.HostError(
                f"What nftables is to be given is not well formed: {wrong}. {_host.UNCHANGED}"
            ) from None

    def foreign(self) -> list[_backend.Foreign]:
        return _nft_foreign.foreign(self._tables(), self._elements)

    def _elements(self, table: Table, name: str, kind: str) -> Any:
        words = ["list", kind, table.family, table.name, name]
        rc, out, _told = self.run([_nft_path(), "--json", *words]) if all(map(place.is_word, words)) else (1, "", "")
        with suppress(ValueError, LookupError, TypeError):
            if rc == 0:
                one = next(item[kind] for item in json.loads(out)["nftables"] if kind in item)
                found = one.get("elem", [])
                if len(found) <= _MANY:
                    return {"set": found}
        raise _nft_rules.UnknownError(name)

    def notes(self) -> list[str]:
        tables = self._tables()
        found = self._open_already() + _nft_foreign.elsewhere(tables) + _nft_foreign.astray(tables)
        if not _host.starts_at_boot(files.UNIT):
            found.append(
                f"{files.UNIT} does not start at boot, so nothing will load the rules then: "
                f"{_host.how_to_start_at_boot(files.UNIT)}"
            )
        found += files.unseen_python()
        for name in (name for some in _COPIES for name in sorted(glob(some))):
            with suppress(OSError):
                if _holds_ours(Path(name)):
                    found.append(
                        f"{name} holds a copy of rules of printnet.ports, which are loaded without it: "
                        f"remove the lines with {ends.CHAIN} there."
                    )
        return found

    def _open_already(self) -> list[str]:
        """What comes in that no chain refuses by default: it is open where all else is understood too."""
        covered = "".join(base.families for base in self._bases() if base.direction == "in")
        found = []
        for families in [family for family in "46" if family not in covered] if covered else ["46"]:
            tables = [table for table in self._tables() if set(families) & set(place.FAMILIES[table.family])]
            what = f" IPv{families}" if covered else ""
            if all(place.lets_all_in(table, families) for table in tables):
                so = "all of it is open" if covered else "everything is open already"
                found.append(f"No chain on this host refuses{what} by default, so {so}.")
            else:
                found.append(
                    f"No chain that printnet.ports understands refuses{what} by default, so it opens nothing there: "
                    "whatever rules of others refuse stays shut."
                )
        return found

    def _bases(self) -> list[Base]:
        return [base for table in self._tables() for base in place.bases(table)]

    def _tables(self) -> list[Table]:
        """What was live when it was last looked at."""
        if self._seen is None:
            self._seen = _list(self.run)
        return self._seen

    def _nft(self, lines: list[str], *options: str) -> None:
        rc, _out, told = self.run([_nft_path(), *options, "-f", "-"], data="".join(f"{line}\n" for line in lines))
        if rc != 0:
            raise _host.HostError(f"nft did not take the rules: {_why(told)} {_host.UNCHANGED}")


def _plain(short: str, rules: tuple[_rules.Rule, ...]) -> tuple[str, list[dict[str, Any]]]:
    plain = [rule.as_dict() for rule in rules]
    for one in plain:
        del one["flows"]
    return short, plain


def _found(saved: _state.Half | None, live: _state.Half, around: list[str], is_used: bool) -> _state.Found:
    """Both halves in their one form. It takes a while to find, so it is looked for once where they hold the same.

    What is not as it should be around the files counts where rules are saved, or where nobody's are.
    """
    known: dict[frozenset[Any], tuple[_rules.Rule, ...]] = {}
    odd = around if saved or not is_used else []
    return _state.Found(_in_form(saved or _state.Half(), odd, known), _in_form(live, [], known))


def _in_form(one: _state.Half, odd: list[str], known: dict[frozenset[Any], tuple[_rules.Rule, ...]]) -> _state.Half:
    odd = sorted({*one.odd, *odd})
    key = frozenset((rule.key()[:-1], frozenset(rule.peers)) for rule in one.rules)
    try:
        if key not in known:
            known[key] = _state.half(one.rules).rules
    except ValueError as wrong:
        return _state.Half((), (*odd, f"{files.SAVED} holds a rule that is none: {wrong}"))
    return _state.Half(known[key], tuple(odd))


def _as_rules(saved: Wanted, shorts: Mapping[str, str]) -> dict[str, _state.Half]:
    """What is saved of these owners, as it stands there."""
    found = {}
    for owner in shorts:
        if owner in saved:
            try:
                found[owner] = _state.Half(tuple(_rule(one) for one in saved[owner][1]))
            except (ValueError, LookupError, TypeError) as wrong:
                found[owner] = _state.Half((), (f"{files.SAVED} holds a rule that is none: {wrong}",))
    return found


def _rule(one: Mapping[str, Any]) -> _rules.Rule:
    """A saved rule; networks stay text, and are looked at where the rules get their one form."""
    peers = _rules.EVERYBODY if one["peers"] == ["any"] else tuple(one["peers"])
    ports = [tuple(_rules.parse_span(port) for port in one[key]) for key in ("ports", "source_ports")]
    return _rules.Rule(one["direction"], one["transport"], ports[0], peers, ports[1])


def _holds_ours(path: Path) -> bool:
    """Whether the text of a file names a chain of ours."""
    if not path.is_file() or path.stat().st_size > _LARGE:
        return False
    return ends.CHAIN in path.read_text(encoding="utf-8", errors="replace")


def _nft_path() -> str:
    found = shutil.which("nft", path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")
    if not found:
        raise _host.HostError(f"The program nft is not on this host: install the package nftables. {_host.UNCHANGED}")
    return found


def _list(run: _host.Run) -> list[Table]:
    def ask(words: list[str]) -> str:
        rc, out, told = run([_nft_path(), *words])
        if rc != 0:
            raise _host.HostError(f"nft did not list its rules: {_why(told)} {_host.UNCHANGED}")
        return out

    try:
        return place.look(ask)
    except place.PlaceError as wrong:
        raise _host.HostError(f"{wrong}. {_host.UNCHANGED}") from None


def _why(told: str) -> str:
    """What nft says, in one line, and what to do about it."""
    said = " ".join(told.split())[:500].rstrip(".")
    if "Operation not permitted" in said:
        return f"{said}. A container needs the capability CAP_NET_ADMIN for that; else its host's firewall decides."
    if "Assertion" in said:
        return f"{said}. A name or a text in the rules that is no UTF-8 makes it end so: see nft list ruleset."
    return f"{said}."
