# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real browser for a report's page, the system's own Chromium; what a page asks for and complains of is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

PICTURES = "PRINTNET_PORTS_PICTURES"
"""Names a folder that pictures are kept in."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("There is no chromium, which the tests of a report's page drive. As root: apt-get install chromium")
    # Chromium's sandbox refuses to run as root.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=program, args=options)
        yield found
        found.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(os.environ.get(PICTURES) or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass
class Seen:
    """A page, and what it did that no report should."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._refuse)

    def _refuse(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def open(self, path: Path) -> None:
        self.page.goto(path.as_uri())

    def count(self) -> str:
        return str(self.page.locator("#count").text_content())

    def calm(self, path: Path) -> bool:
        """Whether nothing but the file was asked for, and nothing complained."""
        return [one for one in self.requests if not one.startswith("data:")] == [path.as_uri()] and not self.complaints


@pytest.fixture
def opened(browser: Browser) -> Iterator[Any]:
    """Opens a browser's window; takes the settings of its context."""
    contexts = []

    def new(**settings: Any) -> Seen:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 1000}, **settings})
        contexts.append(context)
        seen = Seen(context.new_page())
        seen.watch()
        return seen

    yield new
    for context in contexts:
        context.close()
