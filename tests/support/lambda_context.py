"""What Lambda tells a function about its invocation, for handlers that are called in a test."""

from dataclasses import dataclass


@dataclass
class Context:
    """Of an invocation with `remaining_ms` until its timeout."""

    remaining_ms: int = 10_000
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        """The same at any time."""
        return self.remaining_ms
