"""The daily report: what happened on a day and what is still open, as a page and as files."""
