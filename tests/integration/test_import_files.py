"""What import_files counts of a run."""

from import_files import measures
from import_relay.bulk.importing_files import FileRun


def test_a_run_that_found_nothing_counts_only_that_nothing_failed() -> None:
    assert measures(FileRun()) == {"FilesFailed": 0}


def test_a_run_counts_what_it_did() -> None:
    assert measures(FileRun(noticed=1, fed=2, refused=3, finished=4, failed=5, disabled=6)) == {
        "FilesNoticed": 1,
        "FileRowsQueued": 2,
        "FilesRefused": 3,
        "FilesFinished": 4,
        "FilesFailed": 5,
        "ConnectionsUnusable": 6,
    }
