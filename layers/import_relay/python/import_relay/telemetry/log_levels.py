"""What a function may log: the relay from the template's `LogLevel` on, libraries from WARNING on.

Called by `outcome_log` when a function starts. With JSON as log format, Lambda itself does two
things that this corrects: awslambdaric gives the level of `LoggingConfig` to the root logger, so
that botocore would log whole requests at DEBUG; and Lambda drops lines below that level, counting
a line without a level or without a timestamp by RFC 3339 as INFO ("Log-level filtering" in the
Lambda developer guide).
"""

import logging
import os

LOG_LEVEL = "POWERTOOLS_LOG_LEVEL"
"""Variable of the template's parameter LogLevel."""
LAMBDA_LOG_LEVEL = "AWS_LAMBDA_LOG_LEVEL"
"""Variable that Lambda sets from LoggingConfig's ApplicationLogLevel; only with JSON."""
_LEVELS = {
    "TRACE": logging.DEBUG,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "FATAL": logging.CRITICAL,
    "CRITICAL": logging.CRITICAL,
}
"""Python's words and Lambda's."""


def own_level() -> int:
    """The least level at which the relay logs; INFO if none, or an unknown one, is set.

    Not below Lambda's own: what Lambda drops must not carry metrics.
    """
    return max(_level(LOG_LEVEL, logging.INFO), _level(LAMBDA_LOG_LEVEL, logging.NOTSET))


def passing_level() -> str:
    """The level that a line must name to pass Lambda's filter; empty if every line passes."""
    least = _level(LAMBDA_LOG_LEVEL, logging.NOTSET)
    return os.environ[LAMBDA_LOG_LEVEL].upper() if least > logging.INFO else ""


def quiet_libraries() -> None:
    """Keep everything below WARNING that is not the relay's own out of the log.

    The root logger's level is what most loggers have; its handlers also stop those that were given
    a lower level of their own.
    """
    root = logging.getLogger()
    root.setLevel(max(logging.WARNING, root.level))
    for handler in root.handlers:
        handler.setLevel(max(logging.WARNING, handler.level))


def _level(variable: str, otherwise: int) -> int:
    return _LEVELS.get(os.environ.get(variable, "").upper(), otherwise)
