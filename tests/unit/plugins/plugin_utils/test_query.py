# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions to the catalog: what each term and field answers, what is misspelt, and how much is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog, _choices, _names, _query
from ansible_collections.printnet.ports.plugins.plugin_utils._choices import Settings
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Flow

FaultsOf = Callable[..., list[str]]


def _ask(catalog: Catalog, *terms: Any, **asked: Any) -> list[dict[str, Any]]:
    options = _choices.choices(catalog, asked.pop("options", {}))
    settings = _choices.settings(catalog, asked.pop("features", None), asked.pop("overrides", None))
    return _query.query(catalog, settings, options, terms, **asked)


def _ids(catalog: Catalog, *terms: Any, **asked: Any) -> set[str]:
    found = [flow["id"] for flow in _ask(catalog, *terms, **asked)]
    assert len(found) == len(set(found))
    return set(found)


# --- directions and kinds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "direction", "ports"),
    [
        ("vpsx", "in", {515, 631, 5500, 5501, 9443}),
        ("vpsx", "out", {161, 515, 631, 9100, 443, 5501, 5600, 5703, 53}),
        ("serverx", "in", {5600, 5601}),
        ("serverx", "out", {5501, 5701}),
        ("netx", "in", {5700}),
        ("webconnect", "in", {443}),
        ("dis", "in", {5701}),
        ("dis", "out", set()),
        ("innovate_audit", "in", {5703}),
        ("mfpsecure", "in", {443}),
        ("mobile_connector", "in", {5900, 25}),
        ("alertx", "in", {5555, 5556, 5557}),
        ("alertx", "out", {5556, 5557}),
        ("mve", "in", {443, 9187}),
        ("printer", "in", {161, 515, 631, 9100, 443}),
        ("lexmark_printer", "in", {161, 515, 631, 9100, 443, 80, 5353, 6000, 6100, 6110, 9300}),
        ("lexmark_printer", "out", {9187}),
        ("printer", "out", set()),
    ],
)
def test_a_component_has_the_ports_of_its_flows(catalog: Catalog, term: str, direction: str, ports: set[int]) -> None:
    assert {flow["port"] for flow in _ask(catalog, term, direction=direction)} == ports


def test_both_is_in_and_out(catalog: Catalog) -> None:
    for name in catalog.components:
        both = _ids(catalog, name, enabled_only=False)
        assert both == _ids(catalog, name, direction="in", enabled_only=False) | _ids(
            catalog, name, direction="out", enabled_only=False
        )


@pytest.mark.parametrize("off", [{"options": {"alertx_peers": False}}, {"features": {"alertx_peers": False}}])
def test_what_peers_send_each_other_goes_by_their_feature(catalog: Catalog, off: dict[str, Any]) -> None:
    assert _ids(catalog, "alertx", direction="out", **off) == set()
    sent = _ask(catalog, "alertx", direction="out", enabled_only=False, **off)
    assert {flow["port"]: flow["enabled"] for flow in sent} == {5556: False, 5557: False}
    balancer = {"load_balancer-alertx-survivors", "load_balancer-alertx-service"}
    assert balancer < _ids(catalog, "load_balancer", "alertx", direction="out", **off) | _ids(catalog, "alertx", **off)
    assert _ids(catalog, "load_balancer", "alertx", direction="out", **off) == _ids(catalog, "load_balancer")


def test_a_kind_has_the_flows_of_what_it_is_a_kind_of(catalog: Catalog) -> None:
    assert _ids(catalog, "printer") < _ids(catalog, "lexmark_printer")
    assert "mve-printer-snmp" in _ids(catalog, "lexmark_printer", direction="in")
    assert "mve-lexmark_printer-npap" not in _ids(catalog, "printer")


def test_terms_add_up_and_an_id_counts_in_any_direction(catalog: Catalog) -> None:
    assert _ids(catalog, "dis", "netx") == _ids(catalog, "dis") | _ids(catalog, "netx")
    assert _ids(catalog, "vpsx", "vpsx") == _ids(catalog, "vpsx")
    assert _ids(catalog, "vpsx-printer-raw", direction="in") == {"vpsx-printer-raw"}
    assert _ids(catalog, "dis", "vpsx-printer-raw", direction="in") == {"serverx-dis-api", "vpsx-printer-raw"}


