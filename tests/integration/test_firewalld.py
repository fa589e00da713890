# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""firewalld on booted hosts: what is let in, what survives, what is left alone, what is said."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .conftest import NETWORKS, Lab, state

ADDRESSES = {
    "vpsx11": ("192.0.2.11", "2001:db8:1::11"),
    "vpsx12": ("192.0.2.12", "2001:db8:1::12"),
    "vpsx13": ("192.0.2.13", "2001:db8:1::13"),
}
SUBMISSION = {"tcp/515", "tcp/631", "tcp/9443"}
QUICK = "22,161,443,515,631,5500,5501,7501,8080,9100,9187,9443"
"""The ports that are looked at where the whole range has been looked at elsewhere."""


def let_in(lab: Lab, source: str, host: str, ports: str = QUICK) -> set[str]:
    """What the source reaches, the same by IPv4 and IPv6, beside SSH, which it always reaches."""
    return lab.let_in(source, ADDRESSES[host], ports)


def scan(lab: Lab, source: str, address: str, ports: str = QUICK) -> set[str]:
    return lab.reached(source, address, ports)


@pytest.fixture
def opened(lab: Lab, host: str) -> str:
    """A host with the rules of VPSX."""
    assert lab.firewall(host)["changed"]
    return host


@pytest.fixture
def each_opened(lab: Lab, each: str) -> str:
    """The same on each edition of firewalld."""
    assert lab.firewall(each)["changed"]
    return each


def test_lets_in_exactly_the_plan(lab: Lab, each: str) -> None:
    before = {source: let_in(lab, source, each) for source in ("client1", "stranger1", "serverx1")}
    assert set().union(*before.values()) == set()
    lab.firewall(each)
    assert let_in(lab, "client1", each, "1-10000") == SUBMISSION
    assert let_in(lab, "serverx1", each) == {"tcp/5501"}
    assert let_in(lab, "stranger1", each) == scan(lab, "stranger1", ADDRESSES[each][0], "1-10000") == set()


def test_check_mode_predicts_exactly_and_changes_nothing(lab: Lab, each: str) -> None:
    before = state(lab, each)
    for arguments in ({"components": ["vpsx"]}, {"components": ["vpsx"], "state": "absent"}):
        predicted = lab.firewall(each, "--check", "--diff", arguments=arguments)
        assert state(lab, each) == before
        done = lab.firewall(each, "--diff", arguments=arguments)
        keys = ("changed", "before", "after", "diff", "rules", "firewall")
        assert {key: predicted.get(key) for key in keys} == {key: done.get(key) for key in keys}
        assert done["changed"]
        again = lab.firewall(each, arguments=arguments)
        assert not again["changed"]
        assert again["before"] == again["after"] == done["after"]
        before = state(lab, each)


def test_survives(lab: Lab, each_opened: str) -> None:
    for event in ("firewall-cmd --reload", "systemctl restart firewalld", "reboot"):
        if event == "reboot":
            lab.reboot(each_opened)
        else:
            lab.host(each_opened, event)
        assert let_in(lab, "client1", each_opened) == SUBMISSION, event
        assert not lab.firewall(each_opened)["changed"], event


def test_absent_leaves_the_same_bytes(lab: Lab, each: str) -> None:
    before = state(lab, each)
    lab.firewall(each)
    lab.firewall(each, vpsx_submission_port=443)
    assert state(lab, each) != before
    lab.firewall(each, arguments={"components": ["vpsx"], "state": "absent"})
    assert state(lab, each) == before


def test_a_changed_port_needs_no_reload(lab: Lab, each_opened: str) -> None:
    """Somebody's rule that is live and not saved is still there afterwards, and no packet of the rest was refused."""
    lab.host(each_opened, "firewall-cmd --add-port=8080/tcp")
    answer = lab.firewall(each_opened, vpsx_submission_port=443)
    assert answer["changed"]
    assert let_in(lab, "client1", each_opened) == {"tcp/515", "tcp/631", "tcp/443", "tcp/8080"}


