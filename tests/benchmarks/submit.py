"""Submit: CPU from the SQS event to the request bodies, for 20,000 contacts with one phone each.

The contacts live in three countries, most name their own, their numbers are spelt in ten ways, and
some fields are bad. The code is what `Submission.submit` runs between its calls of AWS and Mateo,
with the garbage collector paused as there. The floor is what every relay has to do with these rows:
json.loads, parse, validate and format the phone number of a known country, json.dumps.
"""

import json
from collections.abc import Callable, Iterator

import phonenumbers
from aws_lambda_powertools.utilities.data_classes import SQSEvent

from import_relay.domain.connections import parse_connections
from import_relay.domain.queue_messages import parse_message
from import_relay.mapping.phones import Home, PhoneRules, choose
from import_relay.submit.batching import batch_rows
from import_relay.submit.changes import Mapper
from import_relay.submit.fetched_records import RecordsFetched
from import_relay.submit.merging import collector_paused, merge_changes, request_body
from import_relay.submit.shared_handles import part_handles
from tests.benchmarks.batch import MIXED_CONNECTIONS, bodies, country_of, mixed_texts, sqs_event
from tests.benchmarks.measures import Measure, best_of_alternating, cpu_s

ROWS = 20_000
BAR = 1.5
READINGS = {
    "in E.164": ("+49151{:08}", ("DE",), ()),
    "with spaces": ("+49 151 {:08}", ("DE",), ()),
    "national, one country": ("0151 {:08}", ("DE",), ()),
    "national, three countries": ("0151 {:08}", ("DE", "AT", "CH"), ()),
    "national, own country": ("0664 1{:08}", ("DE", "AT", "CH"), ("AT",)),
}
"""Spellings whose cost is printed, with the countries of the connection and of the record."""


def measure() -> Iterator[Measure]:
    """CPU per row."""
    raw = mixed_texts(ROWS)
    ours = conversion(raw)

    def floor() -> list[str]:
        with collector_paused():
            return [floor_row(text, country_of(number)) for number, text in enumerate(raw)]

    check(ours(), floor())
    print_readings()
    best, least = best_of_alternating(ours, floor)
    yield Measure("submit CPU per row", best / ROWS * 1e6, BAR, "µs", floor=least / ROWS * 1e6)


def conversion(raw: list[str]) -> Callable[[], list[bytes]]:
    """From the SQS event of these records to the bodies of their requests."""
    event = sqs_event(list(bodies(raw)))
    mapper = Mapper(parse_connections(MIXED_CONNECTIONS))

    def submitted() -> list[bytes]:
        received = {one.message_id: one.body for one in SQSEvent(event).records}
        messages = [parse_message(*one) for one in received.items()]
        interpreted = mapper.interpret(one for message in messages for one in message.occurrences)
        mapped = mapper.map(interpreted, RecordsFetched())
        merged = merge_changes(
            mapped.changes, {}, is_unfinished=lambda _: False, was_never_created=lambda _: False
        )
        batches = batch_rows(
            part_handles(merged.rows).rows, rows_per_import=5000, entities_left=25_000
        )
        return [request_body(rows) for rows in batches.imports]

    def converted() -> list[bytes]:
        with collector_paused():
            return submitted()

    return converted


def floor_row(text: str, country: str) -> str:
    """The same row with its phone number checked, and nothing else."""
    row = json.loads(text)
    phone = row["phones"][0].partition(" oder ")[0].removesuffix(" (privat)")
    try:
        number = phonenumbers.parse(f"+{phone}" if phone[0] in "123456789" else phone, country)
    except phonenumbers.NumberParseException:
        row["phones"] = []
    else:
        assert phonenumbers.is_valid_number(number)
        row["phones"] = [phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)]
    return json.dumps(row)


def check(sent: list[bytes], expected: list[str]) -> None:
    """Numbers are sent as they were meant, and most of those with a country are sent."""
    meant = {row["customer_no"]: row for row in map(json.loads, expected)}
    rows = [row for body in sent for row in json.loads(body)["payload"]]
    numbers = {row["external_id"]: row["whatsapp"] for row in rows if "whatsapp" in row}
    assert all(meant[key]["phones"] == [number] for key, number in numbers.items())
    named = [key for key, row in meant.items() if row["address"]["country"] and row["phones"]]
    assert sum(key in numbers for key in named) > 0.9 * len(named)
    print(f"  {ROWS} contacts, {len(rows)} rows, {len(numbers)} with a number")


def print_readings() -> None:
    """Print what it costs to read a number, by its spelling and the countries that are known."""
    for name, (spelling, countries, own) in READINGS.items():
        texts = [spelling.format(number) for number in range(ROWS)]
        rules, home = PhoneRules(countries), Home(own)
        cost = min(cpu_s(lambda: read_all(texts, rules, home)) for _ in range(3))  # noqa: B023
        print(f"  a phone number {name}: {cost / ROWS * 1e6:.1f} µs")


def read_all(texts: list[str], rules: PhoneRules, home: Home) -> None:
    """Read each of some texts."""
    for text in texts:
        choose([text], rules, home)
