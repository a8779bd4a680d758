"""Which fields of its record a change claims."""

import pytest

from import_relay.domain.models import WHOLE_RECORD, ImportOptions
from import_relay.submit.claimed_fields import fields_of, identifies, is_apart
from tests.support.builders import change

BY_MAIL = "contact_details#email:ada@example.com"


@pytest.mark.parametrize(
    ("key", "columns", "fields"),
    [
        ("contact_details#external_id:1", {"email": "a@example.com"}, ("email",)),
        (BY_MAIL, {"email": "ada@example.com", "city": "Ulm"}, ("city",)),
        (BY_MAIL, {"email": "ada@example.com"}, ("email",)),
        (BY_MAIL, {"email": "ada@example.com", "country_codes": ["DE"]}, ("email",)),
    ],
)
def test_a_partial_change_claims_what_it_says_and_never_the_whole_record(
    key: str, columns: dict[str, object], fields: tuple[str, ...]
) -> None:
    one = change(key, partial=True, columns=columns)._replace(columns=columns)

    assert fields_of(one) == fields
    assert fields_of(one._replace(partial=False)) == (WHOLE_RECORD,)


def test_the_key_and_the_countries_of_numbers_identify() -> None:
    one = change(BY_MAIL)

    said = [name for name in ("email", "country_codes", "city") if identifies(one, name)]

    assert said == ["email", "country_codes"]


def test_changes_of_two_connections_or_contact_lists_are_apart() -> None:
    one, other = change(), change(delivery="d2")
    crm = other._replace(occurrence=other.occurrence._replace(connection="crm"))
    listed = other._replace(options=ImportOptions("contact_details", "leads-id"))

    assert [is_apart(one, each) for each in (other, crm, listed)] == [False, True, True]
