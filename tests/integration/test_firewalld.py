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
    # An old firewalld has the name on the bus, which systemd waits for, before it has loaded its rules.
    restart = "systemctl restart firewalld; until firewall-cmd --state; do sleep 0.1; done"
    for event in ("firewall-cmd --reload", restart, "reboot"):
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


FOR_LATER = """
    cp -a /etc/firewalld /root/saved
    later="firewall-cmd -q --permanent"
    $later --new-zone=quarantine
    $later --zone=quarantine --set-target=DROP
    $later --zone=quarantine --add-source=203.0.113.10
    $later --new-policy=later
    $later --new-ipset=few --type=hash:ip
    $later --service=ssh --add-port=7777/tcp
    $later --direct --add-rule ipv4 filter INPUT 0 -p tcp --dport 515 -j DROP
    sed -i s/^DefaultZone=.*/DefaultZone=drop/ /etc/firewalld/firewalld.conf
"""


def test_refuses_a_reload_that_brings_what_somebody_saved_for_later(lab: Lab, each: str) -> None:
    """Nothing but that reload would make it live: a lockout, at worst."""
    lab.host(each, FOR_LATER)
    try:
        before = state(lab, each)
        answer = lab.firewall(each, ok=False)
        for said in (
            "the default zone is public, saved is drop",
            "zone quarantine: only saved",
            "policy later: only saved",
            "ipset few: only saved",
            "service ssh: ports only saved 7777/tcp",
            "direct: rules only saved ipv4 filter INPUT 0 -p tcp --dport 515 -j DROP",
        ):
            assert said in answer["msg"]
        assert state(lab, each) == before
    finally:
        lab.host(each, "rm -rf /etc/firewalld; mv /root/saved /etc/firewalld; systemctl restart firewalld")


BACKUP = {
    "owner": "backup",
    "rules": [{"transport": "tcp", "ports": ["515", "631"], "peers": ["192.0.2.0/24", "2001:db8:1::/64"]}],
}
BAN = 'rule family="ipv4" source address="203.0.113.66" drop'
PENDING = "/run/printnet.ports/pending.json"


@pytest.fixture
def alone(lab: Lab, host: str) -> Iterator[str]:
    """A host on which the rules by hand are gone after the test."""
    yield host
    lab.host(host, "firewall-cmd -q --reload")
    lab.firewall(host, arguments={**BACKUP, "state": "absent", "confirm": "never"})


def in_the_window(lab: Lab, host: str, arguments: dict[str, Any], script: str, ok: bool) -> dict[str, Any]:
    """Run a script while a change waits for its confirmation, which does not come before the script has ended."""
    confirmed = {**BACKUP, "confirm": "always", "confirm_timeout": 8, **arguments}
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(lab.firewall, host, arguments=confirmed, ok=ok)
        stop = f"until [ -s {PENDING} ]; do sleep 0.002; done; systemctl stop ssh ssh.socket 2>/dev/null"
        lab.host(host, f"{stop}; {script}; systemctl start ssh")
        return run.result()


def test_what_appears_while_a_change_is_open_stays(lab: Lab, alone: str) -> None:
    """Neither taking a change back nor keeping it reloads at somebody's cost."""
    rules = "firewall-cmd --policy=pnports1-backup --list-rich-rules"
    ban = f"firewall-cmd -q --add-rich-rule='{BAN}'"
    script = f"until {rules} | grep -q 515; do sleep 0.1; done; {ban}; while [ -e {PENDING} ]; do sleep 0.1; done"
    answer = in_the_window(lab, alone, {}, script, ok=False)
    assert "so the host puts back what it had. It did" in answer["msg"]
    assert lab.host(alone, "firewall-cmd --list-rich-rules").strip() == BAN
    assert let_in(lab, "serverx1", alone) == set()
    lab.host(alone, "firewall-cmd --reload")
    assert lab.firewall(alone, arguments=BACKUP)["changed"]
    script = f"while {rules} | grep -q 515; do sleep 0.1; done; {ban}"
    absent = {"state": "absent", "confirm_timeout": 30}
    assert in_the_window(lab, alone, absent, script, ok=True)["confirmed"]
    assert lab.host(alone, "firewall-cmd --list-rich-rules").strip() == BAN
    assert let_in(lab, "serverx1", alone) == set()
    assert not lab.firewall(alone, arguments={**BACKUP, **absent})["changed"]


def test_what_waits_for_its_confirmation_is_saved_inactive(lab: Lab, alone: str) -> None:
    """So a reload by somebody else closes it, as a reboot would; the confirmation opens it again."""
    policy = "--policy=pnports1-backup"
    script = f"until firewall-cmd --info{policy[1:]} 2>/dev/null | grep -q '(active)'; do sleep 0.05; done; "
    script += f"firewall-cmd --permanent {policy} --list-egress-zones > /root/zones; "
    script += f"firewall-cmd --permanent {policy} --list-rich-rules >> /root/zones; firewall-cmd --reload; "
    script += f"firewall-cmd {policy} --list-egress-zones >> /root/zones"
    answer = in_the_window(lab, alone, {"confirm_timeout": 30}, script, ok=True)
    assert answer["confirmed"]
    zones, *rules, again = lab.host(alone, "cat /root/zones; rm /root/zones").split("\n")[:-1]
    assert (zones, again) == ("", "")
    assert "515" in "".join(rules)
    assert let_in(lab, "serverx1", alone) == {"tcp/515", "tcp/631"}
    assert not lab.firewall(alone, arguments=BACKUP)["changed"]


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


