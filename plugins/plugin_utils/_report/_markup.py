# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: HTML and SVG elements, in which a text is always a text: only what was made here is markup. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterable

from ansible_collections.printnet.ports.plugins.plugin_utils._render import plain

_EMPTY = frozenset({"br", "col", "path", "rect", "circle"})
"""Elements without content."""


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | None | Iterable[str | None]


def escaped(text: object) -> Markup:
    """A text as markup: on one line, nothing in it is syntax."""
    return Markup(html.escape(plain(text), quote=True))


def joined(children: Iterable[Child], between: str = "") -> Markup:
    """Children one after the other; strings that are no markup are escaped."""
    return Markup(between.join(_child(child) for child in children))


def element(name: str, *children: Child, **attributes: object) -> Markup:
    """One element. ``cls`` is its class, ``data_x`` stands for data-x; attributes that are None are left out."""
    told = "".join(f' {_name(key)}="{escaped(value)}"' for key, value in attributes.items() if value is not None)
    if name in _EMPTY and not children:
        return Markup(f"<{name}{told}/>")
    return Markup(f"<{name}{told}>{joined(children)}</{name}>")


def _name(key: str) -> str:
    return {"cls": "class", "viewbox": "viewBox", "for_": "for"}.get(key, key.replace("_", "-"))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return escaped(child)
    return joined(child)
