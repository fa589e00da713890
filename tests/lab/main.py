# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's command: real booted hosts in network namespaces. `lab --help` lists what it can do."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

if importlib.util.find_spec("yaml") is None:
    # Not inside the project's environment yet: go there (it is made where it is missing).
    if "PRINTNET_LAB_PYTHON" in os.environ:
        sys.exit("lab: this Python has no PyYAML (Debian: python3-yaml)")
    os.environ["PRINTNET_LAB_PYTHON"] = sys.executable
    command = [str(HERE.parent / "gates/in-env"), "dev", "--", "python3", __file__, *sys.argv[1:]]
    os.execv(command[0], command)

from printnet_lab.cli import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
