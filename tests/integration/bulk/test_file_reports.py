"""The report of a file: the reasons of failures are in a database until its rows are written."""

from types import SimpleNamespace
from typing import Any

import pytest

from import_relay.bulk.file_reports import FileReports
from import_relay.storage.files import RowFile
from tests.support.databases import Opened


def test_the_database_of_reasons_is_closed_if_the_outcomes_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_outcomes(_: str) -> Any:
        raise ConnectionError("S3 is away")

    objects: Any = SimpleNamespace(outcomes=no_outcomes)
    counts: Any = None  # nothing is counted before the outcomes are read
    reports = FileReports(objects, counts, clock=lambda: 0.0)
    file = RowFile("inbox/shop/a.csv", "an etag", "shop", received_at=1, ended={"failed": 1})
    opened = Opened(monkeypatch)

    with pytest.raises(ConnectionError):
        reports.write(file)

    assert opened.are_closed() == [True]
