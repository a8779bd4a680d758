"""Why nothing of a file can be read. Raised by the formats, answered by `importing_files`."""

MAX_ROW_TEXT = 500
"""Characters that a list of unreadable rows shows of one."""


class FileUnreadable(Exception):
    """The whole file is refused.

    Args:
        code: of `codes.CODES`.
        detail: more of what is wrong, without a word of the rows.
        line: where, if that is known.
    """

    def __init__(self, code: str, detail: str = "", *, line: int | None = None) -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail
        self.line = line
