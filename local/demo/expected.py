"""What Mateo must hold in the end: `traffic` notes it while it sends, `balance` compares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

DEMO_TYPES = ("contacts", "deals", "appointments")


@dataclass(slots=True)
class Expected:
    """External ids by type, of which connection they are, and what some contacts are called.

    `prefixes`: connection → what stands before its ids in Mateo.
    """

    prefixes: Mapping[str, str]
    contacts: set[str] = field(default_factory=set)
    deals: set[str] = field(default_factory=set)
    appointments: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    of_connections: dict[str, dict[str, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )

    def add(self, connection: str, type_: str, *ids: str) -> None:
        """Records of a type, by their ids at the sender, of one connection."""
        prefixed = [f"{self.prefixes[connection]}{one}" for one in ids]
        getattr(self, type_).update(prefixed)
        self.of_connections[connection][type_].update(prefixed)


def id_prefixes(connections: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Connection of connections.toml → what stands before the ids of its records."""
    owners = {name: str(table.get("same_ids_as", name)) for name, table in connections.items()}
    return {name: str(connections[owner].get("id_prefix", "")) for name, owner in owners.items()}
