# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of options: at their defaults they change nothing; each value opens what was chosen and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog, _choices
from ansible_collections.printnet.ports.plugins.plugin_utils._choices import Settings, State
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog

FaultsOf = Callable[..., list[str]]
CLIENTS = {"pdm-printer-lpr", "pdm-printer-ipp", "pdm-printer-raw"} | {
    f"pullsvc-printer-{how}" for how in ("snmp", "lpr", "ipp", "raw", "ipps")
}
SERVER = {f"vpsx-printer-{how}" for how in ("lpr", "ipp", "raw", "ipps")}
SUBMISSION = {"pdm-vpsx-lpr", "pdm-vpsx-ipp", "pullsvc-vpsx-ipps"}
LPR = {"vpsx-printer-lpr", "pdm-printer-lpr", "pullsvc-printer-lpr", "pdm-vpsx-lpr"}
IPP = {"vpsx-printer-ipp", "pdm-printer-ipp", "pullsvc-printer-ipp", "pdm-vpsx-ipp"}
RAW = {"vpsx-printer-raw", "pdm-printer-raw", "pullsvc-printer-raw"}
IPPS = {"vpsx-printer-ipps", "pullsvc-printer-ipps", "pullsvc-vpsx-ipps"}
WEB, WEBS = ({f"{source}-webconnect-{how}" for source in ("browser", "vspa_xenapp")} for how in ("http", "https"))
SERVERX = {f"{who}-serverx-api" for who in ("netx", "pdm", "pullsvc", "vspa_xendesktop", "mobile_connector")}
DEPLOYMENT = {f"mve-lexmark_printer-{how}" for how in ("https", "http", "raw")}
LDAP, LDAPS, KERBEROS = "mve-ldap_server-ldap", "mve-ldap_server-ldaps", "mve-kdc-kerberos"

