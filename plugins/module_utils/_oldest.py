# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: refuses a Python that is too old. Itself it runs under any that Ansible starts a module with."""

from __future__ import annotations

import sys

from ansible.module_utils.basic import AnsibleModule

_OLDEST = (3, 9)


def checked(module: AnsibleModule) -> AnsibleModule:
    """The module; a sentence ends it where its Python is too old to import what it is about to import."""
    if tuple(sys.version_info[:2]) < _OLDEST:
        module.fail_json(
            msg=f"{sys.executable} is Python {sys.version_info[0]}.{sys.version_info[1]}, and printnet.ports needs 3.9 "
            "or newer on the host: set ansible_python_interpreter to such a one. Nothing was changed."
        )
    return module
