# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception that ends a lab command with a message for the person who reads it."""

from __future__ import annotations


class LabError(Exception):
    """Something that the user can read and mend; shown without a traceback."""
