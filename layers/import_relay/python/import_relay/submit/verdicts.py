"""What follows from Mateo's answers for the rows of a batch. Made by `refusals`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from import_relay.domain.models import Occurrence, Row
from import_relay.mateo.client import Posted
from import_relay.storage.refusals import RefusalPause, RefusedKind
from import_relay.submit.attempts import Attempt


class Rejection(NamedTuple):
    """A row whose refusal is proven, and Mateo's answer to it."""

    row: Row
    posted: Posted


@dataclass(slots=True)
class Verdict:
    """What follows from an answer: rows that wait, who is rejected, and what is tried.

    `attempts` go before all others of the batch, `last` after them.
    """

    attempts: Sequence[Attempt] = ()
    last: Sequence[Attempt] = ()
    waiting: Sequence[Row] = ()
    rejections: Sequence[Rejection] = ()


@dataclass(slots=True)
class UnresolvedRows:
    """What is left at the end: rows that wait, and what waited for a proof too long.

    `waits`: connections that wait, of those that this batch met. `has_changed`: whether who waits
    has to be written down again.
    """

    waiting: Sequence[Row] = ()
    unproven: Sequence[Occurrence] = ()
    waits: Mapping[RefusedKind, RefusalPause] = field(default_factory=dict)
    has_changed: bool = False
