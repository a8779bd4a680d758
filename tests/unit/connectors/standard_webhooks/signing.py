"""Signed bodies, and whether the connector accepts them."""

import pytest

from import_relay.connectors.contract import Request
from import_relay.connectors.standard_webhooks import events as connector
from import_relay.domain.errors import SignatureError
from tests.support.webhooks import NOW

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_RVhBTVBMRS1TRUNSRVQtRk9SLU1BS0UtVVAtT05MWSE="
BODY = '{"type": "contact.created", "data": {"id": "1"}}'


def verify(given: Request, *secrets: str, now: float = NOW) -> None:
    connector.verify(given, secrets or (SECRET,), {}, now=now)


def refusal(given: Request, *secrets: str, now: float = NOW) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(given, *secrets, now=now)
    return caught.value.code
