"""The schema wing: what the words of the desired state mean. Values only; no effect but reading.

Belongs here: kinds, fields, names, the values that the other wings exchange.
Does not belong here: keys, the ledger, publishing, the clock.
"""
