"""What PostgreSQL does with values: how it reads, compares, casts and writes each type."""
