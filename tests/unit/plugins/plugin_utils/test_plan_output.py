# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan in every form: exact where a program reads it, short where a person does, and text whatever a name holds."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.printnet.ports.plugins.plugin_utils import _plan, _plan_file, _plan_output
from ansible_collections.printnet.ports.plugins.plugin_utils._plan_output import Views
from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan

FaultsOf = Callable[..., list[str]]
OFFICE = {"workstation": "198.51.100.0/24", "printer": "203.0.113.0/24", "dns_server": "192.0.2.53"}


@pytest.fixture(name="two_sites")
def _two_sites(site: Any, root: Path) -> SitePlan:
    """The plan of the example."""
    folder = root / "docs" / "examples"
    text = (folder / "two_sites.yml").read_text("utf-8").replace("{{ inventory_dir }}", str(folder))
    inventory = yaml.safe_load(text)["all"]
    groups = {name: list(group["hosts"]) for name, group in inventory["children"].items()}
    hosts: dict[str, Any] = {}
    for group in inventory["children"].values():
        for name, variables in group["hosts"].items():
            hosts.setdefault(name, {}).update(variables or {})
    plan: SitePlan = site(groups, hosts, inventory["vars"]).plan()
    return plan


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def changed(before: SitePlan, after: SitePlan) -> Views:
    """The views of a plan against an earlier one."""
    earlier = _plan_file.saved(before, "then", {})
    changes = _plan_file.changes(earlier, _plan_file.saved(after, "now", {}))
    return Views(after, changes, before=Views(before).saved_rows)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_the_example_gives(two_sites: SitePlan, root: Path) -> None:
    page = (root / "docs" / "plan.md").read_text("utf-8")
    blocks = re.findall(r"<!-- (\S+?)(?: (\S+))? -->\n```\w+\n(.*?)```", page, re.DOTALL)
    assert {form for form, _host, _text in blocks} == {"text-flows", "text-hosts", "mermaid", "system-role"}
    for form, host, text in blocks:
        assert text in _plan_output.render(two_sites, form, host=host or None)


def test_the_page_names_every_column_file_topic_and_key(two_sites: SitePlan, root: Path) -> None:
    page = (root / "docs" / "plan.md").read_text("utf-8")
    told = json.loads(_plan_output.render(two_sites, "json"))
    columns = next(csv.reader(io.StringIO(_plan_output.render(two_sites, "csv"))))
    rule, flow, finding = told["hosts"]["print01"]["rules"][0], told["flows"][0], told["findings"][0]
    keys = (*told, *told["hosts"]["print01"], *rule, *flow, *flow["source"], *finding)
    for name in (*columns, *_plan_output.FILES, *keys):
        assert f"`{name}`" in page, name


# --- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [20, 60, 79, 200])
def test_no_line_is_wider_than_asked_but_for_long_words(two_sites: SitePlan, width: int) -> None:
    text = Views(two_sites).text(["text-flows", "text-hosts", "text-network"], width=width)
    wide = [line for line in text.splitlines() if len(line) > max(width, 40)]
    headers = [line for line in wide if line.startswith(("Digest", "==")) or " -> " in line]
    assert [line for line in wide if line not in headers and len(line.split()) > 2] == []


def test_several_texts_tell_counts_and_findings_once(two_sites: SitePlan) -> None:
    text = Views(two_sites).text(["text-flows", "text-hosts", "text-network"])
    assert text.count("6 hosts of 7 components; 37 flows on") == 1
    assert text.count("LRS/DIS reaches the directory") == 1
    for heading in ("== Flow by flow ==", "== Host by host ==", "== What leaves its network =="):
        assert text.count(heading) == 1


def test_the_network_teams_share_has_what_leaves_and_asks_for_a_port_once(two_sites: SitePlan) -> None:
    text = _plan_output.render(two_sites, "text-network")
    assert "serverx -> vpsx" not in text
    block = text[text.index("workstation -> lexmark_printer") :].partition("\n\n")[0]
    assert [line.split()[0] for line in block.splitlines() if "/" in line.split()[0]] == [
        *("udp/161", "tcp/515", "tcp/631", "tcp/9100", "tcp/443")
    ]
    assert "sent by PDM (lrs, line 17); LPR:" in " ".join(block.split())


