# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's lines of ufw: which are ours, with and without a name, and what changes them."""

from __future__ import annotations

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _ufw_live, _ufw_tuple
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _xtables_table as tables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_live import Chains, changes, odd, ours
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_tuple import Owned, Tuple
from hypothesis import given, settings
from hypothesis import strategies as st

VPSX, MVE = "printnet.ports/vpsx", "printnet.ports/mve"
ONE = Tuple("in", "tcp", "515,631", "any", "198.51.100.0/24")
OTHER = Tuple("in", "udp", "161", "any", "0.0.0.0/0")
OUT = Tuple("out", "udp", "53", "any", "192.0.2.53")
CHAIN = "-A ufw-user-input "
SSH = f"{CHAIN}-p tcp -m tcp --dport 22 -j ACCEPT"
DENY = f"{CHAIN}-s 198.51.100.10/32 -p tcp -m tcp --dport 515 -j DROP"
ALL = f"{CHAIN}-j REJECT --reject-with icmp-port-unreachable"
LOG_ALL = f"{CHAIN}-j ufw-user-logging-input"
LIMIT = f"{CHAIN}-p tcp -m tcp --dport 23 -m conntrack --ctstate NEW -m recent --set --name DEFAULT --rsource"
HOSTILE = f'{CHAIN}-p tcp -m comment --comment "it\'s \\"<b>{{{{ x }}}}\\" -j ACCEPT" -j DROP'


def dump(*lines: str) -> str:
    return "\n".join(
        ["*filter", ":INPUT DROP [0:0]", ":ufw-user-input - [0:0]", ":ufw-user-output - [0:0]", *lines, "COMMIT", ""]
    )


def parse(text: str, version: int, saved: Owned, twins: dict[Tuple, list[bool]] | None = None) -> Chains:
    table = tables.parse(tables.section(text), version)
    return _ufw_live.parse(table.chains, version, saved, twins or {})


def live(one: Tuple, *owners: str) -> str:
    return _ufw_tuple.live_line(one, owners)


def added(one: Tuple, *owners: str) -> str:
    return _ufw_tuple.rule_line(one, owners)


def test_a_line_with_our_name_is_ours() -> None:
    chains = parse(dump(SSH, live(ONE, VPSX), live(OTHER, MVE, VPSX), live(OUT, MVE)), 4, {})
    assert ours(chains) == {ONE: (VPSX,), OTHER: (MVE, VPSX), OUT: (MVE,)}
    assert odd(chains, 4) == {}


def test_a_line_without_a_name_is_ours_where_the_file_says_so() -> None:
    lines = dump(SSH, live(ONE), live(OTHER))
    assert ours(parse(lines, 4, {})) == {}
    assert ours(parse(lines, 4, {ONE: (MVE, VPSX)})) == {ONE: (MVE, VPSX)}
    odd_spelling = lines.replace("--dports 515,631", "--dports 631,515")
    assert ours(parse(odd_spelling, 4, {ONE: (VPSX,)})) == {ONE: (VPSX,)}


def test_beside_ours_by_name_the_same_line_is_somebody_elses() -> None:
    chains = parse(dump(live(ONE), live(ONE, VPSX)), 4, {ONE: (VPSX,)})
    assert [line.named for line in chains["in"] if line.owners] == [True]
    assert changes(chains, 4, {}, [VPSX]) == [f"-D{live(ONE, VPSX)[2:]}"]


BLOCK = f"{CHAIN}-s 198.51.100.10/32 -j DROP"


def test_of_equal_lines_as_many_are_ours_as_the_file_has() -> None:
    """What somebody has with the same meaning keeps its place: ours goes by its number."""
    saved: Owned = {ONE: (VPSX,)}
    lines = dump(live(ONE), BLOCK, live(ONE), live(OTHER))
    for twins in ({}, {ONE: [False, True]}):
        chains = parse(lines, 4, saved, twins)
        assert [line.ours is not None for line in chains["in"]] == [False, False, True, False]
        assert odd(chains, 4) == {}
        assert changes(chains, 4, {}, [VPSX]) == ["-D ufw-user-input 3"]
        assert changes(chains, 4, {ONE: (VPSX,), OTHER: (VPSX,)}, [VPSX]) == [added(OTHER, VPSX)]
    first = parse(dump(live(ONE), ALL, live(ONE)), 4, saved, {ONE: [True, False]})
    assert [line.ours is not None for line in first["in"]] == [True, False, False]
    assert odd(first, 4) == {}
    assert changes(first, 4, {OTHER: (VPSX,)}, [VPSX]) == [
        f"-D{live(ONE)[2:]}",
        added(OTHER, VPSX).replace("-A ufw-user-input", "-I ufw-user-input 1"),
    ]
    # Ours has been taken away, and its tuple not yet.
    assert ours(parse(dump(ALL, live(ONE)), 4, saved, {ONE: [True, False]})) == {}


