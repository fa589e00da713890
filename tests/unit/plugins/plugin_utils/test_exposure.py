# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is open that the plan does not explain: by rules of ours and of others, by listeners, without a firewall."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.printnet.ports.plugins.module_utils._standing import OWNER
from ansible_collections.printnet.ports.plugins.plugin_utils import _compliance, _exposure, _observed
from ansible_collections.printnet.ports.plugins.plugin_utils._compliance import Policy
from ansible_collections.printnet.ports.plugins.plugin_utils._exposure import Known
from ansible_collections.printnet.ports.plugins.plugin_utils._verdict import Verdict
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils import checks
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils.checks import Answer, Check


def exposed(made: Check, host: str = "v1", *known: Known) -> list[Verdict]:
    """What is said of the host itself."""
    judged = _compliance.judge(made.plan, made.pairs, made.facts(), Policy(known={host: known}))
    found = [one for one in judged.verdicts if one.source.name == "" and one.destination.host == host]
    assert len({one.id for one in found}) == len(found)
    return found


def told(found: list[Verdict]) -> list[tuple[str, str, str, str]]:
    return [(one.code, one.grade, f"{one.transport}/{one.port}", one.flow) for one in found]


def waits(made: Check, transport: str, port: int, address: str = "::", **more: Any) -> None:
    made.answers["v1"]["listeners"].append(checks.listener(transport, port, address, **more))


def rule(ports: str, *peers: str, way: str = "in", **more: Any) -> Answer:
    return {"direction": way, "transport": "tcp", "ports": [ports], "peers": list(peers), "source_ports": [], **more}


@pytest.mark.parametrize("host", ["v1", "v2", "s1"])
def test_a_healthy_host_has_nothing_to_be_told(site: Any, host: str) -> None:
    assert exposed(checks.check(site), host) == []


# --- wider than the plan ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (rule("5501", "198.18.0.0/15"), ("tcp/5501", "serverx-vpsx-api")),
        (rule("5501", "any"), ("tcp/5501", "serverx-vpsx-api")),
        (rule("8080", "192.0.2.3"), ("tcp/8080", "")),
        (rule("5600", "198.18.0.0/15", way="out"), ("tcp/5600", "vpsx-serverx-api")),
        (rule("5501", "192.0.2.3"), None),
    ],
)
@pytest.mark.parametrize("halves", [["rules"], ["saved_rules"], ["rules", "saved_rules"]])
def test_a_rule_of_ours_that_is_wider_than_the_plan(site: Any, extra: Answer, expected: Any, halves: list[str]) -> None:
    made = checks.check(site)
    for number, half in enumerate(halves):
        made.rules("v1")[half].append({**extra, "flows": [f"told otherwise {number}"]})
    found = exposed(made)
    assert told(found) == ([("SCOPE_TOO_WIDE", "fault", *expected)] if expected else [])
    assert all("The rules of printnet.ports/vpsx on v1 let" in one.evidence[0] for one in found)


def test_two_rules_with_one_thing_too_much_are_told_once(site: Any) -> None:
    made = checks.check(site)
    made.rules("v1")["rules"].append(rule("8080", "198.18.0.1"))
    made.rules("v1")["saved_rules"].append({**rule("8080", "198.18.0.1"), "ports": ["8080", "9090"]})
    assert sorted(told(exposed(made))) == [
        ("SCOPE_TOO_WIDE", "fault", "tcp/8080", ""),
        ("SCOPE_TOO_WIDE", "fault", "tcp/9090", ""),
    ]


def test_rules_of_a_component_that_the_host_is_no_longer(site: Any) -> None:
    made = checks.check(site)
    made.answers["v1"]["rules"]["owners"][OWNER + "mve"] = {"rules": [rule("9788", "any")], "saved_rules": []}
    (found,) = exposed(made)
    assert told([found]) == [("SCOPE_TOO_WIDE", "fault", "/", "")]
    assert "no group makes it a host of mve: in tcp 9788 from any." in found.evidence[0]


