"""Files of rows at a stack: uploads one, and follows it until its report is there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from import_relay.bulk.bulk_day import BulkDay
from import_relay.bulk.file_reports import error_key
from import_relay.domain.codes import CODES
from import_relay.domain.files import INBOX, file_id, is_row_file
from import_relay.storage.files import Files, FileState, RowFile
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.replays import Replays
from relay_ops.exits import CommandError, UsageMistake
from relay_ops.files.local_file import etag_of
from relay_ops.files.plan import Plan
from relay_ops.files.turns import Ahead, DayLimits, FileAhead
from relay_ops.mateo import limits_of
from relay_ops.stack import Stack
from relay_ops.status.reading import StackReading
from relay_ops.status.reconciliation import Reconciliation

FILE_POLL_S, LOCAL_FILE_POLL_S = 5.0, 0.5
NOTICED_WITHIN_S = 900.0
"""An upload is noticed at once; if its event is lost, by the next run of the schedule."""
GONE = ("404", "NoSuchKey", "NotFound")


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An object in the inbox. `is_new`: False if the same content was there before."""

    key: str
    etag: str
    is_new: bool

    @property
    def file(self) -> str:
        """The id under which the relay knows it."""
        return file_id(self.key, self.etag)


class StackFiles:
    """Files at a stack. `sleep` waits between two looks (s)."""

    def __init__(self, stack: Stack, sleep: Callable[[float], None] = time.sleep) -> None:
        self._stack = stack
        self._sleep = sleep
        dynamodb, table = stack.client("dynamodb"), stack.ledger_table
        counts = OutcomeCounts(dynamodb, table, limits_of(stack).day, clock=stack.clock)
        self._files = Files(dynamodb, table, counts, clock=stack.clock)
        self._replays = Replays(dynamodb, table, counts, clock=stack.clock)

    def plan(self, rows: int, connection: str, own: Mapping[str, int]) -> Plan:
        """What a file of so many rows costs now.

        `own`: connection → its own entities per day, as connections.toml says; what the relay
        noted of today is more certain.
        """
        self._stack.refresh()
        reading = StackReading(self._stack.client, self._stack.name, clock=self._stack.clock)
        found = Reconciliation([reading.snapshot()])
        forecast, limits = reading.forecast(), limits_of(self._stack)
        noted = {name: one.limit for name, one in forecast.connections.items()}
        share = max(1, int(limits.entities_per_day * limits.bulk_share))
        a_day = DayLimits(limits.entities_per_day, BulkDay(share, {**own, **noted}))
        of_replays = sum(one.in_bucket for one in self._replays.open())
        ahead = _ahead(self._files.open(), of_replays, found, self._stack.clock())
        return Plan(rows, connection, forecast, a_day, ahead)

    def known(self, key: str, path: Path) -> RowFile | None:
        """What the relay knows of this content under a key; None if nothing."""
        return self._known(file_id(key, etag_of(path)))

    def upload(self, path: Path, key: str) -> Uploaded:
        """Put a file into the inbox, in one part: so its ETag follows from its content.

        The same content under the same key is the same file to the relay, and imported once. One
        that was refused is read again once it is uploaded again.
        """
        etag, known = etag_of(path), self.known(key, path)
        is_read = known is not None and known.state in (FileState.FEEDING, FileState.FINISHED)
        is_refused = known is not None and known.state is FileState.REFUSED
        if is_read or (not is_refused and self._etag(key) == etag):
            return Uploaded(key, etag, is_new=False)
        with path.open("rb") as body:
            answer = self._stack.client("s3").put_object(
                Bucket=self._stack.bucket, Key=key, Body=body
            )
        return Uploaded(key, answer["ETag"].strip('"'), is_new=True)

    def follow(self, uploaded: Uploaded, before: RowFile | None) -> Iterator[RowFile]:
        """The file as it is, again and again until it is finished or refused.

        Args:
            before: what was known of it before the upload.

        Raises:
            CommandError: the relay does not notice it.
        """
        period_s = LOCAL_FILE_POLL_S if self._stack.is_local else FILE_POLL_S
        waited_s = 0.0
        while True:
            found = self._known(uploaded.file)
            is_old = uploaded.is_new and _is_same_try(found, before)
            if found is not None and not is_old:
                yield found
                if found.state in (FileState.FINISHED, FileState.REFUSED):
                    return
            elif waited_s >= NOTICED_WITHIN_S:
                raise CommandError(
                    f"The relay has not noticed {uploaded.key} within 15 minutes. Look at the log "
                    "of the function import-files; the file is read as soon as it runs."
                )
            self._sleep(period_s)
            waited_s += period_s

    def refusal(self, file: RowFile) -> dict[str, Any]:
        """Why a file was refused, as the relay wrote it beside the file.

        It wrote nothing if another content is under the key by now.
        """
        try:
            return self._json(error_key(file.key))
        except ClientError as error:
            if str(error.response.get("Error", {}).get("Code")) not in GONE:
                raise
            why = CODES[file.code]
            return {"code": file.code, "what": why.what, "what_to_do": why.what_to_do, "detail": ""}

    def summary(self, file: RowFile) -> dict[str, Any]:
        """The report of a finished file, with the address of its folder."""
        folder = f"s3://{self._stack.bucket}/{file.folder}/"
        return self._json(f"{file.folder}/summary.json") | {"folder": folder}

    def _known(self, file: str) -> RowFile | None:
        return self._files.known([file]).get(file)

    def _etag(self, key: str) -> str:
        try:
            answer = self._stack.client("s3").head_object(Bucket=self._stack.bucket, Key=key)
        except ClientError as error:
            if str(error.response.get("Error", {}).get("Code")) in GONE:
                return ""
            raise
        return str(answer["ETag"]).strip('"')

    def _json(self, key: str) -> dict[str, Any]:
        answer = self._stack.client("s3").get_object(Bucket=self._stack.bucket, Key=key)
        found: dict[str, Any] = json.loads(answer["Body"].read())
        return found


def key_of(connection: str, name: str) -> str:
    """Where a file belongs in the bucket.

    Raises:
        UsageMistake: the relay would pass over an object of this name, or S3 cannot have it.
    """
    key = f"{INBOX}{connection}/{name}"
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise UsageMistake(f"{name}: this name is not UTF-8. Use --name.") from error
    if not is_row_file(key):
        raise UsageMistake(f"{name}: files of this name are the relay's own. Use --name.")
    return key


def _ahead(files: Iterable[RowFile], of_replays: int, found: Reconciliation, now: float) -> Ahead:
    """Records that wait in the lanes and in the bucket, as far as counts of messages tell.

    `of_replays`: records in the bucket that replays will put back.
    """
    files = list(files)
    live = found.live_backlog
    in_lane = found.backlog - live
    under_way = [one.under_way(now) for one in files]
    queued = min(in_lane, sum(under_way))  # the others are in open imports, which are paid for
    shares = [many * queued // max(1, sum(under_way)) for many in under_way]
    waiting = [
        FileAhead(one.connection, one.in_bucket, one.counted, share)
        for one, share in zip(files, shares, strict=True)
    ]
    put_back = in_lane - sum(shares)
    return Ahead(live, put_back + of_replays, waiting)


def _is_same_try(found: RowFile | None, before: RowFile | None) -> bool:
    """Whether this is still the refusal of an earlier upload."""
    return found is not None and found == before and found.state is FileState.REFUSED
