"""The second stage: a batch of queue messages becomes imports in Mateo."""
