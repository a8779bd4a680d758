"""Every error the relay raises on purpose, grouped by what the caller does about it.

    RelayError
    ├── Reject   this input is final as it is: answer or report it, go on with its neighbours
    │   ├── SignatureError        a request that is not authenticated (401)
    │   ├── UnknownConnection     a path that names no connection (404)
    │   ├── DeliveryTooLarge      a body that the receiver does not take (413)
    │   ├── UnreadableDelivery    authentic, but its body cannot be split (quarantine, then 2xx)
    │   └── RejectedRow           a record that can never become a row of an import
    │       └── RejectedRecord    the same, with its notes (in `domain.notes`)
    ├── Retry    nothing was done; the same call may be made again
    │   └── StoreUnavailable      AWS took none or only a part of what had to be stored (503)
    ├── Wait     nothing is wrong; the time for it has not come
    │   ├── LimitReached          today's requests or entities are spent
    │   ├── PermitTooFar            the next free request permit lies behind the deadline
    │   ├── LeaseHeld             another submitter is at work
    │   ├── ReplayTaken           another process goes on with this replay
    │   └── RecordsNotFetched         a CRM does not give the records that a webhook only names
    └── Abort    a person has to change something first
        ├── ConnectionDisabled    one connection of connections.toml; all others go on (503)
        ├── ConfigurationError    settings, or connections.toml as a whole
        └── CredentialsRefused    Mateo does not accept the token

No text of these errors holds a payload, a secret or a phone number: `RejectedRow.value` goes into
the report in the bucket and nowhere else. `CODES` is the one list of codes (docs/errors.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means and what a person does about it."""

    what: str
    what_to_do: str