def test_hosts_that_ask_each_other_are_told_as_such(site: Any) -> None:
    """The flow's source by the list is the load balancer; between two hosts it is none."""
    at = {"ax1": {"ansible_host": "192.0.2.31"}, "ax2": {"ansible_host": "192.0.2.32"}}
    service = {"address": "192.0.2.10", "balancers": "192.0.2.8", "client_addresses": "translated"}
    for variables in ({}, {"printnet_services": {"alertx": service}}):
        text = _plan_output.render(site({"alertx": ["ax1", "ax2"]}, at, variables).plan(), "text-hosts", host="ax1")
        (line,) = [line for line in text.splitlines() if "from" in line and "192.0.2.32" in line]
        assert "from alertx: 192.0.2.32" in line


def test_a_host_behind_a_translating_balancer_sees_the_balancer(site: Any) -> None:
    service = {"address": "192.0.2.10", "balancers": "192.0.2.8", "client_addresses": "translated"}
    groups = {"vpsx": ["print01"], "serverx": ["192.0.2.20"]}
    plan = site(
        groups,
        {"print01": {"ansible_host": "192.0.2.11"}},
        {"printnet_networks": OFFICE, "printnet_services": {"vpsx": service}},
    ).plan()
    text = _plan_output.render(plan, "text-hosts", host="print01")
    assert "receives  tcp/515,631,5501,9443 from the load balancer of vpsx: 192.0.2.8\n" in text
    assert "192.0.2.20: serverx" not in text


@pytest.mark.parametrize(("form", "host"), [("text-host", None), ("text-hosts", "print9"), ("system-role", "print9")])
def test_a_form_or_host_that_is_not_there_is_a_sentence(
    two_sites: SitePlan, form: str, host: str | None, faults_of: FaultsOf
) -> None:
    (fault,) = faults_of(_plan_output.render, two_sites, form, host=host)
    assert "did you mean" in fault


# --- CSV --------------------------------------------------------------------------------------------------------------


def test_a_change_request_has_a_row_for_each_rule_of_a_firewall(two_sites: SitePlan) -> None:
    found = rows(_plan_output.render(two_sites, "csv"))
    ends = [(row["source_networks"], row["destination_networks"], row["transport"], row["port"]) for row in found]
    assert len(set(ends)) == len(ends)
    (alerts,) = (row for row in found if row["flow"] == "lexmark_printer-mve-npap-alerts")
    assert alerts == {
        "change": "",
        "source": "lexmark_printer",
        "source_networks": "203.0.113.21, 203.0.113.22, 203.0.113.150",
        "source_before_nat": "",
        "source_sites": "Leeds; York",
        "destination": "mve",
        "destination_networks": "192.0.2.50",
        "destination_before_nat": "10.99.0.50",
        "destination_sites": "Data centre",
        "transport": "udp",
        "port": "9187",
        "source_port": "",
        "application": "NPAP",
        "purpose": "Printers send alerts to MVE",
        "document": "mve, lines 71-74",
        "flow": "lexmark_printer-mve-npap-alerts",
        "way": "direct",
        "leaves_network": "yes",
    }
    (both,) = (row for row in found if row["flow"] == "pdm-printer-raw; pullsvc-printer-raw")
    assert both["application"] == "RAW"
    assert both["purpose"].endswith("sent by PDM; Workstations print straight to printers, sent by PULLSVC")


def test_health_checks_have_a_purpose_of_their_own(two_sites: SitePlan) -> None:
    checks = [row for row in rows(_plan_output.render(two_sites, "csv")) if row["source"] == "load_balancer"]
    assert {row["purpose"] for row in checks} == {"The load balancer checks whether the port answers"}
    assert sorted(row["port"] for row in checks) == ["515", "5501", "631", "9443"]


# --- what comes and goes ----------------------------------------------------------------------------------------------

SERVERS = {"vpsx": ["print01", "print02"], "serverx": ["directory01"]}
AT: dict[str, dict[str, Any]] = {
    "print01": {"ansible_host": "192.0.2.11"},
    "print02": {"ansible_host": "192.0.2.12"},
    "directory01": {"ansible_host": "192.0.2.20"},
}


def told(views: Views, *flows: str) -> list[tuple[str, ...]]:
    return [
        (row["change"], row["source"], row["source_networks"], row["destination"], row["destination_networks"])
        for row in rows(views.render("csv"))
        if row["flow"] in flows
    ]


