# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ufw where somebody works on it at the same time, has almost our rules, or has switched it off by half."""

from __future__ import annotations

import pytest

from . import test_ufw
from .conftest import Lab
from .test_ufw import ADDRESSES, OWNER, SUBMISSION, let_in, scan, state, status, told

# Fixtures, which are found by their names.
ufw_lab, lab, each, host, opened = test_ufw.ufw_lab, test_ufw.lab, test_ufw.each, test_ufw.host, test_ufw.opened

LATE = """#!/usr/bin/python3
import runpy, sys, time
import ufw.util
lock = ufw.util.create_lock
def late(*args, **kwargs):
    time.sleep(6)
    return lock(*args, **kwargs)
ufw.util.create_lock = late
sys.argv[0] = "/usr/sbin/ufw"
runpy.run_path("/usr/sbin/ufw", run_name="__main__")
"""
"""ufw on a slow host: long after it has read its files it takes its lock."""
NET = "198.51.100.0/24"
LPR = {"owner": "byhand", "rules": [{"transport": "tcp", "ports": ["515"], "peers": [NET]}]}
LPR_ABSENT = {"owner": "byhand", "state": "absent"}


OURS_BY_HAND = (
    f"### tuple ### allow tcp 515 0.0.0.0/0 any {NET} in comment={b'printnet.ports/byhand'.hex()}\n"
    f"-A ufw-user-input -p tcp --dport 515 -s {NET} -j ACCEPT"
)
"""The tuple that stands there when it is asked for by LPR."""


def user_chain(lab: Lab, host: str) -> list[str]:
    return lab.host(host, "iptables -S ufw-user-input").splitlines()[1:]


def test_a_ufw_command_with_an_older_copy_takes_nothing_back(lab: Lab, host: str) -> None:
    lab.host(host, f"mkdir -p /root/late; cat >/root/late/ufw <<'END'\n{LATE}END\nchmod +x /root/late/ufw")
    deny = "deny from 203.0.113.9"
    submission = SUBMISSION
    for command, values in ((f"prepend {deny}", {}), (f"delete {deny}", {"vpsx_submission_port": 9444})):
        lab.host(host, f"/root/late/ufw {command} >/dev/null 2>&1 & sleep 0.7")
        answer = lab.firewall(host, **values)
        assert answer["changed"]
        lab.host(host, "while pgrep -f '/root/[l]ate/ufw'; do sleep 0.1; done")
        assert any("203.0.113.9" in line for line in status(lab, host)) is command.startswith("prepend")
        submission = {"tcp/515", "tcp/631", f"tcp/{values.get('vpsx_submission_port', 9443)}"}
        for _time in range(2):
            assert let_in(lab, "client1", host, "22,515,631,9443,9444") == submission
            assert not lab.firewall(host, **values)["changed"]
            lab.host(host, "ufw reload")
    lab.host(host, "rm -r /root/late")


def test_a_rule_of_any_protocol_of_somebody_else_stays_hers(lab: Lab, each: str) -> None:
    lab.host(each, "ufw allow 22/tcp comment first")
    assert lab.firewall(each, arguments=LPR)["changed"]
    lab.host(each, f"ufw insert 1 deny from 198.51.100.99; ufw insert 1 allow from {NET} to any port 515; ufw reload")
    chain = user_chain(lab, each)
    line = f"-A ufw-user-input -s {NET} -p tcp -m tcp --dport 515 -j ACCEPT"
    assert [index for index, text in enumerate(chain) if text == line] == [0, len(chain) - 1]
    # Hers lets in all that ours does, so ours goes: that at the end, and not hers in front of her refusal.
    assert lab.firewall(each, arguments=LPR)["changed"]
    assert user_chain(lab, each) == chain[:-1]
    assert not lab.firewall(each, arguments=LPR)["changed"]
    lab.host(each, "ufw reload")
    assert user_chain(lab, each) == chain[:-1]
    assert not lab.firewall(each, arguments=LPR)["changed"]
    assert not lab.firewall(each, arguments=LPR_ABSENT)["changed"]
    assert user_chain(lab, each) == chain[:-1]
    lab.firewall(each, arguments=LPR)
    lab.host(each, f"ufw delete allow from {NET} to any port 515")
    assert lab.firewall(each, arguments=LPR)["changed"]
    assert scan(lab, "client1", ADDRESSES[each][0], "22,515") == {"tcp/515"}


