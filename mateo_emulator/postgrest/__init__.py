"""The query language of the lists, laid out as PostgREST lays it out.

Each module does what the module of PostgREST with that name does:

* `api_request`: reads a request (``ApiRequest``: ``QueryParams``, ``Preferences``).
* `range_query`: ``limit``, ``offset`` and the ``Range`` header (``RangeQuery``).
* `media_type`: what ``Accept`` chooses, and how rows are written in it (``MediaType``).
* `schema_cache`: which columns there are (``SchemaCache``).
* `plan`: finds the columns that a request names and reads its values (``Plan``).
* `query`: turns what was read into SQL (``Query``).
* `response`: the rows of an answer (``Response``).

What PostgreSQL does below it, such as reading a value of a type, is in `postgresql`.
"""
