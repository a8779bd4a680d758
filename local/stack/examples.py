"""The example connections and their secrets, as they lie in this repository."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

from local import child

FETCHING_SUFFIX = ".token"
"""How names of CRM tokens end; all other names are those of connections' secrets."""


def example_secrets(root: Path = child.ROOT) -> dict[str, list[str]]:
    """The example connections' secrets: {connection: [secret, ...]}; none without the file."""
    path = root / "local" / "example_secrets.json"
    if not path.exists():
        return {}
    secrets: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return secrets


def example_connections(root: Path = child.ROOT) -> dict[str, dict[str, object]]:
    """The tables of connections.toml, in the file's order."""
    file = root / "layers" / "connections" / "connections.toml"
    return tomllib.loads(file.read_text(encoding="utf-8-sig"))


def connection_secrets(secrets: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Those that senders authenticate themselves with."""
    return {name: texts for name, texts in secrets.items() if not name.endswith(FETCHING_SUFFIX)}


def crm_tokens(secrets: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Those that records are read with at CRMs."""
    return {name: texts for name, texts in secrets.items() if name.endswith(FETCHING_SUFFIX)}