def test_a_rule_behind_one_that_refuses_everything_stands_for_none(lab: Lab, each: str) -> None:
    lab.host(each, f"ufw deny from any; ufw allow proto tcp from {NET} to any port 515")
    before = state(lab, each)
    assert scan(lab, "client1", ADDRESSES[each][0], "22,515") == set()
    assert lab.firewall(each, arguments=LPR)["changed"]
    for _time in range(2):
        assert scan(lab, "client1", ADDRESSES[each][0], "22,515") == {"tcp/515"}
        assert not lab.firewall(each, arguments=LPR)["changed"]
        lab.host(each, "ufw reload")
    assert lab.firewall(each, arguments=LPR_ABSENT)["changed"]
    assert state(lab, each) == before


def test_what_an_accept_before_it_lets_in_no_refusal_blocks(lab: Lab, each: str) -> None:
    lab.host(each, f"ufw allow proto tcp from {NET} to any port 515; ufw deny 515")
    answer = lab.firewall(each, arguments=LPR)
    assert not answer["changed"]
    assert "blocks" not in told(answer)
    wider = {**LPR, "rules": [{"transport": "tcp", "ports": ["515"], "peers": [NET, "203.0.113.0/24"]}]}
    assert "ufw: deny 515/tcp from any blocks tcp 515" in told(lab.firewall(each, arguments=wider))


def test_lines_by_hand_below_ours_stay(lab: Lab, each: str) -> None:
    lab.firewall(each)
    lab.host(each, "sed -i 's/^### END RULES ###$/-A ufw-user-input -p vrrp -j ACCEPT\\n\\n&/' /etc/ufw/user.rules")
    assert not lab.firewall(each)["changed"]
    assert lab.firewall(each, vpsx_submission_port=9444)["changed"]
    assert "-A ufw-user-input -p vrrp -j ACCEPT" in lab.host(each, "cat /etc/ufw/user.rules").splitlines()
    assert not lab.firewall(each, vpsx_submission_port=9444)["changed"]


def test_ipv6_just_switched_off(lab: Lab, each: str) -> None:
    lab.firewall(each)
    lab.host(each, "sed -i 's/^IPV6=.*/IPV6=no/' /etc/default/ufw")
    assert OWNER in lab.host(each, "ip6tables-save")
    assert lab.firewall(each)["changed"]
    assert OWNER not in lab.host(each, "ip6tables-save")
    assert scan(lab, "client1", ADDRESSES[each][0]) == SUBMISSION
    assert not lab.firewall(each)["changed"]
    lab.host(each, "sed -i 's/^IPV6=.*/IPV6=yes/' /etc/default/ufw")


def test_over_the_older_tables(lab: Lab, host: str) -> None:
    """Its policies' counters go on, and what goes by its number is the right one."""

    def use(kind: str) -> str:
        return "; ".join(
            f"update-alternatives --set {name} /usr/sbin/{name}-{kind}" for name in ("iptables", "ip6tables")
        )

    gone = "{0} -P INPUT ACCEPT; {0} -P OUTPUT ACCEPT; {0} -F; {0} -X"
    try:
        lab.host(host, f"ufw disable; nft flush ruleset; ({use('legacy')}) 2>&1; ufw --force enable")
        lab.host(host, f"ufw allow from {NET} to any port 515; ufw deny from 198.51.100.99")
        assert lab.firewall(host)["changed"]
        assert scan(lab, "client1", ADDRESSES[host][0]) == {*SUBMISSION, "udp/515"}
        counted = "iptables -L INPUT -nvx | sed -n '1s/.*policy DROP \\([0-9]*\\) packets.*/\\1/p'"
        dropped = int(lab.host(host, counted))
        assert dropped > 0
        assert lab.firewall(host, vpsx_submission_port=9444)["changed"]
        assert int(lab.host(host, counted)) >= dropped
        chain = user_chain(lab, host)
        line = f"-A ufw-user-input -s {NET} -p tcp -m tcp --dport 515 -j ACCEPT"
        ours = OURS_BY_HAND.replace("\n", "\\n")
        lab.host(host, f"sed -i 's,^### END RULES ###$,{ours}\\n\\n&,' /etc/ufw/user.rules; ufw reload")
        assert user_chain(lab, host).count(line) == 2
        assert lab.firewall(host, arguments=LPR_ABSENT)["changed"]
        assert [text for text in user_chain(lab, host) if text == line] == [line]
        assert user_chain(lab, host).index(line) == chain.index(line)
        assert not lab.firewall(host, vpsx_submission_port=9444)["changed"]
    finally:
        emptied = "; ".join(gone.format(f"{name}-legacy") for name in ("iptables", "ip6tables"))
        lab.host(host, f"ufw disable; ({emptied}; {use('nft')}) 2>&1; ufw --force enable")