def test_a_policy_that_a_hand_made_inactive_is_active_again(lab: Lab, opened: str) -> None:
    for where in ("--permanent", ""):
        lab.host(opened, f"firewall-cmd {where} --policy=pnports1-vpsx --remove-egress-zone=HOST")
    assert let_in(lab, "client1", opened) == set()
    assert lab.firewall(opened)["changed"]
    assert let_in(lab, "client1", opened) == SUBMISSION
    assert not lab.firewall(opened)["changed"]


def test_what_a_hand_made_that_we_never_would_is_undone(lab: Lab, alone: str) -> None:
    """Spelt as nothing of ours is, beside our rules and within our set; older editions choke on some of it."""
    peers = [f"10.{number}.0.0/24" for number in range(9)]
    many = {**BACKUP, "rules": [{"transport": "tcp", "ports": ["515"], "peers": peers}]}
    lab.firewall(alone, arguments=many)
    (name,) = lab.host(alone, "firewall-cmd --get-ipsets").split()
    lists = f"--policy=pnports1-backup --list-rich-rules; firewall-cmd {{0}} --ipset={name} --get-entries"
    before = lab.host(alone, f"firewall-cmd {lists.format('')}")
    for where in ("", "--permanent"):
        hand = f"firewall-cmd -q {where} --policy=pnports1-backup --add-rich-rule"
        odd = 'rule family="ipv4" source address="198.51.100.0/255.255.255.0" port port="631" protocol="tcp" accept'
        lab.host(alone, f"""set -e; {hand}='{odd}'; {hand}='rule port port="0" protocol="tcp" accept'""")
        lab.host(alone, f"firewall-cmd -q {where} --ipset={name} --add-entry=10.9.0.0-10.9.0.7")
        told = lab.module(alone, "firewall_info", {})["told"]
        assert "255.255.255.0" in told
        assert f"set {name} has the entry 10.9.0.0-10.9.0.7" in told
        assert lab.firewall(alone, arguments={**many, "confirm": "never"})["changed"]
        assert not lab.firewall(alone, arguments=many)["changed"]
        assert lab.host(alone, f"firewall-cmd {where} {lists.format(where)}") == before
    lab.host(
        alone, f"firewall-cmd -q --permanent --ipset={name} --add-entry=10.9.0.0-10.9.0.7; firewall-cmd -q --reload"
    )


def test_a_broken_file_of_ours_is_mended(lab: Lab, alone: str) -> None:
    """firewalld goes on with what it knows of it, and fails with its next start."""
    path = "/etc/firewalld/policies/pnports1-backup.xml"
    lab.firewall(alone, arguments=BACKUP)
    lab.host(alone, f": > {path}")
    assert lab.firewall(alone, arguments=BACKUP)["changed"]
    assert not lab.firewall(alone, arguments=BACKUP)["changed"]
    assert lab.host(alone, "systemctl restart firewalld; firewall-cmd --state") == "running\n"
    assert let_in(lab, "serverx1", alone) == {"tcp/515", "tcp/631"}
    lab.host(alone, f": > {path}; systemctl restart firewalld", check=False)
    answer = lab.firewall(alone, arguments=BACKUP, ok=False)
    assert "firewalld is in state FAILED" in answer["msg"]
    assert f"rm {path}; systemctl restart firewalld" in answer["msg"]
    lab.host(alone, f"rm {path}; systemctl restart firewalld; firewall-cmd --state")
    assert lab.firewall(alone, arguments=BACKUP)["changed"]
    lab.host(alone, f": > {path}")
    assert lab.firewall(alone, arguments={**BACKUP, "state": "absent", "confirm": "never"})["changed"]
    assert lab.host(alone, f"ls {path} 2>/dev/null || true") == ""


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
    lab.host(host, "sed -i s/ENABLED=no/ENABLED=yes/ /etc/ufw/ufw.conf; systemctl enable ufw")
    try:
        return lab.firewall(host, ok=False)
    finally:
        lab.host(host, "sed -i s/ENABLED=yes/ENABLED=no/ /etc/ufw/ufw.conf; systemctl disable ufw")


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


def test_an_unchanged_run_leaves_no_lock(lab: Lab, opened: str) -> None:
    assert not lab.firewall(opened)["changed"]
    assert lab.host(opened, "ls /run | grep printnet || true") == ""


def test_a_holder_of_the_lock_that_was_killed_blocks_nobody(lab: Lab, host: str) -> None:
    hold = "exec 9>/run/printnet.ports.lock; flock 9; sleep 60"
    holder = subprocess.Popen([*_exec(lab, host), hold], stdin=subprocess.DEVNULL)
    time.sleep(1)
    with ThreadPoolExecutor(1) as pool:
        # With pipelining its process would have no name to wait for.
        run = pool.submit(lab.firewall, host, ansible_pipelining=False)
        lab.host(host, "until pgrep -f [A]nsiballZ_firewall >/dev/null; do sleep 0.1; done; sleep 4")
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