CODES: Mapping[str, Explanation] = MappingProxyType(
    {
        # the receiver
        "signature.missing": Explanation(
            "The request carries no authentication of its sender.",
            "Set the secret or the credentials in the CRM's webhook settings.",
        ),
        "signature.malformed": Explanation(
            "The authentication is there but is not of the form that this kind of connection uses.",
            "Compare the CRM's webhook settings with the connection's kind.",
        ),
        "signature.expired": Explanation(
            "The signed time is further away from now than this kind of connection allows.",
            "Check the sender's clock; an old delivery must be sent again by the CRM.",
        ),
        "signature.mismatch": Explanation(
            "The authentication does not fit the body and any of the connection's secrets.",
            "Put the CRM's current secret into the connection secrets.",
        ),
        "signature.no_secret": Explanation(
            "The connection has no secret yet, so nothing can authenticate itself.",
            "Add the connection's secret to the connection secrets.",
        ),
        "signature.wrong_transport": Explanation(
            "This kind of connection takes events from EventBridge only, not from the web.",
            "Remove the webhook at the sender; the events come over the event bus.",
        ),
        "connection.unknown": Explanation(
            "The path names no connection of connections.toml.",
            "Correct the address in the CRM or add the connection and deploy.",
        ),
        "connection.disabled": Explanation(
            "The connection has a mistake in connections.toml. Its records wait; a sender that "
            "cannot be verified is told to try again (503). All other connections go on.",
            "Correct the key that the log event names and deploy; what waits is imported then.",
        ),
        "connection.missing": Explanation(
            "Records wait for a connection that is not in connections.toml, for a day at most.",
            "Deploy a connections.toml that has it, unless it was removed on purpose.",
        ),
        "delivery.not_utf8": Explanation(
            "The body is authentic but neither UTF-8 nor what its Content-Type declares.",
            "Have the sender encode it as UTF-8 or declare it; the raw body is in quarantine/.",
        ),
        "delivery.not_json": Explanation(
            "The body is authentic but is not JSON.",
            "Have the sender post JSON; the raw body is in quarantine/.",
        ),
        "delivery.not_xml": Explanation(
            "The body is authentic but is not XML, or declares entities or a document type.",
            "Have the sender post plain XML; the raw body is in quarantine/.",
        ),
        "delivery.not_form": Explanation(
            "The body is authentic but is not form data.",
            "Have the sender post form data; the raw body is in quarantine/.",
        ),
        "delivery.wrong_shape": Explanation(
            "The body can be read, but is not of the shape that this kind of connection sends.",
            "Compare the body in quarantine/ with the connection's kind.",
        ),
        "delivery.too_deep": Explanation(
            "The body nests deeper than the relay reads.",
            "Flatten the record at the sender; the raw body is in quarantine/.",
        ),
        "delivery.compressed": Explanation(
            "The body is authentic but is compressed (Content-Encoding).",
            "Have the sender post it uncompressed; the raw body is in quarantine/.",
        ),
        "delivery.too_many_items": Explanation(
            "The delivery holds more records than one request may bring (100,000).",
            "Have the sender post smaller batches; the raw body is in quarantine/.",
        ),
        "delivery.too_many_values": Explanation(
            "The body holds more values than the relay reads at once (a million).",
            "Have the sender post smaller batches; the raw body is in quarantine/.",
        ),
        "delivery.too_large": Explanation(
            "The body is larger than 6 MB; the request is refused (413).",
            "Have the sender post smaller batches.",
        ),
        "store.unavailable": Explanation(
            "The delivery could not be stored; the sender is told to try again (503).",
            "Nothing, unless it lasts: then see the state of SQS and S3 in the region.",
        ),
        # reading records at a CRM
        "fetcher.unavailable": Explanation(
            "The CRM's API does not answer, is too busy, or failed; its records wait.",
            "Nothing, unless it lasts: then see the CRM's status page.",
        ),
        "fetcher.refused": Explanation(
            "The CRM's API refuses the connection's token; its records wait.",
            "Put a valid token with the needed scopes into the CRM tokens, as "
            "`<connection>.token`.",
        ),
        "fetcher.unexpected": Explanation(
            "The CRM's API answers something else than it documents; its records wait.",
            "Check the connection's options, e.g. the API's address.",
        ),
        "fetcher.out_of_time": Explanation(
            "There are more records to be read than one batch has time for; the rest wait.",
            "Nothing: they are read with a later batch.",
        ),
        # rows
        "row.not_an_object": Explanation(
            "The record is not a JSON object.",
            "Have the sender post one object per record.",
        ),
        "row.other_topic": Explanation(
            "The body is none of the topic under which it came; the topic is not signed.",
            "Compare the item with the CRM. Nothing that Shopify sends itself ends like this.",
        ),
        "row.no_identifier": Explanation(
            "The row has neither an external id nor any handle (e-mail, phone, ...).",
            "Map `external_id` in connections.toml, or fill it in the CRM.",
        ),
        "row.no_valid_phone": Explanation(
            "No phone number of the row is valid and it has no other handle.",
            "Correct the number in the CRM, or set `country_codes` for national numbers.",
        ),
        "row.bad_datetime": Explanation(
            "A date or time cannot be read.",
            "Send ISO 8601, e.g. 2026-11-21T09:30:00+01:00.",
        ),
        "row.bad_value": Explanation(
            "A value is of a type that the column cannot hold.",
            "Correct the field's expression in connections.toml.",
        ),
        "row.shared_handle": Explanation(
            "A change of nothing but a handle that another contact of the same batch has as well.",
            "Give each contact a handle of its own, or choose otherwise with `shared_handles`.",
        ),
        # notes: of a row that is sent without a value, or with a remark
        "value.bad_date": Explanation(
            "A date cannot be read; it was left out, the rest is sent.",
            "Send ISO 8601, e.g. 1990-05-15, or map it with `to_date`.",
        ),
        "value.bad_datetime": Explanation(
            "A date and time cannot be read; it was left out, the rest is sent.",
            "Send ISO 8601, e.g. 2026-11-21T09:30:00+01:00, or map it with `to_datetime`.",
        ),
        "value.bad_email": Explanation(
            "An e-mail address is none that Mateo takes; it was left out, the rest is sent.",
            "Correct the address in the CRM; of several addresses, map one.",
        ),
        "value.bad_expression": Explanation(
            "The column's expression fails on this record; it was left out, the rest is sent.",
            "Correct the column's expression in connections.toml, or the value in the CRM.",
        ),
        "value.bad_text": Explanation(
            "A text holds a character that Mateo's database cannot store; it was left out.",
            "Remove the character in the CRM (NUL, half a surrogate pair).",
        ),
        "value.bad_type": Explanation(
            "A value is of a type that the column cannot hold; it was left out, the rest is sent.",
            "Correct the column's expression in connections.toml, or the value in the CRM.",
        ),
        "value.too_many_values": Explanation(
            "A value is a longer list than a column takes; it was left out, the rest is sent.",
            "Map fewer of the values, or send fewer.",
        ),
        "value.no_valid_phone": Explanation(
            "The column has no text that is a phone number; it was left out, the rest is sent.",
            "Correct the number in the CRM, or set `country_codes` for national numbers.",
        ),
        "value.ambiguous_phone": Explanation(
            "The number may be several ones; none was sent, since a stranger might have got it.",
            "Map the record's country to `country_codes`, or choose with `ambiguous_phones`.",
        ),
        "value.shared_handle": Explanation(
            "Another contact of the same batch has the handle as well; it was left out here.",
            "Give each contact a handle of its own, or choose otherwise with `shared_handles`.",
        ),
        "note.shared_handle": Explanation(
            "Another contact of the same batch has the handle as well, came later, and takes it.",
            "Give each contact a handle of its own, or choose otherwise with `shared_handles`.",
        ),
        "note.taken_handle": Explanation(
            "Mateo took the handle from another contact, which is without it now.",
            "Compare the two contacts (`taken_handles` in summary.json); correct them in the CRM.",
        ),
        "note.completed_phone": Explanation(
            "The number has no country code; the country of the record or connection completed it.",
            "Nothing, if `country_codes` is right; numbers that begin with + need none.",
        ),
        "note.ambiguous_phone": Explanation(
            "A number that may be several ones was passed over for another one of the column.",
            "Map the record's country to `country_codes`, or choose with `ambiguous_phones`.",
        ),
        "note.unusable_phone": Explanation(
            "A text that is no phone number was passed over.",
            "Correct it in the CRM.",
        ),
        "note.unknown_country": Explanation(
            "The record's country is neither an ISO code nor a name in English or German.",
            "Correct it in the CRM. Until then only international numbers and mobiles are sent.",
        ),
        "note.future_version": Explanation(
            "What orders the change is a time of the future; the time of receipt stands in for it.",
            "Correct the clock of the sender, or `version` in connections.toml.",
        ),
        "note.whole_day": Explanation(
            "An appointment's time is only a date: it lasts whole days, so its time was emptied.",
            "Nothing, if it lasts whole days; else map a time of day.",
        ),
        "note.when_failed": Explanation(
            "The `when` of a record type fails on this record, so another type was tried.",
            "Correct `when` in connections.toml, so that it gives true or false.",
        ),
        "note.partly_known": Explanation(
            "The webhook holds only a part of what the column is made of; it was left alone.",
            "Nothing, unless it matters: then have the CRM send all of it, or set a token.",
        ),
        "row.token_missing": Explanation(
            "The webhook does not hold enough of the record, and it cannot be read at the CRM.",
            "Put an API token of the CRM into the CRM tokens, as `<connection>.token`.",
        ),
        "row.incomplete": Explanation(
            "The webhook does not hold what the mapping needs, and the record cannot be read.",
            "Have the CRM send these fields with every change; see the section of its kind.",
        ),
        "row.bad_version": Explanation(
            "The value that orders the changes of a record is neither a number nor a time.",
            "Correct `version` in connections.toml.",
        ),
        "row.bad_mapping": Explanation(
            "The expression of a field fails on this record.",
            "Correct the field's expression in connections.toml.",
        ),
        "row.bad_condition": Explanation(
            "A `when` fails on this record, and no other record type takes it.",
            "Correct `when` in connections.toml, so that it gives true or false.",
        ),
        "row.required": Explanation(
            "A column that the connection lists in `required` is empty or cannot be used.",
            "Fill it in the CRM, or take it out of `required`.",
        ),
        "row.bad_text": Explanation(
            "A text holds a character that Mateo's database cannot store (NUL, half a surrogate).",
            "Remove the character in the CRM.",
        ),
        "row.killed_process": Explanation(
            "The process died when it tried this record alone; it is in the dead-letter queue.",
            "See the log before that for the cause, correct it, deploy, and redrive the queue.",
        ),
        "row.too_many_values": Explanation(
            "The record, or one of its columns, holds more values than the relay takes.",
            "Map a part of the list, e.g. `phones[:10]`, or send less at the CRM.",
        ),
        "row.too_large": Explanation(
            "The row alone is larger than an import may be.",
            "Map fewer or shorter fields.",
        ),
        "row.connection_removed": Explanation(
            "The connection that received this record has not been in connections.toml for a day.",
            "Put the connection back and deliver the record again.",
        ),
        "row.refused_by_mateo": Explanation(
            "Mateo refuses an import that holds only this row, while it accepts other rows of the "
            "same connection and type.",
            "See the message; correct the record or the mapping.",
        ),
        "row.refused_unproven": Explanation(
            "Mateo refused an import that held only this row, and for a day no other row of the "
            "same connection and type was accepted beside it; it is in the dead-letter queue.",
            "See the log event `import.connection_refused` for Mateo's message, correct the cause, "
            "and redrive the queue.",
        ),
        "import.refused_by_mateo": Explanation(
            "Mateo refuses an import that tracking posted again, since its answer was lost. Its "
            "records are requeued.",
            "Nothing, unless the alarm `imports-refused` comes as well.",
        ),
        # of an import as a whole
        "import.unfinished": Explanation(
            "Mateo did not report the end of the import within the tracking time.",
            "Look the import up in Mateo; its rows are counted as unaccounted.",
        ),
        "import.ambiguous": Explanation(
            "An import in Mateo may be one whose answer was lost, but its rows cannot be read, or "
            "only some of its records are the same.",
            "Compare the imports named as suspects with this one in Mateo. Nothing is posted again "
            "meanwhile.",
        ),
        "import.several_found": Explanation(
            "Several imports fit one whose answer was lost; the oldest was adopted.",
            "Compare the imports in Mateo; rows are upserts, so no contact is doubled.",
        ),
        "import.handles_taken": Explanation(
            "Handles moved from one contact to another; `taken_handles` says which.",
            "Compare the contacts; correct in the CRM whose handle it is.",
        ),
        "import.counts_differ": Explanation(
            "Mateo counts other numbers of rows than were sent.",
            "Compare the import in Mateo with the rows of this report.",
        ),
        "import.not_frozen": Explanation(
            "What was sent is no longer in the bucket, so no failure can be traced to its webhook.",
            "See whether somebody deletes objects below imports/ before 35 days are over.",
        ),
        "import.abandoned": Explanation(
            "The import was given up before anything was sent; its records went back.",
            "Nothing.",
        ),
        "failures.unavailable": Explanation(
            "Mateo names failed rows, but their list could not be fetched or read.",
            "Open the import in Mateo; the raw file, if any, lies beside the summary.",
        ),
        # messages
        "requeued.too_long": Explanation(
            "The record waited for 13 days and is in the dead-letter queue.",
            "Remove what it waits for, then redrive the dead-letter queue: it has 13 more days.",
        ),
        "failures.unexplained": Explanation(
            "Mateo lists failed rows, but does not say of each which row it is.",
            "See the message in failures.xlsx; rows.ndjson.gz has the rows that are not `certain`.",
        ),
        # waiting and aborting
        "limit.requests": Explanation(
            "Today's requests are spent.", "Nothing: it goes on tomorrow."
        ),
        "limit.entities": Explanation(
            "Today's entities are spent.", "Nothing: it goes on tomorrow."
        ),
        "permit.too_far": Explanation("The next request permit lies too far away.", "Nothing."),
        "lease.held": Explanation("Another submitter is at work.", "Nothing."),
        "replay.taken": Explanation(
            "Another process goes on with this replay.",
            "Let it end, or end it; then run the replay again with its id.",
        ),
        "mateo.credentials": Explanation(
            "Mateo refuses the token (401 or 403) or the address (404).",
            "Put a valid token into the token secret; submission resumes within the hour.",
        ),
        "mateo.rate_limited": Explanation(
            "Mateo answers 429 although the relay's own counters allow the call.",
            "Lower the limits if other clients share the account.",
        ),
        "mateo.unanswered": Explanation(
            "Mateo did not say whether it created an import; it is looked up, and sending pauses.",
            "Nothing, unless it lasts.",
        ),
        "mateo.unreachable": Explanation(
            "No connection to Mateo; nothing was sent.",
            "Nothing, unless it lasts.",
        ),
        "configuration.invalid": Explanation(
            "A setting or connections.toml is wrong.", "Correct it and deploy again."
        ),
    }
)


