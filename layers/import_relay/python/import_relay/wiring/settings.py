"""What functions are told by their environment: the base of the settings of all but the receiver.

Each stage has one frozen model of its own; the template sets exactly these variables (a test
compares them). The receiver has a light-weight class in `receive.settings`.
"""

import os
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from import_relay.domain.errors import ConfigurationError


def known_time_zone(name: str) -> str:
    """The name, if it is one of the IANA database; for pydantic, which shows the error's text."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder's name
        raise ValueError("is no IANA time zone such as UTC or Europe/Berlin") from error
    return name


Name = Annotated[str, Field(min_length=1)]


class Settings(BaseModel):
    """Base of the models: variable names are the field names in capitals."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="forbid")

    @classmethod
    def environment_names(cls) -> frozenset[str]:
        """The variables that this model reads."""
        return frozenset(name.upper() for name in cls.model_fields)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the process environment.

        Raises:
            ConfigurationError: names each variable that is missing or wrong, never its value.
        """
        present = {
            name: os.environ[name.upper()]
            for name in cls.model_fields
            if name.upper() in os.environ
        }
        try:
            return cls.model_validate(present)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}"
                for item in error.errors(include_input=False, include_url=False)
            )
            raise ConfigurationError(f"environment: {wrong}") from error


class MateoSettings(Settings):
    """Where the Import API is and how much of it may be used per UTC or local day."""

    mateo_base_url: Annotated[str, Field(pattern=r"^https?://\S+[^/\s]$")]
    mateo_token_arn: Name
    requests_per_second: Annotated[float, Field(gt=0)]
    requests_per_day: Annotated[int, Field(ge=1)]
    entities_per_day: Annotated[int, Field(ge=1)]
    bulk_share_percent: Annotated[int, Field(ge=1, le=100)]
    limit_time_zone: Annotated[str, AfterValidator(known_time_zone)]
    send_reference_id: bool
    ledger_table: Name
    bucket_name: Name


class PauseSettings(Settings):
    """What disables the queues' event source mappings and has them enabled again."""

    event_source_mappings_parameter: Name
    pause_schedule_group: Name
    pause_schedule_role_arn: Name


class QueueSettings(Settings):
    """The queues of the two lanes, and where their dead letters go."""

    queue_url: Name
    bulk_queue_url: Name
    dead_letter_queue_url: Name
