"""Mistakes in how records are mapped, each with the key of connections.toml that has it."""

import pytest

from import_relay.mapping.mapping_mistakes import mapping_mistakes
from tests.support.builders import connections


def mistakes_in(text: str, type_: str = "contact") -> list[tuple[str, str]]:
    (connection,) = connections(f'[erp]\nkind = "json"\n[erp.{type_}]\n{text}').values()
    return list(mapping_mistakes(connection))


def test_a_right_mapping_has_no_mistakes() -> None:
    assert not mistakes_in(
        "country_codes = ['DE']\n[erp.contact.fields]\nexternal_id = 'to_string(a)'"
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[erp.contact.fields]\nexternal_id = 'id'\nemail = 'a..b'", "contact.fields.email"),
        ("version = 'a['\n[erp.contact.fields]\nexternal_id = 'id'", "contact.version"),
        ("when = '=='\n[erp.contact.fields]\nexternal_id = 'id'", "contact.when"),
        ("[erp.contact.fields]\nexternal_id = 'nothing(id)'", "contact.fields.external_id"),
        ("[erp.contact.fields]\nexternal_id = 'to_string()'", "contact.fields.external_id"),
        ("[erp.contact.fields]\nfull_name = 'name'", "contact.fields"),
        ("clears = ['city']\n[erp.contact.fields]\nexternal_id = 'id'", "contact.clears"),
        ("clears = ['external_id']\n[erp.contact.fields]\nexternal_id = 'id'", "contact.clears"),
        ("datetimes = ['seen']\n[erp.contact.fields]\nexternal_id = 'id'", "contact.datetimes"),
        (
            "country_codes = ['UK']\n[erp.contact.fields]\nexternal_id = 'id'",
            "contact.country_codes",
        ),
    ],
)
def test_each_mistake_in_a_mapping_is_found_and_names_its_key(text: str, key: str) -> None:
    assert [found for found, _ in mistakes_in(text)] == [key]


def test_a_deal_that_maps_only_a_handle_can_never_be_imported() -> None:
    assert [key for key, _ in mistakes_in("[erp.deal.fields]\nemail = 'm'", "deal")] == [
        "deal.fields"
    ]
