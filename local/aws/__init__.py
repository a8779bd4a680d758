"""What AWS does and moto alone does not: provisioning, queues, schedules, metrics."""
