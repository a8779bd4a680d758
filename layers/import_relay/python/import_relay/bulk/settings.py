"""The settings of import_files, from its environment."""

from typing import Annotated

from pydantic import AfterValidator, Field

from import_relay.wiring.settings import Name, Settings, known_time_zone


class FileSettings(Settings):
    """Settings of import_files."""

    bulk_queue_url: Name
    dead_letter_queue_url: Name
    bucket_name: Name
    ledger_table: Name
    connections_file: Name
    entities_per_day: Annotated[int, Field(ge=1)]
    bulk_share_percent: Annotated[int, Field(ge=1, le=100)]
    limit_time_zone: Annotated[str, AfterValidator(known_time_zone)]
