"""Which kinds of connections there are: the folders of `connectors` say it by their files' names.

`<crm>/events.py` is the kind `<crm>`; `<crm>/<way>_events.py` is the kind `<crm>_<way>`, for a CRM
that sends in several ways. `fetcher.py` or `<way>_fetcher.py` beside it fetches records over the
CRM's API. Nothing is imported to find them: the receiver imports the kinds that it needs.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from os import scandir
from typing import TYPE_CHECKING, cast

from import_relay import connectors

if TYPE_CHECKING:
    from import_relay.connectors.contract import Connector
    from import_relay.connectors.fetcher_contract import Fetcher  # its HTTP client starts slowly

_EVENTS = "events"
_FETCHER = "fetcher"


@cache
def kinds() -> Mapping[str, str]:
    """Kind of connection → the module that knows it."""
    return dict(sorted(_modules(_EVENTS)))


@cache
def _fetchers() -> Mapping[str, str]:
    return dict(_modules(_FETCHER))


@cache
def connector_for(kind: str) -> "Connector":
    """The module that knows this kind of connection.

    Raises:
        KeyError: there is no such kind (a connection of one has a mistake and is not used).
    """
    return cast("Connector", import_module(kinds()[kind]))


def fetcher_for(kind: str) -> "Fetcher | None":
    """The module that fetches records of this kind of connection, if there is one."""
    return cast("Fetcher", import_module(_fetchers()[kind])) if can_fetch(kind) else None


def can_fetch(kind: str) -> bool:
    """Whether records of this kind of connection can be fetched over its CRM's API."""
    return kind in _fetchers()


def _modules(word: str) -> Iterator[tuple[str, str]]:
    """Kind and module of each file that is called by this word."""
    inside = (entry for root in connectors.__path__ for entry in scandir(root))
    for folder in (entry for entry in inside if entry.is_dir()):
        for file in scandir(folder.path):
            way, found, _ = file.name.rpartition(f"{word}.py")
            if found and (not way or way.endswith("_")):
                kind = "_".join(filter(None, (folder.name, way.rstrip("_"))))
                yield kind, f"{connectors.__name__}.{folder.name}.{way}{word}"
