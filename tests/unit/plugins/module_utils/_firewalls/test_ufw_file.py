# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of ufw's files: ours in it, others' bytes, the order, and what is none of ufw's."""

from __future__ import annotations

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._firewalls import _ufw_file, _ufw_foreign
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_file import parse, plus, without
from ansible_collections.printnet.ports.plugins.module_utils._firewalls._ufw_tuple import Owned, Tuple
from ansible_collections.printnet.ports.plugins.module_utils._host import HostError
from hypothesis import given, settings
from hypothesis import strategies as st

VPSX, MVE = "printnet.ports/vpsx", "printnet.ports/mve"
PATH = "/etc/ufw/user.rules"
HEAD = "*filter\n:ufw-user-input - [0:0]\n### RULES ###\n"
TAIL = "\n### END RULES ###\n\n### LOGGING ###\n### END LOGGING ###\nCOMMIT\n"
SSH = "\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n-A ufw-user-input -p tcp --dport 22 -j ACCEPT\n"
DENY = (
    "\n### tuple ### deny tcp 515 0.0.0.0/0 any 198.51.100.10 in\n"
    "-A ufw-user-input -p tcp --dport 515 -s 198.51.100.10 -j DROP\n"
)
ALL = "\n### tuple ### deny any any 0.0.0.0/0 any 0.0.0.0/0 in\n-A ufw-user-input -j DROP\n"
ALL_OUT = "\n### tuple ### reject_log any any 0.0.0.0/0 any 0.0.0.0/0 out\n-A ufw-user-output -j REJECT\n"
MINE = (
    "\n### tuple ### allow tcp 515,631 0.0.0.0/0 any 198.51.100.0/24 in"
    " comment=7072696e746e65742e706f7274732f76707378\n"
    "-A ufw-user-input -p tcp -m multiport --dports 515,631 -s 198.51.100.0/24 -j ACCEPT\n"
)
LIMIT = (
    "\n### tuple ### limit tcp 23 0.0.0.0/0 any 0.0.0.0/0 in comment=6974277320224d7922203c623e7b7b20e282ac207d7d\n"
    "-A ufw-user-input -p tcp --dport 23 -m conntrack --ctstate NEW -m recent --set\n"
    "-A ufw-user-input -p tcp --dport 23 -m conntrack --ctstate NEW -m recent --update --seconds 30 --hitcount 6"
    " -j ufw-user-limit\n-A ufw-user-input -p tcp --dport 23 -j ufw-user-limit-accept\n"
)
APP = (
    "\n### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 OpenSSH - in\n"
    "-A ufw-user-input -p tcp --dport 22 -j ACCEPT -m comment --comment 'dapp_OpenSSH'\n"
)
ROUTE = (
    "\n### tuple ### route:deny any any 0.0.0.0/0 any 0.0.0.0/0 in_eth0!out_eth1\n"
    "-A ufw-user-forward -i eth0 -o eth1 -j DROP\n"
)
LOGGED = (
    "\n### tuple ### allow_log tcp 80 0.0.0.0/0 any 0.0.0.0/0 in_eth0\n"
    '-A ufw-user-logging-input -i eth0 -p tcp --dport 80 -m conntrack --ctstate NEW -j LOG --log-prefix "[UFW] "\n'
    "-A ufw-user-logging-input -i eth0 -p tcp --dport 80 -j RETURN\n"
    "-A ufw-user-input -i eth0 -p tcp --dport 80 -j ufw-user-logging-input\n"
    "-A ufw-user-input -i eth0 -p tcp --dport 80 -j ACCEPT\n"
)
BROKEN = "\n### tuple ### allow\n-A ufw-user-input -j WHATEVER\n"
NOTE = "\n# by hand \udcff\n"
OURS: Owned = {Tuple("in", "tcp", "515,631", "any", "198.51.100.0/24"): (VPSX,)}


def text(*pieces: str) -> str:
    return HEAD + "".join(pieces) + TAIL


def add(before: str, ours: Owned) -> str:
    saved = parse(PATH, 4, before)
    return saved.text_with({**saved.ours(), **ours})


