# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a report as its forms read it: texts made harmless in length and encoding, verdicts worst first. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from ansible_collections.printnet.ports.plugins.plugin_utils import _render
from ansible_collections.printnet.ports.plugins.plugin_utils._report import _shape

Verdict = Mapping[str, Any]
KINDS = ("fault", "warning", "information", "accepted", "ok")
"""What a verdict is to a reader, worst first: its severity, but an accepted one is a kind of its own."""
UNPROVEN = ("NOT_TESTED", "UNREACHABLE", "UDP_UNVERIFIABLE")
"""Neither right nor wrong: nobody could see it."""
LONGEST = 2000
"""Characters of one text; what is cut says so."""
_SURROGATES = re.compile("[\ud800-\udfff]")


def tidy(value: Any) -> Any:
    """The same plain values, with texts that any encoding can hold and that end somewhere."""
    if isinstance(value, str):
        if len(value) > LONGEST:
            value = f"{value[:LONGEST]} ... ({len(value) - LONGEST} characters more)"
        return value if value.isascii() else _SURROGATES.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {tidy(str(key)): tidy(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [tidy(one) for one in value]
    return value


def is_finding(verdict: Verdict) -> bool:
    """Whether it is something to know of: all but what is right and what somebody accepted."""
    return verdict["code"] not in ("OK", "ACCEPTED")


def kind(verdict: Verdict) -> str:
    """One of KINDS."""
    return "accepted" if verdict["code"] == "ACCEPTED" else str(verdict["severity"])


def party(end: Mapping[str, str]) -> str:
    """An end in few words: its host, or its component and address."""
    if end["host"]:
        return end["host"]
    return " ".join(part for part in (end["component"], end["address"]) if part)


def ends(verdict: Verdict, arrow: str = "->") -> str:
    """``ws1 -> vpsx1``, or the one end that there is."""
    return f" {arrow} ".join(word for word in (party(verdict["source"]), party(verdict["destination"])) if word)


def port(verdict: Verdict) -> str:
    """``tcp/515``, ``udp/162 from port 161``, or nothing where it is about no port."""
    text = "/".join(word for word in (verdict["transport"], verdict["port"]) if word)
    source = verdict.get("source_port")
    return f"{text} from port {source}" if source else text


def number(count: int, word: str = "") -> str:
    """``1 fault``, ``5,012 flows``; words that are the same for many stay so."""
    text = f"{count:,}"
    if not word:
        return text
    return f"{text} {word}" if count == 1 or word in ("information", "OK", "accepted") else f"{text} {word}s"


@dataclass(frozen=True)
class View:
    """A tidy report, and what several forms need of it. Make it by ``View.of``."""

    raw: Mapping[str, Any]

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> View:
        """Tidies a report in the form of the contract; ``_shape.faults`` says whether it is one."""
        return cls(tidy(report))

    @property
    def run(self) -> Mapping[str, Any]:
        run: Mapping[str, Any] = self.raw["run"]
        return run

    @cached_property
    def verdicts(self) -> Sequence[Verdict]:
        """All of them, worst first; within a kind in the order of the codes' table and of the report."""
        order = {code: place for place, code in enumerate(self.raw["codes"])}
        some: list[Verdict] = self.raw["verdicts"]
        return sorted(some, key=lambda one: (KINDS.index(kind(one)), order.get(one["code"], len(order))))

    @cached_property
    def findings(self) -> Sequence[Verdict]:
        return [verdict for verdict in self.verdicts if is_finding(verdict)]

    @cached_property
    def by_id(self) -> Mapping[str, Verdict]:
        return {verdict["id"]: verdict for verdict in self.verdicts}

    @cached_property
    def kinds(self) -> Mapping[str, int]:
        """How many there are of each of KINDS."""
        counts = dict.fromkeys(KINDS, 0)
        for verdict in self.verdicts:
            counts[kind(verdict)] += 1
        return counts

    @property
    def hosts(self) -> Sequence[Mapping[str, Any]]:
        hosts: Sequence[Mapping[str, Any]] = self.raw["coverage"]["hosts"]
        return hosts

    @cached_property
    def unseen(self) -> Sequence[Mapping[str, Any]]:
        """The hosts that were not looked at, or not at everything."""
        return [host for host in self.hosts if host["state"] != "observed"]

    def meaning(self, code: str) -> str:
        return str(self.raw["codes"].get(code, {}).get("meaning", ""))

    def flow(self, verdict: Verdict) -> Mapping[str, Any]:
        """The flow of a verdict, empty where it is about none."""
        flow: Mapping[str, Any] = self.raw["flows"].get(verdict["flow"], {})
        return flow

    def component(self, name: str) -> str:
        return str(self.raw["components"].get(name, {}).get("title") or name)

    def places(self, flow: Mapping[str, Any]) -> str:
        """The lines of the documents that ask for a flow, the documents by their title."""
        titles = {name: one["title"] or name for name, one in self.raw["documents"].items()}
        return _render.places(
            [
                {**place, "document": titles.get(place["document"], place["document"])}
                for place in flow.get("documents", ())
            ]
        )

    def headline(self) -> str:
        """Compliant or not, in one sentence."""
        failing = self.failing
        checked = number(len(self.verdicts), "check")
        unproven = sum(verdict["code"] in UNPROVEN for verdict in self.verdicts)
        if unproven:
            checked += f", {unproven:,} of which could not be proven either way"
        if self.raw["compliant"]:
            return f"Compliant: no finding fails this run, of {checked}."
        words = "finding fails" if len(failing) == 1 else "findings fail"
        return f"Not compliant: {len(failing):,} {words} this run, of {checked}."

    @cached_property
    def failing(self) -> Sequence[Verdict]:
        """The verdicts that fail the run."""
        fail_on, codes = set(self.raw["policy"]["fail_on"]), self.raw["codes"]
        return [verdict for verdict in self.verdicts if _shape.fails(verdict, fail_on, codes)]

    @cached_property
    def idle(self) -> Sequence[Mapping[str, str]]:
        """What the policy accepts and no finding needed: its day is over, or nothing of the kind was found."""
        used = [verdict for verdict in self.verdicts if verdict["accepted"]]
        return [one for one in self.raw["policy"]["accepted"] if not any(_took(verdict, one) for verdict in used)]

    def when(self) -> str:
        """``2026-11-21 22:05 to 22:06 UTC``."""
        began, ended = (str(self.run[name]).replace("T", " ").removesuffix("Z") for name in ("started", "ended"))
        if began[:10] == ended[:10]:
            ended = ended[11:]
        return f"{began} to {ended} UTC"


def _took(verdict: Verdict, entry: Mapping[str, str]) -> bool:
    """Whether the verdict was accepted by this entry of the policy."""
    return (
        all(verdict["accepted"][name] == entry[name] for name in ("code", "reason", "approver", "until"))
        and fnmatchcase(verdict["flow"], entry["flow"] or "*")
        and all(
            any(fnmatchcase(verdict[end][name], entry[end] or "*") for name in ("host", "component", "address"))
            for end in ("source", "destination")
        )
    )


def in_words(state: str) -> str:
    """A host's state as a reader says it."""
    return {
        "observed": "looked at",
        "partly": "looked at in part",
        "unreachable": "could not be reached",
        "failed": "failed",
        "limited_out": "left out by the limit of the run",
        "not_managed": "not managed by Ansible",
    }.get(state, state)


def listed(words: Iterable[str], most: int) -> str:
    """Words one after the other, and how many more there are."""
    some = list(words)
    more = f" and {len(some) - most:,} more" if len(some) > most else ""
    return f"{', '.join(some[:most])}{more}"
