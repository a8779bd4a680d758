"""All kinds, their example webhooks, and the rows that become of these."""

from import_relay.connectors.kinds import kinds
from tests.support.authentic import mapped, requests_of
from tests.support.receiver import Answered

ALL = sorted(kinds())
EVERY_FILE = [(kind, name) for kind in ALL for name in requests_of(kind)]


def rows(kind: str, answer: Answered) -> list[dict[str, object]]:
    """The columns of every row that becomes of what was stored."""
    return [dict(change.columns) for change in mapped(kind, answer.store.items()).changes]