def test_ours_stand_at_the_end_as_ufw_writes_them() -> None:
    assert add(text(SSH), OURS) == text(SSH, MINE)
    assert add(text(), OURS) == text(MINE)
    assert parse(PATH, 4, text(SSH, MINE)).ours() == OURS


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from([SSH, DENY, ALL, ALL_OUT, LIMIT, APP, ROUTE, LOGGED, BROKEN, NOTE]), max_size=6),
    st.sampled_from(["", "\n", "# note\n"]),
    st.booleans(),
)
def test_others_keep_their_bytes_and_ours_leave_none(pieces: list[str], extra: str, cut: bool) -> None:
    before = text(*pieces, extra)
    if cut and pieces:
        # Somebody's editor has taken the empty line before the end away.
        before = before.replace("\n\n### END RULES", "\n### END RULES")
    other: Owned = {Tuple("out", "udp", "53", "any", "192.0.2.53"): (MVE,)}
    after = add(before, {**OURS, **other})
    saved = parse(PATH, 4, after)
    assert saved.text() == after
    assert saved.ours() == {**OURS, **other}
    assert saved.odd() == {}
    for piece in pieces:
        assert piece.strip() in after
    assert saved.text_with({}) == before
    alone = parse(PATH, 4, saved.text_with(without(saved.ours(), [MVE])))
    assert alone.ours() == OURS


@pytest.mark.parametrize("later", [DENY, LIMIT, LOGGED, BROKEN])
def test_what_does_not_accept_goes_before_ours(later: str) -> None:
    saved = parse(PATH, 4, text(SSH, MINE, later))
    assert list(saved.odd()) == [VPSX]
    assert saved.text_with(OURS) == text(SSH, later, MINE)


@pytest.mark.parametrize("later", [SSH, APP, ROUTE, NOTE, ALL_OUT, ALL])
def test_what_accepts_or_is_elsewhere_or_refuses_all_at_the_end_may_stand_behind_ours(later: str) -> None:
    saved = parse(PATH, 4, text(SSH, MINE, later))
    assert saved.odd() == {}


def test_ours_stand_before_what_refuses_everything_at_the_end_only() -> None:
    assert add(text(SSH, ALL), OURS) == text(SSH, MINE, ALL)
    assert add(text(ALL, SSH), OURS) == text(MINE, ALL, SSH)
    assert add(text(SSH, ALL, ALL_OUT), OURS) == text(SSH, MINE, ALL, ALL_OUT)
    behind = parse(PATH, 4, text(SSH, ALL, MINE))
    assert list(behind.odd()) == [VPSX]
    assert behind.text_with(OURS) == text(SSH, MINE, ALL)


def test_what_is_added_behind_the_end_moves_nothing() -> None:
    there = parse(PATH, 4, text(SSH, MINE, ALL, SSH, DENY))
    assert there.odd() == {}
    assert there.text_with(OURS) == there.text()
    moved = parse(PATH, 4, text(SSH, ALL, SSH, MINE))
    assert list(moved.odd()) == [VPSX]
    assert moved.text_with(OURS) == text(SSH, MINE, ALL, SSH)


def test_a_tuple_of_two_owners_stands_once() -> None:
    owned = plus(OURS, MVE, list(OURS))
    both = add(text(SSH), owned)
    assert both.count("### tuple ###") == 2
    assert parse(PATH, 4, both).ours() == {next(iter(OURS)): (MVE, VPSX)}
    assert f"comment={f'{MVE} {VPSX}'.encode().hex()}\n" in both
    assert without(owned, [MVE]) == OURS
    assert without(owned, [MVE, VPSX]) == {}


def test_the_same_tuple_of_somebody_else_is_known() -> None:
    theirs = MINE.replace(" comment=7072696e746e65742e706f7274732f76707378", "")
    assert parse(PATH, 4, text(theirs)).foreign == frozenset(OURS)
    assert parse(PATH, 4, text(DENY, LIMIT, APP, ROUTE, LOGGED)).foreign == frozenset()


def test_with_a_port_a_tuple_of_any_protocol_is_one_of_each() -> None:
    theirs = MINE.replace(" comment=7072696e746e65742e706f7274732f76707378", "").replace("515,631", "515")
    one = next(iter(OURS))._replace(ports="515")
    both = theirs.replace("allow tcp", "allow any")
    assert parse(PATH, 4, text(both)).foreign == {one, one._replace(transport="udp")}
    assert not parse(PATH, 4, text(both.replace("any 515", "any any"))).foreign & {one, one._replace(ports="any")}


def test_the_same_tuple_behind_a_refusal_of_everything_stands_for_none() -> None:
    theirs = MINE.replace(" comment=7072696e746e65742e706f7274732f76707378", "")
    assert parse(PATH, 4, text(ALL, theirs)).foreign == frozenset()
    assert parse(PATH, 4, text(ALL_OUT, theirs)).foreign == frozenset(OURS)
    assert parse(PATH, 4, text(theirs, ALL)).foreign == frozenset(OURS)
    assert parse(PATH, 4, text(ALL, theirs)).text_with(OURS) == text(MINE, ALL, theirs)
    assert parse(PATH, 4, text(MINE, ALL, theirs)).twins == {next(iter(OURS)): [True, False]}
    assert parse(PATH, 4, text(MINE, ALL)).twins == {}


