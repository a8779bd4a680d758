"""The settings of write_report, from its environment."""

from import_relay.wiring.settings import MateoSettings, Name, QueueSettings


class ReportSettings(MateoSettings, QueueSettings):
    """Settings of write_report."""

    watermarks_table: Name
