# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a connection came to, in words; and certificates that clients refuse."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.module_utils import _certificate
from ansible_collections.printnet.ports.plugins.plugin_utils import _probe_words as words
from ansible_collections.printnet.ports.plugins.plugin_utils import _reasons
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Probe
from ansible_collections.printnet.ports.tests.unit.plugins.plugin_utils import checks

OUTCOMES = (
    *("answered", "connected", "silent", "mismatch", "refused", "prohibited", "unanswered", "timeout", "no_route"),
    "not_tried",
)
START = "s1 (192.0.2.9)"
WHERE = "tcp 5501 of 192.0.2.1"


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_has_a_sentence_and_a_code(site: Any, outcome: str) -> None:
    pair = checks.pair_of(checks.check(site))
    told = words.sentence(pair, Probe(outcome))
    assert "not understood" not in told
    assert "s1" in told
    assert WHERE in told
    assert outcome in words.PASSED or words.FAILED[outcome] in _reasons.CODES


@pytest.mark.parametrize(
    ("probe", "told"),
    [
        (Probe("connected", ms=1.26, local="192.0.2.9"), f"{START} connected to {WHERE} after 1.3 ms."),
        (Probe("timeout", ms=3000.0), f"s1 tried {WHERE}, and nothing came back after 3000.0 ms."),
        (Probe("refused", "ECONNREFUSED"), f"s1 was refused at {WHERE} (ECONNREFUSED)."),
        (Probe("no_route", "EPERM", said="x"), f"s1 could not send to {WHERE} (EPERM): x."),
        (
            Probe("mismatch", said="SSH-2.0"),
            f"s1 reached {WHERE}, and what listens there does not speak CONNECT: SSH-2.0.",
        ),
        (
            Probe("answered", facts={"status": 200, "not_after": "2027-01-01T00:00:00Z", "other": "x"}),
            f"s1 asked {WHERE} and got the answer of CONNECT: status 200; not after 2027-01-01T00:00:00Z.",
        ),
        (Probe("{start}", said="{said}"), f"s1 told nothing that is understood of {WHERE}."),
        (Probe("refused", "{where}"), f"s1 was refused at {WHERE} ({{where}})."),
    ],
)
def test_what_came_of_it_in_words(site: Any, probe: Probe, told: str) -> None:
    assert words.sentence(checks.pair_of(checks.check(site)), probe) == told


@pytest.mark.parametrize(
    ("held", "names", "fits"),
    [
        (["v1.example"], ["v1.example"], True),
        (["V1.Example"], ["v1.eXample"], True),
        (["*.example"], ["v1.example"], True),
        (["*.example"], ["v1.dc.example"], False),
        (["*.example"], ["example"], False),
        (["*"], ["v1"], False),
        (["v?.example"], ["v1.example"], False),
        (["other", "192.0.2.1"], ["v1", "192.0.2.1"], True),
        ([], ["v1"], False),
        ([""], [""], False),
    ],
)
def test_a_certificate_is_for_its_names(site: Any, held: list[str], names: list[str], fits: bool) -> None:
    pair = checks.pair_of(checks.check(site))
    found = words.causes(pair, Probe("answered", facts={"names": held}), checks.NOW, names)
    assert bool(found) != fits


def test_a_certificate_with_more_names_than_are_read_accuses_nobody(site: Any) -> None:
    pair = checks.pair_of(checks.check(site))
    names = [f"h{number}.example" for number in range(_certificate.MOST_NAMES)]
    assert words.causes(pair, Probe("answered", facts={"names": names}), checks.NOW, ["v1"]) == []
    (cause,) = words.causes(pair, Probe("answered", facts={"names": names[:-1]}), checks.NOW, ["v1"])
    assert cause.code == "TLS_INVALID"


@pytest.mark.parametrize(
    "error", ["STARTTLS is not offered", "STARTTLS was answered with 454", "no handshake followed STARTTLS"]
)
def test_a_mail_server_without_tls_needs_no_certificate(site: Any, error: str) -> None:
    pair = checks.pair_of(checks.check(site))
    probe = Probe("answered", facts={"greeting": 220, "tls_error": error})
    (cause,) = words.causes(pair, probe, checks.NOW, ["v1"])
    assert (cause.code, cause.evidence) == ("TLS_INVALID", f"v1, tcp 5501: It speaks no TLS: {error}.")
    assert cause.advice == "Make the mail server on v1 offer STARTTLS on tcp 5501, or set the port where it does."
    assert words.sentence(pair, probe) == f"s1 asked {WHERE} and got the answer of a mail server, and no TLS: {error}."


@pytest.mark.parametrize("value", ["", "yesterday", "2026-13-01T00:00:00Z", None, 5, ["x"]])
def test_a_time_that_is_none_accuses_nobody(site: Any, value: Any) -> None:
    pair = checks.pair_of(checks.check(site))
    facts = {"not_after": value, "not_before": value, "tls_version": value, "names": value}
    assert words.causes(pair, Probe("answered", facts=facts), checks.NOW, None) == []


def test_a_certificate_holds_until_its_last_second(site: Any) -> None:
    pair = checks.pair_of(checks.check(site))
    probe = Probe("answered", facts={"not_after": "2026-11-21T22:05:38Z", "not_before": "2026-11-21T22:05:38Z"})
    assert words.causes(pair, probe, checks.NOW, None) == []