def test_what_firewalld_kept_for_a_run_that_was_killed_goes(lab: Lab, opened: str) -> None:
    """It keeps what a file was before. Of an owner that went, nothing else may be there."""
    for name in ("vpsx", "dis"):
        lab.host(opened, f"cd /etc/firewalld/policies; cp pnports1-vpsx.xml pnports1-{name}.xml.old")
    answer = lab.firewall(opened, arguments={"components": ["vpsx"], "stale": "remove"})
    assert answer["changed"]
    assert answer["stale"] == ["printnet.ports/dis"]
    assert lab.host(opened, "find /etc/firewalld -name '*.old'") == ""
    assert not lab.firewall(opened)["changed"]


def test_components_on_one_host_do_not_disturb_each_other(lab: Lab, opened: str) -> None:
    answer = lab.firewall(opened, arguments={"components": ["dis", "vpsx"]}, printnet_extra_components={})
    assert set(answer["after"]) == {"printnet.ports/dis", "printnet.ports/vpsx"}
    lab.firewall(opened, arguments={"components": ["dis"], "state": "absent"})
    assert let_in(lab, "client1", opened) == SUBMISSION
    assert not lab.firewall(opened)["changed"]


def test_drops_of_others_win(lab: Lab, each_opened: str) -> None:
    drop = "rule family=ipv4 source address=198.51.100.10 port port=515 protocol=tcp drop"
    lab.host(each_opened, f"firewall-cmd --add-rich-rule='{drop}'")
    assert scan(lab, "client1", ADDRESSES[each_opened][0]) == SUBMISSION - {"tcp/515"}
    assert scan(lab, "client1", ADDRESSES[each_opened][1]) == SUBMISSION


ZONES = {
    "default zone with target DROP": """
        firewall-cmd --permanent --zone=drop --add-service=ssh
        firewall-cmd --reload
        firewall-cmd --set-default-zone=drop
    """,
    "zone of the peer's network": """
        firewall-cmd --permanent --zone=internal --add-source=198.51.100.0/24
        firewall-cmd --permanent --zone=internal --add-source=2001:db8:2::/64
        firewall-cmd --reload
    """,
}


@pytest.fixture(params=ZONES)
def zoned(request: pytest.FixtureRequest, lab: Lab, host: str) -> Iterator[str]:
    lab.host(host, f"set -e; cp -a /etc/firewalld /root/saved; {ZONES[request.param]}")
    yield host
    lab.firewall(host, arguments={"components": ["vpsx"], "state": "absent"})
    lab.host(host, "rm -rf /etc/firewalld; mv /root/saved /etc/firewalld; systemctl restart firewalld")


def test_works_whatever_zone_a_packet_is_in(lab: Lab, zoned: str) -> None:
    before = let_in(lab, "client1", zoned)
    lab.firewall(zoned)
    assert let_in(lab, "client1", zoned) == before | SUBMISSION
    assert let_in(lab, "stranger1", zoned) == set()


def test_refuses_a_reload_that_costs_somebody_a_rule(lab: Lab, each: str) -> None:
    lab.host(each, "firewall-cmd --add-port=8080/tcp")
    before = state(lab, each)
    answer = lab.firewall(each, ok=False)
    assert "zone public: ports only live 8080/tcp" in answer["msg"]
    assert "--runtime-to-permanent" in answer["msg"]
    assert state(lab, each) == before
    assert lab.firewall(each, "--check", ok=False)["msg"] == answer["msg"]


def test_is_removed_at_nobody_elses_cost(lab: Lab, each_opened: str) -> None:
    lab.host(each_opened, "firewall-cmd --add-port=8080/tcp")
    absent = {"components": ["vpsx"], "state": "absent"}
    assert lab.firewall(each_opened, arguments=absent)["changed"]
    assert let_in(lab, "client1", each_opened) == {"tcp/8080"}
    assert not lab.firewall(each_opened, arguments=absent)["changed"]


def test_a_reload_that_fails_is_undone(lab: Lab, host: str) -> None:
    """Somebody's broken file makes the reload fail; ours must not make it worse."""
    lab.host(host, "printf '<zone><nonsense' > /etc/firewalld/zones/broken.xml")
    before = lab.host(host, "find /etc/firewalld -type f | sort | xargs sha256sum")
    answer = lab.firewall(host, ok=False)
    assert "firewalld says" in answer["msg"]
    assert lab.host(host, "find /etc/firewalld -type f | sort | xargs sha256sum") == before
    lab.host(host, "rm /etc/firewalld/zones/broken.xml; firewall-cmd --reload")
    assert let_in(lab, "client1", host) == set()


