"""Reads records at a CRM whose webhooks only name them: one module per kind that needs it.

`reading` calls them between plan and claim, for connections that have an API token.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from import_relay.readers.contract import Reader

READERS: Mapping[str, str] = {
    "attio": "import_relay.readers.attio",
    "hubspot": "import_relay.readers.hubspot",
    "salesforce_cdc": "import_relay.readers.salesforce",
    "zoho": "import_relay.readers.zoho",
}
"""Kind of connection → the module that reads its records."""


def reader_for(kind: str) -> Reader | None:
    """The module that reads records of this kind of connection, if there is one."""
    return cast("Reader", import_module(READERS[kind])) if kind in READERS else None
