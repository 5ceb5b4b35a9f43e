"""A whole PKI in one folder, for first-time users and for measuring.

Belongs here: making what hosts and a forge would bring (keys, CSRs, a repository) and asking
openssl about the result. Does not belong here: any shortcut past what ``vcc-pki apply`` does.
"""
