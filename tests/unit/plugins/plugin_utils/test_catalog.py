# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shipped catalog: every row of the documents and nothing else; and a loader that names every fault at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog, _catalog_text, _names
from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog, Flow

FaultsOf = Callable[..., list[str]]
HERE = Path(__file__).parent
GHOSTS = {3443, 3001, 1100, 100, 5702, 9789}
DOCUMENTS = ("lrs", "mve")


def _read(name: str) -> Any:
    return yaml.safe_load((HERE / name).read_text(encoding="ascii"))


def _switched_on(catalog: Catalog, flow: Flow) -> bool:
    return all(catalog.features[name].default for name in catalog.switches_of(flow))


def _lines(flow: Flow, document: str) -> set[int]:
    found: set[int] = set()
    for place in flow.documents:
        if place.document == document:
            first, _dash, last = place.line.partition("-")
            found.update(range(int(first), int(last or first) + 1))
    return found


# --- what the documents say -------------------------------------------------------------------------------------------


def test_every_row_that_somebody_else_read_is_a_flow_and_no_other_flow_is(catalog: Catalog) -> None:
    rows = {
        (source, destination, transport, port): (source_port, on, called_default, {(document, str(n)) for n in lines})
        for source, destination, transport, port, source_port, on, called_default, document, lines in _read("rows.yml")
    }
    flows = {
        (flow.source, flow.destination, flow.transport, flow.port[0]): (
            flow.source_port[0] if flow.source_port else 0,
            _switched_on(catalog, flow),
            flow.user_defined,
            {(place.document, place.line) for place in flow.documents},
        )
        for flow in catalog.flows.values()
        if flow.reading != "companion"
    }
    assert flows == rows
    assert len(rows) == 67
    assert sum(len(places) for *_other, places in rows.values()) == 72


def test_two_flows_are_never_the_same_tuple(catalog: Catalog) -> None:
    tuples = [(flow.source, flow.destination, flow.transport, flow.port) for flow in catalog.flows.values()]
    assert len(tuples) == len(set(tuples))


def _printed(entry: dict[str, Any]) -> set[int]:
    return {*entry.get("ports", ()), *([entry["alternative"]] if "alternative" in entry else ())}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_line_with_a_port_leads_to_a_flow_or_to_a_reason(catalog: Catalog, document: str) -> None:
    entries = _read("trail.yml")[document]
    printed = {entry["line"]: _printed(entry) for entry in entries if "flows" in entry and _printed(entry)}
    for entry in entries:
        assert ("flows" in entry) != ("none" in entry), entry
        if "none" in entry:
            assert entry["none"].strip(), entry
        ports = {*entry.get("ports", ()), *printed.get(entry.get("cell"), ())}
        for name in entry.get("flows", ()):
            flow = catalog.flows[name]
            assert entry["line"] in _lines(flow, document), (entry, flow.documents)
            known = {flow.port[0], *(flow.source_port or ())}
            assert known & ports, (entry, known)
            if str(entry.get("type")) in ("TCP", "UDP"):
                assert flow.transport == entry["type"].lower(), entry


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_port_that_is_printed_is_that_of_a_flow_or_a_ghost(catalog: Catalog, document: str) -> None:
    for entry in _read("trail.yml")[document]:
        flows = [catalog.flows[name] for name in entry.get("flows", ())]
        known = {port for flow in flows for port in (flow.port[0], *(flow.source_port or ()))}
        for port in entry.get("ports", ()):
            assert port in known or ("none" in entry and isinstance(port, str)), entry


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_flow_leads_back_to_a_line(catalog: Catalog, document: str) -> None:
    entries = [entry for entry in _read("trail.yml")[document] if "flows" in entry]
    for flow in catalog.flows_by("document", document):
        leading = {entry["line"] for entry in entries if flow.id in entry["flows"]}
        for place in flow.documents:
            first, _dash, last = place.line.partition("-")
            within = set(range(int(first), int(last or first) + 1))
            assert leading & within, (flow.id, place)
            assert place.table in catalog.documents[document].tables.values()


