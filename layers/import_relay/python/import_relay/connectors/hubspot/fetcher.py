"""Reads records at HubSpot: contacts, deals, appointments, meetings. Called by `fetching`.

The token is the access token of a private app (or of an app of one account) with the read scope of
each object. One call gives up to 100 records with the properties that the mapping names; the
contacts of a deal or an appointment take a second one, which is only made if the mapping names
`associations`. HubSpot answers 207 if some of the ids are not there. A record's version is
`updatedAt`.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from import_relay.connectors.fetcher_contract import FetchedRecord, FieldPath
from import_relay.connectors.hubspot import records
from import_relay.connectors.shared.crm_api import CrmApi
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.domain.errors import RecordsNotFetched

HUBSPOT_URL = "https://api.hubapi.com"
IDS_PER_READ = 100
"""HubSpot: batch read of CRM objects."""
REQUESTS_PER_SECOND = 5.0
"""HubSpot allows a private app 100 requests in ten seconds or more."""
MAX_TIME_LAG_S = 5.0
"""Own choice: `occurredAt` and `updatedAt` are milliseconds of HubSpot's clocks."""
_ABSENT = "OBJECT_NOT_FOUND"
"""Category of the errors that stand for ids that are not there, or that nothing belongs to."""


def read(
    api: CrmApi, object_type: str, ids: Sequence[str], to_fetch: AbstractSet[FieldPath]
) -> Mapping[str, FetchedRecord]:
    """See `contract.Fetcher.read`; `object_type` is HubSpot's id of a type of object."""
    properties = sorted({path[1] for path in to_fetch if path[:1] == ("properties",) and path[1:]})
    content = {"inputs": _inputs(ids), "properties": properties}
    results = _results(api, f"/crm/v3/objects/{object_type}/batch/read", content)
    found = {
        str(one.get("id")): one
        for one in results
        if one.get("archived") is not True and str(one.get("id")) in ids
    }
    associated: Mapping[str, Sequence[str]] | None = None
    if found and object_type != records.CONTACT and ("associations",) in {p[:1] for p in to_fetch}:
        associated = _contacts(api, object_type, found)
    return {
        identifier: FetchedRecord(
            _record(identifier, object_type, _properties(one), associated),
            timestamp(one.get("updatedAt")),
        )
        for identifier, one in found.items()
    }


def _record(
    identifier: str,
    object_type: str,
    properties: Mapping[str, object],
    associated: Mapping[str, Sequence[str]] | None,
) -> dict[str, object]:
    record: dict[str, object] = {
        "id": identifier,
        "objectTypeId": object_type,
        "properties": properties,
    }
    if associated is not None:
        record["associations"] = records.contacts(associated.get(identifier, ()))
    return record


def _properties(given: Mapping[str, object]) -> dict[str, object]:
    """The properties of a record; those that HubSpot withholds are left out."""
    properties = given.get("properties")
    if not isinstance(properties, dict):
        raise _unexpected("a record has no properties")
    return {name: value for name, value in properties.items() if value != records.WITHHELD}


def _contacts(api: CrmApi, object_type: str, ids: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Id of a record → those of its contacts."""
    path = f"/crm/associations/2026-03/{object_type}/contacts/batch/read"
    return dict(map(_associated, _results(api, path, {"inputs": _inputs(ids)})))


def _associated(result: Mapping[str, object]) -> tuple[str, list[str]]:
    start, ends = result.get("from"), result.get("to")
    if not isinstance(start, dict) or not isinstance(ends, list):
        raise _unexpected("an association has no two ends")
    contacts = [records.optional_id(end.get("toObjectId")) for end in ends if isinstance(end, dict)]
    return str(start.get("id")), [one for one in contacts if one is not None]


def _inputs(ids: Iterable[str]) -> list[dict[str, str]]:
    return [{"id": one} for one in ids]


def _results(api: CrmApi, path: str, content: object) -> list[dict[str, object]]:
    """The results of a batch call.

    An error of any other kind than a missing id must not make a record look deleted.
    """
    url = api.options.get("api_url", HUBSPOT_URL).rstrip("/") + path
    headers = {"authorization": f"Bearer {api.token}"}
    answer = api.request("POST", url, headers=headers, content=content)
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise _unexpected("the answer has no list of results")
    errors = answer.get("errors") or []
    if not isinstance(errors, list) or not all(map(_is_absence, errors)):
        raise _unexpected("some of the records were refused")
    return results


def _is_absence(error: object) -> bool:
    return isinstance(error, dict) and error.get("category") == _ABSENT


def _unexpected(what: str) -> RecordsNotFetched:
    return RecordsNotFetched("fetcher.unexpected", f"HubSpot: {what}")