class RelayError(Exception):
    """Root of the tree. `code` is one of `CODES`; `detail` says what happened, without data."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        explanation = CODES[code]
        super().__init__(f"{code}: {detail or explanation.what} {explanation.what_to_do}")


class Reject(RelayError):
    """This input is final as it is."""


class Retry(RelayError):
    """Nothing was done; the same call may be made again."""


class Wait(RelayError):
    """Nothing is wrong; the time for it has not come."""


class Abort(RelayError):
    """A person has to change something first."""


class SignatureError(Reject):
    """A request that is not authenticated."""


class UnknownConnection(Reject):
    """A path that names no connection."""

    def __init__(self) -> None:
        super().__init__("connection.unknown")


class DeliveryTooLarge(Reject):
    """A body that is larger than the receiver takes."""

    def __init__(self) -> None:
        super().__init__("delivery.too_large")


class UnreadableDelivery(Reject):
    """Authentic, but its body cannot be split into records."""


class RejectedRow(Reject):
    """A record that can never become a row: which field, and the value that is wrong.

    `value` may be personal data: it belongs into the report and nowhere else.
    """

    def __init__(
        self, code: str, *, field: str = "", value: object = None, detail: str = ""
    ) -> None:
        super().__init__(code, detail)
        self.field = field
        self.value = value


class StoreUnavailable(Retry):
    """AWS took none or only a part of what had to be stored."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("store.unavailable", detail)