# Options, the flows that come, the flows that go, the ports that change.
TABLE: list[tuple[dict[str, Any], set[str], set[str], dict[str, int]]] = [
    ({"vpsx_mode": "both"}, set(), set(), {}),
    ({"vpsx_mode": "server"}, set(), CLIENTS, {}),
    ({"vpsx_mode": "direct"}, set(), SERVER | SUBMISSION, {}),
    ({"vpsx_print_protocols": ["lpr", "ipp", "raw", "ipps"]}, set(), set(), {}),
    ({"vpsx_print_protocols": "ipps,lpr,raw,ipp"}, set(), set(), {}),
    ({"vpsx_print_protocols": ["ipps"]}, set(), LPR | IPP | RAW, {}),
    ({"vpsx_print_protocols": ["lpr"]}, set(), IPP | RAW | IPPS, {}),
    ({"vpsx_print_protocols": ["ipp"]}, set(), LPR | RAW | IPPS, {}),
    ({"vpsx_print_protocols": ["raw"]}, set(), LPR | IPP | IPPS, {}),
    ({"vpsx_print_protocols": []}, set(), LPR | IPP | RAW | IPPS, {}),
    ({"vpsx_mode": "server", "vpsx_print_protocols": ["lpr"]}, set(), CLIENTS | IPP | RAW | IPPS, {}),
    ({"vpsx_submission_port": 443}, set(), set(), {"pullsvc-vpsx-ipps": 443}),
    ({"vpsx_submission_port": "8443"}, set(), set(), {"pullsvc-vpsx-ipps": 8443}),
    (
        {"vpsx_lrsq_port": 5510, "vpsx_api_port": 5511},
        set(),
        set(),
        {
            **dict.fromkeys(("lrsq-vpsx-lrsq", "mobile_connector-vpsx-lrsq"), 5510),
            **dict.fromkeys(("serverx-vpsx-api", "vpsx-vpsx-status"), 5511),
        },
    ),
    ({"serverx_vpsx_port": 5610}, set(), set(), {"vpsx-serverx-api": 5610}),
    ({"serverx_api_port": 5611}, set(), set(), dict.fromkeys(SERVERX, 5611)),
    ({"netx_port": 5710}, set(), set(), {"webconnect-netx-connector": 5710}),
    ({"dis_port": 5711}, set(), set(), {"serverx-dis-api": 5711}),
    (
        {"innovate_audit_port": 5713},
        set(),
        set(),
        dict.fromkeys(("vpsx-innovate_audit-accounting", "workstation-innovate_audit-accounting"), 5713),
    ),
    ({"mobile_connector_port": 5910}, set(), set(), {"webconnect-mobile_connector-api": 5910}),
    ({"webconnect_http_port": 8080}, set(), set(), dict.fromkeys(WEB, 8080)),
    ({"webconnect_https_port": 8443}, set(), set(), dict.fromkeys(WEBS, 8443)),
    ({"alertx_service_address": ["192.0.2.60", "2001:DB8::60"]}, set(), set(), {}),
    ({"vspa_sessions": "xenapp"}, set(), set(), {}),
    ({"vspa_sessions": "xendesktop"}, set(), set(), {}),
    ({"vpsx_local_printing": True}, {"vpsx-workstation-release"}, set(), {}),
    ({"vpsx_local_printing": "no"}, set(), set(), {}),
    ({"vpsx_email": True}, {"vpsx-mail_server-smtp"}, set(), {}),
    ({"vpsx_lrsq": False}, set(), {"lrsq-vpsx-lrsq"}, {}),
    ({"vpsx_audit": False}, set(), {"vpsx-innovate_audit-accounting"}, {}),
    ({"webconnect_protocols": ["https"]}, set(), set(), {}),
    ({"webconnect_protocols": ["http"]}, WEB, WEBS, {}),
    ({"webconnect_protocols": ["http", "https"]}, WEB, set(), {}),
    ({"webconnect_protocols": []}, set(), WEBS, {}),
    ({"mfpsecure_enrolment_protocols": ["http"]}, {"workstation-mfpsecure-http"}, {"workstation-mfpsecure-https"}, {}),
    ({"mfpsecure_enrolment_protocols": ["HTTPS", "http"]}, {"workstation-mfpsecure-http"}, set(), {}),
    ({"mfpsecure_enrolment_protocols": []}, set(), {"workstation-mfpsecure-https"}, {}),
    ({"mobile_connector_email": False}, set(), {"mail_gateway-mobile_connector-smtp"}, {}),
    ({"alertx_peers": False}, set(), set(), {}),
    ({"pdm_accounting": False}, set(), {"workstation-innovate_audit-accounting"}, {}),
    ({"pullsvc_dsr": False}, set(), {"pullsvc-printer-snmp"}, {}),
    ({"mve_deployment": ["ftp"]}, {"mve-lexmark_printer-ftp"}, DEPLOYMENT, {}),
    ({"mve_deployment": ["https", "http", "raw", "ftp"]}, {"mve-lexmark_printer-ftp"}, set(), {}),
    ({"mve_mdns": False}, set(), {"mve-lexmark_printer-mdns"}, {}),
    ({"mve_alerts": False}, set(), {"lexmark_printer-mve-npap-alerts"}, {}),
    ({"mve_console_port": 8443}, set(), set(), {"browser-mve-https": 8443}),
    ({"mve_database": "local"}, set(), set(), {}),
    ({"mve_database": "sql_server"}, {"mve-sql_server-tds"}, set(), {}),
    (
        {"mve_database": "SQL_Server", "mve_sql_server_port": 14330},
        {"mve-sql_server-tds"},
        set(),
        {"mve-sql_server-tds": 14330},
    ),
    ({"mve_database": "firebird"}, {"mve-firebird-firebird"}, set(), {}),
    ({"mve_sql_server_port": 14330}, set(), set(), {"mve-sql_server-tds": 14330}),
    ({"mve_mail_encryption": "disabled"}, set(), set(), {}),
    ({"mve_mail_encryption": "none"}, {"mve-mail_server-smtp"}, set(), {}),
    (
        {"mve_mail_encryption": "ssl", "mve_smtps_port": 4650},
        {"mve-mail_server-smtps"},
        set(),
        {"mve-mail_server-smtps": 4650},
    ),
    ({"mve_mail_encryption": "starttls"}, {"mve-mail_server-starttls"}, set(), {}),
    (
        {"mve_smtp_port": 2525, "mve_starttls_port": 5870},
        set(),
        set(),
        {"mve-mail_server-smtp": 2525, "mve-mail_server-starttls": 5870},
    ),
    ({"mve_login": "local"}, set(), set(), {}),
    ({"mve_login": "ldap"}, {LDAP}, set(), {}),
    ({"mve_login": "ldaps"}, {LDAPS}, set(), {}),
    ({"mve_login": "kerberos"}, {KERBEROS, LDAPS}, set(), {}),
    ({"mve_login": "kerberos", "mve_kerberos_bind": "ldap"}, {KERBEROS, LDAP}, set(), {}),
    ({"mve_login": "ldap", "mve_kerberos_bind": "ldaps"}, {LDAP}, set(), {}),
    ({"mve_kerberos_bind": "ldap"}, set(), set(), {}),
    (
        {"mve_ldap_port": 3268, "mve_ldaps_port": 3269, "mve_kerberos_port": 8888},
        set(),
        set(),
        {LDAP: 3268, LDAPS: 3269, KERBEROS: 8888},
    ),
]


