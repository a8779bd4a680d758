"""What Mateo must hold in the end: `traffic` notes it while it sends, `balance` compares."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

TYPES = ("contacts", "deals", "appointments")


@dataclass(slots=True)
class Expected:
    """External ids by type, of which connection they are, and what some contacts are called."""

    contacts: set[str] = field(default_factory=set)
    deals: set[str] = field(default_factory=set)
    appointments: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    of_connections: dict[str, dict[str, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )

    def add(self, connection: str, type_: str, *ids: str) -> None:
        """Records of a type, by their external ids, that a connection brings."""
        getattr(self, type_).update(ids)
        self.of_connections[connection][type_].update(ids)
