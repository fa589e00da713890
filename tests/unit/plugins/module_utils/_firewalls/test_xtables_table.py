# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables of iptables: our chains to rules and back, where our jumps stand, and others' files byte for byte."""

from __future__ import annotations

import re

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _state
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_file as files
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_place as place
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_table as tables
from ansible_collections.printnet.ports.plugins.module_utils._rules import EVERYBODY, Rule
from hypothesis import given, settings
from hypothesis import strategies as st

OWNER, SHORTS = "printnet.ports/vpsx", {"printnet.ports/vpsx": "vpsx", "printnet.ports/mve": "mve"}
JUMP = '-A INPUT -m comment --comment "printnet.ports/vpsx" -j pnports1-vpsx'
LPR = (515, 515)
SOME = (Rule("in", "tcp", (LPR,), ("198.51.100.0/24", "2001:db8:2::/64")),)
MANY = (
    Rule("in", "tcp", (LPR, (631, 631)), ("192.0.2.1/32", "198.51.100.0/24")),
    Rule("in", "udp", ((161, 161),), ("192.0.2.1/32", "198.51.100.0/24")),
    Rule("in", "udp", ((162, 162),), ("192.0.2.1/32", "192.0.2.3/32")),
)
FIRST = "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"


def table(*lines: str, policy: str = "DROP", version: int = 4) -> tables.Table:
    return tables.parse([f":INPUT {policy} [1:2]", ":OUTPUT ACCEPT [0:0]", *lines], version)


def after(now: tables.Table, script: list[str]) -> tables.Table:
    """The table that iptables-restore would make of it, as far as our scripts go."""
    chains = {name: list(lines) for name, lines in now.chains.items()}
    for line in script:
        word, name = line.split()[0], line.split()[1] if " " in line else ""
        if line.startswith(":"):
            chains[word[1:]] = []
        elif word == "-A":
            chains[name].append(line)
        elif word == "-D":
            chains[name].remove("-A " + line[3:])
        elif word == "-I":
            number = int(line.split()[2])
            assert 1 <= number <= len(chains[name])
            chains[name].insert(number - 1, f"-A {name} " + line.split(None, 3)[3])
        elif word == "-F":
            chains[name] = []
        else:
            assert word == "-X"
            assert not any(one.endswith(f"-j {name}") for lines in chains.values() for one in lines)
            assert chains.pop(name) == []
    return tables.Table(now.version, chains, now.policies, now.counts)


def test_many_networks_are_a_chain_that_several_rules_share() -> None:
    chains = tables.encode("vpsx", MANY, 4)
    assert len(chains) == 3
    assert all(len(name) <= 28 and tables.short_of(name) == "vpsx" for name in chains)
    main = chains["pnports1-vpsx"]
    assert [line.split(" -j ")[0] for line in main] == [
        "-A pnports1-vpsx -p tcp -m multiport --dports 515,631",
        "-A pnports1-vpsx -p udp -m udp --dport 161",
        "-A pnports1-vpsx -p udp -m udp --dport 162",
    ]
    assert main[0].split(" -j ")[1] == main[1].split(" -j ")[1] != main[2].split(" -j ")[1]
    assert tables.encode("vpsx", MANY, 6) == {}


def test_other_networks_for_the_same_ports_keep_the_chain() -> None:
    one = tables.encode("vpsx", [Rule("in", "tcp", (LPR,), ("192.0.2.1/32", "192.0.2.3/32"))], 4)
    two = tables.encode("vpsx", [Rule("in", "tcp", (LPR,), ("192.0.2.1/32", "192.0.2.5/32"))], 4)
    assert one.keys() == two.keys()


