"""The settings of track_import, from its environment."""

from typing import Annotated

from pydantic import Field

from import_relay.wiring.settings import MateoSettings


class TrackSettings(MateoSettings):
    """Settings of track_import."""

    tracking_hours: Annotated[int, Field(ge=1)]
