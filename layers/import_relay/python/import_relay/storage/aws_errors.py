"""What AWS answered instead of doing what it was asked, by its code."""

from botocore.exceptions import ClientError


def code_of(error: ClientError) -> str:
    """AWS's code, e.g. `ConditionalCheckFailedException`; empty if the answer has none."""
    return error.response.get("Error", {}).get("Code", "")


def is_no_object(error: ClientError) -> bool:
    """Whether S3 has no object under the key."""
    return code_of(error) in ("NoSuchKey", "404")
