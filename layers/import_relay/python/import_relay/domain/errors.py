"""Every error the relay raises on purpose, grouped by what the caller does about it.

    RelayError
    ├── Reject   this input is final as it is: answer or report it, go on with its neighbours
    │   ├── SignatureError        a request that is not authenticated (401)
    │   ├── UnknownConnection     a path that names no connection (404)
    │   ├── DeliveryTooLarge      a body that the receiver does not take (413)
    │   ├── UnreadableDelivery    authentic, but its body cannot be split (quarantine, then 2xx)
    │   └── RejectedRow           a record that can never become a row of an import
    │       └── RejectedRecord    the same, with its notes (in `domain.notes`)
    ├── Retry    nothing was done; the same call may be made again
    │   └── StoreUnavailable      AWS took none or only a part of what had to be stored (503)
    ├── Wait     nothing is wrong; the time for it has not come
    │   ├── LimitReached          today's requests or entities are spent
    │   ├── PermitTooFar            the next free request permit lies behind the deadline
    │   ├── LeaseHeld             another submitter is at work
    │   ├── ReplayTaken           another process goes on with this replay
    │   └── RecordsNotFetched         a CRM does not give the records that a webhook only names
    └── Abort    a person has to change something first
        ├── ConnectionDisabled    one connection of connections.toml; all others go on (503)
        ├── ConfigurationError    settings, or connections.toml as a whole
        └── CredentialsRefused    Mateo does not accept the token

No text of these errors holds a payload, a secret or a phone number: `RejectedRow.value` goes into
the report in the bucket and nowhere else. `codes.CODES` explains the code of each.
"""

from import_relay.domain.codes import CODES


class RelayError(Exception):
    """Root of the tree. `code` is one of `CODES`; `detail` says what happened, without data."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        explanation = CODES[code]
        super().__init__(f"{code}: {detail or explanation.what} {explanation.what_to_do}")


class Reject(RelayError):
    """This input is final as it is."""


class Retry(RelayError):
    """Nothing was done; the same call may be made again."""


class Wait(RelayError):
    """Nothing is wrong; the time for it has not come."""


class Abort(RelayError):
    """A person has to change something first."""


class SignatureError(Reject):
    """A request that is not authenticated."""


class UnknownConnection(Reject):
    """A path that names no connection."""

    def __init__(self) -> None:
        super().__init__("connection.unknown")


class DeliveryTooLarge(Reject):
    """A body that is larger than the receiver takes."""

    def __init__(self) -> None:
        super().__init__("delivery.too_large")


class UnreadableDelivery(Reject):
    """Authentic, but its body cannot be split into records."""


class RejectedRow(Reject):
    """A record that can never become a row: which field, and the value that is wrong.

    `value` may be personal data: it belongs into the report and nowhere else.
    """

    def __init__(
        self, code: str, *, field: str = "", value: object = None, detail: str = ""
    ) -> None:
        super().__init__(code, detail)
        self.field = field
        self.value = value


class StoreUnavailable(Retry):
    """AWS took none or only a part of what had to be stored."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("store.unavailable", detail)


class LimitReached(Wait):
    """Today's requests or entities are spent. `resets_at`: seconds since the epoch."""

    def __init__(self, code: str, *, resets_at: float) -> None:
        super().__init__(code)
        self.resets_at = resets_at


class PermitTooFar(Wait):
    """The next free request permit comes after the caller's deadline."""

    def __init__(self) -> None:
        super().__init__("permit.too_far")


class LeaseHeld(Wait):
    """Another submitter is at work."""

    def __init__(self) -> None:
        super().__init__("lease.held")


class ReplayTaken(Wait):
    """Another process goes on with this replay."""

    def __init__(self, replay_id: str) -> None:
        super().__init__("replay.taken", replay_id)


class RecordsNotFetched(Wait):
    """A CRM did not give records now: it is down, busy, slow, or refuses the token."""


class ConfigurationError(Abort):
    """A setting or connections.toml is wrong; `detail` names it."""

    def __init__(self, detail: str) -> None:
        super().__init__("configuration.invalid", detail)


class ConnectionDisabled(Abort):
    """A connection of connections.toml cannot be used; `detail` names key and mistake."""

    def __init__(self, detail: str) -> None:
        super().__init__("connection.disabled", detail)


class CredentialsRefused(Abort):
    """Mateo does not accept the token, or the base URL is wrong."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("mateo.credentials", detail)
