"""Reading back what is published and this ledger does not know, as far as it is to be believed.

Belongs here: one look at one target, and the records of what was found there. CAs come first,
parents before children: what a key of ours has signed counts, and nothing else does. Then what
they have signed, certificates before CRLs, so that an entry finds its certificate.

Does not belong here: whether bytes are to be believed (``decide.belief``), and what may be done
then (``decide.footing``).
"""
