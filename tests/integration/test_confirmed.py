# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The confirmed commit on booted hosts: whatever cuts the controller off, the host has again what it had."""

from __future__ import annotations

import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from .conftest import OPENED, PENDING, ROOT, Lab, kill, up

EVERYBODY = ["192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32"]
LOGIN = {
    "owner": "login",
    "rules": [{"transport": "tcp", "ports": ["22"], "peers": EVERYBODY, "comment": "The only way in"}],
}
GONE = {"owner": "login", "state": "absent", "confirm_timeout": 6}
RECORDS = "/var/lib/printnet.ports/restored.json"
SECONDS = 6 + 2


@dataclass(frozen=True)
class Firewall:
    """How a firewall's host is made to depend on our rule for SSH, what it is judged by, and where it saves."""

    host: str
    addresses: tuple[str, str]
    hand_over: str
    folder: str


FIREWALLS = [
    Firewall(
        "firewalld1",
        ("192.0.2.11", "2001:db8:1::11"),
        "firewall-cmd -q --permanent --remove-service=ssh; firewall-cmd -q --reload",
        "/etc/firewalld/policies",
    ),
    Firewall(
        "nftables1",
        ("192.0.2.12", "2001:db8:1::12"),
        "sed -i '/dport 22/d' /etc/nftables.conf; systemctl reload nftables",
        "/etc/printnet.ports",
    ),
    Firewall(
        "iptables1",
        ("192.0.2.13", "2001:db8:1::13"),
        "sed -i '/-A INPUT.*dport 22/d' /etc/iptables/rules.v?; systemctl restart netfilter-persistent",
        "/etc/iptables",
    ),
    Firewall("ufw1", ("192.0.2.14", "2001:db8:1::14"), "ufw delete allow 22/tcp", "/etc/ufw"),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with up(tmp_path_factory, "firewalls") as there:
        yield there


def depend(lab: Lab, firewall: Firewall) -> Firewall:
    """Make its host let SSH in by our rule only."""
    lab.firewall(firewall.host, arguments={**LOGIN, "confirm": "never"})
    lab.host(firewall.host, firewall.hand_over)
    lab.host(firewall.host, "rm -rf /var/lib/printnet.ports /run/printnet.ports.restored.json")
    assert reached(lab, firewall) == {"tcp/22"}
    return firewall


def reached(lab: Lab, firewall: Firewall, ports: str = "22,515,631,5501,8080,9443") -> set[str]:
    """What the workstation reaches, the same by IPv4 and IPv6.

    Right after a reload or a boot, neighbours have to find each other again.
    """
    for _attempt in range(5):
        old, new = (lab.scan("client1", address, ports) for address in firewall.addresses)
        if old == new:
            return old
        time.sleep(1)
    raise AssertionError(f"IPv4 reaches {old}, IPv6 {new}")


def saved(lab: Lab, firewall: Firewall) -> str:
    """The saved files: names, modes and bytes."""
    script = f"cd {firewall.folder} && find . -type f -printf '%M %p ' -exec sha256sum {{}} + | sort"
    return lab.host(firewall.host, script)


def left(lab: Lab, firewall: Firewall) -> str:
    """What is left of the machinery, beside the record."""
    files = "ls -d /run/printnet.ports* /var/lib/printnet.ports/pending* 2>/dev/null"
    return lab.host(firewall.host, f"{files}; systemctl list-timers --all | grep printnet", check=False)


def watch(lab: Lab, host: str, then: str) -> subprocess.Popen[str]:
    """As soon as a change is open, do something on the host."""
    script = f"{OPENED}; {then}"
    return subprocess.Popen(
        [str(ROOT / "tests/lab/lab"), "exec", lab.name, host, "--", "sh", "-c", script],
        stdin=subprocess.DEVNULL,
        text=True,
    )


def rules_that_would_drop_ssh_are_taken_back(lab: Lab, depending: Firewall) -> None:
    before = saved(lab, depending)
    answer = lab.firewall(depending.host, arguments=GONE, ok=False)
    assert "so the host puts back what it had. It did" in answer["msg"]
    assert not answer["changed"]
    assert reached(lab, depending) == {"tcp/22"}
    assert saved(lab, depending) == before
    assert left(lab, depending) == ""
    again = lab.firewall(depending.host, arguments=LOGIN)
    assert not again["changed"]
    assert "nobody confirmed it over a new connection within 6 seconds" in again["told"]
    assert "nobody confirmed" not in lab.firewall(depending.host, arguments=LOGIN)["told"]
    assert lab.host(depending.host, "ls -A /var/lib/printnet.ports") == "left.json\n"


def ssh_is_stopped_between_apply_and_confirm(lab: Lab, depending: Firewall) -> None:
    back = "sleep 9; systemctl start ssh"
    watcher = watch(lab, depending.host, f"systemctl stop ssh ssh.socket 2>/dev/null; {back}")
    try:
        answer = lab.firewall(depending.host, arguments={**GONE, "owner": "login"}, ok=False)
        assert "so the host puts back what it had" in answer["msg"]
    finally:
        watcher.wait(60)
    assert reached(lab, depending) == {"tcp/22"}
    assert "nobody confirmed" in lab.firewall(depending.host, arguments=LOGIN)["told"]


@contextmanager
def standing_still(lab: Lab, firewall: Firewall) -> Iterator[None]:
    """What makes changes live stands still, once the switch is armed, for longer than the switch waits."""
    if firewall.host == "firewalld1":
        watcher = watch(lab, firewall.host, f"pkill -STOP -x firewalld; sleep {SECONDS + 2}; pkill -CONT -x firewalld")
        yield
        watcher.wait(60)
        return
    program = "/usr/sbin/nft" if firewall.host == "nftables1" else "/usr/sbin/iptables-restore"
    once = f"[ -s {PENDING} ] && mv /run/slow /run/slowed 2>/dev/null && sleep {SECONDS + 2}"
    # The name that it is called by says which of its programs it is to be.
    wrapper = f'#!/bin/bash\n{once}\nexec -a {program} {program}.real "$@"\n'
    lab.host(firewall.host, f"touch /run/slow; mv {program} {program}.real; printf %s '{wrapper}' > {program}")
    lab.host(firewall.host, f"chmod 755 {program}")
    try:
        yield
    finally:
        lab.host(firewall.host, f"mv {program}.real {program}; rm /run/slowed")


def a_run_that_stands_still_until_its_time_is_over(lab: Lab, depending: Firewall) -> None:
    """As on a virtual machine that is paused: its switch fires before the change is live."""
    with standing_still(lab, depending):
        answer = lab.firewall(depending.host, arguments=GONE, ok=False)
    assert "took longer than the 6 seconds within which it had to be confirmed" in answer["msg"]
    assert "What was there before was put back." in answer["msg"]
    assert reached(lab, depending) == {"tcp/22"}
    assert left(lab, depending) == ""
    again = lab.firewall(depending.host, arguments=LOGIN)
    assert not again["changed"]
    assert "nobody confirmed it over a new connection within 6 seconds" in again["told"]


def the_controller_is_killed_before_it_confirms(lab: Lab, depending: Firewall) -> None:
    before = saved(lab, depending)
    run = lab.start(depending.host, GONE)
    watch(lab, depending.host, "true").wait(60)
    kill(run)
    # systemd counts anew with each reload, and any package may ask for one.
    lab.host(depending.host, f"for _ in $(seq {2 * SECONDS}); do systemctl daemon-reload; sleep 0.4; done")
    assert reached(lab, depending) == {"tcp/22"}
    assert saved(lab, depending) == before
    assert left(lab, depending) == ""
    assert not lab.firewall(depending.host, arguments=LOGIN)["changed"]


def a_switch_that_is_killed_comes_again(lab: Lab, depending: Firewall) -> None:
    run = lab.start(depending.host, GONE)
    unit = "$(systemctl list-units --all --plain --no-legend 'printnet.ports-restore-*.service' | cut -d' ' -f1)"
    pid = f'pid=$(systemctl show -p MainPID --value "{unit}" 2>/dev/null); [ "${{pid:-0}}" -gt 0 ]'
    watcher = watch(lab, depending.host, f"until {pid}; do sleep 0.01; done; kill -KILL $pid")
    watch(lab, depending.host, "true").wait(60)
    kill(run)
    watcher.wait(60)
    lab.host(depending.host, f"timeout 30 sh -c 'while [ -e {PENDING} ]; do sleep 0.2; done'")
    assert reached(lab, depending) == {"tcp/22"}
    assert left(lab, depending) == ""
    answer = lab.firewall(depending.host, arguments=LOGIN)
    assert not answer["changed"]
    assert "nobody confirmed it over a new connection within 6 seconds" in answer["told"]


def a_reboot_before_the_confirmation_is_a_restore(lab: Lab, depending: Firewall) -> None:
    run = lab.start(depending.host, {**GONE, "confirm_timeout": 60})
    watch(lab, depending.host, "sleep 0.5").wait(60)
    kill(run)
    lab.reboot(depending.host)
    assert reached(lab, depending) == {"tcp/22"}
    answer = lab.firewall(depending.host, arguments=LOGIN)
    assert not answer["changed"]
    assert "the host was rebooted before it was confirmed" in answer["told"]
    assert left(lab, depending) == ""


def what_something_else_saved_is_put_back_after_a_reboot(lab: Lab, depending: Firewall) -> None:
    """Where there is a command that saves whatever is live."""
    saves = {"firewalld1": "firewall-cmd -q --runtime-to-permanent", "iptables1": "netfilter-persistent save"}
    if depending.host not in saves:
        return
    more = {**LOGIN, "rules": [*LOGIN["rules"], port(8080)], "confirm": "always", "confirm_timeout": 120}
    run = lab.start(depending.host, more)
    armed = "until systemctl list-timers --all | grep -q printnet.ports-restore; do sleep 0.01; done"
    lab.kill_unconfirmed(depending.host, run, f"{armed}; sleep 2; {saves[depending.host]}")
    lab.reboot(depending.host)
    assert reached(lab, depending) == {"tcp/22", "tcp/8080"}
    notes = lab.module(depending.host, "firewall_info", {})["notes"]
    assert any("something else had saved it, so it is still there" in note for note in notes), notes
    foretold = lab.firewall(depending.host, "--check", arguments=LOGIN)
    assert "something else had saved it" in " ".join(foretold["told"].split())
    answer = lab.firewall(depending.host, arguments=LOGIN)
    assert not answer["changed"]
    assert "something else had saved it, so it was still there, until now" in " ".join(answer["told"].split())
    assert reached(lab, depending) == {"tcp/22"}
    assert left(lab, depending) == ""
    again = lab.firewall(depending.host, arguments=LOGIN)
    assert not again["changed"]
    assert "saved it" not in again["told"]


def a_second_run_waits_for_an_open_change(lab: Lab, depending: Firewall) -> None:
    more = {**LOGIN, "rules": [*LOGIN["rules"], port(8080)], "confirm": "always", "confirm_timeout": 40}
    run = lab.start(depending.host, more)
    armed = "until systemctl list-timers --all | grep -q printnet.ports-restore; do sleep 0.01; done"
    lab.kill_unconfirmed(depending.host, run, f"{armed}; sleep 1")
    foretold = lab.firewall(depending.host, "--check", arguments=more)
    assert not foretold["changed"]
    assert "this is foretold as if it were kept" in foretold["told"]
    assert lab.firewall(depending.host, "--check", arguments=LOGIN)["changed"]
    answer = lab.firewall(depending.host, arguments={**LOGIN, "rules": [*LOGIN["rules"], port(515)]})
    assert answer["changed"]
    assert "Waited for a change of another run" in answer["told"]
    assert reached(lab, depending) == {"tcp/22", "tcp/515"}


def two_runs_at_once_both_end_well(lab: Lab, depending: Firewall) -> None:
    choices = [{**LOGIN, "rules": [*LOGIN["rules"], port(number)], "confirm": "always"} for number in (515, 631)]
    with ThreadPoolExecutor(2) as pool:
        answers = [
            run.result() for run in [pool.submit(lab.firewall, depending.host, arguments=one) for one in choices]
        ]
    assert all(answer["confirmed"] for answer in answers)
    assert reached(lab, depending) in ({"tcp/22", "tcp/515"}, {"tcp/22", "tcp/631"})


def port(number: int) -> dict[str, Any]:
    return {"transport": "tcp", "ports": [str(number)], "peers": ["198.51.100.0/24", "2001:db8:2::/64"]}


def full_disk(firewall: Firewall) -> tuple[str, str]:
    """A disk without room below what the firewall saves."""
    folder, small = firewall.folder, "/mnt/small"
    make = [
        f"mkdir -p {folder} {small}",
        f"mount -t tmpfs -o size=256k tmpfs {small}",
        f"cp -a {folder}/. {small}",
        f"mount --bind {small} {folder}",
        f"dd if=/dev/zero of={folder}/filler bs=4k 2>/dev/null || true",
    ]
    mend = f"rm -f {folder}/filler; umount {folder} {small}; rmdir {small}; rmdir {folder} 2>/dev/null; true"
    return " && ".join(make), mend


def read_only(_firewall: Firewall) -> tuple[str, str]:
    return "mount --bind /etc /etc && mount -o remount,ro,bind /etc", "umount /etc"


def _not_saved(lab: Lab, depending: Firewall, trouble: Callable[[Firewall], tuple[str, str]], confirm: str) -> None:
    before = saved(lab, depending)
    make, mend = trouble(depending)
    lab.host(depending.host, make)
    try:
        more = {**LOGIN, "rules": [*LOGIN["rules"], *(port(number) for number in range(600, 700))], "confirm": confirm}
        answer = lab.firewall(depending.host, arguments={**more, "confirm_timeout": 10}, ok=False)
        assert "Traceback" not in answer["told"]
        assert reached(lab, depending) == {"tcp/22"}
    finally:
        lab.host(depending.host, mend)
    assert any(word in answer["msg"] for word in ("No space left", "Read-only")), answer["msg"]
    assert saved(lab, depending) == before
    assert left(lab, depending) == ""
    assert not lab.firewall(depending.host, arguments=LOGIN)["changed"]


def on_a_full_disk_nothing_is_applied(lab: Lab, depending: Firewall) -> None:
    _not_saved(lab, depending, full_disk, "auto")
    _not_saved(lab, depending, full_disk, "always")


def on_a_read_only_etc_nothing_is_applied(lab: Lab, depending: Firewall) -> None:
    _not_saved(lab, depending, read_only, "auto")
    _not_saved(lab, depending, read_only, "always")


def with_a_damaged_snapshot_nothing_is_applied(lab: Lab, depending: Firewall) -> None:
    """The damage has to come between the writing and the reading; where it comes later, all is put back as ever."""
    for _attempt in range(5):
        watcher = watch(lab, depending.host, f"echo x > {PENDING}")
        answer = lab.firewall(depending.host, arguments={**GONE, "confirm_timeout": 5}, ok=False)
        watcher.wait(60)
        assert reached(lab, depending) == {"tcp/22"}
        assert left(lab, depending) == ""
        if "reads differently" in answer["msg"]:
            break
    assert "reads differently" in answer["msg"]
    assert "Nothing was changed" in answer["msg"]


def a_snapshot_that_is_damaged_later_is_no_lock_out(lab: Lab, depending: Firewall) -> None:
    """What is saved is still what was before."""
    run = lab.start(depending.host, GONE)
    watch(lab, depending.host, f"sleep 0.4; echo x | tee {PENDING} > /var/lib/printnet.ports/pending.json").wait(60)
    kill(run)
    time.sleep(SECONDS)
    assert reached(lab, depending) == {"tcp/22"}
    assert left(lab, depending) == ""


def a_switch_that_meets_a_surprise_tells_it(lab: Lab, depending: Firewall) -> None:
    """It can't do its work at all here; the next run, which has its own files, does."""
    broken = f"find /run/printnet.ports/lib -name {depending.host.rstrip('1')}.py"
    more = {**LOGIN, "rules": [*LOGIN["rules"], port(515)], "confirm": "always", "confirm_timeout": 6}
    run = lab.start(depending.host, more)
    watch(lab, depending.host, f"echo 'None.surprise' >> $({broken})").wait(60)
    kill(run)
    lab.host(depending.host, f"until grep -q AttributeError {RECORDS} 2>/dev/null; do sleep 0.2; done")
    answer = lab.firewall(depending.host, arguments=LOGIN)
    assert "putting it back failed" in answer["told"]
    assert reached(lab, depending) == {"tcp/22"}
    assert left(lab, depending) == ""


def without_systemd_a_removal_is_refused(lab: Lab, depending: Firewall) -> None:
    lab.host(
        depending.host,
        "chmod a-x $(readlink -f /usr/bin/systemd-run); mv /usr/bin/systemd-run /usr/bin/systemd-run.away",
    )
    try:
        answer = lab.firewall(depending.host, arguments=GONE, ok=False)
    finally:
        lab.host(depending.host, "mv /usr/bin/systemd-run.away /usr/bin/systemd-run; chmod a+x /usr/bin/systemd-run")
    assert "printnet_confirm, to never" in answer["msg"]
    assert reached(lab, depending) == {"tcp/22"}


ODD = {"ansible_python_interpreter": "/opt/odd/python3"}
WRAPPER = """#!/bin/bash
# As one that needs what a login has in its environment: under systemd it fails.
[ -z "$INVOCATION_ID" ] || exit 1
exec -a "$0" /usr/bin/python3 "$@"
"""


def a_python_that_systemd_can_not_start_is_refused(lab: Lab, depending: Firewall) -> None:
    """SELinux, or an environment that only a login has; one that merely stands elsewhere is as good as any."""
    before = saved(lab, depending)
    odd = ODD["ansible_python_interpreter"]
    lab.host(depending.host, f"mkdir /opt/odd; printf %s '{WRAPPER}' > {odd}; chmod 755 {odd}")
    try:
        answer = lab.firewall(depending.host, arguments=GONE, ok=False, **ODD)
        assert f"systemd could not run {odd}" in answer["msg"]
        assert "Set ansible_python_interpreter: /usr/bin/python3" in answer["msg"]
        assert answer["msg"].endswith("Nothing was changed.")
        assert left(lab, depending) == ""
        assert not lab.firewall(depending.host, arguments=LOGIN, **ODD)["changed"]
        assert saved(lab, depending) == before
        lab.host(depending.host, f"cp --remove-destination $(readlink -f /usr/bin/python3) {odd}")
        more = {**LOGIN, "rules": [*LOGIN["rules"], port(515)], "confirm": "always"}
        assert lab.firewall(depending.host, arguments=more, **ODD)["confirmed"]
        assert "It did: its record says so" in lab.firewall(depending.host, arguments=GONE, ok=False, **ODD)["msg"]
        assert reached(lab, depending) == {"tcp/22", "tcp/515"}
    finally:
        lab.host(depending.host, "rm -r /opt/odd")
    assert left(lab, depending) == ""


CHECKS: list[Callable[[Lab, Firewall], None]] = [
    rules_that_would_drop_ssh_are_taken_back,
    a_run_that_stands_still_until_its_time_is_over,
    ssh_is_stopped_between_apply_and_confirm,
    the_controller_is_killed_before_it_confirms,
    a_switch_that_is_killed_comes_again,
    a_reboot_before_the_confirmation_is_a_restore,
    what_something_else_saved_is_put_back_after_a_reboot,
    a_second_run_waits_for_an_open_change,
    two_runs_at_once_both_end_well,
    on_a_full_disk_nothing_is_applied,
    on_a_read_only_etc_nothing_is_applied,
    with_a_damaged_snapshot_nothing_is_applied,
    a_snapshot_that_is_damaged_later_is_no_lock_out,
    a_switch_that_meets_a_surprise_tells_it,
    without_systemd_a_removal_is_refused,
    a_python_that_systemd_can_not_start_is_refused,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_on_every_firewall(lab: Lab, check: Callable[[Lab, Firewall], None]) -> None:
    """All hosts at once: most of it is waiting."""
    with ThreadPoolExecutor(len(FIREWALLS)) as pool:
        runs = {one.host: pool.submit(lambda one=one: check(lab, depend(lab, one))) for one in FIREWALLS}
    wrong = {host: run.exception() for host, run in runs.items() if run.exception()}
    assert not wrong, "\n".join(
        f"{host}: {''.join(traceback.format_exception(trouble)[-3:])}" for host, trouble in wrong.items()
    )
