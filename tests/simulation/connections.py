"""The connections of every run, their secrets and their mappers."""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cache
from typing import TYPE_CHECKING

from import_relay.connectors.contract import Change
from import_relay.domain.connections import Connection, parse_connections
from import_relay.domain.errors import RejectedRow
from import_relay.domain.models import Occurrence
from import_relay.submit.changes import Mapper
from tests.simulation.crm import CONNECTION
from tests.simulation.crm import TOKEN as CRM_TOKEN
from tests.simulation.scenario import POISON
from tests.simulation.world import START

if TYPE_CHECKING:
    from tests.simulation.relay import Relay

SECRET = "secret"
CONNECTIONS = """
[erp]
kind = "json"
header = "X-Relay-Secret"
[erp.contact]
version = "v"
[erp.contact.fields]
external_id = "id"
full_name = "name"
city = "city"
zipcode = "zip"
email = "email"

[plain]
kind = "json"
same_ids_as = "erp"
header = "X-Relay-Secret"
[plain.contact.fields]
external_id = "id"
full_name = "name"

[shop]
kind = "json"
same_ids_as = "erp"
header = "X-Relay-Secret"
[shop.deal]
version = "v"
[shop.deal.fields]
external_id = "id"
title = "name"
stage = "stage"
contact_external_id = "contact"

[desk]
kind = "json"
same_ids_as = "erp"
header = "X-Relay-Secret"
[desk.appointment]
version = "v"
[desk.appointment.fields]
external_id = "id"
start_time = "start"
contact_external_id = "contact"

[hub]
kind = "hubspot"
same_ids_as = "erp"
public_url = "https://relay.example.com/webhooks/hub"
portal_id = "62515"
older_signatures = "v1"
[hub.contact.fields]
external_id = "id"
full_name = ""
city = "properties.city"
zipcode = "properties.zip"
[hub.deal.fields]
external_id = "id"
title = "properties.name"
name = ""
stage = "properties.stage"
contact_external_id = "properties.contact"

[crm]
kind = "hubspot"
same_ids_as = "erp"
public_url = "https://relay.example.com/webhooks/crm"
portal_id = "62515"
older_signatures = "v1"
[crm.contact.fields]
external_id = "properties.number || id"
full_name = "properties.name"
city = "properties.city"
zipcode = "properties.zip"
"""
BLOCKERS: dict[str, str] = {}
"""What the receivers of all runs found out about unusable connections: nothing."""


@cache
def connections() -> Mapping[str, Connection]:
    """The connections of every run."""
    return parse_connections(CONNECTIONS)


@cache
def mapper() -> Mapper:
    """Their compiled mappings; it keeps nothing between calls."""
    made = Mapper(connections())
    assert not made.disabled, made.disabled
    return made


def mapper_of(relay: "Relay") -> Mapper:
    """The mapper of a run; one of its own if it has poison, limits or a missing connection."""
    if relay.is_poisoned:
        return DeadlyMapper(relay)
    limits = relay.account.own_limits
    if relay.fault_profile.missing:
        return OutdatedMapper(relay)
    if not limits:
        return mapper()
    made = copy(mapper())
    made.entities_per_day = limits
    return made


class OutdatedMapper(Mapper):
    """The mapper of a run in which a connection is missing for a while."""

    def __init__(self, relay: "Relay") -> None:
        vars(self).update(vars(mapper()))
        self.entities_per_day = relay.account.own_limits
        self._relay = relay

    @property
    def known(self) -> frozenset[str]:  # type: ignore[override]  # an attribute in production
        """The names of all connections except one that is missing now."""
        profile, names = self._relay.fault_profile, frozenset(connections())
        is_missing = self._relay.world.now < START + profile.missing_until_s
        return names - {profile.missing} if is_missing else names

    def _change(self, occurrence: Occurrence) -> Change:
        if occurrence.connection not in self.known:
            raise RejectedRow("row.connection_removed", value=occurrence.connection)
        return super()._change(occurrence)


class DeadlyMapper(Mapper):
    """The mapper of a run with poison: the process that interprets it dies."""

    def __init__(self, relay: "Relay") -> None:
        vars(self).update(vars(mapper()))
        self.entities_per_day = relay.account.own_limits
        self._relay = relay

    def _change(self, occurrence: Occurrence) -> Change:
        item = occurrence.item
        relay = self._relay
        if relay.is_poisoned and isinstance(item, Mapping) and item.get("name") == POISON:
            relay.poisonings += 1
            relay.poison.add(f"{occurrence.delivery}/{occurrence.number}")
            relay.world.process.kill()
        return super()._change(occurrence)


class Secrets:
    """The connection secrets."""

    def of(self, connection: str) -> Sequence[str]:
        if connection.endswith(".token"):
            return [CRM_TOKEN] if connection == f"{CONNECTION}.token" else []
        return [SECRET]

    def renewed(self, connection: str) -> None:
        return None