def test_what_both_ends_say_of_a_change_is_one_row(site: Any) -> None:
    before = site({**SERVERS, "vpsx": ["print01"]}, AT, {"printnet_networks": OFFICE}).plan()
    views = changed(before, site(SERVERS, AT, {"printnet_networks": OFFICE}).plan())
    assert told(views, "vpsx-serverx-api", "serverx-vpsx-api") == [
        ("add", "serverx", "192.0.2.20", "vpsx", "192.0.2.12"),
        ("add", "vpsx", "192.0.2.12", "serverx", "192.0.2.20"),
    ]
    back = changed(site(SERVERS, AT, {"printnet_networks": OFFICE}).plan(), before)
    assert told(back, "vpsx-serverx-api") == [("remove", "vpsx", "192.0.2.12", "serverx", "192.0.2.20")]
    # The earlier plan knows where the host was.
    assert told(back, "vpsx-printer-raw") == [("remove", "vpsx", "192.0.2.12", "printer", "203.0.113.0/24")]


def test_a_change_shows_addresses_before_a_translation(site: Any) -> None:
    hosts = {**AT, "print02": {"printnet_addresses": [{"address": "10.0.0.12", "seen_as": "192.0.2.12"}]}}
    before = site({**SERVERS, "vpsx": ["print01"]}, hosts, {"printnet_networks": OFFICE}).plan()
    views = changed(before, site(SERVERS, hosts, {"printnet_networks": OFFICE}).plan())
    (row,) = (row for row in rows(views.render("csv")) if row["flow"] == "vpsx-serverx-api")
    assert (row["source_networks"], row["source_before_nat"]) == ("192.0.2.12", "10.0.0.12")


def test_what_comes_and_goes_between_parties_that_are_not_ours(site: Any) -> None:
    before = site(SERVERS, AT, {"printnet_networks": {**OFFICE, "printer": ["203.0.113.0/25", "10.7.0.0/24"]}}).plan()
    after = site(SERVERS, AT, {"printnet_networks": {**OFFICE, "printer": ["203.0.113.0/24"]}}).plan()
    assert told(changed(before, after), "pdm-printer-lpr; pullsvc-printer-lpr") == [
        ("add", "workstation", "198.51.100.0/24", "printer", "203.0.113.128/25"),
        ("remove", "workstation", "198.51.100.0/24", "printer", "10.7.0.0/24"),
    ]
    off = site(SERVERS, AT, {"printnet_networks": OFFICE, "vpsx_mode": "server"}).plan()
    assert told(changed(after, off), "pdm-printer-raw; pullsvc-printer-raw") == [
        ("remove", "workstation", "198.51.100.0/24", "printer", "203.0.113.0/24")
    ]


def test_two_ends_that_both_change_are_asked_for_without_overlap(site: Any) -> None:
    before = site(SERVERS, AT, {"printnet_networks": {**OFFICE, "printer": "10.7.0.0/24"}}).plan()
    networks = {"workstation": "198.51.100.0/23", "printer": "10.7.0.0/23", "dns_server": "192.0.2.53"}
    after = site(SERVERS, AT, {"printnet_networks": networks}).plan()
    assert told(changed(before, after), "pdm-printer-lpr; pullsvc-printer-lpr") == [
        ("add", "workstation", "198.51.100.0/24", "printer", "10.7.1.0/24"),
        ("add", "workstation", "198.51.101.0/24", "printer", "10.7.0.0/23"),
    ]


def test_texts_show_only_what_comes_and_goes_with_a_sign(site: Any) -> None:
    before = site({**SERVERS, "vpsx": ["print01"]}, AT, {"printnet_networks": OFFICE}).plan()
    views = changed(before, site(SERVERS, AT, {"printnet_networks": OFFICE}).plan())
    assert "  + tcp/5600  LRS API: VPSX calls the ServerX API (lrs, lines 25, 38)\n" in views.render("text-flows")
    assert "workstation -> serverx" not in views.render("text-flows")
    text = views.render("text-hosts")
    assert "directory01\n  + tcp/5600 from 192.0.2.12 (vpsx-serverx-api)\n" in text
    assert changed(before, before).render("text-flows").count("Nothing comes or goes since the earlier plan.") == 1
    assert json.loads(views.render("json"))["changes"][0]["host"] == "directory01"
    assert json.loads(Views(before).render("json"))["changes"] is None


