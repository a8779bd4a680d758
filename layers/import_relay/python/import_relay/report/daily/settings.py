"""The settings of write_daily_report, from its environment."""

from typing import Annotated

from pydantic import AfterValidator, Field

from import_relay.wiring.settings import Name, Settings, known_time_zone


class DailySettings(Settings):
    """Settings of write_daily_report. `alarm_topic_arn` is empty where nobody is mailed."""

    bucket_name: Name
    ledger_table: Name
    connections_file: Name
    limit_time_zone: Annotated[str, AfterValidator(known_time_zone)]
    requests_per_day: Annotated[int, Field(ge=1)]
    entities_per_day: Annotated[int, Field(ge=1)]
    alarm_topic_arn: str
