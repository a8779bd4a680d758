"""Faults in how changes are merged, and in the claims that say what was imported."""
# ruff: noqa: E501 - lines of the code as they are, indented once more

from tests.simulation.mutations.mutant import Edit, Mutant

CLAIM = "        self.parts.watermarks.write(claimed(rows, reference))\n"

MUTANTS = (
    Mutant(
        "no-claim",
        "Nothing is claimed.",
        ("duplicated", "stale"),
        (Edit("submit/posting.py", CLAIM, ""),),
    ),
    Mutant(
        "claim-after-post",
        "Records are claimed only after they were sent.",
        ("duplicated",),
        (
            Edit("submit/posting.py", CLAIM, ""),
            Edit(
                "submit/posting.py",
                "            self._post(attempt, entry, body)\n",
                "            self._post(attempt, entry, body)\n    " + CLAIM,
            ),
        ),
    ),
    Mutant(
        "claimed-without-reference",
        "A claim does not say for which import it is.",
        ("stale", "lost"),
        (
            Edit(
                "submit/claims.py",
                "field_name: claim if claim.reference else claim._replace(reference=reference)",
                "field_name: claim",
            ),
        ),
    ),
    Mutant(
        "older-overwrites",
        "A change is imported although a newer one was.",
        ("stale", "duplicated"),
        (
            Edit(
                "submit/freshness.py",
                "(is_older(change, claim), Freshness.STALE)",
                "(False, Freshness.STALE)",
            ),
        ),
    ),
    Mutant(
        "repetitions-forgotten",
        "A change that was on its way undoes what a repetition of an older one says.",
        ("stale",),
        (
            Edit(
                "submit/batch_run.py",
                "        claims.note_repeated(merged.repeated, posting.watermarks)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "newest-of-a-batch-first",
        "Changes of a batch are taken newest first.",
        (),
        (
            Edit(
                "submit/merging.py",
                "changes.sort(key=self._order_of if order is order_of else order)",
                "changes.sort(key=self._order_of if order is order_of else order, reverse=True)",
            ),
        ),
        harmless="an older change is found to be older beside a newer one, whichever comes first",
    ),
    Mutant(
        "blocked-ignored",
        "A newer change is sent while an import of the record is open.",
        ("stale",),
        (Edit("submit/merging.py", "if fresh and (self._blocked or ", "if fresh and ("),),
    ),
    Mutant(
        "unknown-is-not-blocked",
        "A newer change is sent while the result of an import of the record is unknown.",
        ("stale",),
        (
            Edit(
                "submit/claims.py",
                "return self._state(reference) in UNFINISHED",
                "return self._state(reference) is State.SENT",
            ),
        ),
    ),
    Mutant(
        "imported-and-deleted",
        "A copy of an imported item counts as ignored once its record is deleted at the CRM.",
        ("miscounted", "unexpected"),
        (
            Edit(
                "submit/batch_run.py",
                "claims.without_imported(mapped.outcomes, mapped.fetched_keys)",
                "mapped.outcomes",
            ),
        ),
    ),
    Mutant(
        "live-import-taken-over",
        "A redelivered change is claimed again although its import is open.",
        (),
        (
            Edit(
                "submit/claims.py",
                "return self._state(reference) in NEVER_CREATED",
                "return self._state(reference) in NEVER_CREATED | UNFINISHED",
            ),
        ),
        harmless="the record is blocked while the import is open, and later the fault changes nothing",
    ),
    Mutant(
        "finished-import-taken-over",
        "A redelivered change is claimed again although its import has finished.",
        ("duplicated",),
        (
            Edit(
                "submit/claims.py",
                "return self._state(reference) in NEVER_CREATED",
                "return self._state(reference) not in UNFINISHED",
            ),
        ),
    ),
    Mutant(
        "never-created-import-not-taken-over",
        "A change that was claimed for an import that was never created counts as imported.",
        ("lost",),
        (
            Edit(
                "submit/claims.py",
                "return self._state(reference) in NEVER_CREATED",
                "return False",
            ),
        ),
    ),
    Mutant(
        "claims-read-once",
        "A report that ends between the read of the claims and that of the states goes unnoticed.",
        ("lost",),
        (Edit("submit/claims.py", "    if again:\n", "    if not found:\n"),),
    ),
    Mutant(
        "equal-versions-are-duplicates",
        "Another event of the same version counts as a duplicate.",
        ("lost",),
        (
            Edit(
                "submit/freshness.py",
                "same_event = same_version and _is_of(change, claim)",
                "same_event = same_version",
            ),
        ),
    ),
    Mutant(
        "equal-versions-by-version-alone",
        "Of two changes of the same version the one that was received first may overwrite the "
        "other.",
        ("stale", "duplicated"),
        (
            Edit(
                "submit/freshness.py",
                "return (change.version, received) < (claim.version, claimed_at)",
                "return change.version < claim.version",
            ),
        ),
    ),
    Mutant(
        "earlier-forgotten",
        "A watermark forgets whose claims were replaced.",
        ("unexpected", "duplicated", "miscounted"),
        (
            Edit(
                "submit/merging.py",
                "        deliveries = dict.fromkeys(one.rpart",
                "        replaced = {}\n        deliveries = dict.fromkeys(one.rpart",
            ),
        ),
    ),
    Mutant(
        "whole-record-forgets-newer-columns",
        "A full record overwrites a column for which a newer partial change is known.",
        ("stale",),
        (
            Edit(
                "submit/merging.py",
                "            if column not in newer or identifies(change, column)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "partial-older-than-whole",
        "A partial change is imported after a newer full record.",
        ("stale",),
        (
            Edit(
                "submit/freshness.py",
                "        return Freshness.STALE\n    if claim is None",
                "        pass\n    if claim is None",
            ),
        ),
    ),
    Mutant(
        "partial-change-loses-columns",
        "Of two partial changes of a batch the second replaces the first.",
        ("lost",),
        (
            Edit(
                "submit/merging.py",
                "        self._take(change, fresh)\n        owners",
                "        self._columns = {c: v for c, v in self._columns.items() if v[1] is "
                "change}\n"
                "        self._take(change, fresh)\n        owners",
            ),
        ),
    ),
    Mutant(
        "shadowed-forgotten",
        "A change that a row of the same batch makes superfluous gets no outcome.",
        ("lost",),
        (
            Edit(
                "submit/posting.py",
                "        self.progress.outcomes += [item_outcome for row in rows for "
                "item_outcome in row.shadowed]\n",
                "",
            ),
        ),
    ),
    Mutant(
        "claims-expire-at-once",
        "Claims are kept for less than a day.",
        ("stale", "duplicated", "lost", "unexpected", "miscounted"),
        (Edit("storage/watermarks.py", "WATERMARK_DAYS = 150\n", "WATERMARK_DAYS = 0\n"),),
    ),
    Mutant(
        "suspects-tried-together",
        "Records that were being tried when a process died are tried with all others again.",
        ("stuck",),
        (
            Edit(
                "submit/isolation.py",
                "        return {one.item_id for one in occurrences if trial_of(one) in self._together}\n",
                "        return set()\n",
            ),
        ),
    ),
    Mutant(
        "culprit-tried-again",
        "A record that killed a process alone is tried again.",
        ("stuck",),
        (
            Edit(
                "submit/isolation.py",
                "        return {one.item_id for one in occurrences if trial_of(one) in self._alone}\n",
                "        return set()\n",
            ),
        ),
    ),
    Mutant(
        "survivors-suspected-if-their-batch-fails",
        "Records stay noted as being tried although their process did not die.",
        ("stuck",),
        (
            Edit(
                "submit/isolation.py",
                "        except Exception:\n            self.survived()\n            raise\n",
                "        except Exception:\n            raise\n",
            ),
        ),
    ),
    Mutant(
        "redrive-is-the-same-trial",
        "A deadly record that a person redrives, corrected, is a dead letter again untried.",
        ("stuck",),
        (
            Edit(
                "submit/isolation.py",
                '    return f"{one.item_id}@{one.since}" if one.since else one.item_id\n',
                "    return one.item_id\n",
            ),
        ),
    ),
    Mutant(
        "survivor-alone-stays-written-down",
        "A record whose process survives trying it alone counts as one that kills.",
        ("stuck",),
        (
            Edit(
                "submit/isolation.py",
                "            self._is_noted = not self._trials.update("
                "Tried(self._together, self._alone))\n",
                "            self._is_noted = False\n",
            ),
        ),
    ),
    Mutant(
        "unprocessed-claims-ignored",
        "DynamoDB wrote a part of the claims, and the rest is not written.",
        ("duplicated", "stale", "lost"),
        (
            Edit(
                "storage/watermarks.py",
                "            if not pending:\n                return\n",
                "            return\n",
            ),
        ),
    ),
    Mutant(
        "unprocessed-reads-ignored",
        "Items that DynamoDB left unread count as absent.",
        ("stale", "duplicated", "lost"),
        (Edit("storage/bulk_reads.py", "            if not left:\n", "            if True:\n"),),
    ),
    Mutant(
        "person-not-recognised",
        "Claims of a person under another key are not looked at.",
        ("stale",),
        (Edit("submit/batch_run.py", "            of_person=claims.of_person,\n", ""),),
    ),
    Mutant(
        "aliases-not-written",
        "A claim cannot be found by the record's other names.",
        ("stale",),
        (
            Edit(
                "submit/claims.py",
                "    found = {alias(name): Watermark({}, owner=row.key) for row in rows for name in "
                "row.names}\n",
                "    found = {}\n",
            ),
        ),
    ),
    Mutant(
        "claims-expire-before-replays",
        "Claims are kept for as long as the queue keeps a message, and no longer.",
        ("stale", "duplicated", "unexpected", "miscounted"),
        (Edit("storage/watermarks.py", "WATERMARK_DAYS = 150\n", "WATERMARK_DAYS = 14\n"),),
    ),
)