class LimitReached(Wait):
    """Today's requests or entities are spent. `resets_at`: seconds since the epoch."""

    def __init__(self, code: str, *, resets_at: float) -> None:
        super().__init__(code)
        self.resets_at = resets_at


class PermitTooFar(Wait):
    """The next free request permit lies behind the caller's deadline."""

    def __init__(self) -> None:
        super().__init__("permit.too_far")


class LeaseHeld(Wait):
    """Another submitter is at work."""

    def __init__(self) -> None:
        super().__init__("lease.held")


class ReplayTaken(Wait):
    """Another process goes on with this replay."""

    def __init__(self, replay_id: str) -> None:
        super().__init__("replay.taken", replay_id)


class RecordsNotFetched(Wait):
    """A CRM did not give records now: it is down, busy, slow, or refuses the token."""


class ConfigurationError(Abort):
    """A setting or connections.toml is wrong; `detail` names it."""

    def __init__(self, detail: str) -> None:
        super().__init__("configuration.invalid", detail)


class ConnectionDisabled(Abort):
    """A connection of connections.toml cannot be used; `detail` names key and mistake."""

    def __init__(self, detail: str) -> None:
        super().__init__("connection.disabled", detail)


class CredentialsRefused(Abort):
    """Mateo does not accept the token, or the base URL is wrong."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("mateo.credentials", detail)
