"""What may be shown in a log of Mateo's codes and messages, which may hold values of records."""

import re

MAX_MESSAGE_LENGTH = 200
_CODE = re.compile(r"[A-Za-z0-9_]{1,20}")
_OF_SCHEMA = ("PGRST", "42")
"""Codes of PostgREST and of PostgreSQL's class 42: their messages name tables and columns."""
_QUOTED = r"""\"[^"]*(?:"|$)|'[^']*(?:'|$)"""
_BRACKETED = r"\([^)]*(?:\)|$)|\[[^\]]*(?:\]|$)|\{.*"
_VALUES = re.compile(rf"{_QUOTED}|{_BRACKETED}|\S*[@\d]\S*")


def shown_code(code: str) -> str:
    """Mateo's code, or nothing if it is none."""
    return code if _CODE.fullmatch(code) else ""


def shown_message(code: str, message: str) -> str:
    """Mateo's message without what may be a value, unless it is about the schema."""
    line = " ".join(message.split())
    if not code.startswith(_OF_SCHEMA):
        line = _VALUES.sub("…", line)
    return line[:MAX_MESSAGE_LENGTH]


def shown_answer(status: int, code: str, message: str) -> str:
    """What Mateo answered, in one line, without what may be a value."""
    code = f" {shown_code(code)}".rstrip()
    return f"Mateo answered {status}{code}: {shown_message(code.strip(), message)}"


def names_reference_id(message: str) -> bool:
    """Whether Mateo refuses an import because of its reference id."""
    return "reference_id" in message