def test_rules_of_a_component_that_is_absent_on_the_host(site: Any) -> None:
    groups = {"all": ["v1", "s1"], "vpsx": ["v1"], "serverx": ["s1"], "dis": ["v1"]}
    hosts = {"v1": {"ansible_host": "192.0.2.1", "vpsx_state": "absent"}, "s1": {"ansible_host": "192.0.2.3"}}
    made = checks.healthy(site(groups, hosts, {"printnet_networks": checks.NETWORKS}).plan())
    assert exposed(made) == []
    made.answers["v1"]["rules"]["owners"][OWNER + "vpsx"] = {"rules": [rule("515", "any")], "saved_rules": []}
    (found,) = [one for one in exposed(made) if one.code == "SCOPE_TOO_WIDE"]
    assert found.evidence == (
        "v1 has rules of printnet.ports/vpsx, and its variables say that they are absent: in tcp 515 from any.",
        "The playbook printnet.ports.site removes them.",
    )


@pytest.mark.parametrize(("more", "codes"), [({}, []), ({"pdm": ["w2"]}, ["SCOPE_TOO_WIDE"])])
def test_what_lives_on_a_workstation_is_explained_where_it_has_no_group(
    site: Any, more: dict[str, list[str]], codes: list[str]
) -> None:
    groups = {"all": ["v1", "w1", "w2"], "vpsx": ["v1"], "workstation": ["w1", "w2"], "lrsq": ["w1"], **more}
    hosts = {name: {"ansible_host": f"192.0.2.{number}"} for number, name in enumerate(groups["all"], 1)}
    made = checks.healthy(site(groups, hosts, {"printnet_networks": checks.NETWORKS}).plan())
    made.answers["w1"]["rules"]["owners"][OWNER + "pdm"] = {"rules": [rule("7501", "192.0.2.1")], "saved_rules": []}
    assert [one.code for one in exposed(made, "w1")] == codes


def test_rules_by_hand_were_asked_for(site: Any) -> None:
    made = checks.check(site)
    made.answers["v1"]["rules"]["owners"]["backup"] = {"rules": [rule("873", "198.18.0.1")], "saved_rules": []}
    waits(made, "tcp", 873)
    assert exposed(made) == []


def test_a_rule_of_ours_for_a_source_port_that_nobody_asks_for(site: Any) -> None:
    made = checks.check(site)
    made.rules("v1")["rules"].append({**rule("1024-65535", "any"), "source_ports": ["20"]})
    found = exposed(made)
    assert {one.code for one in found} == {"SCOPE_TOO_WIDE"}
    assert all("source port 20" in one.evidence[0] for one in found)


MVE = {"printnet_networks": {**checks.NETWORKS, "lexmark_printer": "203.0.113.0/25"}}


@pytest.mark.parametrize("companion", [True, False])
def test_what_answers_from_one_port_explains_no_other_service(site: Any, companion: bool) -> None:
    """With the data connections of FTP all ports from 1024 are let in from port 20, and no service is meant by it."""
    groups = {"mve": ["v1"], "lexmark_printer": []}
    here = site(
        groups,
        {"v1": {"ansible_host": "192.0.2.1"}},
        {**MVE, "printnet_features": {"ftp_active_data": companion, "mdns_replies": companion}},
    )
    made = checks.healthy(here.plan())
    assert exposed(made) == []
    made.foreign("v1", True, "9100", "any")
    waits(made, "tcp", 9100)
    assert told(exposed(made)) == [("UNDECLARED_OPEN", "fault", "tcp/9100", "")]
    # A service of somebody else above 1023 is none of the companion's.
    made.foreign("v1", True, "51820", "any", transport="udp")
    assert len(exposed(made)) == 1


def test_what_is_open_at_an_interface_is_open(site: Any) -> None:
    made = checks.check(site)
    made.foreign("v1", True, "9100", "any", only="comes by eth0")
    made.foreign("v1", True, "5501", "any", only="comes by eth1")
    waits(made, "tcp", 9100)
    wide, undeclared = exposed(made)
    assert undeclared.grade == "warning"
    assert undeclared.evidence[0].endswith("open to anybody as far as it comes by eth0.")
    assert wide.evidence[0].startswith(
        "table inet other, handle 7 opens tcp 5501 to anybody as far as it comes by eth1"
    )
    assert undeclared.evidence[1] == "table inet other, handle 7 opens it as far as it comes by eth0."
    # It is no proof that a flow is let through.
    made.answers["v1"]["rules"]["owners"].clear()
    assert made.of().evidence[-1].startswith("It works all the same.")


