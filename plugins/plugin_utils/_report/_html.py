# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: a report as one page that needs nothing beside itself: no request, no library, no place for data to be code.

Pure, but for its own parts (page.html, page.css, page.js), which are read from this folder.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ansible_collections.printnet.ports.plugins.plugin_utils._report import _page_parts, _picture
from ansible_collections.printnet.ports.plugins.plugin_utils._report._markup import Markup, element, escaped, joined
from ansible_collections.printnet.ports.plugins.plugin_utils._report._page_data import page_data
from ansible_collections.printnet.ports.plugins.plugin_utils._report._view import View

_FOLDER = Path(__file__).parent
_PLACE = re.compile(r"\{\{ (\w+) \}\}")
# The first comment of a part is its licence; it stands once in the page.
_NOTICE = re.compile(r"\A\s*(?:/\*.*?\*/|<!--.*?-->)\s*", re.DOTALL)
_EARLY = 'document.documentElement.className = "js";'


def to_html(view: View) -> str:
    """The page. Its policy lets in the program and the style that stand in it, by their sums, and nothing else."""
    style, program = _part("page.css"), _part("page.js")
    sections = [(name, title, write(view)) for name, title, write in _page_parts.SECTIONS]
    sections = [(name, title, content) for name, title, content in sections if content]
    picture = _picture.picture(view)
    links = [("summary", "Summary"), ("matrix", "Matrix"), ("findings", "Findings")]
    links += [("estate", "Picture")] if picture else []
    links += [(name, title) for name, title, _content in sections]
    parts: Mapping[str, str] = {
        "policy": f"default-src 'none'; img-src data:; style-src {_sum(style)}; "
        f"script-src {_sum(_EARLY)} {_sum(program)}; base-uri 'none'; form-action 'none'",
        "title": escaped(f"{view.headline().partition(':')[0]} \u2013 {view.run['title'] or view.run['id']}"),
        "style": style,
        "early": _EARLY,
        "banner": _page_parts.banner(view),
        "links": joined(element("a", title, href=f"#{name}") for name, title in links),
        "summary": _page_parts.summary(view),
        "matrix": _page_parts.matrix(view),
        "printed": _page_parts.printed(view),
        "estate": _section("estate", "Picture of the estate", picture) if picture else Markup(),
        "sections": joined(_section(name, title, content) for name, title, content in sections),
        "data": page_data(view),
        "program": program,
    }
    return _PLACE.sub(lambda place: parts[place[1]], _part("page.html", keep=True))


def _section(name: str, title: str, content: Markup) -> Markup:
    return element(
        "section", element("h2", title, id=f"{name}-title"), content, id=name, aria_labelledby=f"{name}-title"
    )


@lru_cache(maxsize=8)
def _part(name: str, keep: bool = False) -> str:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return text if keep else _NOTICE.sub("", text)


def _sum(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
