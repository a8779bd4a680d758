"""The use case of `relay erase`: list where a person is, then erase them in all places.

In this order an interrupted erasure can be repeated:

    keep       whom it is about is stored until everything is done
    list       submission obeys the list of hashed handles from its next batch on
    wait       until no submission that read the old list runs, and no import that holds them
    look       again: what was imported meanwhile may say more of them, which is kept and listed
    bucket     every object is rewritten without them; what says who they are comes last
    claims     the watermarks of their records go
    Mateo      their contacts are deleted
    receipt    what was erased and how often, without who it was; then what was kept goes
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from import_relay.domain.errors import LeaseHeld, RelayError
from import_relay.storage.bucket_reads import SILENT, Memory
from import_relay.storage.erasures import Erasures
from import_relay.storage.lease import Lease
from import_relay.storage.watermarks import Watermarks, stored_key
from relay_ops.erasing.demands import finish, keep
from relay_ops.erasing.in_mateo import delete_in_mateo, filters_of
from relay_ops.erasing.person import Known, Person
from relay_ops.erasing.searching import MAX_ROUNDS, Searching, Survey, unfinished_of
from relay_ops.erasing.versions import erase_old_versions
from relay_ops.exits import CommandError
from relay_ops.stack import Stack

LEASE_WAIT_S = 180.0
"""A submission lasts two minutes at most, and the next one may be faster than we are."""
LEASE_HELD_S = 15.0
IMPORTS_WAIT_S = 600.0
LOOK_S = 5.0
QUEUES = (
    "QueueUrl",
    "BulkQueueUrl",
    "HeldQueueUrl",
    "BulkHeldQueueUrl",
    "DeadLetterQueueUrl",
    "ChangeEventsDeadLetterQueueUrl",
)
LATER = "It is kept: `relay erase --pending` completes it."


@dataclass(frozen=True, slots=True)
class Listed:
    """Where a person is. `queued`: messages that cannot be searched, by queue."""

    known: Known
    survey: Survey
    watermarks: int
    queued: Mapping[str, int]

    @property
    def places(self) -> Mapping[str, int]:
        """Place → how often, without what is nowhere."""
        found = Counter({**self.survey.places, "watermarks": self.watermarks})
        return {name: count for name, count in sorted(found.items()) if count}

    @property
    def requests(self) -> int:
        """Requests of the day that Mateo is asked with at most, one deletion included."""
        return len(list(filters_of(self.known))) + 1


@dataclass(slots=True)
class Erasure:
    """Erases one person on one stack. `remark` gets a sentence when it waits.

    `memory`: what was read to find out who it is, and is read again only if it has changed.
    `delete_refused`: uploads that hold them go as a whole, even if they were refused.
    """

    stack: Stack
    remark: Callable[[str], None] = SILENT
    sleep: Callable[[float], None] = time.sleep
    advance: Callable[..., None] = SILENT
    memory: Memory = field(default_factory=Memory)
    delete_refused: bool = False

    def list_places(self, known: Known) -> Listed:
        """Where they are; nothing is changed. `known` grows by what is found."""
        survey = self._search(known)
        keys = self._watermarks().read(known.watermark_keys())
        return Listed(known, survey, len(keys), self._queued())

    def erase(self, known: Known, key: str = "") -> dict[str, object]:
        """Erase them everywhere, or continue an erasure. Returns the receipt, and its key.

        `known`: as `list_places` left it. `key`: of what was kept or demanded before.

        Raises:
            CommandError: something keeps it from being done now; it is kept and can be completed.
            ClientError, BotoCoreError: AWS failed; the same.
        """
        key = keep(self.stack, known, key)
        try:
            return self._complete(known, key)
        except RelayError as error:
            raise CommandError(f"It stopped: {error}. {LATER}") from error

    def _complete(self, known: Known, key: str) -> dict[str, object]:
        erased_at = self._learn_all(known, key)
        survey = self._search(known, erase=True)
        places = Counter(survey.places)
        places["old versions"] += erase_old_versions(self.stack, Person(known), survey.rewritten)
        places["watermarks"] += self._watermarks().delete(self._claimed(known))
        mateo = delete_in_mateo(self.stack, known)
        places["Mateo"] += len(mateo.ids)
        receipt: dict[str, object] = {
            "erased_at": datetime.fromtimestamp(erased_at / 1_000_000, UTC).isoformat(),
            "done_at": datetime.fromtimestamp(self.stack.clock(), UTC).isoformat(),
            "hashed_keys": self._digests(known),
            "places": {name: count for name, count in sorted(places.items()) if count},
            "left_in_mateo": mateo.foreign,
            "queued_messages": dict(self._queued()),
            "unreadable_uploads": len(survey.unsearched),
        }
        return {**receipt, "receipt": finish(self.stack, key, receipt)}

    def _learn_all(self, known: Known, key: str) -> int:
        """List them until nothing new is known, before what says so is rewritten; returns when."""
        for _ in range(MAX_ROUNDS):
            before = known.size()
            erased_at = self._list_handles(known)
            self._wait_for_submission()
            self._wait_for_imports(known)
            self._searching(known).learn()
            if known.size() == before:
                break
            keep(self.stack, known, key)
        return erased_at

    def _search(self, known: Known, *, erase: bool = False) -> Survey:
        """Look, or rewrite; what is known meanwhile stays known."""
        survey = self._searching(known, erase=erase).run()
        if erase and survey.waiting:
            raise CommandError(f"{survey.waiting[0]} is not finished yet. {LATER}")
        if erase and survey.refused and not self.delete_refused:
            raise CommandError(
                f"{survey.refused[0]} was refused and holds them: nothing of it was imported. "
                "Delete it with: relay erase --pending --delete-refused. Or upload it again "
                "without them, delete this one, and run: relay erase --pending"
            )
        return survey

    def _searching(self, known: Known, *, erase: bool = False) -> Searching:
        person = Person(known)
        return Searching(self.stack, person, erase, self.advance, self.memory, self.delete_refused)

    def _erasures(self) -> Erasures:
        dynamodb = self.stack.client("dynamodb")
        return Erasures(dynamodb, self.stack.ledger_table, clock=self.stack.clock)

    def _list_handles(self, known: Known) -> int:
        return self._erasures().add(sorted(known.all()))

    def _digests(self, known: Known) -> list[str]:
        listed = self._erasures().read()
        return [listed.digest(one) for one in sorted(known.all())]

    def _claimed(self, known: Known) -> set[str]:
        """The keys of their records, and every name that leads to one of them.

        A name says whose it is, but a record does not say its names: so the whole table is read.
        """
        keys = known.watermark_keys()
        owners = {stored_key(key) for key in keys}
        pages = (
            self.stack.client("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=self._watermarks_table,
                FilterExpression="attribute_exists(#owner)",
                ProjectionExpression="pk, #owner",
                ExpressionAttributeNames={"#owner": "owner"},
            )
        )
        items = (item for page in pages for item in page["Items"])
        return keys | {item["pk"]["S"] for item in items if item["owner"]["S"] in owners}

    @property
    def _watermarks_table(self) -> str:
        return self.stack.outputs["WatermarksTableName"]

    def _watermarks(self) -> Watermarks:
        client = self.stack.client("dynamodb")
        return Watermarks(client, self._watermarks_table, clock=self.stack.clock)

    def _queued(self) -> Mapping[str, int]:
        sqs = self.stack.client("sqs")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = {}
        for output in QUEUES:
            if url := self.stack.outputs.get(output):
                answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
                count = sum(int(answer["Attributes"][name]) for name in names)
                found[output.removesuffix("Url")] = count
        return {name: count for name, count in found.items() if count}

    def _wait_for_submission(self) -> None:
        """Hold the lease once: the next submitter reads the new list."""
        now = self.stack.clock()
        lease = Lease(
            self.stack.client("dynamodb"),
            self.stack.ledger_table,
            clock=self.stack.clock,
            sleep=self.sleep,
        )
        self.remark("Waiting for the submission that runs, if any.")
        try:
            held_until, wait_until = now + LEASE_WAIT_S + LEASE_HELD_S, now + LEASE_WAIT_S
            with lease.held("relay-erase", until=held_until, wait_until=wait_until):
                return
        except LeaseHeld as error:
            raise CommandError(f"Submission is busy without a break. {LATER}") from error

    def _wait_for_imports(self, known: Known) -> None:
        """Until no import that holds them can still create them in Mateo."""
        give_up_at = self.stack.clock() + IMPORTS_WAIT_S
        while unfinished := unfinished_of(self.stack, Person(known)):
            self.remark(f"Waiting for import {unfinished[0]}, which holds them.")
            if self.stack.clock() + LOOK_S > give_up_at:
                raise CommandError(f"Import {unfinished[0]} is not finished yet. {LATER}")
            self.sleep(LOOK_S)
