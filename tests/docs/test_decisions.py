"""docs/decisions/: records are numbered, have the same parts, and their figures are the code's."""

import re

import pytest

from import_relay.domain import queue_messages as messages
from import_relay.domain.queue_messages import LONG_AGO_S
from import_relay.storage import clocks, entries, outcome_counts, pacing, quota, watermarks
from import_relay.submit.merging import EARLIER_KEPT, MAX_EARLIER
from import_relay.track.resolving import MAX_POSTS
from tests.docs.documents import Document, document, documents
from tests.template.expanded import source

RECORDS = [one for one in documents() if "/decisions/" in one.name]
IN_WORDS = {5: "five", 10: "ten"}
FIGURES = {
    "0001-ledger-and-reconciliation": [f"at most {IN_WORDS[MAX_POSTS - 1]} times"],
    "0004-watermarks": [
        f"{watermarks.WATERMARK_DAYS} days",
        f"({entries.ENTRY_DAYS} days)",
        f"the last {EARLIER_KEPT} deliveries and {MAX_EARLIER} at most",
        f"more than {EARLIER_KEPT} later deliveries",
    ],
    "0005-partial-changes-claim-columns": [f"{watermarks.WATERMARK_DAYS} days"],
    "0006-requeueing-with-a-delay": [
        f"a delay of {messages.requeue_delay_s(0)} s",
        f"{messages.MAX_DELAY_S // 60} min",
        f"after {IN_WORDS[10]} a message",
    ],
    "0008-outcomes-by-item-id": [
        f"Up to {outcome_counts.NUMBERS_PER_ITEM} records",
        f"a read per {outcome_counts.NUMBERS_PER_ITEM} records",
        f"per {outcome_counts.OUTCOMES_PER_TRANSACTION} deliveries",
        f"more than {LONG_AGO_S / 60:.0f} minutes after",
        f"Outcome records live {outcome_counts.OUTCOME_DAYS} days",
        f"days, counts {outcome_counts.COUNTS_DAYS} days",
    ],
    "0020-thirteen-days": [f"{messages.MAX_REQUEUED_S / 86_400:.0f} days after its receipt"],
    "0011-spacing-of-requests": [
        f"{pacing.SPACING} times wider",
        f"{pacing.SPACING} / rate",
        f"more than {pacing.LATE_S} s late",
        f"half of {pacing.LATE_S} s",
        f"{clocks.CLOCK_SKEW_S:.0f} s, by",
        f"{pacing.DAY_MARGIN_S:.0f} seconds of a day's end",
        f"{quota.TRACKING_SHARE:.0%}".replace("%", " %"),
    ],
}


def test_records_are_numbered_without_gaps() -> None:
    for number, record in enumerate(RECORDS, start=1):
        assert record.path.name.startswith(f"{number:04}-")
        assert record.headings[0].startswith(f"{number}. ")


@pytest.mark.parametrize("record", RECORDS, ids=[one.path.stem for one in RECORDS])
def test_each_record_has_the_same_parts(record: Document) -> None:
    parts = re.findall(r"^\*\*([\w ]+)\.\*\*", record.text, re.MULTILINE)
    assert parts == ["Context", "Options", "Decision", "Consequences", "How to reverse"]


@pytest.mark.parametrize("name", FIGURES)
def test_the_figures_of_a_record_are_those_of_the_code(name: str) -> None:
    text = " ".join(document(f"docs/decisions/{name}.md").text.split())
    assert [figure for figure in FIGURES[name] if figure not in text] == []


def test_the_receive_count_of_the_queue_is_the_one_that_is_spoken_of() -> None:
    queue = source()["Resources"]["Queue"]["Properties"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 10