@pytest.mark.parametrize(
    "theirs", ["-A ufw-user-input -p vrrp -j ACCEPT\n", "-A ufw-user-input -i lo -j ACCEPT\n", "# a note\n"]
)
def test_lines_by_hand_below_ours_stay(theirs: str) -> None:
    saved = parse(PATH, 4, text(SSH, MINE + theirs))
    assert saved.odd() == {}
    assert saved.text_with(OURS) == text(SSH + theirs, MINE)
    blocks = parse(PATH, 4, text(SSH, MINE + theirs.replace("ACCEPT", "DROP").replace("# a note", "-A x -j DROP")))
    assert list(blocks.odd()) == [VPSX]
    mended = parse(PATH, 4, blocks.text_with(OURS))
    assert "DROP" in mended.pieces[0].text
    assert mended.odd() == {}


def test_a_line_that_is_not_what_its_tuple_says_is_odd_and_mended() -> None:
    line = MINE.split("\n")[2] + "\n"
    more = (line, line.replace("ACCEPT", "DROP"))
    instead = "-A ufw-user-input -p udp --dport 1 -j ACCEPT\n"
    made = (MINE.replace("ACCEPT", "DROP"), MINE.replace(line, ""), MINE.replace(line, instead))
    for wrong in (*made, *(MINE + one for one in more)):
        saved = parse(PATH, 4, text(SSH, wrong))
        assert saved.odd() == {VPSX: {f"{PATH}: a rule of ours is not what its tuple says"}}
        assert saved.text_with(OURS) == text(SSH, MINE)


def test_a_line_by_hand_below_one_of_ours_stays_hers() -> None:
    """Where an administrator appends what lets her in, it stands below our last tuple."""
    hers = MINE + "-A ufw-user-input -p tcp --dport 22 -s 198.51.100.0/24 -j ACCEPT\n"
    saved = parse(PATH, 4, text(SSH, hers))
    assert saved.odd() == {}
    for wanted in (OURS, {}):
        assert saved.text_with(wanted).count("-A ufw-user-input -p tcp --dport 22 -s 198.51.100.0/24 -j ACCEPT\n") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        MINE.replace("515,631", "515,99999", 1),
        MINE.replace("515,631", "lpr", 1),
        MINE.replace("allow tcp", "allow", 1).replace(" any ", " ", 1).replace(" in ", " ", 1),
        MINE.replace("allow", "perhaps", 1),
        MINE.replace("198.51.100.0/24", "2001:db8::/64", 1),
    ],
)
def test_a_broken_tuple_of_ours_is_said_with_its_line(wrong: str) -> None:
    with pytest.raises(HostError, match=rf"{PATH}, line 8: .*Nothing was changed\."):
        parse(PATH, 4, text(SSH, wrong))


@pytest.mark.parametrize("peer", ["198.51.100.7/24", "198.51.100", "$(reboot)", "10.1.0.0/255.255.0.0"])
def test_a_broken_peer_of_ours_is_said_with_its_line(peer: str) -> None:
    saved = parse(PATH, 4, text(SSH, MINE.replace("198.51.100.0/24", peer)))
    with pytest.raises(HostError, match=f"{PATH}, line 8: "):
        _ufw_file.check_peers(saved)


@pytest.mark.parametrize(
    "wrong",
    [
        MINE.replace("allow", "deny", 1),
        MINE.replace("allow", "route:allow", 1),
        MINE.replace(" in ", " in_eth0 ", 1),
        MINE.replace("0.0.0.0/0 any", "192.0.2.1 any", 1),
        MINE.replace("tcp", "any", 1),
    ],
)
def test_what_somebody_made_of_our_tuple_is_not_ours(wrong: str) -> None:
    saved = parse(PATH, 4, text(SSH, wrong))
    assert saved.ours() == {}
    assert saved.text_with({}) == text(SSH, wrong)


@pytest.mark.parametrize("wrong", ["", "COMMIT\n", HEAD, HEAD.replace("### RULES", "#### RULES") + TAIL, TAIL + HEAD])
def test_a_file_that_ufw_did_not_write_is_refused(wrong: str) -> None:
    with pytest.raises(HostError, match=rf"{PATH} has no line '### (END )?RULES ###'.* ufw reload"):
        parse(PATH, 4, wrong)


@settings(max_examples=200)
@given(st.text(alphabet="#\n tuple allowdny:_0123456789/.-=,\udc80", max_size=120))
def test_no_text_of_others_is_ever_too_much(noise: str) -> None:
    before = text(SSH, "\n### tuple ### " + noise, LIMIT)
    after = add(before, OURS)
    assert parse(PATH, 4, after).text_with({}) == before
    _ufw_foreign.foreign(parse(PATH, 4, after))
    _ufw_foreign.blocking(parse(PATH, 4, after))