def _states(catalog: Catalog, options: Mapping[str, Any], settings: Settings | None = None) -> dict[str, State]:
    chosen = settings or Settings()
    return {flow.id: _choices.state(catalog, flow, chosen, options) for flow in catalog.flows.values()}


def _on(states: Mapping[str, State]) -> set[str]:
    return {name for name, state in states.items() if state.enabled}


def _moved(states: Mapping[str, State], before: Mapping[str, State]) -> dict[str, int]:
    return {name: state.port[0] for name, state in states.items() if state.port != before[name].port}


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "come", "go", "moved"), TABLE, ids=lambda value: str(value)[:60])
def test_a_choice_opens_what_was_chosen_and_nothing_else(
    catalog: Catalog, options: dict[str, Any], come: set[str], go: set[str], moved: dict[str, int]
) -> None:
    before = _states(catalog, {})
    after = _states(catalog, _choices.choices(catalog, options))
    assert (_on(after) - _on(before), _on(before) - _on(after), _moved(after, before)) == (come, go, moved)


def test_the_table_names_every_value_of_every_option(catalog: Catalog) -> None:
    tried: dict[str, set[Any]] = {name: set() for name in catalog.options}
    for options, *_what_comes_of_it in TABLE:
        for name, value in _choices.choices(catalog, options).items():
            tried[name].update(value if isinstance(value, tuple) else [value])
    for option in catalog.options.values():
        if option.values:
            assert option.values.keys() == tried[option.name], option.name
        else:
            assert [value for value in tried[option.name] if value != option.default], option.name


def test_all_options_at_their_defaults_change_nothing(catalog: Catalog) -> None:
    defaults = {option.name: option.default for option in catalog.options.values()}
    chosen = _choices.choices(catalog, defaults)
    assert _states(catalog, chosen) == _states(catalog, {})
    for name, value in chosen.items():
        assert _states(catalog, {name: value}) == _states(catalog, {}), name


def test_a_default_agrees_with_the_features_and_ports_that_it_sets(catalog: Catalog) -> None:
    for option in catalog.options.values():
        if option.feature:
            assert option.default == catalog.features[option.feature].default, option.name
        for flow in option.ports:
            assert catalog.flows[flow].port == (option.default, option.default), option.name
        if option.values and not option.when:
            chosen = option.default if option.type == "list" else [option.default]
            on = {name for value in chosen for name in option.values[value].features}
            assert on == {name for name in option.switches if catalog.features[name].default}, option.name


def test_an_option_is_named_after_its_role(catalog: Catalog) -> None:
    for option in catalog.options.values():
        assert option.name.startswith(f"{catalog.components[option.component].role}_"), option.name


