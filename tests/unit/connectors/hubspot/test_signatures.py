"""HubSpot's signatures: values that HubSpot published, and its own client library as the signer."""

from dataclasses import replace
from types import ModuleType

import pytest
from hubspot.utils.signature import Signature  # type: ignore[import-untyped]  # ships no types

from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.contract import Request
from import_relay.connectors.hubspot import events as hubspot
from import_relay.connectors.hubspot import workflow_events as hubspot_workflow
from import_relay.connectors.kinds import connector_for
from import_relay.domain.connections import Connection
from import_relay.domain.errors import SignatureError
from tests.support.webhooks import NOW, request, with_headers

URL = "https://www.example.com/webhook_uri"
OPTIONS = {"public_url": URL}
OLDER = OPTIONS | {"older_signatures": "v1 v2"}
SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
BODY = '[{"objectId":1,"propertyValue":"Zoë"}]'
TIMESTAMP = str(NOW * 1_000)
KINDS = [hubspot, hubspot_workflow]


def signed_v3(
    body: str = BODY, url: str = URL, timestamp: str = TIMESTAMP, secret: str = SECRET
) -> Request:
    signature = Signature.get_signature(secret, body, "v3", url, "POST", timestamp)
    return with_headers(
        request(body), x_hubspot_signature_v3=signature, x_hubspot_request_timestamp=timestamp
    )


def signed(version: str, body: str = BODY, secret: str = SECRET) -> Request:
    signature = Signature.get_signature(secret, body, version, URL, "POST")
    return with_version(request(body), version, signature)


def with_version(given: Request, version: str | None, signature: str | None) -> Request:
    return with_headers(given, x_hubspot_signature=signature, x_hubspot_signature_version=version)


def verify(given: Request, *secrets: str, url: str = URL, now: float = NOW) -> None:
    options = {"public_url": url, "older_signatures": "v1 v2"}
    hubspot.verify(given, secrets or (SECRET,), options, now=now)


def refusal(given: Request, *secrets: str, now: float = NOW) -> str:
    with pytest.raises(SignatureError) as caught:
        hubspot.verify(given, secrets or (SECRET,), OLDER, now=now)
    return caught.value.code


PUBLISHED_BODY = (
    '[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
    '"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,'
    '"changeSource":"CRM","changeFlag":"NEW","appId":54321}]'
)


@pytest.mark.parametrize(
    ("version", "method", "body", "published"),
    [
        (
            "v1",
            "POST",
            PUBLISHED_BODY,
            "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de",
        ),
        (
            "v1",
            "POST",
            "{'example_field':'example_value'}",
            "69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750",
        ),
        ("v2", "GET", "", "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e"),
        (
            "v2",
            "POST",
            "{'example_field':'example_value'}",
            "4fe4e3a7d3cf09db53be39d0a58130e2aaba074ec123a9e355b876a689a1c383",
        ),
    ],
)
def test_the_signatures_that_hubspot_published_are_accepted(
    version: str, method: str, body: str, published: str
) -> None:
    verify(with_version(replace(request(body), method=method), version, published))


@pytest.mark.parametrize("connector", KINDS, ids=["hubspot", "hubspot_workflow"])
def test_version_3_made_by_hubspots_library_is_accepted(connector: ModuleType) -> None:
    connector.verify(signed_v3(), [SECRET], OPTIONS, now=NOW)


@pytest.mark.parametrize("asked", ["", "v2", "v1"])
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("connector", KINDS, ids=["hubspot", "hubspot_workflow"])
def test_an_older_version_counts_only_if_it_is_asked_for(
    connector: ModuleType, version: str, asked: str
) -> None:
    options = OPTIONS | ({"older_signatures": asked} if asked else {})
    if version == asked and (connector is hubspot or version == "v2"):
        connector.verify(signed(version), [SECRET], options, now=NOW)
    else:
        with pytest.raises(SignatureError) as caught:
            connector.verify(signed(version), [SECRET], options, now=NOW)
        assert caught.value.code == "signature.malformed"


@pytest.mark.parametrize(("kind", "asked"), [("hubspot", "v3"), ("hubspot_workflow", "v1")])
def test_an_older_version_that_does_not_exist_is_a_mistake(kind: str, asked: str) -> None:
    options = {"public_url": URL, "older_signatures": asked}
    found = dict(kind_mistakes(connector_for(kind), Connection("x", kind, options)))

    assert asked in found["older_signatures"]


def test_version_1_authenticates_nobody_for_a_workflow() -> None:
    with pytest.raises(SignatureError) as caught:
        hubspot_workflow.verify(signed("v1"), [SECRET], OLDER, now=NOW)
    assert caught.value.code == "signature.malformed"


def test_each_of_several_secrets_is_valid() -> None:
    for given in (signed_v3(), signed("v2"), signed("v1")):
        verify(given, "", "another", SECRET)


