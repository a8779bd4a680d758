"""Searches the bucket for a person, object by object, and removes them if that is asked for.

Frozen imports come first: they say which ids, e-mail addresses and phone numbers are one person's.
The same code finds and rewrites, so that nothing is listed that is not erased, nor the reverse.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from import_relay.domain.files import INBOX
from import_relay.storage.bucket_reads import SILENT, Bucket, Memory, read_all
from import_relay.storage.entries import UNFINISHED, from_item
from import_relay.storage.stored_items import IMPORTS, REPORTS
from relay_ops.erasing import daily, rewriting
from relay_ops.erasing.person import Person
from relay_ops.erasing.rewriting import Rewritten
from relay_ops.erasing.row_files import REPORTED, RowFiles
from relay_ops.file_rows import PAGES
from relay_ops.stack import Stack

DAILY = "daily/"
QUERY_RESULTS = "athena/"
BATCHES = {"rejected": ".ndjson", "outcomes": ".ndjson", "items": ".ndjson.gz"}
"""Prefix → how its objects' names end; the same batch has the same name in all of them."""
SINGLES = ("quarantine/", "oversize/")
MAX_ROUNDS = 5
"""Looks at frozen imports until they say nothing new of the person."""
_REPORT_FILES = {
    "rows.ndjson.gz",
    "failures.ndjson",
    "left_out.ndjson",
    "failures.csv",
    "failures.xlsx",
    "left_out.csv",
    "left_out.xlsx",
    "failures.raw",
    "summary.json",
}
Work = tuple[Callable[[Any], list[Rewritten]], Any]


@dataclass(slots=True)
class Survey:
    """What was found. `places`: prefix → how often.

    `waiting`: imports that are not finished, and uploads that are not read yet.
    `rewritten`: keys of what was changed.
    `refused`: uploads that hold them and were refused. `unsearched`: those that cannot be read.
    """

    places: Counter[str] = field(default_factory=Counter)
    waiting: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unsearched: list[str] = field(default_factory=list)
    rewritten: set[str] = field(default_factory=set)
    objects: int = 0

    def add(self, found: Iterable[Rewritten]) -> None:
        """Count what was found in an object."""
        for one in found:
            self.places[one.key.partition("/")[0]] += one.count


