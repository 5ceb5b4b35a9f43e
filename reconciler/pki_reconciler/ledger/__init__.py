"""The ledger: what was ever decided and done, append-only, and the tables folded from it.

Belongs here: the record types, the one database, the one fold, reading and writing, the Merkle
tree. ``write`` is the only writer; nothing else opens the database for writing. ``read`` imports no
writer, so that planning cannot write, not even at third hand.

Does not belong here: deciding what is to be done, keys, signing, files of a target.

This module imports nothing: SQLAlchemy costs a third of a second, which ``--help`` must not pay.
"""