def test_without_a_secret_nothing_is_accepted() -> None:
    assert refusal(signed_v3(), "") == "signature.no_secret"
    assert refusal(signed("v1"), "") == "signature.no_secret"


@pytest.mark.parametrize("given", [signed_v3(), signed("v2"), signed("v1")])
def test_another_secret_or_another_body_is_refused(given: Request) -> None:
    assert refusal(given, "another") == "signature.mismatch"
    changed = replace(given, body=given.body.replace(b"1", b"2"))
    assert refusal(changed) == "signature.mismatch"


@pytest.mark.parametrize("given", [signed_v3(), signed("v2")])
def test_another_method_or_address_is_refused(given: Request) -> None:
    assert refusal(replace(given, method="PUT")) == "signature.mismatch"
    with pytest.raises(SignatureError) as caught:
        verify(given, url="https://www.example.com/other")
    assert caught.value.code == "signature.mismatch"


def test_a_right_version_2_or_1_does_not_replace_a_wrong_version_3() -> None:
    wrong = signed_v3(secret="another")
    for version in ("v1", "v2"):
        signature = signed(version).headers["x-hubspot-signature"]
        assert refusal(with_version(wrong, version, signature)) == "signature.mismatch"


def test_a_right_version_2_does_not_replace_an_empty_version_3() -> None:
    given = with_headers(signed("v2"), x_hubspot_signature_v3="")
    assert refusal(given) == "signature.missing"


def test_a_right_version_3_counts_although_an_older_signature_is_wrong() -> None:
    verify(with_version(signed_v3(), "v1", "0" * 64))


@pytest.mark.parametrize("milliseconds", [-299_999, 299_999])
def test_a_signed_time_within_five_minutes_is_accepted(milliseconds: int) -> None:
    verify(signed_v3(timestamp=str(NOW * 1_000 + milliseconds)))


@pytest.mark.parametrize("milliseconds", [-300_001, 300_001])
def test_a_signed_time_that_is_too_old_or_too_new_is_refused(milliseconds: int) -> None:
    given = signed_v3(timestamp=str(NOW * 1_000 + milliseconds))
    assert refusal(given) == "signature.expired"


def test_a_time_in_seconds_is_refused() -> None:
    assert refusal(signed_v3(timestamp=str(NOW))) == "signature.expired"


@pytest.mark.parametrize(
    ("timestamp", "code"),
    [
        (None, "signature.missing"),
        ("", "signature.missing"),
        ("soon", "signature.malformed"),
        (f"{TIMESTAMP}.0", "signature.malformed"),
        (f"-{TIMESTAMP}", "signature.malformed"),
        ("１７９５", "signature.malformed"),  # noqa: RUF001  # digits of another script
        (f"{TIMESTAMP}, {TIMESTAMP}", "signature.malformed"),
        (str(NOW * 1_000 + 1), "signature.mismatch"),
    ],
)
def test_a_time_that_is_missing_no_number_or_not_the_signed_one_is_refused(
    timestamp: str | None, code: str
) -> None:
    given = with_headers(signed_v3(), x_hubspot_request_timestamp=timestamp)
    assert refusal(given) == code


@pytest.mark.parametrize("header", ["x_hubspot_signature_v3", "x_hubspot_signature"])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: None, "signature.missing"),
        (lambda text: text[:-1], "signature.mismatch"),
        (lambda text: text.swapcase(), "signature.mismatch"),
        (lambda text: f"{text}, {text}", "signature.mismatch"),
        (lambda text: f"{text}é", "signature.mismatch"),
        (lambda text: text * 200, "signature.malformed"),
    ],
)
def test_a_signature_that_is_not_exactly_the_right_text_is_refused(
    header: str, change: object, code: str
) -> None:
    given = signed_v3() if header.endswith("v3") else signed("v2")
    assert callable(change)
    changed = change(given.headers[header.replace("_", "-")])
    assert refusal(with_headers(given, **{header: changed})) == code


@pytest.mark.parametrize("version", [None, "", "v3", "V2", "v2, v2"])
def test_an_older_signature_without_a_known_version_is_refused(version: str | None) -> None:
    given = with_headers(signed("v2"), x_hubspot_signature_version=version)
    assert refusal(given) == "signature.malformed"


ESCAPED = "https://example.com/hook%3a%2F%3F%40%21%24%27%28%29%2A%2C%3B%20x?a=%26"
DECODED = "https://example.com/hook:/?@!$'()*,;%20x?a=%26"


@pytest.mark.parametrize("url", [ESCAPED, DECODED])
def test_the_address_may_be_signed_as_it_is_or_with_twelve_escapes_decoded(url: str) -> None:
    verify(signed_v3(url=url), url=ESCAPED)


def test_no_other_escape_of_the_address_is_decoded() -> None:
    with pytest.raises(SignatureError):
        verify(signed_v3(url=DECODED.replace("%20", " ")), url=ESCAPED)
    with pytest.raises(SignatureError):
        verify(signed_v3(url=DECODED.replace("%26", "&")), url=ESCAPED)
