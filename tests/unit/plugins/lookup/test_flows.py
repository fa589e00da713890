# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup as Ansible calls it: options, variables of the play, JMESPath, errors."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar
from ansible.utils.display import Display
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog


def _query(*terms: Any, variables: dict[str, Any] | None = None, **options: Any) -> list[Any]:
    loader = DataLoader()
    lookup = lookup_loader.get(
        "printnet.ports.flows", loader=loader, templar=Templar(loader=loader, variables=variables or {})
    )
    found: list[Any] = lookup.run(list(terms), variables=variables or {}, **options)
    return found


def _ids(*terms: Any, **options: Any) -> set[str]:
    return {flow["id"] for flow in _query(*terms, **options)}


def test_without_a_term_it_is_everything(catalog: Catalog) -> None:
    assert _ids(enabled_only=False) == set(catalog.flows)
    assert _ids() == {flow["id"] for flow in _query(enabled_only=False) if flow["enabled"]}


@pytest.mark.parametrize(
    ("terms", "options", "ids"),
    [
        (["dis"], {}, {"serverx-dis-api"}),
        ([["dis", "vpsx-printer-raw"]], {}, {"serverx-dis-api", "vpsx-printer-raw"}),
        (["dis"], {"direction": "out"}, set()),
        (["vpsx"], {"direction": "in", "application": "lrsq"}, {"lrsq-vpsx-lrsq", "mobile_connector-vpsx-lrsq"}),
        ([], {"port": "9443"}, {"pullsvc-vpsx-ipps"}),
        (
            [],
            {"reading": "doubtful", "enabled_only": "no"},
            {"mve-lexmark_printer-https-161", "mve-lexmark_printer-ftp-data"},
        ),
        ([], {"document": "lrs", "transport": "udp", "destination": "dns_server"}, {"vpsx-dns_server-dns"}),
        ([], {"feature": "lrsq", "source": "lrsq"}, {"lrsq-vpsx-lrsq"}),
    ],
)
def test_a_question(terms: list[Any], options: dict[str, Any], ids: set[str]) -> None:
    assert _ids(*terms, **options) == ids


@pytest.mark.parametrize(
    ("variables", "terms", "ports"),
    [
        ({"mve_database": "sql_server", "mve_sql_server_port": 14330}, {"destination": "sql_server"}, [14330]),
        ({"printnet_overrides": {"vpsx-printer-raw": {"port": "9100-9102"}}}, {"port": 9101}, ["9100-9102"]),
        ({"printnet_features": {"dns_tcp": "yes"}}, {"destination": "dns_server"}, [53, 53]),
        ({"vpsx_submission_port": "8443"}, {"port": 8443}, [8443]),
        (
            {
                "printnet_extra_components": {"hp": {"kind_of": "printer"}},
                "printnet_extra_flows": [
                    {"id": "hp-mfpsecure", "source": "hp", "destination": "mfpsecure", "transport": "tcp", "port": 7627}
                ],
            },
            {"source": "hp"},
            [7627],
        ),
        ({"printnet_documents": {"lrs": "V1 R2.021"}}, {"destination": "dis"}, [5701]),
    ],
)
def test_the_plays_variables_count(variables: dict[str, Any], terms: dict[str, Any], ports: list[Any]) -> None:
    assert [flow["port"] for flow in _query(variables=variables, **terms)] == ports


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("[].id", ["serverx-dis-api"]),
        ("[0].port", [5701]),
        ("length(@)", [1]),
        ("[?port==`1`]", []),
        ("[].{id: id, line: documents[0].line}", [{"id": "serverx-dis-api", "line": "45"}]),
    ],
)
def test_jmespath_makes_something_of_the_flows(expression: str, result: list[Any]) -> None:
    assert _query("dis", jmespath=expression) == result


@pytest.mark.parametrize(
    ("terms", "options", "told"),
    [
        (["vspx"], {}, "flows: 'vspx' is no component and no flow; did you mean 'vpsx'"),
        ([], {"direction": "inn"}, "'inn' is no value of direction; did you mean 'in'"),
        ([], {"transport": "tpc"}, "'tpc' is no value of transport; did you mean 'tcp'"),
        ([], {"reading": "literaly"}, "'literaly' is no value of reading; did you mean 'literal'"),
        ([], {"prot": 5}, "'prot' is no option; did you mean 'port'"),
        ([], {"enabled": True}, "'enabled' is no option; did you mean 'enabled_only'"),
        ([], {"port": 70000}, "flows, port: 70000 must be a port from 1 to 65535"),
        ([], {"port": "lpr"}, "flows, port: 'lpr' must be a port from 1 to 65535"),
        ([], {"port": "515-631"}, "flows, port: '515-631' must be a port from 1 to 65535"),
        ([], {"port": True}, "flows, port: True must be a port from 1 to 65535"),
        ([], {"enabled_only": "maybe"}, "flows, enabled_only: 'maybe' must be true or false"),
        ([], {"source": ["vpsx"]}, "source"),
        ([], {"jmespath": "[::0]"}, "flows, jmespath: '[::0]' does not work: slice step cannot be zero"),
        ([], {"jmespath": "(" * 5000}, "(((( ... does not work: "),
        ([], {"jmespath": "["}, "flows, jmespath: '[' does not work"),
        ([], {"jmespath": "sum(@)"}, "flows, jmespath: 'sum(@)' does not work"),
        ([], {"feature": "emial"}, "flows, feature: 'emial' is no feature; did you mean 'email'"),
    ],
)
def test_a_wrong_question_is_an_error_of_ansibles_own(terms: list[Any], options: dict[str, Any], told: str) -> None:
    with pytest.raises(AnsibleError) as wrong:
        _query(*terms, **options)
    assert told in str(wrong.value)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"vpsx_mode": "sever"}, "vpsx_mode: 'sever' must be one of both, server, direct; did you mean 'server'?"),
        ({"printnet_features": {"emial": True}}, "printnet_features: 'emial' is no feature"),
        ({"printnet_overrides": {"vpsx-printer-raw": {"port": 0}}}, "printnet_overrides, vpsx-printer-raw, port: 0"),
        ({"printnet_extra_flows": [{"id": "a"}]}, "printnet_extra_flows, entry 1 (a): source is missing"),
        ({"printnet_extra_components": {"a": 5}}, "printnet_extra_components, a: 5 must be a mapping"),
        (
            {"printnet_documents": {"lrs": "V2"}},
            "printnet_documents, lrs: there is no edition 'V2'; there is 'V1 R2.021'",
        ),
    ],
)
def test_a_wrong_variable_is_an_error_of_ansibles_own(variables: dict[str, Any], told: str) -> None:
    with pytest.raises(AnsibleError) as wrong:
        _query(variables=variables)
    assert told in str(wrong.value)


def test_a_component_without_a_flow_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text, *_more, **_options: said.append(text))
    assert _query("mobile_app") == []
    assert said == ["No flow of mobile_app is in the catalog. The LRS ports list names the app, but no port of it."]
