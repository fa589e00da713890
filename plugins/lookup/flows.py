# Copyright (c) printnet.ports contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks the catalog of print flows."""

from __future__ import annotations

DOCUMENTATION = r"""
name: flows
short_description: Ask which network flows a print estate needs
author: printnet.ports contributors (@printnet)
version_added: 0.1.0
description:
  - Answers questions to the catalog of network flows that the vendors' documents name
    for LRS VPSX and its companions and for Lexmark Markvision Enterprise.
  - Each flow says who talks to whom, over which transport and port, by which protocol, what for,
    and where the document says so.
options:
  _terms:
    description:
      - Names of components, such as V(vpsx), or identifiers of flows, such as V(vpsx-printer-raw).
      - Without a term, all flows are meant.
      - A component that is a kind of another has the flows of both, so V(lexmark_printer) has those of V(printer) too.
      - V(pdm), V(pullsvc) and V(browser) live on workstations too, with flows of their own. Who wants all that
        workstations send and receive asks for them as well as for V(workstation).
    type: list
    elements: str
  direction:
    description:
      - Which flows of the components in O(_terms) are meant, as seen from them.
      - Flows that are named by their identifier count in any direction.
    type: str
    choices:
      in: Flows that the component receives.
      out: Flows that the component opens, those between its own hosts too.
      both: All of its flows.
    default: both
  source:
    description: Only flows from exactly this component.
    type: str
  destination:
    description: Only flows to exactly this component.
    type: str
  transport:
    description: Only flows over this transport.
    type: str
    choices: [tcp, udp]
  port:
    description: Only flows to this port, as overrides and options set it, alone or within a range.
    type: int
  application:
    description: Only flows of this application protocol, such as V(IPP); upper and lower case are the same.
    type: str
  feature:
    description: Only flows that this feature switches.
    type: str
  document:
    description: Only flows that this document names.
    type: str
  reading:
    description: Only flows whose place in the document is read so.
    type: str
    choices:
      literal: As it is printed.
      repaired: A damaged letter, figure or merged cell is restored.
      derived: Concluded from the wording.
      doubtful: Printed, but hardly meant so; off by default.
      companion: Not in the document, though an estate may need it; off by default.
  enabled_only:
    description: Whether flows that are switched off are left out.
    type: bool
    default: true
  jmespath:
    description:
      - An expression over the list of flows; its result is the lookup's.
      - Needs the Python library C(jmespath) on the controller.
    type: str
notes:
  - Features, overrides and options in the calling play's variables count; see RV(_list[].enabled).
  - Each document has its edition. C(printnet_documents) pins one where the catalog holds several.
seealso:
  - plugin: printnet.ports.ports
    plugin_type: filter
  - plugin: printnet.ports.csv
    plugin_type: filter
  - plugin: printnet.ports.mermaid
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which ports a VPSX server receives on
  ansible.builtin.debug:
    msg: "{{ query('printnet.ports.flows', 'vpsx', direction='in') | printnet.ports.ports }}"

- name: Show everything about port 9443, switched on or not
  ansible.builtin.debug:
    msg: "{{ query('printnet.ports.flows', port=9443, enabled_only=false) }}"

- name: Show what the vendor prints but hardly means
  ansible.builtin.debug:
    msg: "{{ query('printnet.ports.flows', reading='doubtful', enabled_only=false, jmespath='[].[id, note]') }}"

- name: Show the ports of MVE when it keeps its data in SQL Server on another port
  ansible.builtin.debug:
    msg: "{{ query('printnet.ports.flows', 'mve', direction='out') | printnet.ports.ports }}"
  vars:
    mve_database: sql_server
    mve_sql_server_port: 14330
"""