def test_a_flow_that_the_catalog_has_no_more_is_named(site: Any) -> None:
    own = {"id": "vpsx-serverx-own", "source": "vpsx", "destination": "serverx", "transport": "tcp", "port": 7000}
    before = site(SERVERS, AT, {"printnet_networks": OFFICE, "printnet_extra_flows": [own]}).plan()
    views = changed(before, site(SERVERS, AT, {"printnet_networks": OFFICE}).plan())
    assert "- tcp/7000  vpsx-serverx-own, which the catalog does not have any more" in views.render("text-flows")
    assert {row[0] for row in told(views, "vpsx-serverx-own")} == {"remove"}


# --- JSON, picture, another team's role -------------------------------------------------------------------------------


def test_json_is_exact(two_sites: SitePlan) -> None:
    found = json.loads(_plan_output.render(two_sites, "json"))
    networks, names = found["networks"], found["names"]
    assert (found["hosts"]["print01"]["origin"], found["hosts"]["fleet01"]["origin"]) == (
        "ansible_host",
        "printnet_addresses",
    )
    for name, host in two_sites.hosts.items():
        wants = [(share.component, want) for share in host.shares for want in share.wants]
        assert [
            (rule["component"], rule["direction"], rule["flow"], networks[rule["networks"]])
            for rule in found["hosts"][name]["rules"]
        ] == [(component, want.direction, want.flow.id, list(want.peers)) for component, want in wants]
    (alerts,) = (flow for flow in found["flows"] if flow["flow"] == "lexmark_printer-mve-npap-alerts")
    assert networks[alerts["source"]["networks"]] == ["203.0.113.21/32", "203.0.113.22/32", "203.0.113.150/32"]
    assert networks[alerts["destination"]["before_nat"]] == ["10.99.0.50/32"]
    assert names[alerts["source"]["hosts"]] == ["leeds-a", "leeds-b", "york-a"]
    assert alerts["documents"] == [{"document": "mve", "table": "Printer-to-server communication", "line": "71-74"}]
    assert alerts["opened_by"] == ["destination", "source"]


def test_the_picture_has_a_box_a_component_and_arrows_between_them(two_sites: SitePlan) -> None:
    text = _plan_output.render(two_sites, "mermaid")
    boxes = dict(re.findall(r'^ {8}(c\d+)\["(.*)"\]$', text, re.MULTILINE))
    assert sorted(boxes.values()) == [
        "dns_server<br>1 network",
        "lexmark_printer<br>3 hosts",
        "mfpsecure<br>1 host",
        "mve<br>1 host",
        "netx<br>1 host",
        "serverx<br>1 host",
        "service of vpsx<br>192.0.2.10",
        "vpsx<br>2 hosts",
        "webconnect<br>1 host",
        "workstation<br>1 network",
    ]
    arrows = re.findall(r'^ {4}(c\d+) -->\|"(.*)"\| (c\d+)$', text, re.MULTILINE)
    named = {(boxes[one].partition("<")[0], boxes[other].partition("<")[0]): ports for one, ports, other in arrows}
    assert named["workstation", "service of vpsx"] == "LPR tcp/515<br>IPP tcp/631<br>IPPS tcp/9443"
    assert named["service of vpsx", "vpsx"] == "tcp/515, tcp/631, tcp/5501, tcp/9443"
    assert ("workstation", "vpsx") not in named
    assert len(text.splitlines()) == 1 + len(boxes) + len(arrows) + 2 * text.count("subgraph")
    groups = dict(re.findall(r'subgraph (\w+)\["\1"\]\n((?: {8}.*\n)+)', text))
    assert groups.keys() == {"clients", "servers", "devices", "outside"}
    assert "lexmark_printer" in groups["devices"]
    assert "workstation" in groups["clients"]


def test_variables_for_another_role_say_what_the_host_receives(two_sites: SitePlan) -> None:
    for name, host in two_sites.hosts.items():
        entries = yaml.safe_load(_plan_output.render(two_sites, "system-role", host=name))["firewall"]
        expected = {
            f'rule family="{"ipv6" if ":" in peer else "ipv4"}" source address="{peer}" '
            f'port port="{port}" protocol="{rule["transport"]}" accept'
            for owner in _plan.rules(host.shares)
            for rule in owner["rules"]
            if rule["direction"] == "in"
            for peer in rule["peers"]
            for port in rule["ports"]
        }
        assert {rule for entry in entries for rule in entry["rich_rule"]} == expected
        assert all(entry["state"] == "enabled" and entry["permanent"] and entry["runtime"] for entry in entries)


