# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts as a hostile host would say them, and what every form must make of them."""

from __future__ import annotations

from hypothesis import strategies as st

TEXTS = [
    "<script>window.harmed = 1</script>",
    "</script><script>window.harmed = 1</script>",
    "<!--<script>",
    '"><img src=x onerror="window.harmed = 1">',
    "<svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ lookup('pipe', 'touch /tmp/harmed') }}{% raw %}{{ data }}{{ program }}",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\uff1dHYPERLINK(1)",
    "\x1b[2J\x1b]0;owned\x07",
    "\x00\x01\x0b\x0c\x1f\x7f\x85\x9b31m",
    "\udc80\udfff broken \ud800",
    "a\u2028b\u2029c",
    "\u202egpj.exe \u2066x",
    "\ufffe\uffff\U0001ffff",
    "]]><failure/><![CDATA[",
    "&lt;&amp;&#0;",
    'a"b,c\nd\re;f',
    "__proto__",
    "\U0001f5a8 \u00e4\u00f6\u00fc \u6f22\u5b57",
    "x" * 10_000_000,
    "",
]
ANY = st.one_of(
    st.sampled_from([text for text in TEXTS if len(text) < 1000]),
    st.text(st.characters(codec=None), max_size=40),
)
"""Any text at all, halves of pairs too."""
