"""What the senders of every kind send to the deployed relay."""

from import_relay.connectors.kinds import kinds
from tests.support.authentic import own_tests


def _case(kind: str) -> tuple[str, bool]:
    """An example webhook, if possible one that becomes a whole contact; and whether it does."""
    firsts = {name: outcomes[0] for name, outcomes in own_tests(kind).EVENTS.items()}
    contacts = [name for name, first in firsts.items() if first.startswith("contact ")]
    best = min(contacts or firsts, key=lambda name: (", partial" in firsts[name], name))
    return best, bool(contacts)


_CASES = {kind: _case(kind) for kind in sorted(kinds())}
CASES = {kind: name for kind, (name, _) in _CASES.items()}
"""Kind → what one of its senders sends, from events/."""
READ_AT_THE_CRM = {kind for kind, (_, is_contact) in _CASES.items() if not is_contact}
"""Their webhooks only name records, and the relay has no token to read them."""
