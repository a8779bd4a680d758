"""The codes of files of rows: why one cannot be read, or one of its rows.

`codes.CODES` has them with all others; nothing else reads them from here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from import_relay.domain.explanation import Explanation

FILE_CODES: Mapping[str, Explanation] = MappingProxyType(
    {
        "file.unknown_connection": Explanation(
            "The file's folder in inbox/ is not the name of a connection.",
            "Upload it to inbox/<connection>/, or add the connection and deploy: then the file is "
            "read within minutes.",
        ),
        "file.too_large": Explanation(
            "The file is larger than 1 GB, or than 8 GB once it is unpacked.",
            "Split it, and upload the parts.",
        ),
        "file.too_many_rows": Explanation(
            "The file has more than 10,000,000 rows.",
            "Split it, and upload the parts.",
        ),
        "file.waits_too_long": Explanation(
            "With the files before it, this file would need more than 120 days at the daily limit "
            "of entities, or at the connection's own limit.",
            "Upload it again once the others are imported, or split it. Raise `entities_per_day` "
            "of the connection, `BulkShare`, or have Mateo raise the limit.",
        ),
        "file.too_many_columns": Explanation(
            "The header has more than 2,000 columns.",
            "Leave out the columns that are not mapped.",
        ),
        "file.empty": Explanation(
            "The file has no rows.",
            "Look at the export: perhaps its filter found nothing.",
        ),
        "file.no_header": Explanation(
            "The first line cannot be read as the names of columns.",
            "Begin the file with one line of column names.",
        ),
        "file.header_twice": Explanation(
            "Two columns have the same name, so a mapping could not tell them apart.",
            "Rename one of them in the header.",
        ),
        "file.no_text": Explanation(
            "The bytes are in no known encoding, or in several.",
            "Save the file as UTF-8.",
        ),
        "file.line_too_long": Explanation(
            "A line has more than 10,000,000 characters.",
            "Save it as CSV with line breaks, or as a JSON array.",
        ),
        "file.broken_json": Explanation(
            "The JSON is damaged or cut. Nothing of the file was sent.",
            "Export it again. An object on each line (NDJSON) loses only the broken lines.",
        ),
        "file.broken_gzip": Explanation(
            "The compressed file is damaged or cut. Nothing of it was sent.",
            "Compress and upload it again.",
        ),
        "file.broken_workbook": Explanation(
            "The workbook is damaged, or is no .xlsx. Nothing of it was sent.",
            "Open it in a spreadsheet and save it as .xlsx or CSV.",
        ),
        "file.unreadable": Explanation(
            "Reading the file fails for a reason that the relay does not know. Nothing of it was "
            "sent.",
            "Export it again in another format, e.g. as CSV.",
        ),
        "file.killed_process": Explanation(
            "The process died three times while it read the file, e.g. because memory ran out. "
            "Nothing of it was sent.",
            "Split it, or export it in another format, e.g. as CSV.",
        ),
        "file.several_sheets": Explanation(
            "Several sheets of the workbook hold rows, and nothing says which one is meant.",
            "Save each sheet as a file of its own.",
        ),
        "file.encrypted": Explanation(
            "The workbook has a password, or is in the format of Excel 97 (.xls).",
            "Save it as .xlsx without a password.",
        ),
        "file.unknown_format": Explanation(
            "The file is neither CSV, .xlsx, NDJSON nor JSON.",
            "Export it in one of these formats; each may be gzipped.",
        ),
        "file.replaced": Explanation(
            "The object was deleted or replaced while it was read. Nothing of it was sent.",
            "Nothing if another file took its place: that one is read. Otherwise upload it again.",
        ),
        "row.waited_too_long": Explanation(
            "The row waited for more than 120 days, so newer changes of its record may be "
            "forgotten.",
            "Find out why its connection was disabled or imports were paused. Export a new file.",
        ),
        "row.unreadable": Explanation(
            "A line of the file is no CSV. Or one of its cells is too long, holds a formula "
            "without its result, or a number of which a spreadsheet kept only 15 digits.",
            "Correct the line in the export, e.g. its quotation marks, or store long ids as text. "
            "Open a workbook with formulas in a spreadsheet, and save it.",
        ),
        "row.too_many_cells": Explanation(
            "A line of the file has more cells than the header.",
            "Put cells that hold the separator into quotation marks.",
        ),
        "row.not_json": Explanation(
            "A line of the file is no JSON.",
            "Correct the line: one object on each.",
        ),
    }
)
