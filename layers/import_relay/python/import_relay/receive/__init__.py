"""The first stage: verify a webhook, split it, store its items, answer its sender."""