RETURN = r"""
_list:
  description: >-
    The flows, each once; or what O(jmespath) makes of them. Where neither a term nor O(port) is given, they are in the
    order of the catalog; else their order says nothing.
  type: list
  elements: dict
  contains:
    id:
      description: The flow's stable identifier.
      type: str
      sample: vpsx-printer-raw
    source:
      description: The component that opens the flow.
      type: str
      sample: vpsx
    destination:
      description: The component that listens.
      type: str
      sample: printer
    transport:
      description: V(tcp) or V(udp).
      type: str
      sample: tcp
    port:
      description: The destination's port as a number; a range is text such as V(1024-65535).
      type: raw
      sample: 9100
    source_port:
      description:
        - The port that the sender binds, where the document fixes one.
        - Rules match it for companions only, or where C(printnet_overrides) says so.
      type: raw
      sample: 9187
    application:
      description: The application protocol.
      type: str
      sample: RAW
    purpose:
      description: What the flow is for.
      type: str
      sample: VPSX delivers jobs to printers
    feature:
      description: The named switch that turns the flow on and off, where there is one.
      type: str
      sample: raw
    one_of:
      description: The name of the alternatives that the flow is one of, where it is one.
      type: str
      sample: mve-database
    user_defined:
      description: Whether the document calls the port a default that users may change.
      type: bool
      sample: false
    reading:
      description: How the place in the document is read; see O(reading).
      type: str
      sample: literal
    enabled:
      description: Whether the flow is on with the features, overrides and options in the calling play's variables.
      type: bool
      sample: true
    documents:
      description: Where it is said, with C(document), C(table) and C(line), the last a line or a range of lines.
      type: list
      elements: dict
      sample:
        - document: lrs
          table: VPSX, MFPsecure and Required Components
          line: "29"
    note:
      description: What a reader should know of the reading; may be empty.
      type: str
      sample: ""
"""

from typing import Any

from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible_collections.printnet.ports.plugins.plugin_utils import _query, _task_variables, _variables
from ansible_collections.printnet.ports.plugins.plugin_utils._errors import Faults, PortsError, shown
from ansible_collections.printnet.ports.plugins.plugin_utils._schema import (
    READINGS,
    TRANSPORTS,
    check_known,
    flag,
    port,
    read_value,
)

try:
    import jmespath
except ImportError:
    HAS_JMESPATH = False
else:
    HAS_JMESPATH = True

display = Display()


class LookupModule(LookupBase):
    """The query face of the catalog."""

    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[Any]:
        """Answer the question with flows, or with what the JMESPath expression makes of them."""
        try:
            _check_given(kwargs)
            self.set_options(var_options=variables, direct=kwargs)
            flows = self._flows(terms, variables or {})
        except PortsError as wrong:
            raise AnsibleLookupError(wrong.message) from None
        expression = self.get_option("jmespath")
        if expression is None:
            return flows
        result = _search(expression, flows)
        return result if isinstance(result, list) else [result]

    def _flows(self, terms: list[Any], variables: Any) -> list[Any]:
        templar: Any = self._templar
        read = _task_variables.reader(variables, templar.template)
        catalog = _variables.catalog_of(read)
        asked = [term for item in terms for term in (item if isinstance(item, list) else [item])]
        for sentence in _query.silent(catalog, asked):
            display.warning(sentence)
        return _query.query(
            catalog,
            _variables.settings_of(catalog, read),
            _variables.options_of(catalog, variables, read),
            asked,
            direction=self.get_option("direction"),
            enabled_only=self.get_option("enabled_only"),
            **{name: self.get_option(name) for name in _query.FIELDS},
        )


def _check_given(given: dict[str, Any]) -> None:
    """Refuse what Ansible would ignore, an unknown option, and say what is near where Ansible only refuses a value."""
    faults = Faults()
    for name, choices in (("direction", _query.DIRECTIONS), ("transport", TRANSPORTS), ("reading", READINGS)):
        check_known(given.get(name), choices, f"value of {name}", "flows", faults)
    if given.get("port") is not None:
        read_value(port, given["port"], "flows, port", faults)
    if "enabled_only" in given:
        read_value(flag, given["enabled_only"], "flows, enabled_only", faults)
    known = (*_query.FIELDS, "direction", "enabled_only", "jmespath", "wantlist")
    for name in given:
        check_known(name, known, "option", "flows", faults)
    faults.stop()


def _search(expression: str, flows: list[Any]) -> Any:
    if not HAS_JMESPATH:
        raise AnsibleError("The option jmespath needs the Python library jmespath on the controller.")
    try:
        return jmespath.search(expression, flows)
    except (ValueError, RecursionError) as wrong:  # its own errors are the former, and some are plain
        raise AnsibleLookupError(f"flows, jmespath: {shown(expression)} does not work: {wrong}") from None
