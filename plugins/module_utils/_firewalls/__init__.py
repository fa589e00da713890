# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PRIVATE: the firewalls that the collection drives, one file each.

Adding one is one file beside this and one line here. The imports stand at the top and by name because Ansible
ships to a host what it can see to be imported.
"""

from __future__ import annotations

from ansible_collections.printnet.ports.plugins.module_utils._firewalls._backend import Backend
from ansible_collections.printnet.ports.plugins.module_utils._firewalls.firewalld import Firewalld
from ansible_collections.printnet.ports.plugins.module_utils._firewalls.iptables import Iptables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls.nftables import Nftables
from ansible_collections.printnet.ports.plugins.module_utils._firewalls.ufw import Ufw

FIREWALLS: dict[str, type[Backend]] = {
    "firewalld": Firewalld,
    "nftables": Nftables,
    "iptables": Iptables,
    "ufw": Ufw,
}
