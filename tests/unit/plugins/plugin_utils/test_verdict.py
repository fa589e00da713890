# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of each pair: one thing is wrong in a healthy estate, and one code says so, with the rest beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils._protocols import tls
from ansible_collections.printnet.ports.plugins.plugin_utils import _observed, _verdict
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Probe
from ansible_collections.printnet.ports.plugins.plugin_utils._probe_plan import Settings
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils import checks
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils.checks import API, Check

Fault = Callable[[Check], Any]
AIM = "connect tcp/5501 192.0.2.1"
DNS = ("vpsx-dns_server-dns", "v1", "192.0.2.53")


def fails(made: Check) -> None:
    """The connection comes to nothing, as it would with each of the faults below."""
    made.probed("s1", AIM, outcome="timeout", ms=3000.0)


def no_rule_at(host: str, component: str) -> Fault:
    def fault(made: Check) -> None:
        owner = made.rules(host, component)
        for half in ("rules", "saved_rules"):
            owner[half] = checks.without(owner[half], "5501")

    return fault


def half_only(half: str) -> Fault:
    def fault(made: Check) -> None:
        owner = made.rules("v1")
        owner["in_step"] = False
        owner[half] = checks.without(owner[half], "5501")

    return fault


def narrow(made: Check) -> None:
    owner = made.rules("v1")
    for half in ("rules", "saved_rules"):
        for rule in owner[half]:
            if rule["direction"] == "in" and "5501" in rule["ports"]:
                rule["peers"] = ["192.0.2.77/32"]


def blocked(made: Check) -> None:
    made.foreign("v1", False, "1-65535", "192.0.2.0/24")


def blocked_at_source(made: Check) -> None:
    made.foreign("s1", False, "5501", "192.0.2.1", way="out")


def stopped(made: Check) -> None:
    made.closed("v1", 5501)


def listens_at(address: str) -> Fault:
    def fault(made: Check) -> None:
        stopped(made)
        made.answers["v1"]["listeners"].append(checks.listener("tcp", 5501, address))

    return fault


def away(host: str) -> Fault:
    def fault(made: Check) -> None:
        made.absent[host] = _observed.absent(host, _observed.UNREACHABLE, "no route to host")

    return fault


# In the order in which they are told: each of them comes before all that stand below it.
FAULTS: list[tuple[str, str, Fault]] = [
    ("NO_RULE", "nftables on s1", no_rule_at("s1", "serverx")),
    ("NO_RULE", "nftables on v1", no_rule_at("v1", "vpsx")),
    ("BLOCKED_BY_RULE", "On s1", blocked_at_source),
    ("BLOCKED_BY_RULE", "On v1", blocked),
    ("NO_LISTENER", "Nothing listens", stopped),
    ("PATH_BLOCKED", "", fails),
]


@pytest.mark.parametrize(("first", "second"), [(a, b) for a in range(len(FAULTS)) for b in range(a + 1, len(FAULTS))])
def test_causes_are_told_in_their_order(site: Any, first: int, second: int) -> None:
    made = checks.check(site)
    for number in (second, first):
        FAULTS[number][2](made)
    fails(made)
    verdict = made.of()
    code, told, _fault = FAULTS[first]
    assert verdict.code == code
    assert verdict.evidence[0].startswith(told)
    beside = {FAULTS[second][0]} - {code, "PATH_BLOCKED"}
    assert set(verdict.also) == beside


def test_a_healthy_estate_has_no_findings(site: Any) -> None:
    found = checks.check(site).verdicts().values()
    assert {one.code for one in found} == {"OK", "NOT_TESTED"}
    assert {one.grade for one in found if one.code == "OK"} == {"ok"}
    untried = [one for one in found if one.code == "NOT_TESTED"]
    assert all(one.source.host == "" or one.destination.component == "printer" for one in untried)