def test_by_numbers_go_those_that_are_meant() -> None:
    first, second = live(OTHER), live(ONE)
    lines = [first, second, BLOCK, first, second, live(OUT)]
    chains = parse(dump(*lines), 4, {ONE: (VPSX,), OTHER: (VPSX,)})
    commands = changes(chains, 4, {}, [VPSX])
    assert commands == ["-D ufw-user-input 4", "-D ufw-user-input 4"]
    assert apply(lines, commands) == [first, second, BLOCK, live(OUT)]


def test_what_others_have_behind_a_refusal_of_everything_has_no_effect() -> None:
    chains = parse(dump(SSH, live(ONE, VPSX), LOG_ALL, ALL, live(OTHER)), 4, {})
    assert _ufw_live.theirs(chains["in"]) == {SSH}
    assert _ufw_live.theirs(parse(dump(SSH, BLOCK, live(OTHER)), 4, {})["in"]) == {SSH, BLOCK, live(OTHER)}


def test_comments_of_others_are_theirs() -> None:
    lines = [live(ONE, VPSX).replace(VPSX, wrong) for wrong in ("mine", f"{VPSX} too", "printnet.ports/", "x/vpsx")]
    assert ours(parse(dump(*lines, HOSTILE), 4, {ONE: (VPSX,)})) == {}


def test_only_what_differs_comes_and_goes() -> None:
    chains = parse(dump(SSH, DENY, live(ONE, VPSX), live(OUT, MVE)), 4, {})
    assert changes(chains, 4, {ONE: (VPSX,), OUT: (MVE,)}, [VPSX]) == []
    assert changes(chains, 4, {OTHER: (VPSX,), OUT: (MVE,)}, [VPSX]) == [
        f"-D{live(ONE, VPSX)[2:]}",
        added(OTHER, VPSX),
    ]
    assert changes(chains, 4, {ONE: (VPSX,)}, [MVE]) == [f"-D{live(OUT, MVE)[2:]}"]


def test_a_second_owner_renames_the_line() -> None:
    chains = parse(dump(live(ONE, VPSX)), 4, {})
    assert changes(chains, 4, {ONE: (MVE, VPSX)}, [MVE]) == [f"-D{live(ONE, VPSX)[2:]}", added(ONE, MVE, VPSX)]
    # Without a name its owners are those of the file.
    chains = parse(dump(live(ONE)), 4, {ONE: (VPSX,)})
    assert changes(chains, 4, {ONE: (VPSX,)}, [VPSX]) == []
    assert changes(chains, 4, {ONE: (MVE, VPSX)}, [MVE]) == [f"-D{live(ONE)[2:]}", added(ONE, MVE, VPSX)]


@pytest.mark.parametrize("later", [DENY, LIMIT, LOG_ALL + "\n" + SSH, HOSTILE])
def test_ours_go_behind_what_does_not_accept(later: str) -> None:
    chains = parse(dump(SSH, live(ONE, VPSX), later), 4, {})
    assert list(odd(chains, 4)) == [VPSX]
    assert changes(chains, 4, {ONE: (VPSX,)}, [VPSX]) == [f"-D{live(ONE, VPSX)[2:]}", added(ONE, VPSX)]


def test_ours_stand_before_what_refuses_everything_at_the_end() -> None:
    chains = parse(dump(SSH, DENY, live(ONE, VPSX), LOG_ALL, ALL), 4, {})
    assert odd(chains, 4) == {}
    assert changes(chains, 4, {ONE: (VPSX,), OTHER: (VPSX,)}, [VPSX]) == [
        added(OTHER, VPSX).replace("-A ufw-user-input", "-I ufw-user-input 4")
    ]
    chains = parse(dump(SSH, ALL, live(ONE, VPSX)), 4, {})
    assert list(odd(chains, 4)) == [VPSX]
    assert changes(chains, 4, {ONE: (VPSX,), OTHER: (VPSX,)}, [VPSX]) == [
        f"-D{live(ONE, VPSX)[2:]}",
        added(ONE, VPSX).replace("-A ufw-user-input", "-I ufw-user-input 2"),
        added(OTHER, VPSX).replace("-A ufw-user-input", "-I ufw-user-input 3"),
    ]
    # What goes above is not counted, and what stands behind the end is reached by nothing.
    chains = parse(dump(live(OTHER, VPSX), DENY, ALL, SSH, live(ONE, VPSX)), 4, {})
    assert changes(chains, 4, {ONE: (VPSX,)}, [VPSX]) == [
        f"-D{live(OTHER, VPSX)[2:]}",
        f"-D{live(ONE, VPSX)[2:]}",
        added(ONE, VPSX).replace("-A ufw-user-input", "-I ufw-user-input 2"),
    ]


