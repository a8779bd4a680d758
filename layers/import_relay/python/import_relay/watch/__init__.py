"""A scheduled check of what no alarm of AWS sees."""
