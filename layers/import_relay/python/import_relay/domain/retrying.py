"""The one retry loop, and the table of how often and how patiently each kind of call is retried.

The SDK retries by itself what does not reach AWS; only the receiver's clients do not.
"""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple


class RetryPolicy(NamedTuple):
    """How many tries. The first pause lasts `first_pause_s`, each later one `factor` times as long.

    A jittered pause is a random share of that, so that two who collided do not do so again.
    """

    tries: int
    first_pause_s: float
    factor: float = 2.0
    is_jittered: bool = False


STORE_DELIVERY = RetryPolicy(tries=3, first_pause_s=0.1, factor=3.0)
"""A first try that hangs leaves time for a second one before HubSpot and Shopify hang up."""
SEND_MESSAGES = RetryPolicy(tries=4, first_pause_s=0.1)
READ_ITEMS = RetryPolicy(tries=8, first_pause_s=0.05)
WRITE_ITEMS = RetryPolicy(tries=8, first_pause_s=0.05)
WRITE_IN_CONFLICT = RetryPolicy(tries=6, first_pause_s=0.05, is_jittered=True)
COUNT_OUTCOMES = RetryPolicy(tries=4, first_pause_s=0.0)
"""What others counted in the meantime is read before the next try; there is nothing to wait for."""
LIST_ERASED = RetryPolicy(tries=5, first_pause_s=0.0)
"""The list is read again before the next try, as above."""
RESUME_SUBMISSION = RetryPolicy(tries=6, first_pause_s=10.0, factor=1.0)
"""While a change of the mapping is under way Lambda refuses another, for up to a minute."""
ASK_CRM = RetryPolicy(tries=3, first_pause_s=0.5)
ASK_MATEO = RetryPolicy(tries=4, first_pause_s=1.0)
"""On behalf of a person, beside the imports: two requests may meet within Mateo's second."""


def tries(policy: RetryPolicy, sleep: Callable[[float], None]) -> Iterator[int]:
    """Count the tries from 1 on, and pause before each but the first.

    The caller leaves the loop when a try succeeds. After the last try the loop ends without a
    pause. What `sleep` raises, such as that no time is left, goes to the caller.
    """
    pause_s = policy.first_pause_s
    yield 1
    for number in range(2, policy.tries + 1):
        if pause_s:
            sleep(random.uniform(0, pause_s) if policy.is_jittered else pause_s)  # noqa: S311  # no secret
        pause_s *= policy.factor
        yield number