@pytest.mark.parametrize("opened", ["5501-5502", "5501", "5502-5510"])
def test_a_part_of_a_planned_range_that_others_open_to_more(site: Any, opened: str) -> None:
    made = checks.check(site, printnet_overrides={"serverx-vpsx-api": {"port": "5501-5502"}})
    made.foreign("v1", True, opened, "any")
    assert told(exposed(made))[0] == ("SCOPE_TOO_WIDE", "fault", "tcp/5501-5502", "serverx-vpsx-api")


@pytest.mark.parametrize(
    ("ports", "peers", "evidence"),
    [
        ("5501", ["any"], "opens tcp 5501 to anybody, and the plan to 192.0.2.2/31."),
        ("5501", ["192.0.2.3", "198.18.0.1"], "opens tcp 5501 to 198.18.0.1, and the plan to 192.0.2.2/31."),
        ("5501", ["192.0.2.3"], ""),
        # Everything from somewhere is about hosts, as that of a monitoring server often is.
        ("1-65535", ["198.18.0.1"], ""),
    ],
)
def test_rules_of_others_that_open_a_planned_port_to_more(
    site: Any, ports: str, peers: list[str], evidence: str
) -> None:
    made = checks.check(site)
    made.foreign("v1", True, ports, *peers)
    found = [one for one in exposed(made) if one.code == "SCOPE_TOO_WIDE"]
    assert len(found) == bool(evidence)
    assert all(one.evidence == (f"table inet other, handle 7 {evidence}",) for one in found)


def test_a_peer_that_is_planned_as_anybody_is_not_too_wide(site: Any) -> None:
    made = checks.check(site, printnet_networks={**checks.NETWORKS, "workstation": "any"})
    made.foreign("v1", True, "515", "any")
    assert exposed(made) == []
    assert made.of("pdm-vpsx-lpr", "w1", "v1").code == "OK"


# --- undeclared -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("transport", "port", "grade"),
    [("tcp", 9100, "fault"), ("udp", 161, "fault"), ("tcp", 8081, "information"), ("tcp", 22, "information")],
)
def test_an_open_port_is_a_fault_where_print_products_use_it(site: Any, transport: str, port: int, grade: str) -> None:
    made = checks.check(site)
    made.closed("v1", port)
    waits(made, transport, port, process="sshd", unit="ssh.service")
    made.foreign("v1", True, str(port), "198.18.0.0/15", transport=transport)
    (found,) = exposed(made)
    assert told([found]) == [("UNDECLARED_OPEN", grade, f"{transport}/{port}", "")]
    assert found.evidence[:2] == (
        f"On v1 sshd (ssh.service) listens on {transport} {port}, open to 198.18.0.0/15.",
        "table inet other, handle 7 opens it.",
    )
    assert ("Print products use the port" in found.evidence[-1]) == (grade == "fault")


@pytest.mark.parametrize(
    ("address", "port", "opened"),
    [("127.0.0.1", 8081, True), ("::", 8081, False), ("::", 5501, True)],
)
def test_what_nobody_reaches_or_what_is_planned_is_not_undeclared(
    site: Any, address: str, port: int, opened: bool
) -> None:
    made = checks.check(site)
    waits(made, "tcp", port, address)
    if opened:
        made.foreign("v1", True, str(port), "192.0.2.3")
    assert exposed(made) == []


@pytest.mark.parametrize(
    ("known", "explained"),
    [
        (Known("tcp", (8081, 8081)), True),
        (Known("tcp", (8000, 8100)), True),
        (Known("tcp", (8081, 8081), "lrsd"), True),
        (Known("tcp", (8081, 8081), "x.service"), True),
        (Known("tcp", (8081, 8081), "nginx"), False),
        (Known("udp", (8081, 8081)), False),
        (Known("tcp", (8082, 8090)), False),
    ],
)
def test_what_somebody_declared_is_explained(site: Any, known: Known, explained: bool) -> None:
    made = checks.check(site)
    waits(made, "tcp", 8081, unit="x.service")
    made.foreign("v1", True, "8081", "any")
    assert bool(exposed(made, "v1", known)) != explained


def test_a_udp_port_of_a_client_is_not_a_service(site: Any) -> None:
    made = checks.check(site)
    made.foreign("v1", True, "1024-65535", "any", transport="udp")
    waits(made, "udp", 40000)
    assert exposed(made) == []