PEERS = st.lists(
    st.one_of(
        st.just("0.0.0.0/0"),
        st.just("::/0"),
        st.integers(0, 255).map(lambda number: f"192.0.2.{number}/32"),
        st.integers(0, 255).map(lambda number: f"2001:db8:{number:x}::/64"),
    ),
    min_size=1,
    max_size=12,
).map(tuple)
PORTS = st.lists(st.integers(1, 60).map(lambda port: (port, port + port % 3)), min_size=1, max_size=20).map(tuple)
RULES = st.lists(
    st.builds(
        Rule,
        st.sampled_from(["in", "out"]),
        st.sampled_from(["tcp", "udp"]),
        PORTS,
        PEERS,
        st.sampled_from([(), (LPR,)]),
        st.just(()),
    ),
    max_size=6,
)


@settings(max_examples=40)
@given(RULES, RULES)
def test_any_rules_lead_to_any_others_and_come_back(some: list[Rule], others: list[Rule]) -> None:
    both = {version: table(FIRST, "-A INPUT -j DROP", version=version) for version in (4, 6)}
    before = dict(both)
    for rules in (some, others):
        aim = _state.half(rules)
        found: list[Rule] = []
        for version, now in both.items():
            script = place.script(now, {OWNER: aim.rules}, SHORTS)
            both[version] = after(now, script)
            assert place.script(both[version], {OWNER: aim.rules}, SHORTS) == []
            decoded, odd = tables.decode(both[version].ours("vpsx"), version, "vpsx")
            assert [*odd, *place.jump_faults(both[version], OWNER, "vpsx")] == []
            found += decoded
        assert _state.half(found) == aim
    for version, now in both.items():
        assert after(now, place.script(now, {OWNER: ()}, SHORTS)) == before[version]


@pytest.mark.parametrize(
    ("rules", "policy", "behind"),
    [
        ([FIRST], "DROP", 1),
        ([FIRST, "-A INPUT -j REJECT"], "ACCEPT", 1),
        ([FIRST, "-A INPUT -m limit --limit 5/min -j LOG", "-A INPUT -j DROP"], "DROP", 1),
        ([FIRST, "-A INPUT -j LOG"], "DROP", 1),
        ([FIRST, "-A INPUT -j LOG"], "ACCEPT", 2),
        ([FIRST, "-A INPUT -s 192.0.2.9/32 -j DROP"], "DROP", 2),
        ([FIRST, "-A INPUT -p tcp -j REJECT", "-A INPUT -p udp -j DROP"], "ACCEPT", 1),
        ([FIRST, "-A INPUT -j LOGDROP", "-A LOGDROP -j LOG", "-A LOGDROP -j DROP"], "DROP", 1),
        ([FIRST, "-A INPUT -g LOGDROP", "-A LOGDROP -j LOG", "-A LOGDROP -j DROP"], "DROP", 1),
        ([FIRST, "-A INPUT -j F2B", "-A F2B -s 192.0.2.9/32 -j DROP", "-A F2B -j RETURN"], "DROP", 2),
        ([FIRST, "-A INPUT -j DROP", FIRST], "ACCEPT", 1),
        ([FIRST, "-A INPUT -j ACCEPT", "-A INPUT -j DROP"], "DROP", 2),
        ([FIRST, "-A INPUT -j A", "-A A -j B", "-A B -j A"], "DROP", 2),
        ([FIRST, "-A INPUT -m limit --limit 9/sec -j REJECT", "-A INPUT -j DROP"], "ACCEPT", 1),
        ([FIRST, "-A INPUT -m limit --limit 9/sec -j REJECT"], "ACCEPT", 2),
        ([FIRST, "-A INPUT -s 0/0 -d 0.0.0.0/0 --jump=DROP"], "ACCEPT", 1),
        ([FIRST, "-A INPUT ! -i lo -j DROP"], "ACCEPT", 1),
        ([FIRST, "-A INPUT -j RH", "-A RH -i lo -j ACCEPT", "-A RH -j LOG", "-A RH -j REJECT"], "ACCEPT", 1),
        ([FIRST, "-A INPUT -j RH", "-A RH -s 192.0.2.9/32 -j DROP", "-A RH -j REJECT"], "ACCEPT", 2),
        ([FIRST, "-A INPUT -j RH", "-A RH -s 192.0.2.9/32 -j RETURN", "-A RH -j REJECT"], "ACCEPT", 2),
        ([FIRST, "-A INPUT -g RH", "-A RH -p tcp -m tcp --dport 22 -j ACCEPT"], "DROP", 1),
        ([FIRST, "-A INPUT -g RH", "-A RH -p tcp -m tcp --dport 22 -j DROP"], "DROP", 2),
        ([FIRST, "-A INPUT -j RETURN"], "DROP", 1),
        ([FIRST, "-A INPUT -j RETURN"], "ACCEPT", 2),
        ([], "DROP", 0),
    ],
)
def test_the_jump_stands_before_the_catch_all_only(rules: list[str], policy: str, behind: int) -> None:
    now = table(*rules, policy=policy)
    then = after(now, place.script(now, {OWNER: SOME}, SHORTS))
    assert then.chains["INPUT"].index(JUMP) == behind
    assert not place.jump_faults(then, OWNER, "vpsx")


