"""Fetching at Zoho: access tokens are kept, and a request names 50 fields of its module."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

import httpx
import pytest

from import_relay.connectors.fetcher_contract import FetchedRecord, FieldPath
from import_relay.connectors.zoho import fetcher
from import_relay.domain.errors import RecordsNotFetched
from tests.support.crm import Crm, answer

OPTIONS = {"api_url": "https://www.zohoapis.eu/", "accounts_url": "https://accounts.zoho.eu"}
SECRET = "1000.id:secret:1000.refresh"  # invented
NOTHING = httpx.Response(204)
TOKEN_URL = ("POST", "https://accounts.zoho.eu/oauth/v2/token")
CONTACTS_URL = ("GET", "https://www.zohoapis.eu/crm/v8/Contacts")
WANTED: frozenset[FieldPath] = frozenset({("id",), ("Email",), ("Owner", "name"), ()})


@pytest.fixture(autouse=True)
def _no_tokens_are_kept() -> Iterator[None]:
    fetcher._kept.clear()
    yield
    fetcher._kept.clear()


def access(number: int = 1) -> httpx.Response:
    return answer({"access_token": f"access-{number}", "expires_in": 3600})


def records(*found: Mapping[str, object]) -> httpx.Response:
    return answer({"data": list(found), "info": {"more_records": False}})


def read(
    crm: Crm,
    *ids: str,
    module: str = "Contacts",
    wanted: frozenset[FieldPath] = WANTED,
    secret: str = SECRET,
) -> Mapping[str, FetchedRecord]:
    return fetcher.read(crm.api(secret, OPTIONS), module, ids or ("1",), wanted)


def failure(*answers: httpx.Response, secret: str = SECRET) -> RecordsNotFetched:
    with pytest.raises(RecordsNotFetched) as caught:
        read(Crm(list(answers)), secret=secret)
    assert "secret" not in caught.value.detail.replace("client_secret", "")
    return caught.value


def fields_of(request: httpx.Request) -> list[str]:
    return request.url.params["fields"].split(",")


def test_records_are_read_by_id_with_an_access_token() -> None:
    one = {"id": "1", "Email": "a@example.com", "Modified_Time": "2026-11-21T10:30:00+01:00"}
    crm = Crm([access(), records(one)])
    assert read(crm, "1", "2") == {"1": FetchedRecord(one, 1_795_253_400_000_000)}
    assert crm.asked() == [TOKEN_URL, CONTACTS_URL]
    assert dict(parse_qsl(crm.requests[0].content.decode())) == {
        "grant_type": "refresh_token",
        "client_id": "1000.id",
        "client_secret": "secret",
        "refresh_token": "1000.refresh",
    }
    assert crm.requests[1].headers["authorization"] == "Zoho-oauthtoken access-1"
    assert dict(crm.requests[1].url.params) == {"ids": "1,2", "fields": "Modified_Time,Email,Owner"}


def test_no_content_means_no_records() -> None:
    assert read(Crm([access(), NOTHING])) == {}


def test_a_record_without_a_time_has_no_version() -> None:
    assert read(Crm([access(), records({"id": "1"})])) == {"1": FetchedRecord({"id": "1"}, None)}


def test_an_access_token_is_kept_for_the_next_read() -> None:
    crm = Crm([access(), NOTHING, NOTHING])
    read(crm)
    read(crm)
    assert crm.asked() == [TOKEN_URL, CONTACTS_URL, CONTACTS_URL]


def test_an_access_token_is_renewed_before_it_expires() -> None:
    crm = Crm([access(), NOTHING, access(2), NOTHING])
    read(crm)
    crm.now = 3_500
    read(crm)
    assert crm.requests[-1].headers["authorization"] == "Zoho-oauthtoken access-2"


def test_a_kept_token_that_is_refused_is_renewed_once() -> None:
    crm = Crm([access(), NOTHING, answer({}, 401), access(2), NOTHING])
    read(crm)
    assert read(crm) == {}
    refused = Crm([answer({}, 401), access(3), answer({}, 401)])
    with pytest.raises(RecordsNotFetched) as caught:
        read(refused)
    assert caught.value.code == "fetcher.refused"


def test_credentials_of_another_connection_have_a_token_of_their_own() -> None:
    crm = Crm([access(), NOTHING, access(2), NOTHING])
    read(crm)
    read(crm, secret="1000.other:secret:1000.refresh")
    assert crm.requests[-1].headers["authorization"] == "Zoho-oauthtoken access-2"


def test_more_than_fifty_fields_take_several_requests() -> None:
    names = [f"Field_{number:03}" for number in range(60)]
    wanted = frozenset((name,) for name in names)
    first = {"id": "1", "Field_000": "a", "Modified_Time": "2026-11-21T09:30:00Z"}
    second = {"id": "1", "Field_059": "b", "Modified_Time": "2026-11-21T09:31:00Z"}
    crm = Crm([access(), records(first), records(second)])
    found = read(crm, wanted=wanted)
    asked = [fields_of(one) for one in crm.requests[1:]]
    assert [len(fields) for fields in asked] == [50, 12]
    assert sorted(asked[0][1:] + asked[1][1:]) == names
    assert found["1"] == FetchedRecord({**second, **first}, 1_795_253_400_000_000)


@pytest.mark.parametrize(
    ("module", "fields"),
    [
        ("Contacts", ["Email", "Mailing_City"]),
        ("Leads", ["City", "Email"]),
        ("Deals", ["City", "Email", "Mailing_City"]),
    ],
)
def test_a_module_is_not_asked_for_fields_of_another_module(module: str, fields: list[str]) -> None:
    crm = Crm([access(), NOTHING])
    read(crm, module=module, wanted=frozenset({("Email",), ("City",), ("Mailing_City",)}))
    assert fields_of(crm.requests[1])[1:] == fields


def test_names_that_no_field_can_have_are_not_asked_for() -> None:
    crm = Crm([access(), NOTHING])
    read(crm, wanted=frozenset({("a,b",), ("ä",), ("",), ("x" * 101,), ("Email",)}))
    assert fields_of(crm.requests[1]) == ["Modified_Time", "Email"]


@pytest.mark.parametrize("secret", ["1000.token", "a:b", "a:b:", "a:b:c:d", "::"])
def test_credentials_of_another_form_are_refused_without_a_request(secret: str) -> None:
    assert failure(secret=secret).code == "fetcher.refused"


@pytest.mark.parametrize(
    "given", [{"error": "invalid_code"}, {"access_token": 7}, {"access_token": "a\nb"}]
)
def test_credentials_that_give_no_token_are_refused(given: object) -> None:
    assert failure(answer(given)).code == "fetcher.refused"


@pytest.mark.parametrize(
    "given",
    [[], {}, {"data": {}}, {"data": [7]}, {"data": [{}]}, {"data": [{"id": 1}]}],
)
def test_an_answer_of_another_shape_is_unexpected(given: object) -> None:
    assert failure(access(), answer(given)).code == "fetcher.unexpected"


def test_a_record_that_nobody_asked_for_is_unexpected() -> None:
    assert failure(access(), records({"id": "99"})).code == "fetcher.unexpected"


def test_an_odd_answer_of_the_token_server_is_unexpected() -> None:
    assert failure(answer([])).code == "fetcher.unexpected"


@pytest.mark.parametrize("missing", sorted(OPTIONS))
def test_without_an_address_nothing_is_read(missing: str) -> None:
    options = {key: value for key, value in OPTIONS.items() if key != missing}
    with pytest.raises(RecordsNotFetched) as caught:
        fetcher.read(Crm([]).api(SECRET, options), "Contacts", ["1"], WANTED)
    assert caught.value.code == "fetcher.unexpected"
    assert missing in caught.value.detail
