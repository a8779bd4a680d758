"""How the fake of the Import API counts and lists the rows of an import that failed.

Mateo's documents leave that open, so a run decides. Called by `mateo_server`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Listed = Sequence[tuple[int, dict[str, Any]]]
"""Failed rows: the number of each, from 0, and its entry as documented."""


@dataclass(frozen=True, slots=True)
class FailureLists:
    """How the fake counts and lists failed rows in one run.

    `form` of an entry: `row` as documented, `twice` (two entries for each row), `number` (the row's
    number instead of the row) or `normalised` (the row with other values). The list can be seen
    `late_s` after the counts. `null_count`: whether failed rows are not counted; `never`, `none`
    (only if none failed) or `always`.
    """

    form: str = "row"
    late_s: float = 0.0
    null_count: str = "never"

    def count(self, failed: int) -> int | None:
        """The number of failed rows as it is shown."""
        is_null = self.null_count == "always" or (self.null_count == "none" and not failed)
        return None if is_null else failed

    def entries(self, failures: Listed) -> list[dict[str, Any]]:
        """The list as it is shown."""
        return [shown for number, one in failures for shown in self._shown(number, one)]

    def _shown(self, number: int, one: dict[str, Any]) -> Iterator[dict[str, Any]]:
        match self.form:
            case "number":
                yield {"row": number, "code": one["code"], "message": one["message"]}
            case "normalised":
                yield {**one, "input": normalised(one["input"])}
            case _:
                yield one
        if self.form == "twice":
            yield {**one, "message": f"{one['message']} (again)"}


def normalised(row: Any) -> Any:
    """A row with its texts in lower case and one more column; its identifiers stay."""
    if not isinstance(row, dict):
        return row
    kept = ("external_id", "contact_external_id")
    values = {
        name: value.lower() if isinstance(value, str) and name not in kept else value
        for name, value in row.items()
    }
    return {**values, "country": "DEUTSCHLAND"}
