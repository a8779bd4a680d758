"""The failure of one file stops that file alone, until the next run. For `importing_files`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from import_relay.domain.log_events import Emit
from import_relay.domain.reasons import place_of
from import_relay.storage.files import RowFile


@dataclass(slots=True)
class FileErrors:
    """The files of one run that failed. `named`: a file's connection, as the log may say it."""

    emit: Emit
    named: Callable[[RowFile], str]
    files: set[str] = field(default_factory=set)

    @contextmanager
    def caught(self, file: RowFile, step: str) -> Iterator[None]:
        """Log that a step of a file failed, and continue with the next; the next run retries it."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, other files continue
            self.files.add(file.id)
            self.emit(
                "file.failed",
                file=file.id,
                connection=self.named(file),
                step=step,
                reason=place_of(error),
            )

    def has_failed(self, file: RowFile) -> bool:
        """Whether a step of this file failed in this run."""
        return file.id in self.files