@pytest.mark.parametrize(
    "rules",
    [
        [JUMP, "-A INPUT -s 192.0.2.9/32 -j DROP"],
        [JUMP, "-A INPUT -j F2B", "-A F2B -s 192.0.2.9/32 -j DROP"],
        ["-A INPUT -j REJECT", JUMP],
        [JUMP, JUMP],
        [],
        [JUMP.replace("INPUT", "INPUT -s 192.0.2.9/32")],
        [JUMP.replace('vpsx"', 'mve"')],
    ],
)
def test_a_jump_at_the_wrong_place_is_placed_anew(rules: list[str]) -> None:
    ours = [line for lines in tables.encode("vpsx", SOME, 4).values() for line in lines]
    now = table(FIRST, *rules, *ours)
    assert place.jump_faults(now, OWNER, "vpsx")
    then = after(now, place.script(now, {OWNER: SOME}, SHORTS))
    assert not place.jump_faults(then, OWNER, "vpsx")
    assert then.chains["pnports1-vpsx"] == ours


def test_accepts_and_logs_behind_ours_matter_to_nobody() -> None:
    ours = [line for lines in tables.encode("vpsx", SOME, 4).values() for line in lines]
    now = table(JUMP, FIRST, "-A INPUT -m mark --mark 1 -j LOG", "-A INPUT -j DROP", *ours)
    assert not place.jump_faults(now, OWNER, "vpsx")


@pytest.mark.parametrize(
    "line",
    [
        "-A pnports1-vpsx -p tcp -m tcp --dport 9 -j DROP",
        "-A pnports1-vpsx -i eth0 -p tcp -j ACCEPT",
        "-A pnports1-vpsx -s 192.0.2.9/32 -j ACCEPT",
        "-A pnports1-vpsx -p tcp -m tcp --dport 9 -j elsewhere",
        "-A pnports1-vpsx -p tcp -m tcp --dport 9 -j pnports1-vpsx",
        "-A pnports1-vpsx-abcdef -s 192.0.2.9/32 -j ACCEPT",
    ],
)
def test_what_somebody_put_among_ours_is_seen(line: str) -> None:
    chains = tables.encode("vpsx", SOME, 4)
    chains.setdefault(line.split()[1], []).append(line)
    assert len(tables.decode(chains, 4, "vpsx")[1]) == 1


def test_a_chain_that_somebody_leads_to_stays_empty() -> None:
    ours = [line for lines in tables.encode("vpsx", SOME, 4).values() for line in lines]
    now = table(JUMP, "-A THEIRS -j pnports1-vpsx", *ours)
    assert [line.text for line in place.intruders(now, "vpsx")] == ["-A THEIRS -j pnports1-vpsx"]
    assert place.script(now, {OWNER: ()}, SHORTS) == ["-D " + JUMP[3:], "-F pnports1-vpsx"]