def test_no_term_is_everything_in_the_order_of_the_catalog(catalog: Catalog) -> None:
    assert [flow["id"] for flow in _ask(catalog, enabled_only=False)] == list(catalog.flows)
    on = [flow["id"] for flow in _ask(catalog)]
    assert on == [flow["id"] for flow in _ask(catalog, enabled_only=False) if flow["enabled"]]
    assert 0 < len(on) < len(catalog.flows)


# --- fields -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field", ["source", "destination", "transport", "feature", "reading"]
)  # each value of each field, against a plain look at every flow
def test_a_field_answers_with_exactly_its_flows(catalog: Catalog, field: str) -> None:
    for value in {getattr(flow, field) for flow in catalog.flows.values()} - {None}:
        plain = {flow.id for flow in catalog.flows.values() if getattr(flow, field) == value}
        assert _ids(catalog, enabled_only=False, **{field: value}) == plain


def test_a_feature_finds_all_flows_that_it_switches(catalog: Catalog) -> None:
    for feature in catalog.features:
        switched = {
            flow.id for flow in catalog.flows.values() if feature in (*catalog.switches_of(flow), flow.peer_feature)
        }
        assert _ids(catalog, enabled_only=False, feature=feature) == switched


def test_an_application_is_found_in_either_case(catalog: Catalog) -> None:
    assert _ids(catalog, application="IPP") == _ids(catalog, application="ipp")
    assert {flow["application"] for flow in _ask(catalog, application="http", enabled_only=False)} == {"HTTP"}
    assert {flow["application"] for flow in _ask(catalog, application="lrs api")} == {"LRS API"}


def test_a_document_is_found(catalog: Catalog) -> None:
    assert len(_ids(catalog, document="lrs", enabled_only=False)) == 45
    assert len(_ids(catalog, document="mve", enabled_only=False)) == 22


@pytest.mark.parametrize(
    ("port", "flows"),
    [
        (9187, {"lexmark_printer-mve-npap-alerts", "lexmark_printer-mve-ftp-data", "lexmark_printer-mve-mdns-replies"}),
        (1024, {"lexmark_printer-mve-ftp-data", "lexmark_printer-mve-mdns-replies"}),
        (1023, set()),
        (1, set()),
        ("53", {"vpsx-dns_server-dns", "vpsx-dns_server-dns-tcp"}),
    ],
)
def test_a_port_is_found_alone_and_within_a_range(catalog: Catalog, port: Any, flows: set[str]) -> None:
    assert _ids(catalog, port=port, enabled_only=False) == flows


def test_conditions_narrow_each_other(catalog: Catalog) -> None:
    assert _ids(catalog, "vpsx", direction="in", transport="tcp", application="IPP") == {
        "pdm-vpsx-ipp",
        "mfpsecure-vpsx-ipp",
    }
    assert _ids(catalog, "vpsx", source="mfpsecure", port=631) == {"mfpsecure-vpsx-ipp"}
    assert _ids(catalog, "vpsx", document="mve") == set()
    assert _ids(catalog, source="vpsx", destination="dns_server", enabled_only=False) == {
        "vpsx-dns_server-dns",
        "vpsx-dns_server-dns-tcp",
    }
    assert _ids(catalog, reading="doubtful") == set()
    assert len(_ids(catalog, reading="doubtful", enabled_only=False)) == 2


# --- what users changed -----------------------------------------------------------------------------------------------


def test_an_option_moves_a_port_and_the_question_finds_it(catalog: Catalog) -> None:
    options = {"vpsx_submission_port": 8443}
    assert _ids(catalog, port=8443, options=options) == {"pullsvc-vpsx-ipps"}
    assert _ids(catalog, port=9443, options=options) == set()
    assert "vpsx-printer-raw" in _ids(catalog, port=9100, options=options)


def test_an_override_moves_a_port_and_the_question_finds_it(catalog: Catalog) -> None:
    overrides = {"vpsx-printer-ipps": {"port": "631-640"}}
    assert _ids(catalog, port=640, overrides=overrides) == {"vpsx-printer-ipps"}
    assert "vpsx-printer-ipps" not in _ids(catalog, port=443, overrides=overrides)
    (flow,) = _ask(catalog, "vpsx-printer-ipps", overrides=overrides)
    assert flow["port"] == "631-640"


