"""The exit codes of `relay`, the same for every command, and the error that ends one."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script can tell from the end of a command; docs/desk.md lists them."""

    DONE = 0
    FOUND = 1
    """The command did its work and found what needs a person: mistakes, sums that are wrong."""
    USAGE = 2
    """An option or argument is wrong. Nothing was read or changed."""
    UNAVAILABLE = 3
    """The stack, AWS or Mateo cannot be used: not there, no permission, no answer."""
    NOT_CONFIRMED = 4
    """It was not confirmed. Nothing was changed."""
    STOPPED = 130
    """A person stopped it with Ctrl-C."""


class CommandError(Exception):
    """Ends a command with one text for a person: what, why and what to do. No personal data."""

    exit_code = ExitCode.UNAVAILABLE


class UsageMistake(CommandError):
    """An option or argument is wrong."""

    exit_code = ExitCode.USAGE


class StackUnavailable(CommandError):
    """There is no such stack, it is no import relay, or it cannot be read."""


class NotConfirmed(CommandError):
    """A person said no, or there was nobody to ask."""

    exit_code = ExitCode.NOT_CONFIRMED