def test_every_port_that_a_document_calls_a_default_has_an_option(catalog: Catalog) -> None:
    called = {flow.id for flow in catalog.flows.values() if flow.user_defined}
    assert len(called) == 7
    assert called <= {flow for option in catalog.options.values() for flow in option.ports}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"vpsx_mode": "sever"}, "vpsx_mode: 'sever' must be one of both, server, direct; did you mean 'server'?"),
        ({"vpsx_mode": True}, "vpsx_mode: True must be one of both, server, direct"),
        ({"vpsx_mode": ["server"]}, "vpsx_mode: ['server'] must be one of both, server, direct"),
        ({"vpsx_print_protocols": ["lpd"]}, "vpsx_print_protocols: ['lpd'] must be one of lpr, ipp, raw, ipps"),
        (
            {"vpsx_print_protocols": {"lpr": 1}},
            "vpsx_print_protocols: {'lpr': 1} must be a list of lpr, ipp, raw, ipps",
        ),
        ({"vpsx_print_protocols": [["lpr"]]}, "vpsx_print_protocols: [['lpr']] must be one of"),
        ({"vpsx_print_protocols": 5}, "vpsx_print_protocols: 5 must be a list of"),
        ({"vpsx_submission_port": 0}, "vpsx_submission_port: 0 must be a port from 1 to 65535"),
        ({"vpsx_submission_port": "443-444"}, "vpsx_submission_port: '443-444' must be a port from 1 to 65535"),
        ({"vpsx_submission_port": True}, "vpsx_submission_port: True must be a port from 1 to 65535"),
        ({"vpsx_submission_port": [443]}, "vpsx_submission_port: [443] must be a port from 1 to 65535"),
        (
            {"alertx_service_address": "192.0.2.60, balancer"},
            "alertx_service_address: '192.0.2.60, balancer' must be a list of IPv4 and IPv6 addresses; 'balancer' is",
        ),
        ({"alertx_service_address": ["192.0.2.0/24"]}, "alertx_service_address: ['192.0.2.0/24'] must be a list of"),
        ({"alertx_service_address": [["192.0.2.6"]]}, "alertx_service_address: [['192.0.2.6']] must be a list of"),
        ({"alertx_service_address": {}}, "alertx_service_address: {} must be a list of IPv4 and IPv6 addresses"),
        (
            {"alertx_service_address": ["127.0.0.1"]},
            "alertx_service_address: ['127.0.0.1'] must be a list of addresses that others can reach; 127.0.0.1 is a",
        ),
        ({"vpsx_email": "perhaps"}, "vpsx_email: 'perhaps' must be true or false"),
        ({"vpsx_email": {}}, "vpsx_email: {} must be true or false"),
        ({"mve_mail_encryption": False}, "mve_mail_encryption: False must be one of disabled, none, ssl, starttls"),
    ],
)
def test_a_wrong_value_says_what_would_be_right(
    catalog: Catalog, options: dict[str, Any], told: str, faults_of: FaultsOf
) -> None:
    (fault,) = faults_of(_choices.choices, catalog, options, "host a, ")
    assert fault.startswith(f"host a, {told}")


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ([], ()),
        ("", ()),
        ("192.0.2.60", ("192.0.2.60",)),
        ("192.0.2.60, 2001:DB8::0:60", ("192.0.2.60", "2001:db8::60")),
        (["2001:db8::60", "192.0.2.60", "2001:DB8:0::60"], ("2001:db8::60", "192.0.2.60")),
    ],
)
def test_addresses_have_one_form(catalog: Catalog, raw: Any, found: tuple[str, ...]) -> None:
    assert _choices.choices(catalog, {"alertx_service_address": raw}) == {"alertx_service_address": found}


def test_what_would_be_right_is_said_once(catalog: Catalog, faults_of: FaultsOf) -> None:
    faults = faults_of(_choices.choices, catalog, {"vpsx_mode": "zzz"})
    assert faults == ["vpsx_mode: 'zzz' must be one of both, server, direct"]


