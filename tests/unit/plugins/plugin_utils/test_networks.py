# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Networks of the variable and of the file: what they add up to, and each mistake with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.printnet.ports.plugins.plugin_utils import _inventory, _networks
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError
from ansible_collections.printnet.ports.plugins.plugin_utils._networks import Networks, Site

FaultsOf = Callable[..., list[str]]
Sites = Callable[..., Any]

KNOWN = ("workstation", "printer", "vpsx", "serverx")


def _read(text: str, variable: dict[str, Any] | None = None) -> tuple[Networks, list[str]]:
    faults = Faults()
    return _networks.read(variable or {}, ("sites.csv", text), KNOWN, faults), faults.found


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_file_is_read_with_any_separator(separator: str) -> None:
    text = """# who is where
network,component,site,owner,lease_pool

10.1.0.0/16,workstation,HQ,desktop team,yes
10.2.0.0/16,printer,"Plant, 2",,
 10.3.0.0/16 , printer , , ,no
2001:db8:1::/64,workstation
10.9.0.0/16,,Berlin,,
# 10.4.0.0/16,printer
""".replace(",", separator).replace(f"Plant{separator}", "Plant,")
    found, faults = _read(text)
    assert faults == []
    assert found == Networks(
        {"workstation": ("10.1.0.0/16", "2001:db8:1::/64"), "printer": ("10.2.0.0/15",)},
        [
            Site("10.1.0.0/16", "HQ", "desktop team"),
            Site("10.2.0.0/16", "Plant, 2", ""),
            Site("10.9.0.0/16", "Berlin", ""),
        ],
        ["10.1.0.0/16"],
    )


@pytest.mark.parametrize("header", ["Component;Network", "\ufeffnetwork;component", ' NETWORK ;"component";Lease Pool'])
def test_a_header_as_spreadsheets_write_it(header: str) -> None:
    row = "printer;10.0.0.0/8" if header.startswith("C") else "10.0.0.0/8;printer"
    assert _read(f"{header}\r\n{row}\r\n")[0].by_component == {"printer": ("10.0.0.0/8",)}


def test_variable_and_file_add_up() -> None:
    text = "network,component\n10.1.0.0/16,printer\n10.0.0.10-10.0.0.11,vpsx\n"
    found, faults = _read(text, {"printer": ["10.0.0.0/16"], "serverx": "192.0.2.1, 192.0.2.2"})
    assert faults == []
    assert found.by_component == {
        "printer": ("10.0.0.0/15",),
        "serverx": ("192.0.2.1/32", "192.0.2.2/32"),
        "vpsx": ("10.0.0.10/31",),
    }


def test_any_in_the_file_is_everybody() -> None:
    assert _read("network,component\nany,workstation\n")[0].by_component == {"workstation": ("0.0.0.0/0", "::/0")}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("net,component\n10.0.0.0/8,printer\n", "line 1: the header must name the columns network, component, site, "),
        (
            "10.0.0.0/8,printer\n",
            "line 1: the header must name the columns network, component, site, owner; network is",
        ),
        ("# only a remark\n\n", "the header must name the columns network, component, site, owner; the file is empty"),
        ("", "the header must name the columns network, component, site, owner; the file is empty"),
        ("network,component,sit\n", "line 1: the column 'sit' is unknown; did you mean 'site'?"),
        ("network,component,site,site\n", "line 1: the column 'site' is there twice"),
        (
            "network,component\n\n10.0.0.9/8,printer\n",
            "line 3, network: '10.0.0.9/8' has host bits set: write 10.0.0.0/8",
        ),
        ("network,component\n,printer\n", "line 2, network: '' must be an address, a network such as"),
        ("network,component\nprinters.example,printer\n", "line 2, network: 'printers.example' must be an address"),
        ("network,component\n127.0.0.0/8,printer\n", "line 2, network: '127.0.0.0/8' begins with a loopback address"),
        (
            "network,component\n10.0.0.0/8,printr\n",
            "line 2, component: 'printr' is no component, and none of printnet_extra_components; did you mean 'printer",
        ),
        (
            "network,component,lease_pool\n10.0.0.0/8,printer,maybe\n",
            "line 2, lease_pool: 'maybe' must be true or false",
        ),
        (
            "network,component,site\n10.0.0.0/8,printer,HQ, floor 2\n",
            "line 2: has 4 fields, and the header names 3 columns; put a field that has the separator",
        ),
        (
            'network,component,site\n\n10.0.0.0/24,printer,"Leeds\n10.1.0.0/24,printer,York\n10.2.0.0/24,vpsx,\n',
            "line 3: is not CSV: unexpected end of data; quotes that begin a field must end it in the same line",
        ),
        (
            'network,component,site\n10.0.0.0/24,printer,"Leeds\n10.1.0.0/24,printer,York"\n10.2.0.0/24,vpsx,\n',
            "line 2: a field holds the next line as well; quotes that begin a field must end it in the same line",
        ),
        (
            'network,component,owner\n10.0.0.0/24,printer,"\n10.1.0.0/24,printer,"\n10.2.0.0/24,vpsx,\n',
            "line 2: a field holds the next line as well; quotes",
        ),
        ('network,component\n"10.0.0.0/24,printer\n10.1.0.0/24,"printer"\n', "line 2: is not CSV: ',' expected after"),
        ("network,component\n0.0.0.0/0,printer\n", "line 2, network: '0.0.0.0/0' is everybody; write any where that"),
    ],
)
def test_a_wrong_line_is_named_with_what_would_be_right(text: str, told: str) -> None:
    (fault,) = _read(text)[1]
    assert fault.removeprefix("sites.csv, ").removeprefix("sites.csv: ").startswith(told)


