"""The columns that Mateo documents, as the emulator takes them."""

import pytest

from import_relay.connectors.kinds import connector_for, kinds
from import_relay.domain.connections import RECORD_TYPES
from import_relay.mapping.columns import DOCUMENTED
from mateo_emulator.records.fields import known_keys
from mateo_emulator.settings import Behaviour


@pytest.mark.parametrize("name", RECORD_TYPES)
def test_the_documented_columns_are_those_that_the_emulator_takes(name: str) -> None:
    bare = Behaviour(custom_fields={}, marketing_channels=[])
    computed = known_keys("deal", bare) - DOCUMENTED["deal"]

    assert {*DOCUMENTED} == {*RECORD_TYPES}
    for record_type, columns in DOCUMENTED.items():
        if record_type == name:
            assert columns == known_keys(record_type, bare) - computed


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_what_a_kind_maps_by_default_is_documented(kind: str) -> None:
    for name, default in connector_for(kind).DEFAULTS.items():
        assert default.fields.keys() <= DOCUMENTED[name]