def test_a_flow_without_a_document_is_a_companion_that_is_off_and_says_why(catalog: Catalog) -> None:
    companions = [flow for flow in catalog.flows.values() if flow.reading == "companion"]
    assert {(flow.transport, flow.port, flow.source_port) for flow in companions} == {
        ("tcp", (53, 53), None),
        ("tcp", (88, 88), None),
        ("udp", (1434, 1434), None),
        ("tcp", (1024, 65535), (20, 20)),
        ("udp", (1024, 65535), (5353, 5353)),
    }
    for flow in companions:
        assert not flow.documents
        assert not _switched_on(catalog, flow)
        assert flow.note
        assert flow.match_source_port == bool(flow.source_port)
        beside = catalog.flows[str(flow.beside)]
        assert {beside.source, beside.destination} == {flow.source, flow.destination}
    assert {flow.reading for flow in catalog.flows.values() if not flow.documents} == {"companion"}


def test_doubtful_rows_are_off_and_say_why(catalog: Catalog) -> None:
    doubtful = [flow for flow in catalog.flows.values() if flow.reading == "doubtful"]
    assert sorted(flow.port[0] for flow in doubtful) == [20, 161]
    for flow in doubtful:
        assert flow.transport == "tcp"
        assert not _switched_on(catalog, flow)
        assert flow.note


def test_no_ghost_is_a_port(catalog: Catalog) -> None:
    for flow in catalog.flows.values():
        assert not GHOSTS & {*flow.port, *(flow.source_port or ())}, flow.id


def test_a_document_never_restricts_a_source_port_by_itself(catalog: Catalog) -> None:
    assert not [flow.id for flow in catalog.flows.values() if flow.match_source_port and flow.reading != "companion"]


def test_what_the_documents_repair_has_a_note(catalog: Catalog) -> None:
    for flow in catalog.flows.values():
        assert flow.note or flow.reading == "literal", flow.id


def test_a_flow_to_or_from_either_name_of_the_mail_parties(catalog: Catalog) -> None:
    assert {flow.source for flow in catalog.flows_by("destination", "mail_server")} == {"vpsx", "mve"}
    assert not catalog.flows_by("source", "mail_server")
    assert not catalog.flows_by("destination", "mail_gateway")


def test_every_file_is_plain_ascii(root: Path) -> None:
    for path in sorted((root / "plugins/plugin_utils/catalog").iterdir()):
        assert path.read_bytes().isascii(), path


def test_alternatives_have_at_most_one_that_is_on(catalog: Catalog) -> None:
    groups: dict[str, list[Flow]] = {}
    for flow in catalog.flows.values():
        if flow.one_of:
            groups.setdefault(flow.one_of, []).append(flow)
    on = {name: [flow.id for flow in flows if _switched_on(catalog, flow)] for name, flows in groups.items()}
    assert on == {
        "browser-webconnect": ["browser-webconnect-https"],
        "vspa_xenapp-webconnect": ["vspa_xenapp-webconnect-https"],
        "workstation-mfpsecure": ["workstation-mfpsecure-https"],
        "mve-database": [],
        "mve-mail": [],
        "mve-login": [],
    }


def test_components_are_the_parties_of_the_documents(catalog: Catalog) -> None:
    presence: dict[str, set[str]] = {}
    for component in catalog.components.values():
        presence.setdefault(component.presence, set()).add(component.name)
        assert 0 < len(component.short) <= 9
    assert presence["required"] == {"vpsx", "serverx", "netx", "webconnect", "dis"}
    assert presence["outside"] == {
        *("printer", "lexmark_printer", "workstation", "browser", "mail_server", "dns_server", "load_balancer"),
        *("sql_server", "firebird", "ldap_server", "kdc"),
    }
    assert presence["optional"] == {
        *("innovate_audit", "mfpsecure", "mobile_connector", "alertx", "vspa_xenapp", "vspa_xendesktop", "pdm"),
        *("pullsvc", "lrsq", "mobile_app", "mail_gateway", "mve"),
    }
    assert catalog.kinds("lexmark_printer") == ("lexmark_printer", "printer")
    assert set(catalog.members("printer")) == {"printer", "lexmark_printer"}
    assert {c.name for c in catalog.components.values() if c.lives_on == "workstation"} == {"pdm", "pullsvc", "browser"}