BROKEN = "sed -i 's/^COMMIT$/-A no-such-chain -j ACCEPT\\n&/' /etc/ufw/before.rules"


def test_a_start_that_failed(lab: Lab, opened: str) -> None:
    lab.host(opened, f"ufw disable; {BROKEN}; ! ufw --force enable")
    before = state(lab, opened)
    assert ":INPUT DROP" in "\n".join(before[1])
    answer = lab.firewall(opened, ok=False)
    assert "ufw is not enabled, and its rules filter on this host all the same" in answer["msg"]
    assert state(lab, opened) == before
    # What it says helps.
    lab.host(opened, "sed -i '/no-such-chain/d' /etc/ufw/before.rules; ufw --force enable")
    assert not lab.firewall(opened)["changed"]
    lab.host(opened, f"ufw disable; {BROKEN}; ! ufw --force enable; ufw disable")
    assert lab.firewall(opened)["firewall"] == ""


def test_its_unit_is_disabled(lab: Lab, opened: str) -> None:
    try:
        lab.host(opened, "systemctl stop ufw")
        answer = lab.firewall(opened, ok=False)
        assert "ufw is enabled, but its rules for IPv4 are not loaded" in answer["msg"]
        assert "or ufw disable, if it is not to run. Nothing was changed." in answer["msg"]
        lab.host(opened, "systemctl disable ufw")
        answer = lab.firewall(opened)
        assert answer["firewall"] == ""
        assert "No firewall is active on this host" in told(answer)
        # It filters again, though it would not after a boot.
        lab.host(opened, "ufw reload")
        assert lab.firewall(opened)["firewall"] == "ufw"
    finally:
        lab.host(opened, "systemctl enable --now ufw; ufw reload")
    assert lab.firewall(opened)["firewall"] == "ufw"


@pytest.mark.parametrize("name", ["user.rules", "user6.rules"])
def test_a_file_that_is_missing(lab: Lab, opened: str, name: str) -> None:
    lab.host(opened, f"mv /etc/ufw/{name} /root")
    answer = lab.firewall(opened, ok=False)
    assert f"copy /usr/share/ufw/iptables/{name} there, and ufw allow what it let in, SSH first" in answer["msg"]
    assert "ERROR: Couldn't stat" in lab.host(opened, "ufw reload 2>&1; true")
    lab.host(opened, f"cp /usr/share/ufw/iptables/{name} /etc/ufw/{name}; ufw allow 22/tcp")
    lab.firewall(opened)
    lab.host(opened, "ufw reload")
    assert let_in(lab, "client1", opened) == SUBMISSION


def test_what_iptables_does_not_understand(lab: Lab, opened: str) -> None:
    lab.host(opened, "nft add rule ip filter INPUT numgen inc mod 2 0 counter")
    answer = lab.firewall(opened, ok=False)
    handle = "nft -a list chain ip filter INPUT | sed -n 's/.*numgen.*handle //p'"
    lab.host(opened, f"nft delete rule ip filter INPUT handle $({handle})")
    assert "The table filter holds rules that iptables-save does not understand" in answer["msg"]
    assert not lab.firewall(opened)["changed"]
