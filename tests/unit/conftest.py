# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all unit tests share: the shipped catalog, the checkout's top, and a list of what is wrong with an input.

pytest reads this before Ansible's loader is installed, so the collection is imported where it is needed only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from ansible_collections.printnet.ports.plugins.plugin_utils._call import Call
    from ansible_collections.printnet.ports.plugins.plugin_utils._inventory import Inventory
    from ansible_collections.printnet.ports.plugins.plugin_utils._model import Catalog
    from ansible_collections.printnet.ports.plugins.plugin_utils._plan import Estate, Share
    from ansible_collections.printnet.ports.plugins.plugin_utils._site_plan import SitePlan
    from ansible_collections.printnet.ports.plugins.plugin_utils._topology import Host

FaultsOf = Callable[..., list[str]]
Playbook = Callable[..., str]

# The same examples in every run: a gate does not fail by chance.
settings.register_profile("gates", derandomize=True, database=None, deadline=None)
settings.load_profile("gates")


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The shipped catalog."""
    from ansible_collections.printnet.ports.plugins.plugin_utils import _catalog

    return _catalog.load()


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout's top."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def ansible_playbook() -> Playbook:
    """Runs ansible-playbook in a folder, which has all that it keeps; gives what it prints, and fails where it does."""

    def run(folder: Path, *options: str, **settings: str) -> str:
        (folder / "ansible.cfg").write_text("[defaults]\n", encoding="ascii")
        own = {
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "tmp"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        }
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", *options],
            cwd=folder,
            env={**os.environ, **own, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


@pytest.fixture(scope="session")
def calls_of() -> Callable[[Callable[[], Any]], int]:
    """Counts the calls that a function makes, its own and all below: how long it takes, on a machine of any speed."""

    def count(function: Callable[[], Any]) -> int:
        number = 0

        def note(_frame: Any, event: str, _argument: Any) -> None:
            nonlocal number
            number += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            function()
        finally:
            sys.setprofile(before)
        return number

    return count


@pytest.fixture(scope="session")
def faults_of() -> FaultsOf:
    """Calls something and gives the faults that it raises, none where it raises none."""
    from ansible_collections.printnet.ports.plugins.plugin_utils._errors import PortsError

    def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> list[str]:
        try:
            function(*args, **kwargs)
        except PortsError as wrong:
            return list(wrong.faults)
        return []

    return call


@dataclass
class Site:
    """A little inventory: groups of hosts, each host's own variables, and what holds for all of them.

    A host is named by its address, or has the variables that are given for it.
    """

    groups: dict[str, list[str]]
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    everywhere: dict[str, Any] = field(default_factory=dict)
    known_names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def variables(self, host: str) -> dict[str, Any]:
        return {**self.everywhere, **self.hosts.get(host, {})}

    def resolve(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Stands in for the controller's resolver."""
        return {name: self.known_names[name] for name in names if name in self.known_names}

    def inventory(self, here: str) -> Inventory:
        """The inventory as an action plugin on the host has it."""
        from ansible_collections.printnet.ports.plugins.plugin_utils import _inventory, _variables

        read = self.variables(here).get
        catalog = _variables.catalog_of(read)
        return _inventory.Inventory(catalog, self.groups, self.variables, read, here, self.resolve)

    def call(self, here: str, kept: Path | None = None, **of_the_play: Any) -> Call:
        """A call of an action plugin on the host, which may keep what it works out in a folder."""
        from ansible_collections.printnet.ports.plugins.plugin_utils import _call

        variables = {"inventory_hostname": here, "groups": self.groups, "hostvars": HostVars(self)}
        places = _call.Places(kept)
        return _call.Call({**self.variables(here), **variables, **of_the_play}, lambda value: value, places)

    def plan(self, here: str = "localhost") -> SitePlan:
        """The plans of all hosts."""
        from ansible_collections.printnet.ports.plugins.plugin_utils import _site_plan

        return _site_plan.site_plan(self.inventory(here))

    def slice(self, names: Iterable[str], **everywhere: Any) -> Site:
        """What a job slice sees of it: these hosts only."""
        groups = {group: [name for name in hosts if name in names] for group, hosts in self.groups.items()}
        hosts = {name: variables for name, variables in self.hosts.items() if name in names}
        return Site(groups, hosts, {**self.everywhere, **everywhere}, self.known_names)

    def members(self, component: str) -> list[Host]:
        """The component's hosts."""
        from ansible_collections.printnet.ports.plugins.plugin_utils import _survey

        return list(_survey.whole_roll(self.inventory("localhost"), component).hosts.values())

    def estate(self, here: str, *components: str, directions: Iterable[str] = ("in", "out")) -> Estate:
        """What a host's plans are made from, read as an action plugin reads it."""
        from ansible_collections.printnet.ports.plugins.plugin_utils import _inventory, _plan, _survey, _variables

        read = self.variables(here).get
        inventory = self.inventory(here)
        catalog = inventory.catalog
        wanted = _inventory.needed(catalog, components, directions)
        topology = _survey.topology(inventory, wanted)
        return _plan.Estate(catalog, _variables.settings_of(catalog, read), topology, _inventory.unknown_peers(read))

    def share(self, here: str, component: str, *directions: str) -> Share:
        """What the component needs on the host, by default of what it receives."""
        from ansible_collections.printnet.ports.plugins.plugin_utils import _inventory, _plan

        estate = self.estate(here, component)
        own = _inventory.options_on(estate.catalog, component, self.variables(here))
        return _plan.share(estate, here, component, own, directions or ("in",))

    def open(self, here: str, component: str, *directions: str) -> set[tuple[str, str]]:
        """The rules as pairs of a port and a network, with the direction where both are asked for."""
        return {
            (f"{want.direction + ' ' if directions else ''}{want.flow.transport}/{span_text(want.port)}", network)
            for want in self.share(here, component, *directions).wants
            for network in want.peers
        }

    def told(self, here: str, component: str) -> list[str]:
        """What is said of peers without an address."""
        from ansible_collections.printnet.ports.plugins.plugin_utils import _plan

        return _plan.unknown_report(self.estate(here, component), here, [self.share(here, component)])


@dataclass
class HostVars:
    """Ansible's variables of all hosts, as far as they are read; each is what it says, without a template."""

    site: Site

    def __contains__(self, name: object) -> bool:
        return any(name in hosts for hosts in self.site.groups.values())

    def raw_get(self, name: str) -> dict[str, Any]:
        return self.site.variables(name)

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.site.variables(name)


def span_text(span: tuple[int, int]) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


@pytest.fixture(scope="session")
def site() -> type[Site]:
    """Makes little inventories."""
    return Site