def test_every_component_with_hosts_of_its_own_has_a_role(catalog: Catalog) -> None:
    served = {role: {component.name for component in components} for role, components in catalog.roles.items()}
    alone = (
        *("vpsx", "serverx", "netx", "webconnect", "dis", "innovate_audit", "mfpsecure", "mobile_connector"),
        *("alertx", "pdm", "pullsvc", "lrsq", "mve"),
    )
    assert served == {**{name: {name} for name in alone}, "vspa": {"vspa_xenapp", "vspa_xendesktop"}}
    without = {component.name for component in catalog.components.values() if not component.role}
    outside = {component.name for component in catalog.components.values() if component.presence == "outside"}
    assert without == {*outside, "mail_gateway", "mobile_app"}


def test_a_role_of_several_components_has_an_option_that_chooses(catalog: Catalog) -> None:
    for components in catalog.roles.values():
        chosen = [component.chosen_by for component in components if component.chosen_by]
        assert len(chosen) == (len(components) if len(components) > 1 else 0)
    assert {name: catalog.components[name].chosen_by for name in ("vspa_xenapp", "vspa_xendesktop")} == {
        "vspa_xenapp": {"vspa_sessions": "xenapp"},
        "vspa_xendesktop": {"vspa_sessions": "xendesktop"},
    }
    assert catalog.options["vspa_sessions"].values.keys() == {"xenapp", "xendesktop"}


def test_every_component_has_a_flow_but_the_app(catalog: Catalog) -> None:
    ends = {end for flow in catalog.flows.values() for end in (flow.source, flow.destination)}
    assert catalog.components.keys() - ends == {"mobile_app"}
    assert catalog.components["mobile_app"].note


def test_every_feature_switches_something(catalog: Catalog) -> None:
    used = {name for flow in catalog.flows.values() for name in (*catalog.switches_of(flow), flow.peer_feature)}
    assert catalog.features.keys() == used - {None}


def test_documents_have_edition_and_date(catalog: Catalog) -> None:
    assert {(document.id, document.edition, document.date) for document in catalog.documents.values()} == {
        ("lrs", "V1 R2.021", "2020-06-10"),
        ("mve", "4.6", None),
    }
    assert catalog.documents["mve"].note


def test_the_compiled_form_is_that_of_the_files() -> None:
    compiled = _names.COMPILED.read_text(encoding="utf-8")
    assert compiled == _catalog_text.compile_files(_catalog.shipped_files())


def test_loading_reads_no_yaml_and_happens_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """YAML takes many times as long as all else."""
    compiled = _names.COMPILED.read_text(encoding="utf-8")
    monkeypatch.setattr(_catalog_text, "Loader", lambda *_all: pytest.fail("reads YAML"))
    assert _catalog.read_files(_catalog.shipped_files(), None, compiled).flows
    assert _catalog.load() is _catalog.load()
    assert _catalog.load(extra_components={"kiosk": {}}) is _catalog.load(extra_components={"kiosk": {}})


# --- the loader: every fault with file, entry, value and what would be right ------------------------------------------

GOOD = """\
document: {id: acme, title: Acme ports, edition: '1', date: '2020-01-01', tables: {main: Main}}
components:
  press: {presence: required}
  paper: {}
features:
  ink: {default: true, purpose: Prints}
options:
  press_ink: {component: press, type: bool, default: true, purpose: Whether it prints, feature: ink}
flows:
  - {id: press-paper, source: press, destination: paper, transport: tcp, port: 9100, application: RAW,
     purpose: Prints, reading: literal, feature: ink, documents: [{table: main, line: 3}]}
"""
FLOW = "{id: press-paper, source: press"