def test_a_field_may_have_a_line_break() -> None:
    found, faults = _read('network,component,site\n10.0.0.0/8,printer,"Leeds\nNorth"\n10.0.0.1,vpsx\nx,vpsx\n')
    assert found.sites == [Site("10.0.0.0/8", "Leeds\nNorth", "")]
    assert [fault[:25] for fault in faults] == ["sites.csv, line 5, networ"]


@pytest.mark.parametrize("remark", ['# exported by, "IPAM tool', ' # "', '"# exported by, the IPAM tool"'])
def test_a_remark_may_have_quotes(remark: str) -> None:
    text = f"{remark}\nnetwork;component\n{remark}\n10.0.0.0/8;printer\n{remark}\n10.0.0.1;vpsx\nx;vpsx\n"
    found, (fault,) = _read(text)
    assert found.by_component == {"printer": ("10.0.0.0/8",), "vpsx": ("10.0.0.1/32",)}
    assert fault.startswith("sites.csv, line 7, network: 'x' must be an address")


def test_all_wrong_lines_come_at_once() -> None:
    found, faults = _read("network,component\nx,printer\n10.0.0.0/8,printer\n10.0.0.0/8,y\n", {"z": "10.0.0.1/8"})
    assert [fault.split(": ")[0] for fault in faults] == [
        "printnet_networks",
        "printnet_networks, z",
        "sites.csv, line 2, network",
        "sites.csv, line 4, component",
    ]
    assert found.by_component["printer"] == ("10.0.0.0/8",)


def test_a_cell_without_an_end_is_no_csv() -> None:
    (fault,) = _read("network,component\n" + '"' + "x" * 200_000)[1]
    assert fault.startswith("sites.csv, line 2: is not CSV: field larger than field limit")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "printnet_networks_file: {path} can't be read: No such file or directory"),
        (
            b"network,component,site\n10.0.0.0/8,printer,Z\xfcrich\n",
            "printnet_networks_file: {path} can't be read: it is not UTF-8; save it as UTF-8",
        ),
    ],
)
def test_a_file_that_can_not_be_read(
    site: Sites, tmp_path: Path, content: bytes | None, told: str, faults_of: FaultsOf
) -> None:
    path = tmp_path / "sites.csv"
    if content is not None:
        path.write_bytes(content)
    here = site({"dis": ["d1"]}, {"d1": {"ansible_host": "192.0.2.1"}}, {"printnet_networks_file": str(path)})
    assert faults_of(here.estate, "d1", "dis") == [told.format(path=path)]


def test_a_file_whose_name_is_no_path(site: Sites) -> None:
    def find(path: str) -> str:
        raise PortsError(f"{path} is no path")

    here = site({"dis": ["d1"]}, {}, {"printnet_networks_file": "x"}).inventory("d1")
    here.find = find
    faults = Faults()
    _inventory.networks(here, faults)
    assert faults.found == ["printnet_networks_file: x is no path"]


def test_the_file_counts_for_rules(site: Sites, tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text("\ufeffnetwork;component;site\r\n10.5.0.0/16;serverx;Zürich\r\n", encoding="utf-8")
    here = site({"dis": ["d1"]}, {"d1": {"ansible_host": "192.0.2.1"}}, {"printnet_networks_file": str(path)})
    assert here.open("d1", "dis") == {("tcp/5701", "10.5.0.0/16")}