@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        (half_only("saved_rules"), "RULE_LIVE_ONLY", "and has no saved rule for it"),
        (half_only("rules"), "RULE_SAVED_ONLY", "which is not live"),
        (narrow, "SCOPE_TOO_NARROW", "none that lets all of tcp 5501 from 192.0.2.3 through"),
        (blocked, "BLOCKED_BY_RULE", "table inet other, handle 7 (in tcp 1-65535 from 192.0.2.0/24)"),
        (listens_at("127.0.0.1"), "LOOPBACK_ONLY", "lrsd listens on tcp 5501 of 127.0.0.1 only"),
        (listens_at("::1"), "LOOPBACK_ONLY", "of ::1 only"),
        (listens_at("192.0.2.99"), "NO_LISTENER", "of 192.0.2.99 only"),
        (listens_at("2001:db8::1"), "NO_LISTENER", "not over IPv4"),
        (stopped, "NO_LISTENER", "Nothing listens on tcp 5501 on v1"),
        (away("v1"), "UNREACHABLE", "v1 was not looked at: no route to host"),
        (lambda made: None, "PATH_BLOCKED", "nothing came back after 3000.0 ms"),
    ],
)
def test_each_fault_has_its_code_and_evidence(site: Any, fault: Fault, code: str, told: str) -> None:
    made = checks.check(site)
    fault(made)
    fails(made)
    verdict = made.of()
    assert (verdict.code, verdict.also) == (code, ())
    assert told in " ".join(verdict.evidence)
    assert verdict.remedy
    assert "{" not in verdict.remedy
    # What is wrong at one host says nothing of the others.
    assert made.of(destination="v2").code == "OK"


@pytest.mark.parametrize(
    "fault",
    [no_rule_at("s1", "serverx"), no_rule_at("v1", "vpsx"), narrow, blocked, stopped, listens_at("::1"), away("v1")],
)
def test_a_connection_that_was_made_outweighs_what_was_seen(site: Any, fault: Fault) -> None:
    made = checks.check(site)
    fault(made)
    verdict = made.of()
    assert (verdict.code, verdict.grade, verdict.also) == ("OK", "ok", ())
    assert "connected to tcp 5501 of 192.0.2.1" in verdict.evidence[0]
    assert verdict.evidence[1].startswith("It works all the same.")


@pytest.mark.parametrize("half", ["saved_rules", "rules"])
def test_what_works_today_and_not_after_a_reboot_is_a_fault(site: Any, half: str) -> None:
    made = checks.check(site)
    half_only(half)(made)
    assert made.of().grade == "fault"


@pytest.mark.parametrize(("flow", "source"), [("pdm-serverx-api", "198.51.100.0/24")])
def test_one_banned_address_blocks_no_flow(site: Any, flow: str, source: str) -> None:
    made = checks.check(site)
    made.foreign("s1", False, "1-65535", "198.51.100.7")
    verdict = made.of(flow, source, "s1")
    assert (verdict.code, verdict.grade, verdict.also) == ("NOT_TESTED", "information", ())
    told = "On s1 rules of somebody else block 198.51.100.7 of them: table inet other, handle 7."
    assert verdict.evidence[-1] == told


def test_a_drop_at_one_interface_is_told_where_it_fails_only(site: Any) -> None:
    made = checks.check(site)
    made.foreign("v1", False, "5501", "any", only="comes by eth1")
    assert made.of().code == "OK"
    assert not any("eth1" in text for text in made.of().evidence)
    fails(made)
    verdict = made.of()
    told = "On v1 a rule of somebody else blocks it as far as it comes by eth1: table inet other, handle 7."
    assert verdict.evidence[-1] == told
    assert verdict.code != "BLOCKED_BY_RULE"


def test_a_list_of_blocked_networks_is_told_in_few_words(site: Any) -> None:
    made = checks.check(site)
    made.foreign("v1", False, "1-65535", *(f"192.0.{number >> 8}.{number & 255}" for number in range(0, 4096, 2)))
    made.foreign("v1", False, "5501", "192.0.2.3")
    fails(made)
    verdict = made.of()
    assert verdict.code == "BLOCKED_BY_RULE"
    assert len(verdict.evidence[0]) < 500


def test_rules_of_others_that_open_the_port_are_enough(site: Any) -> None:
    made = checks.check(site)
    no_rule_at("v1", "vpsx")(made)
    made.foreign("v1", True, "5501", "192.0.2.0/24")
    fails(made)
    assert made.of().code == "PATH_BLOCKED"


def test_where_nothing_is_refused_rules_do_not_matter(site: Any) -> None:
    made = checks.check(site)
    no_rule_at("s1", "serverx")(made)
    made.answers["s1"]["rules"]["egress"] = "open"
    fails(made)
    assert made.of().code == "PATH_BLOCKED"
    made.answers["v1"]["rules"]["firewalls"] = []
    no_rule_at("v1", "vpsx")(made)
    assert made.of().code == "PATH_BLOCKED"


