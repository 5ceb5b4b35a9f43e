"""What the public sees: which bytes stand at which URL, and how they get there.

Belongs here: the layout of every public path, the formats behind it, rendering and syncing as pure
functions over values, the targets that store bytes, and the server that hands them out.

Does not belong here: CA keys, the ledger, Git, or any decision on what is issued or revoked. What
the server needs from them it declares as small protocols, which the reconciler's `cli` wires.
"""
