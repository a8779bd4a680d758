"""The one list of codes: what each means and what a person does about it (docs/errors.md).

Errors carry them (`errors`), and so do notes, reports and log events. The codes of single records
stand in `row_codes`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from import_relay.domain.explanation import Explanation
from import_relay.domain.row_codes import ROW_CODES

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
        **ROW_CODES,
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
