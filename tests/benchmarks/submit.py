"""Submit: CPU from the SQS event to the request bodies, for 20,000 contacts with one phone each.

The code is what `Submission.submit` runs between its calls of AWS and Mateo, under the same pause
of the collector. Floor: what no relay can do without, on the same rows: json.loads, parse, validate
and format the phone number, json.dumps.
"""

import json
from collections.abc import Iterator

import phonenumbers
from aws_lambda_powertools.utilities.data_classes import SQSEvent

from import_relay.changes import Mapper, RecordsRead
from import_relay.connections import parse_connections
from import_relay.planning import collector_paused, decide, request_body, size
from import_relay.records.messages import parse_message
from tests.benchmarks.batch import CONNECTIONS, bodies, sqs_event, texts
from tests.benchmarks.measures import Measure, best_of_alternating

ROWS = 20_000
BAR = 2.0


def measure() -> Iterator[Measure]:
    """CPU per row."""
    raw = texts(ROWS)
    event = sqs_event(list(bodies(raw)))
    mapper = Mapper(parse_connections(CONNECTIONS))

    def ours() -> list[bytes]:
        received = {one.message_id: one.body for one in SQSEvent(event).records}
        with collector_paused():
            messages = [parse_message(*one) for one in received.items()]
            interpreted = mapper.interpret(
                one for message in messages for one in message.occurrences
            )
            mapped = mapper.map(interpreted, RecordsRead())
            decided = decide(
                mapped.changes, {}, is_unfinished=lambda _: False, is_void=lambda _: False
            )
            sized = size(decided.rows, rows_per_import=5000, entities_left=25_000)
            return [request_body(rows) for rows in sized.imports]

    def floor() -> list[str]:
        with collector_paused():
            return [floor_row(text) for text in raw]

    sent = [row for body in ours() for row in json.loads(body)["payload"]]
    assert [row["whatsapp"] for row in sent] == [json.loads(text)["phones"][0] for text in floor()]
    best, least = best_of_alternating(ours, floor)
    yield Measure("submit CPU per row", best / ROWS * 1e6, BAR, "µs", floor=least / ROWS * 1e6)


def floor_row(text: str) -> str:
    """The same row with its phone number checked, and nothing else."""
    row = json.loads(text)
    number = phonenumbers.parse(row["phones"][0], "DE")
    assert phonenumbers.is_valid_number(number)
    row["phones"] = [phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)]
    return json.dumps(row)