def test_a_good_file_has_no_fault() -> None:
    found = _catalog.read_files([("acme.yml", GOOD)])
    assert list(found.flows) == ["press-paper"]
    assert found.flows["press-paper"].documents[0].line == "3"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        # The entry, the value, what is wrong, what would be right.
        (
            "transport: tcp",
            "transport: tpc",
            ["flow press-paper", "transport", "'tpc'", "tcp, udp", "did you mean 'tcp'"],
        ),
        ("transport: tcp", "transport: icmp", ["flow press-paper, transport", "'icmp'", "tcp, udp"]),
        ("port: 9100", "port: 0", ["flow press-paper, port", "0", "1 to 65535"]),
        ("port: 9100", "port: 65536", ["flow press-paper, port", "65536", "1 to 65535"]),
        ("port: 9100", "port: 20-10", ["'20-10'", "first port is above its last"]),
        ("port: 9100", "port: raw", ["'raw'", "1 to 65535"]),
        ("port: 9100", "port: '91 00'", ["'91 00'"]),
        ("port: 9100, ", "", ["flow press-paper", "port is missing"]),
        ("source: press", "source: pres", ["flow press-paper, source", "'pres'", "component", "did you mean 'press'"]),
        ("destination: paper", "destination: air", ["destination", "'air'", "component", "paper, press"]),
        ("feature: ink, documents", "feature: inc, documents", ["feature", "'inc'", "did you mean 'ink'"]),
        ("reading: literal", "reading: sure", ["reading", "'sure'", "literal, repaired, derived, doubtful, companion"]),
        ("purpose: Prints, reading", "purpose: '', reading", ["purpose", "line of text"]),
        ("purpose: Prints, reading", "purpose: Pr\u0456nts, reading", ["purpose", "U+0456", "position 3", "ASCII"]),
        ("application: RAW", "application: \u0422\u0421\u0420", ["application", "U+0422", "position 1"]),
        ("id: press-paper", "id: Press Paper", ["id", "'Press Paper'", "lower-case", "vpsx-printer-raw"]),
        ("id: press-paper, ", "", ["flow without id", "id is missing"]),
        ("reading: literal", "readings: literal", ["the key 'readings' is unknown", "did you mean 'reading'"]),
        ("reading: literal", "reading: literal, one_of: lonely", ["one_of", "'lonely' dangles"]),
        ("reading: literal", "reading: literal, beside: press-papper", ["beside", "'press-papper'", "did you mean"]),
        ("paper: {}", "paper: {gaps: [\u0422]}", ["component paper, gaps", "U+0422"]),
        ("table: main", "table: mian", ["documents", "'mian'", "table of the document", "did you mean 'main'"]),
        ("line: 3}]", "lines: 3}]", ["documents", "the key 'lines' is unknown", "did you mean 'line'"]),
        (
            "presence: required",
            "presence: maybe",
            ["component press, presence", "'maybe'", "required, optional, outside"],
        ),
        ("paper: {}", "paper: {kind_of: pres}", ["component paper, kind_of", "'pres'", "did you mean 'press'"]),
        ("paper: {}", "paper: {lives_on: table}", ["component paper, lives_on", "'table'"]),
        ("paper: {}", "paper: {short: muchtoolong}", ["component paper", "'muchtoolong'", "9 characters"]),
        ("paper: {}", "paper: {short: press}", ["component paper", "'press'", "that of press already"]),
        ("paper: {}", "Paper Bag: {}", ["component Paper Bag", "lower-case", "underscores"]),
        ("ink: {default: true", "ink: {default: perhaps", ["feature ink, default", "'perhaps'", "true or false"]),
        ("type: bool", "type: boolean", ["option press_ink, type", "'boolean'", "bool, str, list, port"]),
        ("feature: ink}", "feature: inkk}", ["option press_ink, feature", "'inkk'", "did you mean 'ink'"]),
        (", feature: ink}", "}", ["option press_ink", "exactly one of feature, ports and values"]),
        ("type: bool, default: true", "type: port, default: x", ["option press_ink", "type port must have ports"]),
        ("feature: ink}", "values: {x: {features: [ink]}}}", ["option press_ink", "type bool must have feature"]),
        (
            "type: bool, default: true, purpose: Whether it prints, feature: ink}",
            "type: str, default: bogus, purpose: How it prints, values: {x: {}}}",
            ["option press_ink, default", "'bogus' must be one of x"],
        ),
        (
            "type: bool, default: true, purpose: Whether it prints, feature: ink}",
            "type: list, default: [y], purpose: How it prints, values: {x: {}}}",
            ["option press_ink, default", "['y'] must be one of x"],
        ),
        (
            "feature: ink}",
            "ports: [press-papr]}",
            ["option press_ink", "'press-papr'", "flow", "did you mean 'press-paper'"],
        ),
        ("component: press,", "component: prss,", ["option press_ink, component", "'prss'", "did you mean 'press'"]),
        ("type: bool", "type: addresses", ["option press_ink", "type addresses sets no feature, ports or values"]),
        ("paper: {}", "paper: {role: Paper Feeder}", ["component paper, role", "'Paper Feeder'", "lower-case"]),
        ("paper: {}", "paper: {chosen_by: press_ink}", ["component paper, chosen_by", "'press_ink'", "mapping"]),
        ("paper: {}", "paper: {chosen_by: {press_inc: a}}", ["chosen_by", "'press_inc'", "did you mean 'press_ink'"]),
        ("paper: {}", "paper: {chosen_by: {press_ink: wet}}", ["chosen_by", "'wet' is no value of press_ink"]),
        ("edition: '1'", "edition: ''", ["document, edition", "line of text"]),
        ("features:", "feature:", ["the key 'feature' is unknown"]),
        ("  paper: {}", "  press: {}", ["the key 'press' is there twice", "line 4"]),
        (FLOW, "{id: press-paper, id: b, source: press", ["the key 'id' is there twice", "line 10"]),
        ("features:", "features: [", ["this is not YAML", "line"]),
    ],
)
def test_a_fault_names_file_entry_value_and_what_would_be_right(
    old: str, new: str, told: list[str], faults_of: FaultsOf
) -> None:
    assert old in GOOD
    faults = faults_of(_catalog.read_files, [("acme.yml", GOOD.replace(old, new, 1))])
    assert faults
    assert all(fault.startswith("acme.yml") for fault in faults)
    matching = [fault for fault in faults if all(word in fault for word in told)]
    assert matching, faults


