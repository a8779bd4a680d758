"""Faults in noticing, reading, feeding and reporting files."""

from tests.simulation.mutations.mutant import Edit, Mutant

IMPORTING, FEEDING = "bulk/importing_files.py", "bulk/feeding.py"

MUTANTS = (
    Mutant(
        "file-etag-ignored",
        "Other content under the key of a known file counts as that file.",
        ("lost", "unexpected", "unreported"),
        (Edit("domain/files.py", 'f"{key}\\n{etag}".encode()', 'f"{key}".encode()'),),
    ),
    Mutant(
        "file-replaced-unseen",
        "Reading a file goes on with whatever is under its key by now.",
        ("lost", "unexpected", "unreported", "miscounted"),
        (
            Edit(
                "storage/file_objects.py",
                """Key=key, IfMatch=f'"{etag}"')""",
                "Key=key)",
            ),
        ),
    ),
    Mutant(
        "file-as-old-as-its-notice",
        "A file has the time at which it is noticed, and not that of its upload.",
        ("stale",),
        (
            Edit(
                IMPORTING,
                "RowFile(upload.key, upload.etag, connection, upload.modified)",
                "RowFile(upload.key, upload.etag, connection, int(self.clock()) * 1_000_000)",
            ),
        ),
    ),
    Mutant(
        "file-forgotten",
        "A noticed file is not listed as unfinished, so no run goes on with it.",
        ("stuck",),
        (
            Edit(
                "storage/files.py",
                '[{"Put": noted}, {"Update": named}]',
                '[{"Put": noted}]',
            ),
        ),
    ),
    Mutant(
        "file-of-nobody-read",
        "A file of no connection is read if the process that noticed it died.",
        ("unexpected",),
        (
            Edit(
                IMPORTING,
                "if file.connection not in self.parts.connections:",
                "if file.connection not in self.parts.connections and not file.tries:",
            ),
            Edit(
                IMPORTING,
                "        self._prepare(file)\n",
                "        self.parts.files.tried(file, file.tries + 1)\n"
                "        self._prepare(file)\n",
            ),
        ),
    ),
    Mutant(
        "page-noted-before-it-is-stored",
        "A page of rows is noted before it is stored: a process that dies in between loses it.",
        ("stuck",),
        (
            Edit(
                "bulk/reading.py",
                """            self.objects.put_page(file.id, file.pages + 1, page)
            file = self._noted(file, len(page), is_read=False)
""",
                """            file = self._noted(file, len(page), is_read=False)
            self.objects.put_page(file.id, file.pages, page)
""",
            ),
        ),
    ),
    Mutant(
        "file-read-from-its-beginning",
        "A run that goes on reading reads again the rows that are in pages already.",
        ("unreported", "unexpected", "miscounted", "crash", "lost"),
        (Edit("bulk/reading.py", "file.etag)), file.rows, None)", "file.etag)), 0, None)"),),
    ),
    Mutant(
        "lines-off-by-one",
        "Rows have the number of the line before theirs.",
        ("unexpected", "lost", "unreported"),
        (
            Edit(
                "bulk/formats/tables.py",
                "first = reader.line_num + 1 + skipped",
                "first = reader.line_num + skipped",
            ),
        ),
    ),
    Mutant(
        "file-cursor-before-the-send",
        "Rows are noted as sent before they are sent.",
        ("lost", "stuck"),
        (
            Edit(
                FEEDING,
                """        self.parts.queue.send(Delayed(body, 0) for body in bodies)
""",
                """        self.parts.files.sent(file)
        self.parts.queue.send(Delayed(body, 0) for body in bodies)
""",
            ),
        ),
    ),
    Mutant(
        "counted-rows-not-sent-again",
        "Rows that a process counted before it died count as sent.",
        ("lost", "stuck"),
        (
            Edit(
                FEEDING,
                "        return self._send(file, self._in_time(file, left), file.fed)\n",
                "        self.parts.files.sent(file)\n"
                "        return self._send(file, [], file.fed)\n",
            ),
        ),
    ),
    Mutant(
        "rows-of-files-uncounted",
        "Rows of files do not count as received.",
        ("miscounted",),
        (
            Edit(
                "storage/files.py",
                """            *self.outcome_counts.operations(
                {day: {FROM_FILES: many} for day, many in days.items()}
            ),
""",
                "",
            ),
        ),
    ),
    Mutant(
        "bulk-bound-ignored",
        "All rows of a file are queued at once, whatever the day's entities are.",
        ("over-limit",),
        (
            Edit(
                FEEDING,
                "return max(min(self.total, a_day - under_way), of_its_page)",
                "return max(self.total, 10**6)",
            ),
        ),
    ),
    Mutant(
        "rows-perhaps-sent-leave-room",
        "Rows whose sending failed do not count as queued, although some of them may be.",
        ("over-limit",),
        (
            Edit(
                FEEDING,
                "        room.take(file.connection, len(rows))"
                "  # they may be counted and sent although this fails\n",
                "",
            ),
            Edit(
                FEEDING,
                "                sent += fed.counted - file.counted\n",
                "                sent += fed.counted - file.counted\n"
                "                room.take(file.connection, fed.counted - file.counted)\n",
            ),
        ),
    ),
    Mutant(
        "requeued-rows-leave-room",
        "Rows that were sent and have no outcome do not count as queued.",
        ("over-limit",),
        (
            Edit(
                IMPORTING,
                "found[file.connection] += file.under_way(now)",
                "found[file.connection] += file.counted - file.fed",
            ),
        ),
    ),
    Mutant(
        "one-connection-fills-the-queue",
        "A connection whose rows get no outcome takes the room of all others.",
        ("over-limit",),
        (
            Edit(
                FEEDING,
                "return max(min(self.total, a_day - under_way), of_its_page)",
                "return max(self.total, of_its_page)",
            ),
        ),
    ),
    Mutant(
        "file-reported-too-early",
        "A file is reported when one of its rows has no outcome yet.",
        ("unreported",),
        (
            Edit(
                IMPORTING,
                "file.rows_ended >= file.rows",
                "file.rows_ended >= file.rows - 1",
            ),
        ),
    ),
    Mutant(
        "file-finished-before-its-report",
        "A file counts as finished before its report is written.",
        ("unreported",),
        (
            Edit(
                IMPORTING,
                "        if not self.parts.reports.is_written(file):",
                "        self.parts.files.finish(file)\n"
                "        if not self.parts.reports.is_written(file):",
            ),
        ),
    ),
    Mutant(
        "pages-kept",
        "The rows of a file stay in the bucket after its report.",
        ("unexpected",),
        (
            Edit(
                IMPORTING,
                "        self.parts.objects.forget_rows(file.id)\n        self.parts.files.finish",
                "        self.parts.files.finish",
            ),
        ),
    ),
    Mutant(
        "error-beside-its-successor",
        "The reason beside a broken file stays when another file takes its place.",
        ("unreported",),
        (
            Edit(
                IMPORTING,
                "            self.parts.objects.delete(error_key(file.key))",
                "            pass",
            ),
        ),
    ),
    Mutant(
        "error-removed-by-what-is-replaced",
        "A file whose key has other content by now removes the reason beside that content.",
        ("unreported",),
        (Edit(IMPORTING, "if upload and upload.etag == file.etag:", "if upload:"),),
    ),
    Mutant(
        "error-removed-by-the-notice",
        "The reason beside a broken file is removed as its successor is noticed, and never later.",
        ("unreported",),
        (
            Edit(
                IMPORTING,
                "bytes=size)\n",
                "bytes=size)\n            self.parts.objects.delete(error_key(file.key))\n",
            ),
            Edit(
                IMPORTING,
                "            self.parts.objects.delete(error_key(file.key))  # of this content",
                "            pass  # of this content",
            ),
        ),
    ),
)
