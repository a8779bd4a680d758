"""Reads records at a CRM whose webhooks only name them: one module per kind that needs it.

`reading` calls them between plan and claim, for connections that have an API token.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from import_relay.connectors.fetcher_contract import Reader

READERS: Mapping[str, str] = {
    "attio": "import_relay.connectors.attio.fetcher",
    "hubspot": "import_relay.connectors.hubspot.fetcher",
    "salesforce_cdc": "import_relay.connectors.salesforce.cdc_fetcher",
    "zoho": "import_relay.connectors.zoho.fetcher",
}
"""Kind of connection → the module that reads its records."""


def reader_for(kind: str) -> Reader | None:
    """The module that reads records of this kind of connection, if there is one."""
    return cast("Reader", import_module(READERS[kind])) if kind in READERS else None