def test_another_role_gets_what_it_can_say_and_is_told_what_it_can_not(site: Any) -> None:
    features = {"ftp_active_data": True, "mve_ftp": True}
    networks = {"lexmark_printer": "203.0.113.0/24", "workstation": "any"}
    plan = site({"mve": ["192.0.2.50"]}, {}, {"printnet_networks": networks, "printnet_features": features}).plan()
    text = _plan_output.render(plan, "system-role", host="192.0.2.50")
    assert "# - Not in it: mve: lexmark_printer-mve-ftp-data. A rich rule of firewalld matches no source port" in text
    entries = yaml.safe_load(text)["firewall"]
    assert [entry["port"] for entry in entries if "port" in entry] == [["443/tcp"]]
    nothing = site({"lrsq": ["192.0.2.60"], "vpsx": ["192.0.2.11"], "serverx": ["192.0.2.20"]}).plan()
    assert yaml.safe_load(_plan_output.render(nothing, "system-role", host="192.0.2.60")) == {"firewall": []}


# --- names that are not meant well ------------------------------------------------------------------------------------

HOSTILE = [
    "=cmd|'/C calc'!A0",
    "@SUM(1)",
    "<script>alert(1)</script>",
    "{{ lookup('pipe', 'id') }}",
    "a\nfirewall: [{port: 1-65535/tcp}]",
    'b"]\nclick c0 href "javascript:alert(1)"',
    "\x1b[2J\x9b31mred\u202e",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_in_every_form(site: Any, tmp_path: Path, name: str) -> None:
    file = tmp_path / "networks.csv"
    told = name.replace("\n", " ")  # a line break is refused there
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(
            [["network", "component", "site", "owner"], ["198.51.100.0/24", "workstation", told, told]]
        )
    groups = {"vpsx": [name, "print01"], "serverx": ["192.0.2.20"]}
    hosts = {name: {"ansible_host": "192.0.2.11"}, "print01": {"ansible_host": "192.0.2.11"}}
    plan = site(groups, hosts, {"printnet_networks_file": str(file)}).plan()
    views = changed(
        site({"serverx": ["192.0.2.20"], "vpsx": ["print01"]}, hosts, {"printnet_networks_file": str(file)}).plan(),
        plan,
    )
    for shown in (Views(plan), views):
        for form in _plan_output.FORMS:
            text = shown.render(form, host=name if form == "system-role" else None)
            assert not re.search(r"[^\n -~\xa0-\u200d\u2030-\u2065\u206a-\U0010ffff]", text), form
        assert [
            line for line in shown.text(["text-flows", "text-hosts"]).splitlines() if line.startswith("firewall")
        ] == []
        for row in csv.reader(io.StringIO(shown.render("csv"))):
            assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "|", "%"))]
        assert name not in shown.render("mermaid")
        json.loads(shown.render("json"))
    entries = yaml.safe_load(_plan_output.render(plan, "system-role", host=name))
    assert entries.keys() == {"firewall"}
    assert all("rich_rule" in entry for entry in entries["firewall"])


# --- size -------------------------------------------------------------------------------------------------------------


def test_many_printers_and_hosts_stay_readable(site: Any) -> None:
    components = ("vpsx", "serverx", "netx", "webconnect", "mfpsecure", "mve")
    groups = {name: [f"10.200.{number}.{host}" for host in range(1, 11)] for number, name in enumerate(components)}
    groups["lexmark_printer"] = [
        f"10.{site_}.{floor}.{host}" for site_ in range(2) for floor in range(10) for host in range(1, 101)
    ]
    plan = site(groups, {}, {"printnet_networks": {"workstation": "172.16.0.0/12"}}).plan()
    flows = _plan_output.render(plan, "text-flows")
    assert len(flows) < 25_000
    assert "10.0.0.0/24 (100 addresses)" in flows
    assert len(_plan_output.render(plan, "mermaid").splitlines()) < 50
    for row in rows(_plan_output.render(plan, "csv")):
        assert max(map(len, row.values())) < 32_000
    assert len(_plan_output.render(plan, "text-hosts", host="10.200.0.1")) < 8_000
