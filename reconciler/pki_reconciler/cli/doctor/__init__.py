"""``vcc-pki doctor``: what can be seen of this host's PKI, what it means, and what to do.

Belongs here: looking, and a person's word that a doubt is over. Does not belong here: putting
anything right; that is the loop's. Nothing but that word is written, and no failure ends it: what
cannot be looked at is a finding like any other.
"""
