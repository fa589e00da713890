# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: what an administrator would type to change a policy of firewalld. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.printnet.ports.plugins.module_utils._firewalls._rich import Raw


def commands(name: str, now: Raw, aim: Raw) -> list[str]:
    """The commands that make of a policy with its sets another one."""
    here, there = now.entries(), aim.entries()
    some, others = now.rich or frozenset(), aim.rich or frozenset()
    made = [f"firewall-cmd --permanent --new-policy={name}"] if now.rich is None and aim.rich is not None else []
    gone = [f"firewall-cmd --permanent --delete-policy={name}"] if now.rich is not None and aim.rich is None else []
    return [
        *made,
        *(f"firewall-cmd --permanent --new-ipset={one} --type=hash:net" for one in sorted(there.keys() - here.keys())),
        *_entries("add", there, here),
        *(f"firewall-cmd --policy={name} --add-rich-rule='{text}'" for text in sorted(others - some)),
        *(f"firewall-cmd --policy={name} --remove-rich-rule='{text}'" for text in sorted(some - others)),
        *_entries("remove", here, there),
        *gone,
    ]


def _entries(verb: str, these: Mapping[str, frozenset[str]], those: Mapping[str, frozenset[str]]) -> list[str]:
    return [
        f"firewall-cmd --ipset={one} --{verb}-entry={entry}"
        for one in sorted(these)
        for entry in sorted(these[one] - those.get(one, frozenset()))
    ]
