"""The one list of codes: what each means and what a person does about it (docs/errors.md).

Errors carry them (`errors`), and so do notes, reports and log events. The codes of single records
stand in `row_codes`, those of files in `file_codes`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from import_relay.domain.explanation import Explanation
from import_relay.domain.file_codes import FILE_CODES
from import_relay.domain.row_codes import ROW_CODES

CODES: Mapping[str, Explanation] = MappingProxyType(
    {
        # the receiver
        "signature.missing": Explanation(
            "The request carries no authentication of its sender.",
            "Set the secret or the credentials in the CRM's webhook settings.",
        ),
        "signature.malformed": Explanation(
            "The authentication does not have the form that this kind of connection uses.",
            "Compare the CRM's webhook settings with the connection's kind.",
        ),
        "signature.expired": Explanation(
            "The signed time differs from now by more than this kind of connection allows.",
            "Check the sender's clock. An old delivery must be sent again by the CRM.",
        ),
        "signature.mismatch": Explanation(
            "The authentication fits none of the connection's secrets.",
            "Put the CRM's current secret into the connection secrets.",
        ),
        "signature.no_secret": Explanation(
            "The connection has no secret yet, so no sender can authenticate.",
            "Add the connection's secret to the connection secrets.",
        ),
        "signature.wrong_transport": Explanation(
            "This kind of connection accepts events from EventBridge only, not from the web.",
            "Remove the webhook at the sender. The events come over the event bus.",
        ),
        "connection.unknown": Explanation(
            "The path does not name a connection of connections.toml.",
            "Correct the address in the CRM, or add the connection and deploy.",
        ),
        "connection.disabled": Explanation(
            "The connection has a mistake in connections.toml. Its records wait. If its sender "
            "cannot be verified, it gets 503 and tries again. All other connections go on.",
            "Correct the key that the log event names, and deploy. The waiting records are then "
            "imported.",
        ),
        "connection.missing": Explanation(
            "Records wait for a connection that is not in connections.toml, for at most a day.",
            "Deploy a connections.toml that has it, unless you removed it on purpose.",
        ),
        "delivery.not_utf8": Explanation(
            "The body is authentic, but is neither UTF-8 nor in the encoding that its "
            "Content-Type declares.",
            "Have the sender encode it as UTF-8, or declare its encoding. The raw body is in "
            "quarantine/.",
        ),
        "delivery.not_json": Explanation(
            "The body is authentic, but is not JSON.",
            "Have the sender post JSON. The raw body is in quarantine/.",
        ),
        "delivery.not_xml": Explanation(
            "The body is authentic, but is not XML, or declares entities or a document type.",
            "Have the sender post plain XML. The raw body is in quarantine/.",
        ),
        "delivery.not_form": Explanation(
            "The body is authentic, but is not form data.",
            "Have the sender post form data. The raw body is in quarantine/.",
        ),
        "delivery.wrong_shape": Explanation(
            "The body can be parsed, but does not have the shape that this kind of connection "
            "sends.",
            "Compare the body in quarantine/ with the connection's kind.",
        ),
        "delivery.too_deep": Explanation(
            "The body is nested more deeply than the relay reads.",
            "Flatten the record at the sender. The raw body is in quarantine/.",
        ),
        "delivery.compressed": Explanation(
            "The body is authentic, but is compressed (Content-Encoding).",
            "Have the sender post it uncompressed. The raw body is in quarantine/.",
        ),
        "delivery.too_many_items": Explanation(
            "The delivery holds more records than one request may hold (100,000).",
            "Have the sender post smaller batches. The raw body is in quarantine/.",
        ),
        "delivery.too_many_values": Explanation(
            "The body holds more values than one request may hold (a million).",
            "Have the sender post smaller batches. The raw body is in quarantine/.",
        ),
        "delivery.too_large": Explanation(
            "The body is larger than 6 MB; the request is refused (413).",
            "Have the sender post smaller batches.",
        ),
        "store.unavailable": Explanation(
            "The delivery could not be stored. The sender is told to try again (503).",
            "Nothing. If it lasts, see the state of SQS and S3 in the region.",
        ),
        # reading records at a CRM
        "fetcher.unavailable": Explanation(
            "The CRM's API does not answer, is too busy, or failed. Its records wait.",
            "Nothing. If it lasts, see the CRM's status page.",
        ),
        "fetcher.refused": Explanation(
            "The CRM's API refuses the connection's token. Its records wait.",
            "Put a valid token with the needed scopes into the CRM tokens, as "
            "`<connection>.token`.",
        ),
        "fetcher.unexpected": Explanation(
            "The CRM's API answers differently than documented. Its records wait.",
            "Check the connection's options, e.g. the API's address.",
        ),
        "fetcher.out_of_time": Explanation(
            "One batch has no time or memory to fetch all records. The rest wait.",
            "Nothing: a later batch fetches them.",
        ),
        **ROW_CODES,
        **FILE_CODES,
        # of an import as a whole
        "import.unfinished": Explanation(
            "Mateo did not report the end of the import within the tracking time.",
            "Look the import up in Mateo. Its rows are counted as unaccounted.",
        ),
        "import.ambiguous": Explanation(
            "An import in Mateo may be the one whose answer was lost, but its rows cannot be "
            "read, or only some of its records match.",
            "Compare the suspects in Mateo with this import. Nothing is posted again in the "
            "meantime.",
        ),
        "import.several_found": Explanation(
            "Several imports match one whose answer was lost. The oldest was adopted.",
            "Compare the imports in Mateo. Rows are upserts, so no contact is duplicated.",
        ),
        "import.inferred": Explanation(
            "Mateo accepted the import without naming its id, and does not show its rows. It is "
            "the only import in Mateo that can be this one.",
            "Nothing, unless another program imports into Mateo: then compare the rows there.",
        ),
        "import.handles_taken": Explanation(
            "Handles moved from one contact to another; `taken_handles` lists them.",
            "Compare the contacts, and correct them in the CRM.",
        ),
        "import.counts_differ": Explanation(
            "Mateo's counts of rows differ from the rows that were sent.",
            "Compare the import in Mateo with the rows of this report.",
        ),
        "import.not_frozen": Explanation(
            "The copy of what was sent is no longer in the bucket, so no failure can be traced "
            "to its webhook.",
            "Find out who deletes objects below imports/ before 35 days are over.",
        ),
        "import.abandoned": Explanation(
            "The import was given up before anything was sent. Its records are redelivered.",
            "Nothing.",
        ),
        "failures.unavailable": Explanation(
            "Mateo reports failed rows, but their list could not be fetched or read.",
            "Open the import in Mateo. The raw file, if any, is beside the summary.",
        ),
        # messages
        "requeued.too_long": Explanation(
            "The record waited for 13 days and is in the dead-letter queue.",
            "Remove the cause, then redrive the dead-letter queue. The record then has 13 more "
            "days.",
        ),
        "failures.unexplained": Explanation(
            "Mateo lists failed rows, but does not say which row each one is.",
            "See the message in failures.xlsx. In rows.ndjson.gz these rows are not `certain`.",
        ),
        # waiting and aborting
        "limit.requests": Explanation(
            "Today's requests are spent.",
            "Nothing: submission resumes tomorrow.",
        ),
        "limit.entities": Explanation(
            "Today's entities are spent.",
            "Nothing: submission resumes tomorrow.",
        ),
        "limit.bulk_share": Explanation(
            "The bulk lane has used its share of today's entities or requests.",
            "Nothing: it resumes in the last hour of the day with all that is left, and tomorrow.",
        ),
        "limit.connection": Explanation(
            "A connection has used its own `entities_per_day`.",
            "Nothing: its records wait for tomorrow. Raise the limit in connections.toml if that "
            "is too late.",
        ),
        "permit.too_far": Explanation(
            "The next request permit is too far in the future.",
            "Nothing.",
        ),
        "lease.held": Explanation("Another submitter is at work.", "Nothing."),
        "replay.taken": Explanation(
            "Another process is running this replay.",
            "Wait until it finishes, or stop it. Then run the replay again with its id.",
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
            "Mateo did not say whether it created an import. Tracking looks it up, and "
            "submission pauses.",
            "Nothing, unless it lasts.",
        ),
        "mateo.unreachable": Explanation(
            "The relay could not connect to Mateo. Nothing was sent.",
            "Nothing, unless it lasts.",
        ),
        "configuration.invalid": Explanation(
            "A setting or connections.toml is wrong.", "Correct it and deploy again."
        ),
    }
)
