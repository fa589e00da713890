# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the host's part of the module firewall: read, compare, change, read back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.printnet.ports.plugins.module_utils import (
    _active,
    _answer,
    _commit,
    _foreign,
    _host,
    _ledger,
    _python,
    _records,
    _rules,
    _standing,
    _state,
)
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import FIREWALLS

if TYPE_CHECKING:
    # Ansible ships to a host what it can see to be imported; the host imports it only in the switch.
    from ansible_collections.printnet.ports.plugins.module_utils import _switch  # noqa: F401

Wanted = dict[str, tuple[_rules.Rule, ...]]


def main(module: AnsibleModule) -> None:
    # The answer has the rules: Ansible would send, read and keep them once more with the plan that they came by.
    invocation = {"module_args": {name: value for name, value in module.params.items() if name != "plan"}}
    try:
        module.exit_json(**_run(module), invocation=invocation)
    except (_host.HostError, _rules.RuleError) as wrong:
        module.fail_json(msg=str(wrong), invocation=invocation)


def runner(module: AnsibleModule, meanwhile: Callable[[], None] | None = None) -> _host.Run:
    """The module's run_command, which for a program that is not there answers as a shell does.

    While the first program works, ``meanwhile`` is done.
    """
    idle = [meanwhile] if meanwhile else []

    def started(_process: Any) -> None:
        if idle:
            idle.pop()()

    def run(words: list[str], data: str | None = None) -> tuple[int, str, str]:
        try:
            done: tuple[int, str, str] = module.run_command(
                words,
                data=data,
                binary_data=True,
                handle_exceptions=False,
                before_communicate_callback=started,
                environ_update={"LC_ALL": "C", "PATH": _host.PATH},
            )
        except OSError as wrong:
            return 127, "", str(wrong)
        return done

    return run


def _run(module: AnsibleModule) -> dict[str, Any]:
    plan = module.params["plan"]
    owners = _owners(plan)
    wanted = {one["owner"]: _rules.canonical(_rules.parse(rule) for rule in one["rules"]) for one in owners}
    if module.params["state"] == "absent":
        wanted = dict.fromkeys(wanted, ())
    run = runner(module, _active.expect)
    if os.geteuid() != 0:
        raise _host.HostError(f"Changing a firewall needs root on the host: set become: true. {_host.UNCHANGED}")
    name = _active.choose(run, module.params["firewall"])
    if name is None:
        module.warn("No firewall is active on this host, so there is nothing to open.")
    else:
        _python.find_bindings(name)
    looks_only = module.check_mode or not plan["apply"]
    waiting = _commit.open_change() if looks_only else None
    if waiting:
        module.warn(
            f"A change that {waiting.run} made waits for its confirmation: this is foretold as if it were kept."
        )
    gone = _commit.rebooted() if looks_only else None
    if gone:
        _warn_of(module, run, gone)
    with nullcontext() if looks_only else _commit.alone(run, module.warn):
        told = _records.sentences()
        named = {one["owner"]: one["short"] for one in owners}
        call = _Call(module, run, looks_only, named, _ledger.read(), waiting)
        result = _apply(call, name, wanted) if name else _clear(call, wanted)
        for sentence in told:
            module.warn(sentence)
        if told and not looks_only:
            _records.clear()
        return {"firewall": name or "", **result, "changed": result["differs"] and plan["apply"]}


def _warn_of(module: AnsibleModule, run: _host.Run, gone: _commit.Change) -> None:
    """What the next run puts back is not foretold."""
    told = _commit.outlasted(run, gone)
    if told:
        module.warn(f"{told} This is foretold as if it were kept.")


