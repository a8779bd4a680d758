"""Reads records at Attio, of any object. Called by `fetching`.

The token is an access token with the scopes `record_permission:read` and
`object_configuration:read`. Attio's values are lists of objects that depend on the attribute's
type; expressions see simple ones: `{"id", "object", "values": {slug: value or list}}`. `object` is
the slug of the object, e.g. `people`. Attio gives no time of a record's last change, but of each
value since when it is there.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from import_relay.connectors.fetcher_contract import FetchedRecord, FieldPath
from import_relay.connectors.shared.crm_api import CrmApi
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.domain.errors import RecordsNotFetched

ATTIO_URL = "https://api.attio.com/v2"
IDS_PER_READ = 100
"""Own choice: a query may give up to 500 records (Attio: List records, `limit`)."""
REQUESTS_PER_SECOND = 5.0
"""Attio allows 100 reads a second."""
MAX_TIME_LAG_S = 60.0
"""A webhook is received within a minute of its change; if it comes later, its record is read again.
"""
SIMPLE: Mapping[str, str] = {
    "personal-name": "full_name",
    "currency": "currency_value",
    "interaction": "interacted_at",
}
"""Type of an attribute of one value → the field that is its value; `value` for all others."""
LISTED: Mapping[str, str] = {
    "email-address": "email_address",
    "phone-number": "phone_number",
    "domain": "domain",
    "record-reference": "target_record_id",
    "actor-reference": "referenced_actor_id",
}
"""Type of an attribute that may have several values → the field that is one value."""
TITLED = frozenset({"select", "status"})
"""Types of attributes whose values are options with a title."""
LOCATION = (
    "line_1",
    "line_2",
    "line_3",
    "line_4",
    "locality",
    "region",
    "postcode",
    "country_code",
)


def read(
    api: CrmApi,
    object_type: str,
    ids: Sequence[str],
    to_fetch: AbstractSet[FieldPath],  # Attio gives whole records
) -> Mapping[str, FetchedRecord]:
    """See `contract.Fetcher.read`; `object_type` is the UUID of an object."""
    slug = _slug(_request(api, "GET", f"/objects/{object_type}"))
    query = {"filter": {"record_id": {"$in": list(ids)}}, "limit": len(ids)}
    answer = _request(api, "POST", f"/objects/{object_type}/records/query", query)
    data = answer.get("data")
    if not isinstance(data, list):
        raise _unexpected("a query gives no list of records")
    found = [_record(entry, slug) for entry in data]
    records = {str(one.record["id"]): one for one in found}
    if not records.keys() <= set(ids):
        raise _unexpected("a query gives other records than asked for")
    return records


def _request(api: CrmApi, method: str, path: str, content: object = None) -> Mapping[str, object]:
    """The JSON object that Attio answers."""
    headers = {"authorization": f"Bearer {api.token}"}
    answer = api.request(method, ATTIO_URL + path, headers=headers, content=content)
    if not isinstance(answer, dict):
        raise _unexpected("the token's workspace has no such object")
    return answer


def _slug(answer: Mapping[str, object]) -> str:
    data = answer.get("data")
    slug = data.get("api_slug") if isinstance(data, dict) else None
    if not isinstance(slug, str):
        raise _unexpected("an object has no api_slug")
    return slug


def _record(entry: object, slug: str) -> FetchedRecord:
    ids = entry.get("id") if isinstance(entry, dict) else None
    values = entry.get("values") if isinstance(entry, dict) else None
    record_id = ids.get("record_id") if isinstance(ids, dict) else None
    if not isinstance(record_id, str) or not isinstance(values, dict):
        raise _unexpected("a record has no id or no values")
    known = {name: _known(entries) for name, entries in values.items()}
    record = {
        "id": record_id,
        "object": slug,
        "values": {name: _value(of_one) for name, of_one in known.items()},
    }
    written = [timestamp(one.get("active_from")) for of_one in known.values() for one in of_one]
    return FetchedRecord(record, None, max(filter(None, written), default=None))


def _known(entries: object) -> Sequence[Mapping[str, object]]:
    """The values of an attribute, as Attio gives them."""
    values = entries if isinstance(entries, list) else [entries]
    return [value for value in values if isinstance(value, dict)]


def _value(known: Sequence[Mapping[str, object]]) -> object:
    """The simple value of an attribute, or a list of them; None if it has none."""
    if not known:
        return None
    kind = str(known[0].get("attribute_type"))
    if kind in LISTED:
        return [value.get(LISTED[kind]) for value in known]
    if kind == "select" and "option" in known[0]:  # a status may call itself a select
        return [_one(value) for value in known]
    return _one(known[0])


def _one(value: Mapping[str, object]) -> object:
    kind = str(value.get("attribute_type"))
    if kind in TITLED:
        titled = value.get("option") or value.get("status")
        return titled.get("title") if isinstance(titled, dict) else titled
    if kind == "location":
        return {part: value.get(part) for part in LOCATION}
    return value.get(SIMPLE.get(kind, "value"))


def _unexpected(what: str) -> RecordsNotFetched:
    return RecordsNotFetched("fetcher.unexpected", f"Attio: {what}")