def test_all_wrong_options_come_at_once(catalog: Catalog, faults_of: FaultsOf) -> None:
    assert (
        len(faults_of(_choices.choices, catalog, {"vpsx_mode": 1, "vpsx_email": 7, "mve_login": [], "unknown": 1})) == 3
    )


def test_an_option_that_is_none_is_not_set(catalog: Catalog) -> None:
    assert _choices.choices(catalog, dict.fromkeys(catalog.options)) == {}


def test_a_peer_option_opens_between_the_hosts_of_the_component(catalog: Catalog) -> None:
    assert {flow.id for flow in catalog.flows.values() if flow.peer_feature == "alertx_peers"} == {
        "load_balancer-alertx-survivors",
        "load_balancer-alertx-service",
    }


# --- features and overrides -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("features", "overrides", "options", "flow", "enabled", "port"),
    [
        ({}, {}, {}, "vpsx-printer-raw", True, 9100),
        ({"raw": False}, {}, {}, "vpsx-printer-raw", False, 9100),
        ({"raw": "no"}, {}, {"vpsx_print_protocols": ["raw"]}, "vpsx-printer-raw", False, 9100),
        ({"raw": True}, {}, {"vpsx_print_protocols": []}, "vpsx-printer-raw", True, 9100),
        ({"raw": True}, {"vpsx-printer-raw": {"enabled": False}}, {}, "vpsx-printer-raw", False, 9100),
        ({"raw": False}, {"vpsx-printer-raw": {"enabled": True}}, {}, "vpsx-printer-raw", True, 9100),
        ({"raw": True}, {}, {"vpsx_mode": "direct"}, "vpsx-printer-raw", False, 9100),
        ({}, {"vpsx-printer-raw": {"enabled": True}}, {"vpsx_mode": "direct"}, "vpsx-printer-raw", True, 9100),
        ({}, {"vpsx-printer-raw": {"port": 9101}}, {}, "vpsx-printer-raw", True, 9101),
        ({}, {"pullsvc-vpsx-ipps": {"port": 631}}, {"vpsx_submission_port": 443}, "pullsvc-vpsx-ipps", True, 631),
        ({}, {"mve-lexmark_printer-https-161": {"enabled": True}}, {}, "mve-lexmark_printer-https-161", True, 161),
        ({"mve_https_161": True}, {}, {}, "mve-lexmark_printer-https-161", True, 161),
        ({"pdm": False}, {}, {}, "pdm-printer-lpr", False, 515),
        ({"pullsvc": False}, {}, {}, "pullsvc-serverx-api", False, 5601),
        ({"pdm": True, "lpr": False}, {}, {}, "pdm-printer-lpr", False, 515),
        ({"dns_tcp": True}, {}, {}, "vpsx-dns_server-dns-tcp", True, 53),
        ({"mve_ldap": True}, {}, {"mve_login": "ldaps"}, "mve-ldap_server-ldap", True, 389),
    ],
)
def test_an_override_is_stronger_than_a_feature_and_that_than_an_option(  # noqa: PLR0917
    catalog: Catalog,
    features: dict[str, Any],
    overrides: dict[str, Any],
    options: dict[str, Any],
    flow: str,
    enabled: bool,
    port: int,
) -> None:
    settings = _choices.settings(catalog, features, overrides)
    state = _choices.state(catalog, catalog.flows[flow], settings, _choices.choices(catalog, options))
    assert (state.enabled, state.port) == (enabled, (port, port))
    assert bool(state.reason) != state.enabled


def test_a_source_port_is_matched_only_when_somebody_says_so(catalog: Catalog) -> None:
    name = "lexmark_printer-mve-npap-alerts"
    flow = catalog.flows[name]
    plain = _choices.state(catalog, flow, Settings(), {})
    assert (plain.source_port, plain.match_source_port) == ((9300, 9300), False)
    asked = _choices.state(catalog, flow, _choices.settings(catalog, None, {name: {"source_port": "9300-9310"}}), {})
    assert (asked.source_port, asked.match_source_port) == ((9300, 9310), True)