def test_what_may_be_pasted_is_yaml_and_explains_all(site: Any) -> None:
    made = checks.check(site)
    for transport, port in (("tcp", 8081), ("udp", 8082), ("tcp", 9100)):
        waits(made, transport, port, process="a: 'b' {c}\n- d")
        made.foreign("v1", True, str(port), "any", transport=transport)
    found = exposed(made)
    assert len(found) == 3
    pasted = yaml.safe_load("\n".join(_exposure.suggestions(found)))
    assert [(one["transport"], one["port"]) for one in pasted["printnet_known_open"]] == [("tcp", 8081), ("udp", 8082)]
    assert _exposure.suggestions([]) == []


# --- hosts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("meant", "grade"), [(True, "fault"), (False, "warning")])
def test_a_host_without_a_firewall(site: Any, meant: bool, grade: str) -> None:
    made = checks.check(site)
    made.answers["v1"]["rules"]["firewalls"] = [{"name": "ufw", "active": False, "starts_at_boot": meant}]
    off, ssh = exposed(made)
    assert told([off]) == [("FIREWALL_OFF", grade, "/", "")]
    assert ssh.evidence == ("On v1 lrsd listens on tcp 22, open to anybody.",)


@pytest.mark.parametrize(
    ("change", "code", "evidence"),
    [
        ({"seen": False, "why": "nft is missing"}, "NOT_TESTED", "The rules of v1 could not be seen: nft is missing"),
        (
            {"firewalls": [{"name": "ufw", "active": True}, {"name": "firewalld", "active": True}]},
            "NOT_TESTED",
            "ufw and firewalld are active at once",
        ),
    ],
)
def test_what_could_not_be_seen_is_a_row(site: Any, change: Answer, code: str, evidence: str) -> None:
    made = checks.check(site)
    made.answers["v1"]["rules"] |= change
    (found,) = exposed(made)
    assert found.code == code
    assert evidence in found.evidence[0]


@pytest.mark.parametrize(
    ("state", "codes"),
    [
        (_observed.UNREACHABLE, ["UNREACHABLE"]),
        (_observed.FAILED, ["UNREACHABLE"]),
        (_observed.LIMITED_OUT, []),
        (_observed.NOT_MANAGED, []),
    ],
)
def test_a_host_that_was_away_is_a_row(site: Any, state: str, codes: list[str]) -> None:
    made = checks.check(site)
    made.absent["v1"] = _observed.absent("v1", state, "timed out")
    assert [one.code for one in exposed(made)] == codes


# --- ports that containers publish ------------------------------------------------------------------------------------


@pytest.mark.parametrize("process", ["docker-proxy", "conmon"])
def test_a_planned_port_that_a_container_publishes_is_too_wide(site: Any, process: str) -> None:
    made = checks.check(site)
    made.closed("v1", 5501)
    waits(made, "tcp", 5501, process=process)
    (found,) = exposed(made)
    assert told([found]) == [("SCOPE_TOO_WIDE", "warning", "tcp/5501", "serverx-vpsx-api")]
    assert f"{process} publishes tcp 5501 of a container" in found.evidence[0]
    assert "DOCKER-USER" in found.remedy
    assert exposed(made, "v1", Known("tcp", (5501, 5501))) == []


@pytest.mark.parametrize(
    ("port", "opened", "grade"),
    [(8080, False, "information"), (8080, True, "information"), (9100, False, "warning"), (9100, True, "fault")],
)
def test_a_published_port_is_open_whatever_rules_of_the_host_say(
    site: Any, port: int, opened: bool, grade: str
) -> None:
    made = checks.check(site)
    waits(made, "tcp", port, process="docker-proxy")
    if opened:
        made.foreign("v1", True, str(port), "198.18.0.0/15")
    (found,) = exposed(made)
    assert told([found]) == [("UNDECLARED_OPEN", grade, f"tcp/{port}", "")]
    assert found.evidence[0] == f"On v1 docker-proxy listens on tcp {port}, open to anybody."
    assert "rules for the host itself do not hold there" in found.evidence[1]
    assert exposed(made, "v1", Known("tcp", (port, port), "docker-proxy")) == []


def test_a_port_that_is_published_for_the_host_itself_is_open_to_nobody(site: Any) -> None:
    made = checks.check(site)
    waits(made, "tcp", 8080, "127.0.0.1", process="docker-proxy")
    assert exposed(made) == []
