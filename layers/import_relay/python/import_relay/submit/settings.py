"""The settings of submit_imports, from its environment."""

from typing import Annotated

from pydantic import Field

from import_relay.wiring.settings import MateoSettings, Name, PauseSettings, QueueSettings


class SubmitSettings(MateoSettings, PauseSettings, QueueSettings):
    """Settings of submit_imports."""

    watermarks_table: Name
    state_machine_arn: Name
    connections_file: Name
    crm_tokens_arn: Name
    held_queue_url: Name
    bulk_held_queue_url: Name
    rows_per_import: Annotated[int, Field(ge=1, le=5000)]
