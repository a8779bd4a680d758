"""Faults in what becomes of files: noticing, reading, feeding, reporting them."""

from tests.simulation.mutations.mutant import Edit, Mutant

IMPORTING, FEEDING = "bulk/importing_files.py", "bulk/feeding.py"

MUTANTS = (
    Mutant(
        "file-etag-ignored",
        "Other content under the key of a known file is taken for that file.",
        ("lost", "unexpected", "unreported"),
        (Edit("domain/files.py", 'f"{key}\\n{etag}".encode()', 'f"{key}".encode()'),),
    ),
    Mutant(
        "file-replaced-unseen",
        "A file is read on from whatever is under its key by now.",
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
        "A file is as old as the run that notices it, and not as its upload.",
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
        "A noticed file is not among the unfinished ones, so that no run goes on with it.",
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
        "A file of no connection is read if the process died that had noticed it.",
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
        "Reading that goes on reads again what is in pages already.",
        ("unreported", "unexpected", "miscounted", "crash", "lost"),
        (Edit("bulk/reading.py", "file.etag)), file.rows, None)", "file.etag)), 0, None)"),),
    ),
    Mutant(
        "lines-off-by-one",
        "Rows are told by the line before theirs.",
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
        "That rows are in the queue is noted before they are sent.",
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
        "What a process had counted that died before it was sent is taken for sent.",
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
        "All rows of a file are queued at once, whatever the day's entities.",
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
        "Rows whose sending failed, and of which some may be queued, are not counted as queued.",
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
        "Rows that were sent and have no outcome are not counted as queued.",
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
        "What is said beside a broken file stays when another one takes its place.",
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
        "A file whose key has other content by now removes what is said of that.",
        ("unreported",),
        (Edit(IMPORTING, "if upload and upload.etag == file.etag:", "if upload:"),),
    ),
    Mutant(
        "error-removed-by-the-notice",
        "What is said beside a broken file is removed as its successor is noticed, never again.",
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