def test_what_has_our_name_and_is_none_of_ours_goes_with_its_owner() -> None:
    wrong = live(ONE, VPSX).replace("ACCEPT", "DROP")
    chains = parse(dump(wrong), 4, {})
    assert odd(chains, 4) == {VPSX: {f"chain ufw-user-input: not made by printnet.ports: {wrong}"}}
    assert changes(chains, 4, {}, [MVE]) == []
    assert changes(chains, 4, {}, [VPSX]) == [f"-D{wrong[2:]}"]


def test_many_that_go_behind_many_that_stay_make_all_anew() -> None:
    tuples = [Tuple("in", "tcp", "515", "any", f"10.{number >> 8}.{number & 255}.0/24") for number in range(1600)]
    chains = parse(dump(SSH, *(live(one, VPSX) for one in tuples)), 4, {})
    few = changes(chains, 4, dict.fromkeys(tuples[800:], (VPSX,)), [VPSX])
    assert len(few) == 800
    many = changes(chains, 4, dict.fromkeys(tuples[:800], (VPSX,)), [VPSX])
    assert many == [*(f"-D{live(one, VPSX)[2:]}" for one in tuples), *(added(one, VPSX) for one in tuples[:800])]


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            [
                *(SSH, DENY, ALL, LOG_ALL, LIMIT, HOSTILE),
                *(live(one, *owners) for one in (ONE, OTHER) for owners in ((), (VPSX,), (MVE, VPSX), (MVE,))),
            ]
        ),
        max_size=8,
    ),
    st.dictionaries(st.sampled_from([ONE, OTHER]), st.sampled_from([(VPSX,), (MVE,), (MVE, VPSX)])),
    st.dictionaries(st.sampled_from([ONE, OTHER]), st.sampled_from([(VPSX,), (MVE,), (MVE, VPSX)])),
)
def test_the_changes_lead_to_what_is_wanted_and_touch_no_line_of_others(
    lines: list[str], saved: Owned, wanted: Owned
) -> None:
    chains = parse(dump(*lines), 4, saved)
    after = apply(lines, changes(chains, 4, wanted, [VPSX, MVE]))
    found = parse(dump(*after), 4, {one: owners for one, owners in saved.items() if wanted.get(one) == owners})
    assert ours(found) == wanted
    assert odd(found, 4) == {}
    others = [line.text for line in chains["in"] if not line.owners]
    mine = [line.text for line in found["in"] if line.owners]
    assert sorted(after) == sorted(others + mine)
    assert [text for text in after if text not in mine] == [text for text in others if text not in mine]
    assert changes(found, 4, wanted, [VPSX, MVE]) == []


def apply(lines: list[str], commands: list[str]) -> list[str]:
    """What iptables-restore does with the commands."""
    after = list(lines)
    spelled = {
        _ufw_tuple.rule_line(one, owners): _ufw_tuple.live_line(one, owners)
        for one in (ONE, OTHER)
        for owners in ((VPSX,), (MVE,), (MVE, VPSX))
    }
    for command in commands:
        if command.startswith("-D") and command.count(" ") == 2:
            del after[int(command.split(" ")[2]) - 1]
        elif command.startswith("-D"):
            after.remove("-A" + command[2:])
        elif command.startswith("-I"):
            _insert, chain, number, rest = command.split(" ", 3)
            after.insert(int(number) - 1, spelled[f"-A {chain} {rest}"])
        else:
            after.append(spelled[command])
    return after


def test_whether_the_chains_are_loaded() -> None:
    table = tables.parse(tables.section(dump()), 4).chains
    assert _ufw_live.is_loaded(table, 4)
    assert not _ufw_live.is_loaded(table, 6)
    assert not _ufw_live.is_loaded({"INPUT": []}, 4)
