# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `lab up`, `down`, `status`, `ssh`, `exec`, `inventory`, `reboot`, `run`, `scan`, `build`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

from . import client, judge, rootfs, spec, wire
from .errors import LabError
from .inventory import inventory, script_inventory, ssh_command
from .keeper import sweep
from .runner import run_inside
from .start import start


def main(arguments: Sequence[str]) -> int:
    words, command = _split(list(arguments))
    options = _parser().parse_args(words)
    try:
        if os.geteuid() != 0:
            raise LabError("a lab makes network namespaces and boots hosts: run it as root")
        sweep()
        return int(options.do(options, command) or 0)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in words:
        return words, []
    place = words.index("--")
    return words[:place], words[place + 1 :]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _up(options: argparse.Namespace, _ignored: list[str]) -> None:
    lab, started = spec.load(options.spec), time.monotonic()
    name = _name(options, lab)
    start(lab, name, [options.owner] if options.owner else [], _say)
    _say(f"lab {name} is up: {len(lab.hosts)} hosts in {time.monotonic() - started:.1f} s")


def _name(options: argparse.Namespace, lab: spec.Spec) -> str:
    name = str(options.name or Path(lab.source).stem)
    if not spec.HOST_NAME.fullmatch(name):
        raise LabError(f"{name!r} can't name a lab: lower-case letters, digits and hyphens, a letter first (--name)")
    return name


def _run(options: argparse.Namespace, command: list[str]) -> int:
    if not command:
        raise LabError("what shall be run? `lab run SPEC.yml -- COMMAND`")
    lab = spec.load(options.spec)
    return run_inside(lab, _name(options, lab), command, _say)


def _down(options: argparse.Namespace, _ignored: list[str]) -> None:
    name = options.name or client.only()
    client.down(name)
    _say(f"lab {name} is down")


def _status(options: argparse.Namespace, _ignored: list[str]) -> None:
    names = wire.names()
    if not names:
        print("no lab is up")
    for name in names:
        try:
            lab = client.describe(name)
        except LabError:
            print(f"{name}: coming up or going down")
            continue
        print(f"{name}: {lab.spec.source}, up for {time.time() - lab.since:.0f} s")
        for host in lab.spec.hosts:
            addresses = " ".join(map(str, host.addresses))
            print(f"  {host.name:<16} {lab.states[host.name]:<9} {host.distribution} {host.firewall:<9} {addresses}")


def _ssh(options: argparse.Namespace, command: list[str]) -> None:
    name, _ignored, host_name = options.host.rpartition("/")
    lab = client.describe(name or client.only())
    words = ssh_command(lab, lab.host(host_name))
    if options.show:
        print("\n".join([*words, *command]))
        return
    os.execvp(words[0], [*words, *command])


def _exec(options: argparse.Namespace, command: list[str]) -> None:
    if not command:
        raise LabError("what shall be run? `lab exec NAME [HOST] -- COMMAND`")
    if options.host:
        client.into_host(options.name, options.host).exec(command)
    client.into_lab(options.name).exec(command)


def _inventory(options: argparse.Namespace, _ignored: list[str]) -> None:
    lab = client.describe(options.name or client.only())
    if options.script:
        print(json.dumps(script_inventory(lab), indent=2))
    else:
        print(yaml.safe_dump(inventory(lab), sort_keys=False, width=1000), end="")


def _reboot(options: argparse.Namespace, _ignored: list[str]) -> None:
    started = time.monotonic()
    client.reboot(options.name, options.host)
    _say(f"{options.host} is back after {time.monotonic() - started:.1f} s")


def _scan(options: argparse.Namespace, _ignored: list[str]) -> None:
    lab = client.describe(options.name)
    lab.host(options.source)
    found = judge.scan_all(options.name, options.source, judge.addresses(lab, options.to), options.ports)
    for address, ports in found.items():
        if address != options.to:
            print(f"{address}:")
        for port in judge.in_order(ports):
            print(port)


def _build(options: argparse.Namespace, _ignored: list[str]) -> None:
    recipes = {rootfs.recipe_of(host) for name in options.specs for host in spec.load(name).hosts}
    for tree in rootfs.ensure(recipes, _say).values():
        print(tree)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="Real booted hosts in network namespaces, for tests.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="bring a lab up; ready when it returns")
    up.add_argument("spec", metavar="SPEC.yml")
    up.add_argument("--name", help="the lab's name (default: the file's)")
    up.add_argument("--owner", type=int, metavar="PID", help="the lab goes down when this process ends")
    up.set_defaults(do=_up)

    run = commands.add_parser("run", help="bring a lab up, run -- COMMAND, and take it down whatever happens")
    run.add_argument("spec", metavar="SPEC.yml")
    run.add_argument("--name", help="the lab's name (default: the file's)")
    run.set_defaults(do=_run)

    down = commands.add_parser("down", help="take a lab down; nothing of it is left")
    down.add_argument("name", nargs="?")
    down.set_defaults(do=_down)

    status = commands.add_parser("status", help="list the labs that are up, and their hosts")
    status.set_defaults(do=_status)

    ssh = commands.add_parser("ssh", help="log in to a host, or run -- COMMAND there")
    ssh.add_argument("host", metavar="[NAME/]HOST")
    ssh.add_argument("--show", action="store_true", help="only print the words of the ssh command, one a line")
    ssh.set_defaults(do=_ssh)

    execute = commands.add_parser("exec", help="run -- COMMAND in the lab's network, or as root on a host without SSH")
    execute.add_argument("name")
    execute.add_argument("host", nargs="?")
    execute.set_defaults(do=_exec)

    listing = commands.add_parser("inventory", help="print an Ansible inventory that reaches the hosts from here")
    listing.add_argument("name", nargs="?")
    listing.add_argument("--script", action="store_true", help="as JSON, in the form of an executable inventory")
    listing.set_defaults(do=_inventory)

    reboot = commands.add_parser("reboot", help="reboot a persistent host and wait until it is ready")
    reboot.add_argument("name")
    reboot.add_argument("host")
    reboot.set_defaults(do=_reboot)

    scan = commands.add_parser("scan", help="print the ports that a host lets in, as nmap sees them from another host")
    scan.add_argument("name")
    scan.add_argument("--from", dest="source", required=True, metavar="HOST", help="the host that asks")
    scan.add_argument("--to", required=True, metavar="ADDRESS", help="an address, or a host: all its addresses")
    scan.add_argument("--ports", default=judge.PORTS, help=f"default: {judge.PORTS}")
    scan.set_defaults(do=_scan)

    build = commands.add_parser("build", help="make the root file systems of labs, so that `up` need not")
    build.add_argument("specs", nargs="+", metavar="SPEC.yml")
    build.set_defaults(do=_build)
    return parser