@dataclass(slots=True)
class Searching:
    """Searches one stack for one person, who becomes better known meanwhile.

    `erase`: every object is rewritten at once, but for those of imports that are not finished.
    `memory`: objects that were read before and have not changed since; one that holds the person is
    read anew before it is rewritten. `delete_refused`: uploads that hold the person are deleted
    as a whole, even if they were refused.
    """

    stack: Stack
    person: Person
    erase: bool = False
    advance: Callable[..., None] = SILENT
    memory: Memory = field(default_factory=Memory)
    delete_refused: bool = False
    _survey: Survey = field(default_factory=Survey)
    _files: RowFiles = field(init=False)
    _bucket: Bucket = field(init=False)
    _without: set[str] = field(default_factory=set)
    """Imports that certainly never held the person."""

    def __post_init__(self) -> None:
        self._files = RowFiles(self.stack, delete_refused=self.delete_refused)
        self._bucket = self.stack.objects.remembering(self.memory)

    def run(self) -> Survey:
        """Look at everything that the bucket keeps."""
        bucket = self._bucket
        imports = [one.key for one in bucket.keys(IMPORTS)]
        rest = list(self._rest(bucket))
        self.advance(0, total=len(imports) + len(rest))
        hits = self._learn(imports)
        for found in read_all(self._do, rest, self.advance):
            self._take(found)
        for found in read_all(self._import_anew, hits):
            self._take(found)
        self._survey.objects = len(imports) + len(rest)
        self._survey.waiting += sorted(self._files.waiting)
        self._survey.refused = sorted(self._files.refused)
        self._survey.unsearched = sorted(self._files.unsearched)
        return self._survey

    def learn(self) -> None:
        """Only take what frozen imports say of the person: nothing else names them anew."""
        imports = [one.key for one in self._bucket.keys(IMPORTS)]
        self.advance(0, total=len(imports))
        self._learn(imports)

    def _learn(self, imports: list[str]) -> list[str]:
        """What all imports say of the person, and which hold them; nothing is changed."""
        hits: list[str] = []
        for number in range(MAX_ROUNDS):
            before = self.person.known.size()
            self._without.clear()
            found = read_all(self._import, imports, SILENT if number else self.advance)
            hits = [key for key, one in zip(imports, found, strict=True) if one]
            if self.person.known.size() == before:
                break
            self.person = Person(self.person.known)
        else:
            self._without.clear()
        return hits

    def _rest(self, bucket: Bucket) -> Iterator[Work]:
        yield from ((self._report, one) for one in _folders(bucket, REPORTS).items())
        yield from ((self._batch, one) for one in _batches(bucket).items())
        yield from ((self._daily, one) for one in _folders(bucket, DAILY).items())
        yield from ((self._query_result, one.key) for one in bucket.keys(QUERY_RESULTS))
        files = self._files
        yield from ((self._of_file(files.upload), one.key) for one in bucket.keys(INBOX))
        yield from ((self._of_file(files.page), one.key) for one in bucket.keys(PAGES))
        yield from ((self._of_file(files.table), one.key) for one in bucket.keys(REPORTED))
        for prefix in SINGLES:
            yield from ((self._single, one.key) for one in bucket.keys(prefix))

    def _of_file(
        self, look: Callable[[Person, str], list[Rewritten]]
    ) -> Callable[[str], list[Rewritten]]:
        return lambda key: look(self.person, key)

    @staticmethod
    def _do(work: Work) -> list[Rewritten]:
        look, what = work
        return look(what)

    def _take(self, found: list[Rewritten]) -> None:
        self._survey.add(found)
        if self.erase:
            for one in found:
                self._write(one)

    def _import(self, key: str) -> list[Rewritten]:
        content = self._bucket.content(key)
        if content is None:
            return []
        if not self.person.may_be_in(content):
            if not rewriting.is_erased_in(content):
                self._without.add(key.split("/")[1])
            return []
        found = rewriting.frozen_import(self.person, key, content)
        return [found] if found else []

    def _import_anew(self, key: str) -> list[Rewritten]:
        content = self._newest.content(key)
        found = rewriting.frozen_import(self.person, key, content) if content else None
        return [found] if found else []

    def _report(self, folder_and_names: tuple[str, set[str]]) -> list[Rewritten]:
        folder, names = folder_and_names
        if not any(self._content(f"{folder}/{name}") for name in self._telling(folder, names)):
            return []
        kept = {name: self._newest.content(f"{folder}/{name}") for name in names & _REPORT_FILES}
        objects = {name: content for name, content in kept.items() if content is not None}
        type_ = folder.partition("/type=")[2].partition("/")[0]
        found = rewriting.report(self.person, type_, objects)
        return [Rewritten(f"{folder}/{one.key}", one.count, one.content) for one in found]

    def _telling(self, folder: str, names: set[str]) -> set[str]:
        """The files of a report that together name everybody in it.

        A search leaves the rows out if the frozen import still exists: it names the same persons.
        """
        found = {"rows.ndjson.gz", "failures.ndjson", "failures.raw"} & names
        is_without = not self.erase and folder.rpartition("import=")[2] in self._without
        return found - {"rows.ndjson.gz"} if is_without else found

    def _daily(self, folder_and_names: tuple[str, set[str]]) -> list[Rewritten]:
        folder, names = folder_and_names
        if all(self._content(f"{folder}/{name}") is None for name in daily.LOOKED_AT):
            return []
        kept = {name: self._newest.content(f"{folder}/{name}") for name in names}
        objects = {name: content for name, content in kept.items() if content is not None}
        found = daily.daily_report(self.person, objects)
        return [Rewritten(f"{folder}/{one.key}", one.count, one.content) for one in found]

    def _query_result(self, key: str) -> list[Rewritten]:
        """A stored answer of Athena is deleted as a whole: its query can be run again."""
        return [] if self._content(key) is None else [Rewritten(key, 1, None)]

    def _batch(self, name_and_keys: tuple[str, dict[str, str]]) -> list[Rewritten]:
        _, keys = name_and_keys
        if all(self._content(key) is None for key in keys.values()):
            return []
        objects = {
            prefix: content
            for prefix, key in keys.items()
            if (content := self._newest.content(key)) is not None
        }
        found = rewriting.batch(self.person, objects)
        return [Rewritten(keys[one.key], one.count, one.content) for one in found]

    def _single(self, key: str) -> list[Rewritten]:
        content = self._bucket.content(key)
        if content is None:
            return []
        is_packed = key.startswith("quarantine/")
        if not is_packed and not self.person.may_be_in(content):
            return []
        found = rewriting.single_record(self.person, key, content)
        return [found] if found else []

    @property
    def _newest(self) -> Bucket:
        """The bucket to rewrite from: never a remembered object. A search may use one."""
        return self.stack.objects if self.erase else self._bucket

    def _content(self, key: str) -> bytes | None:
        """An object that may hold the person; None: it does not, or there is no such object."""
        content = self._bucket.content(key)
        return content if content is not None and self.person.may_be_in(content) else None

    def _write(self, one: Rewritten) -> None:
        if one.key.startswith(IMPORTS) and is_unfinished(self.stack, one.key.split("/")[1]):
            self._survey.waiting.append(one.key.split("/")[1])
            return
        self._survey.rewritten.add(one.key)
        s3, bucket = self.stack.client("s3"), self.stack.bucket
        if one.content is None:
            s3.delete_object(Bucket=bucket, Key=one.key)
            return
        packed = one.key.endswith(".gz")
        body = gzip.compress(one.content, mtime=0) if packed else one.content
        s3.put_object(Bucket=bucket, Key=one.key, Body=body, ContentType=_content_type(one.key))


