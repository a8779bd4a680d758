"""The daily report: what a day brought and what is still open, as a page and as files."""
