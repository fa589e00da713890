# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the language of iptables-save and iptables-restore: one line to what it means, and a rule to lines. Pure.

What a line means is read as far as it is about tcp or udp ports and one network; anything else is not understood, and
never guessed. Lines may be hostile, or written by hand: reading one never fails.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from ansible_collections.printnet.ports.plugins.module_utils import _only, _rules
from ansible_collections.printnet.ports.plugins.module_utils._only import Only

EVERY_PORT: tuple[_rules.Span, ...] = ((1, 65535),)
DENIES = ("DROP", "REJECT")
LOGS = ("LOG", "NFLOG", "ULOG", "")
"""Targets after which a packet goes on to the next rule; the empty one only counts."""
MULTIPORT = 15
"""As many ports fit into one match; a range counts two. Source: iptables-extensions(8)."""

_ANY = {4: "0.0.0.0/0", 6: "::/0"}
_COUNTERS = re.compile(r"\[[0-9]+:[0-9]+\] ?")
_SIMPLE = re.compile(r"-A (\S+) -([sd]) ([0-9a-f.:]+/[0-9]+) -j (ACCEPT|DROP|RETURN)\Z")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HOST4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}/32\Z")
_PORTS = re.compile(r"([0-9]{0,5})(?::([0-9]{0,5}))?\Z")
_PARTS4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}\Z")
_GLUED = re.compile(r"(-[AgjmpsdioDIc])([^-=].*)\Z", re.DOTALL)
_SIMPLE_WORDS = re.compile(r"[A-Za-z0-9_-]+\Z")
_PROTOCOLS = {"6": "tcp", "17": "udp", "all": "", "0": ""}
_SHORT = {
    "--append": "-A",
    "--jump": "-j",
    "--goto": "-g",
    "--protocol": "-p",
    "--proto": "-p",
    "--source": "-s",
    "--src": "-s",
    "--destination": "-d",
    "--dst": "-d",
    "--match": "-m",
    "--set-counters": "-c",
    "--destination-port": "--dport",
    "--source-port": "--sport",
    "--destination-ports": "--dports",
    "--source-ports": "--sports",
    "--state": "--ctstate",
    "--in-interface": "-i",
    "--out-interface": "-o",
}
# What says how a target does its work, and not which packets it gets.
_OF_TARGETS = frozenset(
    "--reject-with --log-prefix --log-level --nflog-prefix --nflog-group --nflog-range --nflog-size --nflog-threshold "
    "--ulog-prefix --ulog-nlgroup --ulog-cprange --ulog-qthreshold".split()
)
_LOG_FLAGS = frozenset("--log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode".split())
# A log that is not written each time is no condition of what happens to the packet.
_LIMITS = frozenset("--limit --limit-burst".split())
_HARMLESS = frozenset("tcp udp multiport comment conntrack state limit".split())


class Line(NamedTuple):
    """One rule of a chain.

    ``rule`` is what it matches: peers is one network, the family's whole range where it names none; ports are all
    where it names none; transport is empty where it names no protocol. It is None where a match is not understood, or
    the protocol is neither tcp nor udp. ``plain``: it has no match at all but the protocol and comments, and what holds
    for each connection that comes from elsewhere. ``limited``: it is for some of the packets only, by their rate, and
    does not only log. ``goto``: what comes to the end of its target goes on where this chain was called.

    A rule for some interfaces or for one address of this host has no ``rule``: ``about`` is it without that, and
    ``only`` what it asks besides.
    """

    chain: str
    target: str
    comment: str
    rule: _rules.Rule | None
    plain: bool
    text: str
    protocol: str = ""
    limited: bool = False
    goto: bool = False
    about: _rules.Rule | None = None
    only: Only = _only.ALWAYS

    def denies(self) -> bool:
        return self.target in DENIES

    def logs(self) -> bool:
        return self.target in LOGS


def read(text: str, version: int, direction: str) -> Line:
    """The meaning of one line ``-A CHAIN …``; the chain is empty where it is no such line."""
    text = text.strip()
    simple = _SIMPLE.match(text)
    if simple and (simple[2] == "s") == (direction == "in") and not simple[3].endswith("/0"):
        peer = network(simple[3], version)
        rule = _rules.Rule(direction, "", EVERY_PORT, (peer,)) if peer else None
        return Line(simple[1], simple[4], "", rule, False, text)
    return _Reader(text, version, direction).line()


