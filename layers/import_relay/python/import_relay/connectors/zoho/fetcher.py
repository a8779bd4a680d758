"""Reads records at Zoho CRM: contacts, leads, deals, meetings. Called by `fetching`.

The token among the CRM tokens is `client_id:client_secret:refresh_token` of a self client or a
server-based client; access tokens are made of it. Zoho makes only a few of these in ten minutes,
so one is kept until shortly before it expires, and renewed once if it is refused. `Get Records`
takes 100 ids and 50 fields at once. A record is Zoho's own object: the id, and the fields that
the mapping names. Its version is `Modified_Time`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from import_relay.connectors.fetcher_contract import FetchedRecord, FieldPath
from import_relay.connectors.shared.crm_api import CrmApi
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.connectors.zoho.events import FOREIGN
from import_relay.domain.batches import batches
from import_relay.domain.errors import RecordsNotFetched

IDS_PER_READ = 100
REQUESTS_PER_SECOND = 2.0
MAX_TIME_LAG_S = 60.0
"""Own choice: `Modified_Time` is whole seconds, and `server_time` may be that of sending."""
FIELDS_PER_REQUEST = 50
"""Zoho: Get Records, parameter `fields`."""
EXPIRES_EARLY_S = 120.0
"""Own margin: no access token is used in its last minutes."""
_field_name = re.compile(r"[A-Za-z0-9_$]{1,100}")


class _Access(NamedTuple):
    token: str
    good_until: float


_kept: dict[tuple[str, str], _Access] = {}
"""(accounts address, credentials) → access token; one per connection and process."""


def read(
    api: CrmApi, object_type: str, ids: Sequence[str], to_fetch: AbstractSet[FieldPath]
) -> Mapping[str, FetchedRecord]:
    """See `contract.Fetcher.read`; `object_type` is the API name of a module."""
    records: dict[str, dict[str, Any]] = {}
    for fields in _requests(object_type, to_fetch):
        params = {"ids": ",".join(ids), "fields": ",".join(fields)}
        for record in _records(_get(api, f"/crm/v8/{object_type}", params)):
            known = records.setdefault(record["id"], {})
            records[record["id"]] = record | known  # of fields asked for twice the first counts
    if not records.keys() <= set(ids):
        raise RecordsNotFetched("fetcher.unexpected", "Zoho gives other records than asked for")
    return {
        record_id: FetchedRecord(record, timestamp(record.get("Modified_Time")))
        for record_id, record in records.items()
    }


def _requests(module: str, to_fetch: AbstractSet[FieldPath]) -> Iterator[list[str]]:
    """The fields to ask for, in as many requests as they need.

    Without fields of the sister module, and without names that no field can have.
    """
    foreign = FOREIGN.get(module, frozenset())
    names = {path[0] for path in to_fetch if path} - foreign - {"id", "Modified_Time"}
    fields = sorted(name for name in names if _field_name.fullmatch(name))
    for group in list(batches(fields, FIELDS_PER_REQUEST - 1)) or [[]]:
        yield ["Modified_Time", *group]


def _records(answer: object) -> list[dict[str, Any]]:
    """The records of an answer; it is empty (204) if there is none."""
    if answer is None:
        return []
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list):
        raise RecordsNotFetched("fetcher.unexpected", "Zoho's answer has no list `data`")
    for record in data:
        if not isinstance(record, dict) or not isinstance(record.get("id"), str):
            raise RecordsNotFetched("fetcher.unexpected", "a record of Zoho's answer has no id")
    return data


def _get(api: CrmApi, path: str, params: Mapping[str, str]) -> object:
    """What the API answers; with a new access token if it refuses the one that was kept."""
    url = _address(api, "api_url") + path
    credentials = (_address(api, "accounts_url"), api.token)
    if credentials in _kept:
        try:
            return _authorised(api, url, params, _access_token(api, credentials))
        except RecordsNotFetched as error:
            if error.code != "fetcher.refused":
                raise
            _kept.pop(credentials, None)
    return _authorised(api, url, params, _access_token(api, credentials))


def _authorised(api: CrmApi, url: str, params: Mapping[str, str], token: str) -> object:
    return api.request(
        "GET", url, headers={"authorization": f"Zoho-oauthtoken {token}"}, params=params
    )


def _access_token(api: CrmApi, credentials: tuple[str, str]) -> str:
    kept = _kept.get(credentials)
    if kept is None or api.clock() >= kept.good_until:
        kept = _kept[credentials] = _new_access(api, *credentials)
    return kept.token


def _new_access(api: CrmApi, accounts_url: str, secret: str) -> _Access:
    """A new access token.

    Zoho answers 200 with an `error` if it does not take the refresh token.
    """
    parts = secret.split(":")
    if len(parts) != 3 or not all(parts):
        raise RecordsNotFetched(
            "fetcher.refused", "the token is not client_id:client_secret:refresh_token"
        )
    form = dict(zip(("client_id", "client_secret", "refresh_token"), parts, strict=True))
    answer = api.request(
        "POST", f"{accounts_url}/oauth/v2/token", form={"grant_type": "refresh_token", **form}
    )
    if not isinstance(answer, dict):
        raise RecordsNotFetched("fetcher.unexpected", "Zoho's accounts server answers no token")
    token, expires_in = answer.get("access_token"), answer.get("expires_in", 3600)
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise RecordsNotFetched("fetcher.refused", "Zoho's accounts server makes no access token")
    lasts = expires_in if isinstance(expires_in, int) else 0
    return _Access(token, api.clock() + lasts - EXPIRES_EARLY_S)


def _address(api: CrmApi, option: str) -> str:
    address = api.options.get(option, "")
    if not address:
        raise RecordsNotFetched("fetcher.unexpected", f"the connection has no option {option}")
    return address.rstrip("/")
