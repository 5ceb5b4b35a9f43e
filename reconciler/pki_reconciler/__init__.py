"""The one loop: observe what is declared, decide what follows, act, record, publish, be quiet.

Belongs here: the pure deciders, the ledger, the keys, the effects, and the verbs of the command.
Every renewal, revocation and rotation goes through the same chain of types; there is no background
worker per feature.

Does not belong here: what a declaration means (pki_schema) and what is published where
(pki_publishers). Only `ports` reads the clock or draws random bytes.
"""