def test_a_fault_names_the_line(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_catalog.read_files, [("acme.yml", GOOD.replace("tcp", "tpc"))])
    assert fault == "acme.yml line 10, flow press-paper, transport: 'tpc' must be one of tcp, udp; did you mean 'tcp'?"


def test_all_faults_of_all_files_come_at_once(faults_of: FaultsOf) -> None:
    bad = GOOD
    for old, new in (
        ("transport: tcp", "transport: tpc"),
        ("port: 9100", "port: 99999"),
        ("source: press", "source: pres"),
        ("default: true, purpose: Prints", "default: 7, purpose: Prints"),
        ("table: main", "table: mian"),
        ("type: bool", "type: boo"),
    ):
        bad = bad.replace(old, new, 1)
    other = "components:\n  ink_pot: {kind_of: pot}\n"
    faults = faults_of(_catalog.read_files, [("acme.yml", bad), ("other.yml", other)])
    for word in ("'tpc'", "99999", "'pres'", "7 must be true or false", "'boo'", "'pot'"):
        assert sum(word in fault for fault in faults) == 1, (word, faults)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("components: [a]", "f.yml, components: ['a'] must be a mapping of names to values"),
        ("features: x", "f.yml, features: 'x' must be a mapping of names to values"),
        ("options: 5", "f.yml, options: 5 must be a mapping of names to values"),
        ("flows: 5", "f.yml, flows: 5 must be a list"),
    ],
)
def test_a_part_of_another_type_is_a_fault(text: str, told: str, faults_of: FaultsOf) -> None:
    assert faults_of(_catalog.read_files, [("f.yml", text)]) == [told]


