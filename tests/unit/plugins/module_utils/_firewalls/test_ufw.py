# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ufw's files and its chains together: what is ours beside what others have, and ufw commands at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _foreign, _rules, _state
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _ufw_host, _ufw_tuple, ufw
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_tuple import Tuple
from ansible_collections.printnet.ports.plugins.module_utils._host import HostError

X = "printnet.ports/x"
NET = "10.1.0.0/16"
ONE = Tuple("in", "tcp", "515", "any", NET)
OURS = f"\n### tuple ### {_ufw_tuple.head(ONE, [X])}\n{_ufw_tuple.rule_line(ONE)}\n"
THEIRS = OURS.replace(f" comment={X.encode().hex()}", "")
ANY = THEIRS.replace("allow tcp", "allow any")
DENY = "\n### tuple ### deny any any 0.0.0.0/0 any 10.1.9.0/24 in\n-A ufw-user-input -s 10.1.9.0/24 -j DROP\n"
ALL = "\n### tuple ### deny any any 0.0.0.0/0 any 0.0.0.0/0 in\n-A ufw-user-input -j DROP\n"
LINE = _ufw_tuple.live_line(ONE)
UDP = LINE.replace("tcp", "udp")
DENIED = "-A ufw-user-input -s 10.1.9.0/24 -j DROP"
DENIED_ALL = "-A ufw-user-input -j DROP"
HALF = _state.half([_rules.parse({"direction": "in", "transport": "tcp", "ports": ["515"], "peers": [NET]})])
PRESENT = {X: _state.Found(HALF, HALF)}
ABSENT = {X: _state.Found()}