def _owners(plan: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The owners of a plan; their names become those of chains and files, so they are looked at here again."""
    if plan is None:
        raise _host.HostError(
            f"This is the host's part of printnet.ports.firewall, and nothing was planned. {_host.UNCHANGED}"
        )
    for one in (*plan["owners"], *plan["known"]):
        if not _standing.is_owner(one["owner"], one["short"]):
            raise _host.HostError(
                f"Owner {one['owner'][:99]!r} or its short name {one['short'][:99]!r} is not a name. {_host.UNCHANGED}"
            )
    owners: list[dict[str, Any]] = plan["owners"]
    return owners


class _Call(NamedTuple):
    """One call: ``named`` are the owners that it names, with their short names; the ledger is what is remembered.

    Who only looks may see a change that is ``waiting``.
    """

    module: AnsibleModule
    run: _host.Run
    looks_only: bool
    named: Mapping[str, str]
    ledger: _ledger.Ledger
    waiting: _commit.Change | None = None

    @property
    def known(self) -> dict[str, str]:
        """The owners of all components; none where a call has rules by hand."""
        return {one["owner"]: one["short"] for one in self.module.params["plan"]["known"]}

    @property
    def touched(self) -> dict[str, str]:
        """The named owners that are to be changed."""
        return {} if self.module.params["state"] == "untouched" else dict(self.named)

    def unnamed(self, found: Mapping[str, str]) -> dict[str, str]:
        """Those of the owners found that stand there though the call does not name them."""
        everything = self.module.params["stale"] == "all"
        return _standing.unnamed(found, self.named, self.known, _ledger.components(self.ledger), everything)

    def going(self, found: Mapping[str, str]) -> dict[str, str]:
        """Those of them that are to go, and what is only remembered of others."""
        if self.module.params["stale"] == "keep":
            return {}
        return self.unnamed({**{owner: entry.short for owner, entry in self.ledger.items()}, **found})

    def kept(self, name: str) -> _state.States:
        """What the change that waits leaves in the firewall, if it is kept."""
        return self.waiting.after if self.waiting and self.waiting.firewall == name else {}

    def by_hand(self, owners: Iterable[str]) -> list[str]:
        """Those of the owners that are no components."""
        if self.module.params["owner"] is not None:
            return list(owners)
        components = {*self.known, *_ledger.components(self.ledger)}
        return [owner for owner in owners if owner not in components]


def _apply(call: _Call, name: str, wanted: Wanted) -> dict[str, Any]:
    module, run = call.module, call.run
    keeps = module.params["stale"] == "keep"
    going = call.going({} if keeps else FIREWALLS[name](run, call.named).owners())
    shorts = {**call.touched, **going}
    firewall = FIREWALLS[name](run, shorts)
    kept = call.kept(name)
    now = {owner: kept.get(owner, found) for owner, found in firewall.read().items()}
    wanted = {owner: wanted.get(owner, ()) for owner in shorts}
    wanted = _with_outbound(module.params["plan"]["outbound"], firewall, wanted)
    aims, later = _aims(wanted, now, module.params["removals"] == "later")
    aims = firewall.check(aims, now)
    owned = shorts if keeps else {**call.unnamed(call.known), **shorts}
    left = _active.leftovers(run, [name], owned)
    # What a change that waits takes away was removed by us.
    removed = _ledger.gone({owner: entry for owner, entry in call.ledger.items() if owner not in kept}, name, now)
    for note in [*firewall.notes(), *_foreign.voided(wanted, _foreign.at_home(firewall.blocking(), _host.has))]:
        module.warn(note)
    if keeps and call.known:
        there = {owner: short for owner, short in firewall.owners().items() if kept.get(owner) != _state.Found()}
        stale = list(call.unnamed(there))
    else:
        stale = [owner for owner in going if now[owner] != _state.Found()]
    result = {
        "differs": aims != now or bool(left),
        "rules": _answer.plain(wanted),
        "confirmed": False,
        "commands": _answer.few(firewall.commands(now, aims)) if aims != now else [],
        "stale": stale,
        "later": later,
        "removed_by_others": removed,
        **_answer.difference(now, aims, left),
    }
    if call.looks_only and not module.params["plan"]["apply"]:
        return result
    change = _needs_confirmation(call, name, shorts, now, aims) if aims != now else None
    if call.looks_only:
        return result
    if change:
        result["confirm"] = _go_live(run, firewall, change)
    elif aims != now:
        with _ledger.renewed(name, shorts, aims, call.by_hand(shorts)):
            _commit_at_once(firewall, now, aims)
    else:
        _remember(call, _ledger.with_states(call.ledger, name, shorts, now, call.by_hand(shorts)))
    rest = "The change is not confirmed, so the host puts back what it had." if change else "All else is done."
    _forget(run, left, owned, rest)
    return result


def _clear(call: _Call, wanted: Wanted) -> dict[str, Any]:
    """Where no firewall is active: remove what stands in the files of those that were, if it is to go."""
    owners = {} if call.module.params["stale"] == "keep" else {**call.unnamed(call.known), **call.going({})}
    if call.module.params["state"] == "absent":
        owners.update(call.named)
    left = _active.leftovers(call.run, [], owners) if owners else {}
    if owners and not call.looks_only:
        _forget(call.run, left, owners, "No firewall is active, so nothing else was to be done.")
        _remember(call, {owner: entry for owner, entry in call.ledger.items() if owner not in owners})
    return {
        "differs": bool(left),
        "rules": _answer.plain(wanted),
        "confirmed": False,
        "commands": [],
        "stale": [],
        "later": False,
        "removed_by_others": {},
        **_answer.difference({}, {}, left),
    }


def _forget(run: _host.Run, left: Iterable[str], owners: Mapping[str, str], rest: str) -> None:
    """Remove what is left in firewalls that are not active; ``rest`` says what became of all else."""
    other = ""
    try:
        for other in left:
            with _commit.surprises():
                FIREWALLS[other].forget(run, owners)
    except _host.HostError as wrong:
        why = str(wrong).removesuffix(_host.UNCHANGED).strip()
        raise _host.HostError(f"What is left in {other}, which is not active, stays: {why} {rest}") from None


def _remember(call: _Call, ledger: _ledger.Ledger) -> None:
    """Write the ledger, where it is another."""
    if ledger != call.ledger:
        _ledger.write(ledger)


def _with_outbound(asked: str, firewall: Any, wanted: Wanted) -> Wanted:
    """Without what is to be sent, where that needs no rule: nothing refuses it."""
    has_outbound = any(rule.direction == "out" for rules in wanted.values() for rule in rules)
    if not has_outbound or asked == "true" or (asked == "auto" and firewall.denies_outgoing()):
        return wanted
    return {owner: tuple(rule for rule in rules if rule.direction == "in") for owner, rules in wanted.items()}


def _aims(wanted: Wanted, now: _state.States, keep: bool) -> tuple[_state.States, bool]:
    """What is to be there; with ``keep`` nothing that is there goes, and the answer says whether something would."""
    aims, later = {}, False
    for owner, rules in wanted.items():
        found, one = now[owner], _state.half(rules)
        if keep and not {*found.saved.rules, *found.live.rules} <= set(one.rules):
            exact, one = one, _state.half([*rules, *found.saved.rules, *found.live.rules])
            later = later or one != exact
        aims[owner] = _state.Found(one, one)
    return aims, later


def _needs_confirmation(
    call: _Call, name: str, shorts: Mapping[str, str], now: _state.States, aims: _state.States
) -> _commit.Change | None:
    """The change, if it has to be confirmed; refuses it where it can't be."""
    plan, asked = call.module.params["plan"], call.module.params["confirm"] or "auto"
    if asked == "never" or (asked == "auto" and not _state.shrinks(now, aims)):
        return None
    why = "This change takes something away that is let in now" if asked == "auto" else "confirm is always"
    if not plan["can_confirm"]:
        raise _host.HostError(
            f"{why}, and it could not be confirmed over a new connection, because the connection plugin has none to "
            f"make. Use ssh, or set confirm, or printnet_confirm, to never. {_host.UNCHANGED}"
        )
    if not _commit.can_restore():
        raise _host.HostError(
            f"{why}, and this host has no systemd whose timer could put it back. Set confirm, or "
            f"printnet_confirm, to never to make it nevertheless. {_host.UNCHANGED}"
        )
    saving = FIREWALLS[name].would_save(call.run)
    if saving:
        raise _host.HostError(
            f"{why}, and a reboot would save it before anybody has confirmed it: {saving}. Set that to no, or set "
            f"confirm, or printnet_confirm, to never to make it nevertheless. {_host.UNCHANGED}"
        )
    timeout = call.module.params["confirm_timeout"] or 30
    return _commit.Change(name, shorts, now, aims, plan["run"], timeout, by_hand=call.by_hand(shorts))


def _go_live(run: _host.Run, firewall: Any, change: _commit.Change) -> dict[str, Any]:
    """Make the change live under an armed switch; how it is confirmed is the answer."""
    armed = _commit.arm(run, change)
    try:
        with _commit.surprises():
            staged = firewall.stage(armed.before, armed.after)
    except _host.HostError as wrong:
        # No packet has noticed; what was made ready goes again.
        said = "" if str(wrong).endswith(_host.UNCHANGED) else " What was made ready for it was taken back."
        try:
            with _commit.surprises():
                firewall.commit(firewall.read(), armed.before)
        except _host.HostError as worse:
            said = f" What was made ready for it could not be taken back: {worse}"
        _commit.disarm(run, armed)
        raise _host.HostError(f"{wrong}{said}") from None
    why = _make_live(firewall, staged, armed)
    if why and _commit.late(armed):
        # The switch does as much, and may be at it: what one of them can't do the other does.
        try:
            _commit.restore(run, armed, _commit.unconfirmed(armed))
        except _host.HostError as trouble:
            raise _host.HostError(f"{why} What was there before could not be put back yet: {trouble}") from None
        raise _host.HostError(f"{why} What was there before was put back.")
    if why:
        _put_back(firewall, why, armed.before)
        _commit.disarm(run, armed)
        raise _host.HostError(f"{why} What was there before was put back.")
    return {"command": armed.command("confirm"), "token": armed.token, "seconds": armed.timeout}


def _make_live(firewall: Any, staged: _state.States, change: _commit.Change) -> str:
    """Make it live while its switch waits. The answer says what went wrong, or is empty.

    A switch that fired in the midst of it leaves to us what came afterwards.
    """
    try:
        if not _commit.late(change):
            with _commit.surprises():
                firewall.go_live(staged, change.after)
                _compare(firewall.read(), change.after, live_only=True)
    except _host.HostError as wrong:
        return _commit.late(change) or str(wrong)
    return _commit.late(change)


def _commit_at_once(firewall: Any, now: _state.States, aims: _state.States) -> None:
    """Change, read back and compare; what went wrong is undone."""
    try:
        with _commit.surprises():
            firewall.commit(now, aims)
            _compare(firewall.read(), aims)
    except _host.HostError as wrong:
        _put_back(firewall, str(wrong), now)
        raise _host.HostError(f"{wrong} What was there before was put back.") from None


def _put_back(firewall: Any, wrong: str, before: _state.States) -> None:
    try:
        with _commit.surprises():
            firewall.commit(firewall.read(), before)
    except _host.HostError as worse:
        raise _host.HostError(f"{wrong} What was there before could not be put back: {worse}") from None


def _compare(found: _state.States, aims: _state.States, live_only: bool = False) -> None:
    """What is live only has the rules already, perhaps not yet the form: an empty chain or policy may go later."""
    different = {
        owner: _state.describe(state)
        for owner, state in found.items()
        if (state.live.rules != aims[owner].live.rules if live_only else state != aims[owner])
    }
    if different:
        raise _host.HostError(f"The firewall did not take what it was given; it has {different}.")
