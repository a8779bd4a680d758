"""A local Import API: what a developer, a test or the demo talks to instead of the real one.

``make mateo`` or ``python -m mateo_emulator --port 4010`` starts it; ``/docs`` shows what can be
asked, ``/_sandbox`` looks inside and changes everything that is said to be changeable here.

Documented by the vendor, and done here
    * ``POST /import``: one object with ``type``, ``payload``, ``contact_list_id``,
      ``contact_list_external_id``, ``allow_deal_reassignment``, ``allow_appointment_reassignment``;
      201 with the object when ``select`` is given.
    * ``GET /import``: every column as a filter with the listed operators, ``select``, ``order``,
      ``limit``, ``offset``, ``Range``; at most 50 rows, whatever is asked for.
    * ``GET`` and ``DELETE /contact_details`` with every column as a filter.
    * Bearer token; 401 missing, 403 wrong; errors ``{code, message, hint, status}``.
    * 2 requests per second, 10,000 requests and 25,000 imported entities per day, 2 seconds per
      request; 429; ``ratelimit-limit`` and ``ratelimit-remaining`` on every answer.
    * Background processing without a promise on time; ``total_count``, ``success_count``,
      ``failed_count``; ``failed`` as ``{code, message, input}``; ``failed_url``; ``payload_url``
      for large imports; at most 20 ``hints``.
    * Contacts: ``external_id`` and every handle are unique, an existing value updates. Flat custom
      fields of six types, and marketing channels that are requested, accepted or declined. Lists
      of phone numbers with ``country_codes``; the first valid one counts. Datetimes without a zone
      are UTC. Deals and appointments with ``contact_id`` or ``contact_external_id``, and a flag
      that lets them move to another contact.

Documented twice in different words, and chosen here
    * A handle of someone else moves and leaves a hint, as the text on ``hints`` has it; or it fails
      with the guide's ``23514`` and ``unique_email`` (``handle_conflict``).
    * ``payload`` is an array of objects, as the text has it; the schema says object. Of objects
      only the empty one of the example is taken, as an import without rows.
    * A POST is answered 201; 200 is documented as well, not when (``created_status``).
    * A POST without ``select`` is answered 201 and ``{}``; 204 is documented as well, and PostgREST
      alone would send no body (``empty_answer``).
    * The guide's command line sends a bare array and no token; the text and the schema say object.

Inferred, and chosen here (most of it can be switched, see `settings.Behaviour`)
    * Everything that PostgREST does and the vendor does not mention: texts and codes of errors,
      casts, JSON paths, ``Prefer: count=exact`` with 206 and 416, single objects, CSV.
    * The codes of row failures, of 401, 403 and 429, and that the three 429 look alike.
    * ``ratelimit-reset`` and ``retry-after``.
    * ``reference_id`` in a POST is refused with 400 ``PGRST204``.
    * ``failed`` cannot be selected by name; it is shown when nothing is selected and the failures
      are few (100), more of them are behind ``failed_url`` (``failed_url_always``: behind both).
    * An import of more than 1,000 rows has ``payload_url`` instead of ``payload``.
    * Both links are signed, expire and need no token; behind them is a JSON array
      (``failed_file``).
    * Counts and the list of failures are there at once, and an entry has its row (``counts``,
      ``failed_list_delay_s``, ``failed_entries``). ``payload`` is what was sent (``payload``).
    * Only ``created_at`` and ``updated_at`` can be ordered by.
    * Every request counts, refused ones too; an import over the day's entities is refused whole
      (``over_quota``).
    * The day begins at midnight in ``time_zone`` (UTC).
    * A key that is neither a column nor defined fails its row (``42703``), and a computed column
      too. Fields and channels are defined under ``/_sandbox``; the guide's keys are from the start.
    * Which contact a row means when its ids and handles disagree: `contacts`.
    * Null clears a value, a missing key leaves it. Handles are compared in lower case, phone
      numbers as E.164; valid is what libphonenumber calls valid.
    * ``DELETE`` answers 204, or 200 with a list where ``select`` is given. As in PostgREST it
      deletes everybody without a filter. Deals and appointments go with their contact.
    * The columns of deals. An unknown contact list is 409 ``23503``.
    * No phone number valid, unreadable datetime, unknown contact: that row fails.

Unknown, and therefore never to be relied upon
    * The largest import, the largest body, how long imports stay readable.
    * The order in which imports are processed, and two rows with the same key in one import.
    * Whether a request that took too long left an import behind: here it may or may not.
    * The format of hints, and of the files behind the links.
    * When a POST is answered 200.

Not here: the other resources of the API, such as ``/contact`` and ``/format``. Of ``/custom_field``
there is the list, ``GET``; of ``/contact_details`` the list and ``DELETE``.
"""