@pytest.mark.parametrize(
    ("rules", "policy", "refused"),
    [
        ([], "DROP", True),
        ([], "ACCEPT", False),
        (["-A INPUT -j REJECT"], "ACCEPT", True),
        (["-A INPUT -s 192.0.2.9/32 -j REJECT"], "ACCEPT", False),
        (["-A INPUT -j ACCEPT", "-A INPUT -j REJECT"], "DROP", False),
        (["-A INPUT -j LOG"], "ACCEPT", False),
        (["-A INPUT -j L", "-A L -j DROP"], "ACCEPT", True),
        (["-A INPUT -j L", "-A L -p udp -j ACCEPT", "-A L -s 192.0.2.9/32 -j DROP", "-A L -j DROP"], "ACCEPT", True),
        (["-A INPUT -j L", "-A L -s 192.0.2.9/32 -j RETURN", "-A L -j DROP"], "ACCEPT", False),
        (["-A INPUT -j L", "-A L -j ACCEPT", "-A L -j DROP"], "DROP", False),
        (["-A INPUT -g L", "-A L -p udp -j ACCEPT"], "ACCEPT", False),
        (["-A INPUT -g L", "-A L -p udp -j ACCEPT", "-A INPUT -j ACCEPT"], "DROP", True),
        (["-A INPUT -j RETURN", "-A INPUT -j DROP"], "ACCEPT", False),
        (["-A INPUT -m limit --limit 9/sec -j DROP"], "ACCEPT", False),
    ],
)
def test_whether_the_rest_is_refused(rules: list[str], policy: str, refused: bool) -> None:
    assert place.denies(table(*rules, policy=policy), "INPUT") is refused


def test_a_chain_that_is_declared_late_keeps_the_file_whole() -> None:
    """Ours are declared before the first rule; a file that has them behind it, which would not load, is mended."""
    text = "*filter\n:INPUT DROP [0:0]\n-A INPUT -j ACCEPT\n:late - [0:0]\n-A late -j DROP\nCOMMIT\n"
    made = files.edit(text, 4, {OWNER: SOME}, SHORTS)
    assert made is not None
    assert made.index(":pnports1-vpsx") < made.index("-A INPUT")
    assert files.edit(made, 4, {OWNER: ()}, SHORTS) == text
    declared = ":pnports1-vpsx - [0:0]\n"
    broken = made.replace(declared, "").replace(":late", f"{declared}:late")
    assert place.jump_faults(tables.parse(tables.section(broken), 4), OWNER, "vpsx")
    assert files.edit(broken, 4, {OWNER: SOME}, SHORTS) == made


@pytest.mark.parametrize("line", ["-X", "-F", "--delete-chain", "-P INPUT DROP", "-N mine", "-F FORWARD\n\n# mine"])
def test_a_chain_of_ours_is_declared_behind_what_would_take_it_away(line: str) -> None:
    text = f"*filter\n:INPUT DROP [0:0]\n{line}\n-A INPUT -j LOG\nCOMMIT\n"
    made = files.edit(text, 4, {OWNER: SOME}, SHORTS)
    assert made is not None
    assert made.index(line.split("\n", maxsplit=1)[0]) < made.index(":pnports1-vpsx") < made.index("-A INPUT")
    assert tables.parse(tables.section(made), 4).inserted == []
    assert files.edit(made, 4, {OWNER: ()}, SHORTS) == text


def test_a_chain_of_ours_that_a_file_takes_away_again_is_declared_anew() -> None:
    text = "*filter\n:INPUT DROP [0:0]\n-X\n-A INPUT -j LOG\nCOMMIT\n"
    made = files.edit(text, 4, {OWNER: SOME}, SHORTS)
    assert made is not None
    broken = made.replace("-X\n:pnports1-vpsx - [0:0]\n", ":pnports1-vpsx - [0:0]\n-X\n")
    assert broken != made
    assert place.jump_faults(tables.parse(tables.section(broken), 4), OWNER, "vpsx")
    assert files.edit(broken, 4, {OWNER: SOME}, SHORTS) == made


@pytest.mark.parametrize("line", ["-X", "-F", "-I INPUT -j DROP", "-D INPUT 1", "-R INPUT 1 -j DROP"])
def test_what_undoes_the_lines_above_it_is_seen(line: str) -> None:
    assert tables.parse([":INPUT DROP", "-A INPUT -j LOG", line, "-A INPUT -j DROP"], 4).inserted == [line]