class _Reader:
    """Goes through a line's words."""

    def __init__(self, text: str, version: int, direction: str) -> None:
        self.text, self.version, self.direction = text, version, direction
        self.chain = self.target = self.comment = self.protocol = ""
        self.peer = _ANY[version]
        self.spans: dict[str, tuple[_rules.Span, ...]] = {}
        self.understood = self.plain = True
        self.limited = self.goto = False
        self.only = _only.ALWAYS

    def line(self) -> Line:
        counters = _COUNTERS.match(self.text)
        found = words(self.text[counters.end() :] if counters else self.text)
        at, negated = 0, False
        while at < len(found):
            word, quoted = found[at]
            at += 1
            if not quoted:
                word, value = _glued(word)
                found[at:at] = [(value, True)] if value is not None else []
            name = word if quoted else _SHORT.get(word, word)
            if name == "!" and not quoted:
                negated = True
                continue
            if quoted or not name.startswith("-"):
                # A value of something unknown, which has been noticed already.
                self._unknown()
                continue
            value = found[at][0] if at < len(found) else ""
            if name in _LOG_FLAGS:
                continue
            if name == "-c" or (name == "--tcp-flags" and not negated and _begins(found[at : at + 2])):
                self.plain = self.plain and name == "-c"
                at += 2
            elif self._take(name, value, negated):
                at += 1
            negated = False
        limited = self.limited and self.target not in LOGS
        if limited:
            self.understood = False
            self.plain = self.plain and self.target in DENIES
        about = self._rule()
        rule, about = (None, about) if self.only else (about, None)
        return Line(
            self.chain,
            self.target,
            self.comment,
            rule,
            self.plain,
            self.text,
            self.protocol,
            limited,
            self.goto,
            about,
            self.only,
        )

    def _unknown(self) -> None:
        self.understood = self.plain = False

    def _take(self, name: str, value: str, negated: bool) -> bool:
        """Take an option in; whether its value is used up."""
        if name == "-A":
            self.chain = value
        elif name in ("-j", "-g"):
            self.target = value
            self.goto = name == "-g"
        elif name == "--comment":
            self.comment = value
        elif name in _OF_TARGETS:
            pass
        elif negated:
            return self._other_than(name, value)
        elif name == "-p":
            self.protocol = _PROTOCOLS.get(value.lower(), value.lower())
        elif name == "-m":
            if value not in _HARMLESS:
                self._unknown()
        elif name in _LIMITS:
            self.limited = True
        else:
            return self._match(name, value)
        return True

    def _other_than(self, name: str, value: str) -> bool:
        if name in ("-i", "-o") and value == "lo":
            # What comes from elsewhere, or goes there, does not come by this one.
            return True
        if name == self._interface():
            self._besides(_only.by_interfaces([value], negated=True))
            return True
        self._unknown()
        return False

    def _interface(self) -> str:
        """The option that names the interface of the other end."""
        return "-i" if self.direction == "in" else "-o"

    def _besides(self, more: Only | None) -> None:
        """Note what is asked besides; where that is not known, or nobody's, the line is not understood."""
        both = None if more is None else self.only.both(more)
        if both is None:
            self._unknown()
        elif both:
            self.only, self.plain = both, False

    def _match(self, name: str, value: str) -> bool:
        if name in ("-s", "-d") and network(value, self.version) == _ANY[self.version]:
            return True
        if name == "--ctstate" and "NEW" in value.split(","):
            # Whatever else it lets through: every connection begins so.
            return True
        self.plain = False
        if name in ("-s", "-d"):
            there = network(value, self.version)
            if there is None:
                self._unknown()
            elif (name == "-s") == (self.direction == "in"):
                self.peer = there
            else:
                self._besides(_only.at(there))
        elif name == self._interface():
            self._besides(_only.by_interfaces([value], negated=False))
        elif name in ("--dport", "--dports", "--sport", "--sports"):
            spans = ports(value)
            side = name[2]
            # A second match of the same side would be an intersection.
            self.understood = self.understood and bool(spans) and side not in self.spans
            self.spans[side] = spans
        elif name == "--ctstate":
            self._unknown()
        else:
            self._unknown()
            return False
        return True

    def _rule(self) -> _rules.Rule | None:
        if not self.understood or self.protocol not in ("tcp", "udp", ""):
            return None
        source = self.spans.get("s", ())
        return _rules.Rule(
            self.direction,
            self.protocol,
            self.spans.get("d", EVERY_PORT),
            (self.peer,),
            () if source == EVERY_PORT else source,
        )


def _glued(word: str) -> tuple[str, str | None]:
    """An option and the value that is written together with it, as ``--jump=DROP`` and ``-jDROP``; None without one."""
    name, mark, value = word.partition("=")
    if mark and name.startswith("--"):
        return name, value
    match = _GLUED.match(word)
    return (match[1], match[2]) if match else (word, None)


