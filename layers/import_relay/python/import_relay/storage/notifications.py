"""Mails to the subscribers of the alarms. Called by the daily report."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

MAX_SUBJECT = 100
"""SNS takes fewer characters than that in a subject: ASCII only, on one line."""


class Notifications:
    """The topic of the alarms; without one, nothing is mailed."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def send(self, subject: str, text: str) -> bool:
        """Mail a text, which must hold no personal data. Returns False where no topic is set."""
        if not self._topic_arn:
            return False
        plain = " ".join(subject.encode("ascii", "replace").decode().split())
        self._client.publish(
            TopicArn=self._topic_arn, Subject=plain[: MAX_SUBJECT - 1], Message=text
        )
        return True
