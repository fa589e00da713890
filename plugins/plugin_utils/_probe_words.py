# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what the outcome of a connection says, in words and in codes. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from ansible_collections.printnet.ports.plugins.module_utils import _certificate
from ansible_collections.printnet.ports.plugins.module_utils._protocols import mail, tls
from ansible_collections.printnet.ports.plugins.module_utils._rules import span_text
from ansible_collections.printnet.ports.plugins.plugin_utils import _probe_plan
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import listed
from ansible_collections.printnet.ports.plugins.plugin_utils._observed import Probe
from ansible_collections.printnet.ports.plugins.plugin_utils._pairs import Pair
from ansible_collections.printnet.ports.plugins.plugin_utils._reasons import Cause

WORKS = ("answered", "connected")
"""It works."""
PASSED = (*WORKS, "silent", "mismatch")
"""What was sent arrived."""
FAILED = {
    "mismatch": "WRONG_PROCESS",
    "refused": "REFUSED",
    "prohibited": "PATH_BLOCKED",
    "unanswered": "UDP_UNVERIFIABLE",
    "timeout": "PATH_BLOCKED",
    "no_route": "PATH_BLOCKED",
    "not_tried": "NOT_TESTED",
}
"""The code where no other cause is known."""
_UNPROVEN = ("unrecognized name", tls.WANTS_CERTIFICATE, tls.NOT_FINISHED)
"""Why a handshake fails with a service that is well: it serves only whoever knows its name, or has a certificate."""
_MOST_NAMES = 5
_OLD = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1")
_SHOWN = ("description", "status", "printer_state", "state", "code", "rcode", "tls_version", "not_after")


_SENTENCES = {
    "answered": "{start} asked {where} and got the answer of {spoken}{took}{told}.",
    "connected": "{start} connected to {where}{took}.",
    "silent": (
        "{start} connected to {where}, and what listens there did not answer as {spoken} does{told}. The port is open, "
        "and whether the service works is not known."
    ),
    "unproven": (
        "{start} connected to {where}, which speaks TLS, and the handshake came to no end: {error}. The port is open, "
        "and whether the service works is not known."
    ),
    "plain": "{start} asked {where} and got the answer of a mail server, and no TLS: {error}.",
    "mismatch": "{start} reached {where}{took}, and what listens there does not speak {spoken}{said}.",
    "refused": "{start} was refused at {where}{took}{number}.",
    "prohibited": "On the way from {start} to {where} something said that it may not pass{took}{number}.",
    "unanswered": "{start} asked {where}, and nothing came back, which with UDP says nothing.",
    "timeout": "{start} tried {where}, and nothing came back{took}.",
    "no_route": "{start} could not send to {where}{number}{said}.",
    "not_tried": "{start} did not try {where}{number}{said}.",
}


def sentence(pair: Pair, probe: Probe, by: str = "") -> str:
    """What came of it: from where, how long, and what was said. ``by`` is who tried, where it is not the source."""
    known = "; ".join(f"{name.replace('_', ' ')} {probe.facts[name]}" for name in _SHOWN if probe.facts.get(name))
    names = {
        "start": f"{by or pair.source.name}{f' ({probe.local})' if probe.local else ''}",
        "where": f"{pair.flow.transport} {span_text(pair.port)} of {pair.address}",
        "took": f" after {probe.ms:.1f} ms" if probe.ms is not None else "",
        "spoken": _probe_plan.protocol_of(pair.flow.application, pair.flow.transport).upper(),
        "told": f": {known}" if known else "",
        "said": f": {probe.said}" if probe.said else "",
        "number": f" ({probe.errno})" if probe.errno else "",
        "error": str(probe.facts.get("tls_error", "")),
    }
    outcome = "unproven" if is_unproven(probe) else "plain" if _is_plain(probe) else probe.outcome
    text = _SENTENCES.get(outcome, "{start} told nothing that is understood of {where}.")
    return text.format_map(names)


def is_unproven(probe: Probe) -> bool:
    """Whether TLS is spoken, and not with whoever comes along."""
    error = str(probe.facts.get("tls_error", ""))
    return probe.outcome == "answered" and any(text in error for text in _UNPROVEN)


def _is_plain(probe: Probe) -> bool:
    """Whether it is a mail server that speaks no TLS, though it was asked to."""
    return probe.outcome == "answered" and mail.BEFORE_TLS in str(probe.facts.get("tls_error", ""))


def causes(pair: Pair, probe: Probe, now: datetime, names: Iterable[str] | None) -> list[Cause]:
    """What is wrong with what answered: another protocol, or TLS that clients may refuse.

    With ``names`` the certificate has to be for one of them.
    """
    at = pair.destination.host
    if probe.outcome == "mismatch":
        return [Cause("WRONG_PROCESS", "", at)]
    port = f"{pair.flow.transport} {span_text(pair.port)}"
    where = f"{pair.destination.name}, {port}"
    if _is_plain(probe):
        told = f"{where}: It speaks no TLS: {probe.facts['tls_error']}."
        advice = (
            f"Make the mail server on {pair.destination.name} offer STARTTLS on {port}, or set the port where it does."
        )
        return [Cause("TLS_INVALID", told, at, advice)]
    wrong = list(_tls_faults(probe, now, names))
    return [Cause("TLS_INVALID", f"{where}: {' '.join(wrong)}", at)] if wrong else []


def _tls_faults(probe: Probe, now: datetime, names: Iterable[str] | None) -> Iterable[str]:
    facts = probe.facts
    if facts.get("tls_error") and not is_unproven(probe):
        yield f"TLS is spoken, and the handshake failed: {facts['tls_error']}."
    if facts.get("tls_version") in _OLD:
        yield f"It speaks {facts['tls_version']}, which is too old."
    ends, begins = (_time(facts.get(name)) for name in ("not_after", "not_before"))
    if ends and ends < now:
        yield f"Its certificate ended on {ends:%Y-%m-%d %H:%M} UTC."
    if begins and begins > now:
        yield f"Its certificate begins on {begins:%Y-%m-%d %H:%M} UTC only."
    held = facts.get("names")
    # Of a certificate with more names than are read, nobody knows the rest.
    if names is not None and isinstance(held, list) and len(held) < _certificate.MOST_NAMES:
        names = list(names)
        if not any(_is_for(one.lower(), name.lower()) for name in names if name for one in held):
            yield f"Its certificate is for {listed(held, _MOST_NAMES) or 'no name'}, not for {' or '.join(names)}."


def _is_for(held: str, name: str) -> bool:
    """Whether a name of a certificate is the name; ``*.`` stands for one word in front of the first dot."""
    return held == name or (held.startswith("*.") and "." in name and held[2:] == name.partition(".")[2])


def _time(value: object) -> datetime | None:
    try:
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