def unfinished_of(stack: Stack, person: Person) -> list[str]:
    """The imports that hold the person and may still change them in Mateo."""
    index = stack.client("dynamodb").get_paginator("query")
    pages = index.paginate(
        TableName=stack.ledger_table,
        IndexName="open-imports",
        KeyConditionExpression="#open = :yes",
        ExpressionAttributeNames={"#open": "open"},
        ExpressionAttributeValues={":yes": {"S": "yes"}},
    )
    found = []
    for page in pages:
        for item in page["Items"]:
            reference = from_item(item).reference
            content = stack.objects.content(f"{IMPORTS}{reference}/request.json.gz")
            is_hit = content and person.may_be_in(content)
            if is_hit and rewriting.frozen_import(person, reference, content or b""):
                found.append(reference)
    return found


def is_unfinished(stack: Stack, reference: str) -> bool:
    """Whether an import may still change records in Mateo."""
    key = {"pk": {"S": f"import#{reference}"}}
    answer = stack.client("dynamodb").get_item(
        TableName=stack.ledger_table, Key=key, ConsistentRead=True
    )
    return "Item" in answer and from_item(answer["Item"]).state in UNFINISHED


def _folders(bucket: Bucket, prefix: str) -> Mapping[str, set[str]]:
    """The folder of each report, with the names of its files."""
    found: dict[str, set[str]] = {}
    for one in bucket.keys(prefix):
        folder, _, name = one.key.rpartition("/")
        found.setdefault(folder, set()).add(name)
    return found


def _batches(bucket: Bucket) -> Mapping[str, dict[str, str]]:
    """Each batch that ended items without an import: prefix → key of its object."""
    found: dict[str, dict[str, str]] = {}
    for prefix, ending in BATCHES.items():
        for one in bucket.keys(f"{prefix}/"):
            name = one.key.removeprefix(f"{prefix}/").removesuffix(ending)
            found.setdefault(name, {})[prefix] = one.key
    return found


def _content_type(key: str) -> str:
    endings = {
        ".gz": "application/gzip",
        ".ndjson": "application/x-ndjson",
        ".html": "text/html; charset=utf-8",
        ".csv": "text/csv; charset=utf-8",
        ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
    return next(
        (kind for ending, kind in endings.items() if key.endswith(ending)), "application/json"
    )