def test_a_feature_switches_and_enabled_says_so(catalog: Catalog) -> None:
    asked: dict[str, Any] = {"features": {"email": True}}
    assert "vpsx-mail_server-smtp" not in _ids(catalog, "vpsx")
    assert "vpsx-mail_server-smtp" in _ids(catalog, "vpsx", **asked)
    (flow,) = _ask(catalog, "vpsx-mail_server-smtp", enabled_only=False)
    assert flow["enabled"] is False
    assert _ask(catalog, "vpsx-mail_server-smtp") == []


def test_own_flows_are_found(catalog: Catalog) -> None:
    own = {"id": "hp-mfpsecure", "source": "hp", "destination": "mfpsecure", "transport": "tcp", "port": "7627-7628"}
    found = _catalog.load(extra_components={"hp": {"kind_of": "printer"}}, extra_flows=[own])
    assert _ids(found, port=7628) == {"hp-mfpsecure"}
    assert _ids(found, "hp", direction="out") == {"hp-mfpsecure"}
    assert _ids(found, "hp", direction="in") == _ids(catalog, "printer", direction="in")


def test_a_document_that_only_an_own_flow_names_is_found() -> None:
    own = {"id": "vpsx-printer-own", "source": "vpsx", "destination": "printer", "transport": "tcp", "port": 1}
    found = _catalog.load(extra_flows=[{**own, "documents": [{"document": "Mine"}]}])
    assert _ids(found, document="Mine") == {"vpsx-printer-own"}


def test_a_flow_as_users_get_it(catalog: Catalog) -> None:
    (flow,) = _ask(catalog, "lexmark_printer-mve-npap-alerts")
    assert flow == {
        "id": "lexmark_printer-mve-npap-alerts",
        "source": "lexmark_printer",
        "destination": "mve",
        "transport": "udp",
        "port": 9187,
        "source_port": 9300,
        "application": "NPAP",
        "purpose": catalog.flows["lexmark_printer-mve-npap-alerts"].purpose,
        "feature": "mve_alerts",
        "one_of": None,
        "user_defined": False,
        "reading": "literal",
        "enabled": True,
        "documents": [{"document": "mve", "table": "Printer-to-server communication", "line": "71-74"}],
        "note": catalog.flows["lexmark_printer-mve-npap-alerts"].note,
    }
    (ranged,) = _ask(catalog, "lexmark_printer-mve-ftp-data", enabled_only=False)
    assert (ranged["port"], ranged["source_port"]) == ("1024-65535", 20)


# --- misspelt ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "asked", "told"),
    [
        (["vspx"], {}, "flows: 'vspx' is no component and no flow; did you mean 'vpsx'"),
        (
            ["vpsx-printer-rwa"],
            {},
            "flows: 'vpsx-printer-rwa' is no component and no flow; did you mean 'vpsx-printer-raw'",
        ),
        (["vspa"], {}, "flows: 'vspa' is a role for vspa_xenapp and vspa_xendesktop: name these, or one of them"),
        ([], {"source": "vspa"}, "flows, source: 'vspa' is a role for vspa_xenapp and vspa_xendesktop: name these"),
        ([None], {}, "flows: None is no component"),
        ([5], {}, "flows: 5 is no component"),
        ([""], {}, "flows: '' is no component"),
        ([{"a": 1}], {}, "flows: {'a': 1} is no component and no flow"),
        ([["vpsx"]], {}, "flows: ['vpsx'] is no component and no flow; did you mean 'vpsx'"),
        ([{1}], {}, "flows: {1} is no component and no flow"),
        ([], {"source": "printers"}, "flows, source: 'printers' is no component; did you mean 'printer'"),
        ([], {"destination": "VPSX"}, "flows, destination: 'VPSX' is no component; did you mean 'vpsx'"),
        ([], {"transport": "icmp"}, "flows, transport: 'icmp' is no value of transport; there is tcp, udp"),
        ([], {"feature": "emial"}, "flows, feature: 'emial' is no feature; did you mean 'email'"),
        ([], {"document": "lsr"}, "flows, document: 'lsr' is no document; did you mean 'lrs'"),
        ([], {"reading": "literally"}, "flows, reading: 'literally' is no value of reading; did you mean 'literal'"),
        ([], {"application": "LPD"}, "flows, application: 'lpd' is no value of application"),
        ([], {"port": 0}, "flows, port: 0 must be a port from 1 to 65535"),
        ([], {"port": "5500-5501"}, "flows, port: '5500-5501' must be a port"),
        ([], {"port": 0, "options": {"vpsx_submission_port": 443}}, "flows, port: 0 must be a port"),
        ([], {"direction": "inn"}, "flows, direction: 'inn' must be one of in, out, both"),
    ],
)
def test_what_is_misspelt_is_named_with_the_nearest(
    catalog: Catalog, terms: list[Any], asked: dict[str, Any], told: str, faults_of: FaultsOf
) -> None:
    (fault,) = faults_of(_ask, catalog, *terms, **asked)
    assert fault.startswith(told)