DIRECT = (
    '<direct><rule ipv="ipv4" table="filter" chain="INPUT" priority="0">-p tcp --dport 50016 -j DROP</rule></direct>'
)
FICKLE = "#!/bin/sh\n[ ! -e /run/asked ] && touch /run/asked\n"
"""A program ipset that works when we ask, and fails when firewalld does."""


@pytest.mark.parametrize("confirm", ["never", "always"])
def test_a_firewalld_that_fails_for_good_gets_its_files_back(lab: Lab, opened: str, confirm: str) -> None:
    """Beside direct rules it makes sets by the program ipset too; where that fails it takes no orders any more."""
    peers = [f"10.{number}.0.0/24" for number in range(20)]
    rules = [{"transport": "tcp", "ports": ["8080"], "peers": peers}]
    many = {"owner": "many", "rules": rules, "confirm": confirm}
    lab.host(opened, f"echo '{DIRECT}' > /etc/firewalld/direct.xml; firewall-cmd --reload; rm -f /run/asked")
    before = state(lab, opened)[0]
    try:
        answer = lab.firewall(opened, arguments=many, ok=False)
        assert "install the package ipset" in answer["msg"]
        assert answer["msg"].endswith("Nothing was changed.")
        lab.host(opened, f"printf '{FICKLE}' > /usr/sbin/ipset; chmod 755 /usr/sbin/ipset")
        answer = lab.firewall(opened, arguments=many, ok=False)
        assert "ipset list -terse' failed" in answer["msg"]
        assert answer["msg"].endswith(("What was there before was put back.", "was taken back."))
        assert lab.host(opened, "firewall-cmd --state 2>&1") == "running\n"
        assert state(lab, opened)[0] == before
        assert let_in(lab, "client1", opened) == SUBMISSION
        assert not lab.firewall(opened)["changed"]
    finally:
        lab.host(opened, "rm -f /etc/firewalld/direct.xml /usr/sbin/ipset /run/asked; systemctl stop firewalld")
        lab.host(opened, "nft delete table ip filter; systemctl start firewalld; firewall-cmd --state")


def test_a_hand_in_our_policy_is_undone(lab: Lab, opened: str) -> None:
    lab.host(opened, "firewall-cmd --permanent --policy=pnports1-vpsx --add-port=8080/tcp; firewall-cmd --reload")
    lab.host(opened, "firewall-cmd --policy=pnports1-vpsx --add-rich-rule='rule port port=161 protocol=udp accept'")
    assert let_in(lab, "stranger1", opened) == {"tcp/8080", "udp/161"}
    assert lab.firewall(opened)["changed"]
    assert let_in(lab, "stranger1", opened) == set()
    assert let_in(lab, "client1", opened) == SUBMISSION
    assert not lab.firewall(opened)["changed"]


def test_two_runs_at_once_wait_for_each_other(lab: Lab, host: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(lab.firewall, host, vpsx_submission_port=port) for port in (443, 9443)]
        answers = [run.result() for run in runs]
    assert all(answer["changed"] for answer in answers)
    last = max(answers, key=lambda answer: str(answer["before"]))["after"]
    assert last == lab.firewall(host, vpsx_submission_port=443 if "443," in str(last) else 9443)["after"]


def unprivileged(lab: Lab, host: str) -> dict[str, Any]:
    lab.host(
        host,
        "id joe || useradd -m joe; mkdir -p ~joe/.ssh; cp ~root/.ssh/authorized_keys ~joe/.ssh; chown -R joe: ~joe",
    )
    return lab.firewall(host, ok=False, ansible_user="joe")


def stopped(lab: Lab, host: str) -> dict[str, Any]:
    lab.host(host, "systemctl stop firewalld")
    try:
        return lab.firewall(host, ok=False)
    finally:
        lab.host(host, "systemctl start firewalld; firewall-cmd --state")


def two_firewalls(lab: Lab, host: str) -> dict[str, Any]:
    lab.host(host, "sed -i s/ENABLED=no/ENABLED=yes/ /etc/ufw/ufw.conf")
    try:
        return lab.firewall(host, ok=False)
    finally:
        lab.host(host, "sed -i s/ENABLED=yes/ENABLED=no/ /etc/ufw/ufw.conf")