@pytest.mark.parametrize(
    ("outcome", "code", "grade"),
    [
        ("connected", "OK", "ok"),
        ("answered", "OK", "ok"),
        ("silent", "OK", "information"),
        ("mismatch", "WRONG_PROCESS", "fault"),
        ("refused", "REFUSED", "fault"),
        ("prohibited", "PATH_BLOCKED", "fault"),
        ("timeout", "PATH_BLOCKED", "fault"),
        ("no_route", "PATH_BLOCKED", "fault"),
        ("not_tried", "NOT_TESTED", "information"),
        ("a word of tomorrow", "NOT_TESTED", "information"),
        ("", "NOT_TESTED", "information"),
    ],
)
def test_what_a_connection_came_to(site: Any, outcome: str, code: str, grade: str) -> None:
    made = checks.check(site)
    made.probed("s1", AIM, outcome=outcome)
    verdict = made.of()
    assert (verdict.code, verdict.grade) == (code, grade)
    assert verdict.evidence


def limited_out(made: Check) -> None:
    made.absent["v1"] = _observed.absent("v1", _observed.LIMITED_OUT, "left out")


def without_rules(made: Check) -> None:
    made.answers["v1"]["rules"] = {"seen": False, "why": "not root"}


@pytest.mark.parametrize(
    ("fault", "seen"),
    [(limited_out, "was not looked at"), (without_rules, "was looked at without its rules")],
)
def test_a_host_that_was_not_looked_at_is_no_end_that_is_right(site: Any, fault: Fault, seen: str) -> None:
    made = checks.check(site)
    fails(made)
    before = made.of()
    fault(made)
    verdict = made.of()
    assert (before.code, verdict.code) == ("PATH_BLOCKED", "PATH_BLOCKED")
    assert before.remedy == "Ask the network team to let tcp 5501 pass from s1 to v1."
    assert verdict.evidence[-1] == f"v1 {seen}; its own firewall may be what drops it."
    assert verdict.remedy == (
        "Look at the firewall of v1 first, then ask the network team to let tcp 5501 pass from s1 to v1."
    )


@pytest.mark.parametrize(
    ("outcome", "code"), [("unanswered", "UDP_UNVERIFIABLE"), ("refused", "REFUSED"), ("answered", "OK")]
)
def test_silence_over_udp_is_never_a_pass(site: Any, outcome: str, code: str) -> None:
    made = checks.check(site)
    made.probed("v1", "dns", outcome=outcome)
    assert made.of(*DNS).code == code


def test_a_passive_node_is_not_a_missing_listener(site: Any) -> None:
    made = checks.check(site)
    stopped(made)
    made.probed("s1", AIM, outcome="refused")
    assert made.of().code == "NO_LISTENER"
    verdict = made.of(in_service=frozenset({"vpsx"}))
    assert verdict.code == "NOT_TESTED"
    assert "may be the passive one" in verdict.evidence[-1]
    made.closed("v2", 5501)
    assert made.of(in_service=frozenset({"vpsx"})).code == "NO_LISTENER"


def test_a_process_that_is_not_the_flows_own_is_named(site: Any) -> None:
    made = checks.check(site)
    verdict = made.of(processes={API: ("vpsx*", "lrs.service")})
    assert verdict.code == "WRONG_PROCESS"
    assert "lrsd listens on tcp 5501; expected is vpsx* or lrs.service" in verdict.evidence[0]
    assert made.of(processes={API: ("lrs*",)}).code == "OK"
    # systemd holds the socket for a service that runs when somebody calls: which one, nobody can see.
    stopped(made)
    made.answers["v1"]["listeners"].append(checks.listener("tcp", 5501, process="systemd", pid=1, unit="init.scope"))
    assert made.of(processes={API: ("vpsx*",)}).code == "OK"


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"not_after": "2026-11-20T00:00:00Z"}, "ended on 2026-11-20 00:00 UTC"),
        ({"not_before": "2027-01-01T00:00:00Z"}, "begins on 2027-01-01"),
        ({"tls_version": "TLSv1"}, "TLSv1, which is too old"),
        ({"tls_error": "sslv3 alert handshake failure"}, "the handshake failed"),
        ({"names": ["other.example"]}, "is for other.example, not for v1 or 192.0.2.1"),
        ({"names": ["v1"], "tls_version": "TLSv1.3", "not_after": "2027-01-01T00:00:00Z"}, ""),
    ],
)
def test_tls_that_clients_refuse(site: Any, facts: dict[str, Any], told: str) -> None:
    made = checks.check(site)
    made.probed("w1", "ipps tcp/9443 192.0.2.1", facts=facts)
    verdict = made.of("pullsvc-vpsx-ipps", "w1", "v1", tls_names=True)
    assert verdict.code == ("TLS_INVALID" if told else "OK")
    assert told in verdict.evidence[0]


