"""All kinds, their example webhooks, and who refuses them."""

from tests.support.authentic import SENDERS, mapped, requests_of
from tests.support.receiver import Answered

ALL = sorted(SENDERS)
EVERY_FILE = [(kind, name) for kind in ALL for name in requests_of(kind)]


def rows(kind: str, answer: Answered) -> list[dict[str, object]]:
    """The columns of every row that becomes of what was stored."""
    return [dict(change.columns) for change in mapped(kind, answer.store.items()).changes]