def without_python(lab: Lab, host: str) -> dict[str, Any]:
    return lab.firewall(host, ok=False, ansible_python_interpreter="/usr/bin/python3.99")


def unknown_component(lab: Lab, host: str) -> dict[str, Any]:
    return lab.firewall(host, ok=False, arguments={"components": ["vspx"]})


def group_without_address(lab: Lab, host: str) -> dict[str, Any]:
    return lab.firewall(host, ok=False, printnet_groups={"lrsq": "nowhere"})


def hand_made_owners(lab: Lab, host: str) -> dict[str, Any]:
    return lab.firewall(host, ok=False, arguments={"components": ["vpsx"], "owners": []})


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (unprivileged, "set become: true"),
        (stopped, "systemctl start firewalld"),
        (two_firewalls, "Switch all but one off"),
        (without_python, "set ansible_python_interpreter"),
        (unknown_component, "did you mean 'vpsx'?"),
        (group_without_address, "the inventory has no group 'nowhere'"),
        (hand_made_owners, "owners"),
    ],
)
def test_says_what_to_do(lab: Lab, host: str, case: Callable[[Lab, str], dict[str, Any]], said: str) -> None:
    before = state(lab, host)
    answer = case(lab, host)
    assert said in answer["msg"]
    assert "Traceback" not in answer["told"]
    assert state(lab, host) == before


def test_no_firewall_is_said_and_is_no_error(lab: Lab) -> None:
    answer = lab.firewall("serverx1", arguments={"components": ["serverx"]}, printnet_networks={"netx": "192.0.2.30"})
    assert not answer["changed"]
    assert "No firewall is active" in answer["told"]


def test_an_unchanged_run_is_short(lab: Lab, opened: str) -> None:
    """One round trip: nothing but the module runs on the host, and its lock is gone afterwards."""
    started = time.monotonic()
    answer = lab.firewall(opened)
    assert not answer["changed"]
    assert time.monotonic() - started < 60
    assert lab.host(opened, "ls /run | grep printnet || true") == ""


def test_a_holder_of_the_lock_that_was_killed_blocks_nobody(lab: Lab, host: str) -> None:
    hold = "exec 9>/run/printnet.ports.lock; flock 9; sleep 60"
    holder = subprocess.Popen([*_exec(lab, host), hold], stdin=subprocess.DEVNULL)
    time.sleep(1)
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(lab.firewall, host)
        lab.host(host, "until pgrep -f [A]nsiballZ_firewall >/dev/null; do sleep 0.1; done; sleep 2")
        assert not run.done()
        lab.host(host, "pkill -KILL -f '[s]leep 60'")
        holder.wait(10)
        answer = run.result()
    assert answer["changed"]
    assert "Waited for another run" in answer["told"]


def _exec(lab: Lab, host: str) -> list[str]:
    from .conftest import LAB

    return [LAB, "exec", lab.name, host, "--", "sh", "-c"]


def test_many_networks_are_one_set_and_change_in_place(lab: Lab, each: str) -> None:
    """More networks than single rules are good for: another network later needs no reload."""
    many = [f"10.{number}.0.0/24" for number in range(200)]
    here = {"printnet_networks": {"workstation": [*NETWORKS["workstation"], *many]}}
    assert lab.firewall(each, **here)["changed"]
    assert len(lab.host(each, "firewall-cmd --policy=pnports1-vpsx --list-rich-rules").splitlines()) < 30
    assert let_in(lab, "client1", each) == SUBMISSION
    assert let_in(lab, "stranger1", each) == set()
    lab.host(each, "firewall-cmd --add-port=8080/tcp")
    here["printnet_networks"]["workstation"] += ["203.0.113.0/24", "2001:db8:3::/64"]
    assert lab.firewall(each, **here)["changed"]
    assert not lab.firewall(each, **here)["changed"]
    assert let_in(lab, "stranger1", each) == SUBMISSION | {"tcp/8080"}
    lab.host(each, "firewall-cmd --reload")
    assert let_in(lab, "stranger1", each) == SUBMISSION
    assert not lab.firewall(each, **here)["changed"]
