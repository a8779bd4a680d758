"""What must survive a function: budget, ledger, watermarks, archive, gate, queue, executions."""
