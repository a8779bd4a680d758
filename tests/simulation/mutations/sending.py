"""Faults in the order of the steps of one import, and in what the answer to its POST means."""
# ruff: noqa: E501 - lines of the code as they are, indented once more

from tests.simulation.mutations.mutant import Edit, Mutant

FREEZE = "        self.parts.archive.freeze(reference, body, rows)\n"
WATCH = (
    "        self.parts.executions.start(\n"
    "            reference, deadline=turn.deadline, first_poll_s=turn.first_poll_s\n"
    "        )\n"
)
POST = "            self._post(attempt, entry, body)\n"

MUTANTS = (
    Mutant(
        "short-pauses-asked-for",
        "After each 429 the relay waits for as short a time as Mateo says.",
        ("over-limit",),
        (
            Edit(
                "submit/posting.py",
                'self.progress.pause("mateo.rate_limited", now, at_least_s=wait)',
                'self.progress.stop("mateo.rate_limited", now + wait)',
            ),
            Edit(
                "submit/posting.py",
                "is_first = not attempt.repeated and not "
                "self.progress.pause_state.consecutive_failures",
                "is_first = not attempt.repeated",
            ),
        ),
    ),
    Mutant(
        "freeze-after-post",
        "An import is frozen after it was sent.",
        ("lost", "crash"),
        (
            Edit("submit/posting.py", FREEZE, ""),
            Edit("submit/posting.py", POST, POST + "    " + FREEZE),
        ),
    ),
    Mutant(
        "no-watch",
        "Nobody follows an import.",
        ("stuck", "lost"),
        (Edit("submit/posting.py", WATCH, ""),),
    ),
    Mutant(
        "watch-after-post",
        "An import is followed only once it was sent.",
        ("stuck", "lost"),
        (
            Edit("submit/posting.py", WATCH, ""),
            Edit("submit/posting.py", POST, POST + "    " + WATCH),
        ),
    ),
    Mutant(
        "watch-without-deadline",
        "Tracking is not told until when the submitter may act: it writes tombstones too early.",
        ("duplicated", "stuck", "miscounted", "lost"),
        (
            Edit(
                "track/tracking.py", "left = submit_deadline + GONE_S - self.clock()", "left = 0.0"
            ),
            Edit(
                "storage/ledger.py",
                "to_item(entry, now=self.clock()), IS_NEW)",
                "to_item(entry, now=self.clock()), IS_NEW | attribute('pk').exists())",
            ),
        ),
    ),
    Mutant(
        "post-before-intend",
        "An import is sent before its entry is written.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "submit/posting.py",
                "            intended = self.parts.ledger.intend(entry)\n",
                "            until, lane = self.turn.deadline - POST_S, self.turn.lane\n"
                "            permit = self.parts.permits.acquire(deadline=until, lane=lane)\n"
                "            posted = self.parts.api.create(permit, body)\n"
                "            intended = self.parts.ledger.intend(entry)\n",
            ),
            Edit("submit/posting.py", POST, "            self._record(attempt, entry, posted)\n"),
            Edit(
                "submit/posting.py",
                "        except LimitReached as error:\n            self.progress.requeue(rows)",
                "        except (LimitReached, PermitTooFar) as error:\n            "
                "self.progress.requeue(rows)",
            ),
        ),
    ),
    Mutant(
        "taken-over-too-early",
        "Tracking takes over an import while its submitter is still at work.",
        ("duplicated", "miscounted"),
        (
            Edit(
                "track/tracking.py",
                "left = entry.deadline + GONE_S - poll.clock()",
                "left = 0.0",
            ),
        ),
    ),
    Mutant(
        "unknown-is-not-sent",
        "An answer that says nothing counts as a refusal.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "mateo/post_results.py",
                "    return PostResult.UNKNOWN\n\n\ndef",
                "    return PostResult.NOT_SENT\n\n\ndef",
            ),
        ),
    ),
    Mutant(
        "timeout-is-not-sent",
        "A POST without an answer counts as one that never left.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "mateo/post_results.py",
                "httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout",
                "httpx.ConnectError | httpx.TimeoutException",
            ),
        ),
    ),
    Mutant(
        "timeout-is-posted-again-at-once",
        "A POST without an answer is made again at once.",
        ("duplicated", "over-limit", "unexpected"),
        (
            Edit(
                "mateo/client.py",
                "        except httpx.HTTPError as error:\n            return Posted(of_exception",
                "        except httpx.ReadTimeout:\n"
                "            return self.create(permit, body)\n"
                "        except httpx.HTTPError as error:\n            return Posted(of_exception",
            ),
            Edit("storage/pacing.py", "return self._clock() <= permit.until", "return True"),
        ),
    ),
    Mutant(
        "unknown-is-sent",
        "An answer that says nothing counts as a success.",
        ("lost", "unreported", "unexpected"),
        (
            Edit(
                "submit/posting.py",
                "state = State.SENT if posted.outcome is PostResult.SENT else State.UNKNOWN",
                "state = State.SENT",
            ),
        ),
    ),
    Mutant(
        "server-error-is-a-refusal",
        "A 500 counts as a refusal of the rows.",
        ("duplicated", "unexpected"),
        (
            Edit(
                "mateo/post_results.py",
                "        422: PostResult.REFUSED,\n",
                "        422: PostResult.REFUSED,\n        500: PostResult.REFUSED,\n",
            ),
        ),
    ),
    Mutant(
        "second-half-forgotten",
        "The second half of a refused import is not posted again.",
        ("lost",),
        (
            Edit(
                "submit/refusals.py",
                "for half in halves(rows)]",
                "for half in halves(rows)[:1]]",
            ),
        ),
    ),
    Mutant(
        "abandoned-and-not-requeued",
        "Rows that could not be sent are not requeued.",
        ("lost",),
        (
            Edit(
                "submit/posting.py",
                "target=State.ABANDONED)\n        self.progress.requeue(rows)\n",
                "target=State.ABANDONED)\n",
            ),
        ),
    ),
    Mutant(
        "repeated-and-not-closed",
        "After a 429 the rows get another reference, and the entry of the first one is not closed.",
        ("duplicated", "miscounted"),
        (
            Edit(
                "submit/posting.py",
                "        self.parts.ledger.release(entry, expected=[State.INTENDED], "
                "target=State.ABANDONED)\n"
                "        self._pending.appendleft",
                "        self._pending.appendleft",
            ),
        ),
    ),
    Mutant(
        "over-quota-forgotten",
        "Rows that today's entities do not cover are not requeued.",
        ("lost",),
        (Edit("submit/batch_run.py", "            progress.requeue(batches.over_quota)\n", ""),),
    ),
    Mutant(
        "stopped-and-forgotten",
        "The rest of a batch that stops is not requeued.",
        ("lost",),
        (
            Edit(
                "submit/batch_run.py",
                "                progress.requeue(attempt.rows)\n",
                "                pass\n",
            ),
        ),
    ),
    Mutant(
        "sent-and-not-recorded",
        "The ledger does not record that an import was sent.",
        (),
        (
            Edit(
                "submit/posting.py",
                "            expected=[State.INTENDED],\n            target=state,\n",
                "            expected=[State.TIMED_OUT],\n            target=state,\n",
            ),
        ),
        harmless="tracking takes over the import and finds it",
    ),
    Mutant(
        "accepted-before-stored",
        "A sender gets a 2xx although the queue did not take its message.",
        ("lost",),
        (
            Edit(
                "storage/intake_store.py",
                '        raise StoreUnavailable(f"SQS took all but {len(waiting)} messages: {reason}")\n',
                "",
            ),
        ),
    ),
    Mutant(
        "accepted-in-part",
        "A sender gets a 2xx although the queue took only a part of its messages.",
        ("lost",),
        (
            Edit(
                "storage/intake_store.py",
                "            if not waiting:\n                return\n",
                "            if not reason.startswith('Client'):\n                return\n",
            ),
        ),
    ),
)
