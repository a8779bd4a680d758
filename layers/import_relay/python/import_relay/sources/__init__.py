"""What each CRM sends and how it proves itself: one module per kind of connection.

A new kind is one module that fulfils `contract.Source`, and its line in `connections.KINDS`.
Modules are imported when a connection needs them, so that no kind makes the receiver's start
slower.
"""

from importlib import import_module
from typing import cast

from import_relay.connections import KINDS
from import_relay.sources.contract import Source


def source_for(kind: str) -> Source:
    """The module that knows this kind of connection.

    Raises:
        KeyError: there is no such kind (`load_connections` lets none through).
    """
    return cast("Source", import_module(KINDS[kind]))
