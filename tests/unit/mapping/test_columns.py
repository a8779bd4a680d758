"""The columns that Mateo documents are those that the emulator takes."""

import pytest

from import_relay.connectors.kinds import connector_for, kinds
from import_relay.domain.connections import RECORD_TYPES, RecordTypeName
from import_relay.mapping.columns import DOCUMENTED
from mateo_emulator.records.fields import known_keys
from mateo_emulator.settings import Behaviour

SET_BY_MATEO = {
    *("created_at", "updated_at", "organisation_id", "fts", "campaign_messages_this_month"),
    *("latest_marketing_opt_in_request_sent_at", "number_of_marketing_opt_in_requests"),
}
"""Columns that the emulator shows and no row may set."""


@pytest.mark.parametrize("name", RECORD_TYPES)
def test_the_documented_columns_are_those_that_the_emulator_takes(name: RecordTypeName) -> None:
    bare = Behaviour(custom_fields={}, marketing_channels=[])

    assert known_keys(name, bare) - SET_BY_MATEO == DOCUMENTED[name]


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_the_columns_that_a_kind_maps_by_default_are_documented(kind: str) -> None:
    for name, default in connector_for(kind).DEFAULTS.items():
        assert default.fields.keys() <= DOCUMENTED[name]
