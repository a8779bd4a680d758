"""What import_files is told by its environment."""

from typing import Annotated

from pydantic import AfterValidator, Field

from import_relay.wiring.settings import Name, QueueSettings, known_time_zone


class FileSettings(QueueSettings):
    """Settings of import_files. `queue_url`: the queue that is fed."""

    bucket_name: Name
    ledger_table: Name
    connections_file: Name
    entities_per_day: Annotated[int, Field(ge=1)]
    limit_time_zone: Annotated[str, AfterValidator(known_time_zone)]