@pytest.mark.parametrize(
    "error",
    [
        "tlsv1 unrecognized name",
        "the handshake was not finished",
        "the server wants a certificate of its client: sslv3 alert handshake failure",
    ],
)
def test_tls_that_only_clients_of_its_own_can_finish_is_no_fault(site: Any, error: str) -> None:
    made = checks.check(site)
    made.probed("w1", "ipps tcp/9443 192.0.2.1", facts={"tls_error": error})
    verdict = made.of("pullsvc-vpsx-ipps", "w1", "v1")
    assert (verdict.code, verdict.grade) == ("OK", "information")
    assert error in " ".join(verdict.evidence)
    assert "got the answer" not in " ".join(verdict.evidence)


def test_a_certificate_with_many_names_is_told_in_few(site: Any) -> None:
    made = checks.check(site)
    names = [f"host{number}.example" for number in range(50)]
    made.probed("w1", "ipps tcp/9443 192.0.2.1", facts={"names": names})
    verdict = made.of("pullsvc-vpsx-ipps", "w1", "v1", tls_names=True)
    assert verdict.code == "TLS_INVALID"
    assert len(" ".join(verdict.evidence)) < 600
    made.probed("w1", "ipps tcp/9443 192.0.2.1", facts={"names": [*names[:49], "v1"]})
    assert made.of("pullsvc-vpsx-ipps", "w1", "v1", tls_names=True).code == "OK"


def test_the_window_is_not_asked_again_when_it_is_judged(site: Any) -> None:
    pair = ("vpsx-printer-raw", "v1", "p1")
    inside = Settings(print_ports=True, print_window="19:00-05:00")
    outside = Settings(print_ports=True, print_window="19:00-05:00", outside_window=True)
    made = checks.check(site, settings=inside)
    made.settings = outside
    assert made.of(*pair).code == "OK"
    made = checks.check(site, settings=outside)
    made.settings = inside
    verdict = made.of(*pair)
    assert verdict.code == "NOT_TESTED"
    assert "(19:00-05:00)" in verdict.evidence[0]


def test_printers_print_ports_are_tried_when_asked_for(site: Any) -> None:
    pair = ("vpsx-printer-raw", "v1", "p1")
    assert "printnet_probe_print_ports: true" in checks.check(site).of(*pair).evidence[0]
    late = checks.check(site, settings=Settings(print_ports=True, print_window="19:00-05:00", outside_window=True))
    assert late.of(*pair).code == "NOT_TESTED"
    assert "(19:00-05:00)" in late.of(*pair).evidence[0]
    asked = checks.check(site, settings=Settings(print_ports=True))
    assert asked.of(*pair).code == "OK"


def test_hosts_that_were_left_out_are_rows_too(site: Any) -> None:
    made = checks.check(site)
    made.absent["s1"] = _observed.absent("s1", _observed.LIMITED_OUT, "the run is limited to v1")
    verdict = made.of()
    assert (verdict.code, verdict.grade) == ("NOT_TESTED", "information")
    assert verdict.evidence == ("No connection was tried: s1 could not be used as its source.",)
    made.absent["s1"] = _observed.absent("s1", _observed.NOT_MANAGED, "")
    assert "Ansible does not manage s1 (serverx)" in made.of().evidence[0]


def test_what_is_known_comes_before_who_was_away(site: Any) -> None:
    made = checks.check(site)
    away("s1")(made)
    no_rule_at("v1", "vpsx")(made)
    verdict = made.of()
    assert (verdict.code, verdict.also) == ("NO_RULE", ("UNREACHABLE",))


