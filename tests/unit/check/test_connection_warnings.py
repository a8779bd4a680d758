"""The check warns about settings of a connection that are probably not meant."""

from pathlib import Path

import pytest

from import_relay.check.check_connections import main
from tests.unit.check.conftest import Told

HUBSPOT = '[x]\nkind = "hubspot"\npublic_url = "https://a.b/c"\nportal_id = "1"\n'


SHOP = '[x]\nkind = "shopify"\n[x.contact.fields]\n'


CONTACT = '[x]\nkind = "close"\n[x.contact]\n'


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (f'{CONTACT}[x.contact.fields]\nvip = "a"', "5: contact.fields.vip", "Mateo documents"),
        (f'{CONTACT}custom_fields = ["vip"]', "4: contact.custom_fields", "does not map"),
        (f'{CONTACT}[x.contact.fields]\nexternal_id = ""', "4: contact.fields", "no external_id"),
        (
            '[x]\nkind = "json"\n[x.deal.fields]\nexternal_id = "id"',
            "3: deal.fields",
            "maps no contact",
        ),
        (f'{CONTACT}country_codes = ["DE", "AT"]', "4: contact.country_codes", "ambiguous"),
        (
            '[x]\nkind = "salesforce_outbound"\norganization_id = "00D000000000001AAA"',
            "1: auth",
            "no secret",
        ),
        (f'{CONTACT}when = "active == true"', "4: contact.when", "in backticks"),
        (
            f"{CONTACT}[x.contact.fields]\nfull_name = 'kind == \"a\" && name'",
            "5: contact.fields.full_name",
            "in single quotes",
        ),
        (f'{SHOP}external_id = "email"', "4: contact.fields.external_id", "no opt-out"),
        (
            f"{SHOP}email_marketing_opt_in = 'email_marketing_consent.state && verified_email'",
            "4: contact.fields.email_marketing_opt_in",
            "no opt-out",
        ),
        (
            f'{HUBSPOT}older_signatures = "v1"',
            "5: older_signatures",
            "extended",
        ),
    ],
)
def test_what_is_probably_not_meant_is_warned_about(
    told: Told, file: Path, text: str, where: str, what: str
) -> None:
    (warning,) = told(text)

    line, key = where.split(": ")
    assert warning.startswith(f"{line}: warning: connection 'x', key {key!r}: ")
    assert what in warning
    assert main([str(file)]) == 0


@pytest.mark.parametrize(
    "declared", ['custom_fields = ["vip"]', 'marketing_channels = ["vip"]', 'datetimes = ["vip"]']
)
def test_a_column_that_is_declared_is_known(told: Told, declared: str) -> None:
    assert told(f'{CONTACT}{declared}\n[x.contact.fields]\nvip = "a"') == []