def _begins(flags: list[tuple[str, bool]]) -> bool:
    """Whether these TCP flags are those of a packet that begins a connection: ``--syn``."""
    return [word for word, _quoted in flags] == ["FIN,SYN,RST,ACK", "SYN"]


def words(text: str) -> list[tuple[str, bool]]:
    """A line's words, and whether each was quoted, as iptables-restore itself takes them apart.

    Only the double quote quotes, and a backslash counts only inside. A quote that is left open ends with the line.
    """
    if '"' not in text:
        return [(word, False) for word in text.split()]
    found: list[tuple[str, bool]] = []
    word: list[str] = []
    inside = escaped = quoted = False
    for character in text:
        if inside and (escaped or character not in '"\\'):
            word.append(character)
            escaped = False
        elif inside and character == "\\":
            escaped = True
        elif character == '"' and not inside:
            inside = quoted = True
        elif character == '"' or character in " \t\r\n":
            if word or quoted:
                found.append(("".join(word), quoted))
            word, inside, quoted = [], False, False
        else:
            word.append(character)
    if word or quoted:
        found.append(("".join(word), quoted))
    return found


def quote(text: str) -> str:
    """A word as iptables-save prints it; ``words`` gives it back. Line ends become spaces."""
    text = re.sub(r"[\r\n\0]", " ", text)
    return text if _SIMPLE_WORDS.match(text) else '"' + re.sub(r"([\\\"'])", r"\\\1", text) + '"'


@lru_cache(maxsize=1 << 16)
def network(text: str, version: int) -> str | None:
    """A network in its one spelling, None where it is none of this family (a name, a mask with holes)."""
    if version == 4 and _HOST4.match(text):
        return text
    address, slash, mask = text.partition("/")
    if version == 4 and slash and _PARTS4.match(address):
        # As iptables reads it: 10/8, 0/0.
        text = f"{address}{'.0' * (3 - address.count('.'))}/{mask}"
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return str(found) if found.version == version else None


def ports(text: str) -> tuple[_rules.Span, ...]:
    """The ports of ``--dport``, ``--dports`` and their like, joined; none where something there is no number."""
    spans: list[_rules.Span] = []
    for part in text.split(","):
        match = _PORTS.match(part)
        if match is None or not part:
            return ()
        first = int(match[1] or 0)
        last = first if match[2] is None else int(match[2] or 65535)
        if not 0 <= first <= last <= 65535 or last == 0:
            return ()
        spans.append((max(first, 1), last))
    return _rules.join(spans)


def accepts(rule: _rules.Rule, version: int, chain: str, networks_chain: str | None = None) -> list[str]:
    """The lines ``-A CHAIN …`` that accept what a canonical rule allows to this family, spelt as iptables-save does.

    With ``networks_chain`` they go to that chain, which looks at the networks; without, there is one for each network.
    No lines where the rule has no network of the family.
    """
    matches = [
        f"-p {rule.transport}{_ports_match(rule.transport, source, span)}"
        for source in _fitting(rule.source_ports)
        for span in _fitting(rule.ports)
    ]
    if networks_chain:
        return [f"-A {chain} {match} -j {networks_chain}" for match in matches] if peers(rule, version) else []
    option = "-s" if rule.direction == "in" else "-d"
    sides = ["" if peer == _ANY[version] else f"{option} {peer} " for peer in peers(rule, version)]
    return [f"-A {chain} {side}{match} -j ACCEPT" for side in sides for match in matches]


def peers(rule: _rules.Rule, version: int) -> tuple[str, ...]:
    """The rule's networks of one family."""
    return tuple(peer for peer in rule.peers if (":" in peer) == (version == 6))


def _ports_match(transport: str, source: tuple[_rules.Span, ...], span: tuple[_rules.Span, ...]) -> str:
    """One port of a side stands in the transport's own match, more in one of multiport."""
    both = [("--s", source), ("--d", span)]
    single = "".join(f" {side}port {_text(some[0])}" for side, some in both if len(some) == 1)
    many = "".join(f" -m multiport {side}ports {','.join(map(_text, some))}" for side, some in both if len(some) > 1)
    return (f" -m {transport}{single}" if single else "") + many


def _text(span: _rules.Span) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}:{span[1]}"


def _fitting(spans: Iterable[_rules.Span]) -> list[tuple[_rules.Span, ...]]:
    """The spans in portions that fit into one match each; one empty portion where there are none."""
    found: list[list[_rules.Span]] = [[]]
    room = MULTIPORT
    for span in spans:
        size = 1 if span[0] == span[1] else 2
        if size > room:
            found.append([])
            room = MULTIPORT
        found[-1].append(span)
        room -= size
    return [tuple(portion) for portion in found]
