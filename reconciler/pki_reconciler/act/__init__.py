"""Doing what was decided: the only place where a plan meets the ledger, keys and targets.

Each module carries out one kind of work by the same steps: build and lint, intend, sign, record
with the outbox, all in batches. Does not belong here: deciding anything.
"""
