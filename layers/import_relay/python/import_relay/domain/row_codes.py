"""The codes of single records: why one is no row, and what a row is sent without.

`codes.CODES` has them with all others; nothing else reads them from here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from import_relay.domain.explanation import Explanation

ROW_CODES: Mapping[str, Explanation] = MappingProxyType(
    {
        # rows
        "row.not_an_object": Explanation(
            "The record is not a JSON object.",
            "Have the sender post one object per record.",
        ),
        "row.other_topic": Explanation(
            "The body does not belong to the topic in its header, which is not signed.",
            "Compare the item with the CRM. Shopify itself sends nothing like this.",
        ),
        "row.erased": Explanation(
            "The person was erased after the record was received. Nothing of it is kept.",
            "Nothing.",
        ),
        "row.no_identifier": Explanation(
            "The row has neither an external id nor any handle (e-mail, phone, ...).",
            "Map `external_id` in connections.toml, or fill it in the CRM.",
        ),
        "row.no_valid_phone": Explanation(
            "No phone number of the row is valid, and it has no other handle.",
            "Correct the number in the CRM, or set `country_codes` for national numbers.",
        ),
        "row.bad_datetime": Explanation(
            "A date or time cannot be parsed.",
            "Send ISO 8601, e.g. 2026-11-21T09:30:00+01:00.",
        ),
        "row.bad_value": Explanation(
            "A value has a type that the column cannot hold.",
            "Correct the field's expression in connections.toml.",
        ),
        "row.shared_handle": Explanation(
            "The change has only one handle, and another contact of the same batch has it too.",
            "Give each contact a handle of its own, or choose another `shared_handles`.",
        ),
        # notes: of a row that is sent without a value, or with a remark
        "value.bad_date": Explanation(
            "A date cannot be parsed. It was left out; the rest is sent.",
            "Send ISO 8601, e.g. 1990-05-15, or map it with `to_date`.",
        ),
        "value.bad_datetime": Explanation(
            "A date and time cannot be parsed. It was left out; the rest is sent.",
            "Send ISO 8601, e.g. 2026-11-21T09:30:00+01:00, or map it with `to_datetime`.",
        ),
        "value.bad_email": Explanation(
            "Mateo would not accept this e-mail address. It was left out; the rest is sent.",
            "Correct the address in the CRM. If there are several addresses, map one.",
        ),
        "value.bad_expression": Explanation(
            "The column's expression fails on this record. The column was left out; the rest is "
            "sent.",
            "Correct the column's expression in connections.toml, or the value in the CRM.",
        ),
        "value.bad_text": Explanation(
            "A text holds a character that Mateo's database cannot store. It was left out.",
            "Remove the character in the CRM (NUL, half a surrogate pair).",
        ),
        "value.bad_type": Explanation(
            "A value has a type that the column cannot hold. It was left out; the rest is sent.",
            "Correct the column's expression in connections.toml, or the value in the CRM.",
        ),
        "value.too_many_values": Explanation(
            "A list has more values than the column accepts. It was left out; the rest is sent.",
            "Map or send fewer values.",
        ),
        "value.no_valid_phone": Explanation(
            "The column holds no valid phone number. It was left out; the rest is sent.",
            "Correct the number in the CRM, or set `country_codes` for national numbers.",
        ),
        "value.ambiguous_phone": Explanation(
            "The number can be read as several numbers. None was sent, because it might be a "
            "stranger's.",
            "Map the record's country to `country_codes`, or choose with `ambiguous_phones`.",
        ),
        "value.shared_handle": Explanation(
            "Another contact of the same batch has this handle too. It was left out here.",
            "Give each contact a handle of its own, or choose another `shared_handles`.",
        ),
        "note.shared_handle": Explanation(
            "A later contact of the same batch has this handle too, and takes it over.",
            "Give each contact a handle of its own, or choose another `shared_handles`.",
        ),
        "note.taken_handle": Explanation(
            "Mateo moved the handle here from another contact, which no longer has it.",
            "Compare the two contacts (`taken_handles` in summary.json); correct them in the CRM.",
        ),
        "note.completed_phone": Explanation(
            "The number has no country code. The country of the record or connection completed it.",
            "Nothing, if `country_codes` is right. Numbers that begin with + need none.",
        ),
        "note.ambiguous_phone": Explanation(
            "A number that can be read as several was skipped; the column has another one.",
            "Map the record's country to `country_codes`, or choose with `ambiguous_phones`.",
        ),
        "note.unusable_phone": Explanation(
            "A text that is not a phone number was skipped.",
            "Correct it in the CRM.",
        ),
        "note.unknown_country": Explanation(
            "The record's country is neither an ISO code nor a name in English or German.",
            "Correct it in the CRM. Until then only international numbers and mobiles are sent.",
        ),
        "note.future_version": Explanation(
            "The version of the change is a time in the future. The time of receipt replaces it.",
            "Correct the clock of the sender, or `version` in connections.toml.",
        ),
        "note.empty_version": Explanation(
            "The version stands for no time, e.g. 0001-01-01. The time of receipt replaces it.",
            "Nothing if the sender has no time. Otherwise correct `version` in connections.toml.",
        ),
        "note.stale_read": Explanation(
            "For a quarter of an hour the CRM returned an older state than the webhook reports.",
            "Nothing if the row is right. Otherwise save the record in the CRM again.",
        ),
        "note.whole_day": Explanation(
            "An appointment's time is only a date, so it lasts whole days and has no time of day.",
            "Nothing, if it lasts whole days. If not, map a time of day.",
        ),
        "note.when_failed": Explanation(
            "The `when` of a record type fails on this record, so another type was tried.",
            "Correct `when` in connections.toml, so that it gives true or false.",
        ),
        "note.partly_known": Explanation(
            "The webhook holds only some of the fields that the column needs. Mateo's value stays.",
            "Nothing, unless you need it: then have the CRM send all of them, or set a token.",
        ),
        "row.token_missing": Explanation(
            "The webhook holds too little of the record, and the relay cannot fetch it from the "
            "CRM.",
            "Put an API token of the CRM into the CRM tokens, as `<connection>.token`.",
        ),
        "row.incomplete": Explanation(
            "The webhook does not hold what the mapping needs, and the record cannot be fetched.",
            "Have the CRM send these fields with every change; see the page of its kind.",
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
            "A `when` fails on this record, and no other record type accepts it.",
            "Correct `when` in connections.toml, so that it gives true or false.",
        ),
        "row.required": Explanation(
            "A column that the connection lists in `required` is empty or unusable.",
            "Fill it in the CRM, or remove it from `required`.",
        ),
        "row.bad_text": Explanation(
            "A text holds a character that Mateo's database cannot store (NUL, half a surrogate).",
            "Remove the character in the CRM.",
        ),
        "row.killed_process": Explanation(
            "The process died when it tried this record alone. The record is in the dead-letter "
            "queue.",
            "Find the cause in the log just before that, correct it, deploy, and redrive the "
            "queue.",
        ),
        "row.too_many_values": Explanation(
            "The record, or one of its columns, holds more values than the relay accepts.",
            "Map only some of the list, e.g. `phones[:10]`, or send fewer values from the CRM.",
        ),
        "row.too_large": Explanation(
            "The row alone is larger than an import may be.",
            "Map fewer or shorter fields.",
        ),
        "row.connection_removed": Explanation(
            "The connection of this record has been missing from connections.toml for a day.",
            "Put the connection back and send the record again.",
        ),
        "row.refused_by_mateo": Explanation(
            "Mateo refuses an import of this row alone, but accepts other rows of the same "
            "connection and type.",
            "See the message, then correct the record or the mapping.",
        ),
        "row.refused_unproven": Explanation(
            "Mateo refused an import of this row alone, and for a day accepted no other row of "
            "the same connection and type. The record is in the dead-letter queue.",
            "See the log event `import.connection_refused` for Mateo's message, correct the "
            "cause, and redrive the queue.",
        ),
        "import.refused_by_mateo": Explanation(
            "Mateo refused an import that tracking posted again because its answer was lost. "
            "The records are requeued.",
            "Nothing, unless the alarm `imports-refused` comes as well.",
        ),
    }
)
