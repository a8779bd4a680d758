"""`relay try --send` authenticates webhooks of every kind, in each way that the kind offers."""

from dataclasses import replace

import pytest

from import_relay.connectors.contract import Request
from import_relay.connectors.kinds import connector_for, kinds
from import_relay.domain.connections import Connection
from import_relay.domain.errors import SignatureError
from relay_ops.exits import UsageMistake
from relay_ops.signing import authenticated
from tests.support.authentic import connection_of, requests_of, secrets_of, sender_of
from tests.support.webhooks import NOW

AUTHENTICATIONS = [
    ("calcom", "path"),
    ("calendly", "path"),
    ("cloudevents", "query"),
    ("cloudevents", "header"),
    ("dataverse", "query"),
    ("hubspot_workflow", "header"),
    ("json", "basic"),
    ("salesforce_outbound", "organization"),
]
BASIC = "user:a-long-password"


def bare(kind: str) -> Request:
    """A request of the kind without its authentication."""
    given = next(iter(requests_of(kind).values()))
    path = f"/webhooks/{kind}"
    return replace(
        sender_of(kind).unauthenticated(given), path=path, method="POST", transport="http"
    )


def verify(signed: Request, connection: Connection, secrets: list[str]) -> None:
    options = connection.options
    connector_for(connection.kind).verify(signed, secrets, options, now=NOW)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_the_receiver_accepts_a_signed_webhook_of_every_kind(kind: str) -> None:
    secrets = secrets_of(kind)
    given = bare(kind)
    with pytest.raises(SignatureError):
        verify(given, connection_of(kind), secrets)

    verify(authenticated(given, connection_of(kind), secrets), connection_of(kind), secrets)


@pytest.mark.parametrize(("kind", "auth"), AUTHENTICATIONS)
def test_the_receiver_accepts_each_authentication_that_the_option_offers(
    kind: str, auth: str
) -> None:
    known = connection_of(kind)
    connection = replace(known, options={**known.options, "auth": auth})
    secrets = [BASIC] if auth == "basic" else secrets_of(kind)

    verify(authenticated(bare(kind), connection, secrets), connection, secrets)


def test_the_first_secret_that_fits_is_taken() -> None:
    secrets = ["no base64!", *secrets_of("standard_webhooks")]
    connection = connection_of("standard_webhooks")

    verify(authenticated(bare("standard_webhooks"), connection, secrets), connection, secrets)


@pytest.mark.parametrize("secrets", [[], [""], ["whpk_" + "A" * 44]])
def test_without_a_secret_to_sign_with_the_mistake_is_named(secrets: list[str]) -> None:
    with pytest.raises(UsageMistake, match="relay secret standard_webhooks"):
        authenticated(bare("standard_webhooks"), connection_of("standard_webhooks"), secrets)


def test_a_body_that_can_hold_no_token_is_a_mistake() -> None:
    given = replace(bare("zoho"), body=b"[]")

    with pytest.raises(UsageMistake, match="relay secret zoho"):
        authenticated(given, connection_of("zoho"), secrets_of("zoho"))