@pytest.mark.parametrize(
    ("old", "new"), [("presence: required", "presence: maybe"), ("ink: {default: true", "ink: {default: 3")]
)
def test_an_entry_with_a_fault_is_no_second_fault_for_what_points_at_it(
    old: str, new: str, faults_of: FaultsOf
) -> None:
    assert old in GOOD
    assert len(faults_of(_catalog.read_files, [("acme.yml", GOOD.replace(old, new))])) == 1


def test_the_same_id_twice_is_a_fault_across_files(faults_of: FaultsOf) -> None:
    other = GOOD.replace("id: acme", "id: other").replace(
        "components:\n  press: {presence: required}\n  paper: {}\n", ""
    )
    faults = faults_of(_catalog.read_files, [("acme.yml", GOOD), ("other.yml", other)])
    assert len(faults) == 3
    for fault, entry in zip(faults, ("feature ink", "option press_ink", "flow press-paper"), strict=True):
        assert re.match(rf"other.yml( line \d+)?, {entry}: '\S+' is there already; a name is given once$", fault)


def test_alternatives_may_stand_in_two_files() -> None:
    one = GOOD.replace("reading: literal", "reading: literal, one_of: ways")
    two = (
        "flows:\n  - {id: press-paper-2, source: press, destination: paper, transport: tcp, port: 631,"
        " application: IPP, purpose: Prints, reading: companion, one_of: ways}\n"
    )
    assert len(_catalog.read_files([("acme.yml", one), ("two.yml", two)]).flows) == 2


# --- editions ---------------------------------------------------------------------------------------------------------

NEWER = GOOD.replace("edition: '1'", "edition: '2'").replace("2020-01-01", "2021-01-01").replace("9100", "9101")
UNDATED = GOOD.replace("edition: '1'", "edition: '0'").replace("'2020-01-01'", "null").replace("9100", "9099")
EDITIONS = [("acme-1.yml", GOOD), ("acme-2.yml", NEWER), ("acme-0.yml", UNDATED)]


@pytest.mark.parametrize(
    ("pins", "port"),
    [({}, 9101), ({"acme": "1"}, 9100), ({"acme": "2"}, 9101), ({"acme": "0"}, 9099), ({"acme": 1}, 9100)],
)
def test_one_edition_of_a_document_counts(pins: dict[str, Any], port: int) -> None:
    found = _catalog.read_files(EDITIONS, pins)
    assert found.flows["press-paper"].port == (port, port)
    assert len(found.documents) == 1


@pytest.mark.parametrize(
    ("pins", "told"),
    [
        ({"acme": "3"}, ["printnet_documents, acme", "there is no edition '3'", "'1', '2', '0'"]),
        ({"amce": "1"}, ["printnet_documents", "'amce' is no document", "did you mean 'acme'"]),
    ],
)
def test_a_pin_that_finds_nothing_says_what_there_is(
    pins: dict[str, str], told: list[str], faults_of: FaultsOf
) -> None:
    (fault,) = faults_of(_catalog.read_files, EDITIONS, pins)
    assert all(word in fault for word in told), fault


@pytest.mark.parametrize("value", [["lrs"], "lrs", 5, True, 1.5])
def test_printnet_documents_is_a_mapping(value: Any, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_catalog.load, value)
    assert fault.startswith("printnet_documents: ")
    assert fault.endswith("must be a mapping of names to values")


