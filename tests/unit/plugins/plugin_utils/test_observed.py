# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host tells of itself is read whatever it says, and nothing that is judged of it has its control characters."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _certificate
from ansible_collections.printnet.ports.plugins.plugin_utils import _compliance, _observed
from ansible_collections.printnet.ports.plugins.plugin_utils._compliance import Policy
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils import checks
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils._report import hostile
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils.checks import Check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEXTS = st.one_of(st.sampled_from([text for text in hostile.TEXTS if len(text) < 1000]), st.text(max_size=20))
LONE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.sampled_from([10**400, -1, 0, 65536, "any", "515"])
)
JSON = st.recursive(
    LONE, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)), max_leaves=6
)


def change(made: Check, path: int, value: Any) -> None:
    """Puts the value in place of one of the things that s1 and v1 tell, counted through all that they are made of."""
    places: list[tuple[Any, Any]] = []
    waiting: list[Any] = [made.answers["s1"], made.answers["v1"]]
    while waiting:
        one = waiting.pop()
        for key in one if isinstance(one, dict) else range(len(one)):
            places.append((one, key))
            if isinstance(one[key], (dict, list)):
                waiting.append(one[key])
    inside, key = places[path % len(places)]
    inside[key] = value


def told(made: Check) -> list[str]:
    """Every text that a verdict has."""
    policy = Policy(known={})
    judged = _compliance.judge(made.plan, made.pairs, made.facts(), policy)
    found: list[str] = []
    waiting: list[Any] = [*map(_compliance.as_dict, judged.verdicts), *made.seen.values()]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, (list, tuple)):
            waiting += one
        elif isinstance(one, _observed.Seen):
            waiting += [one.why, one.rules_why, one.notes, one.egress, one.system, one.firewalls]
    return found


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_answer_may_be_anything(site: Any, data: st.DataObject) -> None:
    made = checks.check(site)
    made.answers["v1"]["rules"]["foreign"] = [
        {"direction": "in", "transport": "tcp", "ports": ["5501"], "peers": ["any"], "opens": True, "where": "there"}
    ]
    made.answers["v1"]["rules"] |= {"restored": [{"sentence": "s"}], "notes": ["n"], "leftovers": {"ufw": ["l"]}}
    made.answers["v1"]["listeners"].append(checks.listener("tcp", 9000, unit="u"))
    made.probed("s1", "connect", facts={"status": "200", "names": ["n"], "not_after": "", "tls_version": ""})
    for _number in range(data.draw(st.integers(1, 3))):
        change(made, data.draw(st.integers(0, 10**6)), data.draw(JSON))
    for text in told(made):
        assert text.isprintable(), ascii(text)


@settings(max_examples=60)
@given(
    answer=st.dictionaries(st.sampled_from(["rules", "listeners", "probes", "why", "root", "asked", "system"]), JSON)
)
def test_an_answer_of_nothing_but_rubbish_is_read(answer: dict[str, Any]) -> None:
    seen = _observed.read("h", answer)
    assert (seen.host, seen.looked_at) == ("h", True)


@pytest.mark.parametrize("text", [text for text in hostile.TEXTS if text])
def test_a_hostile_text_is_one_short_line_wherever_it_stands(site: Any, text: str) -> None:
    made = checks.check(site)
    here = made.answers["v1"]
    here["listeners"] = [
        checks.listener("tcp", port, "127.0.0.1" if port == 515 else "::", process=text, unit=text)
        for port in (515, 5501, 9000)
    ]
    here["why"] = here["system"] = text
    here["rules"]["notes"] = [text]
    made.foreign("v1", False, "631", "any")
    made.foreign("v1", True, "9000", "any")
    for one in here["rules"]["foreign"]:
        one["where"] = text
    made.probed("s1", "connect tcp/5501", outcome="mismatch", said=text, errno=text, local=text, facts={text: text})
    made.probed("w1", "lpr tcp/515", outcome="refused")
    made.probed("w1", "ipps", facts={"status": text, "tls_error": text, "names": [text]})
    found = told(made)
    assert all(one.isprintable() and len(one) < 2000 for one in found)


@pytest.mark.parametrize(
    ("listener", "read"),
    [
        ({"port": 0}, False),
        ({"port": 65536}, False),
        ({"port": "http"}, False),
        ({"port": float("inf")}, False),
        ({"transport": "sctp"}, False),
        ({"address": "localhost"}, False),
        ({"address": "fe80::1%\x1b[2J"}, True),
        ({"pid": None, "process": None}, True),
    ],
)
def test_what_is_no_listener_is_left_out(listener: dict[str, Any], read: bool) -> None:
    seen = _observed.read("h", {"listeners": [checks.listener("tcp", 515) | listener]})
    assert len(seen.listeners) == read
    assert all(one.address.isprintable() and one.process in ("lrsd", "") for one in seen.listeners)


@pytest.mark.parametrize(
    ("root", "rules", "state", "rules_seen"),
    [
        (True, {"seen": True, "firewalls": []}, _observed.OBSERVED, True),
        (False, {"seen": True, "firewalls": []}, _observed.PARTLY, True),
        (True, {"seen": False, "why": "nft is missing"}, _observed.PARTLY, False),
        (True, {}, _observed.PARTLY, False),
        (True, {"seen": True, "firewalls": [{"name": "ufw", "active": True}] * 2}, _observed.OBSERVED, False),
    ],
)
def test_what_could_not_be_seen_is_said(root: bool, rules: dict[str, Any], state: str, rules_seen: bool) -> None:
    seen = _observed.read("h", {"root": root, "rules": rules})
    assert (seen.state, seen.rules_seen) == (state, rules_seen)
    assert bool(seen.rules_why) == (rules.get("seen") is not True)


def test_a_firewall_that_is_switched_on_for_the_next_boot_is_meant() -> None:
    firewalls = [{"name": "ufw", "active": False, "starts_at_boot": True}]
    assert _observed.read("h", {"rules": {"seen": True, "firewalls": firewalls}}).meant
    left = {"seen": True, "firewalls": [], "leftovers": {"ufw": ["a", "b"]}}
    seen = _observed.read("h", {"rules": left})
    assert seen.meant
    assert seen.notes == ("ufw is not active, and has rules of ours: 2 lines.",)
    assert not _observed.read("h", {"rules": {"seen": True, "firewalls": []}}).meant


def test_all_names_of_a_certificate_are_kept() -> None:
    most = _certificate.MOST_NAMES
    names = [f"{number}.example" for number in range(most + 10)]
    assert _observed.probe({"facts": {"names": names}}).facts["names"] == names[:most]