class _Host:
    """ufw's files in a folder, and a kernel that does what iptables-restore is told to append or to delete."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "user.rules"
        self.chain: list[str] = []
        self.told: list[str] = []

    def set(self, tuples: str, *chain: str) -> ufw.Ufw:
        self.file.write_text(f"*filter\n### RULES ###\n{tuples}\n### END RULES ###\nCOMMIT\n", encoding="utf-8")
        self.chain = list(chain)
        return ufw.Ufw(self, {X: "x"})

    def __call__(self, words: list[str], data: str | None = None) -> tuple[int, str, str]:
        if data is None:
            rules = "\n".join([":ufw-user-input - [0:0]", ":ufw-user-output - [0:0]", *self.chain])
            return 0, f"*filter\n:INPUT DROP [0:0]\n{rules}\nCOMMIT\n", ""
        self.told += [line for line in data.split("\n") if line[:1] == "-"]
        for line in [line for line in data.split("\n") if line[:1] == "-"]:
            if line.startswith("-A"):
                self.chain.append(_ufw_tuple.live_line(ONE, [X]))
            elif line.count(" ") == 2:
                del self.chain[int(line.split(" ")[2]) - 1]
            else:
                self.chain.remove("-A" + line[2:])
        return 0, "", ""


@pytest.fixture(name="host")
def _host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Host:
    monkeypatch.setattr(_ufw_host, "FOLDERS", (tmp_path,))
    monkeypatch.setattr(_ufw_host, "LOCK", tmp_path / "ufw.lock")
    monkeypatch.setattr(_ufw_host, "DEFAULTS", tmp_path / "defaults")
    monkeypatch.setattr(_ufw_host, "PROCESSES", tmp_path)
    (tmp_path / "defaults").write_text("IPV6=no\n", encoding="ascii")
    return _Host(tmp_path)


def test_what_somebody_has_for_any_protocol_stays_in_front_of_her_refusal(host: _Host) -> None:
    """ufw has loaded all: hers as two lines, hers that refuses, and ours, which looks like the first."""
    firewall = host.set(ANY + DENY + OURS, LINE, UDP, DENIED, LINE)
    now = firewall.read()
    assert now == PRESENT
    aims = firewall.check(PRESENT, now)
    assert aims == ABSENT  # hers lets in all that ours does
    firewall.commit(now, aims)
    assert host.chain == [LINE, UDP, DENIED]
    assert host.told == ["-D ufw-user-input 4"]
    assert firewall.read() == aims
    assert firewall.check(PRESENT, aims) == aims


def test_what_somebody_has_behind_a_refusal_of_everything_stands_for_nothing(host: _Host) -> None:
    firewall = host.set(ALL + THEIRS, DENIED_ALL, LINE)
    now = firewall.read()
    assert now == ABSENT
    assert firewall.check(PRESENT, now) == PRESENT
    firewall = host.set(THEIRS + ALL, LINE, DENIED_ALL)
    assert firewall.check(PRESENT, firewall.read()) == ABSENT


def test_what_she_lets_in_before_her_refusal_is_not_called_blocked(host: _Host) -> None:
    deny = DENY.replace("10.1.9.0/24", NET)
    wanted = {X: HALF.rules}
    assert _foreign.voided(wanted, host.set(THEIRS + deny).blocking()) == []
    assert len(_foreign.voided(wanted, host.set(deny + THEIRS).blocking())) == 1


def test_a_mask_in_a_tuple_of_ours_is_said(host: _Host) -> None:
    with pytest.raises(HostError, match=r"line 4: .*255\.255\.0\.0.* Nothing was changed\."):
        host.set(OURS.replace(f"any {NET}", "any 10.1.0.0/255.255.0.0")).read()


def test_what_iptables_does_not_understand_is_said(host: _Host) -> None:
    firewall = host.set(OURS, "# Table `filter' is incompatible, use 'nft' tool.")
    with pytest.raises(HostError, match=r"holds rules that iptables-save does not understand"):
        firewall.read()


def _stale(host: _Host, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """A ufw command each time that has read the file before we save: it writes what it has read, and loads that."""
    before, chain, left = host.file.read_text(encoding="utf-8"), list(host.chain), [times]

    def passes(_processes: object) -> set[int]:
        host.file.write_text(before, encoding="utf-8")
        host.chain = list(chain)
        left[0] -= 1
        return set()

    monkeypatch.setattr(_ufw_host, "commands", lambda: {7} if left[0] else set())
    monkeypatch.setattr(_ufw_host, "let_pass", passes)


@pytest.mark.parametrize(("tuples", "chain", "aims"), [("", (), PRESENT), (OURS, (LINE,), ABSENT)])
def test_what_a_ufw_command_takes_back_is_made_again(
    tuples: str, chain: tuple[str, ...], aims: _state.States, host: _Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    firewall = host.set(tuples, *chain)
    now = firewall.read()
    _stale(host, monkeypatch, 2)
    firewall.commit(now, aims)
    assert firewall.read() == aims
    firewall = host.set(tuples, *chain)
    _stale(host, monkeypatch, 99)
    with pytest.raises(HostError, match="ufw commands that were at work at the same time have taken this change back"):
        firewall.commit(firewall.read(), aims)


def test_a_ufw_command_that_does_not_end_is_said_once(
    host: _Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_ufw_host, "LOCK_SECONDS", 0.1)
    (tmp_path / "77").mkdir()
    (tmp_path / "77/cmdline").write_bytes(b"/usr/bin/python3\0/usr/sbin/ufw\0enable\0")
    firewall = host.set("")
    with pytest.raises(HostError, match=r"A ufw command \(process 77\) has been at work for"):
        firewall.commit(firewall.read(), PRESENT)
    firewall.commit(firewall.read(), ABSENT)
    assert firewall.read() == ABSENT
    # Where nothing is to be changed it does not matter.
    host.set("").commit(ABSENT, ABSENT)


def test_what_is_loaded_of_a_family_that_ufw_leaves_alone_from_now_on(host: _Host, tmp_path: Path) -> None:
    six = Tuple("in", "tcp", "515", "any", "2001:db8::/32")
    tuples = f"\n### tuple ### {_ufw_tuple.head(six, [X])}\n{_ufw_tuple.rule_line(six)}\n"
    firewall = host.set("")
    (tmp_path / "user6.rules").write_text(f"### RULES ###\n{tuples}\n### END RULES ###\n", encoding="utf-8")

    def run(words: list[str], data: str | None = None) -> tuple[int, str, str]:
        if words[0].startswith("ip6") and data is None:
            chains = ":ufw6-user-input - [0:0]\n:ufw6-user-output - [0:0]\n"
            return 0, f"*filter\n{chains}{_ufw_tuple.live_line(six, [X])}\nCOMMIT\n", ""
        return host(words, data)

    firewall = ufw.Ufw(run, {X: "x"})
    assert [len(half.rules) for half in (firewall.read()[X].saved, firewall.read()[X].live)] == [1, 1]
    rules = _ufw_tuple.decode([six])
    asked = {X: _state.Found(_state.half(rules), _state.half(rules))}
    assert firewall.check(asked, firewall.read()) == ABSENT
    assert "no rules for IPv6" in firewall.notes()[0]


@pytest.mark.parametrize("half", ["saved", "live"])
def test_a_rule_of_more_owners_than_its_comment_can_name_is_refused(host: _Host, half: str) -> None:
    """The kernel would cut the comment, and nobody would know whose the rule is."""
    others = [f"printnet.ports/one_of_many_{number}" for number in range(9)]
    saved = f"\n### tuple ### {_ufw_tuple.head(ONE, others)}\n{_ufw_tuple.rule_line(ONE)}\n" if half == "saved" else ""
    firewall = host.set(saved, *([_ufw_tuple.live_line(ONE, others)] if half == "live" else []))
    now = firewall.read()
    with pytest.raises(HostError, match=r"^10 owners need the same rule, allow proto tcp from 10\.1\.0\.0/16 "):
        firewall.check(PRESENT, now)
    assert firewall.check(ABSENT, now) == ABSENT
