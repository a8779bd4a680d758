"""Reads Salesforce records by id, for change events that say too little. Called by `fetching`.

The connection's token is `client_id:client_secret` of an app with the OAuth client credentials
flow; each call of `read` begins with an access token of its own, at `instance_url`, which is also
the only address that it is sent to. The describe call tells which fields the object has and the
app's user may see, because one unknown field makes Salesforce refuse the whole request; a field
that the mapping names and Salesforce does not have is simply not in the record.

The API's fields are flat (`MailingStreet`), those of change events are nested
(`MailingAddress.Street`): records have the shape of the change events, by the `compoundFieldName`
that the describe call gives. A lead's `Address` is called `MailingAddress`, as in `change_records`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from import_relay.connectors.fetcher_contract import FetchedRecord, FieldPath
from import_relay.connectors.salesforce.objects import SHORT_ID
from import_relay.connectors.shared.crm_api import CrmApi
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.domain.errors import RecordsNotFetched

IDS_PER_READ = 500
"""Own limit, for an answer within the timeout; the API takes 2,000 (REST API guide, sObject
Collections, POST)."""
REQUESTS_PER_SECOND = 5.0
MAX_TIME_LAG_S = 60.0
"""Own choice: `SystemModstamp` is set in the transaction, `commitTimestamp` at its end."""
_API = "services/data/v61.0"
_ALWAYS: tuple[FieldPath, ...] = (("Id",), ("SystemModstamp",))

Sources = Mapping[FieldPath, str]
"""Where in the record a value stands → the field of the API that holds it."""


def read(
    api: CrmApi, object_type: str, ids: Sequence[str], to_fetch: AbstractSet[FieldPath]
) -> Mapping[str, FetchedRecord]:
    """See `contract.Fetcher.read`; `FetchedRecord.version` is `SystemModstamp`."""
    base = api.options.get("instance_url", "").rstrip("/")
    if not base:
        raise RecordsNotFetched("fetcher.unexpected", "the option instance_url is missing")
    headers = {"authorization": f"Bearer {_access_token(api, base)}"}
    described = api.request(
        "GET", f"{base}/{_API}/sobjects/{object_type}/describe", headers=headers
    )
    sources = _sources(_fields(described), object_type, to_fetch)
    answer = api.request(
        "POST",
        f"{base}/{_API}/composite/sobjects/{object_type}",
        headers=headers,
        content={"ids": list(ids), "fields": sorted(set(sources.values()))},
    )
    return _found(answer, ids, sources)


def _access_token(api: CrmApi, base: str) -> str:
    client_id, colon, client_secret = api.token.partition(":")
    if not colon:
        raise RecordsNotFetched("fetcher.refused", "the token is not client_id:client_secret")
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
    }
    try:
        answer = api.request("POST", f"{base}/services/oauth2/token", form=form)
    except RecordsNotFetched as error:
        if error.detail == "status 400":  # RFC 6749, section 5.2: how credentials are refused
            raise RecordsNotFetched("fetcher.refused", "the client credentials") from error
        raise
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise RecordsNotFetched("fetcher.unexpected", "no access token")
    return token


def _fields(described: object) -> dict[str, str | None]:
    """The object's fields, and the compound field that each is a part of."""
    fields = described.get("fields") if isinstance(described, dict) else None
    if not isinstance(fields, list):
        raise RecordsNotFetched("fetcher.unexpected", "the object is not described")
    found: dict[str, str | None] = {}
    for field in fields:
        name = field.get("name") if isinstance(field, dict) else None
        if isinstance(name, str):
            compound = field.get("compoundFieldName")
            is_part = isinstance(compound, str) and compound != name
            found[name] = compound if is_part else None
    return found


def _sources(
    fields: Mapping[str, str | None], object_type: str, to_fetch: AbstractSet[FieldPath]
) -> Sources:
    """The fields to ask for; a compound field is asked for by its parts."""
    parts: dict[str, dict[str, str]] = defaultdict(dict)
    for name, compound in fields.items():
        if compound is not None:
            parts[compound][_part(name, compound)] = name
    sources: dict[FieldPath, str] = {}
    for path in (*to_fetch, *_ALWAYS):
        top = path[0] if path else ""
        compound = "Address" if (object_type, top) == ("Lead", "MailingAddress") else top
        if compound in parts:
            sources |= {
                (top, part): name
                for part, name in parts[compound].items()
                if len(path) == 1 or path[1] == part
            }
        elif top in fields:
            sources[(top,)] = top
    return sources


def _part(name: str, compound: str) -> str:
    """`Street` of `MailingStreet`, which is a part of `MailingAddress`; a part of `Name` as is."""
    return name.removeprefix(compound.removesuffix("Address")) if compound != "Name" else name


def _found(answer: object, ids: Sequence[str], sources: Sources) -> Mapping[str, FetchedRecord]:
    """The records by the ids that were asked for; null stands for one that is not there.

    An answer that is not one entry per id must not make records look deleted.
    """
    if not isinstance(answer, list) or len(answer) != len(ids):
        raise RecordsNotFetched("fetcher.unexpected", "the answer is no list of the records")
    found = {}
    for fields in answer:
        if fields is None:
            continue
        identifier = fields.get("Id") if isinstance(fields, dict) else None
        if not isinstance(identifier, str):
            raise RecordsNotFetched("fetcher.unexpected", "a record without an id")
        version = timestamp(fields.get("SystemModstamp"))
        found[identifier[:SHORT_ID]] = FetchedRecord(_record(fields, sources), version)
    return {one: found[one[:SHORT_ID]] for one in ids if one[:SHORT_ID] in found}


def _record(fields: Mapping[str, object], sources: Sources) -> Mapping[str, object]:
    """The record in the shape of change events."""
    record: dict[str, object] = {}
    for path, name in sources.items():
        if len(path) == 1:
            record[path[0]] = fields.get(name)
        else:
            compound = record.setdefault(path[0], {})
            if isinstance(compound, dict):
                compound[path[1]] = fields.get(name)
    return record
