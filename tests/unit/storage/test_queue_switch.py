"""The switch of one event source mapping, when Lambda is in the middle of another change."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.retrying import RESUME_SUBMISSION
from import_relay.storage.queue_switch import QueueMapping
from tests.support.clients import client_error


class Lambda:
    """Refuses so many changes with this code, and remembers all that were asked for."""

    def __init__(self, refusals: int = 0, code: str = "ResourceInUseException") -> None:
        self.refusals, self.code = refusals, code
        self.state = "Enabled"
        self.asked: list[bool] = []

    def get_event_source_mapping(self, **_: Any) -> dict[str, str]:
        return {"State": self.state}

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> None:  # noqa: N803
        self.asked.append(Enabled)
        if self.refusals:
            self.refusals -= 1
            raise client_error(self.code)


def mapping(given: Lambda) -> QueueMapping:
    return QueueMapping(given, "m1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "stopped"),
    [
        ("Enabled", False),
        ("Enabling", False),
        ("Updating", False),
        ("Disabling", True),
        ("Disabled", True),
    ],
)
def test_a_queue_is_stopped_as_soon_as_its_mapping_is_being_disabled(
    state: str, *, stopped: bool
) -> None:
    given = Lambda()
    given.state = state

    assert mapping(given).is_stopped() is stopped


def test_enabling_waits_for_the_change_that_is_under_way() -> None:
    given, slept = Lambda(refusals=2), list[float]()

    mapping(given).enable(slept.append)

    assert given.asked == [True, True, True]
    assert len(slept) == 2


def test_a_mapping_that_is_always_being_changed_is_an_error() -> None:
    given = Lambda(refusals=1_000)

    with pytest.raises(StoreUnavailable):
        mapping(given).enable(lambda _: None)

    assert len(given.asked) == RESUME_SUBMISSION.tries


def test_disabling_does_not_wait_since_its_batch_is_requeued_and_tries_again() -> None:
    given = Lambda(refusals=1)

    mapping(given).disable()

    assert given.asked == [False]


def test_any_other_refusal_is_raised() -> None:
    with pytest.raises(ClientError):
        mapping(Lambda(1, "AccessDeniedException")).enable(lambda _: None)
