"""What must survive a function: tables, bucket, queue and the switch of submission."""
