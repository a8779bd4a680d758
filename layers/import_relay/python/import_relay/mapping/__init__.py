"""A CRM's record becomes the columns of a row: expressions, phones, dates, texts."""
