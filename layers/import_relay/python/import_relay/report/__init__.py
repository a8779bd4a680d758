"""The last stage: how an import ended, row by row, written to the bucket."""