def test_the_shipped_edition_can_be_pinned(catalog: Catalog) -> None:
    assert _catalog.load({"lrs": "V1 R2.021", "mve": 4.6}).flows.keys() == catalog.flows.keys()


# --- a user's own entries: the same rules, the same words -------------------------------------------------------------

OWN = {"id": "hp_mfp-mfpsecure", "source": "hp_mfp", "destination": "mfpsecure", "transport": "tcp", "port": 7627}


def test_a_user_adds_components_and_flows(catalog: Catalog) -> None:
    found = _catalog.load(
        extra_components={"hp_mfp": {"title": "HP device", "kind_of": "printer"}},
        extra_flows=[{**OWN, "documents": [{"document": "MFPsecure for HP", "line": 12}]}],
    )
    assert found.flows.keys() - catalog.flows.keys() == {"hp_mfp-mfpsecure"}
    assert found.kinds("hp_mfp") == ("hp_mfp", "printer")
    assert not found.components["hp_mfp"].role
    flow = found.flows["hp_mfp-mfpsecure"]
    assert (flow.port, flow.reading, flow.documents[0].document) == ((7627, 7627), "literal", "MFPsecure for HP")
    assert "hp_mfp-mfpsecure" not in catalog.flows


@pytest.mark.parametrize(("more", "matched"), [({}, True), ({"match_source_port": False}, False)])
def test_a_source_port_that_a_user_names_is_matched_unless_she_says_no(more: dict[str, Any], matched: bool) -> None:
    found = _catalog.load(extra_components={"hp_mfp": None}, extra_flows=[{**OWN, "source_port": 20, **more}])
    assert found.flows["hp_mfp-mfpsecure"].match_source_port is matched


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"transport": "TPC"}, ["printnet_extra_flows, entry 1 (hp_mfp-mfpsecure), transport", "'TPC'", "'tcp'"]),
        ({"port": "7627-"}, ["printnet_extra_flows, entry 1 (hp_mfp-mfpsecure), port", "'7627-'", "5500-5501"]),
        ({"port": True}, ["port", "True"]),
        ({"port": 7627.0}, ["port", "7627.0"]),
        ({"port": None}, ["port", "None"]),
        ({"port": [1, 2]}, ["port", "[1, 2]"]),
        ({"source": "vspx"}, ["source", "'vspx' is no component", "did you mean 'vpsx'"]),
        ({"source": 5}, ["source", "5 must be a line of text"]),
        ({"source": None}, ["source"]),
        ({"id": "vpsx-printer-raw"}, ["'vpsx-printer-raw' is there already"]),
        ({"feature": "emial"}, ["feature", "'emial'", "did you mean 'email'"]),
        ({"purpose": "Drucken f\u00fcr alle"}, ["purpose", "U+00FC", "ASCII"]),
        ({"dest": "vpsx"}, ["the key 'dest' is unknown"]),
        ({"one_of": "mve-databse"}, ["one_of", "'mve-databse' dangles"]),
        ({"documents": "page 3"}, ["documents", "'page 3'", "mapping with document, table, line"]),
        ({"documents": [{"line": 3}]}, ["documents", "document is missing"]),
    ],
)
def test_a_fault_of_an_own_flow(change: dict[str, Any], told: list[str], faults_of: FaultsOf) -> None:
    faults = faults_of(_catalog.load, None, {"hp_mfp": {}}, [{**OWN, **change}])
    assert faults
    assert all(fault.startswith("printnet_extra_flows, entry 1") for fault in faults)
    assert all(word in faults[0] for word in told), faults


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"hp_mfp": {"kind_of": "pritner"}}, ["hp_mfp, kind_of", "'pritner'", "did you mean 'printer'"]),
        ({"hp_mfp": {"presence": 1}}, ["hp_mfp, presence", "required, optional, outside"]),
        ({"hp_mfp": ["printer"]}, ["hp_mfp", "must be a mapping"]),
        ({"hp_mfp": "printer"}, ["hp_mfp", "must be a mapping"]),
        ({"vpsx": {}}, ["vpsx", "is there already"]),
        ({"HP-MFP": {}}, ["HP-MFP", "lower-case"]),
        ({5: {}}, ["5", "lower-case"]),
        ({"hp_mfp": {"short": "alertx"}}, ["hp_mfp", "that of alertx already"]),
        (
            {"vpsx_2_printer": {}, "vpsx_2_prints": {}},
            ["'vpsx2prin' is that of vpsx_2_printer already", "give another"],
        ),
    ],
)
def test_a_fault_of_an_own_component(entry: dict[Any, Any], told: list[str], faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_catalog.load, None, entry)
    assert fault.startswith("printnet_extra_components, ")
    assert all(word in fault for word in told), fault


