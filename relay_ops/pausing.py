"""Pauses and resumes submission by hand, and waits until it took effect. Called by commands."""

from __future__ import annotations

import time
from collections.abc import Callable

from import_relay.domain.errors import StoreUnavailable
from import_relay.storage.pause import Pause, PauseClients, PauseNames, PauseState
from import_relay.storage.queue_switch import QueueMapping
from relay_ops.exits import CommandError
from relay_ops.stack import Stack

REASON = "maintenance"
EFFECT_WAIT_S = 60.0
"""AWS enables or disables a mapping within seconds."""
STEADY = {"Enabled": True, "Disabled": False}


class SubmissionSwitch:
    """The submission of a stack: its pause and the event source mappings of both lanes."""

    def __init__(self, stack: Stack, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._stack = stack
        self._sleep = sleep
        settings = stack.settings
        clients = PauseClients(
            stack.client("dynamodb"),
            stack.client("lambda"),
            stack.client("scheduler"),
            stack.client("ssm"),
        )
        self._mappings_parameter = settings["EVENT_SOURCE_MAPPINGS_PARAMETER"]
        names = PauseNames(
            stack.ledger_table,
            self._mappings_parameter,
            settings["PAUSE_SCHEDULE_GROUP"],
            settings["PAUSE_SCHEDULE_ROLE_ARN"],
        )
        self._pause = Pause(clients, names, clock=stack.clock)
        self._bulk_pause = Pause(clients, names, clock=stack.clock, bulk_only=True)

    def state(self) -> PauseState:
        """The pause as it is written down."""
        return self._pause.state()

    def pause(self, until: float) -> float:
        """Pause until a time (s since the epoch); returns when it ends, which may be later.

        Raises:
            CommandError: AWS did not disable the mapping in time.
        """
        ends = self._pause.begin(until, REASON)
        self._wait_for(enabled=False)
        return ends

    def resume(self) -> None:
        """End the pause, whatever began it, and that of the bulk lane alone.

        Raises:
            CommandError: AWS did not enable the mapping in time.
        """
        for pause in (self._pause, self._bulk_pause):
            pause.clear_failures()
        lambda_ = self._stack.client("lambda")
        try:
            for uuid in self._mappings():
                QueueMapping(lambda_, uuid).enable(self._sleep)
        except StoreUnavailable as error:  # Lambda is in the middle of another change
            raise self._not_yet(enabled=True) from error
        self._wait_for(enabled=True)

    def is_enabled(self) -> bool | None:
        """Whether the queues are polled; None while that is being changed, or they differ."""
        lambda_ = self._stack.client("lambda")
        found = {
            STEADY.get(lambda_.get_event_source_mapping(UUID=one)["State"])
            for one in self._mappings()
        }
        return found.pop() if len(found) == 1 else None

    def _mappings(self) -> list[str]:
        answer = self._stack.client("ssm").get_parameter(Name=self._mappings_parameter)
        return str(answer["Parameter"]["Value"]).split(",")

    def _wait_for(self, *, enabled: bool) -> None:
        give_up_at = time.monotonic() + EFFECT_WAIT_S
        while self.is_enabled() is not enabled:
            if time.monotonic() > give_up_at:
                raise self._not_yet(enabled=enabled)
            self._sleep(1)

    def _not_yet(self, *, enabled: bool) -> CommandError:
        wanted = "enabled" if enabled else "disabled"
        return CommandError(
            f"It is written down, but the mapping is not {wanted} after "
            f"{EFFECT_WAIT_S:.0f} s. Run the command again."
        )
