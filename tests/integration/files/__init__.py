"""Files of rows, from the inbox to their reports, in moto."""
