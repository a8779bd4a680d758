"""A record on its way to a row: queue messages, field mapping, phones, datetimes, rows."""