@pytest.mark.parametrize(
    ("lines", "refuses"),
    [
        ([":FORWARD DROP", "-A FORWARD -j DOCKER", "-A DOCKER -j DROP"], False),
        (["-A INPUT -p tcp -j ACCEPT", "-A INPUT -j LOG"], False),
        ([":INPUT DROP"], True),
        (["-A INPUT -j A", "-A A -j B", "-A B -j A", "-A B -m mark --mark 1 -j DROP"], True),
        (["-A INPUT -j A", "-A A -j A"], False),
    ],
)
def test_whether_older_tables_may_refuse_something(lines: list[str], refuses: bool) -> None:
    assert place.may_refuse(tables.parse(lines, 4), "INPUT") is refuses


FILES = [
    ":INPUT DROP [12:34]\n-A INPUT -j ACCEPT\nCOMMIT",
    ":INPUT DROP [12:34]\r\n[1:2] -A INPUT -p tcp -j REJECT\r\nCOMMIT\r\n",
    (
        "# a\n:INPUT DROP [1:2]\n:mine - [0:0]\n\n"
        '\t-A INPUT -m comment --comment "\x0bCOMMIT <b> \\"*filter" -j mine\n# b\nCOMMIT\n'
    ),
    "-A INPUT -j DROP\nCOMMIT\n*nat\n:INPUT ACCEPT [0:0]\nCOMMIT\n# end",
    "-P INPUT DROP\n--append INPUT --jump REJECT\nCOMMIT\n",
    "COMMIT\n",
]


@pytest.mark.parametrize("begin", ["*filter\n", "*filter\r\n", "# *filter\n*mangle\nCOMMIT\n *filter \n"])
@pytest.mark.parametrize("rest", FILES)
def test_a_file_without_ours_is_as_it_was(begin: str, rest: str) -> None:
    text = begin + rest
    with_one = files.edit(text, 4, {OWNER: MANY}, SHORTS)
    assert with_one is not None
    with_both = files.edit(with_one, 4, {"printnet.ports/mve": SOME}, SHORTS)
    assert with_both is not None
    assert re.sub(r"[^\n]*pnports1-[^\n]*\n", "", with_both) == text
    for owner, rules in ((OWNER, MANY), ("printnet.ports/mve", SOME)):
        found = tables.parse(tables.section(with_both), 4)
        assert not place.jump_faults(found, owner, SHORTS[owner])
        decoded, odd = tables.decode(found.ours(SHORTS[owner]), 4, SHORTS[owner])
        assert _state.half(decoded, odd) == files_half(rules)
    assert files.edit(with_both, 4, {OWNER: MANY, "printnet.ports/mve": SOME}, SHORTS) == with_both
    assert files.edit(with_both, 4, dict.fromkeys(SHORTS, ()), SHORTS) == text


def files_half(rules: tuple[Rule, ...]) -> _state.Half:
    """What of the rules is IPv4's."""
    here = [Rule(r.direction, r.transport, r.ports, tuple(p for p in r.peers if "." in p)) for r in rules]
    return _state.half(here)


@pytest.mark.parametrize("text", [None, "", "# nothing", "*nat\nCOMMIT\n", "*filter\nno end\n"])
def test_a_file_that_has_no_rules_gets_some_and_loses_them(text: str | None) -> None:
    made = files.edit(text, 6, {OWNER: SOME}, SHORTS)
    assert made is not None
    assert made.endswith(text or "")
    assert ":INPUT ACCEPT [0:0]" in made
    assert files.edit(made, 6, {OWNER: ()}, SHORTS) == text
    assert files.edit(text, 6, {OWNER: ()}, SHORTS) == text


def test_everybody_is_both_families() -> None:
    rule = Rule("in", "tcp", (LPR,), EVERYBODY)
    decoded = [
        one for version in (4, 6) for one in tables.decode(tables.encode("vpsx", [rule], version), version, "vpsx")[0]
    ]
    assert _state.half(decoded) == _state.half([rule])