def test_all_that_is_misspelt_comes_at_once(catalog: Catalog, faults_of: FaultsOf) -> None:
    faults = faults_of(_ask, catalog, "vspx", "dis", "netxx", source="printers", port=0, transport="tpc")
    assert len(faults) == 5


def test_a_component_without_a_flow_has_a_sentence(catalog: Catalog) -> None:
    (told,) = _query.silent(catalog, ["mobile_app", "vpsx", "vpsx-printer-raw", "no such"])
    assert told == "No flow of mobile_app is in the catalog. The LRS ports list names the app, but no port of it."


# --- no scan ----------------------------------------------------------------------------------------------------------


class _Counting(dict[str, Flow]):
    """Notes how often somebody goes through all flows."""

    scans = 0

    def values(self) -> Any:
        self.scans += 1
        return super().values()

    def items(self) -> Any:
        self.scans += 1
        return super().items()

    def __iter__(self) -> Iterator[str]:
        self.scans += 1
        return super().__iter__()


@pytest.mark.parametrize(
    ("terms", "asked", "most"),
    [
        (["dis"], {}, 1),
        (["vpsx-printer-raw"], {}, 1),
        (["vpsx"], {"direction": "in"}, 12),
        ([], {"port": 9443}, 3),
        ([], {"port": 9443, "options": {"vpsx_email": True}}, 3),
        ([], {"source": "mfpsecure"}, 1),
        ([], {"destination": "dis"}, 1),
        ([], {"application": "TDS"}, 1),
        ([], {"feature": "email"}, 1),
        ([], {"reading": "doubtful"}, 2),
        ([], {"transport": "tcp", "destination": "dis"}, 1),
    ],
)
def test_an_indexed_question_looks_at_few_flows(
    terms: list[str], asked: dict[str, Any], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = _catalog.read_files(_catalog.shipped_files(), None, _names.COMPILED.read_text(encoding="utf-8"))
    flows = _Counting(catalog.flows)
    object.__setattr__(catalog, "flows", flows)
    _ask(catalog, *terms, **asked)  # what is worked out once a process
    flows.scans = 0
    looked_at: list[str] = []
    plain = _choices.state

    def noting(*args: Any) -> Any:
        looked_at.append(args[1].id)
        return plain(*args)

    monkeypatch.setattr(_choices, "state", noting)
    options = _choices.choices(catalog, asked.get("options", {}))
    conditions = {name: value for name, value in asked.items() if name != "options"}
    _query.query(catalog, Settings(), options, terms, enabled_only=False, **conditions)
    assert flows.scans == 0
    assert 0 < len(looked_at) <= most


def test_ports_are_those_of_all_flows_as_overrides_and_options_set_them(catalog: Catalog) -> None:
    plain = {(one["transport"], one["port"]): one["flows"] for one in _query.ports(catalog, _choices.Settings(), {})}
    assert sorted(flow for flows in plain.values() for flow in flows) == sorted(catalog.flows)
    moved = _choices.settings(catalog, {}, {"serverx-vpsx-api": {"port": 5511}})
    found = {(one["transport"], one["port"]): one["flows"] for one in _query.ports(catalog, moved, {})}
    assert "serverx-vpsx-api" in found["tcp", "5511"]
    (option,) = [one for one in catalog.options.values() if one.name == "vpsx_submission_port"]
    found = {
        (one["transport"], one["port"]): one["flows"]
        for one in _query.ports(catalog, _choices.Settings(), {option.name: 12345})
    }
    assert found["tcp", "12345"] == sorted(option.ports)
