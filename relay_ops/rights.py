"""What a person can do if AWS refuses a call: sign in again, or get one of the two policies."""

from __future__ import annotations

from collections.abc import Sequence

READER, OPERATOR = "ReaderPolicyArn", "OperatorPolicyArn"
"""The outputs of the stack that name its policies for people."""
READS = {"status", "find", "failures", "open", "daily"}
"""Commands for which the reader's policy is enough."""
NEED_A_SECRET = {"--in-mateo"}
"""Options with which they need a secret."""
NOT_ALLOWED = ("AccessDenied", "UnauthorizedOperation", "AuthorizationError", "(403)")
NOT_SIGNED_IN = (
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClient",
)
_SIGN_IN = "The credentials of the AWS CLI are wrong or have expired: sign in again."


def what_is_missing(arguments: Sequence[str], said: str) -> str:
    """What to do about a refusal in the words of AWS; empty if they are of something else.

    `arguments`: those of `relay`, the command first.
    """
    if any(one in said for one in NOT_SIGNED_IN):
        return _SIGN_IN
    if not is_not_allowed(said):
        return ""
    policy = policy_for(arguments)
    wider = "" if policy == OPERATOR else f", or {OPERATOR}, which allows every command"
    return (
        f"You may not do that. `relay {arguments[0]}` needs the policy that the stack's output "
        f"{policy} names{wider}. Somebody who may change IAM attaches it to your user or role: "
        "docs/desk.md, Who may use it."
    )


def is_not_allowed(said: str) -> bool:
    """Whether AWS refuses a call because a permission is missing."""
    return any(one in said for one in NOT_ALLOWED)


def policy_for(arguments: Sequence[str]) -> str:
    """The output that names the least policy with which a command works."""
    is_read = bool(arguments) and arguments[0] in READS
    return READER if is_read and NEED_A_SECRET.isdisjoint(arguments) else OPERATOR
