"""The settings of run_watchdog, from its environment."""

from typing import Annotated

from pydantic import AfterValidator, Field

from import_relay.wiring.settings import Name, Settings, known_time_zone


class WatchdogSettings(Settings):
    """Settings of run_watchdog. Mappings: ids, with a comma between them.

    Percents: the rates of a connection above which it is named. `alarm_topic_arn` is empty where
    nobody is mailed.
    """

    bucket_name: Name
    queue_url: Name
    bulk_queue_url: Name
    ledger_table: Name
    event_source_mappings: Name
    state_machine_arn: Name
    connections_file: Name
    limit_time_zone: Annotated[str, AfterValidator(known_time_zone)]
    alarm_percent: Annotated[float, Field(gt=0, le=100)]
    ignored_alarm_percent: Annotated[float, Field(gt=0, le=100)]
    alarm_topic_arn: str
