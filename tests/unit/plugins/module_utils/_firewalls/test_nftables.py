# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nftables as a whole, over a model of nft: what is saved, loaded, seen, said."""

from __future__ import annotations

import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _host
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _nft_files as files
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import nftables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls.nftables import Nftables
from ansible_collections.printnet.ports.plugins.module_utils._host import HostError
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule
from ansible_collections.printnet.ports.plugins.module_utils._state import Found, Half, States, half

from .nft_model import BODY, Nft
from .test_nft_ends import ODD

VPSX, DIS = "printnet.ports/vpsx", "printnet.ports/dis"
SHORTS = {VPSX: "vpsx", DIS: "dis"}
COPIES = nftables._COPIES
LPR = Rule("in", "tcp", ((515, 515),), ("192.0.2.0/24", "2001:db8::/32"))
IPP = Rule("in", "tcp", ((631, 631),), EVERYBODY)
OUT = Rule("out", "udp", ((161, 161),), ("192.0.2.9/32",))


class Host:
    """A host whose nft is the model."""

    def __init__(self, policy: str = "drop") -> None:
        self.nft = Nft()
        self.nft.table("inet", "filter")
        for hook in ("input", "output"):
            self.nft.chain("inet", "filter", hook, hook, policy if hook == "input" else "accept")
        self.nft.rule("inet", "filter", "input", *BODY)
        self.calls: list[list[str]] = []
        self.answer: tuple[int, str, str] | None = None

    def run(self, words: list[str], data: str | None = None) -> tuple[int, str, str]:
        self.calls.append([Path(words[0]).name, *words[1:]])
        if self.answer and "nft" in words[0]:
            return self.answer
        if "ruleset" in words:
            return 0, self.nft.listing(), ""
        if "-f" in words:
            nft = deepcopy(self.nft) if "--check" in words else self.nft
            try:
                nft.run(data or "")
            except (ValueError, LookupError) as wrong:
                return 1, "", f"/dev/stdin:1:1-2: Error: {wrong!r}\n"
        return 0, "", ""


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a host below a folder of the test."""
    folder, units = tmp_path / "etc/printnet.ports", tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    paths = {
        "FOLDER": folder,
        "SAVED": folder / "nftables.json",
        "LOADER": folder / "nftables_load.py",
        "DROP_IN": units / "nftables.service.d/printnet.ports.conf",
    }
    for name, path in paths.items():
        monkeypatch.setattr(files, name, path)
    monkeypatch.setattr(files, "_FILES", (paths["SAVED"], paths["LOADER"], paths["DROP_IN"]))
    monkeypatch.setattr(_host, "_UNITS", (str(units),))
    monkeypatch.setattr(files, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(nftables, "_COPIES", (str(tmp_path / "etc/nftables.conf"),))
    monkeypatch.setattr(nftables, "_nft_path", lambda: "/usr/sbin/nft")
    return tmp_path


def aims(**wanted: list[Rule]) -> States:
    return {f"printnet.ports/{short}": Found(half(rules), half(rules)) for short, rules in wanted.items()}


def change(host: Host, **wanted: list[Rule]) -> States:
    """What the module does; the answer is what is there then."""
    firewall = Nftables(host.run, {owner: short for owner, short in SHORTS.items() if short in wanted})
    now = firewall.read()
    there = firewall.check(aims(**wanted), now)
    firewall.commit(now, there)
    found = firewall.read()
    assert found == there
    assert firewall.check(aims(**wanted), found) == found
    return found


def names(tree: Path) -> list[str]:
    return sorted(str(path.relative_to(tree / "etc")) for path in (tree / "etc").rglob("*"))


def test_an_unchanged_run_is_one_process() -> None:
    host = Host()
    change(host, vpsx=[LPR, IPP])
    host.calls.clear()
    firewall = Nftables(host.run, {VPSX: "vpsx"})
    now = firewall.read()
    assert firewall.check(aims(vpsx=[LPR, IPP]), now) == now
    firewall.notes()
    firewall.foreign()
    firewall.denies_outgoing()
    assert host.calls == [["nft", "--json", "--terse", "list", "ruleset"]]


def test_comes_and_goes_without_a_trace(tree: Path) -> None:
    host = Host()
    listing, before = host.nft.listing(), names(tree)
    change(host, vpsx=[LPR])
    assert set(names(tree)) - set(before) == {
        "printnet.ports",
        "printnet.ports/nftables.json",
        "printnet.ports/nftables_load.py",
        "systemd/system/nftables.service.d",
        "systemd/system/nftables.service.d/printnet.ports.conf",
    }
    saved = files.SAVED.read_text(encoding="utf-8")
    change(host, dis=[IPP])
    assert Nftables(host.run, {}).owners() == SHORTS
    change(host, dis=[])
    assert files.SAVED.read_text(encoding="utf-8") == saved
    change(host, vpsx=[])
    assert names(tree) == before
    assert host.nft.listing() == listing


def test_folders_and_files_of_others_stay(tree: Path) -> None:
    other = tree / "etc/systemd/system/nftables.service.d/theirs.conf"
    other.parent.mkdir()
    other.write_text("[Service]\n", encoding="utf-8")
    host = Host()
    change(host, vpsx=[LPR])
    change(host, vpsx=[])
    assert other.exists()
    assert not files.FOLDER.exists()


def test_what_can_not_be_live_is_saved_only() -> None:
    host = Host("accept")
    found = change(host, vpsx=[LPR, OUT])
    assert found[VPSX] == Found(half([LPR, OUT]), Half())
    assert "refuses by default" in Nftables(host.run, SHORTS).notes()[0]
    host.nft.table("ip", "more")
    host.nft.chain("ip", "more", "in", "input", "drop")
    found = change(host, vpsx=[LPR])
    assert found[VPSX].live == half([Rule("in", "tcp", LPR.ports, LPR.peers[:1])])
    assert "refuses IPv6 by default, so all of it is open." in Nftables(host.run, SHORTS).notes()[0]


@pytest.mark.parametrize("damaged", ["LOADER", "DROP_IN"])
@pytest.mark.parametrize("how", ["gone", "another"])
def test_what_is_not_as_this_version_writes_it_is_mended(damaged: str, how: str) -> None:
    host = Host()
    change(host, vpsx=[LPR])
    path = getattr(files, damaged)
    text = path.read_text(encoding="utf-8")
    path.unlink() if how == "gone" else path.write_text("# older\n", encoding="utf-8")
    odd = Nftables(host.run, {VPSX: "vpsx"}).read()[VPSX].saved.odd
    assert odd == (f"{path} is missing, or not as this version writes it",)
    # Who has nothing here has nothing to mend.
    assert Nftables(host.run, {DIS: "dis"}).read()[DIS] == Found()
    change(host, vpsx=[LPR])
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("left", ["SAVED", "LOADER", "DROP_IN"])
@pytest.mark.parametrize("half_done", [False, True])
def test_what_a_killed_run_has_left_goes(tree: Path, left: str, half_done: bool) -> None:
    before = names(tree)
    path = getattr(files, left)
    path.parent.mkdir()
    empty = '{"format": 1, "owners": {}}'
    (path.with_name(path.name + ".pnports1") if half_done else path).write_text(empty, encoding="utf-8")
    change(Host(), vpsx=[])
    assert names(tree) == before


def test_the_drop_in_is_read_before_the_rules_count_as_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.Path, "is_dir", lambda _path: True)
    host = Host()
    with pytest.raises(HostError, match="systemd did not read"):
        files.write(lambda _words: (1, "", "no\n"), {VPSX: ("vpsx", [LPR.as_dict()])})
    assert not files.SAVED.exists()
    change(host, vpsx=[LPR])
    assert ["systemctl", "daemon-reload"] in host.calls


def test_a_file_keeps_its_mode_and_stays_a_link(tree: Path) -> None:
    host = Host()
    change(host, vpsx=[LPR])
    real = tree / "etc/elsewhere.json"
    files.SAVED.rename(real)
    files.SAVED.symlink_to(real)
    real.chmod(0o600)
    change(host, vpsx=[LPR, IPP])
    assert files.SAVED.is_symlink()
    assert real.stat().st_mode & 0o7777 == 0o600
    assert files.LOADER.stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((1, "", "Operation not permitted (you must be root)\n"), "CAP_NET_ADMIN"),
        ((1, "", "Error: syntax\nof something\n"), "Error: syntax of something"),
        ((0, "{broken", ""), "form that is not known"),
    ],
)
def test_an_nft_that_does_not_answer(answer: tuple[int, str, str], said: str) -> None:
    host = Host()
    host.answer = answer
    with pytest.raises(HostError, match=said) as wrong:
        Nftables(host.run, SHORTS).read()
    assert "Nothing was changed." in str(wrong.value)
    assert not Nftables.filters(host.run)


def test_no_nft(monkeypatch: pytest.MonkeyPatch, tree: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(nftables.shutil, "which", lambda _name, path: None)
    with pytest.raises(HostError, match="install the package nftables"):
        Nftables(Host().run, {}).denies_outgoing()
    assert not Nftables.filters(Host().run)


def test_a_transaction_that_is_refused_changes_nothing() -> None:
    host = Host()
    firewall = Nftables(host.run, SHORTS)
    now = firewall.read()
    host.nft.tables["inet", "filter"]["chains"].clear()  # Somebody has loaded other rules meanwhile.
    host.nft.tables["inet", "filter"]["rules"].clear()
    with pytest.raises(HostError, match="nft did not take the rules"):
        firewall.check(aims(vpsx=[LPR], dis=[]), now)


def test_damaged_rules_are_said() -> None:
    host = Host()
    change(host, vpsx=[LPR])
    files.SAVED.write_text("{", encoding="utf-8")
    with pytest.raises(HostError, match="own file"):
        Nftables(host.run, SHORTS).read()


@pytest.mark.parametrize("wrong", ['"peers": ["nobody"]', '"ports": ["x"]', '"ports": 7', '"direction": 7'])
def test_a_saved_rule_that_is_none_is_mended(wrong: str) -> None:
    host = Host()
    change(host, vpsx=[IPP])
    key = wrong.partition(":")[0]
    text = files.SAVED.read_text(encoding="utf-8")
    lines = text.replace("\n", " ")
    start = lines.index(key)
    end = lines.index("]", start) + 1 if "[" in lines[start : start + len(key) + 4] else lines.index(",", start)
    files.SAVED.write_text(lines[:start] + wrong + lines[end:], encoding="utf-8")
    assert Nftables(host.run, {VPSX: "vpsx"}).read()[VPSX].saved != half([IPP])
    change(host, vpsx=[IPP])
    assert files.SAVED.read_text(encoding="utf-8") == text


def test_what_is_left_where_another_firewall_is_active(tree: Path) -> None:
    host = Host()
    before = names(tree)
    change(host, vpsx=[LPR])
    change(host, dis=[IPP])
    assert Nftables.left(host.run, {VPSX: "vpsx"}) == [f"{VPSX}: in tcp 515 from 192.0.2.0/24 2001:db8::/32"]
    Nftables.forget(host.run, {VPSX: "vpsx"})
    assert Nftables.left(host.run, {VPSX: "vpsx"}) == []
    Nftables.forget(host.run, {DIS: "dis"})
    assert names(tree) == before
    assert Nftables.left(host.run, SHORTS) == []


def test_whether_it_filters_at_all() -> None:
    assert Nftables.filters(Host().run)
    assert not Nftables.filters(Host("accept").run)
    host = Host("accept")
    host.nft.table("ip", "filter")
    host.nft.chain("ip", "filter", "INPUT", "input", "drop")
    assert not Nftables.filters(host.run)


SHUT = [{"jump": {"target": "public"}}]
SOME = [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "192.0.2.1"}}]


@pytest.mark.parametrize(
    ("inside", "led", "shut", "said"),
    [
        ([{"drop": None}], SHUT, True, ""),
        ([*SOME, {"drop": None}], SHUT, False, "No chain that printnet.ports understands refuses by default"),
        ([{"drop": None}], [*SOME, *SHUT], False, "No chain that printnet.ports understands refuses by default"),
        ([{"limit": "lim1"}, {"drop": None}], SHUT, False, "No chain that printnet.ports understands refuses"),
        ([*SOME, {"accept": None}], SHUT, False, "so everything is open already."),
        ([{"counter": None}], SHUT, False, "so everything is open already."),
    ],
)
def test_whether_chains_that_are_led_to_refuse(
    inside: list[dict[str, Any]], led: list[dict[str, Any]], shut: bool, said: str
) -> None:
    host = Host("accept")
    for hook in ("input", "output"):
        host.nft.rule("inet", "filter", hook, *led)
    host.nft.chain("inet", "filter", "public")
    host.nft.rule("inet", "filter", "public", *inside)
    assert Nftables.filters(host.run) is shut
    firewall = Nftables(host.run, SHORTS)
    assert firewall.denies_outgoing() is shut
    assert said in firewall.notes()[0]
    found = change(host, vpsx=[LPR, OUT])
    assert found[VPSX].live == (half([LPR, OUT]) if shut else Half())


def test_what_the_administrator_has_to_know(tree: Path) -> None:
    host = Host()
    firewall = Nftables(host.run, SHORTS)
    assert ["systemctl enable nftables.service" in note for note in firewall.notes()] == [True]
    unit, wants = tree / "nftables.service", tree / "etc/systemd/system/sysinit.target.wants"
    unit.touch()
    wants.mkdir()
    (wants / "nftables.service").symlink_to(unit)
    assert firewall.notes() == []
    # A mask leaves the links of a unit that was enabled.
    mask = tree / "etc/systemd/system/nftables.service"
    mask.symlink_to(os.devnull)
    (note,) = firewall.notes()
    assert note.endswith(": systemctl unmask nftables.service; systemctl enable nftables.service")
    mask.unlink()
    (tree / "etc/nftables.conf").write_bytes(b"chain pnports1-vpsx { \xff }")
    assert ["holds a copy" in note for note in firewall.notes()] == [True]


@pytest.mark.parametrize(
    "name", ["etc/nftables/mine.nft", "etc/nftables/rules/main.nft", "etc/nftables.d/live", "etc/nftables.d/large"]
)
def test_a_copy_of_ours_in_a_file_that_theirs_includes(tree: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    here = [
        f"{tree}/etc/{some}" for some in ("nftables.conf", "nftables/*.nft", "nftables/rules/*.nft", "nftables.d/*")
    ]
    monkeypatch.setattr(nftables, "_COPIES", here)
    path = tree / name
    (tree / "etc/nftables.d/folder").mkdir(parents=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("chain pnports1-vpsx { }" + "#" * (5_000_000 if "large" in name else 0), encoding="utf-8")
    said = [note for note in Nftables(Host().run, SHORTS).notes() if "holds a copy" in note]
    assert [note.split()[0] for note in said] == ([] if "large" in name else [str(path)])


def test_what_refuses_elsewhere_is_said() -> None:
    host = Host("accept")
    host.nft.table("netdev", "ddos")
    host.nft.chain("netdev", "ddos", "in", "ingress", "drop", dev="eth0")
    open_or_not, elsewhere, *_more = Nftables(host.run, SHORTS).notes()
    assert "No chain that printnet.ports understands refuses by default" in open_or_not
    assert "table netdev ddos, chain in refuses by default at the hook ingress" in elsewhere
    found = change(host, vpsx=[LPR])
    assert found[VPSX].live == Half()
    host.nft.tables["netdev", "ddos"]["chains"]["in"]["policy"] = "accept"
    assert "everything is open already" in Nftables(host.run, SHORTS).notes()[0]


def test_a_family_that_no_reject_is_for_is_open() -> None:
    host = Host("accept")
    host.nft.rule("inet", "filter", "input", {"reject": {"type": "icmp", "expr": "host-prohibited"}})
    assert (
        Nftables(host.run, SHORTS).notes()[0] == "No chain on this host refuses IPv6 by default, so all of it is open."
    )
    assert change(host, vpsx=[LPR])[VPSX].live == half([LPR])


def test_the_way_out() -> None:
    host = Host()
    assert not Nftables(host.run, SHORTS).denies_outgoing()
    host.nft.tables["inet", "filter"]["chains"]["output"]["policy"] = "drop"
    assert Nftables(host.run, SHORTS).denies_outgoing()
    found = change(host, vpsx=[LPR, OUT])
    assert found[VPSX].live == half([LPR, OUT])
    assert "pnports1-vpsx-out" in host.nft.listing()


FAKE_NFT = """#!/bin/sh
if [ "$1" = --json ]; then cat "$HERE/listing"; exit; fi
cat > "$HERE/taken"
[ ! -e "$HERE/refuse" ] || { echo "Error: no" >&2; exit 1; }
"""


def load(tree: Path, host: Host) -> subprocess.CompletedProcess[str]:
    """Run the saved program as systemd does, with an nft that shows what the model has."""
    (tree / "bin").mkdir(exist_ok=True)
    (tree / "bin/nft").write_text(FAKE_NFT, encoding="utf-8")
    (tree / "bin/nft").chmod(0o755)
    (tree / "listing").write_text(host.nft.listing(), encoding="utf-8")
    environment = {"PATH": f"{tree}/bin:/usr/bin:/bin", "HERE": str(tree)}
    command: list[Any] = [sys.executable, "-I", "-S", "-B", files.LOADER]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_saved_program_places_the_rules_as_the_module_does(tree: Path) -> None:
    host = Host()
    change(host, vpsx=[LPR, IPP])
    change(host, dis=[LPR])
    fresh = Host()
    fresh.nft.rule("inet", "filter", "input", {"log": None}, {"drop": None})
    done = load(tree, fresh)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    fresh.nft.run((tree / "taken").read_text(encoding="utf-8"))
    found = Nftables(fresh.run, SHORTS).read()
    assert found == {**aims(vpsx=[LPR, IPP], dis=[LPR])}


def test_the_saved_program_survives_any_rule_of_others(tree: Path) -> None:
    change(Host(), vpsx=[LPR])
    fresh = Host()
    fresh.nft.chain("inet", "filter", "odd")
    for odd in ODD:
        fresh.nft.rule("inet", "filter", "odd", odd)
        fresh.nft.rule("inet", "filter", "input", odd)
    fresh.nft.rule("inet", "filter", "input", {"limit": "lim1"}, {"log": {"prefix": "dropped: "}})
    done = load(tree, fresh)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    fresh.nft.run((tree / "taken").read_text(encoding="utf-8"))
    assert Nftables(fresh.run, {VPSX: "vpsx"}).read() == aims(vpsx=[LPR])


@pytest.mark.parametrize("damage", ["refuse", "gone", "damaged", "hostile"])
def test_the_saved_program_fails_with_one_sentence(tree: Path, damage: str) -> None:
    host = Host()
    change(host, vpsx=[LPR])
    if damage == "refuse":
        (tree / "refuse").touch()
    elif damage == "gone":
        files.SAVED.unlink()
    else:
        text = files.SAVED.read_text(encoding="utf-8")
        files.SAVED.write_text(
            "[" if damage == "damaged" else text.replace("515", "1; flush ruleset"), encoding="utf-8"
        )
    done = load(tree, Host())
    assert done.returncode == 1
    assert done.stderr.startswith("printnet.ports could not open everything that")
    assert done.stderr.count("\n") == 1
    assert (tree / "taken").exists() is (damage == "refuse")


def test_many_rules_read_back_quickly() -> None:
    many = [
        Rule("in", "tcp", ((port, port),), tuple(f"10.{port % 200}.{number}.0/25" for number in range(50)))
        for port in range(1000, 1100)
    ]
    host = Host()
    found = change(host, vpsx=many)
    assert len(found[VPSX].live.rules) == 100