def test_rules_that_could_not_be_seen_accuse_nobody(site: Any) -> None:
    made = checks.check(site)
    made.answers["v1"]["rules"] = {"seen": False, "why": "root was refused"}
    fails(made)
    assert made.of().code == "PATH_BLOCKED"


def test_the_controller_in_place_of_the_source_is_named(site: Any) -> None:
    made = checks.check(site)
    pair = ("pdm-serverx-api", "198.51.100.0/24", "s1")
    key = "connect tcp/5601 192.0.2.3"
    assert "Ansible does not manage" in made.of(*pair).evidence[0]
    works = made.of(*pair, controller={key: Probe("connected")})
    assert works.code == "OK"
    assert works.evidence[0].startswith("In place of 198.51.100.0/24: the controller")
    # A firewall is right to refuse the controller.
    assert made.of(*pair, controller={key: Probe("timeout")}).code == "NOT_TESTED"
    made.closed("s1", 5601)
    assert made.of(*pair, controller={key: Probe("refused")}).code == "NO_LISTENER"


@pytest.mark.parametrize(
    ("facts", "code", "grade"),
    [
        ({"not_after": "2031-01-01T00:00:00Z"}, "OK", "ok"),
        ({"not_after": "2021-01-01T00:00:00Z"}, "TLS_INVALID", "warning"),
        ({"tls_error": "tlsv1 alert internal error"}, "TLS_INVALID", "warning"),
        ({"tls_version": "TLSv1"}, "TLS_INVALID", "warning"),
        ({"tls_error": tls.NOT_FINISHED}, "OK", "information"),
    ],
)
def test_what_is_wrong_with_what_answers_the_controller_is_told(
    site: Any, facts: dict[str, Any], code: str, grade: str
) -> None:
    made = checks.check(site)
    pair = ("pdm-serverx-api", "198.51.100.0/24", "s1")
    answer = {"connect tcp/5601 192.0.2.3": Probe("answered", facts=facts)}
    verdict = made.of(*pair, controller=answer)
    assert verdict.code == code
    assert (verdict.grade == "ok") == (grade == "ok")
    assert (verdict.grade == "information") == (grade == "information")


def _codes(made: Check) -> dict[str, str]:
    found = _verdict.verdicts(made.pairs.pairs, made.facts())
    return {one.destination.host: one.code for one in found if one.flow == API}


def test_one_node_of_a_cluster_proves_nothing_of_the_others_rules(site: Any) -> None:
    made = checks.check(site, printnet_services={"vpsx": {"address": "192.0.2.9"}})
    made.answers["v2"]["rules"]["owners"].clear()
    assert _codes(made) == {"v1": "OK", "v2": "NO_RULE"}
    # A passive one need not listen.
    made = checks.check(site, printnet_services={"vpsx": {"address": "192.0.2.9"}})
    made.closed("v2", 5501)
    assert _codes(made) == {"v1": "OK", "v2": "OK"}


def test_what_the_source_did_not_send_is_a_matter_of_the_source(site: Any) -> None:
    made = checks.check(site)
    made.answers["s1"]["rules"] = {"seen": False, "why": "no root"}
    made.probed("s1", AIM, outcome="no_route", errno="EPERM")
    verdict = made.of()
    assert (verdict.code, verdict.end) == ("PATH_BLOCKED", "s1")
    assert verdict.remedy == "Look at the routes and the firewall of s1: nothing left it."


def test_a_rule_that_no_role_makes_is_for_its_own_administrator(site: Any) -> None:
    made = checks.check(site)
    made.answers["w1"]["rules"]["egress"] = "denied"
    made.probed("w1", "lpr tcp/515 192.0.2.1", outcome="no_route", errno="EPERM")
    verdict = made.of("pdm-vpsx-lpr", "w1", "v1")
    assert verdict.code == "NO_RULE"
    assert verdict.end == "w1"
    assert "allow it in the firewall there by hand" in verdict.remedy


@pytest.mark.parametrize(("outside", "severity"), [((), "fault"), (("s1",), "warning")])
def test_a_host_of_others_need_not_be_reached(site: Any, outside: tuple[str, ...], severity: str) -> None:
    made = checks.check(site)
    made.absent["s1"] = _observed.absent("s1", _observed.UNREACHABLE, "no route to host")
    verdict = made.of(outside=frozenset(outside))
    assert (verdict.code, verdict.grade) == ("UNREACHABLE", severity)