def test_what_was_let_in_before_is_not_blocked() -> None:
    lpr = "\n### tuple ### allow tcp 515 0.0.0.0/0 any 198.51.100.0/24 in\n-A x\n"
    deny = "\n### tuple ### deny any 515 0.0.0.0/0 any 198.51.100.0/23 in\n-A x\n"

    def blocked(*pieces: str) -> list[str]:
        return [one.rule.as_text() for one in _ufw_foreign.blocking(parse(PATH, 4, text(*pieces)))]

    udp = "in udp 515 from 198.51.100.0/23"
    assert blocked(lpr, deny) == ["in tcp 515 from 198.51.101.0/24", udp]
    assert blocked(deny, lpr) == ["in tcp 515 from 198.51.100.0/23", udp]
    assert blocked(lpr.replace(" in\n", " out\n"), deny) == ["in tcp 515 from 198.51.100.0/23", udp]
    found = _ufw_foreign.blocking(parse(PATH, 4, text(lpr.replace(" in\n", " in_eth0\n"), deny)))
    assert [(one.rule.as_text(), one.only) for one in found] == [
        ("in tcp 515 from 198.51.101.0/24", ""),
        ("in tcp 515 from 198.51.100.0/24", "comes by none of eth0"),
        (udp, ""),
    ]
    assert blocked(lpr.replace("515 0.0.0.0/0", "515 192.0.2.1"), deny)[0] == "in tcp 515 from 198.51.100.0/23"
    here, there = (deny.replace(" in\n", f" in_{name}\n") for name in ("eth0", "eth1"))
    assert blocked(lpr.replace(" in\n", " in_eth0\n"), here) == ["in tcp 515 from 198.51.101.0/24", udp]
    assert blocked(lpr.replace(" in\n", " in_eth0\n"), there) == ["in tcp 515 from 198.51.100.0/23", udp]
    assert blocked(lpr, here)[0] == "in tcp 515 from 198.51.101.0/24"
    assert blocked(lpr.replace("0.0.0.0/0 any", "0.0.0.0/0 721"), deny)[0] == "in tcp 515 from 198.51.100.0/23"
    assert blocked(lpr, deny, ALL) == ["in tcp 515 from 198.51.101.0/24", udp]


def test_what_others_open_and_block() -> None:
    saved = parse(PATH, 4, text(SSH, DENY, LIMIT, APP, ROUTE, LOGGED, BROKEN, MINE, ALL))
    assert [(one.opens, one.rule.as_text(), one.where) for one in _ufw_foreign.foreign(saved)] == [
        (True, "in tcp 22 from 0.0.0.0/0", "ufw: allow 22/tcp from any"),
        (False, "in tcp 515 from 198.51.100.10", "ufw: deny 515/tcp from 198.51.100.10"),
        (True, "in tcp 23 from 0.0.0.0/0", "ufw: limit 23/tcp from any"),
        (True, "in tcp 22 from 0.0.0.0/0", "ufw: allow 22/tcp (OpenSSH) from any"),
        (True, "in tcp 80 from 0.0.0.0/0", "ufw: allow on eth0 80/tcp from any"),
    ]
    anything = (
        "\n### tuple ### deny any any 0.0.0.0/0 any 203.0.113.0/24 in\n-A ufw-user-input -s 203.0.113.0/24 -j DROP\n"
    )
    partly = "\n### tuple ### deny tcp 515 192.0.2.1 any 203.0.113.0/24 in\n-A x\n"
    nothing = partly.replace("tcp 515", "any any")
    found = _ufw_foreign.foreign(parse(PATH, 4, text(anything, partly, nothing, ALL, DENY)))
    assert [(one.rule.as_text(), one.only) for one in found if one.rule.peers != ("0.0.0.0/0",)] == [
        ("in tcp 1-65535 from 203.0.113.0/24", ""),
        ("in udp 1-65535 from 203.0.113.0/24", ""),
        ("in tcp 515 from 203.0.113.0/24", "is sent to 192.0.2.1"),
    ]
    assert not any(one.opens for one in found)
    # Who lets loopback in, as a hardened host does, opens nothing to others; nor is a trusted interface a service.
    own = "\n### tuple ### allow any any 0.0.0.0/0 any 0.0.0.0/0 in_lo\n-A x\n"
    assert not _ufw_foreign.foreign(parse(PATH, 4, text(own, own.replace("in_lo", "in_wg0"))))