@pytest.mark.parametrize(
    ("flow", "options", "told"),
    [
        ("vpsx-mail_server-smtp", {}, "feature email is off; vpsx_email: true switches it on"),
        (
            "browser-webconnect-http",
            {},
            "feature webconnect_http is off; webconnect_protocols: [https, http] switches it on",
        ),
        ("mve-sql_server-tds", {}, "feature mve_sql_server is off; mve_database: sql_server switches it on"),
        ("vpsx-dns_server-dns-tcp", {}, "feature dns_tcp is off; printnet_features: {dns_tcp: true} switches it on"),
        ("vpsx-printer-raw", {"vpsx_mode": "direct"}, "vpsx_mode is direct"),
    ],
)
def test_a_flow_that_is_off_says_what_would_switch_it_on(
    catalog: Catalog, flow: str, options: dict[str, Any], told: str
) -> None:
    assert _choices.state(catalog, catalog.flows[flow], Settings(), options).reason == told


@pytest.mark.parametrize(
    ("features", "overrides", "told"),
    [
        ({"emial": True}, None, "printnet_features: 'emial' is no feature; did you mean 'email'?"),
        ({"email": "often"}, None, "printnet_features, email: 'often' must be true or false"),
        ({"email": None}, None, "printnet_features, email: None must be true or false"),
        ({5: True}, None, "printnet_features: '5' is no feature"),
        (["email"], None, "printnet_features: ['email'] must be a mapping"),
        ("email", None, "printnet_features: 'email' must be a mapping"),
        (
            None,
            {"vpsx-printer-rwa": {"port": 1}},
            "printnet_overrides: 'vpsx-printer-rwa' is no flow; did you mean 'vpsx-printer-raw'",
        ),
        (
            None,
            {"vpsx-printer-raw": 9101},
            "printnet_overrides, vpsx-printer-raw: 9101 must be a mapping with port, source_port, enabled",
        ),
        (
            None,
            {"vpsx-printer-raw": {"prot": 1}},
            "printnet_overrides, vpsx-printer-raw: the key 'prot' is unknown; did you mean 'port'?",
        ),
        (
            None,
            {"vpsx-printer-raw": {"port": 70000}},
            "printnet_overrides, vpsx-printer-raw, port: 70000 must be a port",
        ),
        (
            None,
            {"vpsx-printer-raw": {"source_port": "x"}},
            "printnet_overrides, vpsx-printer-raw, source_port: 'x' must be a port",
        ),
        (
            None,
            {"vpsx-printer-raw": {"enabled": "x"}},
            "printnet_overrides, vpsx-printer-raw, enabled: 'x' must be true or false",
        ),
        (None, "text", "printnet_overrides: 'text' must be a mapping"),
    ],
)
def test_wrong_settings_say_what_would_be_right(
    catalog: Catalog, features: Any, overrides: Any, told: str, faults_of: FaultsOf
) -> None:
    (fault,) = faults_of(_choices.settings, catalog, features, overrides)
    assert fault.startswith(told)


def test_all_wrong_settings_come_at_once(catalog: Catalog, faults_of: FaultsOf) -> None:
    faults = faults_of(
        _choices.settings, catalog, {"x": True, "raw": 5}, {"y": {}, "vpsx-printer-raw": {"port": 0, "enabled": 9}}
    )
    assert len(faults) == 5


def test_nothing_given_is_nothing_set(catalog: Catalog) -> None:
    nothing: list[Any] = [None, {}, "", []]
    for empty in nothing:
        assert _choices.settings(catalog, empty, empty) == Settings()


def test_a_user_switches_flows_of_her_own() -> None:
    own = {
        "id": "vpsx-kiosk",
        "source": "vpsx",
        "destination": "kiosk",
        "transport": "tcp",
        "port": 1,
        "feature": "raw",
    }
    found = _catalog.load(extra_components={"kiosk": {}}, extra_flows=[own])
    settings = _choices.settings(found, {"raw": False}, {"vpsx-kiosk": {"port": 2}})
    state = _choices.state(found, found.flows["vpsx-kiosk"], settings, {})
    assert (state.enabled, state.port) == (False, (2, 2))
