# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook compliance on booted hosts with different firewalls: one thing is broken for real, and found as that.

Every fault is made on all four firewalls, and looked for over TCP and UDP, IPv4 and IPv6.
"""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as Tree
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from . import compliance_hostile as hostile
from .compliance_faults import ACCEPTED, FAULTS, FLOWS, HOSTS, Fault
from .conftest import ROOT, Lab, client, ready, up

PLAYBOOK = ("ansible-playbook", "--forks=10")
PORTS = "22,80,443,515,631,5500-5501,5700,7000-7001,8080,9443"
SCHEMA = json.loads((ROOT / "docs/schemas/compliance-1.schema.json").read_text(encoding="utf-8"))
VARIABLES: dict[str, Any] = {
    "printnet_networks": {"printer": ["203.0.113.0/24", "2001:db8:9::/64"]},
    "printnet_extra_flows": FLOWS,
    "printnet_serial": "100%",
    "printnet_known_open": ["tcp/22"],
}
_CERTIFICATES = """
mkdir -p /etc/check && cd /etc/check && test -e now.pem || {
for one in now:365 past:-1; do
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=$(hostname) -days 365 \
  -not_before 20200101000000Z -not_after $(test ${one#*:} = -1 && echo 20210101000000Z || echo 20400101000000Z) \
  -keyout ${one%:*}.pem -out cert.pem && cat cert.pem >> ${one%:*}.pem; done; }
rm -f /etc/nginx/sites-enabled/default
systemctl restart nginx; systemctl start lrsq note
"""
_FINGERPRINT = r"""
find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /var/log -o -path /root/.ansible -o -path /tmp \
  -o -path /dev -o -path /var/lib/systemd \) -prune -o -type f -printf '%p %s %m %T@\n' | sort | sha256sum
for tool in iptables-save ip6tables-save; do $tool | grep -v '^#' | sed 's/\[[0-9:]*\]//'; done
nft list ruleset | sed -E 's/packets [0-9]+ bytes [0-9]+//'
"""


@dataclass
class Check:
    """Runs the playbooks of the collection on the lab, and reads what they wrote."""

    lab: Lab
    folder: Path
    runs: int = 0

    def play(self, name: str, *options: str, ok: bool = True, **variables: Any) -> str:
        values = json.dumps({**VARIABLES, **variables})
        inventory = self.lab.inventory
        command = [*PLAYBOOK, "-i", str(inventory), f"printnet.ports.{name}", *options, "-e", values]
        done = ready.run(command, ROOT, 300)
        text = done.stdout + done.stderr
        assert "Traceback" not in text, text
        assert (done.returncode == 0) is ok, text
        return text

    def report(self, *options: str, ok: bool | None = None, **variables: Any) -> dict[str, Any]:
        """The report of a run, which is valid by its schema, and whose other forms say the same."""
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        values = {"printnet_report_folder": str(folder), **variables}
        command = [*PLAYBOOK, "-i", str(self.lab.inventory), "printnet.ports.compliance", *options]
        done = ready.run([*command, "-e", json.dumps({**VARIABLES, **values})], ROOT, 300)
        text = done.stdout + done.stderr
        assert "Traceback" not in text, text
        (place,) = folder.iterdir()
        report: dict[str, Any] = json.loads((place / "compliance.json").read_text(encoding="utf-8"))
        jsonschema.validate(report, SCHEMA)
        assert (done.returncode == 0) is report["compliant"], text
        assert ok is None or report["compliant"] is ok, text
        rows = list(csv.DictReader((place / "compliance.csv").read_text(encoding="utf-8-sig").splitlines()))
        assert len(rows) == len(report["verdicts"]) == len(Tree.parse(place / "compliance.xml").findall(".//testcase"))
        return report


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with up(tmp_path_factory, "compliance") as there:
        yield there


@pytest.fixture(scope="module")
def check(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Check:
    """A healthy estate."""
    on_all(lab, dict.fromkeys(HOSTS, _CERTIFICATES))
    made = Check(lab, tmp_path_factory.mktemp("reports"))
    made.play("site")
    return made


def on_all(lab: Lab, scripts: Mapping[str, str]) -> dict[str, str]:
    """Runs a script on each host, on all at once; what each printed."""
    with ThreadPoolExecutor(len(scripts) or 1) as pool:
        return dict(zip(scripts, pool.map(lambda one: lab.host(*one), scripts.items()), strict=True))


def faults(report: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """Code, destination and port of everything that is not well."""
    return {
        (one["code"], one["destination"]["host"], f"{one['transport']}/{one['port']}" if one["port"] else "")
        for one in report["verdicts"]
        if one["severity"] in ("fault", "warning")
    }


def expected(fault: Fault, hosts: Iterable[str] = HOSTS) -> set[tuple[str, str, str]]:
    return {(code, host, port) for host in hosts for code, port in fault.found}


def test_a_healthy_estate_has_nothing_to_say_and_is_left_as_it_was(lab: Lab, check: Check) -> None:
    clients = ["client1", "client2"]
    before = on_all(lab, dict.fromkeys([*HOSTS, *clients], _FINGERPRINT))
    report = check.report(ok=True)
    assert on_all(lab, dict.fromkeys(before, _FINGERPRINT)) == before
    assert faults(report) == set()
    assert {one["state"] for one in report["coverage"]["hosts"]} == {"observed"}
    codes = {(one["flow"], one["code"], one["severity"]) for one in report["verdicts"]}
    assert ("lrsq-vpsx-lrsq", "OK", "ok") in codes
    assert ("browser-webconnect-https", "OK", "ok") in codes
    assert ("lrsq-vpsx-note", "OK", "ok") in codes
    # Plain listeners speak no LPR, and printers are networks here.
    assert ("pdm-vpsx-lpr", "OK", "information") in codes
    assert ("vpsx-printer-snmp", "NOT_TESTED", "information") in codes
    # Nothing that is said of TCP is otherwise for nmap.
    for name in clients:
        of_client = [one for one in report["verdicts"] if one["source"]["host"] == name and one["transport"] == "tcp"]
        pairs = [one for one in of_client if one["destination"]["host"]]
        for address in {one["destination"]["address"] for one in pairs}:
            open_ports = {f"tcp/{one['port']}" for one in pairs if one["destination"]["address"] == address}
            reached = {port for port in lab.reached(name, address, PORTS) if port.startswith("tcp/")}
            assert reached == open_ports


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_found_as_what_it_is_and_nothing_else_is(fault: Fault, lab: Lab, check: Check) -> None:
    on_all(lab, fault.made)
    if fault.on_the_way:
        on_the_way(lab, fault.on_the_way)
    try:
        report = check.report(**fault.variables)
        assert faults(report) == expected(fault, fault.hosts)
        assert set(fault.informed) <= {(one["code"], f"{one['transport']}/{one['port']}") for one in report["verdicts"]}
        wrong = [one for one in report["verdicts"] if one["severity"] == "fault"]
        assert all(one["evidence"] and one["remedy"] for one in wrong)
        if fault.both:
            versions = {":" in one["destination"]["address"] for one in wrong}
            assert versions == {True, False}
        for word in fault.told:
            assert any(word in text for one in wrong for text in one["evidence"]), word
    finally:
        on_all(lab, fault.mended)
        if fault.on_the_way:
            on_the_way(lab, "delete table inet check")
        if fault.site_mends:
            check.play("site", **fault.variables)


def on_the_way(lab: Lab, rules: str) -> None:
    """Changes what the router between clients and servers lets through."""
    process = client.into_router(lab.name, "client1").popen(["nft", rules])
    assert process.wait(60) == 0


def test_what_was_mended_is_well_again(check: Check) -> None:
    assert faults(check.report(ok=True)) == set()


def test_a_host_that_is_not_reached_is_a_row(lab: Lab, check: Check) -> None:
    lab.host("ufw1", "systemctl stop ssh.socket ssh.service; pkill sshd || true")
    try:
        report = check.report(ok=False)
    finally:
        lab.host("ufw1", "systemctl start ssh.service")
    wrong = [one for one in report["verdicts"] if one["severity"] == "fault"]
    assert {one["code"] for one in wrong} == {"UNREACHABLE"}
    assert all("ufw1" in (one["source"]["host"], one["destination"]["host"]) for one in wrong)
    states = {one["host"]: one["state"] for one in report["coverage"]["hosts"]}
    assert states["ufw1"] == "unreachable"
    # From the others it is known all the same that its flows work.
    works = [one for one in report["verdicts"] if one["destination"]["host"] == "ufw1" and one["code"] == "OK"]
    assert works


def test_a_limit_leaves_hosts_out_and_says_so(lab: Lab, check: Check) -> None:
    report = check.report("--limit", "nftables1,client1", "--check", printnet_report_store="nftables1:/srv/reports")
    assert "compliance.html" in lab.host("nftables1", "ls /srv/reports/*")
    lab.host("nftables1", "cd /srv/reports/* && sha256sum -c --quiet SHA256SUMS && rm -r /srv/reports")
    assert faults(report) == set()
    states = {one["host"]: one["state"] for one in report["coverage"]["hosts"]}
    assert states["nftables1"] == states["client1"] == "observed"
    assert states["ufw1"] == "limited_out"
    parts = [check.folder / f"run{check.runs}"]
    check.report("--limit", "all:!nftables1:!client1")
    parts.append(check.folder / f"run{check.runs}")
    names = [str(next(part.iterdir()) / "compliance.json") for part in parts]
    whole = check.report(printnet_report_merge=names)
    assert {one["state"] for one in whole["coverage"]["hosts"]} == {"observed"}
    assert len(whole["run"]["merged"]) == 2


def test_without_root_all_else_is_told(lab: Lab, check: Check) -> None:
    report = check.report(
        ansible_user="guest", ansible_become_method="ansible.builtin.sudo", printnet_fail_on=["NO_LISTENER"]
    )
    assert {one["state"] for one in report["coverage"]["hosts"]} == {"partly"}
    assert all("root was refused" in one["reason"] for one in report["coverage"]["hosts"])
    assert faults(report) == set()
    assert "OK" in report["counts"]


def test_what_is_accepted_is_no_fault_until_its_day(lab: Lab, check: Check) -> None:
    lab.host("nftables1", "systemctl stop lrsq")
    agreed = [{**ACCEPTED, "until": "2099-12-31"}]
    try:
        report = check.report(ok=True, printnet_accepted=agreed)
        assert report["counts"]["ACCEPTED"] == 2
        report = check.report(ok=False, printnet_accepted=[{**ACCEPTED, "until": "2020-12-31"}])
        assert faults(report) == {("NO_LISTENER", "nftables1", "tcp/5500")}
        first = check.folder / f"run{check.runs}"
        report = check.report(ok=True, printnet_report_only=True)
        assert faults(report) == {("NO_LISTENER", "nftables1", "tcp/5500")}
    finally:
        lab.host("nftables1", "systemctl start lrsq")
    baseline = str(next(first.iterdir()) / "compliance.json")
    report = check.report(ok=True, printnet_baseline=baseline)
    assert {one["code"] for one in report["drift"]["went"]} == {"NO_LISTENER"}
    assert report["drift"]["came"] == []


class Texts(HTMLParser):
    """The elements of a page, and all that is read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        assert not any(name.startswith("on") for name, _value in attrs)


def test_hosts_that_mean_harm_do_none(lab: Lab, check: Check) -> None:
    healthy = Texts()
    check.report(ok=True)
    healthy.feed(next((check.folder / f"run{check.runs}").glob("*/compliance.html")).read_text(encoding="utf-8"))
    on_all(lab, hostile.made())
    try:
        report = check.report(ok=False)
    finally:
        on_all(lab, hostile.mended())
    told = {(code, host) for code, host, port in faults(report) if port == "tcp/443"}
    assert told == {("WRONG_PROCESS", host) for host in ("nftables1", "firewalld1", "iptables1")}
    blocked = [one for one in report["verdicts"] if one["code"] == "BLOCKED_BY_RULE"]
    assert {one["destination"]["host"] for one in blocked} == {"nftables1"}
    banners = [text for one in report["verdicts"] for text in one["evidence"] if hostile.FORMULA in text]
    assert banners
    assert all(hostile.SCRIPT in text and hostile.JINJA in text for text in banners)
    (folder,) = (check.folder / f"run{check.runs}").iterdir()
    page = (folder / "compliance.html").read_text(encoding="utf-8")
    found = Texts()
    found.feed(page)
    assert set(found.elements) <= set(healthy.elements)
    assert found.elements.count("script") == healthy.elements.count("script")
    assert hostile.SCRIPT not in page
    for name in ("compliance.txt", "compliance.csv", "compliance.json", "compliance.xml"):
        assert not set((folder / name).read_bytes()) & {0x1B, 0x00}
    rows = csv.reader((folder / "compliance.csv").read_text(encoding="utf-8-sig").splitlines())
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)
