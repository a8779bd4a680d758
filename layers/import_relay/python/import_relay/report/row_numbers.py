"""The numbers of rows as text, as the ledger keeps which rows are requeued."""

from collections.abc import Iterable, Iterator


def numbers_text(numbers: Iterable[int]) -> str:
    """Numbers as text, e.g. `0-4,7`; empty for none."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def numbers_of(text: str) -> Iterator[int]:
    """The numbers of such a text."""
    for run in filter(None, text.split(",")):
        first, _, last = run.partition("-")
        yield from range(int(first), int(last or first) + 1)