@pytest.mark.parametrize("key", ["lives_on", "kind_of"])
@pytest.mark.parametrize(
    ("other", "circles"), [("aa", ["aa -> aa"]), ("bb", ["aa -> bb -> aa", "bb -> aa -> bb"])], ids=["one", "two"]
)
def test_a_circle_of_own_components_is_a_fault(key: str, other: str, circles: list[str], faults_of: FaultsOf) -> None:
    assert faults_of(_catalog.load, None, {"aa": {key: other}, "bb": {key: "aa"}}) == [
        f"printnet_extra_components, {circle[:2]}, {key}: goes in a circle: {circle}" for circle in circles
    ]


def test_all_faults_of_own_entries_come_at_once(faults_of: FaultsOf) -> None:
    flows = [{**OWN, "port": 0}, {**OWN, "id": "b", "transport": "sctp"}, "no flow", {"id": "c"}, {**OWN, "id": "b"}]
    faults = faults_of(_catalog.load, None, {"hp_mfp": {"presence": "often"}}, flows)
    told = [
        *("printnet_extra_components, hp_mfp", "entry 1 (hp_mfp-mfpsecure), port", "entry 2 (b), transport"),
        *("entry 3: 'no flow'", "entry 4 (c): source is missing", "entry 4 (c): port is missing", "entry 5 (b)"),
    ]
    for words in told:
        assert sum(words in fault for fault in faults) == 1, (words, faults)


@pytest.mark.parametrize("value", ["x", 5, True, {"id": "a"}, 1.5])
def test_extra_flows_are_a_list(value: Any, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_catalog.load, None, None, value)
    assert fault.startswith("printnet_extra_flows: ")
    assert fault.endswith("must be a list of flows")


@pytest.mark.parametrize("value", ["x", 5, True, ["a"], 1.5])
def test_extra_components_are_a_mapping(value: Any, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(_catalog.load, None, value)
    assert fault.startswith("printnet_extra_components: ")


ODD: list[Any] = [
    *(0, 1.5, True, False, None, "", " ", "x" * 5000, "9" * 5000, "\u0661", "-1", "1-2-3", [], [[]], [None], {}),
    *({"a": {"b": [1]}}, {1: 2}, {None: None}, (1,), b"x", float("nan"), float("inf"), {1, 2}, object(), -(2**70)),
]


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
def test_odd_values_make_faults_and_never_a_traceback(value: Any, faults_of: FaultsOf) -> None:
    calls: list[dict[str, Any]] = [{name: value} for name in ("documents", "extra_components", "extra_flows")]
    calls.append({"extra_components": {"kiosk": {"chosen_by": {"vspa_sessions": value}}}})
    calls += [{"extra_flows": [{**OWN, "source": "vpsx", key: value}]} for key in (*OWN, "documents", "one_of", "note")]
    calls += [
        {"extra_components": {"kiosk": {key: value}}}
        for key in ("title", "short", "presence", "kind_of", "feature", "role", "chosen_by")
    ]
    for call in calls:
        for fault in faults_of(_catalog.load, **call):
            assert "\n" not in fault
            assert len(fault) < 2000
